"""The rendered faces on which every network of the family trains, with their truth.

A folder of renders, as `training.scene.render_faces` writes it, holds `faces.tar` (WebP images, FFHQ-aligned,
in order) and `faces.npz`: `z` (N, 64), the first entries of the code that made each face; `lm` (N, 68, 2), its
landmarks in pixels; `pose_yaw_pitch_roll` (N, 3), radians.
"""

import tarfile
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from common.errors import UserError

CODE_SIZE = 512
FACE_ENTRIES = 64  # the entries of a code that change the face; the others are free
HELD_OUT = 512  # the last renders are never trained on
HELD_OUT_SHARE = 8  # of fewer than 4096 renders, one in so many


@dataclass(frozen=True)
class Renders:
    """Faces and their truth, aligned by index.

    Attributes:
        images: (N, S, S, 3) uint8, RGB.
        codes: (N, 64) float32.
        landmarks: (N, 68, 2) float32, x and y in pixels of `images`.
        pose: (N, 3) float32, yaw, pitch and roll in radians.
    """

    images: np.ndarray
    codes: np.ndarray
    landmarks: np.ndarray
    pose: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def part(self, rows: slice) -> "Renders":
        """The faces of `rows`, without copying."""
        return Renders(self.images[rows], self.codes[rows], self.landmarks[rows], self.pose[rows])

    def split(self) -> tuple["Renders", "Renders"]:
        """Faces to train on, and the last `HELD_OUT` to measure with; of few faces an eighth.

        Raises:
            UserError: too few to hold one out.
        """
        if len(self) < HELD_OUT_SHARE:
            raise UserError(f"{len(self)} renders: expected at least {HELD_OUT_SHARE}, of which one is held out.")
        trained_on = len(self) - min(HELD_OUT, len(self) // HELD_OUT_SHARE)
        return self.part(slice(None, trained_on)), self.part(slice(trained_on, None))

    def pixels(self, rows: np.ndarray) -> Tensor:
        """(B, 3, S, S) float32 in [-1, 1]."""
        return torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2).float() / 127.5 - 1


def join_renders(*parts: Renders) -> Renders:
    """Faces of several sets, one set after another."""
    return Renders(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Renders)))


def load_renders(*folders: Path) -> Renders:
    """Read folders of renders, one after another, into memory (1.5 GB for 30,000 at 128 px)."""
    return join_renders(*(_load(folder) for folder in folders))


def _load(folder: Path) -> Renders:
    truth = np.load(folder / "faces.npz")
    count = len(truth["z"])
    images: np.ndarray | None = None
    with tarfile.open(folder / "faces.tar") as archive:
        for index, member in enumerate(archive):
            stored = archive.extractfile(member)
            assert stored is not None, f"{member.name} in faces.tar is not a file"
            picture = cv2.imdecode(np.frombuffer(stored.read(), np.uint8), cv2.IMREAD_COLOR_RGB)
            assert picture is not None, f"{member.name} in faces.tar is not an image"
            if images is None:
                images = np.empty((count, *picture.shape), np.uint8)
            images[index] = picture
    assert images is not None and index + 1 == count, f"faces.tar: expected {count} images, found {index + 1}"
    pose = truth["pose_yaw_pitch_roll"].astype(np.float32)
    return Renders(images, truth["z"].astype(np.float32), truth["lm"].astype(np.float32), pose)


def complete_codes(entries: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Whole codes from their first entries: the rest random, scaled so that the code has unit root mean square.

    Args:
        entries: (B, 64) float32.

    Returns:
        (B, 512) float32.
    """
    rest = rng.standard_normal((len(entries), CODE_SIZE - FACE_ENTRIES)).astype(np.float32)
    wanted = np.sqrt(np.maximum(CODE_SIZE - np.square(entries).sum(axis=1, keepdims=True), 1.0))
    rest *= wanted / np.linalg.norm(rest, axis=1, keepdims=True)
    return torch.from_numpy(np.concatenate([entries, rest], axis=1))  # (B, 512)


def feature_weights(landmarks: np.ndarray, size: int, weight: float = 6.0) -> Tensor:
    """How much each pixel counts: `weight` on eyes and mouth, fading to 1 elsewhere.

    Eyes and mouth carry every expression and fill 5 % of an image; unweighted, they are learnt last.

    Args:
        landmarks: (B, 68, 2) in pixels.

    Returns:
        (B, 1, size, size) float32 in [1, weight].
    """
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32)
    near = np.zeros((len(landmarks), size, size), np.float32)
    for feature in (slice(36, 42), slice(42, 48), slice(48, 68)):
        points = landmarks[:, feature]
        centre = points.mean(axis=1)  # (B, 2)
        reach = 0.75 * np.maximum(points.max(axis=1) - points.min(axis=1), 6 * size / 128)
        dx = (xs - centre[:, 0, None, None]) / reach[:, 0, None, None]
        dy = (ys - centre[:, 1, None, None]) / reach[:, 1, None, None]
        near = np.maximum(near, np.exp(-0.5 * (dx * dx + dy * dy) ** 2))
    return torch.from_numpy(1 + (weight - 1) * near)[:, None]  # (B, 1, S, S)
