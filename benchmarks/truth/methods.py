"""Ways to find a motion in the codes of a clip, side by side.

A method is a function from the anchors, whose codes are (T, L, 512) float32 in the order of time, to displacements of
that shape: what has to be added to the code of a face at rest to bring it where each anchor is. It is told nothing of
how far the anchors have gone, nor which of them are corrupted; the first one is at rest. `METHODS` holds those that the
benchmark compares; to compare another, add it there or hand it to `benchmarks.truth.motions.run`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.fit_clip import ClipAnchors, fit_anchors
from stages.motion.animate import animate
from stages.motion.attenuation import compensate_attenuation
from stages.motion.fit import fit_micromotion
from stages.motion.micromotion import Micromotion
from stages.motion.motion_path import MotionPath
from stages.motion.robust_pca import robust_pca


@dataclass(frozen=True, eq=False)
class Anchors:
    """What a pipeline knows of a clip.

    Attributes:
        codes: (T, L, 512) float32, of the frames, in the order of time.
        seen: (T, 68, 2) float32, landmarks found in the frames, in shares of the picture's side.
        shown: (T, 68, 2) float32, landmarks found in the generator's pictures of the codes.
        skin, shown_skin: (T, N, 3) float32, tones of the skin in both (`stages.motion.skin_tones`).
    """

    codes: Tensor
    seen: np.ndarray
    shown: np.ndarray
    skin: np.ndarray
    shown_skin: np.ndarray


Method = Callable[[Anchors], Tensor]

PAPER_RANK, PCA_RANK = 4, 2
FPS = 24.0  # anchors a second: evenly spread, at whatever rate


def last_minus_first(anchors: Anchors) -> Tensor:
    """A straight, even way from the first anchor to the last one; the others are not looked at."""
    return _straight(anchors.codes)


def paper_rpca(anchors: Anchors) -> Tensor:
    """As the paper's code has it: robust PCA of the codes themselves, nothing subtracted, each layer by itself.

    Four singular vectors of the low-rank part are kept; the way leads straight from its first row to its last one.
    """
    layers = []
    for layer in anchors.codes.double().unbind(1):  # (T, 512) each
        left, values, right = torch.linalg.svd(robust_pca(layer)[0], full_matrices=False)
        layers.append((left[:, :PAPER_RANK] * values[:PAPER_RANK]) @ right[:PAPER_RANK])
    return _straight(torch.stack(layers, dim=1).float())  # (T, L, 512)


def pca(anchors: Anchors) -> Tensor:
    """Two principal components of all layers at once, around their mean; nothing in it is robust."""
    rows = anchors.codes.double().flatten(1)  # (T, L * 512)
    left, values, right = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    kept = (left[:, :PCA_RANK] * values[:PCA_RANK]) @ right[:PCA_RANK]
    return (kept - kept[0]).unflatten(1, tuple(anchors.codes.shape[1:])).float()


def default_motion(anchors: Anchors, *, rank: int | None = None, per_layer: bool = False) -> Micromotion:
    """The motion that a job finds by default, through the door that a job takes."""
    count = len(anchors.codes)
    known = ClipAnchors(
        path="",
        source="",
        times=np.arange(count) / FPS,
        codes=anchors.codes.numpy(),
        landmarks=anchors.seen,
        rendered=anchors.shown,
        skin=anchors.skin,
        rendered_skin=anchors.shown_skin,
        identities=np.ones((count, 1)),
        crops=[],
        renderings=[],
    )
    return fit_anchors(known, generator="", warn=lambda message: None, rank=rank, per_layer=per_layer)


def per_layer_pcp(anchors: Anchors) -> Tensor:
    """The default with robust PCA of each layer by itself (`per_layer: true`)."""
    return _moves(anchors, default_motion(anchors, per_layer=True))  # stray anchors are left out, as by default


def joint_pcp(anchors: Anchors, rank: int | None = None) -> Tensor:
    """The motion that a job makes by default: straight and evenly to its extreme (one way of `path: pingpong`)."""
    return _moves(anchors, default_motion(anchors, rank=rank))


def joint_pcp_as_timed(anchors: Anchors) -> Tensor:
    """The same fit in all its directions, at the anchors' own timing (`path: replay`)."""
    return _moves(anchors, default_motion(anchors), "replay")


def joint_pcp_as_inverted(anchors: Anchors) -> Tensor:
    """The default, as long as the codes' way and not as the clip's: what the inversion lost is not made up for."""
    return _moves(anchors, fit_micromotion(anchors.codes, landmarks=anchors.seen))


def joint_pcp_of_all(anchors: Anchors) -> Tensor:
    """The default, of all anchors: stray ones are not told from the others."""
    motion = fit_micromotion(anchors.codes, reject=False, landmarks=anchors.seen)
    return _moves(anchors, compensate_attenuation(motion, anchors.shown))


METHODS: dict[str, Method] = {
    "last minus first": last_minus_first,
    "paper's RPCA": paper_rpca,
    "PCA": pca,
    "per-layer PCP": per_layer_pcp,
    "joint PCP": joint_pcp,
    "joint PCP, as timed": joint_pcp_as_timed,
    "joint PCP, as inverted": joint_pcp_as_inverted,
    "joint PCP, all anchors": joint_pcp_of_all,
}
BASELINE, DEFAULT = "last minus first", "joint PCP"


def _straight(codes: Tensor) -> Tensor:
    return torch.linspace(0, 1, len(codes))[:, None, None] * (codes[-1] - codes[0])  # (T, L, 512)


def _moves(anchors: Anchors, motion: Micromotion, path: MotionPath = "linear") -> Tensor:
    return animate(torch.zeros_like(anchors.codes[0]), motion, frames=len(anchors.codes), path=path)  # (T, L, 512)
