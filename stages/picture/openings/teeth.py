"""What parting lips show, as the picture would show it: a render's teeth in a painting's light, grain and stone.

The picture limits how bright and how white teeth are: no brighter than the skin around the mouth, and no whiter than
the whites of the eyes. If those are of the same material as the skin, as a statue's are, so are the teeth.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.picture.openings.openings import Box, opening_mask, outline
from stages.picture.tones.likeness import Likeness
from stages.picture.tones.palette import Palette, to_lab, to_rgb

DARKEST, LEAST_GAIN, MOST_GAIN = 4.0, 0.08, 1.6
BRIGHT, BRIGHTEST = 80, 98  # percentiles: of the skin around a mouth and of an eye's white; of the generator's teeth
LEAST_WHITE = 0.85  # of the skin's brightness: an eye's white in shade tells no less of teeth
STONE, FLESH = 3.0, 6.0  # levels of a*b* between skin and the whites of the eyes: of a statue, of a face
IRIS, BLANK, DARK = 0.36, 0.42, 15  # how light an iris is for the white, and where there is none; its percentile
CARVED = 0.45  # how much of teeth's contrast a statue's have
SLIT, DEEP = 0.05, 0.5  # of the mouth's width: lips less apart throw their shade on what is between; how light that is
FINE, MOST_GRAIN = 0.012, 9.0  # of the mouth's width: what is finer is grain; grey levels
SKIN_LIGHT, LEAST_LIGHT, MOST_LIGHT = 70, 0.4, 1.5  # percentile of a column that is skin; shares of the mean light
# Of the skin's colour: how much of its hue teeth have at least, and how much of another at most; levels of a*b*.
LEAST_HUE, ASIDE_HUE, COLOURLESS = 0.08, 0.15, 2.0
EYES = (0, 1)  # of the openings


@dataclass(frozen=True, eq=False)
class Teeth:
    """Attributes:
    gain: (3,) the picture's tones over the generator's. stone: 0 for a face, 1 for a statue.
    skin: (3,) colour around the mouth. palette: of the picture.
    grain: (h, w, 3) float32, of the skin below the mouth, in its box.
    falloff: (1, w, 1) float32, how light falls on the box from left to right, of mean 1.
    """

    gain: np.ndarray
    stone: float
    skin: np.ndarray
    palette: Palette
    grain: np.ndarray
    falloff: np.ndarray

    def shown(self, rendered: np.ndarray, gap: float) -> np.ndarray:
        """What the generator shows between its lips (h, w, 3) float32, in the picture.

        Args:
            rendered: the generator's colours at the box's pixels.
            gap: how far the lips are apart, as a share of the mouth's width.
        """
        colours = rendered * (self.gain * self.falloff)
        if self.stone > 0:
            light = colours.mean(axis=-1, keepdims=True) / max(float(self.skin.mean()), 1.0)
            colours += self.stone * (self.skin * (1 - CARVED + CARVED * light) - colours)
        shade = DEEP + (1 - DEEP) * float(np.clip(gap / SLIT, 0, 1))
        return np.asarray(self.palette.tinted(colours * np.float32(shade)) + self.grain, np.float32)


def teeth_of(picture: np.ndarray, likeness: Likeness, box: Box) -> Teeth:
    """How a picture (H, W, 3) uint8 shows what is in the box of its mouth."""
    canvas = likeness.canvas
    corners = canvas.on_grid(np.array([[box.left, box.top], [box.left + box.width, box.top + box.height]]))
    (left, top), (right, bottom) = np.clip(corners.round().astype(int), 0, np.array(canvas.cells[::-1]) - 1)
    part = slice(top, bottom + 1), slice(left, right + 1)
    small = likeness.unexposed
    light = (float(small[part].mean()) + DARKEST) / (float(likeness.still[part].mean()) + DARKEST)
    gain = np.clip(light * likeness.neutral, LEAST_GAIN, MOST_GAIN)
    frames = [likeness.shown(key, likeness.places[key][part]) for key in range(len(likeness.frames))]
    brightest = float(np.percentile(np.stack(frames).mean(axis=-1), BRIGHTEST)) * float(gain.mean())
    around = small[part].reshape(-1, 3)
    skin = np.median(around[around.mean(axis=1) >= np.median(around.mean(axis=1))], axis=0)
    most = float(np.percentile(around.mean(axis=1), BRIGHT))
    stone = 0.0
    eyes = _eyes(picture, likeness)
    if eyes is not None:
        white, dark = eyes
        most = min(most, max(float(white.mean()), LEAST_WHITE * float(skin.mean())))
        away = float(np.linalg.norm(tint_of(white) - tint_of(skin)))
        stone = float(np.clip((FLESH - away) / (FLESH - STONE), 0, 1) * np.clip((dark - IRIS) / (BLANK - IRIS), 0, 1))
    gain *= min(1.0, most / max(brightest, 1.0))
    gain *= towards(gain * (min(brightest, most) / max(float(gain.mean()), 1e-6)), skin)
    falloff = _falloff(_line(small[part]), box.width)
    return Teeth(gain.astype(np.float32), stone, skin, likeness.palette, _grain(picture, box), falloff)


def _eyes(picture: np.ndarray, likeness: Likeness) -> tuple[np.ndarray, float] | None:
    """(3,) the colour of the whites of the eyes, and how dark an iris is beside them; None where no eye is open."""
    figure = likeness.canvas.figure
    whites, darks = [], []
    for number in EYES:
        rims = figure.head.openings[number]
        edge = outline(figure.rest, rims)
        low, high = np.floor(edge.min(axis=0)).astype(int), np.ceil(edge.max(axis=0)).astype(int) + 1
        low, high = np.maximum(low, 0), np.minimum(high, picture.shape[1::-1])
        if (high - low < 3).any():
            continue
        box = Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
        inside = picture[box.rows_and_columns][opening_mask(edge, box, 0.5) > 0.9].astype(np.float64)
        if len(inside) < 8:
            continue
        light = inside.mean(axis=1)
        whites.append(np.median(inside[light >= np.percentile(light, BRIGHT)], axis=0))
        darks.append(float(np.percentile(light, DARK)) / max(float(whites[-1].mean()), 1.0))
    return (max(whites, key=lambda colour: float(colour.mean())), min(darks)) if whites else None


def _grain(picture: np.ndarray, box: Box) -> np.ndarray:
    """(h, w, 3) float32: the grain of the skin below a box, within it; nothing where there is none."""
    part = picture[box.top : box.top + 2 * box.height, box.left : box.left + box.width].astype(np.float32)
    fine = part - cv2.GaussianBlur(part, (0, 0), max(FINE * box.width, 0.8))
    below = np.clip(fine[box.height // 2 : box.height // 2 + box.height], -MOST_GRAIN, MOST_GRAIN)
    return np.pad(below, ((0, box.height - len(below)), (0, 0), (0, 0)))


def _line(small: np.ndarray) -> np.ndarray:
    """(W,) a straight line through how light the skin around a mouth, (H, W, 3), is from left to right."""
    columns = np.percentile(small.mean(axis=-1), SKIN_LIGHT, axis=0)  # (W,)
    at = np.arange(len(columns))
    line: np.ndarray = np.polyval(np.polyfit(at, columns, 1), at) if len(columns) > 1 else columns
    return line


def _falloff(line: np.ndarray, width: int) -> np.ndarray:
    """(W,) how light skin is, on a straight line -> (1, width, 1) float32, of mean 1."""
    wide = np.interp((np.arange(width) + 0.5) / width, (np.arange(len(line)) + 0.5) / len(line), line)
    return np.clip(wide / max(float(wide.mean()), 1.0), LEAST_LIGHT, MOST_LIGHT)[None, :, None].astype(np.float32)


def towards(white: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(3,) what makes teeth of a colour (3,) at least a little of the skin's hue (3,), and next to nothing of another.

    Teeth are a little yellow, and lie in the light that falls on the skin: blue or pink ones are a render's.
    """
    hue = tint_of(skin)
    strength = float(np.linalg.norm(hue))
    if strength < COLOURLESS:
        return np.ones(3)
    hue /= strength
    lab = to_lab(np.asarray(white, np.float32)[None, None])
    along = float(lab[0, 0, 1:] @ hue)
    across = lab[0, 0, 1:] - along * hue
    most = ASIDE_HUE * strength + COLOURLESS
    lab[0, 0, 1:] = max(along, LEAST_HUE * strength) * hue
    lab[0, 0, 1:] += across * min(1.0, most / max(float(np.linalg.norm(across)), 1e-6))
    share: np.ndarray = to_rgb(lab)[0, 0] / np.maximum(white, 1.0)
    return share / share.mean()


def tint_of(colour: np.ndarray) -> np.ndarray:
    """(3,) in 0 to 255 -> (2,) a*b*."""
    return to_lab(np.asarray(colour, np.float32)[None, None])[0, 0, 1:]
