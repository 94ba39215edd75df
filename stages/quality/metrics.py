"""The metrics of a video: identity, reconstruction, motion, jitter."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor

# Smoothing by a parabola through five points (Savitzky and Golay, 1964), as weights.
PARABOLA = np.array([-3, 12, 17, 12, -3]) / 35


def identity_crop(images: Tensor) -> Tensor:
    """The part of an aligned face that ArcFace networks are fed: rows 35 to 222, columns 32 to 219 of 256.

    Args:
        images: (B, 3, 256, 256), FFHQ-aligned.

    Returns:
        (B, 3, 112, 112), averaged over areas, in the images' range.

    Raises:
        ValueError: another size than 256.
    """
    if images.ndim != 4 or images.shape[-2:] != (256, 256):
        raise ValueError(f"images must be (B, 3, 256, 256), found {tuple(images.shape)}")
    return F.adaptive_avg_pool2d(images[..., 35:223, 32:220], 112)  # (B, 3, 112, 112)


def csim(embeddings: Tensor, reference: Tensor) -> Tensor:
    """Cosine similarity of identity embeddings, (F, 512) and (512,) -> (F,) in [-1, 1]; 1 is the same face.

    The figure depends on the network that made the embeddings: name it beside the figure.
    """
    return F.cosine_similarity(embeddings, reference[None], dim=1)


def psnr(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal images.

    Args:
        a, b: images of one shape, both uint8 (peak 255) or both floating point in [-1, 1] (peak to peak 2).

    Raises:
        ValueError: shapes differ, or only one of them is uint8.
    """
    first, second = torch.as_tensor(a), torch.as_tensor(b)
    if first.shape != second.shape:
        raise ValueError(f"images must have one shape, found {tuple(first.shape)} and {tuple(second.shape)}")
    if (first.dtype == torch.uint8) != (second.dtype == torch.uint8):
        raise ValueError(f"images must have one range, found {first.dtype} and {second.dtype}")
    peak = 255.0 if first.dtype == torch.uint8 else 2.0
    error = float((first.double() - second.double()).square().mean())
    return float(10 * np.log10(peak**2 / error)) if error > 0 else float("inf")


def akd(points: ArrayLike, reference: ArrayLike) -> float:
    """Average keypoint distance: the mean over keypoints and frames of |dx| + |dy| (Siarohin et al., NeurIPS 2019).

    Args:
        points, reference: (..., 68, 2), in one unit, which is the result's. In shares of the inter-ocular distance
            (outer corners of the eyes) figures of different faces and crops compare.
    """
    return float(np.abs(_array(points) - _array(reference)).sum(axis=-1).mean())


def motion_gain(moved: ArrayLike, field: ArrayLike, progress: ArrayLike) -> tuple[float, float]:
    """Whether landmarks move as they should, and how far.

    Each frame's displacement is projected on the field; that leaves one number a frame, 1 for the whole field.

    Args:
        moved: (F, 68, 2), displacements from rest.
        field: (68, 2), the displacement that progress 1 should make, in the same unit.
        progress: (F,), how far along the motion each frame is meant to be.

    Returns:
        correlation: of the projections with `progress`, -1 to 1; NaN where either of them stands still.
        amplitude: the slope of the least-squares line through rest: 1 moves as far as the field, 0 not at all, below 0
            the other way; NaN where `progress` is zero or the field is.
    """
    field, progress = _array(field), _array(progress)
    strength, meant = float(np.square(field).sum()), float(np.square(progress).sum())
    if strength == 0 or meant == 0:
        return float("nan"), float("nan")
    reach = np.einsum("fpc,pc->f", _array(moved), field) / strength  # (F,)
    amplitude = float(reach @ progress / meant)
    if np.ptp(progress) == 0 or np.ptp(reach) <= 1e-12 * max(1.0, float(np.abs(reach).max())):
        return float("nan"), amplitude
    return float(np.corrcoef(reach, progress)[0, 1]), amplitude


def share_found(found: ArrayLike, asked: ArrayLike) -> float:
    """How far landmarks move along the way that they are asked to go.

    Args:
        found, asked: (F, 68, 2), displacements from the same frame, in one unit.

    Returns:
        The slope of the least-squares line through rest: 1 is all the way, 0 none, below 0 backwards; NaN where
        nothing is asked.
    """
    found, asked = _array(found), _array(asked)
    wanted = float(np.square(asked).sum())
    return float((found * asked).sum() / wanted) if wanted > 0 else float("nan")


def jitter(track: ArrayLike) -> float:
    """How much landmarks tremble: their mean distance from their own track smoothed over five frames.

    Motions of constant acceleration do not count. White noise of deviation s in both coordinates counts 0.9 s. Only
    tracks with frames equally far apart in time compare.

    Args:
        track: (F, 68, 2), in any unit, which is the result's.

    Returns:
        The mean over landmarks and the frames that have two others on both sides; NaN for fewer than 5 frames.
    """
    track = _array(track)
    if len(track) < len(PARABOLA):
        return float("nan")
    windows = np.lib.stride_tricks.sliding_window_view(track, len(PARABOLA), axis=0)  # (F - 4, 68, 2, 5)
    return float(np.linalg.norm(track[2:-2] - windows @ PARABOLA, axis=-1).mean())


def _array(values: ArrayLike) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
