"""Which part of the generator's face corresponds to which part of the picture's: hair to hair, skin to skin.

Position alone does not tell: a fringe may hang where the generator has a forehead, and hair stand out where it has
background. So each cell of the picture takes the changes of nearby cells that look like it, once the generator's tones
are brought to the picture's. A cell that resembles nothing nearby does not change.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from stages.picture.tones.palette import grey_of, neutral_of, to_lab
from stages.picture.warping.warp import fill

# One step of unlikeness: cells away, within the face and beyond it, where hair hangs that the generator has not; levels
# of lightness and colour apart.
NEAR, NEAR_HAIR, LIKE = 22.0, 60.0, 11.0
SHADED = 0.6  # how much of a difference in lightness counts beyond the face, where hair lies in its own shade
NEAR_ALIKE, ALIKE = 60.0, 18.0  # the same within the picture: curls, of hair that has a counterpart on the head
NEIGHBOURS = 8
# What is up to so much unlikelier than the most alike cells stands for them: with less, beyond the face, frames differ
# by a twentieth of a grey level and take 0.04 s a row longer. Trees split in the middle come to it sooner than balanced
# ones, and are as near.
NEARLY, NEARLY_HAIR = 0.5, 1.0
FARTHEST = 3.0  # steps of unlikeness; beyond, nothing corresponds
TONES = 18.0  # cells over which tones are compared
DARKEST = 10.0
LEAST_GAIN, MOST_GAIN = 0.5, 2.0
LEAST_LIGHT, DIMMEST, KNOWN = 4.0, 0.1, 0.1  # grey levels; the least share of light; share of skin that tells it
MISJUDGED = 1.3  # by how much a skin that is darker than the generator's makes the light look less
LEAST_CAST, MOST_CAST = 0.75, 1.3
SAME_PLACE = 0.6  # how much of the change at its own place a face takes where nothing looks like it


class Tones:
    """The picture's tones beside the generator's.

    Args:
        picture, still: (H, W, 3) float32, the picture and the generator's rest frame.
        trusted: (H, W), where they can be compared.
        skin: (H, W), where both have skin, which tells how much light falls on it.
    """

    def __init__(self, picture: np.ndarray, still: np.ndarray, trusted: np.ndarray, skin: np.ndarray):
        blurred = _blurred([picture, still], trusted)
        self._tones = np.clip((blurred[0] + DARKEST) / (blurred[1] + DARKEST), LEAST_GAIN, MOST_GAIN)
        # A change of shade must not tint but as the picture's light does: grey hair is warm in a warm painting.
        self._cast = np.clip(neutral_of(picture), LEAST_CAST, MOST_CAST).astype(np.float32)
        blurred = [grey_of(image) for image in blurred]
        self._darker = np.clip((blurred[0] + DARKEST) / (blurred[1] + DARKEST), LEAST_GAIN, MOST_GAIN)
        rooms = [np.maximum(255 - image, 0) + DARKEST for image in blurred]
        # What becomes lighter does by as much as there is room for, and as there is light for.
        room = np.clip(rooms[0] / rooms[1], LEAST_GAIN, MOST_GAIN)
        self._lighter = np.minimum(room, MISJUDGED * _light(picture, still, skin))

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
    own, other = (to_lab(image).reshape(-1, 3) / LIKE for image in (picture, still))
    source = np.flatnonzero((trusted.ravel() > 0.5) & ((rows + columns) % 2 == 0).ravel())
    to = np.flatnonzero(window.ravel() > 0)
    if not len(source):
        nothing = np.zeros((0, NEIGHBOURS))
        return Counterparts(np.zeros(0, int), nothing.astype(int), nothing, picture.shape[:2])
    count = min(NEIGHBOURS, len(source))
    distance, found = np.empty((len(to), count)), np.empty((len(to), count), int)
    skin = face.ravel()[to] > 0.5
    for near, light, nearly, part in ((NEAR, 1.0, NEARLY, skin), (NEAR_HAIR, SHADED, NEARLY_HAIR, ~skin)):
        tree = cKDTree(np.column_stack([places[source] / near, other[source] * (light, 1, 1)]), balanced_tree=False)
        at = np.column_stack([places[to[part]] / near, own[to[part]] * (light, 1, 1)])
        distance[part], found[part] = (values.reshape(-1, count) for values in tree.query(at, count, eps=nearly))
    weights = np.exp(-np.square(distance) / 2)
    sure = np.clip((FARTHEST - distance[:, 0]) / (FARTHEST - 1), 0, 1)
    alike = np.exp(-np.square(own[to] - other[to]).sum(axis=1) / 2) * trusted.ravel()[to]
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9) * (sure * (1 - alike))[:, None]
    at_home = alike + (1 - alike) * (1 - sure) * (trusted * face).ravel()[to] * SAME_PLACE
    cells = np.column_stack([source[found], to])
    return Counterparts(to, cells, np.column_stack([share, at_home]).astype(np.float32), picture.shape[:2])


def find_alike(picture: np.ndarray, known: np.ndarray, wanted: np.ndarray) -> Counterparts:
    """Pair cells of the picture itself: those `wanted` (H, W) bool with those `known` that look most like them."""
    cells = np.moveaxis(np.mgrid[: picture.shape[0], : picture.shape[1]], 0, -1) / NEAR_ALIKE
    cells = np.concatenate([cells, to_lab(picture) / ALIKE], axis=-1).reshape(-1, 5)
    source, to = np.flatnonzero(known.ravel()), np.flatnonzero(wanted.ravel())
    if not len(source) or not len(to):
        nothing = np.zeros((0, 1))
        return Counterparts(np.zeros(0, int), nothing.astype(int), nothing, picture.shape[:2])
    count = min(NEIGHBOURS, len(source))
    distance, found = (
        values.reshape(-1, count)
        for values in cKDTree(cells[source], balanced_tree=False).query(cells[to], count, eps=NEARLY)
    )
    weights = np.exp(-np.square(distance - distance[:, :1]) / 2)
    sure = np.clip(FARTHEST - distance[:, :1], 0, 1)
    weights *= sure / weights.sum(axis=1, keepdims=True)
    return Counterparts(to, source[found], weights.astype(np.float32), picture.shape[:2])


def _light(picture: np.ndarray, still: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(H, W, 1): how much light falls on the picture's face for what falls on the generator's, and around it."""
    weight = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), TONES)
    ours, theirs = (image + LEAST_LIGHT for image in _blurred([grey_of(picture), grey_of(still)], skin))
    ratio = np.where(weight[..., None] > KNOWN, ours / theirs, 1.0)  # (H, W, 1)
    return np.clip(fill(ratio.astype(np.float32), np.clip(weight / KNOWN - 1, 0, 1)), DIMMEST, MOST_GAIN)


def _blurred(images: list[np.ndarray], weight: np.ndarray) -> list[np.ndarray]:
    """Averages (H, W, C) over the neighbourhood, of what counts."""
    around = np.maximum(cv2.GaussianBlur(weight, (0, 0), TONES), 1e-3)[..., None]
    totals = (cv2.GaussianBlur(image * weight[..., None], (0, 0), TONES) for image in images)
    return [total.reshape(image.shape) / around for total, image in zip(totals, images, strict=True)]
