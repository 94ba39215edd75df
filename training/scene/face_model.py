"""The morphable face under every render: ICT-FaceKit's Face Model Light, and the folder that holds it.

A face model folder holds three files, all made from the published model and none of them kept in this repository:

| file | made by | what |
|---|---|---|
| `ict_face_q30.npz` | `training.scene.convert_ict` | neutral head, 30 identity modes, 57 expressions |
| `masks.npz` | `training.scene.face_masks` | painted maps: lips, brows, stubble, redness, wrinkles |
| `ao.npy` | `training.scene.occlusion` | how much of the sky each vertex sees |

Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020; https://github.com/ICT-VGL/ICT-FaceKit.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy import sparse

from common.errors import UserError

MODEL_FILE, MASKS_FILE, OCCLUSION_FILE = "ict_face_q30.npz", "masks.npz", "ao.npy"
VARIABLE = "MICROMOTION_FACE_MODEL"

# Vertices stand in the published order, part after part.
FACE = slice(0, 9409)
SKIN = slice(0, 11248)  # the face, the back of the head, the neck
MOUTH_SOCKET = slice(11248, 13294)
GUMS_AND_TEETH = slice(14062, 21451)
# Where each of the 32 teeth begins, and where the last one ends.
TEETH = (
    *(17039, 17230, 17416, 17607, 17730, 17895, 17991, 18067, 18143, 18219, 18295),
    *(18391, 18556, 18679, 18870, 19056, 19247, 19426, 19602, 19814, 19952, 20079),
    *(20169, 20263, 20349, 20435, 20529, 20619, 20746, 20884, 21096, 21272, 21451),
)


class Material(IntEnum):
    """What a polygon is made of; the numbers are the model's own, and `shaders/face.frag.glsl` knows them."""

    FACE = 0
    BACK_OF_HEAD = 1
    GUMS = 2
    TEETH = 3
    EYE = 4
    LEFT_PUPIL = 5
    RIGHT_EYE = 6
    RIGHT_PUPIL = 7
    TEARS = 8
    EYE_BLEND = 9
    EYE_SHADE = 10
    LASHES = 11


# The inner eyeball, the film of tears and the blend of lid and eye need refraction to look like anything.
UNSEEN = (Material.LEFT_PUPIL, Material.RIGHT_PUPIL, Material.TEARS, Material.EYE_BLEND)


@dataclass(frozen=True)
class FaceModel:
    """Geometry of every face the family can show. Lengths are centimetres, y is up, z towards the viewer.

    Attributes:
        neutral: (V, 3) float32, the mean head at rest, teeth widened to close the gaps between them.
        identity: (M, V * 3) float32, displacement for one unit of each identity mode.
        expression: (E, V * 3) float32, displacement of each full expression.
        expression_rows: name of an expression -> its row.
        faces: (F, 4) int32 vertex indices; the fourth is -1 for a triangle.
        faces_uv: (F, 4) int32, indices into `uv`, likewise.
        material: (F,) int64, a `Material` each.
        uv: (U, 2) float32; a material's tile is its integer part.
        landmarks: (68,) int32, the vertices of the 68 landmarks.
        folder: where it was read from.
    """

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_rows: dict[str, int]
    faces: np.ndarray
    faces_uv: np.ndarray
    material: np.ndarray
    uv: np.ndarray
    landmarks: np.ndarray
    folder: Path

    def displacement(self, identity: np.ndarray) -> np.ndarray:
        """How far a person's head at rest lies from the mean head.

        Args:
            identity: (N,) float, N at most M; N(0, 1) gives plausible people.

        Returns:
            (V, 3) float32, centimetres.
        """
        return (identity.astype(np.float32) @ self.identity[: len(identity)]).reshape(-1, 3)  # (V, 3)

    def deformation(self, blendshapes: Mapping[str, float]) -> np.ndarray:
        """How far an expression moves every vertex.

        Args:
            blendshapes: name -> weight, 0 at rest, 1 in full; a name without its side means both sides.

        Returns:
            (V, 3) float32, centimetres.
        """
        weights = np.zeros(len(self.expression), np.float32)
        for name, weight in blendshapes.items():
            sides = (name,) if name in self.expression_rows else (name + "_L", name + "_R")
            for side in sides:
                weights[self.expression_rows[side]] += weight
        moved = np.flatnonzero(weights)
        return (weights[moved] @ self.expression[moved]).reshape(-1, 3)  # (V, 3)

    def normals(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit normals of a head, and the same softened over the neighbourhood, as light softens inside skin.

        Args:
            vertices: (V, 3).

        Returns:
            (V, 3) and (V, 3), float32.
        """
        first, second, third, fourth = self._corners
        across = np.cross(vertices[third] - vertices[first], vertices[fourth] - vertices[second])  # (F, 3)
        triangle = fourth == first
        corner = vertices[first[triangle]]
        across[triangle] = np.cross(
            vertices[second[triangle]] - corner,
            vertices[third[triangle]] - corner,
        )
        sharp = self._gather @ across  # (V, 3)
        sharp /= np.linalg.norm(sharp, axis=1, keepdims=True) + 1e-9
        soft = self.smoothing @ sharp  # (V, 3)
        soft /= np.linalg.norm(soft, axis=1, keepdims=True) + 1e-9
        return sharp.astype(np.float32), soft.astype(np.float32)

    @cached_property
    def visible(self) -> np.ndarray:
        """(F,) bool, the polygons that are drawn."""
        return ~np.isin(self.material, UNSEEN)

    @cached_property
    def _corners(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The corners of the drawn polygons, a triangle's first again as its fourth."""
        first, second, third, fourth = self.faces[self.visible].T
        return first, second, third, np.where(fourth >= 0, fourth, first)

    @cached_property
    def _gather(self) -> sparse.csr_matrix:
        """(V, F), sums over the polygons around each vertex."""
        faces = self.faces[self.visible]
        polygon, corner = np.nonzero(faces >= 0)
        ones = np.ones(len(polygon), np.float32)
        shape = (len(self.neutral), len(faces))
        return sparse.csr_matrix((ones, (faces[polygon, corner], polygon)), shape)

    @cached_property
    def smoothing(self) -> sparse.csr_matrix:
        """(V, V), the mean of each vertex and its neighbours, taken four times."""
        corners = self._corners
        edges = np.concatenate(
            [np.stack([corners[side], corners[(side + 1) % 4]], axis=1) for side in range(4)]
        )  # (4F, 2)
        edges = edges[edges[:, 0] != edges[:, 1]]
        rows, columns = np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]]
        size = len(self.neutral)
        mean = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (size, size))
        mean.data[:] = 1  # an edge counts once, however many polygons share it
        mean = mean + sparse.eye(size)
        mean = (sparse.diags(1 / np.asarray(mean.sum(axis=1)).ravel()) @ mean).tocsr().astype(np.float32)
        twice = mean @ mean
        return (twice @ twice).tocsr()


