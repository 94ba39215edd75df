"""Decode a clip's frames into a folder: a program of its own, so that a decoder that hangs can be killed.

    python decode_clip.py CLIP FOLDER MOST

Writes `frames.npy` (T, H, W, 3) uint8 RGB and `times.npy` (T,) float64 seconds, for T frames evenly spread over the
clip's time, at most MOST, the first and the last among them; and `total.npy`, how many frames the clip has. It imports
nothing of ours, so that it runs wherever this file lies.
"""

import sys
from pathlib import Path

import decord
import numpy as np


def spread(times: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most `most` frames, evenly spread over time: the frame nearest to each of as many moments.

    Args:
        times: (N,) rising; frames need not be equally far apart.
    """
    if len(times) <= most:
        return np.arange(len(times))
    moments = np.linspace(times[0], times[-1], most)
    after = np.searchsorted(times, moments).clip(1, len(times) - 1)
    nearer = np.where(moments - times[after - 1] <= times[after] - moments, after - 1, after)
    return np.unique(nearer)


def unpadded(frame: np.ndarray) -> np.ndarray:
    """(H, W, 3) of a frame as decord 3.4 gives it.

    Rotated clips of some small sizes come with rows padded to 64 pixels, labelled as four channels.
    """
    height, width, channels = frame.shape
    return frame if channels == 3 else frame.reshape(height, -1)[:, : 3 * width].reshape(height, width, 3)


def main(clip: str, folder: str, most: str) -> None:
    """Decode; what goes wrong is an exception, of which the caller reads the last line."""
    reader = decord.VideoReader(clip, num_threads=1)
    # True timestamps: an average frame rate would be wrong wherever the rate varies.
    times = reader.get_frame_timestamp(list(range(len(reader))))[:, 0].astype(np.float64)
    chosen = spread(times, int(most))
    first = unpadded(reader[int(chosen[0])].asnumpy())
    # Written as they come: 64 frames of 4K are 1.6 GB, of which only one is held here.
    shape = (len(chosen), *first.shape)
    frames = np.lib.format.open_memmap(Path(folder) / "frames.npy", mode="w+", dtype=np.uint8, shape=shape)
    for position, index in enumerate(chosen):
        frames[position] = unpadded(reader[int(index)].asnumpy())
    frames.flush()
    np.save(Path(folder) / "times.npy", times[chosen])
    np.save(Path(folder) / "total.npy", np.array(len(reader)))


if __name__ == "__main__":
    main(*sys.argv[1:])
