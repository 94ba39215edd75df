"""Find the motion in a clip's codes: a low-dimensional subspace, and the way through it.

Wu et al., "Decoding Micromotion in Low-dimensional Latent Spaces from StyleGAN" (CPAL 2024). Other than in the
paper's code, codes are centred before they are decomposed: otherwise the largest direction is the face itself.
"""

import numpy as np
import torch
from torch import Tensor

from common.errors import ClipError
from stages.motion.debias import debias
from stages.motion.micromotion import Micromotion
from stages.motion.outliers import find_outliers, interpolate_outliers
from stages.motion.robust_pca import robust_pca


def fit_micromotion(
    codes: Tensor | np.ndarray,
    *,
    rank: int | None = None,
    energy: float = 0.95,
    per_layer: bool = False,
    reject: bool = True,
    neutral: int = 0,
    source: str = "",
    generator: str = "",
    fps: float = 0.0,
    landmarks: Tensor | np.ndarray | None = None,
    times: Tensor | np.ndarray | None = None,
) -> Micromotion:
    """The motion that a row of anchors makes.

    Anchors that show something else are told first (`stages.motion.outliers`), and the fit sees what lies between their
    neighbours in their place. Anchors are centred on the neutral one and then, entry by entry, on the median over time,
    so that a blemish in the neutral anchor stays one entry's error and is not added to all the others. Robust PCA
    separates what moves together from what is rare; the leading singular vectors of its low-rank part are the
    motion's courses over time, to which the extent is fitted robustly (`stages.motion.debias` says why).
    Displacements count from the neutral anchor.

    Args:
        codes: (T, L, 512), the anchors in the order of time, T >= 2.
        rank: how many directions; by default as few as hold `energy`.
        energy: share of the low-rank part's variation over time to be held, in (0, 1].
        per_layer: run robust PCA on each layer by itself, as the paper's code does, instead of on all at once.
        reject: whether stray anchors are looked for.
        neutral: which anchor shows the face at rest.
        source: where the anchors come from (hash of a clip, or a template).
        generator: fingerprint of the generator in whose W+ the codes lie.
        fps: anchors a second; 0 where they have no timing.
        landmarks: (T, 68, 2), the anchors' landmarks as shares of the aligned crop, carried along for measuring.
        times: (T,) seconds, rising, carried along for `replay`.

    Returns:
        Its direction leads from the neutral anchor to the one farthest from it in the leading components, with that
        anchor's extent; each component is signed so that this anchor lies on its positive side.

    Raises:
        ClipError: fewer than two anchors, codes that are not finite, or anchors that do not move.
        ValueError: another shape, or an argument out of its range.
    """
    given = torch.as_tensor(codes).detach().cpu().double()  # (T, L, 512)
    _check_arguments(given, rank, energy, neutral)
    _check_anchors(given, source)
    shape = given.shape[1:]
    stray = find_outliers(given, neutral) if reject else torch.zeros(len(given), dtype=torch.bool)
    given = interpolate_outliers(given, stray)
    moves = given - given[neutral]
    if moves.abs().max() <= 1e-6 * given.abs().max():
        raise ClipError(
            f"{_name_source(source)}the anchors do not move: all codes are equal. Use a clip that shows a motion."
        )
    centred = moves - moves.median(dim=0).values  # (T, L, 512)
    low_rank = _low_rank(centred, per_layer).flatten(1)  # (T, L * 512)
    courses, explained = _time_courses(low_rank, rank, energy)  # (T, R)
    if 2 * (courses.shape[1] + 1) <= len(given):
        courses, loadings = debias(centred.flatten(1), courses)  # (T, R), (R, L * 512)
    else:  # with fewer than two anchors for each unknown, nothing tells a blemish from the motion
        loadings = courses.T @ centred.flatten(1)
    coefficients, basis = _principal(courses - courses[neutral], loadings, neutral)
    extreme = int(coefficients.norm(dim=1).argmax())
    signs = torch.where(coefficients[extreme] < 0, -1.0, 1.0)  # (R,)
    coefficients, basis = coefficients * signs, basis * signs[:, None]
    return Micromotion(
        direction=(coefficients[extreme] @ basis).reshape(shape).float(),
        basis=basis.unflatten(1, tuple(shape)).float(),
        coefficients=coefficients.float(),
        neutral=given[neutral].float(),
        source=source,
        generator=generator,
        explained=explained,
        fps=float(fps),
        landmarks=None if landmarks is None else interpolate_outliers(torch.as_tensor(landmarks).float(), stray),
        stray=tuple(stray.nonzero().flatten().tolist()),
        times=None if times is None else (torch.as_tensor(times).double() - float(times[0])).float(),
    )


