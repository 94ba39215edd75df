"""From an image's file to upright sRGB pixels, for every format, depth and colour that is known; else an error."""

import io
import re
import warnings

import cv2
import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from common.errors import UnreadableImage
from common.image_formats import FORMATS
from common.redaction import describe_error, quote
from stages.media.image_colour import GROUND, Colours, colours_of, full_scale, scale_clear_grey, white_of
from stages.media.image_kind import name_other_jpeg, name_other_kind
from stages.media.image_palette import beyond_palette, clear_around, colours_in_palette, lacks_palette
from stages.media.image_sphere import is_sphere
from stages.media.pixel_shape import pixel_aspect, square_size, stretch
from stages.media.repair_image import STARTS, append_end, broken_pixels, broken_scan, drop_broken_chunks, strip_prefix
from stages.media.tiff_tags import describe_unknown, is_plain_wide, tags_of, true_numbers, true_palette, why_not_read

LARGEST_PICTURE = 100_000_000  # pixels; a small file may unfold into more than a machine's memory
Image.MAX_IMAGE_PIXELS = None  # our own limit stands in its place, with our own words
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
SUBFILE, RAW_VERSION = 254, 50706  # TIFF's tags: a page that is a preview, a camera's raw file
STRIP = 4_000_000  # pixels that are converted at a time


def decode_image(data: bytes, name: str = "") -> np.ndarray:
    """An image from a file's bytes.

    Turned upright by its EXIF rotation; of an animation the first frame; what is transparent stands before a middle
    grey; colours are converted to sRGB by what the file says of them.

    Args:
        data: JPEG, PNG, WebP, or another of `FORMATS`.
        name: the file's, for messages.

    Returns:
        (H, W, 3) uint8, sRGB.

    Raises:
        UnreadableImage: empty, no image, damaged, transparent everywhere, of unknown meaning, or larger than
            `LARGEST_PICTURE` or the memory allow.
    """
    if not data:
        raise UnreadableImage(f"image {quote(name)} is not readable: the file is empty.")
    try:
        data = strip_prefix(data)
        picture, aspect, orientation = _decode(data, name)
        broken = broken_scan(data) or broken_pixels(data, doubtful=_ends_black(picture))
        if broken and picture.format in ("JPEG", "MPO", "PNG"):
            raise UnreadableImage(
                f"image {quote(name)} is not readable: damaged inside ({broken}). Copy or export it again."
            )
        return _upright(stretch(_pixels(picture, data, name), aspect), orientation)
    except MemoryError as error:
        raise UnreadableImage(f"image {quote(name)} needs more memory than there is. Make it smaller.") from error


def _decode(data: bytes, name: str) -> tuple[Image.Image, float, int]:
    """An image in its own mode, as the camera stored it, its pixels' width for their height, its EXIF orientation."""
    try:
        return _load(data, name)
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        mended = drop_broken_chunks(append_end(data))
        if mended != data and not broken_scan(data):
            try:
                return _load(mended, name)
            except (UnreadableImage, MemoryError):
                raise
            except Exception:  # what was wrong at first is what its owner can mend
                pass
        raise UnreadableImage(f"image {quote(name)} is not readable: {_what_is_wrong(error, data)}") from error