def face_model_folder(folder: Path | None = None) -> Path:
    """The face model folder: the one given, or the one that `MICROMOTION_FACE_MODEL` names.

    Raises:
        UserError: neither is given, or the folder lacks a file.
    """
    named = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        raise UserError(
            f"no face model: give --face-model DIR or set {VARIABLE} to a folder with {MODEL_FILE}, {MASKS_FILE} and "
            f"{OCCLUSION_FILE} (training/scene/face_model.py says how each is made)."
        )
    for name in (MODEL_FILE, MASKS_FILE, OCCLUSION_FILE):
        if not (named / name).is_file():
            raise UserError(
                f"{named} is not a face model folder: {name} is missing. training/scene/face_model.py says how to "
                "make it."
            )
    return named


def load_face_model(file: Path) -> FaceModel:
    """Read `ict_face_q30.npz`.

    Args:
        file: as `training.scene.convert_ict` writes it: displacements in int16, a scale for each mode.

    Raises:
        UserError: the file is missing or is not a face model.
    """
    try:
        with np.load(file) as stored:
            data = {name: stored[name] for name in stored.files}
        identity = data["identity_q"].astype(np.float32) * data["identity_scale"][:, None, None]
        expression = data["expression_q"].astype(np.float32) * data["expression_scale"][:, None, None]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as broken:
        raise UserError(
            f"{file} is not a face model as training.scene.convert_ict writes it ({broken}). Make it again from "
            "ICT-FaceKit's FaceXModel folder."
        ) from broken
    return FaceModel(
        neutral=_with_closed_teeth(data["neutral"]),
        identity=identity.reshape(len(identity), -1),
        expression=expression.reshape(len(expression), -1),
        expression_rows={str(name): row for row, name in enumerate(data["expression_names"])},
        faces=data["faces"],
        faces_uv=data["faces_uv"],
        material=data["face_mat"].astype(np.int64),
        uv=data["uv"],
        landmarks=data["landmarks68"],
        folder=file.parent,
    )


def _with_closed_teeth(neutral: np.ndarray) -> np.ndarray:
    """The head with every tooth 22 % wider along the arch: as published they stand apart, and dark gaps show."""
    widened = neutral.copy()
    for start, stop in pairwise(TEETH):
        tooth = widened[start:stop]
        centre = tooth.mean(axis=0)
        angle = np.arctan2(centre[0], centre[2] - 5.0)
        along = np.array([np.cos(angle), 0, -np.sin(angle)])
        widened[start:stop] = tooth + 0.22 * ((tooth - centre) @ along)[:, None] * along
    return widened
