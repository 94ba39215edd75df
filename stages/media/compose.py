"""What a video shows: the face alone, beside its original, or back in its image."""

from typing import Literal

import cv2
import numpy as np

VideoLayout = Literal["crop", "side_by_side", "paste"]


def side_by_side(still: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The original on the left, the moving face on the right: (H, W, 3) uint8 each -> (H, 2W, 3)."""
    size = frame.shape[1::-1]
    shrinking = still.shape[0] > frame.shape[0]
    left = cv2.resize(still, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return np.concatenate([left, frame], axis=1)


def paste(picture: np.ndarray, frame: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The moving face laid back into its image, fading out towards the crop's border.

    Args:
        picture: (H, W, 3) uint8, where the crop was taken from.
        frame: (S, S, 3) uint8.
        quad: (4, 2), the crop's corners in pixels of `picture`, as `stages.faces.align.face_quad` gives them.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = picture.shape[:2]
    size = frame.shape[0]
    corners = np.array([[0, 0], [0, size], [size, size]], np.float32)
    matrix = cv2.getAffineTransform(corners - 0.5, quad[:3].astype(np.float32) - 0.5)  # (2, 3)
    sampled = matrix + np.array([[0, 0, 0.5], [0, 0, 0.5]])  # `align_face` reads half a pixel farther, as published
    scale = np.linalg.norm(quad[3] - quad[0]) / size
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    laid = cv2.warpAffine(frame, sampled, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(_fade_mask(size), matrix, (width, height))[..., None]  # (H, W, 1)
    return (picture + mask * (laid.astype(np.float32) - picture)).round().astype(np.uint8)


def _fade_mask(size: int) -> np.ndarray:
    """(size, size) float32: 1 over the face, 0 at the border, smooth between."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    distance = np.sqrt(at[:, None] ** 2 + (at[None, :]) ** 2)
    fade = np.clip((1.0 - distance) / 0.25, 0, 1)
    return fade * fade * (3 - 2 * fade)
