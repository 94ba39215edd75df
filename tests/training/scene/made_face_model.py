"""A face model of known shape: a tube with three holes, and a few teeth."""

import math
from pathlib import Path

import numpy as np

from training.scene.face_model import SKIN, FaceModel, Material

AROUND, HIGH = 148, 76  # AROUND * HIGH vertices are as many as the skin has
MIDDLE = AROUND // 2  # the column in the middle of the face
# Holes: first and last row and column of the quads that are left out.
HOLES = {"left": (28, 29, -18, -15), "right": (28, 29, 15, 18), "mouth": (46, 47, -5, 5)}
# The landmarks of each rim, (row, column), so far outside the hole that no way between them touches it.
EYE = ((29, 0), (26, 3), (26, 8), (29, 11), (32, 8), (32, 3))
JAW = -3.45  # what lies lower goes down with the jaw
# From, to (heights) and material: gums and teeth of both jaws.
TEETH = (
    (-1.6, -2.4, Material.GUMS),
    (-2.4, -3.4, Material.TEETH),
    (-5.1, -6.0, Material.TEETH),
    (-3.5, -4.4, Material.TEETH),
)
MOUTH = ((47, -11), (44, -6), (44, 0), (44, 6), (47, 11), (50, 6), (50, 0), (50, -6))


def made_model() -> FaceModel:
    """A tube open at its neck alone, with holes at the eyes and the mouth."""
    rows, columns = (part.ravel() for part in np.mgrid[:HIGH, :AROUND])
    angle = (columns - MIDDLE) * 2 * math.pi / AROUND
    neutral = np.column_stack([7 * np.sin(angle), 12 - 0.34 * rows, 7 * np.cos(angle)]).astype(np.float32)
    assert len(neutral) == SKIN.stop
    teeth, teeth_faces, made_of = made_teeth()
    quads = []
    for row in range(HIGH - 1):
        for column in range(AROUND):
            across = column - MIDDLE
            if any(top <= row <= bottom and left <= across < right for top, bottom, left, right in HOLES.values()):
                continue
            after = (column + 1) % AROUND
            quads.append([row * AROUND + column, (row + 1) * AROUND + column])
            quads[-1] += [(row + 1) * AROUND + after, row * AROUND + after]
    lid = [[0, column, column + 1, -1] for column in range(1, AROUND - 1)]
    at = {36 + number: (row, column - 22) for number, (row, column) in enumerate(EYE)}
    at |= {42 + number: (row, column + 11) for number, (row, column) in enumerate(EYE)}
    at |= {60 + number: place for number, place in enumerate(MOUTH)}
    others = [number for number in range(68) if number not in at]
    at |= {number: (36 + index // 10, 2 * (index % 10) - 9) for index, number in enumerate(others)}
    landmarks = np.array([at[number][0] * AROUND + MIDDLE + at[number][1] for number in range(68)], np.int32)
    neutral = np.concatenate([neutral, teeth])
    rng = np.random.default_rng(0)
    identity = np.stack([0.1 * neutral, rng.normal(size=3) * np.ones_like(neutral)]).reshape(2, -1)
    jaw = np.where(neutral[:, 1:2] < JAW, [[0, -1, 0]], [[0, 0, 0]]).astype(np.float32)
    moves = np.stack([jaw, np.zeros_like(jaw) + 5]).reshape(2, -1)
    faces = np.concatenate([np.array(quads + lid, np.int32), teeth_faces])
    material = np.concatenate([np.zeros(len(quads) + len(lid), np.int64), made_of])
    empty = np.zeros((0, 2), np.float32)
    return FaceModel(
        neutral,
        identity.astype(np.float32),
        moves,
        {"jawOpen": 0, "eyeLookUp_L": 1},
        faces,
        faces,
        material,
        empty,
        landmarks,
        Path(),
    )


def made_teeth() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four front teeth under gums, as above so below, and one at the throat: their places, polygons and material."""
    places: list[tuple[float, float, float]] = []
    faces, made_of = [], []
    for top, bottom, material in TEETH:
        for left, front in ((-0.9, 10.0), (0.2, 10.0), (0.2, 2.0)):
            faces.append(np.arange(4) + SKIN.stop + len(places))
            places += [(x, y, front) for x, y in ((left, top), (left, bottom), (left + 0.7, bottom), (left + 0.7, top))]
            made_of.append(material)
    return np.array(places, np.float32), np.array(faces, np.int32), np.array(made_of)
