"""The generator's face laid over a picture's, point by point."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stages.picture.head.canvas import Canvas
from stages.picture.head.gesture import GestureCourse
from stages.picture.tones.palette import Palette, neutral_of
from stages.picture.warping.warp import fill

BRIGHT, USUAL, MOST_EXPOSURE = 90, 110.0, 8.0  # percentile of a head's grey levels; what it is at least; times


@dataclass(frozen=True, eq=False)
class Likeness:
    """The generator's face laid over the picture's, point by point.

    Attributes:
        canvas: of the picture.
        small_picture: (H, W, 3) float32, the picture on its grid, as bright as a picture usually is.
        frames: (K, S, S, 3) uint8, the generator's at the keys.
        gestures: read from them.
        rest: number of the key at rest.
        exposure: how much brighter `small_picture` is than the picture, 1 unless that is dark.
    """

    canvas: Canvas
    small_picture: np.ndarray
    frames: np.ndarray
    gestures: GestureCourse
    rest: int
    exposure: float = 1.0

    @cached_property
    def places(self) -> list[np.ndarray]:
        """Where in each key's frame each cell of the picture at rest is found: (H, W, 2) float32 pixels."""
        figure, grid = self.canvas.figure, self.canvas.drawn
        own = figure.fit.leant((figure.rest[:, :2] - figure.fit.offset) / figure.fit.scale, -1)
        known = grid.covered.astype(np.float32)
        found = []
        for fit, vertices in zip(self.gestures.fits, self.vertices, strict=True):
            # Beyond the head, where there are no vertices, faces differ by what they differ by at its border.
            values = grid.interpolate(figure.head.triangles, vertices - own * fit.scale)
            found.append(fill(values, known) + self._centimetres * np.float32(fit.scale))
        return found

    @cached_property
    def still(self) -> np.ndarray:
        """(H, W, 3) float32, the generator's frame at rest, cell by cell of the picture."""
        return self.shown(self.rest, self.places[self.rest])

    @cached_property
    def unexposed(self) -> np.ndarray:
        """(H, W, 3) float32, the picture on its grid as dark as it is."""
        return self.small_picture / np.float32(self.exposure)

    @cached_property
    def palette(self) -> Palette:
        """Of the picture as dark as it is."""
        return Palette(self.unexposed, self.canvas.window)

    @cached_property
    def neutral(self) -> np.ndarray:
        """(3,) what grey is under the picture's light, of mean 1."""
        return neutral_of(self.unexposed)

    @cached_property
    def moved(self) -> list[np.ndarray]:
        """(V, 3) the picture's vertices at each key."""
        return [self.canvas.figure.moved(self.gestures.at(place)) for place in self.gestures.course.keys]

    @cached_property
    def vertices(self) -> list[np.ndarray]:
        """(V, 2) of each key, in pixels of the generator's frames."""
        head = self.canvas.figure.head
        found = []
        for fit, landmarks in zip(self.gestures.fits, self.gestures.landmarks, strict=True):
            seen = fit.seen(head.shape(fit.identity, fit.expression))[:, :2]
            spread = head.influence[:, : len(head.landmarks)]
            found.append(seen + spread @ (landmarks - seen[head.landmarks]))
        return found

    @cached_property
    def _centimetres(self) -> np.ndarray:
        """(H, W, 2) float32: each cell of the picture, from where the head's origin is seen."""
        canvas, fit = self.canvas, self.canvas.figure.fit
        rows, columns = np.mgrid[: canvas.cells[0], : canvas.cells[1]]
        pixels = (np.stack([columns, rows], axis=-1) + 0.5) * canvas.step + (canvas.left, canvas.top)
        return np.asarray(fit.leant((pixels - fit.offset) / fit.scale, -1), np.float32)

    def shown(self, key: int, at: np.ndarray) -> np.ndarray:
        """The generator's frame at places (H, W, 2): (H, W, 3) float32."""
        return sampled(self.frames[key].astype(np.float32), at)


def sampled(frame: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A frame (S, S, 3) float32 at places (H, W, 2) of it, pixels with centres at .5: (H, W, 3) float32."""
    x, y = (np.ascontiguousarray(at[..., axis]) - 0.5 for axis in range(2))
    return cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def likeness_of(
    picture: np.ndarray, canvas: Canvas, frames: np.ndarray, gestures: GestureCourse, rest: int
) -> Likeness:
    """Lay the generator's frames over a picture (H, W, 3) uint8."""
    small = cv2.resize(picture[canvas.box], canvas.cells[::-1], interpolation=cv2.INTER_AREA)
    exposure = _exposure(small, canvas.drawn.covered)
    return Likeness(canvas, small.astype(np.float32) * exposure, frames, gestures, rest, exposure)


def _exposure(small_picture: np.ndarray, head: np.ndarray) -> float:
    """What makes a dark head as bright as one usually is: in the dark all looks alike."""
    if not head.any():
        return 1.0
    bright = float(np.percentile(small_picture[head].mean(axis=-1), BRIGHT))
    return float(np.clip(USUAL / max(bright, 1.0), 1.0, MOST_EXPOSURE))
