"""Ways to make an image of a face other than a photograph's: paint, print, stone, canvas, varnish, bad light.

Each function takes and returns (H, W, 3) uint8 and moves nothing, so that landmarks stay true.
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

TEXTURES = 24  # of each kind, made once
TEXTURE_SIZE = 256


def restyle(image: np.ndarray, rng: Generator) -> np.ndarray:
    """One way of painting, then canvas and cracks, then tones: each by chance."""
    if rng.random() < 0.55:
        way = WAYS[int(rng.integers(len(WAYS)))]
        image = blend(image, way(image, rng), rng.uniform(0.5, 1.0))
    if rng.random() < 0.25:
        image = on_canvas(image, rng)
    if rng.random() < 0.2:
        image = crack(image, rng)
    if rng.random() < 0.6:
        image = tone(image, rng)
    return image


def blend(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """From `first` at 0 to `second` at 1."""
    return cv2.addWeighted(first, 1 - share, second, share, 0)


def daub(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Flat patches with hard edges: of the four corners around a pixel the evenest one's mean (Kuwahara, 1976)."""
    reach = int(rng.integers(1, 4))
    x = image.astype(np.float32)
    size = (reach + 1, reach + 1)
    grey = x.mean(axis=2)
    best: np.ndarray | None = None
    chosen: np.ndarray = x
    for anchor in ((0, 0), (reach, 0), (0, reach), (reach, reach)):
        mean = cv2.blur(x, size, anchor=anchor)
        grey_mean = mean.mean(axis=2)
        spread = cv2.blur(grey * grey, size, anchor=anchor) - grey_mean * grey_mean
        if best is None:
            best, chosen = spread, mean
            continue
        better = spread < best
        best = np.where(better, spread, best)
        chosen = np.where(better[..., None], mean, chosen)
    return chosen.clip(0, 255).astype(np.uint8)


