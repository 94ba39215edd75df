"""Asking whether what was found is a person's face, with the bundled classifier."""

import cv2
import numpy as np
import torch

from stages.faces.align import face_quad
from weights.networks.face_check import INPUT_SIZE, FaceCheck

SHARE = 0.85  # of the side of FFHQ's crop
FINER = 2  # crops are cut so many times larger, then averaged


def cut_check_crop(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """A face upright, from the hairline to the chin.

    Args:
        image: (H, W, 3) uint8.
        landmarks: (68, 2) in pixels, finite, not all in one point.

    Returns:
        (64, 64, 3) uint8, black beyond the image's borders.
    """
    quad = face_quad(landmarks)
    side = SHARE * float(np.hypot(*(quad[3] - quad[0])))
    size = INPUT_SIZE * FINER
    shrink = max(1.0, side / size)
    if shrink > 1:  # average first: the warp below reads only four pixels for each of its own
        low = np.clip(np.floor(quad.min(axis=0)).astype(int), 0, np.array(image.shape[1::-1]) - 1)
        high = np.clip(np.ceil(quad.max(axis=0)).astype(int), low + 1, image.shape[1::-1])
        part = image[low[1] : high[1], low[0] : high[0]]
        smaller = (max(1, round(part.shape[1] / shrink)), max(1, round(part.shape[0] / shrink)))
        image = cv2.resize(part, smaller, interpolation=cv2.INTER_AREA)
        quad = (quad - low) * (np.array(smaller) / part.shape[1::-1])
    centre, along, down = quad.mean(axis=0), (quad[3] - quad[0]) * SHARE, (quad[1] - quad[0]) * SHARE
    matrix = np.linalg.inv(np.stack([along, down], axis=1)) * size
    offset = size / 2 - matrix @ centre
    at_centres = np.column_stack([matrix, offset + matrix @ (0.5, 0.5) - 0.5])  # OpenCV counts them as whole numbers
    fine = cv2.warpAffine(np.ascontiguousarray(image), at_centres, (size, size), flags=cv2.INTER_LINEAR)
    return cv2.resize(fine, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)


@torch.inference_mode()
def looks_human(check: FaceCheck, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """How surely each of N sets of landmarks, (N, 68, 2) in pixels, is of a person's face.

    Returns:
        (N,) float32 logits, the mean of the crop's and of its mirror image's.
    """
    if not len(landmarks):
        return np.zeros(0, np.float32)
    crops = np.stack([cut_check_crop(image, points) for points in landmarks])  # (N, 64, 64, 3)
    both = torch.from_numpy(np.concatenate([crops, crops[:, :, ::-1]])).permute(0, 3, 1, 2).float() / 255
    first, second = check.run(both.to(next(check.parameters()).device)).cpu().chunk(2)
    mean: np.ndarray = ((first + second) / 2).numpy()
    return mean
