"""Images of `benchmarks.truth.pixels` for the eye: what was made of each person, beside the truth."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from benchmarks.truth.photographs import CROP, STILL_CROP
from common.atomic_files import replace_atomically

COLUMNS = ("still", "truth", "generator, pasted", "picture", "generator - truth", "picture - truth")
# Differences are shown four times as large, around grey.
DIFFERENCE_GAIN = 4
ROWS = 8  # a sheet
LABEL = 18  # pixels


def draw_strip(true: np.ndarray, generator: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """One person at the extreme, in the still's crop: (CROP, 6 * CROP, 3) uint8, in the order of `COLUMNS`.

    Args:
        true, generator, picture: (K, SIDE, SIDE, 3) uint8, photographs.
    """
    still, truth, generated, moved = (one[STILL_CROP] for one in (true[0], true[-1], generator[-1], picture[-1]))
    differences = [_difference(made, truth) for made in (generated, moved)]
    return np.concatenate([still, truth, generated, moved, *differences], axis=1)


def write_sheets(strips: Mapping[tuple[int, str], np.ndarray], folder: Path) -> None:
    """`smile_1.png` and so on: the strips of each motion, eight people a sheet."""
    for motion in dict.fromkeys(motion for _, motion in strips):
        rows = [
            _labelled(strip, f"{motion}, person {number}") for (number, name), strip in strips.items() if name == motion
        ]
        for start in range(0, len(rows), ROWS):
            _, stored = cv2.imencode(".png", np.concatenate(rows[start : start + ROWS])[..., ::-1])
            with replace_atomically(folder / f"{motion}_{start // ROWS + 1}.png") as temporary:
                temporary.write_bytes(stored.tobytes())


def _difference(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    shown: np.ndarray = np.clip(128 + DIFFERENCE_GAIN * (made.astype(np.float32) - truth), 0, 255).astype(np.uint8)
    return shown


def _labelled(strip: np.ndarray, title: str) -> np.ndarray:
    head = np.zeros((LABEL, strip.shape[1], 3), np.uint8)
    for place, column in enumerate(COLUMNS):
        words = f"{title}: {column}" if place == 0 else column
        at = (place * CROP + 4, LABEL - 5)
        cv2.putText(head, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([head, strip])
