"""Pixels that are not square are shown as they are meant, in images as in clips."""

import struct

import numpy as np
import pytest
from PIL import Image

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from stages.media.pixel_shape import square_size
from tests.stages.media.made_images import PICTURE, chunk, stored, with_chunk

SMOOTH = Image.fromarray(PICTURE).resize((96, 64), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("across", "down", "size"), [(72, 144, (192, 64)), (204, 98, (96, 133)), (300, 600, (192, 64))]
)
def test_a_tiff_is_stretched_by_its_dots_an_inch(across: int, down: int, size: tuple[int, int]) -> None:
    found = decode_image(stored(SMOOTH, "TIFF", dpi=(across, down)))
    assert found.shape == (size[1], size[0], 3)
    wanted = np.asarray(SMOOTH.resize(size, Image.Resampling.BILINEAR))
    assert np.abs(found.astype(int) - wanted)[4:-4, 4:-4].mean() < 4


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_dots_an_inch_for_a_printer_stretch_nothing(kind: str) -> None:
    assert decode_image(stored(SMOOTH, kind, dpi=(72, 144))).shape == (64, 96, 3)


@pytest.mark.parametrize("dots", [(300, 300), (300, 299), (72, 300), (300, 1)])
def test_dots_that_are_rounded_or_absurd_stretch_nothing(dots: tuple[int, int]) -> None:
    assert decode_image(stored(SMOOTH, "TIFF", dpi=dots)).tolist() == np.asarray(SMOOTH).tolist()


def test_densities_of_a_tiff_without_a_unit_are_its_pixels_shape() -> None:
    tags = {282: 1.0, 283: 2.0, 296: 1}
    assert decode_image(stored(SMOOTH, "TIFF", tiffinfo=tags)).shape == (64, 192, 3)


def test_a_turned_image_is_stretched_as_the_camera_stored_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(stored(SMOOTH, "TIFF", dpi=(72, 144), exif=exif)).shape == (192, 64, 3)


def test_a_shape_that_programs_read_in_two_ways_is_refused() -> None:
    png = with_chunk(stored(SMOOTH, "PNG"), chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0)))
    jpeg = bytearray(stored(SMOOTH, "JPEG"))
    place = jpeg.index(b"JFIF\0") + 7
    jpeg[place : place + 5] = struct.pack(">BHH", 0, 16, 15)
    for data, shape in ((png, "2:1"), (bytes(jpeg), "16:15")):
        with pytest.raises(UnreadableImage, match=rf"not square \({shape}\)"):
            decode_image(data)


@pytest.mark.parametrize(("aspect", "size"), [(1.0, (6, 4)), (2.0, (12, 4)), (0.5, (6, 8)), (9.0, (6, 4))])
def test_no_pixel_is_left_out(aspect: float, size: tuple[int, int]) -> None:
    assert square_size(6, 4, aspect) == size
