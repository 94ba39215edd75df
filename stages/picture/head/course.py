"""The smooth course of whatever changes along a path of codes.

Landmarks and colours of single frames are noisy, while the codes move affinely. So a few frames of the path are
rendered, its *keys*, and everything that is measured on them is fitted by a polynomial of low degree in the path's own
coordinates. The polynomial without its constant is the motion: exactly nothing at rest.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
import torch
from torch import Tensor

# Nine along a straight path measure alike against true photographs; with six, jitter grows by a tenth.
STRAIGHT_KEYS, CURVED_KEYS = 7, 20
DEGREE = 3
# Directions that hold less of a path's variation than this are noise of its codes' last digits.
NEGLIGIBLE = 1e-3
SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Course:
    """A path of codes in coordinates of its own.

    Attributes:
        places: (F, R) float64, where each frame is; 0 is rest, and the farthest is 1 along the first direction.
        keys: (K, R), where the frames lie that are looked at; rest is among them.
        directions: (R, L, 512) float32, so that rest + places @ directions are the codes.
    """

    places: np.ndarray
    keys: np.ndarray
    directions: Tensor

    def key_codes(self, rest: Tensor) -> Tensor:
        """(L, 512) -> (K, L, 512), the codes to be rendered."""
        moves = torch.einsum("kr,rld->kld", torch.from_numpy(self.keys).float(), self.directions)
        return rest + moves.to(rest.device)

    def coefficients(self, values: np.ndarray) -> np.ndarray:
        """Fit (K, ...) values measured at the keys: (P, ...), of the motion alone."""
        flat = values.reshape(len(values), -1)
        return (self._solver @ flat)[1:].reshape(-1, *values.shape[1:])

    def rest_of(self, values: np.ndarray) -> np.ndarray:
        """What (K, ...) values are at rest, by all of the keys and not by the one that is there."""
        flat = values.reshape(len(values), -1)
        return (self._solver @ flat)[0].reshape(values.shape[1:])

    def terms(self, place: np.ndarray) -> np.ndarray:
        """(..., R) places -> (..., P) terms of the polynomial; all are 0 at rest."""
        return np.stack([np.prod(place[..., list(term)], axis=-1) for term in self._monomials], axis=-1)

    @cached_property
    def _monomials(self) -> list[tuple[int, ...]]:
        """The first direction up to the third power, the others once, and products of the first two."""
        rank = self.places.shape[1]
        first = [(0,) * degree for degree in range(1, DEGREE + 1)]
        if rank == 1:
            return first
        products = [pair for pair in combinations_with_replacement(range(2), 2) if pair != (0, 0)]
        return [*first, *((index,) for index in range(1, rank)), *products]

    @cached_property
    def _solver(self) -> np.ndarray:
        """(1 + P, K): least squares, held a little so that a cubic does not swing between few keys."""
        terms = np.column_stack([np.ones(len(self.keys)), self.terms(self.keys)])
        degree = np.array([0, *(len(term) - 1 for term in self._monomials)])
        ridge = np.diag(1e-6 + 3e-3 * degree)
        solver: np.ndarray = np.linalg.solve(terms.T @ terms + ridge, terms.T)
        return solver


def course_of(rest: Tensor, codes: Tensor, most: int = 4) -> Course:
    """The course of a path.

    Args:
        rest: (L, 512), the face's own code.
        codes: (F, L, 512), where it goes.
        most: directions that are kept.
    """
    moves = (codes - rest).double().flatten(1).numpy()  # (F, L * 512)
    values, vectors = np.linalg.eigh(moves @ moves.T)  # (F,), (F, F): F is far smaller than L * 512
    order = np.argsort(-values)[:most]
    kept = [index for index in order if values[index] > NEGLIGIBLE**2 * max(values.max(), 0.0)]
    if not kept:
        return Course(np.zeros((len(codes), 1)), np.zeros((1, 1)), torch.zeros(1, *rest.shape))
    places = vectors[:, kept] * np.sqrt(values[kept])  # (F, R)
    farthest = places[np.abs(places[:, 0]).argmax(), 0]
    directions = np.linalg.pinv(places / farthest) @ moves
    # Rounded, so that the way back passes the very same places.
    places = np.where(np.abs(moves).max(axis=1, keepdims=True) > 0, np.round(places / farthest, 9), 0.0)
    shape = (len(kept), *rest.shape)
    return Course(places, _keys(places), torch.from_numpy(directions.reshape(shape)).float())


def _keys(places: np.ndarray) -> np.ndarray:
    """Where to look: evenly along a straight path, spread over a curved one, rest always among them."""
    if places.shape[1] == 1:
        low, high = min(0.0, places.min()), max(0.0, places.max())
        even = np.linspace(low, high, STRAIGHT_KEYS)
        even[np.abs(even).argmin()] = 0.0
        return even[:, None]
    keys = [np.zeros(places.shape[1])]
    distance = np.linalg.norm(places, axis=1)
    while len(keys) < CURVED_KEYS and distance.max() > SAME:
        keys.append(places[int(distance.argmax())])
        distance = np.minimum(distance, np.linalg.norm(places - keys[-1], axis=1))
    return np.stack(keys)


def nearest_keys(keys: np.ndarray, place: np.ndarray) -> list[tuple[int, float]]:
    """The two keys (K, R) next to a place (R,), and how much of each; a key alone stands for all places."""
    if len(keys) == 1:
        return [(0, 1.0)]
    distance = np.linalg.norm(keys - place, axis=1)
    first, second = np.argsort(distance)[:2]
    along = keys[second] - keys[first]
    share = float(np.clip((place - keys[first]) @ along / max(along @ along, 1e-12), 0, 1))
    return [(int(first), 1 - share), (int(second), share)] if share > 0 else [(int(first), 1.0)]
