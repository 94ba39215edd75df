"""One opening of the face, in every frame: where its skin ends to the pixel, and what shows between."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from stages.picture.head.course import nearest_keys
from stages.picture.head.figure import rim_gaps
from stages.picture.head.gesture import Gesture
from stages.picture.openings.lids import Lid, lid_of
from stages.picture.openings.openings import (
    Box,
    box_around,
    lattice,
    lattice_triangles,
    opening_mask,
    outline,
    triangles_near,
    without_skin,
)
from stages.picture.openings.teeth import Teeth, teeth_of
from stages.picture.openings.tooth_relief import DROPS, ToothRelief, best_drop, relief_of
from stages.picture.tones.likeness import Likeness
from stages.picture.warping.raster import Drawn, draw
from stages.picture.warping.strips import Patch
from stages.picture.warping.warp import fill
from weights.networks.head import Rims

MOUTH = 2
COARSER = 3  # pixels for each point of the smooth field within an opening
THINNEST = 2.0  # of that field's cells
FINEST = 160  # cells across an opening's own grid, at most
PAD = 0.45  # of the opening's width, around it
SOFT = 0.006  # of the opening's width: how soft its edge is
# Gaps over what they were at rest: up to the first the picture's own inside is enough, from the second it is the
# generator's. Gaps of less than `SHUT` of the width are no sight of what is inside.
OWN, OTHERS = 1.6, 2.6
SHUT = 0.03
TOGETHER, APART = 0.02, 0.06  # of an eye's width: by which its lids have moved over the eyeball
# Pixels: a gap of less shows nothing of what is inside, one of a pixel more all of it, for a polygon that has no height
# is drawn as a line; how soft the edge of a mask is that only measures.
VISIBLE, SHARP = 0.4, 0.5
SLIT, SLIT_SHADE = 0.14, 0.7  # of an eye's width: a gap in which lids shade the eyeball; by how much before it is shut
TEETH_SHOW = 0.06  # of a mouth's width: a gap from which on teeth are seen well enough to place them


@dataclass(frozen=True, eq=False)
class Inside:
    """Attributes:
    picture: (H, W, 3) uint8.
    likeness: the generator's face laid over the picture's.
    number: 0 left eye, 1 right eye, 2 mouth.
    box: the opening's surroundings, in pixels of the picture.
    near: (N, 3) the triangles that are ever in the box.
    own: (h, w, 3) uint8, what the picture shows inside, continued under the rims.
    lid: of an eye.
    relief: the teeth in a mouth.
    """

    picture: np.ndarray
    likeness: Likeness
    number: int
    box: Box
    near: np.ndarray
    own: np.ndarray
    lid: Lid | None
    relief: ToothRelief | None

    @property
    def rims(self) -> Rims:
        """The opening's edges."""
        return self.likeness.canvas.figure.head.openings[self.number]

    @cached_property
    def teeth(self) -> Teeth:
        """How the picture shows what the generator has inside; eyes that open no wider need none."""
        return teeth_of(self.picture, self.likeness, self.box)

    def sharpened(self, moved: np.ndarray) -> Patch:
        """The field to the pixel, around the opening."""
        points, drawn, fine = self._field(moved)
        ramp = self._ramp * self._within_outline(drawn, outline(points, self.rims))[..., None]
        return Patch(*self._rows_and_columns, fine, ramp)

    def _field(self, moved: np.ndarray) -> tuple[np.ndarray, Drawn, np.ndarray]:
        """The vertices on the box's own grid, what is drawn there, and (h, w, 2) float32, pixels to go back."""
        canvas = self.likeness.canvas
        figure, box = canvas.figure, self.box
        step = max(box.width / FINEST, 1.0)
        cells = (max(round(box.height / step), 2), max(round(box.width / step), 2))
        scale = np.array([box.width / cells[1], box.height / cells[0]])
        points = (moved[:, :2] - (box.left, box.top)) / scale - 0.5
        drawn = draw(points, moved[:, 2], self.near, cells)
        back = figure.rest[:, :2] - moved[:, :2]
        values = drawn.interpolate(self.near, np.column_stack([back, canvas.shown_at_rest]))
        known = (drawn.covered & (values[..., 2] > 0.5)).astype(np.float32)
        # Through an opening the far side of the head is seen: what is there goes with the rims.
        cv2.fillPoly(known, [np.round(outline(points, self.rims)).astype(np.int32)], 0.0)
        fine = cv2.resize(fill(values[..., :2], known), (box.width, box.height), interpolation=cv2.INTER_LINEAR)
        return points, drawn, fine

    def _within_outline(self, drawn: Drawn, edge: np.ndarray) -> np.ndarray:
        """(h, w) float32: 1 on skin and in the opening, 0 towards where the head ends."""
        head = drawn.covered.astype(np.uint8)
        cv2.fillPoly(head, [np.round(edge).astype(np.int32)], 1)
        head = cv2.erode(head, np.ones((5, 5), np.uint8)).astype(np.float32)
        return cv2.resize(cv2.blur(head, (3, 3)), (self.box.width, self.box.height), interpolation=cv2.INTER_LINEAR)

    def close(self, shown: np.ndarray, moved: np.ndarray, gesture: Gesture, patch: Patch) -> None:
        """Make skin of what a lid that closes has at its edge, on `shown`, (h, w, 3) uint8, in place."""
        if self.lid is not None:
            edge = moved[self.rims.upper, :2]
            self.lid.lay(shown[self._rows_and_columns], patch, edge, float(gesture.closure[self.number]))

    def lay(self, shown: np.ndarray, moved: np.ndarray, turned: np.ndarray, place: np.ndarray) -> None:
        """Lay what is inside over the skin `shown`, (h, w, 3) uint8, in place."""
        edge = outline(moved, self.rims)
        width = float(np.linalg.norm(edge[0] - moved[self.rims.upper[-1], :2]))
        gap = self._gap(moved)
        share = float(np.clip(gap - VISIBLE, 0, 1))
        if self.number != MOUTH:
            share *= self._uncovered(moved, turned, width)
        if share == 0:
            return
        mask = share * opening_mask(edge, self.box, max(SOFT * width, 0.5))
        inside = self._content(moved, turned, place, gap, width)
        if self.number != MOUTH:
            inside *= self._lit(gap, width)
        rows, columns = self._rows_and_columns
        part = shown[rows, columns].astype(np.float32)
        shown[rows, columns] = np.rint(part + mask[..., None] * (inside - part)).clip(0, 255).astype(np.uint8)

    def _lit(self, gap: float, width: float) -> float:
        """How much light comes to an eyeball between its lids, as a share of what did at rest."""
        return 1 - SLIT_SHADE * float(np.clip(1 - gap / max(min(SLIT * width, self._rest_gap), 1e-6), 0, 1))

    def _gap(self, moved: np.ndarray) -> float:
        """How far the opening opens where it does most, pixels."""
        return float(rim_gaps(moved, self.rims)[1].max())

    @cached_property
    def _rest_gap(self) -> float:
        return self._gap(self.likeness.canvas.figure.rest)

    def _content(
        self, moved: np.ndarray, turned: np.ndarray, place: np.ndarray, gap: float, width: float
    ) -> np.ndarray:
        """(h, w, 3) float32."""
        before, now = (max(opening, 0.0) for opening in (self._rest_gap, gap))
        seen_at_rest = np.clip((before / width - SHUT) / SHUT, 0, 1)
        wider = now / max(before, 1e-6)
        share = float(seen_at_rest * np.clip((OTHERS - wider) / (OTHERS - OWN), 0, 1))
        if self.number != MOUTH and share >= 1:
            return self._eyeball(turned)
        laid = self._laid(moved)
        if share >= 1:
            return self._own_mouth(laid)
        other = self._others(laid, moved, place, gap, width)
        if share <= 0:
            return other
        own = self._own_mouth(laid) if self.number == MOUTH else self._eyeball(turned)
        return other + share * (own - other)

    def _own_mouth(self, laid: Drawn) -> np.ndarray:
        """The picture's own inside, teeth and all: it hangs between the lips."""
        corner = np.array([self.box.left, self.box.top], np.float32)
        back = self._between(laid, lattice(self.likeness.canvas.figure.rest, self.rims) - corner - np.float32(0.5))
        mouth = cv2.remap(self.own, back[..., 0], back[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return mouth.astype(np.float32)

    def _eyeball(self, turned: np.ndarray) -> np.ndarray:
        """The picture's own eye: it stays, but for the head's turn."""
        if turned is self.likeness.canvas.figure.rest:
            return self.own.astype(np.float32)
        rows, columns = np.mgrid[: self.box.height, : self.box.width].astype(np.float32)
        at = self._field(turned)[2] + np.dstack([columns, rows])
        eye = cv2.remap(self.own, at, np.empty(0), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return eye.astype(np.float32)

    def _uncovered(self, moved: np.ndarray, turned: np.ndarray, width: float) -> float:
        """1 where lids move over the eyeball; 0 where they only turn with it, and both are one surface of the image."""
        rim = np.concatenate([self.rims.upper, self.rims.lower])
        apart = float(np.linalg.norm((moved - turned)[rim, :2], axis=1).max()) / width
        return float(np.clip((apart - TOGETHER) / (APART - TOGETHER), 0, 1))

    def _others(self, laid: Drawn, moved: np.ndarray, place: np.ndarray, gap: float, width: float) -> np.ndarray:
        """The generator's inside in the picture's tones, a mouth's with its teeth one by one."""
        band = self._generated(laid, place)
        if self.relief is None:
            return self.teeth.shown(band, 1.0)
        mask = opening_mask(outline(moved, self.rims), self.box, SHARP)
        teeth = self.relief.on(band, self.likeness.gestures.at(place), mask)
        return self.teeth.shown(teeth, gap / max(width, 1e-6))

    def _generated(self, laid: Drawn, place: np.ndarray) -> np.ndarray:
        """The generator's inside at the nearest keys, mixed: (h, w, 3) float32."""
        near = nearest_keys(self.likeness.gestures.course.keys, place)
        there = self._between(laid, np.concatenate([self._lattices[key] for key, _ in near], axis=-1))
        mixed = np.zeros((self.box.height, self.box.width, 3), np.float32)
        for number, (key, share) in enumerate(near):  # `there` is (h, w, 2 for each key)
            mixed += np.float32(share) * self.likeness.shown(key, there[..., 2 * number : 2 * number + 2])
        return mixed

    @cached_property
    def _lattices(self) -> list[np.ndarray]:
        """Over the opening in the generator's frame at each key."""
        return [lattice(vertices, self.rims) for vertices in self.likeness.vertices]

    def with_teeth_matched(self) -> "Inside":
        """The same mouth, its teeth as low as the generator's frames have them."""
        if self.relief is None or self.relief.share == 0:
            return self
        relief = replace(self.relief, drop=0.0)
        matches, weight, lowest = np.zeros(len(DROPS)), 0.0, float(DROPS[-1])
        for place, moved in zip(self.likeness.gestures.course.keys, self.likeness.moved, strict=True):
            edge = outline(moved, self.rims)
            upper = moved[self.rims.upper, :2]
            gap = self._gap(moved) / float(np.linalg.norm(upper[-1] - upper[0]))
            if gap < TEETH_SHOW:
                continue
            gesture = self.likeness.gestures.at(place)
            mask = opening_mask(edge, self.box, SHARP)
            matches += gap * relief.match(self._generated(self._laid(moved), place), gesture, mask)
            weight += gap
            lowest = min(lowest, relief.lowest(gesture, upper[len(upper) // 2]))
        if weight == 0:
            return self
        return replace(self, relief=replace(relief, drop=best_drop(matches / weight, lowest)))

    def _laid(self, moved: np.ndarray) -> Drawn:
        """The lattice over the opening as it is now, drawn over the box.

        A slit is drawn `THINNEST` cells tall: it might fall between the grid's points, and nothing would be drawn.
        """
        box = self.box
        size = max(box.height // COARSER, 2), max(box.width // COARSER, 2)
        scale = np.array([box.width / size[1], box.height / size[0]])
        points = (lattice(moved, self.rims) - (box.left, box.top)) / scale - 0.5  # (ROWS, COLUMNS, 2)
        along = points[0, -1] - points[0, 0]
        down = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
        missing = np.maximum(THINNEST - (points[-1] - points[0]) @ down, 0)  # (COLUMNS,)
        points += np.linspace(-0.5, 0.5, len(points))[:, None, None] * missing[:, None] * down
        points = points.reshape(-1, 2)
        return draw(points, np.zeros(len(points)), lattice_triangles(), size)

    def _between(self, laid: Drawn, there: np.ndarray) -> np.ndarray:
        """From the lattice that is laid over the box to others, (ROWS, COLUMNS, C): (h, w, C) float32."""
        points = there.reshape(-1, there.shape[-1])
        between = fill(laid.interpolate(lattice_triangles(), points), laid.covered.astype(np.float32))
        return cv2.resize(between, (self.box.width, self.box.height), interpolation=cv2.INTER_LINEAR)

    @property
    def _rows_and_columns(self) -> tuple[slice, slice]:
        """The box within the canvas's."""
        canvas, box = self.likeness.canvas, self.box
        top, left = box.top - canvas.top, box.left - canvas.left
        return slice(top, top + box.height), slice(left, left + box.width)

    @cached_property
    def _ramp(self) -> np.ndarray:
        """(h, w, 1) 0 at the box's border, 1 inside."""
        shape = self.box.height, self.box.width
        down, across = (np.minimum(np.arange(count), np.arange(count)[::-1]) for count in shape)
        away = np.minimum(down[:, None], across[None]) / (0.12 * min(shape))
        return np.clip(away, 0, 1)[..., None].astype(np.float32)


def inside_of(picture: np.ndarray, likeness: Likeness, number: int) -> Inside:
    """One opening of a picture (H, W, 3) uint8."""
    canvas = likeness.canvas
    figure = canvas.figure
    rims = figure.head.openings[number]
    places = likeness.moved
    edges = np.concatenate([outline(points, rims) for points in (figure.rest, *places)])
    width = float(np.linalg.norm(figure.rest[rims.upper[0], :2] - figure.rest[rims.upper[-1], :2]))
    box = box_around(edges - (canvas.left, canvas.top), PAD * width, canvas.height, canvas.width)
    box = Box(box.left + canvas.left, box.top + canvas.top, box.width, box.height)
    mask = opening_mask(outline(figure.rest, rims), box, max(SOFT * width, 0.5))
    own = without_skin(picture[box.rows_and_columns], mask)
    lid = None if number == MOUTH else lid_of(picture, box, outline(figure.rest, rims))
    return Inside(
        picture,
        likeness,
        number,
        box,
        triangles_near(figure.head.triangles, [figure.rest, *places], box),
        own,
        lid,
        relief_of(likeness, box) if number == MOUTH else None,
    ).with_teeth_matched()
