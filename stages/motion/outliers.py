"""Find anchors that show something else than the motion: a hand before the face, a blur, another person.

Robust PCA removes what is rare entry by entry. Such an anchor is wrong in all its entries at once, and the fit would
follow it. Its neighbours give it away: in a motion, however quick, the displacement of one anchor from rest is, but for
noise, a mixture of the displacements of the anchors before and after. What an outlier shows, its neighbours do not show
at all.
"""

import numpy as np
import torch
from torch import Tensor

NEIGHBOURS = 3  # on either side
# An anchor is stray where its neighbours leave unexplained more than this many times what they leave of the median
# anchor, and more than this share of how far the motion goes.
NOISE_FACTOR, LEAST_SHARE = 2.0, 0.5
MOST = 0.4  # of all anchors; where more seem stray, nothing can be told
FEWEST_ANCHORS = 12  # between fewer, a bent way leaves too much unexplained


def find_outliers(codes: Tensor, neutral: int = 0) -> Tensor:
    """Which anchors do not belong to the motion that the others make.

    A motion that only one anchor shows cannot be told from a blemish; one that two anchors in a row show can. The
    neutral anchor is believed, as all displacements count from it.

    Args:
        codes: (T, L, 512), the anchors in the order of time, finite.
        neutral: which of them shows the face at rest.

    Returns:
        (T,) bool. All False for fewer than 12 anchors, where more than 40 % seem stray, and where the others would not
        move.
    """
    moves = (codes - codes[neutral]).flatten(1).double()  # (T, n)
    none = torch.zeros(len(moves), dtype=torch.bool)
    if len(moves) < FEWEST_ANCHORS:
        return none
    gram = moves @ moves.T  # (T, T), all that the distances need
    stray = none
    for _ in range(len(moves)):  # a stray anchor explains nothing to its neighbours: they are asked again without it
        left, explained = _by_neighbours(gram, ~stray)
        sound = ~stray
        sound[neutral] = False
        limit = torch.maximum(NOISE_FACTOR * left[sound].median(), LEAST_SHARE * explained[sound].max())
        found = left > limit
        found[neutral] = False
        if (found == stray).all() or found.sum() > MOST * len(moves):
            break
        stray = found
    moving = explained[~stray].max() > NOISE_FACTOR * left[~stray].median()
    return stray if moving else none


def interpolate_outliers(values: Tensor, stray: Tensor) -> Tensor:
    """Values of each anchor, (T, M, N), with the stray ones' interpolated between those of the sound ones around them.

    Before the first sound anchor and after the last one, its own values are held.

    Args:
        values: codes or landmarks, floating point.
        stray: (T,) bool, not all True.
    """
    sound = np.flatnonzero(~stray.numpy())
    times = np.arange(len(values))
    after = np.searchsorted(sound, times).clip(0, len(sound) - 1)
    before = np.where(sound[after] > times, after - 1, after).clip(0)
    first, last = sound[before], sound[after]
    share = np.where(last > first, (times - first) / np.maximum(last - first, 1), 0.0).clip(0, 1)
    return torch.lerp(values[first], values[last], torch.from_numpy(share).to(values.dtype)[:, None, None])


def _by_neighbours(gram: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each anchor's displacement its nearest sound neighbours leave unexplained, and how much they explain.

    The neighbour that would explain most is not asked: two anchors behind the same hand would vouch for each other.

    Args:
        gram: (T, T), inner products of the displacements.
        sound: (T,) bool, which may explain others.

    Returns:
        (T,) and (T,), lengths; together, squared, the displacement's.
    """
    left, explained = torch.zeros(len(gram), dtype=gram.dtype), torch.zeros(len(gram), dtype=gram.dtype)
    for anchor in range(len(gram)):
        earlier = [other for other in range(anchor - 1, -1, -1) if sound[other]][:NEIGHBOURS]
        later = [other for other in range(anchor + 1, len(gram)) if sound[other]][:NEIGHBOURS]
        near = earlier + later
        whole = gram[anchor, anchor]
        along = min(_along(gram, anchor, [other for other in near if other != silent]) for silent in near)
        explained[anchor] = torch.minimum(along, whole).clamp(min=0).sqrt()
        left[anchor] = (whole - along).clamp(min=0).sqrt()
    return left, explained


def _along(gram: Tensor, anchor: int, others: list[int]) -> Tensor:
    """The squared length of what of an anchor's displacement lies in the span of the others'."""
    inner, target = gram[others][:, others], gram[others, anchor]
    ridge = 1e-6 * inner.diagonal().mean().clamp(min=1e-30) * torch.eye(len(others), dtype=gram.dtype)
    return target @ torch.linalg.solve(inner + ridge, target)
