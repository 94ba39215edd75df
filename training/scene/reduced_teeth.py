"""The morphable head's teeth and gums reduced to what a camera sees between lips, for `training.scene.head_shape`."""

from collections.abc import Sequence

import numpy as np

from training.scene.face_model import FaceModel, Material

# Triangles nearer to the throat than the first, in centimetres, or turned from the viewer by more than the second, a
# cosine, are not seen; above and below lie the roots, which the gums hide.
NEAREST, ASKEW, ROOTS = 5.0, -0.45, (-5.0, -1.5)
LOWER = 0.5  # centimetres that the jaw in full moves what it carries, at least
JAW = "jawOpen"
TOOTH, GUMS = (0.65, 0.65, 0.65), (0.37, 0.17, 0.17)  # linear light, beside the gums of the renders a little lighter
# Lips and cheeks keep the light away from what lies deep (z) or aside (x): from and to, centimetres, and by how much.
DEEP, ASIDE, DIMMED = (5.5, 9.7), (1.0, 2.5), 0.75
LEAST_LIGHT = 0.05
INCISOR = (0.1, 0.8)  # centimetres from the middle of the face, between which a middle incisor ends


def reduced_teeth(model: FaceModel, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of a `head` file that `weights.networks.dentition.Dentition` describes.

    Args:
        model: the whole head.
        names: of the expressions that the file has.
    """
    faces = model.faces[np.isin(model.material, (Material.TEETH, Material.GUMS))]
    made_of = model.material[np.isin(model.material, (Material.TEETH, Material.GUMS))]
    square = faces[:, 3] >= 0
    triangles = np.concatenate([faces[:, :3], faces[square][:, [0, 2, 3]]])
    made_of = np.concatenate([made_of, made_of[square]])
    seen = _seen(model.neutral[triangles])
    vertices, number = np.unique(triangles[seen], return_inverse=True)
    places = model.neutral[vertices]
    tooth = np.isin(vertices, triangles[made_of == Material.TEETH])
    light = np.where(tooth[:, None], TOOTH, GUMS) * _light(places)[:, None]
    expression = model.expression.reshape(len(model.expression), -1, 3)
    lower = np.linalg.norm(expression[model.expression_rows[JAW], vertices], axis=1) > LOWER
    whole = np.column_stack([places, np.ones(len(places))])
    identity = model.identity.reshape(len(model.identity), -1, 3)[:, vertices]
    moves = [expression[model.expression_rows[name], vertices] for name in names]
    return {
        "teeth_neutral": places.astype(np.float32),
        "teeth_triangles": number.reshape(-1, 3).astype(np.int16),
        "teeth_colours": np.round(255 * np.sqrt(light)).astype(np.uint8),
        "teeth_lower": lower.astype(np.uint8),
        "teeth_incisal_edge": _incisal_edge(places, tooth & ~lower).astype(np.int16),
        "teeth_identity": np.stack([_affine(whole, mode) for mode in identity]),
        "teeth_jaw": np.stack([_affine(whole[lower], move[lower]) for move in moves]),
    }


def _seen(corners: np.ndarray) -> np.ndarray:
    """(T, 3, 3) places of triangles' corners -> (T,) whether a camera before an open mouth can see them."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = across[:, 2] / (np.linalg.norm(across, axis=1) + 1e-9)
    y, z = corners[..., 1], corners[..., 2]
    low, high = ROOTS
    seen: np.ndarray = (towards > ASKEW) & (z.min(axis=1) > NEAREST) & (y.min(axis=1) > low) & (y.max(axis=1) < high)
    return seen


def _light(places: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N,) how much light falls on each place, 0 to 1."""
    from_throat = np.clip((places[:, 2] - DEEP[0]) / (DEEP[1] - DEEP[0]), LEAST_LIGHT, 1)
    aside = np.clip((np.abs(places[:, 0]) - ASIDE[0]) / (ASIDE[1] - ASIDE[0]), 0, 1)
    light: np.ndarray = from_throat * (1 - DIMMED * aside * aside * (3 - 2 * aside))
    return light


def _incisal_edge(places: np.ndarray, teeth: np.ndarray) -> np.ndarray:
    """(2,) numbers of the places at which the upper middle incisors end, among upper teeth, (N,) bool."""
    aside = np.abs(places[:, 0])
    middle = teeth & (aside > INCISOR[0]) & (aside < INCISOR[1])
    found = [np.flatnonzero(middle & (side * places[:, 0] > 0)) for side in (-1, 1)]
    return np.array([part[np.argmin(places[part, 1])] for part in found])


def _affine(whole: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """(N, 4) points (x, y, z, 1) and where they go, (N, 3) -> (4, 3): the affine move that comes nearest."""
    return np.asarray(np.linalg.lstsq(whole, moves, rcond=None)[0], np.float32)
