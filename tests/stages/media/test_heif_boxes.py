"""A HEIF's or AVIF's colours are those of its own image, and not of another that the file holds beside it."""

import struct

import numpy as np
import pytest

from stages.media.heif_boxes import image_colours
from tests.stages.media.made_images import COLOURS, PICTURE, in_space, profile, shown, stored

PQ = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 9, 16, 9, 128)


def with_further_property(data: bytes, box: bytes) -> bytes:
    """An AVIF with a property more, first in its list, which no image refers to: a gain map's HDR image has such."""
    made = bytearray(data)
    for kind in (b"meta", b"iprp", b"ipco"):
        place = data.index(kind) - 4
        made[place : place + 4] = struct.pack(">I", struct.unpack_from(">I", data, place)[0] + len(box))
    items = data.index(b"iloc")
    where = data.index(struct.pack(">I", data.index(b"mdat") + 4), items)
    made[where : where + 4] = struct.pack(">I", data.index(b"mdat") + 4 + len(box))
    numbers = data.index(b"ipma") + 4 + 8 + 2
    for place in range(numbers + 1, numbers + 1 + made[numbers]):
        made[place] += 1
    start = data.index(b"ipco") + 4
    return bytes(made[:start] + box + made[start:])


@pytest.mark.parametrize("space", ["bt709", "smpte432"])
def test_the_colours_of_another_image_in_the_file_are_not_taken(space: str) -> None:
    pixels, options = PICTURE, {"quality": 100, "subsampling": "4:4:4"}
    if space != "bt709":
        pixels, options = in_space(PICTURE, space, 2.2), {**options, "icc_profile": profile(space, 2.2)}
    data = with_further_property(stored(pixels, "AVIF", **options), PQ)
    np.testing.assert_allclose(shown(data), COLOURS, atol=4)


def test_colours_are_those_of_the_primary_image() -> None:
    assert image_colours(with_further_property(stored(PICTURE, "AVIF"), PQ)) == (1, 13, 6)


@pytest.mark.parametrize("length", [4, 40, 200])
def test_boxes_that_lead_nowhere_are_said_to(length: int) -> None:
    with pytest.raises(ValueError, match="lead nowhere"):
        image_colours(stored(PICTURE, "AVIF")[:length])
