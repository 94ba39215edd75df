"""How far the anchors' codes go for what the clip shows, and making up for the rest.

An encoder draws faces towards those that it knows best, and weakens their expressions: images of the inverted anchors
move less than the anchors did, and so would every face that is given the motion. How much less is measured on the
anchors' landmarks, which are known in the clip and in the images of their codes.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from stages.faces.crop_landmarks import interocular
from stages.motion.micromotion import Micromotion

# Landmarks tell nothing of a motion that shows elsewhere (ageing): none of them goes this share of the inter-ocular
# distance; nor where the two courses agree less than this.
LEAST_EXTENT, LEAST_CORRELATION = 0.03, 0.95
# No motion is made longer or shorter than by this factor.
MOST = 1.5
# A correlation over fewer anchors says nothing.
FEWEST_ANCHORS = 6
# Even and odd anchors.
HALVES = slice(0, None, 2), slice(1, None, 2)


def compensate_attenuation(motion: Micromotion, shown: ArrayLike) -> Micromotion:
    """The motion as long as the clip shows it.

    Args:
        motion: as it was fitted, with the anchors' landmarks.
        shown: (T, 68, 2), landmarks of the images of the anchors' codes, in any unit.

    Returns:
        Direction and coefficients over `reach`, which it holds; as they were where the landmarks do not tell.
    """
    reach = measure_gain(motion, shown)
    if np.isnan(reach):
        return motion
    reach = float(np.clip(reach, 1 / MOST, MOST))
    return replace(motion, direction=motion.direction / reach, coefficients=motion.coefficients / reach, reach=reach)


def measure_gain(motion: Micromotion, shown: ArrayLike) -> float:
    """How far the images of the anchors' codes move for what the anchors moved: 1 is as far.

    Both tracks are projected on the way that the anchors' landmarks go: the even anchors on the odd ones' way, and the
    odd ones on the even ones'. On their own way each anchor's noise would meet itself, which lengthens the clip's
    course and not the images'. The slopes of the two courses over the codes' course are compared, not one course with
    the other, as a slope over what trembles is too low. Stray anchors are not looked at.

    Args:
        motion, shown: as for `compensate_attenuation`.

    Returns:
        NaN where the landmarks do not tell: none are known or some are NaN, fewer than six sound anchors, no landmark
        goes 3 % of the inter-ocular distance, or the two courses' correlation is below 0.95 (the model cannot make this
        motion).

    Raises:
        ValueError: another number of anchors than the motion has.
    """
    shown = np.asarray(shown, dtype=np.float64)
    sound = np.setdiff1d(np.arange(len(motion.coefficients)), motion.stray)
    if motion.landmarks is None or len(sound) < FEWEST_ANCHORS:
        return float("nan")
    if shown.shape != motion.landmarks.shape:
        raise ValueError(f"landmarks must be {tuple(motion.landmarks.shape)}, found {shown.shape}")
    course, clip, pictures = (
        _centre(track[sound])
        for track in (
            motion.progress.double().numpy(),
            motion.landmarks.double().numpy() / interocular(motion.landmarks[sound[0]].numpy()),
            shown / interocular(shown[sound[0]]),
        )
    )  # (S,), (S, 68, 2), (S, 68, 2)
    if not all(course[half].any() for half in HALVES):
        return float("nan")
    fields = [np.einsum("t,tpc->pc", course[half], clip[half]) / np.square(course[half]).sum() for half in HALVES]
    in_clip, in_pictures = np.empty((2, len(sound)))
    for half, others_way in zip(HALVES, fields[::-1], strict=True):
        in_clip[half], in_pictures[half] = (
            np.einsum("tpc,pc->t", track[half], others_way) for track in (clip, pictures)
        )
    extent = np.linalg.norm(np.mean(fields, axis=0), axis=1).max()
    gone, along = float(course @ in_clip), float(in_clip @ in_pictures)
    size = float(np.linalg.norm(in_clip) * np.linalg.norm(in_pictures))
    if extent >= LEAST_EXTENT and gone > 0 and size > 0 and along >= LEAST_CORRELATION * size:
        return float(course @ in_pictures) / gone
    return float("nan")  # also where a landmark is NaN


def _centre(track: np.ndarray) -> np.ndarray:
    """A track (S, …) around the mean of each half, not around rest: one anchor's noise would count for all."""
    centred = np.empty_like(track)
    for half in HALVES:
        centred[half] = track[half] - track[half].mean(axis=0)
    return centred
