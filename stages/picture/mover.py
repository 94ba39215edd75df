"""The picture itself, moved as the generator's frames move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.faces.crop_landmarks import landmarks_in_crops
from stages.models import Models, tensor_to_images
from stages.motion.displacement import Displacement
from stages.picture.appearance import appearance_changes
from stages.picture.fields import OwnPixels, fields_of
from stages.picture.head.canvas import Canvas, canvas_for
from stages.picture.head.course import Course, course_of
from stages.picture.head.eyes_near_by import with_eyes_near_by
from stages.picture.head.figure import find_figure
from stages.picture.head.gesture import Gesture, gesture_course
from stages.picture.head.matte import head_matte
from stages.picture.head.met_outline import with_outline_met
from stages.picture.head.stand_in import stand_in
from stages.picture.openings.hidden_parts import cover_of, hidden_parts, with_parts_left
from stages.picture.openings.inside import Inside, inside_of
from stages.picture.tones.grain import Grain, grain_of
from stages.picture.tones.likeness import Likeness, likeness_of
from stages.picture.unseen import View, view_towards, views_of
from stages.picture.warping.strips import Patch, strips, taken_back, widened
from stages.picture.warping.warp import at_places

BATCH = 8
CRISP = 3.0  # how much steeper a head's outline is than its blurred mask


@dataclass(frozen=True, eq=False)
class Layer:
    """Of a frame, on the canvas's grid.

    Attributes:
        field: (H, W, 2) float32, pixels to go back. colours: (H, W, 3) float32, what is added then; None for nothing.
    """

    field: np.ndarray
    colours: np.ndarray | None


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
        own: where the picture shows the head.
        views: of the head where the path turns it, for what comes into view; none where it does not.
    """

    picture: np.ndarray
    canvas: Canvas
    course: Course
    likeness: Likeness
    colours: np.ndarray
    insides: tuple[Inside, ...]
    own: OwnPixels
    views: tuple[View, ...]

    def frame(self, place: np.ndarray) -> np.ndarray:
        """The picture at a place (R,) of the course: (H, W, 3) uint8; at rest the picture itself."""
        if not place.any():
            return self.picture.copy()
        gesture = self.likeness.gestures.at(place)
        moved = self.canvas.figure.moved(gesture)
        turn = np.array(self.canvas.figure.softened(gesture))
        fields = fields_of(self.canvas, self.own, moved, float(np.hypot(*turn)))
        changed = np.tensordot(self.course.terms(place).astype(np.float32), self.colours, 1)  # (h, w, 3)
        head = self._layer(fields.head, changed)
        around = None if fields.around is None else self._layer(fields.around, changed)
        patches = [inside.sharpened(moved) for inside in self.insides]
        seen = None
        if self.views and fields.drawn is not None:
            seen = view_towards(self.views, turn).on(self.canvas, fields.drawn)
        frame = self.picture.copy()
        shown = frame[self.canvas.box]
        for rows in strips(self.canvas.height):
            strip = self._strip(rows, head, cv2.INTER_CUBIC, patches)
            if seen is not None and fields.unseen is not None and fields.unseen.any():
                share = np.clip(self._widened(fields.unseen, rows), 0, 1)
                if share.any():
                    shown_there = self._grain.on(self._widened(seen, rows), strip)
                    strip = cv2.blendLinear(shown_there, strip, share, 1 - share)
            if around is not None and fields.covered is not None:  # no surface joins a turned head and what is around
                share = np.clip((self._widened(fields.covered, rows) - 0.5) * CRISP + 0.5, 0, 1)
                strip = cv2.blendLinear(strip, self._strip(rows, around, cv2.INTER_LINEAR), share, 1 - share)
            cv2.copyTo(strip, self._moving[rows], shown[rows])
        turned = self._turned(gesture, moved)
        for inside, patch in zip(self.insides, patches, strict=True):
            inside.close(shown, moved, gesture, patch)
            inside.lay(shown, moved, turned, place)
        return frame

    @cached_property
    def turn_given(self) -> float:
        """How much of the largest turn of the path the picture makes: 1 is all, less where it is softened."""
        gestures = [self.likeness.gestures.at(place) for place in self.course.keys]
        asked = max(float(np.hypot(gesture.yaw, gesture.pitch)) for gesture in gestures)
        given = max(float(np.hypot(*self.canvas.figure.softened(gesture))) for gesture in gestures)
        return given / asked if asked > 0 else 1.0

    def _strip(self, rows: slice, layer: Layer, flags: int, patches: Sequence[Patch] = ()) -> np.ndarray:
        """Some rows of a layer, (n, w, 3) uint8; `patches` are of its field, to the pixel."""
        back = self._widened(layer.field, rows)
        for patch in patches:
            patch.put_into(back, rows)
        strip = taken_back(self.picture[self.canvas.box], back, rows.start, flags)
        if layer.colours is None:
            return strip
        return cv2.add(strip, self._widened(layer.colours, rows), dtype=cv2.CV_8U)

    @cached_property
    def _grain(self) -> Grain:
        return grain_of(self.picture, self.canvas)

    @cached_property
    def _moving(self) -> np.ndarray:
        """(h, w) uint8: 1 on the canvas's pixels that may change."""
        parts = [self._widened(self.canvas.window, rows) > 0 for rows in strips(self.canvas.height)]
        return np.concatenate(parts).astype(np.uint8)

    def _layer(self, field: np.ndarray, colours: np.ndarray) -> Layer:
        """A layer whose pixels have changed their colours, (h, w, 3) float32 at rest's places, and moved since."""
        if np.abs(colours).max() < 0.5:
            return Layer(field, None)
        cells = field / self.canvas.steps + self.canvas.places
        return Layer(field, at_places(colours, cells))

    def _widened(self, values: np.ndarray, rows: slice) -> np.ndarray:
        return widened(values, rows, self.canvas.height, self.canvas.width)

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


