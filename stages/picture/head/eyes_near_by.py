"""The landmarks of eyes, found once more near by."""

import numpy as np
import torch

from stages.picture.head.eye_crops import SIDES, Side, cut_eye
from weights.networks.eye_outline import EyeOutlines

LOOKS = 3  # each where the one before it found the eye
SMALLEST = 8.0  # pixels: a narrower eye stays as the whole face's landmarks have it
UNSURE = 5.5  # pixels of the crop: the mean standard deviation of an outline that is not believed


@torch.inference_mode()
def with_eyes_near_by(network: EyeOutlines, picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Landmarks with the eyes' as the network finds them.

    Args:
        picture: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) float64, pixels, centres at .5.

    Returns:
        (68, 2); the others, and those of eyes that are too small or that it is not sure of, as they were.
    """
    found, device = np.array(landmarks, np.float64), next(network.parameters()).device
    sides = [side for side in SIDES if _width(found, side) >= SMALLEST]
    for look in range(LOOKS):
        if not sides:
            break
        crops = [cut_eye(picture, found[list(side.landmarks)], side) for side in sides]
        pixels = torch.from_numpy(np.stack([crop.image for crop in crops])).permute(0, 3, 1, 2).float() / 255
        seen = network.run(pixels.to(device)).cpu().numpy()  # (N, 6, 3)
        for side, crop, points in zip(sides, crops, seen, strict=True):
            found[list(side.landmarks)] = crop.back(points[:, :2].astype(np.float64))
        # A first look may be unsure of an eye that it has half of.
        sure = (seen[..., 2].mean(axis=1) <= UNSURE) | (look < LOOKS - 1)
        believed = [side for side, known in zip(sides, sure, strict=True) if known and _width(found, side) >= SMALLEST]
        for side in sides:
            if side not in believed:
                found[list(side.landmarks)] = landmarks[list(side.landmarks)]
        sides = believed
    return found


def _width(landmarks: np.ndarray, side: Side) -> float:
    """Pixels from corner to corner."""
    return float(np.linalg.norm(landmarks[side.landmarks[3]] - landmarks[side.landmarks[0]]))
