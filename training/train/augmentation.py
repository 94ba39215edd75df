"""What the world does to a face image, done to renders, so that networks carry over to what they never saw."""

from typing import cast

import cv2
import numpy as np

from weights.networks.fan import MIRRORED


def move(
    image: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
    size: int,
    centre: np.ndarray,
    side: float,
    turn: float = 25.0,
    zoom: tuple[float, float] = (0.75, 1.3),
    shift: float = 0.12,
    mirror: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """A random similarity around a crop and, where `mirror` allows, by even chance a mirror image.

    Args:
        image: (H, W, 3) uint8.
        points: (P, 2) in pixels of `image`.
        size: the result's height and width.
        centre, side: the crop at rest, in pixels of `image`.
        turn: largest rotation, degrees. zoom: range of scales. shift: largest shift, of the crop's side.

    Returns:
        (size, size, 3) uint8 and (P, 2) float32.
    """
    angle = np.deg2rad(rng.uniform(-turn, turn))
    scale = size / side * rng.uniform(*zoom)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    target = size * (0.5 + rng.uniform(-shift, shift, 2))
    matrix[:, 2] = target - matrix[:, :2] @ centre
    points = points @ matrix[:, :2].T + matrix[:, 2]
    border = cv2.BORDER_REFLECT if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    # OpenCV places pixel centres at whole numbers, our landmarks at halves.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    image = cv2.warpAffine(image, shifted, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    if mirror and rng.random() < 0.5:
        image = image[:, ::-1]
        points = points[MIRRORED] if len(points) == len(MIRRORED) else points
        points = np.stack([size - points[:, 0], points[:, 1]], axis=1)
    return image, points.astype(np.float32)


def relight(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another exposure, contrast, gamma and tint; sometimes grey, sometimes a shadow across. (H, W, 3) uint8."""
    x = image.astype(np.float32) / 255
    x = x ** rng.uniform(0.6, 1.6)
    x = (x - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.uniform(-0.15, 0.15)
    x = x * rng.uniform(0.8, 1.2, 3)
    if rng.random() < 0.15:
        x = np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.3:
        ys, xs = np.mgrid[0 : len(x), 0 : x.shape[1]] / len(x) - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        across = np.cos(angle) * xs + np.sin(angle) * ys + rng.uniform(-0.3, 0.3)
        x = x * (1 - rng.uniform(0.1, 0.6) / (1 + np.exp(-across / rng.uniform(0.02, 0.3))))[..., None]
    return (x.clip(0, 1) * 255).astype(np.uint8)


def degrade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, low resolution, noise and JPEG, each by chance. (H, W, 3) uint8."""
    size = image.shape[0]
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.012 * size))
    if rng.random() < 0.2:
        small = int(size * rng.uniform(0.35, 0.9))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if rng.random() < 0.35:
        noise = rng.normal(0, rng.uniform(2, 16), image.shape)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))])
        image = cast(np.ndarray, cv2.imdecode(stored, cv2.IMREAD_COLOR))
    return image


def occlude(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Something of one colour, or noise, in front of a part of the image. (H, W, 3) uint8."""
    image = np.ascontiguousarray(image).copy()
    size = image.shape[0]
    for _ in range(int(rng.integers(1, 3))):
        centre = tuple(int(value) for value in rng.integers(0, size, 2))
        axes = tuple(int(value) for value in rng.uniform(0.04, 0.22, 2) * size)
        colour = tuple(float(value) for value in rng.integers(0, 256, 3))
        cv2.ellipse(image, centre, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    return image
