"""The images of `benchmarks.models.real_sheet`: one strip for each face, and strips in rows."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.atomic_files import replace_atomically

LABEL = 20  # pixels
MOMENTS = ("rest", "half", "full")
COLUMNS = 2  # strips beside each other
LETTER = 9  # pixels of a line's width for each letter


def draw_strip(moments: np.ndarray, title: str, size: int) -> np.ndarray:
    """A face at rest, half way and at the full extent under a line of words: (LABEL + size, 3 * size, 3) uint8.

    Args:
        moments: (3, S, S, 3) uint8.
    """
    shrinking = moments.shape[1] > size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    tiles = [cv2.resize(frame, (size, size), interpolation=interpolation) for frame in moments]
    label = np.zeros((LABEL, 3 * size, 3), np.uint8)
    for number, moment in enumerate(MOMENTS):
        _write(label, f"{title}, {moment}" if number == 0 else moment, (number * size + 4, LABEL - 6))
    return np.concatenate([label, np.concatenate(tiles, axis=1)])


def draw_refusal(title: str, reason: str, size: int) -> np.ndarray:
    """The words that say why an image has no face, as large as `draw_strip`'s strip."""
    strip = np.zeros((LABEL + size, 3 * size, 3), np.uint8)
    _write(strip, f"{title}: refused", (4, LABEL - 6))
    for number, line in enumerate(textwrap.wrap(reason, max(3 * size // LETTER, 10))):
        _write(strip, line, (4, (number + 2) * LABEL))
    return strip


def grid_of(strips: Sequence[np.ndarray]) -> np.ndarray:
    """Strips of one shape in rows of two; the last row is filled up with black."""
    filled = [*strips, *[np.zeros_like(strips[0])] * (-len(strips) % COLUMNS)]
    rows = [np.concatenate(filled[start : start + COLUMNS], axis=1) for start in range(0, len(filled), COLUMNS)]
    return np.concatenate(rows)


def write_png(file: Path, image: np.ndarray) -> None:
    """(H, W, 3) uint8 RGB."""
    _, stored = cv2.imencode(".png", image[..., ::-1])
    with replace_atomically(file) as temporary:
        temporary.write_bytes(stored.tobytes())


def _write(image: np.ndarray, words: str, at: tuple[int, int]) -> None:
    cv2.putText(image, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
