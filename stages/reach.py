"""How far the anchors' codes go for what the clip shows, and making up for the rest.

An encoder draws faces towards those that it knows best, and an expression with them: pictures of the inverted anchors
move less than the anchors did, and so would every face that is given the movement. How much less, the anchors say
themselves: their landmarks are known in the clip and in the pictures of their codes.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from stages.micromotion import Micromotion
from stages.motion_quality import displacement_field, interocular

# Landmarks tell nothing of a movement that shows elsewhere (ageing): none of them goes this share of the inter-ocular
# distance; nor where the two courses agree less than this.
LEAST_EXTENT, LEAST_CORRELATION = 0.03, 0.95
# No movement is made longer or shorter than by this factor.
MOST = 1.5
# A correlation over fewer anchors says nothing.
FEWEST_ANCHORS = 6


def lengthened(motion: Micromotion, shown: ArrayLike) -> Micromotion:
    """The movement as long as the clip shows it.

    Args:
        motion: as it was fitted, with the anchors' landmarks.
        shown: (T, 68, 2), landmarks of the pictures of the anchors' codes, in any unit.

    Returns:
        Direction and coefficients over `reach`, which it holds; the same movement where the landmarks do not tell.
    """
    reach = measured_reach(motion, shown)
    if np.isnan(reach):
        return motion
    reach = float(np.clip(reach, 1 / MOST, MOST))
    return replace(motion, direction=motion.direction / reach, coefficients=motion.coefficients / reach, reach=reach)


def measured_reach(motion: Micromotion, shown: ArrayLike) -> float:
    """How far the pictures of the anchors' codes move for what the anchors moved: 1 is as far.

    Both tracks are projected on the way that the anchors' landmarks go; the slope of one over the other is the reach.
    Stray anchors are not looked at.

    Args:
        motion, shown: as for `lengthened`.

    Returns:
        NaN where the landmarks do not tell: none are known, fewer than six sound anchors, no landmark goes 3 % of the
        inter-ocular distance, or the two courses' correlation is below 0.95 (the model cannot make this movement).

    Raises:
        ValueError: another number of anchors than the motion has.
    """
    shown = np.asarray(shown, dtype=np.float64)
    sound = np.setdiff1d(np.arange(len(motion.coefficients)), motion.stray)
    if motion.landmarks is None or len(sound) < FEWEST_ANCHORS:
        return float("nan")
    if shown.shape != motion.landmarks.shape:
        raise ValueError(f"landmarks must be {tuple(motion.landmarks.shape)}, found {shown.shape}")
    field = displacement_field(motion)  # (68, 2)
    if np.linalg.norm(field, axis=1).max() < LEAST_EXTENT:
        return float("nan")
    in_clip, in_pictures = (
        np.einsum("tpc,pc->t", track[sound] / interocular(track[sound[0]]), field)
        for track in (motion.landmarks.double().numpy(), shown)
    )
    # Around the mean and not around rest: one anchor's noise would count T times.
    in_clip, in_pictures = in_clip - in_clip.mean(), in_pictures - in_pictures.mean()  # (T,)
    along = float(in_clip @ in_pictures)
    size = float(np.linalg.norm(in_clip) * np.linalg.norm(in_pictures))
    if size == 0 or along < LEAST_CORRELATION * size:
        return float("nan")
    return along / float(in_clip @ in_clip)
