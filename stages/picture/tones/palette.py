"""What colours a picture has, and changes that keep to them.

The generator's faces are renders under their own light. What changes in them is carried over by differences, and a
difference that is right in a render may lead a picture's colours where nothing of the picture is: grey hair turns
blue, a grey photograph gets red shadows, a face in the dark lights up. A changed colour keeps its hue, which it may
lose or deepen a little; one of a picture that has no colours, or the one tint of old paper, keeps to that tint.
"""

from functools import cached_property

import cv2
import numpy as np

DEEPER = 1.25  # times as colourful as it was
PALEST = 0.6  # share of its colour that skin keeps
WITH_LIGHT = 1.2  # and so much more, at most, where it is lit more brightly
ASIDE, LEAST_ASIDE = 0.2, 1.0  # how far another hue may come in: share of the own colour, and levels of a*b*
GREYED = 0.7  # how much less another hue may come in where the own is lost
COLOURLESS = 0.5  # levels of a*b*: what has less has no hue
LEVEL = 2.0  # cells over which the own colour is looked at
BINS = 24  # of lightness
DARK, GREYEST = 20, 10  # percentiles: of lightness, below which no colour is looked at; of a picture's tint
TINT, COLOURS = 1.5, 4.0  # levels of a*b* about the tint: up to the first a picture has one tint alone
MOST = 100.0  # L*