def _load(data: bytes, name: str) -> tuple[Image.Image, float, int]:
    # Warnings are of metadata that are damaged, or other than they should be.
    with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if picture.format == "TIFF":
            _seek_image(picture, name)
            if why := why_not_read(tags_of(picture)):
                raise UnreadableImage(f"image {quote(name)} is not readable: {why}")
        aspect = _aspect(picture, name)
        width, height = square_size(*picture.size, aspect)
        if width * height > LARGEST_PICTURE:
            raise UnreadableImage(
                f"image {quote(name)} has {width} x {height} pixels, {width * height / 1e6:.0f} million, and at most "
                f"{LARGEST_PICTURE // 10**6} million are read. Make it smaller, or cut out the part with the face."
            )
        colours, box = colours_in_palette(picture), picture.tile[0][1] if picture.format == "GIF" else None
        if why := lacks_palette(picture, data):
            raise UnreadableImage(f"image {quote(name)} is not readable: {why}")
        picture.load()
        if picture.mode == "P" and (why := beyond_palette(picture, colours, box)):
            raise UnreadableImage(f"image {quote(name)} is not readable: {why}")
        if picture.format == "GIF":
            clear_around(picture, box)
        if (
            picture.format in ("TGA", "BMP")
            and picture.mode in ("RGBA", "LA")
            and not picture.getchannel("A").getbbox()
        ):
            picture.putalpha(255)  # a byte of every pixel has no use
        if picture.format == "TIFF" and (palette := true_palette(tags_of(picture))):
            picture.putpalette(palette)
        if picture.format == "PNG":
            scale_clear_grey(picture, data)
        return picture, aspect, _orientation(picture)


def _ends_black(picture: Image.Image) -> bool:
    """Whether all numbers of the last row are 0, as decoders leave rows that are not there."""
    width, height = picture.size
    return not np.asarray(picture.crop((0, height - 1, width, height))).any()


def _aspect(picture: Image.Image, name: str) -> float:
    """A pixel's width for its height."""
    if any(is_sphere(picture.info.get(key)) for key in ("xmp", "XML:com.adobe.xmp")):
        raise UnreadableImage(
            f"image {quote(name)} is not readable: it is a 360° image, a sphere's map. Export a flat view of the face."
        )
    try:
        return pixel_aspect(picture)
    except ValueError as error:
        raise UnreadableImage(f"image {quote(name)} is not readable: {error}") from error


def _seek_image(picture: Image.Image, name: str) -> None:
    """Go to a TIFF's first page that is no preview of another one."""
    tags = getattr(picture, "tag_v2", {})
    pages = getattr(picture, "n_frames", 1)
    if RAW_VERSION not in tags:
        for page in range(min(pages, 16)):
            picture.seek(page)
            if not int(getattr(picture, "tag_v2", {}).get(SUBFILE, 0)) & 1:
                return
    raise UnreadableImage(
        f"image {quote(name)} is a camera's raw file, or has only a small preview. Develop it to JPEG or PNG."
    )


