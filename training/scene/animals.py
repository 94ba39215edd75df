"""Animals that look at the viewer, made from a rendered face's landmarks: fur, muzzle, nose, eyes and ears.

What tells an animal's face from a person's has to be learnt from something, and renders show people alone. These are
drawn where a person's features would be, as coarse as paintings, in any colours, and sometimes over the render itself,
so that neither place, light nor background gives them away.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.scene.drawing import SHIFT, draw_ellipse, fixed_point, tone, tone_of
from training.scene.face_measures import between_eyes

Place = Callable[[float, float], np.ndarray]
FUR = np.array(
    [[235, 225, 205], [200, 160, 105], [150, 95, 50], [95, 60, 35], [45, 35, 30], [125, 120, 115], [205, 110, 45]]
)


def beast(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """An animal in a render's place.

    Args:
        image: (S, S, 3) uint8, the render.
        points: (68, 2), its landmarks in pixels.

    Returns:
        (S, S, 3) uint8.
    """
    size, unit = len(image), between_eyes(points)
    eyes = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
    middle, across = eyes.mean(axis=0), eyes[1] - eyes[0]
    across = across / (np.hypot(*across) + 1e-6)
    down = np.array([-across[1], across[0]])

    def at(x: float, y: float) -> np.ndarray:
        """A place of the face: 1 is the distance of the eyes' outer corners."""
        place: np.ndarray = middle + (x * across + y * down) * unit
        return place

    base, other = _fur_colour(rng), _fur_colour(rng)
    turn = rng.normal(0, 0.06)  # the nose is nearer than the eyes
    head = np.array([rng.uniform(0.75, 1.15), rng.uniform(0.8, 1.25)])
    colours = np.empty((size, size, 3), np.float32)
    colours[:] = base
    _patch(colours, at(0, -0.6), (rng.uniform(0.3, 1.0) * unit, rng.uniform(0.2, 0.8) * unit), other, rng)
    if rng.random() < 0.7:  # cheeks and chin
        _patch(colours, at(0, 0.8), (rng.uniform(0.5, 1.1) * unit, rng.uniform(0.3, 0.7) * unit), _fur_colour(rng), rng)
    if rng.random() < 0.4:  # a blaze
        _patch(colours, at(turn, -0.1), (rng.uniform(0.06, 0.2) * unit, rng.uniform(0.4, 1.0) * unit), other, rng)
    if rng.random() < 0.5:  # around the eyes
        shade = tone(base * rng.choice([0.4, 0.6, 1.3]))
        for side in (-1, 1):
            reach = rng.uniform(0.12, 0.3) * unit
            _patch(colours, at(0.36 * side, -0.02), (reach, reach * rng.uniform(0.7, 1.4)), shade, rng)
    muzzle = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.45)]) * unit
    nose_at = rng.uniform(0.3, 0.75)
    mouth_at = nose_at + rng.uniform(0.1, 0.35)
    light = tone(_fur_colour(rng) * rng.uniform(0.9, 1.4)) if rng.random() < 0.75 else base
    _patch(colours, at(turn, (nose_at + mouth_at) / 2), (float(muzzle[0]), float(muzzle[1])), light, rng)

    fur = _furred(colours, at(turn, nose_at), unit, rng)
    mask = np.zeros((size, size), np.uint8)
    draw_ellipse(mask, at(0, 0.25), (head[0] * unit, head[1] * unit), np.array([255.0]))
    _ears(mask, fur, at, head, unit, base, rng)
    share = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 0.06 * unit + 0.5)).astype(np.float32)[..., None] / 255
    kept = rng.uniform(0.1, 0.5) if rng.random() < 0.35 else 0.0
    drawn = (image * (1 - share * (1 - kept)) + fur * share * (1 - kept)).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        drawn = _another_wall(drawn, share, rng)
    drawn = np.ascontiguousarray(drawn)
    _mouth(drawn, at, turn, nose_at, mouth_at, unit, rng)
    _nose(drawn, at(turn, nose_at), unit, across, down, rng)
    _eyes(drawn, at, unit, base, rng)
    return drawn


def _fur_colour(rng: Generator) -> np.ndarray:
    """(3,), of the common furs or a mixture of two; now and then any colour at all."""
    if rng.random() < 0.08:
        return rng.uniform(20, 235, 3)
    first, second = FUR[rng.integers(len(FUR), size=2)]
    return tone((first + (second - first) * rng.uniform()) * rng.uniform(0.75, 1.2))


