"""Faces in pictures, which can be made larger and put elsewhere."""

from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from stages.faces.align import align_face
from stages.invert import invert_crops
from stages.models import Models


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture (H, W, 3), its face's landmarks (68, 2) in pixels, and its code (L, 512)."""

    picture: np.ndarray
    landmarks: np.ndarray
    code: Tensor

    def scaled(self, share: float) -> "Portrait":
        """The same face in a picture so much larger."""
        how = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(self.picture, None, fx=share, fy=share, interpolation=how)
        factor = np.array(picture.shape[1::-1]) / self.picture.shape[1::-1]
        return Portrait(picture, self.landmarks * factor, self.code)

    def placed(self, height: int, width: int, top: int, left: int) -> "Portrait":
        """Within a picture of another size, grey around it; what does not fit in is cut away."""
        picture = np.full((height, width, 3), 127, np.uint8)
        rows = slice(max(top, 0), min(top + len(self.picture), height))
        columns = slice(max(left, 0), min(left + self.picture.shape[1], width))
        picture[rows, columns] = self.picture[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
        return Portrait(picture, self.landmarks + np.array([left, top]), self.code)


def portraits(models: Models, pictures: list[np.ndarray]) -> list[Portrait]:
    """Faces in pictures, found and inverted as a run does."""
    found = [models.finder.find(picture).landmarks for picture in pictures]
    crops = np.stack([align_face(picture, points) for picture, points in zip(pictures, found, strict=True)])
    codes = invert_crops(models.inverter, crops).codes
    return [Portrait(*parts) for parts in zip(pictures, found, codes, strict=True)]


def face_hull(portrait: Portrait) -> np.ndarray:
    """(H, W) bool, the pixels among the face's landmarks."""
    hull = cv2.convexHull(np.round(portrait.landmarks).astype(np.int32))
    return cv2.fillConvexPoly(np.zeros(portrait.picture.shape[:2], np.uint8), hull, 1) > 0