@torch.inference_mode()
def mover_for(
    models: Models,
    picture: np.ndarray,
    landmarks: np.ndarray,
    rest: Tensor,
    codes: Tensor,
    displacement: Displacement | None = None,
) -> Mover:
    """Get a picture ready.

    Args:
        models: the generator whose codes these are, and the landmark network.
        picture: (H, W, 3) uint8 RGB, of any size.
        landmarks: (68, 2), of the face in it, pixels, centres at .5.
        rest: (L, 512), its code.
        codes: (F, L, 512), the path.
        displacement: of the landmarks of the motion that made it, where that is known.
    """
    course = course_of(rest, codes)
    shown = stand_in(models.generator, rest.to(models.device))
    wanted = course.key_codes(shown)
    frames = np.concatenate(
        [tensor_to_images(models.generator.synthesize(part)).numpy() for part in wanted.split(BATCH)]
    )
    seen = landmarks_in_crops(models.landmarks, frames).astype(np.float64) * frames.shape[1]
    gestures = gesture_course(models.head, course, seen, displacement)
    landmarks = with_eyes_near_by(models.eye_outlines, picture, landmarks.astype(np.float64))
    figure = find_figure(models.head, landmarks)
    canvas = canvas_for(figure, *picture.shape[:2])
    still = int(np.abs(course.keys).max(axis=1).argmin())
    likeness = likeness_of(picture, canvas, frames, gestures, still)
    hidden = hidden_parts(canvas, likeness.small_picture)
    gestures = with_parts_left(gestures, models.head, [colour is not None for colour in hidden])
    likeness = replace(likeness, gestures=gestures)
    matte = head_matte(canvas, likeness.small_picture)
    if gestures.largest_turn > 0:
        hair = OwnPixels(canvas, likeness.small_picture, matte).hair.share
        canvas = replace(canvas, figure=with_outline_met(canvas, matte, hair))
        likeness = replace(likeness, canvas=canvas)
    insides = tuple(inside_of(picture, likeness, number) for number in range(3))
    own = OwnPixels(canvas, likeness.small_picture, matte)
    covered = _covered(canvas) * (1 - cover_of(canvas, likeness.small_picture, hidden))
    tone_share = 1.0 if displacement is None else displacement.tone_share
    colours = appearance_changes(likeness, matte, covered, tone_share)
    return Mover(picture, canvas, course, likeness, colours, insides, own, views_of(likeness, own, matte))


def picture_frames(
    models: Models,
    picture: np.ndarray,
    landmarks: np.ndarray,
    rest: Tensor,
    codes: Tensor,
    displacement: Displacement | None = None,
) -> Iterator[np.ndarray]:
    """The picture moved along a path, (H, W, 3) uint8 a frame; arguments as `mover_for` has them."""
    mover = mover_for(models, picture, landmarks, rest, codes, displacement)
    return (mover.frame(place) for place in mover.course.places)


def _covered(canvas: Canvas) -> np.ndarray:
    """(H, W) float32: 0 in the openings as they are at rest, 1 elsewhere, soft between."""
    mask = np.ones(canvas.cells, np.float32)
    rest = canvas.figure.rest
    for rims in canvas.figure.head.openings:
        edge = canvas.on_grid(np.concatenate([rest[rims.upper, :2], rest[rims.lower[-2:0:-1], :2]]))
        cv2.fillPoly(mask, [np.round(edge * 16).astype(np.int32)], 0.0, cv2.LINE_8, 4)
    return cv2.GaussianBlur(mask, (0, 0), 1.0)