def _low_rank(centred: Tensor, per_layer: bool) -> Tensor:
    """(T, L, 512) -> its low-rank part, or itself where robust PCA takes everything for rare."""
    if per_layer:
        found = torch.stack([robust_pca(layer)[0] for layer in centred.unbind(1)], dim=1)  # (T, L, 512)
    else:
        found = robust_pca(centred.flatten(1))[0].reshape(centred.shape)  # (T, L, 512)
    # A motion that only one anchor shows, or only two anchors at all, is no more likely low-rank than sparse.
    return found if found.norm() > 1e-6 * centred.norm() else centred


def _time_courses(low_rank: Tensor, rank: int | None, energy: float) -> tuple[Tensor, float]:
    """Leading courses over time of (T, n), as (T, R) orthonormal columns, and the share of variation they hold.

    The mean over time is taken off first. Around the neutral anchor itself, one anchor's noise would be common to all
    rows and so count T times: at 64 anchors with 10 % noise it makes the direction's error 15 % instead of 4 %.
    """
    left, values, _ = torch.linalg.svd(low_rank - low_rank.mean(dim=0), full_matrices=False)
    held = values.square().cumsum(0) / values.square().sum()
    enough = int((held < energy - 1e-9).sum()) + 1
    present = int((values > 1e-7 * values[0]).sum())
    count = min(enough if rank is None else rank, present)
    return left[:, :count], float(held[count - 1])


def _principal(courses: Tensor, loadings: Tensor, neutral: int) -> tuple[Tensor, Tensor]:
    """(T, R), (R, n) -> coefficients (T, R), largest first and zero at the neutral anchor, and a basis of unit rows."""
    left, values, basis = torch.linalg.svd(courses @ loadings, full_matrices=False)
    count = min(len(loadings), int((values > 1e-6 * values[0]).sum()))
    coefficients = left[:, :count] * values[:count]
    return coefficients - coefficients[neutral], basis[:count]


def _check_arguments(codes: Tensor, rank: int | None, energy: float, neutral: int) -> None:
    if codes.ndim != 3 or 0 in codes.shape[1:]:
        raise ValueError(f"codes must be (T, L, 512), found {tuple(codes.shape)}")
    if rank is not None and rank < 1:
        raise ValueError(f"rank must be at least 1, found {rank}")
    if not 0 < energy <= 1:
        raise ValueError(f"energy must be above 0 and at most 1, found {energy}")
    if len(codes) > 1 and not -len(codes) <= neutral < len(codes):
        raise ValueError(f"neutral must be one of {len(codes)} anchors, found {neutral}")


def _check_anchors(codes: Tensor, source: str) -> None:
    if len(codes) < 2:
        raise ClipError(f"{_name_source(source)}a motion needs at least 2 anchors with a face, found {len(codes)}.")
    broken = (~torch.isfinite(codes)).flatten(1).any(dim=1).nonzero().flatten().tolist()  # anchors
    if broken:
        raise ClipError(
            f"{_name_source(source)}anchor {broken[0] + 1} of {len(codes)} has a code that is not finite"
            f"{f', and {len(broken) - 1} more have' if len(broken) > 1 else ''}. Leave such frames out of the clip."
        )


def _name_source(source: str) -> str:
    return f"{source}: " if source else ""