def brush(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Strokes along the image's own edges: averages of pixels along them, with bristles."""
    height, width = image.shape[:2]
    soft = cv2.GaussianBlur(image, (0, 0), 2.0).astype(np.float32).mean(axis=2)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(part, (0, 0), 4.0) for part in (gx * gx, gy * gy, gx * gy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2 + rng.normal(0, 0.25)  # (H, W), along the edges
    dx, dy = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    bristles = rng.normal(0, rng.uniform(4, 18), (height, width, 1)).astype(np.float32)
    source = image.astype(np.float32) + bristles
    length = rng.uniform(1.0, 3.5) * height / 128
    total = sum(
        cv2.remap(source, xs + step * length * dx, ys + step * length * dy, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT)
        for step in (-1.0, -0.66, -0.33, 0.0, 0.33, 0.66, 1.0)
    )
    return (np.asarray(total) / 7).clip(0, 255).astype(np.uint8)


def smooth(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Skin without grain, edges kept, as in a drawn portrait or a game."""
    result: np.ndarray = cv2.bilateralFilter(image, 5, rng.uniform(20, 70), rng.uniform(2, 5))
    return result


def posterise(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Few tones, as in a poster."""
    step = 256 / rng.integers(5, 14)
    soft = cv2.medianBlur(image, 3).astype(np.float32) + rng.uniform(0, step)
    return (np.floor(soft / step) * step).clip(0, 255).astype(np.uint8)


def pencil(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Lines where tones change, on paper."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = cv2.GaussianBlur(grey, (0, 0), rng.uniform(1.5, 6))
    lines = (grey / (around + 1) * 255 * rng.uniform(0.85, 1.0)).clip(0, 255)
    paper = 255 * (1 - rng.uniform(0, 0.25, 3))
    return (lines[..., None] / 255 * paper).clip(0, 255).astype(np.uint8)


def carve(image: np.ndarray, rng: Generator) -> np.ndarray:
    """One material: light and shade keep their places, colours go, grain comes."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    local = grey - cv2.GaussianBlur(grey, (0, 0), 0.15 * len(image))
    shade = (rng.uniform(0.35, 0.7) + rng.uniform(1.0, 2.0) * local).clip(0, 1) ** rng.uniform(0.7, 1.4)
    low, high = rng.uniform(0, 90, 3), rng.uniform(150, 255) * rng.uniform(0.6, 1.0, 3)
    stone = low + shade[..., None] * (high - low)
    grain = cv2.GaussianBlur(rng.normal(0, 1, grey.shape).astype(np.float32), (0, 0), rng.uniform(0.4, 1.5))
    return (stone + rng.uniform(0, 20) * grain[..., None]).clip(0, 255).astype(np.uint8)


def sharpen(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Edges with halos, as bad scans and loud photographs have them."""
    soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 6))
    return cv2.addWeighted(image, 1 + (amount := rng.uniform(0.5, 2.0)), soft, -amount, 0)


WAYS: list[Callable[[np.ndarray, Generator], np.ndarray]] = [
    *(daub, brush, brush, smooth, posterise, pencil, carve, sharpen),
]


def tone(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Other colours: grey, two tones, varnish, a cast, mixed channels, little contrast or far too much."""
    x = image.astype(np.float32) / 255
    grey = x @ np.array([0.3, 0.59, 0.11], np.float32)
    kind = rng.integers(6)
    if kind == 0:
        x = np.repeat(grey[..., None], 3, axis=2)
    elif kind == 1:  # sepia and other duotones
        dark, light = rng.uniform(0, 0.25, 3), 1 - rng.uniform(0, 0.4, 3)
        x = dark + grey[..., None] * (light - dark)
    elif kind == 2:  # yellowed varnish
        x = x * (1, rng.uniform(0.75, 1), rng.uniform(0.35, 0.8)) * rng.uniform(0.6, 1.0)
    elif kind == 3:
        x = x @ (np.eye(3) + rng.normal(0, 0.15, (3, 3)))
    elif kind == 4:
        x = (x - 0.5) * rng.uniform(0.25, 0.6) + rng.uniform(0.25, 0.75)
    else:
        x = (x - x.mean()) * rng.uniform(1.3, 2.2) + rng.uniform(0.35, 0.65)
    return (x.clip(0, 1) * 255).astype(np.uint8)


def on_canvas(image: np.ndarray, rng: Generator) -> np.ndarray:
    """A weave, or rough paper, shining through."""
    weave = texture("weave", image.shape[0], rng)
    return (image * (1 + rng.uniform(0.04, 0.25) * weave[..., None])).clip(0, 255).astype(np.uint8)


def crack(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Craquelure: a net of cracks, dark or light."""
    cracks = texture("cracks", image.shape[0], rng)
    amount = cracks[..., None] * rng.uniform(0.15, 0.6)
    colour = rng.uniform(0, 60, 3) if rng.random() < 0.6 else rng.uniform(180, 255, 3)
    return (image * (1 - amount) + colour * amount).clip(0, 255).astype(np.uint8)


def texture(kind: str, size: int, rng: Generator) -> np.ndarray:
    """A part of one of the textures, (size, size) float32: `cracks` from 0 to 1, a `weave` around 0."""
    whole = _whole_texture(kind, int(rng.integers(TEXTURES)))
    part = int(rng.uniform(0.5, 1.0) * TEXTURE_SIZE)
    x, y = rng.integers(0, TEXTURE_SIZE - part + 1, 2)
    return cv2.resize(whole[y : y + part, x : x + part], (size, size), interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=2 * TEXTURES)
def _whole_texture(kind: str, number: int) -> np.ndarray:
    rng = np.random.default_rng((number, len(kind)))
    ys, xs = np.mgrid[0:TEXTURE_SIZE, 0:TEXTURE_SIZE].astype(np.float32)
    wobble = [cv2.GaussianBlur(rng.normal(0, 1, xs.shape).astype(np.float32), (0, 0), 6.0) * 24 for _ in range(2)]
    if kind == "weave":
        pitch = rng.uniform(0.8, 2.2)
        threads = np.sin(pitch * xs + 0.2 * wobble[0]) + np.sin(pitch * ys + 0.2 * wobble[1])
        grain = rng.normal(0, 0.7, xs.shape)
        return (0.5 * (threads + grain)).astype(np.float32)
    cells = cKDTree(rng.uniform(-10, TEXTURE_SIZE + 10, (int(rng.integers(60, 500)), 2)))
    places = np.stack([xs + wobble[0], ys + wobble[1]], axis=-1).reshape(-1, 2)
    near = cells.query(places, k=2)[0]
    border = (near[:, 1] - near[:, 0]).reshape(xs.shape)
    thickness = cv2.GaussianBlur(rng.normal(0, 1, xs.shape).astype(np.float32), (0, 0), 20.0) * 20
    return (1 - border / rng.uniform(0.8, 2.0)).clip(0, 1).astype(np.float32) * (thickness > -0.3)
