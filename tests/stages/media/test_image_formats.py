"""Images of every format and depth become 8-bit RGB, or are refused with a message."""

import struct

import numpy as np
import pytest
from PIL import Image

from common.errors import UnreadableImage
from stages.media import decode_image as decode_image_module
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import stored

PLAIN = Image.new("RGB", (40, 30), (200, 100, 50))


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (stored(PLAIN, "PNG"), (200, 100, 50)),
        (stored(PLAIN, "JPEG", quality=95), (200, 100, 50)),
        (stored(PLAIN, "WEBP", lossless=True), (200, 100, 50)),
        (stored(PLAIN.convert("CMYK"), "JPEG", quality=95), (200, 100, 50)),
        (stored(PLAIN.quantize(), "GIF"), (200, 100, 50)),
        (stored(PLAIN.convert("L"), "PNG"), (124, 124, 124)),
        (stored(Image.new("RGBA", (40, 30), (200, 100, 50, 128)), "PNG"), (164, 114, 89)),
        (stored(Image.fromarray(np.full((30, 40), 51400, np.uint16)), "PNG"), (200, 200, 200)),
        (stored(Image.fromarray(np.full((30, 40), 200 << 23, np.int32)), "TIFF"), (200, 200, 200)),
        (stored(Image.fromarray(np.full((30, 40), 200, np.float32)), "TIFF"), (200, 200, 200)),
        (stored(Image.fromarray(np.full((30, 40), 200 / 255, np.float32)), "TIFF"), (200, 200, 200)),
        (stored(Image.fromarray(np.full((30, 40), np.nan, np.float32)), "TIFF"), (0, 0, 0)),
    ],
)
def test_every_kind_of_picture_becomes_eight_bit_rgb(data: bytes, colour: tuple[int, int, int]) -> None:
    image = decode_image(data)
    assert image.shape == (30, 40, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - colour).max() <= 3


def test_a_picture_is_the_same_whichever_way_it_is_cut_into_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.arange(40 * 30, dtype=np.uint16).reshape(30, 40) * 40
    files = [stored(Image.fromarray(grey), "PNG"), stored(Image.effect_noise((40, 30), 90).convert("P"), "PNG")]
    whole = [decode_image(data) for data in files]
    monkeypatch.setattr(decode_image_module, "STRIP", 40 * 7)
    for data, image in zip(files, whole, strict=True):
        np.testing.assert_array_equal(decode_image(data), image)


def test_a_picture_is_turned_upright_by_its_exif() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter
    assert decode_image(stored(PLAIN, "JPEG", exif=exif)).shape == (40, 30, 3)


@pytest.mark.parametrize("kind", [1, 3, 4, 7], ids=["BYTE", "SHORT", "LONG", "UNDEFINED"])
def test_an_orientation_counts_whatever_type_its_tag_has(kind: int) -> None:
    width = {1: "<B3x", 3: "<H2x", 4: "<I", 7: "<B3x"}[kind]
    entry = struct.pack("<HHHI", 1, 0x0112, kind, 1) + struct.pack(width, 6)
    data = stored(PLAIN, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + entry + bytes(4))
    assert decode_image(data).shape == (40, 30, 3)


@pytest.mark.parametrize("clear", [0, 255])
def test_four_bytes_a_pixel_without_any_alpha_are_opaque(clear: int) -> None:
    image = Image.new("RGBA", (40, 30), (200, 100, 50, clear))
    header = struct.pack("<IHHIIiiHHIIIIII", 122 + 4800, 0, 0, 122, 108, 40, 30, 1, 32, 3, 4800, 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    bmp = b"BM" + header + masks + image.tobytes("raw", "BGRA")
    for data in (bmp, stored(image, "TGA")):
        assert decode_image(data)[0, 0].tolist() == [200, 100, 50]


def test_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = stored(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the file is empty"),
        (b"<html>not found</html>", "no image format"),
        (b"%PDF-1.7", "it is a PDF, no image format"),
        (stored(PLAIN, "PNG")[:20], r"damaged or cut short \(Truncated File Read\), with 20 bytes"),
        (stored(PLAIN, "EPS"), "it is PostScript, no image format"),  # Pillow would have Ghostscript run it
        (stored(Image.effect_noise((200, 200), 90), "JPEG")[:3000], "truncated"),
        (stored(Image.effect_noise((200, 200), 90), "PNG")[:3000], "3,000 bytes"),
    ],
)
def test_broken_pictures_are_named_in_one_sentence(data: bytes, expected: str) -> None:
    with pytest.raises(UnreadableImage, match=expected) as caught:
        decode_image(data, "faces/anna.jpg")
    assert 'image "faces/anna.jpg" is not readable' in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_small_file_that_unfolds_into_a_huge_picture_is_refused_before_it_does() -> None:
    bomb = stored(Image.new("1", (20_000, 20_000)), "PNG")
    with pytest.raises(UnreadableImage, match="20000 x 20000 pixels"):
        decode_image(bomb, "bomb.png")


@pytest.mark.parametrize("number", [1, 3, 4, 14])
def test_a_jpeg_2000_in_colours_that_its_decoder_passes_over_is_refused(number: int) -> None:
    data = bytearray(stored(PLAIN, "JPEG2000", quality_mode="rates", quality_layers=[0]))
    place = data.index(b"colr") + 7
    assert data[place : place + 4] == (16).to_bytes(4)
    assert decode_image(bytes(data))[0, 0].tolist() == [200, 100, 50]
    data[place : place + 4] = number.to_bytes(4)
    with pytest.raises(UnreadableImage, match=f"of the kind {number} of JPEG 2000"):
        decode_image(bytes(data))
