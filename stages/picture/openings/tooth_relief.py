"""Single teeth, where the generator's frames have too few pixels to show more than a band.

The brightness between the lips is the generator's. What is finer than its pixels comes from the teeth and gums of the
fitted head, which are bone and move with the skull and the jaw alone. No landmark shows how low they stand under the
upper lip; that is matched to the generator's frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stages.picture.head.figure import PIVOT, Figure
from stages.picture.head.gesture import Gesture
from stages.picture.openings.openings import Box
from stages.picture.tones.likeness import Likeness
from stages.picture.tones.palette import grey_of
from stages.picture.warping.raster import draw, facing_of

# Pixels of the generator for a centimetre of the head: up to the first its teeth are a band; from the second on it
# shows each of them.
BAND, APART = 5.0, 9.0
FINEST, FINER = 480, 2  # cells across the mouth's box, and for each pixel of a picture, at most
SPREAD, GENERATOR_BLUR = 2.0, 0.7  # of the generator's pixels: how far its band is smoothed; how it blurs teeth
DARK, ENAMEL = 70.0, 130.0  # grey levels of the band: no teeth there, and teeth
FINE_BLUR = 2.5  # cells: a blur that is wider is made on a coarser grid
CAVITY, ASKEW = 0.14, 0.5  # how light it is where nothing is, beside an incisor's front; how dark skewed enamel is
LEAST, MOST_GAIN = 0.05, 1.6  # of that light, so that nothing is divided by none; of a tooth beside the band
NEVER_NONE, INSIDE, FEWEST = 1e-3, 0.9, 12  # of a mask: added to it, and what is surely inside; cells that tell
# Centimetres: by how much teeth may stand lower than the mean head's, and usually do (on 24 people whose teeth are
# known); how much better a match that far away has to be.
STEP, USUAL, PRICE = 0.05, 0.18, 0.02
DROPS = np.arange(-10, 11) * STEP
CROWN, GUMS_SEEN = 1.0, 0.1  # centimetres: a middle incisor's height, and how much gum shows above it at most
STAYS = [31, 32, 33, 34, 35, 48, 50, 51, 52, 54]  # landmarks under the nose and of the upper lip, which place teeth


@dataclass(frozen=True, eq=False)
class ToothRelief:
    """Attributes:
    figure: the head in the picture.
    box: the mouth's surroundings, in pixels of the picture.
    blur: pixels of the picture, one of the generator's.
    share: 0 where the generator shows teeth itself, 1 where it shows a band.
    drop: centimetres by which teeth stand lower than the mean head's.
    """

    figure: Figure
    box: Box
    blur: float
    share: float
    drop: float = 0.0

    def on(self, band: np.ndarray, gesture: Gesture, mask: np.ndarray) -> np.ndarray:
        """Teeth one by one in the generator's colours between the lips.

        Args:
            band: (h, w, 3) float32, those colours on the box.
            gesture: of the face.
            mask: (h, w) float32, how much of each pixel the opening covers.
        """
        if self.share == 0:
            return band
        cells, scale = self._grid(min(FINER, FINEST / self.box.width))
        light = self._light(self._places(gesture), scale, cells)
        covered, coarse = (_resized(values, cells) for values in (mask + NEVER_NONE, band))
        blur = SPREAD * self.blur * scale
        low, around = (_smoothed(values, covered, blur) for values in (coarse, light))
        fine = low * np.minimum((light + LEAST) / (around + LEAST), MOST_GAIN)
        enamel = np.clip((grey_of(low) - DARK) / (ENAMEL - DARK), 0, 1)
        return _resized(coarse + np.float32(self.share) * enamel * (fine - coarse), band.shape[:2])

    def match(self, band: np.ndarray, gesture: Gesture, mask: np.ndarray) -> np.ndarray:
        """How well teeth that stand lower, by each of `DROPS` beyond `drop`, match the band: (D,) correlations."""
        cells, scale = self._grid(1 / (self.figure.fit.scale * STEP))
        inside = _resized(mask, cells) > INSIDE
        if inside.sum() < FEWEST:
            return np.zeros(len(DROPS))
        reach = len(DROPS) // 2  # a cell is a step
        tall = (cells[0] + 2 * reach, cells[1])
        light = self._light(self._places(gesture), scale, tall, reach).mean(axis=-1)
        light = cv2.GaussianBlur(light, (0, 0), GENERATOR_BLUR * self.blur * scale)
        wanted = _resized(band, cells).mean(axis=-1)[inside]
        lower = [light[top : top + cells[0]][inside] for top in range(2 * reach, -1, -1)]
        return _correlations(np.stack(lower), wanted)

    def lowest(self, gesture: Gesture, lip: np.ndarray) -> float:
        """The drop, in centimetres, with which as much gum as ever shows under the middle of the upper lip, (2,)."""
        edge = self._places(gesture)[self.figure.head.dentition.incisal_edge, :2].mean(axis=0)
        below = self.figure.fit.leant((edge - lip) / self.figure.fit.scale, -1)[1]
        return self.drop + CROWN + GUMS_SEEN - float(below)

    def _places(self, gesture: Gesture) -> np.ndarray:
        """(N, 3) vertices, as `Figure.rest` has them."""
        figure, fit = self.figure, self.figure.fit
        shape = figure.head.dentition.shape(fit.identity, figure.expression_of(gesture))
        places = figure.placed(shape - PIVOT, gesture, 1.0)
        places[:, :2] += figure.residual[STAYS].mean(axis=0) + fit.leant(np.array([0.0, self.drop])) * fit.scale
        return places

    def _light(self, places: np.ndarray, scale: float, cells: tuple[int, int], above: int = 0) -> np.ndarray:
        """(H, W, 3) float32: how light it is beside an incisor's front, on a grid over the box and some rows above."""
        dentition = self.figure.head.dentition
        points = (places - (self.box.left, self.box.top, 0)) * scale + (-0.5, above - 0.5, 0)
        drawn = draw(points[:, :2], points[:, 2], dentition.triangles, cells)
        light = drawn.interpolate(dentition.triangles, self._shaded)
        light[~drawn.covered] = CAVITY
        return light

    @cached_property
    def _shaded(self) -> np.ndarray:
        """(N, 3) float32 colours, as the head looks at rest: a turn changes little of them."""
        teeth = self.figure.head.dentition
        facing = np.clip(facing_of(self._places(self.figure.still), teeth.triangles), 0, 1)
        return np.asarray(teeth.colours * np.sqrt(1 - ASKEW + ASKEW * facing)[:, None], np.float32)

    def _grid(self, scale: float) -> tuple[tuple[int, int], float]:
        """(H, W) of a grid over the box with about so many cells a pixel, and how many it has."""
        width = max(round(self.box.width * scale), 2)
        scale = width / self.box.width
        return (max(round(self.box.height * scale), 2), width), scale


