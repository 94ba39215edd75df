"""How large a generator is whose state a published file holds.

Sizes are read from the highest number in each counted row of names, whatever of that row is there: a file from which
the last member of a row was lost then misses a tensor, instead of holding a smaller network.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.errors import CheckpointError
from weights.networks.stylegan2 import Generator
from weights.skip_init import skip_init
from weights.tensors import row, shape_of

MAPPING_LAYERS = 8
MOST_BLOCKS = 9  # 2048 px
WIDEST = 4096


def published_size(state: Mapping[str, Any], options: Mapping[str, Any], path: Path | str) -> Generator:
    """An empty generator of the size that a published state needs.

    Args:
        state: by the generator's names.
        options: of its training; `n_mlp` in it is the mapping's depth.
        path: the file, for messages.

    Raises:
        CheckpointError: a tensor that tells the size is missing or of another kind, or the size is none that we know.
    """
    widest = shape_of(state, "input.input", 4, path)[1]
    blocks = max(
        row(state, r"to_rgbs\.(\d+)\."),
        (row(state, r"convs\.(\d+)\.") + 1) // 2,
        row(state, r"noises\.noise_(\d+)$") // 2,  # one, and two for each block
    )
    if not 1 <= blocks <= MOST_BLOCKS:
        raise CheckpointError(f"{path}: expected a StyleGAN2 generator of 8 to 2048 px, found {4 * 2**blocks} px.")
    channels = {4: widest}
    for block in range(blocks):
        channels[8 * 2**block] = shape_of(state, f"convs.{2 * block}.conv.weight", 5, path)[1]
    if max(channels.values()) > WIDEST:
        raise CheckpointError(f"{path}: expected at most {WIDEST} channels, found {max(channels.values())}.")
    with skip_init():
        return Generator(4 * 2**blocks, mapping_layers=_mapping_layers(state, options), channels=channels)


def _mapping_layers(state: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """How deep the mapping network has to be.

    Published ones have eight layers, those of stylegan2-ada's own settings two, and nothing else in a state tells how
    many there were. So fewer than eight are eight of which some were lost, unless the training's options say otherwise.
    """
    found = max(row(state, r"style\.(\d+)\.") - 1, 0)
    stated = options.get("n_mlp")
    if type(stated) is int and 0 < stated <= 64:
        return max(found, stated)
    return found if found in (1, 2) or found >= MAPPING_LAYERS else MAPPING_LAYERS