class Palette:
    """Of a picture.

    Args:
        picture: (H, W, 3) float32, 0 to 255.
        weight: (H, W), how much each cell counts.
    """

    def __init__(self, picture: np.ndarray, weight: np.ndarray):
        self._neutral = neutral_of(picture).astype(np.float32)
        self._picture = picture
        self._own = to_lab(cv2.GaussianBlur(picture, (0, 0), LEVEL))
        lab = to_lab(cv2.GaussianBlur(picture, (0, 0), LEVEL / 2))
        self._tint = _tint_of(lab, weight)
        apart = np.square(lab[..., 1:] - self._tinted(lab[..., 0])).sum(axis=-1)
        spread = float(np.sqrt((apart * weight).sum() / max(float(weight.sum()), 1e-9)))
        self.one_tint = float(np.clip((COLOURS - spread) / (COLOURS - TINT), 0, 1))

    def kept(self, change: np.ndarray, lost: np.ndarray) -> np.ndarray:
        """Changes (H, W, 3) of the picture's colours, within its palette.

        Args:
            change: what it is to be.
            lost: (H, W, 1) how far each cell may lose its hue altogether, as hair that greys does.
        """
        return self._within(to_lab(self._picture + change), lost) - self._within(self._lab, lost)

    def tinted(self, colours: np.ndarray) -> np.ndarray:
        """Colours (h, w, 3) that are not the picture's, as far as it has one tint in that."""
        if not self.one_tint:
            return colours
        lab = to_lab(colours)
        lab[..., 1:] += self.one_tint * (self._tinted(lab[..., 0]) - lab[..., 1:])
        return to_rgb(lab)

    def _within(self, lab: np.ndarray, lost: np.ndarray) -> np.ndarray:
        """Colours (H, W, 3) L*a*b* at the picture's places -> those that keep the hues there, RGB.

        In planes: numpy repeats a short axis slowly.
        """
        light, first, second = cv2.split(lab)  # (H, W) each
        strength, *hue = self._hues
        lost = lost[..., 0].astype(np.float32)
        brighter = light / np.maximum(self._own[..., 0], 1.0)
        least = (1 - lost) * PALEST * np.clip(brighter, 0.0, 1.0) * strength
        deepest = DEEPER * np.clip(brighter, 1.0, WITH_LIGHT) * strength + LEAST_ASIDE
        most = ASIDE * (1 - GREYED * lost) * strength + LEAST_ASIDE
        grey = cv2.split(self._grey(light))
        wanted = first - grey[0], second - grey[1]
        along = wanted[0] * hue[0] + wanted[1] * hue[1]
        across = [part - along * way for part, way in zip(wanted, hue, strict=True)]
        less = np.minimum(1.0, most / np.maximum(np.hypot(*across), 1e-6))
        along = np.clip(along, least, deepest)
        kept = [none + along * way + aside * less for none, way, aside in zip(grey, hue, across, strict=True)]
        if self.one_tint:
            tint = cv2.split(self._tinted(light))
            kept = [part + self.one_tint * (own - part) for part, own in zip(kept, tint, strict=True)]
        return to_rgb(cv2.merge([light, *kept]))

    @cached_property
    def _lab(self) -> np.ndarray:
        """(H, W, 3) L*a*b* of the picture."""
        return to_lab(self._picture)

    @cached_property
    def _hues(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(H, W) each: how colourful the cells are, and their hue in a* and b*."""
        own = cv2.split(self._own[..., 1:] - self._grey(self._own[..., 0]))
        strength = np.hypot(*own)
        first, second = (part / np.maximum(strength, COLOURLESS) for part in own)
        return strength, first, second

    def _grey(self, lightness: np.ndarray) -> np.ndarray:
        """(H, W, 2) a*b* of what is grey under the picture's light."""
        levels = np.linspace(0, 255, 2 * BINS, dtype=np.float32)[None, :, None] * self._neutral
        lab = to_lab(np.minimum(levels, 255))[0]
        return np.stack([np.interp(lightness, lab[:, 0], lab[:, part]) for part in (1, 2)], axis=-1).astype(np.float32)

    def _tinted(self, lightness: np.ndarray) -> np.ndarray:
        """(H, W, 2) a*b* of the picture's tint at some lightness."""
        light, tint = self._tint
        return np.stack([np.interp(lightness, light, part) for part in tint.T], axis=-1).astype(np.float32)


def neutral_of(picture: np.ndarray) -> np.ndarray:
    """What grey is under the light of a picture (H, W, 3), or behind its varnish: (3,), of mean 1.

    Where nothing is grey, not even what has the least of the picture's tint, grey has that tint too.
    """
    blurred = cv2.GaussianBlur(picture, (0, 0), LEVEL).reshape(-1, 3)
    light = blurred.mean(axis=1)
    seen = light >= max(float(np.percentile(light, DARK)), 1.0)
    if not seen.any():
        return np.ones(3)
    tints = blurred[seen] / light[seen, None] - 1
    tint = tints.mean(axis=0)
    strength = float(np.linalg.norm(tint))
    if strength < 1e-6:
        return np.ones(3)
    least = max(float(np.percentile(tints @ tint, GREYEST)) / strength, 0.0)
    neutral: np.ndarray = 1 + least * tint / strength
    return neutral


def grey_of(colours: np.ndarray) -> np.ndarray:
    """(..., 3) -> (..., 1), the mean; numpy's own is several times slower along so short an axis."""
    grey: np.ndarray = (colours[..., :1] + colours[..., 1:2] + colours[..., 2:]) / 3
    return grey


def to_lab(colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) in 0 to 255 -> CIE L*a*b*, float32."""
    return cv2.cvtColor(np.clip(colours, 0, 255).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (H, W, 3) -> 0 to 255, float32."""
    return cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255


def _tint_of(lab: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lightnesses (N,), rising, and the mean a*b* (N, 2) of what is so light."""
    number = np.minimum((lab[..., 0] / MOST * BINS).astype(int), BINS - 1).ravel()
    flat = weight.ravel().astype(np.float64)
    total = np.bincount(number, flat, BINS)
    sums = [np.bincount(number, flat * part.ravel(), BINS) for part in np.moveaxis(lab, -1, 0)]
    seen = total > 1e-3 * max(float(total.sum()), 1e-9)
    if not seen.any():
        return np.array([0.0]), np.zeros((1, 2))
    light, first, second = (values[seen] / total[seen] for values in sums)
    return light, np.column_stack([first, second])