def relief_of(likeness: Likeness, box: Box) -> ToothRelief:
    """The teeth of a picture, as low as the mean head has them."""
    figure, generated = likeness.canvas.figure, likeness.gestures.fits[likeness.rest]
    share = float(np.clip((APART - generated.scale) / (APART - BAND), 0, 1))
    return ToothRelief(figure, box, figure.fit.scale / generated.scale, share)


def best_drop(matches: np.ndarray, lowest: float) -> float:
    """Where teeth stand: (D,) correlations for each of `DROPS`, and the lowest that is allowed -> centimetres."""
    likely = matches - PRICE * np.square(DROPS / USUAL)
    allowed = max(lowest, DROPS[0]) >= DROPS
    return float(DROPS[allowed][likely[allowed].argmax()])


def _smoothed(values: np.ndarray, mask: np.ndarray, blur: float) -> np.ndarray:
    """(H, W, 3) float32 smoothed within a mask (H, W), on no finer a grid than that needs."""
    coarser = max(blur / FINE_BLUR, 1.0)
    cells = [max(round(side / coarser), 2) for side in mask.shape]
    weighed, covered = (_resized(part, cells) for part in (values * mask[..., None], mask))
    smooth = cv2.GaussianBlur(weighed, (0, 0), blur / coarser)
    return _resized(smooth / cv2.GaussianBlur(covered, (0, 0), blur / coarser)[..., None], mask.shape)


def _resized(values: np.ndarray, cells: Sequence[int]) -> np.ndarray:
    """(h, w) or (h, w, C) -> (H, W) and so on."""
    smaller = cells[1] < values.shape[1]
    return cv2.resize(values, tuple(cells[1::-1]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _correlations(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Of each of (D, N) with (N,): (D,); 0 where either does not vary."""
    values, wanted = values - values.mean(axis=1, keepdims=True), wanted - wanted.mean()
    lengths = np.linalg.norm(values, axis=1) * np.linalg.norm(wanted)
    return np.asarray(values @ wanted / np.maximum(lengths, 1e-6))
