"""The anchors' first pass: all faces of each frame, cut out. Which of them is the clip's, `stages.faces.track` decides.

Frames stay with the workers: what comes back is a window around each face, so that a minute of 4K needs no more memory
than a minute of its faces.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from common.errors import NoFace
from stages.base import Row, Stage
from stages.faces.align import align_face, face_quad
from stages.faces.detect import Face, FaceFinder
from stages.models import Models, ModelSettings

# Frames of which the first is searched whole, and the others where the one before showed its faces. They are fixed by
# their number in the clip and go to one worker together, so that nothing depends on how many workers there are.
GROUP = 4
MOST_FACES = 4  # of a frame, the largest
# Sides of a face's crop: how far a window reaches beyond it (landmarks are smoothed over time before the crop is cut),
# and how many pixels it has at most; crops have 256.
BEYOND, LARGEST_SIDE = 0.35, 512.0


@dataclass(frozen=True)
class SeenFace:
    """A face of a frame and the pixels around it.

    Attributes:
        face: in pixels of the frame.
        window: (h, w, 3) uint8.
        corner: (2,) the window's top left corner in the frame. scale: window pixels to a frame pixel, (2,).
    """

    face: Face
    window: np.ndarray
    corner: np.ndarray
    scale: np.ndarray

    def aligned(self, landmarks: np.ndarray, size: int = 256) -> np.ndarray:
        """The crop of (68, 2) landmarks in pixels of the frame: (size, size, 3) uint8."""
        return align_face(self.window, (landmarks - self.corner) * self.scale, size)


@dataclass(frozen=True)
class DetectFacesSettings:
    """What `DetectFaces` needs: the model's files."""

    model: ModelSettings = field(default_factory=ModelSettings)


class DetectFaces(Stage):
    """A row with `index` and `frames` (a group, (H, W, 3) uint8 each) -> `index`, `located` (as `locate_faces`)."""

    def __init__(self, settings: DetectFacesSettings):
        self.models = Models(settings.model)

    def process(self, row: Row) -> Row:
        """The frames' faces, without the frames."""
        return {"index": row["index"], "located": locate_faces(self.models.finder, row["frames"])}


def locate_faces(finder: FaceFinder, frames: Iterable[np.ndarray]) -> list[list[SeenFace]]:
    """The faces of a clip's frames, (H, W, 3) uint8 each: for each frame a list, the largest face first."""
    located: list[list[SeenFace]] = []
    faces: list[Face] = []
    for number, frame in enumerate(frames):
        faces = finder.find_again(frame, faces) if number % GROUP else finder.find_all(frame)
        located.append(cut_faces(frame, faces))
    return located


def cut_faces(frame: np.ndarray, faces: list[Face]) -> list[SeenFace]:
    """The largest faces of a frame, (H, W, 3) uint8, each with its window."""
    seen = []
    for face in faces[:MOST_FACES]:
        try:
            quad = face_quad(face.landmarks)
        except NoFace:
            continue
        side = float(np.hypot(*(quad[3] - quad[0])))
        size = frame.shape[1::-1]
        low = np.floor(quad.min(axis=0) - BEYOND * side).clip(0, size).astype(int)
        high = np.ceil(quad.max(axis=0) + BEYOND * side).clip(0, size).astype(int)
        window = frame[low[1] : high[1], low[0] : high[0]]
        if not window.size:
            continue
        if side > LARGEST_SIDE:
            small = np.maximum(np.round((high - low) * LARGEST_SIDE / side), 1).astype(int)
            window = cv2.resize(window, (int(small[0]), int(small[1])), interpolation=cv2.INTER_AREA)
        scale = np.array(window.shape[1::-1]) / (high - low)
        seen.append(SeenFace(face, np.ascontiguousarray(window), low.astype(np.float64), scale))
    return seen
