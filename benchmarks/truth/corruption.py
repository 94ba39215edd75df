"""Anchors that went wrong: what gets into a real clip, put into a rendered one from a seed.

Any anchor may be hit but the first, which all methods take for the face at rest.
"""

from dataclasses import dataclass

import cv2
import numpy as np

KINDS = ("occluder", "motion blur", "stranger", "misalignment")


@dataclass(frozen=True)
class Level:
    """How much of a clip is corrupted.

    Attributes:
        share: of the anchors, 0 to 1.
        last: whether the last anchor, which a difference of two stands on, is among them.
    """

    share: float
    last: bool = False

    def __str__(self) -> str:
        return f"{self.share:.0%}" + (", last hit" if self.last else "")


def hit_anchors(count: int, level: Level, draw: int, rng: np.random.Generator) -> dict[int, str]:
    """Which of `count` anchors are corrupted, and how.

    Args:
        count: anchors in all, at least 3.
        level: round(share * count) of them are hit: never the first, and the last one if and only if it says so.
        draw: number of the draw; it decides the kind that comes first, so that in four draws the last anchor suffers
            each kind.
        rng: chooses the others.
    """
    number = min(round(level.share * count), count - 2)
    if number == 0:
        return {}
    others = rng.permutation(np.arange(1, count - 1))
    hit = [count - 1, *others[: number - 1]] if level.last else others[:number]
    return {int(anchor): KINDS[(draw + turn) % len(KINDS)] for turn, anchor in enumerate(hit)}


def corrupt(picture: np.ndarray, kind: str, strangers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture as it should not be.

    Args:
        picture: (S, S, 3) uint8, an aligned face.
        kind: one of `KINDS`: a block of one colour, 0.35 to 0.55 of the side, over a part of the face; a camera that
            moved by 0.12 to 0.2 of the side; somebody else; shifted by 4 to 8 % of the side and turned by 4 to 8
            degrees.
        strangers: (X, S, S, 3), somebody else to choose from.
        rng: decides what is left open.

    Returns:
        (S, S, 3) uint8; the picture given is left as it is.

    Raises:
        ValueError: another kind.
    """
    size = len(picture)
    if kind == "occluder":
        side = round(size * rng.uniform(0.35, 0.55))
        top, left = (round(size * rng.uniform(0.3, 0.75) - side / 2) for _ in range(2))
        covered = picture.copy()
        covered[max(0, top) : top + side, max(0, left) : left + side] = rng.integers(0, 256, 3)
        return covered
    if kind == "motion blur":
        length = round(size * rng.uniform(0.12, 0.2)) | 1
        line = np.zeros((length, length), np.float32)
        line[length // 2] = 1 / length
        turn = cv2.getRotationMatrix2D((length // 2, length // 2), rng.uniform(0, 180), 1)
        kernel = cv2.warpAffine(line, turn, (length, length))
        return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))
    if kind == "stranger":
        return np.array(strangers[rng.integers(len(strangers))])
    if kind == "misalignment":
        angle, across, down = rng.uniform((4, 0.04, 0.04), (8, 0.08, 0.08)) * rng.choice([-1, 1], 3)
        matrix = cv2.getRotationMatrix2D((size / 2 - 0.5, size / 2 - 0.5), angle, 1)
        matrix[:, 2] += np.array([across, down]) * size
        return np.asarray(cv2.warpAffine(picture, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE))
    raise ValueError(f"kind must be one of {', '.join(KINDS)}, found {kind}")
