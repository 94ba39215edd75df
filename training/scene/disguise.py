"""What people and painters make of features, drawn where a render's landmarks are: brows, lids, eyes, lips, beards.

A renderer has one kind of each. A network that has seen only those looks for that kind's colours and edges: it puts
brows on foreheads and mouths on moustaches. Each function takes an image, (S, S, 3) uint8, and its landmarks,
(68, 2) in pixels, and returns the image redrawn; the landmarks stay true.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.scene.coverings import with_hair, with_hand, with_scarf, with_spectacles
from training.scene.drawing import SHIFT, draw_ellipse, fill, fixed_point, lowered, stroke, tone_of
from training.scene.face_measures import between_eyes, seen_of, skin_of
from training.scene.painterly import blend

Drawing = Callable[[np.ndarray, np.ndarray, Generator], np.ndarray]


def disguise(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Every disguise by its own chance, the outer ones last."""
    for chance, drawing in DISGUISES:
        if rng.random() < chance:
            image = drawing(np.ascontiguousarray(image), points, rng)
    return image


def with_brows(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Brows taken away, or drawn anew: bushy, thin, pale, dark, on their line and below it."""
    unit = between_eyes(points)
    skin = skin_of(image, points)
    outlines = []
    for brow in (points[17:22], points[22:27]):
        below = lowered(brow, 0.07 * unit)
        outlines.append(np.concatenate([lowered(brow, -0.04 * unit), below[::-1]]))
    if rng.random() < 0.6:
        image = fill(image, outlines, skin, soft=0.03 * unit)
    if rng.random() < 0.8:
        colour = skin * rng.uniform(0.1, 0.85) + rng.normal(0, 10, 3)
        thickness = rng.uniform(0.01, 0.11) * unit
        lines = []
        for brow in (points[17:22], points[22:27]):
            # Their landmarks lie near the upper edge.
            low = lowered(brow, 0.45 * thickness) + rng.normal(0, 0.006 * unit, brow.shape)
            lines.append(low)
        image = stroke(image, lines, colour, thickness, rng.uniform(0.4, 1.0), hairs=rng.random() < 0.6, rng=rng)
    return image


def with_lids(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Lashes, liner, creases above and bags below the eyes."""
    unit = between_eyes(points)
    skin = skin_of(image, points)
    colour = skin * rng.uniform(0.0, 0.6)
    thickness = rng.uniform(0.008, 0.04) * unit
    for corners in ((36, 37, 38, 39), (45, 44, 43, 42)):
        upper = points[list(corners)]
        away = upper[0] - upper[-1]
        wing = upper[0] + away * rng.uniform(0, 0.25) - (0, rng.uniform(0, 0.03) * unit)
        line = np.concatenate([[wing], upper]) - (0, 0.5 * thickness)
        image = stroke(image, [line], colour, thickness, rng.uniform(0.4, 1.0))
        if rng.random() < 0.6:
            crease = upper - (0, rng.uniform(0.03, 0.09) * unit)
            image = stroke(image, [crease], skin * rng.uniform(0.4, 0.9), 0.015 * unit, rng.uniform(0.2, 0.8))
    if rng.random() < 0.5:
        for lower in (points[[36, 41, 40, 39]], points[[42, 47, 46, 45]]):
            shade = skin * rng.uniform(0.4, 1.15)
            image = stroke(
                image, [lowered(lower, rng.uniform(0, 0.05) * unit)], shade, 0.02 * unit, rng.uniform(0.2, 0.8)
            )
    return image


def with_eyes(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Eyes of another make: any iris looking anywhere, grey whites, a statue's blank ones."""
    unit = between_eyes(points)
    skin = skin_of(image, points)
    white = skin * 0.3 + rng.uniform(60, 245) * np.array([1, 0.98, 0.95]) * 0.7
    blank = rng.random() < 0.2
    if blank:
        white = skin * rng.uniform(0.8, 1.15)
    iris = rng.uniform(0, 1, 3) * rng.uniform(20, 190)
    large, look = rng.uniform(0.05, 0.085) * unit, rng.normal(0, (0.03, 0.012), 2) * unit
    shown, keep = image.copy(), rng.uniform(0, 0.6)
    mask = np.zeros(image.shape[:2], np.uint8)
    for eye in (points[36:42], points[42:48]):
        one = np.zeros_like(mask)
        cv2.fillPoly(one, [fixed_point(eye)], 255, cv2.LINE_AA, SHIFT)
        mask = np.maximum(mask, one)
        centre = eye.mean(axis=0) + look
        shown = fill(shown, [eye], white * rng.uniform(0.9, 1.1), soft=0.008 * unit)
        if not blank:
            axes = (large * seen_of(eye, unit), large)
            draw_ellipse(shown, centre, axes, iris)
            draw_ellipse(shown, centre, (axes[0] * 0.45, axes[1] * 0.45), iris * 0.15)
            if rng.random() < 0.6:
                draw_ellipse(
                    shown, centre + rng.uniform(-0.4, 0.4, 2) * large, (large * 0.25, large * 0.25), 235.0 + 0 * iris
                )
    share = (mask.astype(np.float32) / 255 * (1 - keep))[..., None]
    return (image * (1 - share) + shown * share).astype(np.uint8)


def with_lips(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Lips as pale as the skin, painted in any colour, or with a dark line between them."""
    unit = between_eyes(points)
    colour = skin_of(image, points) * rng.uniform(0.45, 1.1) * (1, rng.uniform(0.5, 1.05), rng.uniform(0.5, 1.05))
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [fixed_point(points[48:60])], 255, cv2.LINE_AA, SHIFT)
    inner = np.zeros_like(mask)
    cv2.fillPoly(inner, [fixed_point(points[60:68])], 255, cv2.LINE_AA, SHIFT)
    mask = np.minimum(mask, 255 - inner)
    share = (
        cv2.GaussianBlur(mask, (0, 0), max(0.3, rng.uniform(0.002, 0.02) * unit)).astype(np.float32)[..., None] / 255
    )
    share = share * rng.uniform(0.3, 0.95)
    grey = image.mean(axis=2, keepdims=True)
    shaded = colour * (0.4 + 0.6 * grey / max(1.0, float(grey.mean())))
    image = (image * (1 - share) + shaded.clip(0, 255) * share).astype(np.uint8)
    if rng.random() < 0.5:
        line = np.concatenate([points[[48]], (points[61:64] + points[[67, 66, 65]]) / 2, points[[54]]])
        if np.hypot(*(points[62] - points[66])) < 0.05 * unit:
            image = stroke(image, [line], colour * rng.uniform(0.2, 0.7), rng.uniform(0.008, 0.03) * unit, 0.8)
    return image


def with_beard(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """A moustache, a beard, or both, which may hang over the lips."""
    unit = between_eyes(points)
    colour = np.array([1.0, 0.85, 0.7]) * rng.uniform(0, 200) if rng.random() < 0.9 else rng.uniform(0, 255, 3)
    spots: list[np.ndarray] = []
    down = points[8] - points[27]
    down = down / (np.hypot(*down) + 1e-6)
    if rng.random() < 0.75:
        nose, lip = points[31:36], points[49:54] + down * rng.uniform(-0.03, 0.05) * unit
        spots.append(_between(nose + down * 0.02 * unit, lip, int(rng.integers(100, 300)), rng))
        if rng.random() < 0.6:  # its ends
            ends = np.stack([points[48] + (points[4] - points[48]) * 0.3, points[54] + (points[12] - points[54]) * 0.3])
            spots.append(_between(points[[49, 53]], ends, 60, rng))
    if rng.random() < 0.75:
        jaw = points[2:15] + down * rng.uniform(0, 0.25) * unit
        inner = np.concatenate([points[2:4] * 0.8 + points[[31]] * 0.2, np.repeat(points[56:59][::-1], 3, axis=0)])
        inner = np.concatenate([inner, points[13:15] * 0.8 + points[[35]] * 0.2]) + down * 0.05 * unit
        spots.append(_between(inner, jaw, int(rng.integers(250, 700)), rng))
    drawn = image.copy()
    length, width = rng.uniform(0.03, 0.1) * unit, max(1, round(0.012 * unit))
    for roots in np.array_split(rng.permutation(np.concatenate(spots)), 5) if spots else ():
        ends = roots + (down + rng.normal(0, 0.45, roots.shape)) * length
        hairs = list(fixed_point(np.stack([roots, ends], axis=1)))
        cv2.polylines(drawn, hairs, False, tone_of(colour * rng.uniform(0.5, 1.4)), width, cv2.LINE_AA, SHIFT)
    return blend(image, drawn, rng.uniform(0.5, 1.0))


DISGUISES: list[tuple[float, Drawing]] = [
    *((0.3, with_eyes), (0.35, with_lips), (0.4, with_lids), (0.4, with_brows), (0.22, with_beard)),
    *((0.15, with_hair), (0.25, with_scarf), (0.12, with_spectacles), (0.06, with_hand)),
]


def _between(first: np.ndarray, second: np.ndarray, count: int, rng: Generator) -> np.ndarray:
    """(count, 2) random places between two lines, of any numbers of points."""
    along = rng.uniform(0, 1, count)
    ends = [
        np.stack([np.interp(along, np.linspace(0, 1, len(line)), line[:, axis]) for axis in (0, 1)], axis=1)
        for line in (first, second)
    ]
    share = rng.uniform(0, 1, (count, 1))
    return ends[0] * (1 - share) + ends[1] * share
