"""Landmarks of faces that are aligned already: one fixed window serves, so that nothing but the face moves."""

import cv2
import numpy as np
import torch

from weights.networks.fan import LandmarkNetwork

# Where a face's landmarks lie in the FFHQ crop, as shares of its side. Over 30,000 renders the centre varies by 0.02
# (across by 0.1, where heads turn),
# the size by 5 %, well within what the network is trained to read.
WINDOW_CENTRE = (0.50, 0.635)
WINDOW_SIDE = 1.09


def landmarks_in_crops(network: LandmarkNetwork, crops: np.ndarray, batch: int = 16) -> np.ndarray:
    """The 68 landmarks of FFHQ-aligned faces, (B, 68, 2): the first of what `locate_in_crops` gives."""
    return locate_in_crops(network, crops, batch)[0]


@torch.inference_mode()
def locate_in_crops(network: LandmarkNetwork, crops: np.ndarray, batch: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """The 68 landmarks of FFHQ-aligned faces, and how clearly each crop shows a face.

    Args:
        network: its device is used.
        crops: (B, S, S, 3) uint8.
        batch: crops at a time.

    Returns:
        (B, 68, 2) float32, x and y as shares of the crop's side: 0 is its left or top border, 1 its right or bottom;
        (B,) float32, the median peak of the heatmaps: about 1 for a clear face and near 0 for none.
    """
    size, device = crops.shape[1], next(network.parameters()).device
    scale = network.input_size / (WINDOW_SIDE * size)
    corner = np.array(WINDOW_CENTRE) * size - WINDOW_SIDE * size / 2
    # The window reaches over the crop by a few per cent: its border is repeated there.
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = scale * (0.5 - corner) - 0.5  # OpenCV counts pixel centres as whole numbers
    side = (network.input_size, network.input_size)
    shrinking = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    windows = [cv2.warpAffine(crop, matrix, side, flags=shrinking, borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    pixels = torch.from_numpy(np.stack(windows)).permute(0, 3, 1, 2).float() / 255  # (B, 3, N, N)
    found = [network.locate(part.to(device)) for part in pixels.split(batch)]
    points = torch.cat([places.cpu() for places, _ in found]).numpy()
    peaks = torch.cat([heights.cpu() for _, heights in found]).numpy()
    return ((points / scale + corner) / size).astype(np.float32), peaks.astype(np.float32)  # (B, 68, 2), (B,)


def interocular(landmarks: np.ndarray) -> float:
    """Distance between the outer corners of the eyes, (68, 2) -> scalar."""
    return float(np.linalg.norm(landmarks[36] - landmarks[45]))
