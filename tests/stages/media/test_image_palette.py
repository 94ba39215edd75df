"""Images with a palette show its colours, or are refused where they name others."""

import struct

import numpy as np
import pytest
from PIL import Image

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import PICTURE, chunk, gif_without_palette, stored

INDEXED = Image.fromarray(PICTURE).quantize(8)


def with_palette(colours: int) -> bytes:
    """A PNG whose pixels name six colours, with so many in its palette; without one where there are none."""
    data = stored(INDEXED, "PNG")
    place = data.index(b"PLTE")
    end = place + 8 + int.from_bytes(data[place - 4 : place])
    palette = chunk(b"PLTE", data[place + 4 : place + 4 + 3 * colours]) if colours else b""
    return data[: place - 4] + palette + data[end:]


@pytest.mark.parametrize(("colours", "says"), [(0, "no palette"), (2, "has 2 colours, and its pixels name number 6")])
def test_colours_beyond_a_palette_are_refused(colours: int, says: str) -> None:
    with pytest.raises(UnreadableImage, match=says):
        decode_image(with_palette(colours))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "TGA"])
def test_colours_of_a_palette_are_read(kind: str) -> None:
    assert decode_image(stored(INDEXED, kind)).tolist() == decode_image(stored(INDEXED.convert("RGB"), "PNG")).tolist()


def test_a_clear_number_beyond_a_palette_is_no_colour() -> None:
    image = INDEXED.copy()
    image.paste(255, (0, 0, 10, 10))
    data = stored(image, "GIF", transparency=255, optimize=False)
    assert decode_image(data)[0, 0].tolist() == [128] * 3


def test_a_gif_without_any_palette_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="no palette"):
        decode_image(gif_without_palette(INDEXED))


def test_a_gif_of_greys_has_a_palette() -> None:
    grey = Image.fromarray(PICTURE).convert("L")
    assert decode_image(stored(grey, "GIF"))[..., 0].tolist() == np.asarray(grey).tolist()


@pytest.mark.parametrize("clear", [None, 0])
def test_a_gif_is_transparent_where_its_frame_leaves_its_canvas(clear: int | None) -> None:
    data = bytearray(stored(INDEXED, "GIF", **({} if clear is None else {"transparency": clear})))
    data[6:10] = struct.pack("<HH", 100, 80)
    frame = data.index(b",", 13 + (3 << (data[10] & 7) + 1))
    data[frame + 1 : frame + 5] = struct.pack("<HH", 20, 10)
    image = decode_image(bytes(data))
    whole = decode_image(stored(INDEXED, "GIF", **({} if clear is None else {"transparency": clear})))
    assert image[10:58, 20:68].tolist() == whole.tolist()
    image[10:58, 20:68] = 128
    assert (image == 128).all()
