"""Views of an image for a network: the image turned, or a square of it at another size."""

import cv2
import numpy as np

from stages.faces.detectors import LONGEST_SIDE


def rotate(image: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """An image turned anticlockwise, whole, and at most `LONGEST_SIDE` large before it is turned.

    Returns:
        The image; (2, 3) float64, which takes points of `image` to points of it, pixel centres at .5.
    """
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    to = np.array([[cos, sin], [-sin, cos]])
    size = np.ceil(np.abs(to) @ (width, height)).astype(int)
    matrix = np.column_stack([to, size / 2 - to @ (width / 2, height / 2)])
    at_centres = matrix.copy()
    at_centres[:, 2] += to @ (0.5, 0.5) - 0.5  # OpenCV counts pixel centres as whole numbers
    shrunk, rest = image, at_centres
    if scale < 1:  # average first: a warp reads only four pixels for each of its own
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        back = np.array([[width / small[0], 0.0], [0.0, height / small[1]]])
        rest = np.column_stack([to @ back, to @ (back @ (0.5, 0.5)) + matrix[:, 2] - 0.5])
    return cv2.warpAffine(shrunk, rest, (int(size[0]), int(size[1])), borderMode=cv2.BORDER_REPLICATE), matrix


def cut_window(image: np.ndarray, centre: np.ndarray, side: float, size: int) -> tuple[np.ndarray, np.ndarray, float]:
    """A square of an image at another size, black beyond the image's borders.

    Args:
        image: (H, W, 3) uint8.
        centre, side: the square, in pixels.
        size: height and width of the result.

    Returns:
        (size, size, 3) uint8; the square's top left corner (2,) in the image; result pixels to an image pixel.
    """
    scale = size / side
    corner = np.asarray(centre) - side / 2
    shrink = int(side / size)
    if shrink > 1:  # average first: the warp below reads only four pixels for each of its own
        low = np.maximum(np.floor(corner).astype(int), 0)
        high = np.minimum(np.ceil(corner + side).astype(int), image.shape[1::-1])
        part = image[low[1] : high[1], low[0] : high[0]]
        if min(part.shape[:2]) < shrink:
            return np.zeros((size, size, 3), np.uint8), corner, scale
        height, width = part.shape[0] // shrink * shrink, part.shape[1] // shrink * shrink
        smaller = cv2.resize(part[:height, :width], (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
        window, _, _ = cut_window(smaller, (np.asarray(centre) - low) / shrink, side / shrink, size)
        return window, corner, scale
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    matrix[:, 2] = scale * (0.5 - corner) - 0.5  # OpenCV counts pixel centres as whole numbers
    return cv2.warpAffine(np.ascontiguousarray(image), matrix, (size, size), flags=cv2.INTER_LINEAR), corner, scale
