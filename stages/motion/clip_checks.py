"""Whether a clip's anchors are one motion of one person that begins at rest."""

from pathlib import Path

import numpy as np

from common.errors import ClipError
from stages.faces.crop_landmarks import interocular
from stages.faces.track import smooth_landmarks

# Cosine of identity embeddings with the first anchor's. The same person, smiling, turned or through noise: 0.88 and
# more; another one after a cut: below 0.
SAME_PERSON = 0.3
MOST_OTHERS = 0.2  # of all anchors: so many may be left out, as somebody who passes by is
# What noise and encoding do to a still: landmarks, smoothed over time, go 0.02 of the distance between the eyes on
# rendered faces and 0.035 on filmed ones, and codes 0.11 of their length. The four demo motions: 0.05 and more, 0.35
# and more; a filmed smile: 0.15, 0.41. Ageing moves few landmarks.
STILL_LANDMARKS, STILL_CODES = 0.04, 0.12
# How much further from a resting face the first anchor may be than the one farthest from it.
REST_SLACK = 0.08


def other_people(identities: np.ndarray) -> np.ndarray:
    """(T, n) embeddings, the first one the clip's person -> (T,) bool."""
    units = identities / np.maximum(np.linalg.norm(identities, axis=1, keepdims=True), 1e-12)
    return units @ units[0] < SAME_PERSON


def keep_first_person(identities: np.ndarray, times: np.ndarray, path: Path | str) -> np.ndarray:
    """Which anchors show the first one's person.

    Args:
        identities: (T, n), embeddings.
        times: (T,) seconds.
        path: of the clip, for the message.

    Returns:
        (T,) bool.

    Raises:
        ClipError: too many show another person, or fewer than two are left.
    """
    others = other_people(identities)
    if others.mean() > MOST_OTHERS or (~others).sum() < 2:
        raise ClipError(
            f"{path}: another person is seen from {times[np.flatnonzero(others)[0]]:.2f} s on, in "
            f"{int(others.sum())} of {len(others)} anchors. Cut the clip to one person without a scene change."
        )
    return ~others


def refuse_still(codes: np.ndarray, landmarks: np.ndarray, times: np.ndarray, path: Path | str) -> None:
    """Refuse a clip without a motion; the arguments of `is_still`, and the clip's path for the message.

    Raises:
        ClipError: the face keeps still.
    """
    if is_still(codes, landmarks, times):
        raise ClipError(
            f"{path}: the face keeps still: its anchors differ by no more than noise does. "
            "Use a clip that shows a motion."
        )


def motion_of_landmarks(landmarks: np.ndarray, times: np.ndarray) -> float:
    """How far landmarks go from the first frame's place, noise aside, as a share of the distance between the eyes.

    Args:
        landmarks: (T, 68, 2), of an aligned crop.
        times: (T,) seconds, rising.
    """
    if len(times) < 2:
        return 0.0
    smooth = (
        smooth_landmarks(landmarks, times, max(0.12, 1.5 * float(np.median(np.diff(times)))))
        if len(times) > 4
        else landmarks
    )
    return float(np.linalg.norm(smooth - smooth[0], axis=2).max()) / max(interocular(landmarks[0]), 1e-9)


def is_still(codes: np.ndarray, landmarks: np.ndarray, times: np.ndarray) -> bool:
    """Whether anchors move no further than a still with noise on it does.

    Args:
        codes: (T, L, 512). landmarks: (T, 68, 2). times: (T,).
    """
    gone = np.linalg.norm((codes - codes[0]).reshape(len(codes), -1), axis=1).max()
    length = float(np.linalg.norm(codes[0]))
    return bool(gone < STILL_CODES * length) and motion_of_landmarks(landmarks, times) < STILL_LANDMARKS


def rest_is_elsewhere(codes: np.ndarray, landmarks: np.ndarray) -> int | None:
    """The anchor that is clearly more at rest than the first, where the farthest from the first is.

    A face at rest looks ahead, its eyes open, its mouth closed and no wider than it is.

    Args:
        codes: (T, L, 512). landmarks: (T, 68, 2).
    """
    farthest = int(np.linalg.norm((codes - codes[0]).reshape(len(codes), -1), axis=1).argmax())
    return farthest if _effort(landmarks[0]) > _effort(landmarks[farthest]) + REST_SLACK else None


def _effort(points: np.ndarray) -> float:
    """How far a face is from rest, in shares of the distance between the eyes: (68, 2) -> scalar."""
    unit = max(interocular(points), 1e-9)

    def apart(first: int, second: int) -> float:
        return float(np.linalg.norm(points[first] - points[second]))

    open_eyes = [
        (apart(eye + 1, eye + 5) + apart(eye + 2, eye + 4)) / 2 / max(apart(eye, eye + 3), 1e-9) for eye in (36, 42)
    ]
    nose = points[27:31].mean(axis=0)
    turned = abs(float(np.linalg.norm(nose - points[36]) - np.linalg.norm(nose - points[45]))) / unit
    return apart(48, 54) / unit + apart(62, 66) / unit + turned - float(np.mean(open_eyes))
