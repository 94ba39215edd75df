"""Move a face's code along a micromotion.

A micromotion is an affine move in W+: the face's own code plus a multiple of one direction
(Wu et al., "Decoding Micromotion in Low-dimensional Latent Spaces from StyleGAN", CPAL 2024).
"""

from typing import Literal

import torch
from torch import Tensor

from stages.errors import MotionMismatch
from stages.micromotion import Micromotion

Path = Literal["linear", "pingpong", "replay"]


def animate(
    code: Tensor,
    motion: Micromotion,
    frames: int,
    path: Path = "linear",
    strength: float = 1.0,
    layers: tuple[int, int] | None = None,
) -> Tensor:
    """The codes of a face making `motion`, one for each frame.

    Args:
        code: the face at rest, (L, 512), W+.
        motion: fitted on the same generator as `code`.
        frames: how many, at least 2.
        path: `linear` goes evenly from rest to the extreme; `pingpong` goes there and comes back as evenly, and as it
            ends at rest it loops; `replay` has the anchors' own timing, stretched over the frames.
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
    moved = _moved_layers(len(code), layers, code.device)  # (L,)
    if path == "replay":
        progress = _retimed(motion.coefficients, frames).to(code.device)  # (F, R)
        moves = torch.einsum("fr,rld->fld", progress, motion.basis.to(code.device))  # (F, L, 512)
    else:
        progress = _progress(frames, path).to(code.device)  # (F,)
        moves = progress[:, None, None] * motion.direction.to(code.device)  # (F, L, 512)
    return code.float() + strength * moved[:, None] * moves


def _moved_layers(count: int, layers: tuple[int, int] | None, device: torch.device) -> Tensor:
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


def _retimed(coefficients: Tensor, frames: int) -> Tensor:
    """(T, R) -> (F, R): lightly smoothed over time, at the same full extent, and spread evenly over F frames."""
    smooth = coefficients.clone()
    smooth[1:-1] = (coefficients[:-2] + 2 * coefficients[1:-1] + coefficients[2:]) / 4
    reach = smooth.norm(dim=1).max().clamp(min=1e-30)
    smooth = smooth * (coefficients.norm(dim=1).max() / reach)  # smoothing lowers a short movement's peak
    spread = torch.nn.functional.interpolate(
        smooth.T[None], size=frames, mode="linear", align_corners=True
    )  # (1, R, F)
    return spread[0].T
