"""Ways to find a movement in the codes of a clip, side by side.

A method is a function from the anchors' codes, (T, L, 512) float32 in the order of time, to displacements of the same
shape: what has to be added to the code of a face at rest to bring it where each anchor is. It is told nothing of how
far the anchors have gone, nor which of them are corrupted; the first one is at rest. `METHODS` holds those that the
benchmark compares; to compare another, add it there or hand it to `benchmarks.truth.run`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from stages.animate import Path, animate
from stages.subspace import fit_micromotion, robust_pca

Method = Callable[[Tensor], Tensor]

PAPER_RANK, PCA_RANK = 4, 2


def last_minus_first(codes: Tensor) -> Tensor:
    """A straight, even way from the first anchor to the last one; the others are not looked at."""
    return _straight(codes)


def paper_rpca(codes: Tensor) -> Tensor:
    """As the paper's code has it: robust PCA of the codes themselves, nothing subtracted, each layer by itself.

    Four singular vectors of the low-rank part are kept; the way leads straight from its first row to its last one.
    """
    layers = []
    for layer in codes.double().unbind(1):  # (T, 512) each
        left, values, right = torch.linalg.svd(robust_pca(layer)[0], full_matrices=False)
        layers.append((left[:, :PAPER_RANK] * values[:PAPER_RANK]) @ right[:PAPER_RANK])
    return _straight(torch.stack(layers, dim=1).float())  # (T, L, 512)


def pca(codes: Tensor) -> Tensor:
    """Two principal components of all layers at once, around their mean; nothing in it is robust."""
    rows = codes.double().flatten(1)  # (T, L * 512)
    left, values, right = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    kept = (left[:, :PCA_RANK] * values[:PCA_RANK]) @ right[:PCA_RANK]
    return (kept - kept[0]).unflatten(1, tuple(codes.shape[1:])).float()


def per_layer_pcp(codes: Tensor) -> Tensor:
    """`fit_micromotion` with robust PCA of each layer by itself, at the anchors' own timing."""
    return _fitted(codes, per_layer=True)  # stray anchors are left out, as by default


def joint_pcp(codes: Tensor, rank: int | None = None) -> Tensor:
    """`fit_micromotion` as it is by default, at the anchors' own timing (`path: replay`)."""
    return _fitted(codes, rank=rank)


def joint_pcp_of_all(codes: Tensor) -> Tensor:
    """The same, of all anchors: stray ones are not told from the others."""
    return _fitted(codes, reject=False)


def joint_pcp_straight(codes: Tensor) -> Tensor:
    """The same movement, gone straight and evenly to its extreme (`path: linear`, and one way of `pingpong`)."""
    return _fitted(codes, path="linear")


METHODS: dict[str, Method] = {
    "last minus first": last_minus_first,
    "paper's RPCA": paper_rpca,
    "PCA": pca,
    "per-layer PCP": per_layer_pcp,
    "joint PCP": joint_pcp,
    "joint PCP, straight": joint_pcp_straight,
    "joint PCP, all anchors": joint_pcp_of_all,
}
BASELINE, DEFAULT = "last minus first", "joint PCP"


def _straight(codes: Tensor) -> Tensor:
    return torch.linspace(0, 1, len(codes))[:, None, None] * (codes[-1] - codes[0])  # (T, L, 512)


def _fitted(
    codes: Tensor, per_layer: bool = False, rank: int | None = None, path: Path = "replay", reject: bool = True
) -> Tensor:
    motion = fit_micromotion(codes, per_layer=per_layer, rank=rank, reject=reject)
    return animate(torch.zeros_like(codes[0]), motion, frames=len(codes), path=path)  # (T, L, 512)
