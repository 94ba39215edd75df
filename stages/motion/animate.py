"""Move a face's code along a micromotion.

A micromotion is an affine move in W+: the face's own code plus a multiple of one direction
(Wu et al., "Decoding Micromotion in Low-dimensional Latent Spaces from StyleGAN", CPAL 2024).
"""

import numpy as np
import torch
from torch import Tensor

from common.errors import MotionMismatch
from stages.motion.micromotion import Micromotion
from stages.motion.motion_path import MotionPath

FARTHEST_NEIGHBOUR = 2.0  # of the median gap between anchors


def animate(
    code: Tensor,
    motion: Micromotion,
    frames: int,
    path: MotionPath = "linear",
    strength: float = 1.0,
    layers: tuple[int, int] | None = None,
) -> Tensor:
    """The codes of a face making `motion`, one for each frame.

    Args:
        code: the face at rest, (L, 512), W+.
        motion: fitted on the same generator as `code`.
        frames: how many, at least 2.
        path: `linear` goes evenly from rest to the extreme; `pingpong` goes there and comes back as evenly, and as it
            ends at rest it loops; `replay` has the anchors' own timing, pauses and all, stretched over the frames.
        strength: 1.0 is the full extent seen in the anchors; negative runs the motion backwards.
        layers: first and last + 1 of the layers that move; all by default.

    Returns:
        (frames, L, 512) float32 on the code's device. The first equals `code`, for `replay` if the anchors begin at
        rest. `linear` ends at the extreme; `pingpong` passes it (from 3 frames on) and ends with `code` again.

    Raises:
        MotionMismatch: `motion` has another shape than `code`.
        ValueError: fewer than 2 frames, another path, a strength that is not finite, or layers that do not exist.
    """
    if motion.direction.shape != code.shape:
        raise MotionMismatch(f"codes of {tuple(code.shape)}", tuple(motion.direction.shape), motion.source)
    if frames < 2:
        raise ValueError(f"a path has at least 2 frames, found {frames}")
    if not abs(strength) < float("inf"):
        raise ValueError(f"strength must be finite, found {strength}")
    moved = _layer_mask(len(code), layers, code.device)  # (L,)
    if path == "replay":
        progress = _retime(motion.coefficients, motion.times, frames).to(code.device)  # (F, R)
        moves = torch.einsum("fr,rld->fld", progress, motion.basis.to(code.device))  # (F, L, 512)
    else:
        progress = _progress(frames, path).to(code.device)  # (F,)
        moves = progress[:, None, None] * motion.direction.to(code.device)  # (F, L, 512)
    return code.float() + strength * moved[:, None] * moves


def _layer_mask(count: int, layers: tuple[int, int] | None, device: torch.device) -> Tensor:
    """(L,) 1 for each layer that moves, else 0."""
    first, end = layers or (0, count)
    if not 0 <= first < end <= count:
        raise ValueError(f"layers must be [first, last + 1] within [0, {count}], found [{first}, {end}]")
    index = torch.arange(count, device=device)
    return ((index >= first) & (index < end)).float()


def _progress(frames: int, path: str) -> Tensor:
    """(F,) 0 at rest, 1 at the extreme."""
    if path == "linear":
        return torch.linspace(0, 1, frames)
    if path == "pingpong":
        # With an even number of frames the extreme stands for two, so that it is reached in any case.
        rising = torch.linspace(0, 1, (frames + 1) // 2)
        return torch.cat([rising, rising.flip(0)[frames % 2 :]])
    raise ValueError(f'path must be "linear", "pingpong" or "replay", found "{path}"')


def _retime(coefficients: Tensor, times: Tensor | None, frames: int) -> Tensor:
    """(T, R), (T,) -> (F, R): lightly smoothed over time, at the same full extent, and spread over F frames by time."""
    count = len(coefficients)
    moments = np.arange(count) if times is None else times.double().cpu().numpy()  # (T,)
    values = coefficients.double().cpu().numpy()
    gaps = np.diff(moments)
    near = (gaps <= FARTHEST_NEIGHBOUR * np.median(gaps))[:, None]  # (T - 1, 1): nothing is smoothed over a pause
    smooth = values.copy()
    smooth[1:-1] += np.where(near[:-1], values[:-2] - values[1:-1], 0) / 4
    smooth[1:-1] += np.where(near[1:], values[2:] - values[1:-1], 0) / 4
    reach = max(float(np.linalg.norm(smooth, axis=1).max()), 1e-30)
    smooth *= np.linalg.norm(values, axis=1).max() / reach  # smoothing lowers a short motion's peak
    wanted = np.linspace(moments[0], moments[-1], frames)
    spread = np.stack([np.interp(wanted, moments, course) for course in smooth.T], axis=1)  # (F, R)
    return torch.from_numpy(spread).float()
