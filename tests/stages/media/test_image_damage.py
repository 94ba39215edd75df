"""Damage in an image's file is told, and what is none is not."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import COLOURS, PICTURE, chunk, face, shown, stored, with_chunk


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lacking", [1, 2])
def test_a_jpeg_without_its_end_marker_is_whole(repository: Path, progressive: bool, lacking: int) -> None:
    data = stored(face(repository), "JPEG", quality=92, progressive=progressive)
    np.testing.assert_array_equal(decode_image(data[:-lacking]), decode_image(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("fill", [bytes(512), b"\xff" * 512, bytes(range(256)) * 2, bytes(64)])
def test_damage_inside_a_jpeg_is_told(repository: Path, progressive: bool, fill: bytes) -> None:
    data = bytearray(stored(face(repository), "JPEG", quality=92, progressive=progressive))
    data[len(data) // 2 : len(data) // 2 + len(fill)] = fill
    with pytest.raises(UnreadableImage, match=r"damaged .*Copy or export it again\."):
        decode_image(bytes(data), "face.jpg")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_bytes_that_a_jpeg_has_lost_inside_are_told(repository: Path, share: float) -> None:
    data = stored(face(repository), "JPEG")
    place = int(share * len(data))
    with pytest.raises(UnreadableImage, match="damaged inside"):
        decode_image(data[:place] + data[place + 100 :])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "I;16"])
def test_rows_that_a_png_lacks_are_told_and_black_ones_are_not(mode: str) -> None:
    image = Image.fromarray(PICTURE).convert("L" if mode == "I;16" else mode).convert(mode)
    image.paste(0 if mode in ("L", "1", "I;16", "P") else (0,) * len(image.getbands()), (0, 40, 48, 48))
    data = stored(image, "PNG")
    assert decode_image(data).shape == (48, 48, 3)
    with pytest.raises(UnreadableImage, match="48 of 96 rows are there"):
        decode_image(data[:16] + chunk(b"IHDR", data[16:20] + (96).to_bytes(4) + data[24:29])[8:] + data[33:])


def test_rows_that_a_tiff_lacks_are_told() -> None:
    data = stored(PICTURE, "TIFF")
    height = struct.pack("<HHII", 257, 4, 1, 48)
    assert data.count(height) == 1
    with pytest.raises(UnreadableImage, match="48 of its 96 rows are there"):
        decode_image(data.replace(height, struct.pack("<HHII", 257, 4, 1, 96)))


def test_filling_bytes_before_the_end_of_a_jpeg_hide_nothing(repository: Path) -> None:
    data = stored(face(repository), "JPEG")
    np.testing.assert_array_equal(decode_image(data[:-2] + bytes(16) + data[-2:]), decode_image(data))


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"quality": 5}],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_sound_jpegs_of_every_kind_are_taken_for_sound(repository: Path, options: dict, mode: str) -> None:
    assert decode_image(stored(face(repository).convert(mode), "JPEG", **options)).shape == (320, 320, 3)


def test_a_png_is_read_in_spite_of_a_broken_comment_but_not_of_a_broken_header() -> None:
    png = stored(PICTURE, "PNG")
    for kind in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"):
        np.testing.assert_array_equal(shown(with_chunk(png, chunk(kind, b"Comment\0x", broken=True))), COLOURS)
    with pytest.raises(UnreadableImage, match="damaged or cut short"):
        decode_image(png[:20] + b"\1" + png[21:])


def test_a_small_png_whose_pixels_are_damaged_is_refused_and_one_with_a_wrong_checksum_alone_is_read() -> None:
    data = stored(PICTURE, "PNG")
    place = data.index(b"IDAT")
    length = int.from_bytes(data[place - 4 : place])
    middle, end = place + 4 + length // 2, place + 4 + length
    wrong = data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]
    np.testing.assert_array_equal(shown(wrong), COLOURS)
    with pytest.raises(UnreadableImage, match="damaged"):
        decode_image(data[:middle] + bytes(16) + data[middle + 16 :], "p")
