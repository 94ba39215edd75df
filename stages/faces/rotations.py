"""Faces of an image that may lie on its side or upside down, and of an image that is large for its faces.

Scanners and old telephones turn images without recording it. The landmark network is surest of an upright face (0.86 to
0.88; 0.77 to 0.79 for what it takes for a face in the same image turned), so the surest of four orientations wins.
Results are in the image's own pixels.
"""

from dataclasses import replace

import numpy as np

from common.errors import FaceTooSmall, NoFace
from stages.faces.detect import Face, FaceFinder
from stages.faces.detectors import LONGEST_SIDE

SURELY_UPRIGHT = 0.83  # of a face's confidence; from here on no other orientation is looked at
# Of `looks_human`: fur, a shoulder, stone and hair that are taken for a face in a turned image or a part of one have
# up to 0.8, at a confidence up to 0.78; portraits that are turned have 2.8 and more.
SURELY_HUMAN = 1.5
# Detectors look at images made small. A face has to have this share of the longest side from brow to chin to be seen
# so; below it, the image is looked at in tiles.
SMALLEST_SHARE = 0.035
MOST_TILES = 64


def find_in_any_rotation(finder: FaceFinder, image: np.ndarray) -> Face:
    """The largest face of the image, (H, W, 3) uint8, whichever way up it is.

    Raises:
        NoFace, FaceTooSmall: as `FaceFinder.find` does.
    """
    best: list[Face] = []
    for turns in range(4):  # quarter turns anticlockwise
        found = finder.find_all(np.rot90(image, turns).copy(), thorough=not turns)
        seen = [face for face in found if not turns or _beyond_doubt(face)]
        faces = [_rotate_back(face, turns, image.shape) for face in seen]
        if faces and (not best or _most_certain(faces) > _most_certain(best)):
            best = faces
        if best and _most_certain(best) >= SURELY_UPRIGHT:
            break
    if not best:
        best = _in_tiles(finder, image)
    if not best:
        raise NoFace(
            f"no face was found, upright or turned by 90, 180 or 270 degrees, down to {finder.min_face} pixels from "
            "brow to chin. Use an image in which one face is seen from the front."
        )
    height = best[0].box[3] - best[0].box[1]
    if max(height, best[0].box[2] - best[0].box[0]) < finder.min_face:
        raise FaceTooSmall(
            f"the largest face is {height:.0f} pixels high from brows to chin: expected at least {finder.min_face}. "
            "Use a larger image."
        )
    return best[0]


def _beyond_doubt(face: Face) -> bool:
    """Whether a face is one although it was not looked for here at first: of many looks, one is deceived."""
    return face.confidence >= SURELY_UPRIGHT or face.human >= SURELY_HUMAN


def _most_certain(faces: list[Face]) -> float:
    return max(face.confidence for face in faces)


def _rotate_back(face: Face, turns: int, shape: tuple[int, ...]) -> Face:
    """A face of the image turned by quarters, in the image's own pixels."""
    height, width = shape[:2]
    x, y = face.landmarks.T
    points = {0: (x, y), 1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[turns]
    landmarks = np.stack(points, axis=1).astype(np.float32)
    return replace(face, landmarks=landmarks, box=np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)]) * 1.0)


def _in_tiles(finder: FaceFinder, image: np.ndarray) -> list[Face]:
    """Faces that are too small a part of a large image to be seen in all of it, the largest first."""
    side = max(LONGEST_SIDE, int(finder.min_face / SMALLEST_SHARE))
    height, width = image.shape[:2]
    while -(-2 * height // side) * -(-2 * width // side) > MOST_TILES:
        side *= 2
    if max(height, width) <= side:
        return []
    faces: list[Face] = []
    for top in range(0, max(height - side // 2, 1), side // 2):
        for left in range(0, max(width - side // 2, 1), side // 2):
            corner = np.array([left, top], np.float32)
            tile = np.ascontiguousarray(image[top : top + side, left : left + side])
            for face in finder.find_all(tile, thorough=False):
                box = face.box + np.tile(corner, 2)
                if _beyond_doubt(face) and all(
                    np.abs(box - other.box).max() > 0.5 * (box[3] - box[1]) for other in faces
                ):
                    faces.append(replace(face, landmarks=face.landmarks + corner, box=box))
    faces.sort(key=lambda face: -float(np.prod(face.box[2:] - face.box[:2])))
    return [replace(face, others=len(faces) - 1) for face in faces]
