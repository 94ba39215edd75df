"""One face through a clip: which of each frame's faces it is, and a crop that does not tremble."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.faces.detect import Face

# The same face between two frames that are used, which may be a second apart: its centre moves less than this many of
# its sizes, and its size changes by less than this factor.
FARTHEST = 1.0
GROWTH = 1.6
# How far landmarks go within the crop, in shares of the distance between the eyes: a face that only looks on, and one
# that makes a motion.
STILL, MOVING = 0.03, 0.045
SMOOTHING = 0.12  # seconds, the standard deviation of the window over which a crop is steadied


@dataclass(frozen=True)
class Track:
    """A face through T frames.

    Attributes:
        landmarks: (T, 68, 2) float32, in pixels; NaN where the face was not found.
        steadied: (T, 68, 2) float32, smoothed over time: for cropping. NaN where the face was not found.
        found: (T,) bool.
        which: (T,) int, which of each frame's faces it is; -1 where the face was not found.
    """

    landmarks: np.ndarray
    steadied: np.ndarray
    found: np.ndarray
    which: np.ndarray


def track_face(faces: Sequence[Sequence[Face]], times: np.ndarray) -> Track:
    """Follow one face: the largest one of the first frame that shows any, then the one nearest to where it was.

    Where the largest keeps still and another one moves, that one is followed.

    Landmarks tremble by a share of a pixel from frame to frame. A crop cut by them trembles too, and a motion fitted
    to such crops learns it; so crops are cut by landmarks smoothed over time (a local straight line, which neither
    delays nor flattens a turning head, weighted by a Gaussian over true time). Expressions stay as they are: the crop
    uses only the means of eyes and mouth corners.

    Args:
        faces: for each frame, its faces, the largest first.
        times: (T,) seconds, rising.
    """
    first = next((number for number, candidates in enumerate(faces) if candidates), 0)
    tracks = [_follow(faces, times, first, start) for start in range(len(faces[first]) if len(faces) else 0)]
    if not tracks:
        return _follow(faces, times, first, 0)
    gone = [_expression(track, times) for track in tracks]
    # A larger face that only looks on is not the clip's.
    if gone[0] < STILL and max(gone) > MOVING:
        return tracks[int(np.argmax(gone))]
    return tracks[0]


def _expression(track: Track, times: np.ndarray) -> float:
    """How far a face's landmarks go within its crop, noise aside, in shares of the distance between the eyes."""
    seen = np.flatnonzero(track.found)
    if len(seen) < max(2, 0.5 * len(track.found)):
        return 0.0
    points = track.steadied[seen].astype(np.float64)  # (S, 68, 2)
    eyes = (points[:, 36:42].mean(axis=1) + points[:, 42:48].mean(axis=1)) / 2
    across = points[:, 42:48].mean(axis=1) - points[:, 36:42].mean(axis=1)  # (S, 2)
    unit = np.maximum(np.hypot(*across.T), 1e-9)
    cos, sin = across[:, 0] / unit, across[:, 1] / unit
    upright = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)  # (S, 2, 2)
    within = np.einsum("sij,spj->spi", upright, points - eyes[:, None]) / unit[:, None, None]
    return float(np.linalg.norm(within - within[0], axis=2).max())


def _follow(faces: Sequence[Sequence[Face]], times: np.ndarray, first: int, start: int) -> Track:
    """The track that begins with one face of the first frame that shows any."""
    chosen: list[Face | None] = []
    which: list[int] = []
    last: Face | None = None
    for number, candidates in enumerate(faces):
        if number == first and candidates:
            index: int | None = start
        else:
            index = None if last is None else _nearest(candidates, last)
        face = None if index is None else candidates[index]
        chosen.append(face)
        which.append(-1 if index is None else index)
        last = face or last
    nothing = np.full((68, 2), np.nan, np.float32)
    landmarks = np.stack([nothing if face is None else face.landmarks for face in chosen])  # (T, 68, 2)
    found = np.array([face is not None for face in chosen])
    steadied = landmarks.copy()
    if found.any():
        steadied[found] = smooth_landmarks(landmarks[found], np.asarray(times, np.float64)[found])
    return Track(landmarks, steadied, found, np.array(which, dtype=int))


def smooth_landmarks(landmarks: np.ndarray, times: np.ndarray, width: float = SMOOTHING) -> np.ndarray:
    """Smooth tracks over time by local linear regression (Cleveland, 1979).

    Args:
        landmarks: (T, P, 2).
        times: (T,) seconds.
        width: standard deviation of the Gaussian weights, in seconds.

    Returns:
        (T, P, 2) float32. A track that moves evenly comes back unchanged.
    """
    apart = times[None, :] - times[:, None]  # (T, T)
    weights = np.exp(-0.5 * np.square(apart / width))
    total = weights.sum(axis=1)
    mean = (weights * apart).sum(axis=1) / total  # (T,)
    spread = (weights * np.square(apart)).sum(axis=1) / total - np.square(mean)
    # At the middle of an even window the slope has no say; at the ends it keeps the line from bending inwards.
    slope = np.where(spread > 1e-12, -mean / np.maximum(spread, 1e-12), 0.0)
    kernel = weights / total[:, None] * (1 + slope[:, None] * (apart - mean[:, None]))  # (T, T), rows sum to 1
    return np.einsum("ts,spc->tpc", kernel, landmarks.astype(np.float64)).astype(np.float32)


def _nearest(candidates: Sequence[Face], last: Face) -> int | None:
    """Which face is nearest to where it was last, if any is near enough and about as large."""
    where, size = _place(last)
    near: list[tuple[float, int]] = []
    for index, face in enumerate(candidates):
        centre, extent = _place(face)
        away = float(np.hypot(*(centre - where))) / size
        if away < FARTHEST and 1 / GROWTH < extent / size < GROWTH:
            near.append((away, index))
    return min(near)[1] if near else None


def _place(face: Face) -> tuple[np.ndarray, float]:
    """Centre (2,) and size of a face's box: the root of its area."""
    low, high = face.box[:2], face.box[2:]
    return (low + high) / 2, float(np.sqrt(np.prod(high - low)))