def _patch(
    colours: np.ndarray, centre: np.ndarray, axes: tuple[float, float], colour: np.ndarray, rng: Generator
) -> None:
    """A soft spot of another colour, in place."""
    ys, xs = np.mgrid[0 : len(colours), 0 : len(colours)].astype(np.float32)
    distance = ((xs - centre[0]) / axes[0]) ** 2 + ((ys - centre[1]) / axes[1]) ** 2
    share = (1 / (1 + np.exp(((distance - 1) * rng.uniform(2, 8)).clip(-30, 30))))[..., None] * rng.uniform(0.5, 1.0)
    colours += share * (colour - colours)


def _furred(colours: np.ndarray, nose: np.ndarray, unit: float, rng: Generator) -> np.ndarray:
    """Hairs that grow away from the nose, and light from one side: (S, S, 3) float32."""
    size = len(colours)
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32)
    nose = nose.astype(np.float32)
    dx, dy = xs - nose[0], ys - nose[1]
    away = np.sqrt(dx * dx + dy * dy) + 1e-3
    dx, dy = dx / away, dy / away
    hairs = rng.normal(0, 1, (size, size)).astype(np.float32)
    length = np.float32(rng.uniform(0.01, 0.06) * unit)
    drawn = sum(
        cv2.remap(hairs, xs + k * length * dx, ys + k * length * dy, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT)
        for k in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
    )
    aside = rng.uniform(-1, 1, 2)
    shade = 1 + 0.25 * (aside[0] * (xs - nose[0]) + aside[1] * (ys - nose[1])) / unit
    shade = shade * (1 - rng.uniform(0, 0.35) * (away / (1.2 * unit)) ** 2)
    furred = (
        colours * shade.clip(0.3, 1.5)[..., None]
        + rng.choice([0.3, 1.0]) * rng.uniform(1, 12) * np.asarray(drawn)[..., None]
    )
    return furred.clip(0, 255).astype(np.float32)


def _ears(
    mask: np.ndarray, fur: np.ndarray, at: Place, head: np.ndarray, unit: float, base: np.ndarray, rng: Generator
) -> None:
    """Two pointed, round or hanging ears, or none; in place. Their insides lie in the fur."""
    kind = rng.integers(4)
    x, y = rng.uniform(0.35, 0.75) * head[0], -rng.uniform(0.45, 0.8) * head[1] + 0.25
    tall, wide, lean = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.35), rng.uniform(-0.1, 0.3)
    inside = tone(base * rng.uniform(0.4, 1.2) + (rng.uniform(0, 50), 0, 0))
    for side in (-1, 1):
        if kind == 0:
            outline = np.stack(
                [at(side * x - wide, y + 0.1), at(side * (x + lean), y - tall), at(side * x + wide, y + 0.1)]
            )
            cv2.fillPoly(mask, [fixed_point(outline)], 255, cv2.LINE_AA, SHIFT)
            centre = outline.mean(axis=0)
            cv2.fillPoly(fur, [fixed_point((outline - centre) * 0.6 + centre)], tone_of(inside), cv2.LINE_AA, SHIFT)
        elif kind == 1:
            place, radius = at(side * x, y), wide * unit * 1.2
            draw_ellipse(mask, place, (radius, radius), np.array([255.0]))
            draw_ellipse(fur, place, (radius * 0.6, radius * 0.6), inside)
        elif kind == 2:
            place = at(side * head[0] * 0.95, 0.2)
            draw_ellipse(mask, place, (wide * unit, tall * unit * 0.9), np.array([255.0]))
            draw_ellipse(fur, place, (wide * unit, tall * unit * 0.9), inside)


