"""What covers a face, drawn where a render's landmarks are: hair, scarves, spectacles, hands.

Each function takes an image, (S, S, 3) uint8, and its landmarks, (68, 2) in pixels, and returns the image redrawn.
"""

import cv2
import numpy as np
from numpy.random import Generator

from training.scene.drawing import SHIFT, draw_ellipse, fixed_point, lowered, tone_of
from training.scene.face_measures import between_eyes, seen_of, skin_of
from training.scene.painterly import blend


def with_hair(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """A fringe, locks beside and before the face."""
    unit = between_eyes(points)
    colour = np.array([1.0, 0.85, 0.7]) * rng.uniform(0, 220) * rng.uniform(0.7, 1.3, 3)
    drawn = image.copy()
    left, right = points[:17, 0].min(), points[:17, 0].max()
    for _ in range(int(rng.integers(10, 70))):
        x = rng.choice([left, right]) + rng.normal(0, 0.18) * unit if rng.random() < 0.7 else rng.uniform(left, right)
        start = np.array([x, points[19, 1] - rng.uniform(0.2, 0.9) * unit])
        reach = rng.uniform(0.2, 1.8) if abs(x - points[27, 0]) > 0.5 * unit else rng.uniform(0.05, 0.7)
        end = start + np.array([rng.normal(0, 0.15), reach]) * unit
        bend = (start + end) / 2 + rng.normal(0, 0.1, 2) * unit
        t = np.linspace(0, 1, 8)[:, None]
        line = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        width = max(1, round(rng.uniform(0.005, 0.04) * unit))
        shade = (colour * rng.uniform(0.6, 1.3)).clip(0, 255)
        cv2.polylines(drawn, [fixed_point(line)], False, tone_of(shade), width, cv2.LINE_AA, SHIFT)
    return blend(image, drawn, rng.uniform(0.5, 1.0))


def with_scarf(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Cloth around the face: a head scarf, a hood, a cap, a collar; or another wall behind it."""
    unit = between_eyes(points)
    size = image.shape[0]
    oval = np.concatenate([points[:17], points[26:16:-1] - (0, rng.uniform(0.05, 0.6) * unit)])
    centre = oval.mean(axis=0)
    hull = cv2.convexHull(((oval - centre) * rng.uniform(1.02, 1.35) + centre).astype(np.float32))[:, 0]
    outside = np.full((size, size), 255, np.uint8)
    cv2.fillPoly(outside, [fixed_point(hull)], 0, cv2.LINE_AA, SHIFT)
    if rng.random() < 0.6:
        low = points[[19, 24], 1].min() - rng.uniform(0, 0.3) * unit if rng.random() < 0.5 else points[2, 1]
        outside[max(0, int(low)) :] = 0 if low < points[30, 1] else outside[max(0, int(low)) :]
    cells = rng.uniform(0, 255, (int(rng.integers(1, 9)), int(rng.integers(1, 9)), 3)).astype(np.float32)
    way = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_NEAREST
    cloth = cv2.resize(cells, (size, size), interpolation=way) + rng.normal(0, rng.uniform(0, 25), (size, size, 1))
    share = cv2.GaussianBlur(outside, (0, 0), rng.uniform(0.3, 2.0)).astype(np.float32)[..., None] / 255
    return (image * (1 - share) + cloth.clip(0, 255) * share).astype(np.uint8)


def with_spectacles(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Rims of any weight, with glass that mirrors or darkens."""
    unit = between_eyes(points)
    colour = rng.uniform(0, 255, 3) * rng.uniform(0, 1)
    rim = max(1, round(rng.uniform(0.01, 0.06) * unit))
    axes = np.array([rng.uniform(0.2, 0.28), rng.uniform(0.15, 0.27)]) * unit
    tint, darkness = rng.uniform(0, 255, 3), rng.uniform(0, 0.35) * (rng.random() < 0.5)
    glass, lenses = image.copy(), []
    for eye in (points[36:42], points[42:48]):
        centre = lowered(eye.mean(axis=0), rng.uniform(0, 0.06) * unit)
        wide = seen_of(eye, unit)
        lenses.append((centre, (axes[0] * wide, axes[1])))
        draw_ellipse(glass, *lenses[-1], tint)
    drawn = blend(image, glass, darkness)
    for centre, shape in lenses:
        draw_ellipse(drawn, centre, shape, colour, rim)
    left, right = lenses[0][0], lenses[1][0]
    across = right - left
    bridge = np.stack([left + across * 0.4, left + across * 0.5 - (0, 0.04 * unit), right - across * 0.4])
    for line in (bridge, np.stack([left - across * 0.38, points[0]]), np.stack([right + across * 0.38, points[16]])):
        cv2.polylines(drawn, [fixed_point(line)], False, tone_of(colour), rim, cv2.LINE_AA, SHIFT)
    return drawn


def with_hand(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """Fingers before cheek, chin or mouth, skin with skin's colour."""
    unit = between_eyes(points)
    skin = skin_of(image, points) * rng.uniform(0.75, 1.15)
    place = points[int(rng.integers(1, 16))] + rng.normal(0, 0.1, 2) * unit
    towards = points[30] - place
    angle = np.arctan2(towards[1], towards[0]) + rng.normal(0, 0.6)
    along, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    thick = rng.uniform(0.1, 0.17) * unit
    drawn = image.copy()
    for finger in range(int(rng.integers(1, 5))):
        tip = place + along * rng.uniform(0.1, 0.45) * unit + aside * finger * thick * 0.95
        root = tip - along * 1.2 * unit
        ends = fixed_point(np.stack([root, tip]))
        for width, shade in ((thick, 0.7), (thick * 0.86, 1.0)):
            colour = tone_of((skin * shade).clip(0, 255))
            cv2.line(drawn, tuple(ends[0]), tuple(ends[1]), colour, max(1, round(width)), cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(drawn, (0, 0), 0.5)
