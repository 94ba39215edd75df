"""What in the generator's face corresponds to what in the picture's: hair to hair, skin to skin.

Places alone do not tell: a fringe hangs where the generator has a forehead, and hair stands out where it has a wall.
So each cell of the picture takes the changes of cells near it that look like it, once the generator's tones are
brought to the picture's. What looks like nothing near it does not change.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

# One step of unlikeness: cells away, within the face and beyond it, where hair hangs that the generator has not; levels
# of lightness and colour apart.
NEAR, NEAR_HAIR, LIKE = 22.0, 60.0, 11.0
NEIGHBOURS = 8
FARTHEST = 3.0  # steps of unlikeness; beyond, nothing corresponds
TONES = 18.0  # cells over which tones are compared
DARKEST = 10.0
LEAST_GAIN, MOST_GAIN = 0.5, 2.0
LEAST_CAST, MOST_CAST = 0.75, 1.3
SAME_PLACE = 0.6  # how much of the change at its own place a face takes where nothing looks like it


class Tones:
    """The picture's tones beside the generator's, both (H, W, 3) float32, compared where `trusted` says so."""

    def __init__(self, picture: np.ndarray, still: np.ndarray, trusted: np.ndarray):
        blurred = [_blurred(image, trusted) for image in (picture, still)]
        self._tones = np.clip((blurred[0] + DARKEST) / (blurred[1] + DARKEST), LEAST_GAIN, MOST_GAIN)
        # A change of shade must not tint but as the picture's light does: grey hair is warm in a warm painting.
        light = [(image * trusted[..., None]).sum(axis=(0, 1)) + DARKEST for image in (picture, still)]
        cast = light[0] / light[1]
        self._cast = np.clip(cast / cast.mean(), LEAST_CAST, MOST_CAST).astype(np.float32)
        blurred = [image.mean(axis=2, keepdims=True) for image in blurred]
        self._darker = np.clip((blurred[0] + DARKEST) / (blurred[1] + DARKEST), LEAST_GAIN, MOST_GAIN)
        rooms = [np.maximum(255 - image, 0) + DARKEST for image in blurred]
        self._lighter = np.clip(rooms[0] / rooms[1], LEAST_GAIN, MOST_GAIN)

    def own(self, image: np.ndarray) -> np.ndarray:
        """The generator's colours as the picture would show them."""
        return image * self._tones

    def own_change(self, change: np.ndarray) -> np.ndarray:
        """A change of the generator's colours as the picture would: towards black by shares, towards white likewise."""
        return np.where(change < 0, change * self._darker, change * self._lighter) * self._cast


@dataclass(frozen=True, eq=False)
class Counterparts:
    """Attributes:
    to: (N,) cells of the picture, numbered row by row; others have none.
    cells: (N, k) their counterparts. weights: (N, k), which sum to how sure they are, at most 1.
    shape: (H, W).
    """

    to: np.ndarray
    cells: np.ndarray
    weights: np.ndarray
    shape: tuple[int, int]

    def carried(self, change: np.ndarray) -> np.ndarray:
        """(H, W, C) changes of the generator's cells -> of the picture's."""
        flat = change.reshape(-1, change.shape[-1])
        carried = np.zeros_like(flat)
        carried[self.to] = self._mixing @ flat
        return carried.reshape(change.shape)

    @cached_property
    def _mixing(self) -> sparse.csr_matrix:
        """(N, H * W), the weights where their cells are."""
        count, each = self.cells.shape
        ends = np.arange(count + 1) * each
        return sparse.csr_matrix(
            (self.weights.ravel(), self.cells.ravel(), ends), (count, self.shape[0] * self.shape[1])
        )


def find_counterparts(
    picture: np.ndarray, still: np.ndarray, trusted: np.ndarray, window: np.ndarray, face: np.ndarray
) -> Counterparts:
    """Pair the picture's cells with the generator's.

    Args:
        picture, still: (H, W, 3) float32, the picture and the generator's rest frame in its tones.
        trusted: (H, W), where the generator's frame can be compared.
        window: (H, W), where the picture may change.
        face: (H, W), 1 from brows to chin: there both have skin, whatever it looks like.
    """
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    places = np.stack([rows, columns], axis=-1).reshape(-1, 2)
    own, other = (_lab(image).reshape(-1, 3) / LIKE for image in (picture, still))
    source = np.flatnonzero((trusted.ravel() > 0.5) & ((rows + columns) % 2 == 0).ravel())
    to = np.flatnonzero(window.ravel() > 0)
    if not len(source):
        nothing = np.zeros((0, NEIGHBOURS))
        return Counterparts(np.zeros(0, int), nothing.astype(int), nothing, picture.shape[:2])
    count = min(NEIGHBOURS, len(source))
    distance, found = np.empty((len(to), count)), np.empty((len(to), count), int)
    skin = face.ravel()[to] > 0.5
    for near, part in ((NEAR, skin), (NEAR_HAIR, ~skin)):
        tree = cKDTree(np.column_stack([places[source] / near, other[source]]))
        at = np.column_stack([places[to[part]] / near, own[to[part]]])
        distance[part], found[part] = (values.reshape(-1, count) for values in tree.query(at, count, eps=0.5))
    weights = np.exp(-np.square(distance) / 2)
    sure = np.clip((FARTHEST - distance[:, 0]) / (FARTHEST - 1), 0, 1)
    alike = np.exp(-np.square(own[to] - other[to]).sum(axis=1) / 2) * trusted.ravel()[to]
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9) * (sure * (1 - alike))[:, None]
    at_home = alike + (1 - alike) * (1 - sure) * (trusted * face).ravel()[to] * SAME_PLACE
    cells = np.column_stack([source[found], to])
    return Counterparts(to, cells, np.column_stack([share, at_home]).astype(np.float32), picture.shape[:2])


def _blurred(image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Averages over the neighbourhood, of what counts."""
    total = cv2.GaussianBlur(image * weight[..., None], (0, 0), TONES)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), TONES), 1e-3)[..., None]


def _lab(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) in 0 to 255 -> CIE L*a*b*, float32."""
    return cv2.cvtColor(np.clip(image, 0, 255).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
