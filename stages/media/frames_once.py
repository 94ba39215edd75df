"""Frames that occur several times, as on a way back or in a pause: made once, and kept until their last use."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

# All that is kept of one video at a time; beyond it frames are made again.
KEPT_BYTES = 192 << 20


def first_alike(places: Sequence[np.ndarray]) -> list[int]:
    """For each of F places, the number of the first one that is the same to the bit."""
    first: dict[bytes, int] = {}
    return [first.setdefault(place.tobytes(), number) for number, place in enumerate(places)]


def made_once(
    same_as: Sequence[int], make: Callable[[int], np.ndarray], most: int = KEPT_BYTES
) -> Iterator[tuple[np.ndarray, bool]]:
    """Every frame, in order.

    Args:
        same_as: for each frame the number of the first one that shows the same.
        make: from a frame's number to the frame, or to what of it changes.
        most: bytes that are kept.

    Yields:
        What `make` gave, which is not to be written into; and whether it was made for this frame.
    """
    last = {first: number for number, first in enumerate(same_as)}
    kept: dict[int, np.ndarray] = {}
    room = most
    for number, first in enumerate(same_as):
        if (frame := kept.get(first)) is not None:
            if last[first] == number:
                room += kept.pop(first).nbytes
            yield frame, False
            continue
        frame = make(number)
        if last[first] > number and frame.nbytes <= room:
            kept[first] = frame.copy()  # of what may be a part of something larger
            room -= frame.nbytes
        yield frame, True
