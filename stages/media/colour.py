"""Colour: from the curves and primaries that images and clips are stored in to sRGB.

Curves and primaries are numbered and named by ITU-T H.273 (as in PNG's cICP, AVIF's nclx and ffmpeg's reports):
BT.709 and sRGB (IEC 61966-2-1), PQ (SMPTE ST 2084), HLG (ITU-R BT.2100). Diffuse white is 203 cd/m2 in PQ and 75 %
in HLG (ITU-R BT.2408); HLG is taken as scene light, so that what an SDR camera would have filmed comes out.
"""

from functools import cache

import cv2
import numpy as np

# H.273 colour primaries that are not sRGB's: x and y of red, green, blue and white.
D65 = (0.3127, 0.3290)
PRIMARIES: dict[str, tuple[tuple[float, float], ...]] = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    "bt470m": ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), (0.310, 0.316)),
    "adobe": ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), D65),
    "film": ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), (0.310, 0.316)),
}
# Numbers of H.273.
PRIMARIES_CODES = {1: "bt709", 4: "bt470m", 8: "film", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
TRANSFER_CODES = {1: "sdr", 4: "gamma:2.2", 5: "gamma:2.8", 6: "sdr", 8: "linear", 13: "sdr", 14: "sdr", 15: "sdr"}
TRANSFER_CODES |= {16: "smpte2084", 18: "arib-std-b67"}
HDR = ("smpte2084", "arib-std-b67")
PQ_WHITE = 203.0 / 10_000  # of PQ's range
HLG_WHITE = 0.265  # scene light at 75 % of the signal
KNEE = 0.9  # of diffuse white: what is brighter is rolled off, what is darker stays as it is
LEVELS = 1 << 16


def to_srgb(pixels: np.ndarray, transfer: str, primaries: str = "bt709") -> np.ndarray:
    """Pixels in sRGB.

    Args:
        pixels: (H, W, 3) uint8 or uint16, full range, RGB.
        transfer: `sdr` (any curve for which screens are the same), `smpte2084`, `arib-std-b67`, `linear`, or `gamma:`
            with an exponent.
        primaries: of `PRIMARIES`.

    Returns:
        (H, W, 3) uint8.
    """
    light = decoding_curve(transfer)[pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257]
    if primaries != "bt709":
        light = cv2.transform(light, primaries_matrix(primaries))
    if transfer in HDR:
        over = np.maximum(light - KNEE, 0.0)
        light = np.minimum(light, KNEE) + (1 - KNEE) * (1 - np.exp(-over / (1 - KNEE)))
    return encoding_curve()[(light.clip(0, 1) * (LEVELS - 1) + 0.5).astype(np.uint16)]


@cache
def decoding_curve(transfer: str) -> np.ndarray:
    """(65536,) float32: linear light, 1.0 at diffuse white, of each 16-bit value.

    Raises:
        ValueError: no such curve.
    """
    signal = np.arange(LEVELS) / (LEVELS - 1)
    if transfer == "sdr":
        light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    elif transfer == "linear":
        light = signal
    elif transfer.startswith("gamma:"):
        light = signal ** float(transfer.removeprefix("gamma:"))
    elif transfer == "smpte2084":
        root = signal ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125) / PQ_WHITE
    elif transfer == "arib-std-b67":
        bright = (np.exp((np.maximum(signal, 0.5) - 0.55991073) / 0.17883277) + 0.28466892) / 12
        light = np.where(signal <= 0.5, signal**2 / 3, bright) / HLG_WHITE
    else:
        raise ValueError(f'transfer must be one that is known here, found "{transfer}"')
    return light.astype(np.float32)


@cache
def encoding_curve() -> np.ndarray:
    """(65536,) uint8: sRGB's values of linear light in 65535ths."""
    light = np.arange(LEVELS) / (LEVELS - 1)
    signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (signal * 255 + 0.5).astype(np.uint8)


@cache
def primaries_matrix(primaries: str) -> np.ndarray:
    """(3, 3) float32, from linear light in some primaries to linear light in sRGB's, white kept white.

    Raises:
        KeyError: no such primaries.
    """
    to_xyz = _to_xyz(PRIMARIES[primaries])
    back = np.linalg.inv(_to_xyz(PRIMARIES["bt709"]))
    matrix = back @ _adapt_white(PRIMARIES[primaries][3]) @ to_xyz
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)  # the white point's last rounding


def _to_xyz(points: tuple[tuple[float, float], ...]) -> np.ndarray:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in points[:3]]).T  # (3, 3)
    return columns * np.linalg.solve(columns, _white(points[3]))


def _white(point: tuple[float, float]) -> np.ndarray:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adapt_white(white: tuple[float, float]) -> np.ndarray:
    """The way from one white to D65 by Bradford's cone responses."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gains = (cones @ _white(D65)) / (cones @ _white(white))
    return np.linalg.inv(cones) @ (gains[:, None] * cones)
