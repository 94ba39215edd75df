"""The generator's face that shows how the picture's face moves.

The inversion of a photograph may lie where the generator draws no face, and then no motion can be measured in its
frames. Such a code is moved back among the generator's own faces. The motion is the same affine move, and the pixels
that are shown are the picture's anyway.
"""

from torch import Tensor

from weights.networks.stylegan2 import Generator
from weights.networks.usual_distance import drawn_in, usual_distance


def stand_in(generator: Generator, code: Tensor) -> Tensor:
    """(L, 512) -> (L, 512): layers that lie farther from the mean than the generator's own faces do are drawn in."""
    return drawn_in(code, generator.latent_avg.to(code.device), usual_distance(generator))
