"""The picture itself, moved as the generator's frames move."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.aligned_landmarks import landmarks_in_crops
from stages.models import Models, tensor_to_images
from stages.picture.appearance import Likeness, appearance_changes, likeness_of
from stages.picture.canvas import Canvas, canvas_for
from stages.picture.course import Course, course_of
from stages.picture.eye_contours import with_eyes_outlined
from stages.picture.figure import find_figure
from stages.picture.gesture import Gesture, gesture_course
from stages.picture.inside import Inside, inside_of
from stages.picture.stand_in import stand_in

BATCH = 8
TURNED = 1e-3  # radians from which a head's outline is another line on it than at rest
CRISP = 3.0  # how much steeper a head's outline is than its blurred mask


@dataclass(frozen=True, eq=False)
class Mover:
    """One picture, ready to be moved along one path.

    Attributes:
        picture: (H, W, 3) uint8.
        canvas: its part that may change.
        course: of the path.
        likeness: the generator's face laid over the picture's.
        colours: (P, h, w, 3) float32, how the picture's colours change along the course.
        insides: of left eye, right eye and mouth.
    """

    picture: np.ndarray
    canvas: Canvas
    course: Course
    likeness: Likeness
    colours: np.ndarray
    insides: tuple[Inside, ...]

    def frame(self, place: np.ndarray) -> np.ndarray:
        """The picture at a place (R,) of the course: (H, W, 3) uint8; at rest the picture itself."""
        if not place.any():
            return self.picture.copy()
        gesture = self.likeness.gestures.at(place)
        moved = self.canvas.figure.moved(gesture)
        shown = self._skin(self.canvas.field(moved), moved, self.course.terms(place))
        if abs(gesture.yaw) + abs(gesture.pitch) > TURNED:
            self._surround(shown, moved)
        turned = self._turned(gesture, moved)
        for inside in self.insides:
            inside.lay(shown, moved, turned, place)
        frame = self.picture.copy()
        cv2.copyTo(shown, self._touched, frame[self.canvas.box])
        return frame

    @cached_property
    def turn_given(self) -> float:
        """How much of the largest turn of the path the picture makes: 1 is all, less where it is softened."""
        gestures = [self.likeness.gestures.at(place) for place in self.course.keys]
        asked = max(float(np.hypot(gesture.yaw, gesture.pitch)) for gesture in gestures)
        given = max(float(np.hypot(*self.canvas.figure.softened(gesture))) for gesture in gestures)
        return given / asked if asked > 0 else 1.0

    def _skin(self, field: np.ndarray, moved: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """The box's pixels moved and changed in colour, (h, w, 3) uint8; openings are as their surroundings."""
        canvas = self.canvas
        size = (canvas.width, canvas.height)
        wide = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)  # (h, w, 2)
        at = wide + self._pixels
        for inside in self.insides:
            inside.sharpen(at, moved)
        own = self.picture[canvas.box]
        skin = cv2.remap(own, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        colours = np.tensordot(terms.astype(np.float32), self.colours, 1)  # (H, W, 3)
        if np.abs(colours).max() < 0.5:
            return skin
        cells = field / canvas.step.astype(np.float32) + self._cells
        colours = cv2.remap(colours, cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        changed = cv2.resize(colours, size, interpolation=cv2.INTER_LINEAR)
        return cv2.add(skin, changed, dtype=cv2.CV_8U)

    def _surround(self, shown: np.ndarray, moved: np.ndarray) -> None:
        """Lay what is around the head beside it, over `shown` (h, w, 3) uint8, in place: no surface joins them."""
        canvas = self.canvas
        size = (canvas.width, canvas.height)
        field, covered = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in canvas.surroundings(moved))
        at = field + self._pixels
        own = self.picture[canvas.box]
        around = cv2.remap(own, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        head = np.clip((covered - 0.5) * CRISP + 0.5, 0, 1)
        shown[:] = cv2.blendLinear(shown, around, head, 1 - head)

    def _turned(self, gesture: Gesture, moved: np.ndarray) -> np.ndarray:
        """(V, 3) the vertices turned with the head, the face at rest: what takes the eyeballs along."""
        if abs(gesture.yaw) + abs(gesture.pitch) < 1e-4:
            return self.canvas.figure.rest
        still = np.zeros_like
        plain = replace(
            gesture,
            expression=still(gesture.expression),
            residual=still(gesture.residual),
            closure=still(gesture.closure),
        )
        return self.canvas.figure.moved(plain)

    @cached_property
    def _pixels(self) -> np.ndarray:
        rows, columns = np.mgrid[: self.canvas.height, : self.canvas.width].astype(np.float32)
        return np.stack([columns, rows], axis=-1)

    @cached_property
    def _cells(self) -> np.ndarray:
        rows, columns = np.mgrid[: self.canvas.cells[0], : self.canvas.cells[1]].astype(np.float32)
        return np.stack([columns, rows], axis=-1)

    @cached_property
    def _touched(self) -> np.ndarray:
        """(h, w) uint8, not 0 where pixels may change at all."""
        size = (self.canvas.width, self.canvas.height)
        return (cv2.resize(self.canvas.window, size, interpolation=cv2.INTER_LINEAR) > 0).astype(np.uint8)


@torch.inference_mode()
def mover_for(models: Models, picture: np.ndarray, landmarks: np.ndarray, rest: Tensor, codes: Tensor) -> Mover:
    """Get a picture ready.

    Args:
        models: the generator whose codes these are, and the landmark network.
        picture: (H, W, 3) uint8 RGB, of any size.
        landmarks: (68, 2), of the face in it, pixels, centres at .5.
        rest: (L, 512), its code.
        codes: (F, L, 512), the path.
    """
    course = course_of(rest, codes)
    shown = stand_in(models.generator, rest.to(models.device))
    wanted = course.key_codes(shown)
    frames = np.concatenate(
        [tensor_to_images(models.generator.synthesize(part)).numpy() for part in wanted.split(BATCH)]
    )
    seen = landmarks_in_crops(models.landmarks, frames).astype(np.float64) * frames.shape[1]
    gestures = gesture_course(models.head, course, seen)
    figure = find_figure(models.head, with_eyes_outlined(picture, landmarks.astype(np.float64)))
    canvas = canvas_for(figure, *picture.shape[:2])
    still = int(np.abs(course.keys).max(axis=1).argmin())
    likeness = likeness_of(picture, canvas, frames, gestures, still)
    insides = tuple(inside_of(picture, likeness, number) for number in range(3))
    colours = appearance_changes(likeness, _covered(canvas))
    return Mover(picture, canvas, course, likeness, colours, insides)


def picture_frames(
    models: Models, picture: np.ndarray, landmarks: np.ndarray, rest: Tensor, codes: Tensor
) -> Iterator[np.ndarray]:
    """The picture moved along a path, (H, W, 3) uint8 a frame; arguments as `mover_for` has them."""
    mover = mover_for(models, picture, landmarks, rest, codes)
    return (mover.frame(place) for place in mover.course.places)


def _covered(canvas: Canvas) -> np.ndarray:
    """(H, W) float32: 0 in the openings as they are at rest, 1 elsewhere, soft between."""
    mask = np.ones(canvas.cells, np.float32)
    rest = canvas.figure.rest
    for rims in canvas.figure.head.openings:
        edge = canvas.on_grid(np.concatenate([rest[rims.upper, :2], rest[rims.lower[-2:0:-1], :2]]))
        cv2.fillPoly(mask, [np.round(edge * 16).astype(np.int32)], 0.0, cv2.LINE_8, 4)
    return cv2.GaussianBlur(mask, (0, 0), 1.0)
