"""A generator's skin and hair in the tones of a picture.

Where both show skin at rest, or both hair, the difference of their colours is known; it serves what is near and alike.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

NEIGHBOURS = 32
FEWEST = 30  # cells; fewer tell nothing
# Levels by which hair differs from skin at least; shares of that from which on a colour is not skin, and is hair.
DISTINCT, NOT_SKIN, IS_HAIR = 20.0, 0.35, 0.65
DIFFERENT = 40.0  # levels by which skin differs from skin: more, and one of the two is something else
MIDDLE, SURE = 0.5, 0.9  # of hairiness: less is skin, more is hair in both


@dataclass(frozen=True, eq=False)
class Scale:
    """From skin to hair in one image.

    Attributes:
        skin, hair: (3,) colours, in [0, 255].
    """

    skin: np.ndarray
    hair: np.ndarray

    def hairiness(self, image: np.ndarray) -> np.ndarray:
        """(..., 3) colours -> (...): 0 for skin, 1 for hair."""
        way = self.hair - self.skin
        share = (image - self.skin) @ way / float(way @ way)
        hairy: np.ndarray = np.clip((share - NOT_SKIN) / (IS_HAIR - NOT_SKIN), 0, 1)
        return hairy


@dataclass(frozen=True, eq=False)
class Differences:
    """Of the picture's colours from the generator's, in cells that show one thing in both.

    Attributes:
        features: of the cells, (N, F).
        levels: (N, 3).
        doubts: (N,) steps of unlikeness that are added where the two may show two things after all.
    """

    features: cKDTree
    levels: np.ndarray
    doubts: np.ndarray

    def near(self, features: np.ndarray) -> np.ndarray:
        """(M, F) features of other cells -> (M, 3): the mean of those that are near them."""
        count = min(NEIGHBOURS, len(self.levels))
        apart, found = (values.reshape(-1, count) for values in self.features.query(features, count, eps=0.5))
        levels = self.levels[found]  # (M, k, 3)
        unlike = np.square(apart) + np.square(self.doubts[found])
        weights = np.exp(-(unlike - unlike.min(axis=1, keepdims=True)) / 2)
        mean: np.ndarray = np.einsum("mk,mkc->mc", weights, levels) / weights.sum(axis=1, keepdims=True)
        return mean


@dataclass(frozen=True, eq=False)
class SkinAndHair:
    """The picture's colours beside the generator's.

    Attributes:
        scale: of the generator's colours; None where it shows no hair.
        skin, hair: None where too little is known.
    """

    scale: Scale | None
    skin: Differences | None
    hair: Differences | None

    def own(self, shown: np.ndarray, features: np.ndarray, may_be_hair: np.ndarray) -> np.ndarray:
        """The generator's colours as the picture has them.

        Args:
            shown: (N, 3), of some cells, in [0, 255].
            features: (N, F), theirs.
            may_be_hair: (N,), 1 for cells where hair grows, 0 where what is dark as hair is a shadow.
        """
        skin = 0.0 if self.skin is None else self.skin.near(features)
        if self.scale is None or self.hair is None or not len(shown):
            return np.asarray(shown + skin)
        hairy = (self.scale.hairiness(shown) * may_be_hair)[:, None]
        return np.asarray(shown + skin + hairy * (self.hair.near(features) - skin))


def scale_of(image: np.ndarray, skin: np.ndarray, hair: np.ndarray) -> Scale | None:
    """From the median colour of skin to that of hair; None where there is little of either, or they look alike.

    Args:
        image: (H, W, 3) float32 in [0, 255].
        skin, hair: (H, W) bool, cells that show them.
    """
    if min(np.count_nonzero(skin), np.count_nonzero(hair)) < FEWEST:
        return None
    scale = Scale(np.median(image[skin], axis=0), np.median(image[hair], axis=0))
    return scale if np.linalg.norm(scale.hair - scale.skin) > DISTINCT else None


def skin_and_hair_of(
    still: np.ndarray,
    picture: np.ndarray,
    scales: tuple[Scale | None, Scale | None],
    seen: np.ndarray,
    features: np.ndarray,
    may_be_hair: np.ndarray,
) -> SkinAndHair:
    """What is known from cells at rest.

    Args:
        still, picture: (H, W, 3) float32, the generator's rest frame and the picture, in [0, 255].
        scales: of both.
        seen: (H, W) bool, the cells that are asked.
        features: (H * W, F), by which cells are near and alike.
        may_be_hair: (H, W), as `SkinAndHair.own` has it.
    """
    hairy = [
        np.zeros(seen.shape) if scale is None else scale.hairiness(image) * may_be_hair
        for scale, image in zip(scales, (still, picture), strict=True)
    ]
    levels = (picture - still).reshape(-1, 3)
    doubts = _rms(levels) / DIFFERENT
    if scales[1] is not None:  # below the nose what has the colour of skin is skin, however dark the generator's shadow
        skin = _rms(picture.reshape(-1, 3) - scales[1].skin) / DIFFERENT
        doubts = np.where(may_be_hair.ravel() > 0, doubts, np.minimum(doubts, skin))

    def known(where: np.ndarray, doubts: np.ndarray) -> Differences | None:
        cells = np.flatnonzero(where.ravel())
        return Differences(cKDTree(features[cells]), levels[cells], doubts[cells]) if len(cells) >= FEWEST else None

    hair = known(seen & (np.minimum(*hairy) > SURE), np.zeros_like(doubts))
    if hair is None and scales[0] is not None and scales[1] is not None:  # nowhere in the same cells
        everywhere = cKDTree(np.zeros((1, features.shape[1])))
        hair = Differences(everywhere, (scales[1].hair - scales[0].hair)[None], np.zeros(1))
    return SkinAndHair(scales[0], known(seen & (hairy[0] < MIDDLE), doubts), hair)


def _rms(levels: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N,)."""
    rms: np.ndarray = np.sqrt(np.square(levels).mean(axis=1))
    return rms
