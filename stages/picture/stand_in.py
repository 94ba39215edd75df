"""The generator's face that shows how the picture's face moves.

An inversion of a photograph may lie where the generator draws no face at all, and what is not drawn cannot be read.
Such a code is brought back among those of the generator's own faces: the motion is the same affine move, and the
picture keeps its own pixels anyway.
"""

from torch import Tensor

from weights.networks.stylegan2 import Generator
from weights.networks.usual_distance import drawn_in, usual_distance


def stand_in(generator: Generator, code: Tensor) -> Tensor:
    """(L, 512) -> (L, 512): layers that lie farther from the mean than the generator's own faces do are drawn in."""
    return drawn_in(code, generator.latent_avg.to(code.device), usual_distance(generator))
