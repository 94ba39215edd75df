"""Arguments of another type than they are for, refused at the call and by name."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from common.formatting import clean
from common.redaction import cut
from stages.models import Models
from stages.motion.micromotion import Micromotion

# What an argument may be, in words; `bool` counts as no number, though Python has it so.
NUMBER, WHOLE, TEXT, PATH, IMAGE = "a number", "a whole number", "text", "a path", "(H, W, 3) uint8 pixels or a path"
MODELS, MOTION = "what load_models gives", "what extract_motion or load_motion gives"
TEXTS, NUMBERS = "a list of texts", "a list of whole numbers"

TYPES: Mapping[str, tuple[type, ...]] = {
    NUMBER: (Real,),
    WHOLE: (Integral,),
    TEXT: (str,),
    PATH: (str, os.PathLike),
    IMAGE: (np.ndarray, str, os.PathLike),
    MODELS: (Models,),
    MOTION: (Micromotion,),
}
MOST_SIDE = 16384  # of x264's frames
ITEMS = {TEXTS: TEXT, NUMBERS: WHOLE}


def check_types(**arguments: tuple[Any, str]) -> None:
    """Refuse arguments of wrong types.

    Args:
        arguments: by name the value, and which of this module's words it must fit.

    Raises:
        TypeError: one does not; the sentence names it, what was expected and what was found.
    """
    for name, (value, expected) in arguments.items():
        if not _fits(value, expected):
            shown = f' "{cut(clean(value), 40)}"' if isinstance(value, str) else ""
            shown = f" {value}" if isinstance(value, bool | int | float) else shown
            raise TypeError(f"{name}: expected {expected}, found {type(value).__name__}{shown}.")


def check_ranges(**arguments: tuple[float, float, float]) -> None:
    """Refuse numbers outside of what they may be.

    Args:
        arguments: by name the value, the least and the most.

    Raises:
        ValueError: one is; the sentence names it, what was expected and what was found.
    """
    for name, (value, least, most) in arguments.items():
        if not least <= value <= most:  # nor is NaN
            raise ValueError(f"{name}: expected {least} to {most}, found {value}.")


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds of which no faces, or the same ones again, would be made.

    Raises:
        ValueError: there is none, one is negative or too large, or two are the same.
    """
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) >= 2**63:
        raise ValueError(
            f"seeds: expected different whole numbers from 0 on, found {', '.join(map(str, seeds)) or 'none'}."
        )


def check_frames(frames: Iterable[Any]) -> Iterator[np.ndarray]:
    """Frames as they come, each an image like the first.

    Raises:
        TypeError: there are no frames in what is given, or one is no (H, W, 3) uint8 of the first one's size.
        ValueError: a side is less than 2 pixels, or more than the encoder takes.
    """
    if not isinstance(frames, Iterable) or isinstance(frames, str | bytes | Mapping):
        raise TypeError(f"frames: expected images one after the other, found {type(frames).__name__}.")
    shape: tuple[int, ...] = ()
    for number, frame in enumerate(frames):
        found = f"{frame.shape} {frame.dtype}" if isinstance(frame, np.ndarray) else type(frame).__name__
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise TypeError(f"frames: expected (H, W, 3) uint8 each, found {found} as number {number + 1}.")
        check_ranges(**dict(zip(("height", "width"), ((side, 2, MOST_SIDE) for side in frame.shape[:2]), strict=True)))
        shape = shape or frame.shape
        if frame.shape != shape:
            raise TypeError(f"frames: expected all of one size, {shape}, found {frame.shape} as number {number + 1}.")
        yield frame


def _fits(value: Any, expected: str) -> bool:
    if expected not in ITEMS:
        return isinstance(value, TYPES[expected]) and not (expected in (NUMBER, WHOLE) and isinstance(value, bool))
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__len__") or not hasattr(value, "__getitem__"):
        return False  # a text has items too, and none of them is meant; a set's have no order
    return all(_fits(item, ITEMS[expected]) for item in value)
