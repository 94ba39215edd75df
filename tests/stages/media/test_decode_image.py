"""Pictures as people's cameras, editors and downloads leave them: read as they are meant, or refused in a sentence."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from common.errors import UnreadableImage
from common.image_formats import ENDINGS, FORMATS
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import (
    COLOURS,
    PICTURE,
    chunk,
    shown,
    stored,
    with_chunk,
)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_stands_before_a_middle_grey(mode: str) -> None:
    clear = Image.fromarray(PICTURE).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 48, 24))
    if mode == "P":
        data = stored(clear.quantize(16), "PNG")
    elif mode == "RGB":
        keyed = PICTURE.copy()
        keyed[:24] = (1, 2, 3)
        data = stored(keyed, "PNG", transparency=(1, 2, 3))
    else:
        data = stored(clear.convert(mode), "PNG")
    image = decode_image(data).astype(int)
    assert np.abs(image[:20] - 128).max() <= 1
    wanted = PICTURE[30:] if mode != "LA" else np.asarray(Image.fromarray(PICTURE[30:]).convert("L"))[..., None]
    assert np.abs(image[30:] - wanted.astype(int)).max() <= 2


def test_the_one_clear_grey_of_sixteen_bits_stands_before_a_middle_grey() -> None:
    grey = PICTURE[..., 0].astype(np.uint16) * 257
    grey[:24] = 300
    data = cv2.imencode(".png", grey)[1].tobytes()
    image = decode_image(with_chunk(data, chunk(b"tRNS", struct.pack(">H", 300))))
    assert np.abs(image[:20].astype(int) - 128).max() <= 1
    np.testing.assert_array_equal(image[30:], PICTURE[30:, :, :1].repeat(3, axis=2))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_one_clear_grey_of_few_bits_stands_before_a_middle_grey(bits: int) -> None:
    clear, white = (1 << bits) // 2, (1 << bits) - 1
    grey = np.full((48, 48), white, np.uint8)
    grey[:24] = clear if bits > 1 else 0
    places = 8 // bits
    packed = sum(grey[:, at::places].astype(int) << (8 - bits * (at + 1)) for at in range(places))
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(packed, np.uint8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 48, bits, 0, 0, 0, 0))
    key = chunk(b"tRNS", struct.pack(">H", clear if bits > 1 else 0))
    image = decode_image(
        b"\x89PNG\r\n\x1a\n" + header + key + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    assert (image[:24] == 128).all()
    assert (image[24:] == 255).all()


def test_a_picture_that_is_transparent_everywhere_is_told() -> None:
    clear = Image.fromarray(PICTURE).convert("RGBA")
    clear.putalpha(0)
    with pytest.raises(UnreadableImage, match="it is transparent everywhere"):
        decode_image(stored(clear, "PNG"))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["grey PNG", "grey TIFF", "RGB PNG", "RGB TIFF"])
def test_numbers_that_do_not_fill_their_sixteen_bits_are_scaled_by_their_depth(bits: int, kind: str) -> None:
    pixels = (PICTURE.astype(float) / 240 * (2**bits - 1)).astype(np.uint16)
    wanted = PICTURE / 240 * 255
    ending = ".png" if "PNG" in kind else ".tif"
    if "grey" in kind:
        pixels, wanted = pixels[..., 0], wanted[..., :1].repeat(3, axis=2)
    else:
        pixels = np.ascontiguousarray(pixels[..., ::-1])
    data = cv2.imencode(ending, pixels)[1].tobytes()
    np.testing.assert_allclose(decode_image(data), wanted, atol=1.5)


def test_a_dark_picture_of_eight_bits_in_sixteen_stays_dark() -> None:
    dark = (PICTURE // 8).astype(np.uint16) * 257
    data = cv2.imencode(".png", dark[..., ::-1])[1].tobytes()
    np.testing.assert_array_equal(decode_image(data), PICTURE // 8)


@pytest.mark.parametrize("white", [1023, 4095, 65535])
def test_a_dark_pgm_stays_dark_for_it_says_its_own_white(white: int) -> None:
    dark = np.round(PICTURE[..., 0] / 8 / 255 * white).astype(">u2")
    image = decode_image(b"P5 48 48 %d\n" % white + dark.tobytes())
    np.testing.assert_allclose(image, PICTURE[..., :1].repeat(3, axis=2) / 8, atol=1)


def test_floating_point_colours_are_refused_as_unknown() -> None:
    data = cv2.imencode(".tif", PICTURE.astype(np.float32) / 255)[1].tobytes()
    with pytest.raises(UnreadableImage, match="floating-point numbers"):
        decode_image(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("before", [b"\r\n", b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", bytes(128)])
def test_what_stands_before_a_picture_is_passed_over(kind: str, before: bytes) -> None:
    data = stored(PICTURE, kind)
    np.testing.assert_array_equal(decode_image(before + data), decode_image(data))


@pytest.mark.parametrize(
    "start",
    [
        b"ID3\3\0\0\0\0\7vAPIC\0",
        b"icns\0\0\1\0ic07\0",
        b"RIFF\0\0\1\0AVI LIST",
        b"bplist00\xd1",
        b"\x80\4\x95",
        b"{\\rtf1 ",
    ],
    ids=["sound", "icon", "film", "property list", "pickle", "document"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_another_file_contains_is_not_read_as_that_file(start: bytes, kind: str) -> None:
    with pytest.raises(UnreadableImage, match="no image format that is known here"):
        decode_image(start + stored(PICTURE, kind))


@pytest.mark.parametrize("behind", [bytes(4000), b"PK\x03\x04 archive", b"\r\n--boundary--"])
def test_what_stands_behind_a_picture_is_passed_over(behind: bytes) -> None:
    for kind in ("JPEG", "PNG"):
        data = stored(PICTURE, kind)
        np.testing.assert_array_equal(decode_image(data + behind), decode_image(data))


def test_a_picture_inside_a_document_is_not_the_document() -> None:
    with pytest.raises(UnreadableImage, match="it is a PDF"):
        decode_image(b"%PDF-1.7\n" + stored(PICTURE, "JPEG"))


@pytest.mark.parametrize("preview_alone", [False, True])
def test_a_tiffs_preview_is_not_its_picture(preview_alone: bool) -> None:
    small, picture = Image.new("RGB", (16, 16), "red"), Image.fromarray(PICTURE)
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer, new=True) as file:
        small.save(file, "TIFF", tiffinfo={254: 1})
        file.newFrame()
        if not preview_alone:
            picture.save(file, "TIFF")
            file.newFrame()
    if preview_alone:
        with pytest.raises(UnreadableImage, match="only a small preview"):
            decode_image(buffer.getvalue())
    else:
        np.testing.assert_array_equal(shown(buffer.getvalue()), COLOURS)


def test_a_heic_picture_is_read_or_the_mend_is_named() -> None:
    start = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(UnreadableImage) as caught:
        decode_image(start + bytes(100), "phone.heic")
    assert "HEIF" in FORMATS or "python -m pip install -c constraints.txt -e '.[heic]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_ending_that_a_reader_knows_is_listed() -> None:
    for ending in (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".jp2", ".tga", ".ppm"):
        assert ending in ENDINGS
    assert (".avif" in ENDINGS) == ("AVIF" in FORMATS)
    assert ".eps" not in ENDINGS
