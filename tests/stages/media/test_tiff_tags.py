"""TIFFs whose numbers mean something else than Pillow or OpenCV take them for."""

import numpy as np
import pytest

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import COLOURS, PICTURE, shown, tiff

WIDE = PICTURE.astype(np.uint16) * 257
ALPHA = np.full((48, 48, 1), 128 * 257, np.uint16)
HALF = (COLOURS * 128 + 128 * 127) // 255


def test_white_at_zero_is_no_negative() -> None:
    np.testing.assert_array_equal(shown(tiff(65535 - WIDE[..., 0], 0))[:, 0], COLOURS[:, 0])


def test_grey_of_32_bits_without_a_sign_is_read() -> None:
    found = shown(tiff(PICTURE[..., 0].astype(np.uint32) * 0x1010101 - 1, 1))[:, 0]
    np.testing.assert_allclose(found, COLOURS[:, 0], atol=1)


@pytest.mark.parametrize(
    ("fourth", "extra", "wanted"),
    [(ALPHA, 2, HALF), (ALPHA, 1, HALF), (ALPHA * 0, 0, COLOURS)],
    ids=["straight alpha", "alpha that is multiplied in", "no alpha"],
)
def test_a_fourth_channel_is_what_its_tag_says(fourth: np.ndarray, extra: int, wanted: np.ndarray) -> None:
    colours = WIDE // 255 * 128 if extra == 1 else WIDE
    found = shown(tiff(np.dstack([colours, fourth]), 2, extra=extra))
    np.testing.assert_allclose(found, wanted, atol=2)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (tiff(WIDE, 2, planar=2), "16 bits whose channels lie one behind the other"),
        (tiff(np.dstack([WIDE, ALPHA, ALPHA]), 2, extra=(0, 0)), "5 channels of 16 bits"),
        (tiff(WIDE.astype(np.uint32), 2), "3 channels of 32 bits"),
        (tiff(WIDE[..., 0].astype(np.float16), 1), "floating-point numbers"),
        (tiff((WIDE[..., 0] // 2).astype(np.int16), 1), "numbers with a sign"),
        (tiff((PICTURE[..., 0] // 2).astype(np.int8), 1), "numbers with a sign"),
        (tiff(1 - PICTURE[..., 0].astype(np.float32) / 255, 0), "whose white is 0"),
        (tiff(np.dstack([PICTURE, PICTURE[..., 0]]), 2, planar=2, extra=1), "with alpha multiplied in"),
    ],
    ids=[
        *("planes", "five channels", "32 bits", "half precision", "16 bits with a sign", "8 bits with a sign"),
        *("floating-point negative", "planes with alpha multiplied in"),
    ],
)
def test_what_no_decoder_reads_rightly_is_named(data: bytes, expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreadableImage, match=expected):
        decode_image(data)
    assert capfd.readouterr().err == ""


def test_planes_of_eight_bits_are_read() -> None:
    np.testing.assert_array_equal(shown(tiff(PICTURE, 2, planar=2)), COLOURS)


def test_grey_with_alpha_that_is_multiplied_in_is_read() -> None:
    half = np.dstack([PICTURE[..., 0] // 2, np.full((48, 48), 128, np.uint8)])
    found = shown(tiff(half, 1, extra=1))
    np.testing.assert_allclose(found, HALF[:, :1].repeat(3, axis=1), atol=2)


@pytest.mark.parametrize("scale", [1, 257], ids=["8 bits", "16 bits"])
def test_a_palette_is_read_whichever_depth_its_writer_took_it_for(scale: int) -> None:
    palette = np.zeros((3, 256), int)
    palette[:, :6] = COLOURS.T * scale
    indices = np.arange(48, dtype=np.uint8)[None].repeat(48, axis=0) // 8
    np.testing.assert_array_equal(shown(tiff(indices, 3, map=tuple(palette.ravel().tolist()))), COLOURS)