def _another_wall(image: np.ndarray, share: np.ndarray, rng: Generator) -> np.ndarray:
    cells = rng.uniform(0, 255, (int(rng.integers(1, 7)), int(rng.integers(1, 7)), 3)).astype(np.float32)
    wall = cv2.resize(cells, image.shape[1::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255)
    result: np.ndarray = (image * share + wall * (1 - share)).astype(np.uint8)
    return result


def _mouth(
    image: np.ndarray, at: Place, turn: float, nose_at: float, mouth_at: float, unit: float, rng: Generator
) -> None:
    """A cleft and two curves below the nose, or an open mouth with a tongue; in place."""
    dark = rng.uniform(10, 90) * np.array([1, 0.8, 0.75])
    width = max(1, round(rng.uniform(0.015, 0.05) * unit))
    reach = rng.uniform(0.15, 0.45)
    if rng.random() < 0.45:
        deep = rng.uniform(0.06, 0.3)
        draw_ellipse(image, at(turn, mouth_at + deep * 0.6), (reach * 0.8 * unit, deep * unit), dark * 0.7)
        if rng.random() < 0.7:
            tongue = np.array([rng.uniform(150, 235), rng.uniform(70, 130), rng.uniform(80, 140)])
            draw_ellipse(image, at(turn, mouth_at + deep * 0.9), (reach * 0.45 * unit, deep * 0.6 * unit), tongue)
    sag = rng.uniform(-0.06, 0.14)
    lines = [np.stack([at(turn, nose_at), at(turn, mouth_at)])]
    for side in (-1, 1):
        lines.append(
            np.stack([at(turn + side * reach * t, mouth_at + sag * 4 * t * (1 - t)) for t in np.linspace(0, 1, 6)])
        )
    cv2.polylines(image, [fixed_point(line) for line in lines], False, tone_of(dark), width, cv2.LINE_AA, SHIFT)
    if rng.random() < 0.3:
        light = rng.uniform(120, 255, 3)
        for _ in range(10):
            side = rng.choice([-1, 1])
            start = at(turn + side * 0.15, (nose_at + mouth_at) / 2)
            end = at(turn + side * rng.uniform(0.6, 1.1), mouth_at + rng.uniform(-0.4, 0.3))
            cv2.polylines(image, [fixed_point(np.stack([start, end]))], False, tone_of(light), 1, cv2.LINE_AA, SHIFT)


def _nose(
    image: np.ndarray, centre: np.ndarray, unit: float, across: np.ndarray, down: np.ndarray, rng: Generator
) -> None:
    """The tip: dark or pink, a triangle or an egg, with nostrils or a glint; or a pig's disc. In place."""
    dark = (
        tone(rng.uniform(5, 75) * np.array([1.0, 0.9, 0.88]))
        if rng.random() < 0.75
        else np.array([215.0, 140, 135]) * rng.uniform(0.5, 1)
    )
    wide, tall = rng.uniform(0.07, 0.2) * unit, rng.uniform(0.05, 0.14) * unit
    kind = rng.integers(3)
    if kind == 0:
        corners = [
            centre - wide * across - tall * 0.6 * down,
            centre + wide * across - tall * 0.6 * down,
            centre + tall * down,
        ]
        cv2.fillPoly(image, [fixed_point(np.stack(corners))], tone_of(dark), cv2.LINE_AA, SHIFT)
    else:
        draw_ellipse(image, centre, (wide, tall), dark)
    for side in (-1, 1):
        if kind == 2:
            draw_ellipse(image, centre + side * 0.45 * wide * across, (0.2 * wide, 0.35 * tall), dark * 0.4)
    if rng.random() < 0.5:
        draw_ellipse(image, centre - 0.5 * tall * down, (0.35 * wide, 0.2 * tall), tone(dark + rng.uniform(40, 140)))


def _eyes(image: np.ndarray, at: Place, unit: float, base: np.ndarray, rng: Generator) -> None:
    """Round eyes without white: dark ones, or a cat's with a slit; in place."""
    apart, level = rng.uniform(0.27, 0.5), rng.normal(0, 0.05)
    wide = rng.uniform(0.05, 0.14) * unit
    tall = wide * rng.uniform(0.65, 1.15)
    iris = (
        rng.uniform(0.2, 1) * np.array([200, rng.uniform(90, 200), rng.uniform(20, 90)])
        if rng.random() < 0.5
        else rng.uniform(5, 50, 3)
    )
    rim = tone(base * rng.uniform(0.1, 0.5))
    slit = rng.random() < 0.3
    for side in (-1, 1):
        centre = at(side * apart, level)
        draw_ellipse(image, centre, (wide * 1.25, tall * 1.25), rim)
        draw_ellipse(image, centre, (wide, tall), iris)
        draw_ellipse(
            image, centre, (wide * (0.2 if slit else rng.uniform(0.4, 0.75)), tall * 0.8), np.array([8.0, 8, 8])
        )
        if rng.random() < 0.75:
            draw_ellipse(
                image,
                centre + np.array([0.2 * wide, -0.3 * tall]),
                (0.22 * wide, 0.22 * tall),
                np.array([240.0, 240, 240]),
            )
        if rng.random() < 0.25:
            lid = np.stack(
                [
                    at(side * apart - 0.13, level - 0.02),
                    at(side * apart, level - 0.1),
                    at(side * apart + 0.13, level - 0.02),
                ]
            )
            cv2.polylines(image, [fixed_point(lid)], False, tone_of(rim), 1, cv2.LINE_AA, SHIFT)
