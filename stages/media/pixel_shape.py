"""Pixels that are not square: films and scanners store frames that have to be stretched."""

import cv2
import numpy as np
from PIL import Image

MOST_STRETCH = 8.0  # of a clip's pixel; what claims more is damaged
# Densities are rounded: 300 x 299 dots an inch are meant to be square. Those that differ most are of telefaxes, 204 x
# 98; what claims more, such as 72 x 300, was never measured.
LEAST_DENSITY, MOST_DENSITY = 1.02, 2.5


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """The size that shows pixels of a shape as square ones, none of them left out; unchanged where it is absurd.

    Args:
        aspect: a pixel's width for its height.
    """
    if not 1 / MOST_STRETCH <= aspect <= MOST_STRETCH:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def pixel_aspect(picture: Image.Image) -> float:
    """A pixel's width for its height by an image's dots an inch, across and down; 1 where they are not said.

    Raises:
        ValueError: it says the shape without a unit; the text is the end of a sentence.
    """
    info, is_jpeg = picture.info, picture.format in ("JPEG", "MPO")
    across, down = (
        info.get("jfif_density" if is_jpeg else "dpi") or info.get("resolution") or (1, 1)
    )  # TIFF's, unitless
    unitless = info.get("aspect") or (is_jpeg and info.get("jfif_unit") == 0 and (across, down)) or (1, 1)
    if min(unitless) > 0 and _differ(*unitless):
        # ffmpeg writes 2:1 for pixels twice as wide as high, libpng reads it as the opposite.
        raise ValueError(
            f"its pixels are not square ({unitless[0]}:{unitless[1]}), and programs differ on which side is the longer "
            "one. Save it with square pixels."
        )
    aspect = float(down) / float(across) if min(across, down) > 0 else 1.0  # the more on an inch, the narrower
    return aspect if _differ(aspect, 1.0) else 1.0


def stretch(pixels: np.ndarray, aspect: float) -> np.ndarray:
    """(H, W, 3) of pixels of a shape -> (H', W', 3) of square ones."""
    height, width = pixels.shape[:2]
    size = square_size(width, height, aspect)
    return pixels if size == (width, height) else cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)


def _differ(one: float, other: float) -> bool:
    return LEAST_DENSITY < max(one / other, other / one) <= MOST_DENSITY
