"""What an image's numbers mean: its colour profile, its curve, its depth, what is transparent."""

import io
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from stages.media.colour import PRIMARIES, PRIMARIES_CODES, TRANSFER_CODES, to_srgb
from stages.media.heif_boxes import image_colours

# What stands behind transparent pixels. Of five faces cut out of their images, on grey the inversions were as like
# them as uncut (0.59 to 0.83, cosine); on black 0.40 to 0.76, on white 0.03 to 0.32.
GROUND = 128
# How many levels wide numbers may have: what is stored in 16 bits often has 10, 12 or 14.
WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0, 2.0**31 - 1, 2.0**32 - 1)
SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
SRGB_GAMMA = 1 / 2.2
SAME_POINT = 0.005  # of x and y; tools round them, and no two of the known primaries are as near
# Places in a PNG's header, and what may stand there.
DEPTH, COLOUR_TYPE = 24, 25
GREY, GREY_ALPHA = 0, 4
# PNG's cICP: primaries, curve, matrix, and whether the range is full.
CODES_OF_PNG = re.compile(rb"\0\0\0\x04cICP(.{4})", re.DOTALL)
# JPEG 2000's box of colours: how they are stated, and by which number. Known are black and white, CMYK, sRGB, grey and
# sYCC; others, as those of narrow range (1, 3, 4) and CIELab (14), Pillow shows as if they were sRGB.
COLOURS_OF_JPEG_2000 = re.compile(rb"colr([\1\2\3]).{2}(.{4})", re.DOTALL)
KNOWN_OF_JPEG_2000 = (0, 12, 15, 16, 17, 18)


