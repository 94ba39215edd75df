"""What one row's frames show: the image itself moved, or the generator's face in its place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.faces.align import CROP_SIZE, align_face, cut_quad, face_quad, shares_of_quad
from stages.invert import InvertedFace
from stages.media.encode import render_frames
from stages.media.frames_once import KEPT_BYTES, first_alike, made_once
from stages.models import Models
from stages.motion.displacement import Displacement
from stages.picture.mover import Mover, mover_for


@dataclass(frozen=True, eq=False)
class RowFrames:
    """A face and its frames.

    Attributes:
        still: (H, W, 3) uint8, the face at rest, as the frames show it.
        frames: (H, W, 3) uint8 each; to be gone through once, each to be used before the next.
        aligned: from a frame to the (256, 256, 3) crop of the still's face that networks measure.
        asked: from some frames' numbers to where their landmarks are to be, (F, 68, 2) in shares of the crop's side;
            None where nothing but the generator says so.
        same_as: for each frame the number of the first one that shows the same; empty where it is not known.
        figures: `rest_error` and `turn_given` as a result has them, once the frames are made.
    """

    still: np.ndarray
    frames: Iterator[np.ndarray]
    aligned: Callable[[np.ndarray], np.ndarray]
    asked: Callable[[Sequence[int]], np.ndarray] | None = None
    figures: dict[str, float] = field(default_factory=dict)
    same_as: Sequence[int] = ()


def own_side(landmarks: np.ndarray, longest: int) -> int:
    """The side of a face's crop at its image's own resolution, even and at most `longest` pixels.

    Raises:
        NoFace: as `face_quad` does.
    """
    quad = face_quad(landmarks)
    side = min(int(np.hypot(*(quad[3] - quad[0]))), longest)
    return max(side // 2 * 2, 2)


def own_crop(picture: np.ndarray, landmarks: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """A face's crop at its image's own resolution, (S, S, 3) uint8, and its landmarks in it, (68, 2) pixels."""
    side = own_side(landmarks, longest)
    return align_face(picture, landmarks, side), shares_of_quad(landmarks, face_quad(landmarks)) * side


def frames_of_image(
    models: Models,
    still: np.ndarray,
    landmarks: np.ndarray,
    rest: Tensor,
    codes: Tensor,
    displacement: Displacement | None = None,
) -> RowFrames:
    """The still's own pixels, moved along a path of codes.

    Args:
        models: of the codes.
        still: (H, W, 3) uint8, a crop or a whole image.
        landmarks: (68, 2), of the face in it, pixels.
        rest: (L, 512), its code. codes: (F, L, 512), the path.
        displacement: of the landmarks of the motion that made the path, where that is known.
    """
    mover = mover_for(models, still, landmarks, rest, codes, displacement)
    figures = {"turn_given": mover.turn_given}
    quad = face_quad(landmarks)
    gestures, figure = mover.likeness.gestures, mover.canvas.figure

    def aligned(frame: np.ndarray) -> np.ndarray:
        return cut_quad(frame, quad, CROP_SIZE)

    def asked(frames: Sequence[int]) -> np.ndarray:
        moved = [figure.moved(gestures.at(mover.course.places[number])) for number in frames]
        return shares_of_quad(np.stack(moved)[:, figure.head.landmarks, :2], quad)

    same_as = first_alike(list(mover.course.places))
    return RowFrames(still, _each_once(mover, same_as, figures), aligned, asked, figures, same_as)


def frames_of_generator(models: Models, crop: np.ndarray, codes: Tensor, face: InvertedFace | None = None) -> RowFrames:
    """The generator's frames of a path (F, L, 512).

    Args:
        models: of the codes.
        crop: (256, 256, 3) uint8, the still.
        codes: the path.
        face: that the path starts from; where it comes by it, its rendering is shown and not made again.
    """
    known = face if face is not None and _renders_as_inverted(models) else None
    same_as = first_alike([code.numpy() for code in codes.cpu()])
    frames = _rendered_once(models, codes, same_as, known)
    return RowFrames(crop, frames, lambda frame: frame, same_as=same_as)


def _renders_as_inverted(models: Models) -> bool:
    """Whether videos show what the inverter's own decoder shows: a job may name two generators."""
    return models.inverter.decoder.fingerprint == models.generator.fingerprint


def _rendered_once(
    models: Models, codes: Tensor, same_as: Sequence[int], known: InvertedFace | None
) -> Iterator[np.ndarray]:
    """Every frame of a path, rendered a batch of new ones at a time; of one that is `known`, its rendering."""
    there = [known is not None and bool(torch.equal(code, known.code)) for code in codes.cpu()]
    new = [number for number, first in enumerate(same_as) if first == number and not there[number]]
    rendered = (frame for part in render_frames(models.generator, codes[new]) for frame in part)

    def make(number: int) -> np.ndarray:
        if known is not None and there[number]:
            return known.rendering
        if same_as[number] == number:
            return next(rendered)
        again: np.ndarray = next(render_frames(models.generator, codes[number : number + 1]))[0]
        return again

    return (frame for frame, _ in made_once(same_as, make, KEPT_BYTES))


def _each_once(mover: Mover, same_as: Sequence[int], figures: dict[str, float]) -> Iterator[np.ndarray]:
    """Every frame, those at one place of the course made once; how far frames at rest are from the image.

    What lies outside the canvas is the image's own in every frame, so that no more than the canvas is kept.
    """
    box, places = mover.canvas.box, mover.course.places
    whole: list[np.ndarray] = []

    def make(number: int) -> np.ndarray:
        whole[:] = [mover.frame(places[number])]
        part: np.ndarray = whole[0][box]
        return part

    for place, (part, new) in zip(places, made_once(same_as, make, KEPT_BYTES), strict=True):
        if new:
            frame = whole.pop()
        else:
            frame = mover.picture.copy()
            frame[box] = part
        if not place.any():
            error = cv2.norm(frame, mover.picture, cv2.NORM_INF)
            figures["rest_error"] = max(error, figures.get("rest_error", 0.0))
        yield frame
