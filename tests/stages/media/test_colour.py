"""An image's colours come out as they were meant."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import ImageCms

from stages.media.colour import PRIMARIES, decoding_curve, primaries_matrix
from tests.stages.media.made_images import (
    COLOURS,
    PICTURE,
    chunk,
    grey_profile,
    in_space,
    light_of,
    primaries_matrix_of,
    profile,
    shown,
    stored,
    with_chunk,
)


@pytest.mark.parametrize(("name", "gamma"), [("smpte432", 2.2), ("adobe", 2.2), ("bt2020", 1.8), ("bt709", 1.0)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_colour_profile_is_obeyed(name: str, gamma: float, kind: str) -> None:
    pixels = in_space(PICTURE, name, gamma)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = stored(pixels, kind, icc_profile=profile(name, gamma), **options)
    np.testing.assert_allclose(shown(data), COLOURS, atol=6 if gamma == 1 else 4)


def test_a_gifs_profile_is_obeyed() -> None:
    plain, content = stored(in_space(PICTURE, "adobe", 2.2), "GIF"), profile("adobe", 2.2)
    start = 13 + 3 * 2 ** ((plain[10] & 7) + 1)  # behind the palette
    parts = (content[place : place + 255] for place in range(0, len(content), 255))
    extension = b"!\xff\x0bICCRGBG1012" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    np.testing.assert_allclose(shown(plain[:start] + extension + plain[start:]), COLOURS, atol=4)
    assert abs(shown(plain) - COLOURS).max() > 10
    np.testing.assert_array_equal(shown(plain[:start] + extension[:14] + b"\5wrong\0" + plain[start:]), shown(plain))


@pytest.mark.parametrize("mode", ["L", "LA", "LA of 16 bits"])
def test_a_profile_of_grey_is_obeyed(mode: str) -> None:
    linear = (light_of(PICTURE[..., 0]) * 255 + 0.5).astype(np.uint8)
    pixels = linear if mode == "L" else np.dstack([linear, np.full_like(linear, 255)])
    if mode == "LA of 16 bits":
        rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(">u2") * 257)
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 48, 16, 4, 0, 0, 0))
        packed = chunk(b"iCCP", b"x\0\0" + zlib.compress(grey_profile(1.0))) + chunk(b"IDAT", zlib.compress(rows))
        data = b"\x89PNG\r\n\x1a\n" + header + packed + chunk(b"IEND", b"")
    else:
        data = stored(pixels, "PNG", icc_profile=grey_profile(1.0))
    np.testing.assert_allclose(shown(data), COLOURS[:, :1].repeat(3, axis=1), atol=8)


def test_an_srgb_profile_changes_no_pixel() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(shown(stored(PICTURE, "PNG", icc_profile=srgb)), COLOURS)


@pytest.mark.parametrize("broken", [b"no profile", b"", profile("adobe", 2.2)[:200]])
def test_a_broken_profile_counts_as_none(broken: bytes) -> None:
    np.testing.assert_array_equal(shown(stored(PICTURE, "PNG", icc_profile=broken)), COLOURS)


@pytest.mark.parametrize(("gamma", "bits"), [(1.0, 16), (1.0, 8), (1 / 1.8, 8), (1 / 2.2, 8)])
def test_pngs_gamma_is_obeyed(gamma: float, bits: int) -> None:
    if gamma == 1 / 2.2:
        pixels = PICTURE
    else:
        pixels = (light_of(PICTURE) ** gamma * (2**bits - 1) + 0.5).astype(np.uint16 if bits == 16 else np.uint8)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    data = with_chunk(png, chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    np.testing.assert_allclose(shown(data), COLOURS, atol=2 if bits == 16 else 6)


@pytest.mark.parametrize(("curve", "code"), [("pq", 16), ("hlg", 18)])
def test_hdr_stills_come_out_as_they_were_in_sdr(curve: str, code: int) -> None:
    light = light_of(PICTURE) @ np.linalg.inv(primaries_matrix_of("bt2020")).T
    table = decoding_curve({"pq": "smpte2084", "hlg": "arib-std-b67"}[curve])
    pixels = np.searchsorted(table, light.clip(0)).astype(np.uint16)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    data = with_chunk(png, chunk(b"cICP", bytes((9, code, 0, 1))))
    np.testing.assert_allclose(shown(data), COLOURS, atol=3)


def test_curves_agree_with_bt_2100() -> None:
    signal = np.array([0, 0.5, 0.58, 0.75, 1.0])
    pq = decoding_curve("smpte2084")[(signal * 65535).astype(int)] * 203
    np.testing.assert_allclose(pq, [0, 92.2, 201.6, 983.0, 10_000], rtol=0.02, atol=0.01)
    hlg = decoding_curve("arib-std-b67")[(signal * 65535).astype(int)] * 0.265
    np.testing.assert_allclose(hlg, [0, 1 / 12, 0.11696, 0.265, 1.0], rtol=0.01, atol=1e-4)


def test_white_stays_white_in_all_primaries() -> None:
    for name in PRIMARIES:
        np.testing.assert_allclose(primaries_matrix(name) @ np.ones(3), 1, atol=1e-5)
