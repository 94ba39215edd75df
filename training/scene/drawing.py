"""Drawing to a sixteenth of a pixel, with places as our landmarks count them: the first pixel's centre at .5."""

import cv2
import numpy as np
from numpy.random import Generator

SHIFT = 4  # of OpenCV's fixed-point coordinates: sixteenths of a pixel


def fixed_point(points: np.ndarray) -> np.ndarray:
    """Places in OpenCV's fixed-point numbers, which count pixel centres as whole ones."""
    return np.round((np.asarray(points, np.float64) - 0.5) * (1 << SHIFT)).astype(np.int32)


def tone(colour: np.ndarray) -> np.ndarray:
    """A colour within 0 and 255."""
    return np.clip(colour, 0, 255)


def tone_of(colour: np.ndarray) -> tuple[float, ...]:
    """A colour as OpenCV takes it."""
    return tuple(float(value) for value in tone(np.asarray(colour)))


def draw_ellipse(
    image: np.ndarray, centre: np.ndarray, axes: tuple[float, float], colour: np.ndarray, width: int = -1
) -> None:
    """In place; filled where no width is given."""
    x, y = fixed_point(centre)
    across, down = (max(1, round(axis * (1 << SHIFT))) for axis in axes)
    cv2.ellipse(image, (int(x), int(y)), (across, down), 0, 0, 360, tone_of(colour), width, cv2.LINE_AA, SHIFT)


def fill(image: np.ndarray, outlines: list[np.ndarray], colour: np.ndarray, soft: float) -> np.ndarray:
    """Outlines filled with a colour, their edges blurred by `soft` pixels."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [fixed_point(outline) for outline in outlines], 255, cv2.LINE_AA, SHIFT)
    share = cv2.GaussianBlur(mask, (0, 0), max(0.3, soft)).astype(np.float32)[..., None] / 255
    result: np.ndarray = (image * (1 - share) + np.clip(colour, 0, 255) * share).astype(np.uint8)
    return result


def stroke(
    image: np.ndarray,
    lines: list[np.ndarray],
    colour: np.ndarray,
    thickness: float,
    strength: float,
    hairs: bool = False,
    rng: Generator | None = None,
) -> np.ndarray:
    """Lines of any thickness, thinner than a pixel by being weaker; of single hairs, where asked for."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.polylines(mask, [fixed_point(line) for line in lines], False, 255, max(1, round(thickness)), cv2.LINE_AA, SHIFT)
    share = cv2.GaussianBlur(mask, (0, 0), 0.4).astype(np.float32) / 255 * strength * min(1.0, max(0.35, thickness))
    if hairs and rng is not None:
        share = share * rng.uniform(0.3, 1.0, share.shape).astype(np.float32)
    result: np.ndarray = (image * (1 - share[..., None]) + np.clip(colour, 0, 255) * share[..., None]).astype(np.uint8)
    return result


def lowered(points: np.ndarray, by: float) -> np.ndarray:
    """Places, (..., 2), moved down the image."""
    moved: np.ndarray = points + np.array([0.0, by])
    return moved