@dataclass(frozen=True)
class Colours:
    """How an image's numbers become sRGB.

    Attributes:
        profile: an ICC transform from `mode` to RGB, or None.
        mode: Pillow's mode that `profile` takes.
        transfer, primaries: of `stages.media.colour`; transfer is "" where the numbers are sRGB's.
        narrow: black is at 16 of 255, and white at 235.
    """

    profile: Any = None
    mode: str = "RGB"
    transfer: str = ""
    primaries: str = "bt709"
    narrow: bool = False

    def seen(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 or uint16 without a profile -> (H, W, 3) uint8 sRGB."""
        if self.narrow:
            pixels = _widen(pixels)
        if self.transfer:
            return to_srgb(pixels, self.transfer, self.primaries)
        return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def colours_of(picture: Image.Image, data: bytes) -> Colours:
    """What an image says of its colours; damaged statements count as none.

    Raises:
        ValueError: it says half of it, and the other half cannot be guessed; the text is the end of a sentence.
    """
    coded = _colours_of_codes(data)
    if _is_narrow(data):
        return Colours(transfer=coded[1], primaries=coded[0], narrow=True) if coded else Colours(narrow=True)
    if coded and (coded[1] in ("smpte2084", "arib-std-b67") or "icc_profile" not in picture.info):
        return Colours(transfer=coded[1] if coded != ("bt709", "sdr") else "", primaries=coded[0])
    if data[4:8] == b"jP  " and (kind := _unknown_of_jpeg_2000(data)):
        raise ValueError(f"its colours are of the kind {kind} of JPEG 2000, which is not read. Save it in sRGB.")
    if profile := picture.info.get("icc_profile") or _profile_of_jpeg_2000(data) or _profile_of_gif(data):
        return _colours_of_profile(picture, profile, data)
    if picture.format == "PNG" and "srgb" not in picture.info and {"gamma", "chromaticity"} & picture.info.keys():
        return _colours_of_numbers(float(picture.info.get("gamma", 0)), picture.info.get("chromaticity", ()))
    if _says_adobe(picture):
        return Colours(transfer="gamma:2.2", primaries="adobe")
    return Colours()


def scale_clear_grey(picture: Image.Image, data: bytes) -> None:
    """Give a PNG of 2 or 4 bits its one clear grey in 8 bits: Pillow has scaled the pixels, and not this number."""
    clear = picture.info.get("transparency")
    if data[COLOUR_TYPE] == GREY and data[DEPTH] in (2, 4) and isinstance(clear, int):
        picture.info["transparency"] = clear * 255 // ((1 << data[DEPTH]) - 1)


def white_of(values: np.ndarray, highest: float = 0.0) -> float:
    """Which value means white among wide numbers, judged by the highest one.

    Args:
        values: of any type of numbers.
        highest: of what was looked at before.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return max(highest, float(finite.max(initial=0)))


def full_scale(highest: float, mode: str, eights: bool) -> float:
    """The value of white, where the highest is known.

    Args:
        highest: of the image's values.
        mode: Pillow's; `F` for floating point.
        eights: whether all values are such as 8 bits become in 16: then those are full, however dark the image is.
    """
    if mode.startswith("F") and highest <= 2:
        return 1.0  # with room for highlights
    if eights and 255 < highest <= 65535:
        return 65535.0
    return next((white for white in WHITES if highest <= white), highest)


def _colours_of_codes(data: bytes) -> tuple[str, str] | None:
    """Primaries and curve by the numbers of H.273, from PNG's cICP or AVIF's and HEIF's nclx."""
    codes: tuple[int, ...] | None
    if data.startswith(b"\x89PNG"):
        found = CODES_OF_PNG.search(data, 0, 1 << 16)
        codes = tuple(found[1][:2]) if found else None
    elif data[4:8] == b"ftyp":
        codes = _codes_of_boxes(data)
    else:
        codes = None
    if codes is None or codes[1] not in TRANSFER_CODES:
        if codes is not None and codes[1:] in ((2, 9), (2, 10)):  # no curve is stated, and a matrix of BT.2020
            raise ValueError(
                "its colours are BT.2020, and nobody says whether they are SDR, HLG or PQ. Save it in sRGB."
            )
        return None
    return PRIMARIES_CODES.get(codes[0], "bt709"), TRANSFER_CODES[codes[1]]


def _is_narrow(data: bytes) -> bool:
    """Whether a PNG's cICP says that its range is a film's; AVIF's and HEIF's decoders see to theirs."""
    found = CODES_OF_PNG.search(data, 0, 1 << 16) if data.startswith(b"\x89PNG") else None
    return found is not None and found[1][3] == 0


def _widen(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 or uint16 of narrow range -> full range."""
    full = np.iinfo(pixels.dtype).max
    step = (full + 1) // 256
    wide = (pixels.astype(np.float32) - 16 * step) * (full / (219 * step))
    return (wide + 0.5).clip(0, full).astype(pixels.dtype)


def _profile_of_jpeg_2000(data: bytes) -> bytes:
    """The ICC profile in a JPEG 2000's box `colr`, which Pillow passes over; empty where there is none."""
    found = re.search(rb"(.{4})colr\x02..", data[: 1 << 16], re.DOTALL) if data[4:8] == b"jP  " else None
    return data[found.end() : found.start() + int.from_bytes(found[1])] if found else b""


def _unknown_of_jpeg_2000(data: bytes) -> int:
    """The number of a JPEG 2000's colours, where all that it states are others than those that are read; else 0."""
    stated = [(found[1], int.from_bytes(found[2])) for found in COLOURS_OF_JPEG_2000.finditer(data, 0, 1 << 16)]
    unknown = [number for method, number in stated if method == b"\1" and number not in KNOWN_OF_JPEG_2000]
    return unknown[0] if len(unknown) == len(stated) and unknown else 0


def _profile_of_gif(data: bytes) -> bytes:
    """The ICC profile in a GIF's application extension, which Pillow passes over; empty where there is none."""
    found = data.find(b"!\xff\x0bICCRGBG1012", 0, 1 << 16) if data[:4] == b"GIF8" else -1
    profile, place = b"", found + 14
    while found >= 0 and (length := next(iter(data[place : place + 1]), 0)):  # parts that each begin with their length
        profile += data[place + 1 : place + 1 + length]
        place += 1 + length
    return profile


def _codes_of_boxes(data: bytes) -> tuple[int, ...] | None:
    """Primaries, curve and matrix of an AVIF or HEIF; of a bare sequence those that it states first."""
    try:
        return image_colours(data)
    except ValueError:
        found = re.search(rb"colrnclx(.{6})", data[: 1 << 16], re.DOTALL)
        return struct.unpack(">HHH", found[1]) if found else None


def _colours_of_numbers(gamma: float, chromaticity: tuple[float, ...]) -> Colours:
    """Colours by a PNG's gAMA and cHRM (white, red, green, blue); primaries that no known ones resemble are sRGB's."""
    points = np.resize(chromaticity or (0.0,), (4, 2))[[1, 2, 3, 0]]
    near = (name for name, known in PRIMARIES.items() if np.abs(np.subtract(points, known)).max() < SAME_POINT)
    primaries = next(near, "bt709")
    if not 0.05 < gamma < 5 or abs(gamma / SRGB_GAMMA - 1) < 0.05:
        return Colours(transfer="" if primaries == "bt709" else "sdr", primaries=primaries)
    return Colours(transfer="linear" if abs(gamma - 1) < 0.01 else f"gamma:{1 / gamma:.4f}", primaries=primaries)


def _colours_of_profile(picture: Image.Image, profile: bytes, data: bytes) -> Colours:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = SPACES.get(source.profile.xcolor_space, "")
        grey = picture.mode in ("1", "L", "LA", "La") or picture.mode.startswith("I")
        grey = grey or (picture.format == "PNG" and data[COLOUR_TYPE] == GREY_ALPHA)  # of 16 bits it comes as RGBA
        own = picture.mode if picture.mode in ("CMYK", "LAB") else "L" if grey else "RGB"
        if mode != own or picture.mode == "LAB":  # a profile of another kind of image, as careless tools leave them
            return Colours()
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return Colours() if mode != "CMYK" and _changes_nothing(transform, mode) else Colours(transform, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return Colours()


def _changes_nothing(transform: Any, mode: str) -> bool:
    """Whether a profile is sRGB's, as most are: then its pixels stay exactly as they are."""
    ramp = np.arange(0, 256, 5, dtype=np.uint8)
    if mode == "L":
        shown = np.asarray(ImageCms.applyTransform(Image.fromarray(ramp[None]), transform))[..., 0].ravel()
        return bool(np.abs(shown.astype(int) - ramp).max() <= 1)
    colours = np.stack(np.meshgrid(ramp[::10], ramp[::10], ramp[::10]), axis=-1).reshape(1, -1, 3)
    shown = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
    return bool(np.abs(shown.astype(int) - colours).max() <= 2)


def _says_adobe(picture: Image.Image) -> bool:
    """Cameras' way to say Adobe RGB without a profile: EXIF's interoperability index."""
    try:
        index = picture.getexif().get_ifd(0xA005).get(1, "")
        return str(index).strip("\0 ") == "R03"
    except Exception:  # Pillow's reader of EXIF raises whatever the damage leads it to
        return False
