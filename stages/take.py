"""What one row's frames show: the picture itself moved, or the generator's face in its place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from torch import Tensor

from stages.align import align_face, face_quad
from stages.models import Models
from stages.picture.mover import Mover, mover_for
from stages.prepare import CROP_SIZE
from stages.render import render_frames

Pixels = Literal["picture", "generator"]

# Frames that come again, as on the way back, are kept rather than made again while they take no more than this.
KEPT_BYTES = 192 << 20


@dataclass(frozen=True, eq=False)
class Take:
    """A face and its frames.

    Attributes:
        still: (H, W, 3) uint8, the face at rest, as the frames show it.
        frames: (H, W, 3) uint8 each; to be gone through once.
        aligned: from a frame to the (256, 256, 3) crop of the still's face that networks measure.
        figures: `rest_error` and `turn_given` as a result has them, once the frames are made.
    """

    still: np.ndarray
    frames: Iterator[np.ndarray]
    aligned: Callable[[np.ndarray], np.ndarray]
    figures: dict[str, float] = field(default_factory=dict)


def own_side(landmarks: np.ndarray, longest: int) -> int:
    """The side of a face's crop at its picture's own resolution, even and at most `longest` pixels.

    Raises:
        NoFace: as `face_quad` does.
    """
    quad = face_quad(landmarks)
    side = min(round(float(np.hypot(*(quad[3] - quad[0])))), longest)
    return max(side // 2 * 2, 2)


def own_crop(picture: np.ndarray, landmarks: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """A face's crop at its picture's own resolution, (S, S, 3) uint8, and its landmarks in it, (68, 2) pixels."""
    side = own_side(landmarks, longest)
    quad = face_quad(landmarks) + 0.5  # where `align_face` samples
    corners = np.array([[0, 0], [0, side], [side, side]], np.float32)
    matrix = cv2.getAffineTransform(quad[:3].astype(np.float32), corners)  # (2, 3)
    return align_face(picture, landmarks, side), landmarks @ matrix[:, :2].T + matrix[:, 2]


def take_of_picture(models: Models, still: np.ndarray, landmarks: np.ndarray, rest: Tensor, codes: Tensor) -> Take:
    """The still's own pixels, moved along a path of codes.

    Args:
        models: of the codes.
        still: (H, W, 3) uint8, a crop or a whole picture.
        landmarks: (68, 2), of the face in it, pixels.
        rest: (L, 512), its code. codes: (F, L, 512), the path.
    """
    mover = mover_for(models, still, landmarks, rest, codes)
    figures = {"turn_given": mover.turn_given}

    def aligned(frame: np.ndarray) -> np.ndarray:
        return align_face(frame, landmarks, CROP_SIZE)

    return Take(still, _each_once(mover, still, figures), aligned, figures)


def take_of_generator(models: Models, crop: np.ndarray, codes: Tensor) -> Take:
    """The generator's frames of a path (F, L, 512); `crop` is the (256, 256, 3) still."""
    frames = (frame for part in render_frames(models.generator, codes) for frame in part)
    return Take(crop, frames, lambda frame: frame)


def _each_once(mover: Mover, still: np.ndarray, figures: dict[str, float]) -> Iterator[np.ndarray]:
    """Every frame, those at one place of the course made once; how far frames at rest are from the still."""
    kept: dict[bytes, np.ndarray] = {}
    places = mover.course.places
    coming = [place.tobytes() for place in places]
    for number, (place, name) in enumerate(zip(places, coming, strict=True)):
        frame = kept.pop(name) if name in kept else mover.frame(place)
        if not place.any():
            error = float(cv2.absdiff(frame, still).max())
            figures["rest_error"] = max(error, figures.get("rest_error", 0.0))
        if name in coming[number + 1 :] and (len(kept) + 1) * frame.nbytes <= KEPT_BYTES:
            kept[name] = frame
        yield frame