def _what_is_wrong(error: Exception, data: bytes) -> str:
    """Why a file could not be decoded, as the end of a sentence, and what helps."""
    if isinstance(error, UnidentifiedImageError):
        if data[:4] in (b"II*\0", b"MM\0*") and (kind := describe_unknown(data)):
            return kind
        if not re.match(STARTS, data, re.DOTALL):
            return name_other_kind(data)
    if kind := name_other_jpeg(data):
        return kind
    if data[12:16] == b"CgBI":
        return (
            "it is a PNG out of an app for iPhones (CgBI), which no other program reads. Convert it with Xcode's tools."
        )
    if "MAX_TEXT" in str(error):
        return "its metadata unfold to more than an image's should. Save it again without its metadata."
    said = "" if isinstance(error, UnidentifiedImageError) else f" ({describe_error(error)})"
    return f"damaged or cut short{said}, with {len(data):,} bytes. Copy or export it again."


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where the metadata are damaged."""
    try:
        stated = picture.getexif().get(ORIENTATION, 1)
        return stated[0] if isinstance(stated, bytes) else int(stated)  # written as bytes, against the standard
    except Exception:  # Pillow's reader of EXIF raises whatever the damage leads it to
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, 3) as the camera stored it -> upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _pixels(picture: Image.Image, data: bytes, name: str) -> np.ndarray:
    """An image of any mode as (H, W, 3) uint8 sRGB.

    In strips: a large image is in memory twice, as the decoder has it and as it is wanted, and not six times.
    """
    width, height = picture.size
    try:
        colours = colours_of(picture, data)
    except ValueError as error:
        raise UnreadableImage(f"image {quote(name)} is not readable: {error}") from error
    wide = _wide(picture, data)  # (H, W, 3 or 4) uint16, or None
    rows = max(1, STRIP // max(width, 1))
    boxes = [(0, top, width, min(top + rows, height)) for top in range(0, height, rows)]
    numbers, tags = picture.mode.startswith(("I", "F")), tags_of(picture)
    highest, eights = 0.0, True
    for box in boxes if numbers or wide is not None else []:
        values = true_numbers(np.asarray(picture.crop(box)), tags) if wide is None else wide[box[1] : box[3], :, :3]
        highest = white_of(values, highest)
        eights = eights and values.dtype.kind in "ui" and not (values % 257).any()
    # A PPM says its own white, by which Pillow has scaled its numbers.
    white = 65535.0 if picture.mode == "I" and picture.format == "PPM" else full_scale(highest, picture.mode, eights)
    pixels = np.empty((height, width, 3), np.uint8)
    most = 0
    for box in boxes:
        if wide is not None:
            strip = wide[box[1] : box[3]]
            shown, alpha = _scale(strip[..., :3], white), strip[..., 3] >> 8 if strip.shape[2] == 4 else None
        elif numbers:
            values = true_numbers(np.asarray(picture.crop(box)), tags)
            shown = np.repeat(_scale(values, white)[..., None], 3, axis=2)
            clear = picture.info.get("transparency")  # the one grey that a PNG may declare to be so
            alpha = np.where(values == clear, 0, 255) if isinstance(clear, int) else None
        else:
            shown, alpha = _eight_bit(picture.crop(box), colours)
        if shown.dtype == np.uint16 and colours.profile is not None:  # Pillow's profiles take 8 bits
            eight = Image.fromarray(((shown.astype(np.uint32) + 128) // 257).astype(np.uint8))
            shown = np.asarray(ImageCms.applyTransform(eight.convert(colours.mode), colours.profile))
        elif colours.profile is None:
            shown = colours.seen(shown)
        if alpha is not None:
            most = max(most, int(alpha.max(initial=0)))
            share = alpha[..., None].astype(np.uint16)
            shown = ((shown * share + GROUND * (255 - share) + 127) // 255).astype(np.uint8)
        else:
            most = 255
        pixels[box[1] : box[3]] = shown
    if not most and pixels.size:
        raise UnreadableImage(
            f"image {quote(name)} is not readable: it is transparent everywhere. Save it without its transparency."
        )
    return pixels


def _eight_bit(strip: Image.Image, colours: Colours) -> tuple[np.ndarray, np.ndarray | None]:
    """A strip of 8-bit numbers as RGB, by its profile where it has one, and its alpha."""
    alpha = None
    if strip.mode == "La":  # Pillow knows no way from it to RGBA
        strip = strip.convert("LA")
    if "A" in strip.getbands() or "a" in strip.getbands() or "transparency" in strip.info:
        strip = strip.convert("RGBA")
        alpha = np.asarray(strip.getchannel("A"))
    if colours.profile is None:
        return np.asarray(strip.convert("RGB")), alpha
    return np.asarray(ImageCms.applyTransform(strip.convert(colours.mode), colours.profile)), alpha


def _scale(values: np.ndarray, white: float) -> np.ndarray:
    """Wide numbers as uint16, `white` at 65535."""
    if values.dtype == np.uint16 and white == 65535:
        return values
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=white, neginf=0.0)
    return (numbers / white * 65535 + 0.5).clip(0, 65535).astype(np.uint16)


def _wide(picture: Image.Image, data: bytes) -> np.ndarray | None:
    """All 16 bits of colours, of which Pillow keeps 8: (H, W, 3 or 4) uint16 RGB; None where there are not so many."""
    if picture.format == "PNG":
        if data[24:25] != b"\x10" or data[25:26] not in (b"\x02", b"\x06"):
            return None
    elif picture.format != "TIFF" or picture.tell() or not is_plain_wide(tags_of(picture)):
        return None
    found = _open_with_opencv(data)
    if found is None or found.dtype != np.uint16 or found.shape[:2] != picture.size[::-1] or found.ndim != 3:
        return None
    return found[..., [2, 1, 0, 3][: found.shape[2]]]


def _open_with_opencv(data: bytes) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
