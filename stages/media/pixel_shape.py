"""Pixels that are not square: films and scanners store frames that have to be stretched."""

import cv2
import numpy as np
from PIL import ExifTags, Image

MOST_STRETCH = 8.0  # of a clip's pixel; what claims more is damaged
# Densities are rounded: 300 x 299 dots an inch are meant to be square. Those that differ most are of telefaxes, 204 x
# 98; what claims more, such as 72 x 300, was never measured.
LEAST_DENSITY, MOST_DENSITY = 1.02, 2.5
LYING = range(5, 9)  # orientations whose rows are the image's columns


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """The size that shows pixels of a shape as square ones, none of them left out; unchanged where it is absurd.

    Args:
        aspect: a pixel's width for its height.
    """
    if not 1 / MOST_STRETCH <= aspect <= MOST_STRETCH:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def pixel_aspect(picture: Image.Image) -> float:
    """A pixel's width for its height as a TIFF says it by its densities, across and down; 1 for any other image.

    Scanners and telefaxes write TIFFs, and programs that read those stretch them. In other images dots an inch are for
    a printer: browsers and viewers show their pixels as square ones, and so do we.

    Args:
        picture: opened and not loaded: then Pillow turns a TIFF upright.

    Raises:
        ValueError: the image says its pixels' shape alone; the text is the end of a sentence.
    """
    info = picture.info
    if picture.format == "TIFF":
        across, down = info.get("dpi") or info.get("resolution") or (1, 1)
        if picture.getexif().get(ExifTags.Base.Orientation) in LYING:
            across, down = down, across
        aspect = float(down) / float(across) if min(across, down) > 0 else 1.0  # the more on an inch, the narrower
        return aspect if _differ(aspect, 1.0) else 1.0
    shape = info.get("aspect") or (info.get("jfif_unit") == 0 and info.get("jfif_density")) or (1, 1)
    if min(shape) > 0 and _differ(*shape):
        # ffmpeg writes 2:1 for pixels twice as wide as high, libpng reads it as the opposite.
        raise ValueError(
            f"its pixels are not square ({shape[0]}:{shape[1]}), and programs differ on which side is the longer one. "
            "Save it with square pixels."
        )
    return 1.0


def stretch(pixels: np.ndarray, aspect: float) -> np.ndarray:
    """(H, W, 3) of pixels of a shape -> (H', W', 3) of square ones."""
    height, width = pixels.shape[:2]
    size = square_size(width, height, aspect)
    return pixels if size == (width, height) else cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)


def _differ(one: float, other: float) -> bool:
    return LEAST_DENSITY < max(one / other, other / one) <= MOST_DENSITY
