"""What a motion does to the generator's landmarks that it did not do in its clip.

Images of the anchors' codes do not move exactly as the anchors did: an encoder confuses one feature with another, and a
landmark network takes a wrinkle for the corner of a mouth. What all anchors share of that becomes part of the
direction, and reaches every face that is given the motion. The anchors' landmarks are known in the clip and in the
images of their codes; the difference is the drift. Part of it is subtracted from an image that is moved by the
generator's landmarks.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from stages.faces.crop_landmarks import interocular
from stages.faces.eye_opening import closures
from stages.motion.attenuation import FEWEST_ANCHORS
from stages.motion.micromotion import Micromotion

# Of the drift, so much is another face's too: on 24 faces whose true motion is known, half of it served three motions
# best, for what an encoder does to one face it does not do to the same extent to the next.
COMMON = 0.5
# Shares of the inter-ocular distance. Where the clip's landmarks go less than the first, what landmarks do in images
# of the codes is believed only as far as the clip confirms it; from the second on, all of it.
STILL, MOVING = 0.02, 0.04
# An eye closes by so many times what it does in the clip, and by so much besides, at most.
MORE, BESIDES = 1.5, 0.15


@dataclass(frozen=True, eq=False)
class Drift:
    """What to take from a face's landmarks as its code is moved.

    Attributes:
        direction: (L, 512) float32, the motion's.
        field: (68, 2) float64, at the direction's whole length, in shares of the inter-ocular distance.
        meant: how much of the landmarks' motion the clip confirms, 0 to 1: 0 for what shows in tones alone.
        closure: (2,) how far the left and the right eye close in the clip at the motion's whole length; 1 is shut.
    """

    direction: Tensor
    field: np.ndarray
    meant: float
    closure: np.ndarray

    def taken_from(self, landmarks: np.ndarray, moves: Tensor) -> np.ndarray:
        """Landmarks (K, 68, 2) of one face without the drift, in their own unit.

        Args:
            landmarks: of the generator's images of K codes.
            moves: (K, L, 512), by how much these codes differ from the face's own.
        """
        progress = self._progress(moves)
        unit = np.linalg.norm(landmarks[:, 36] - landmarks[:, 45], axis=1).mean()
        corrected: np.ndarray = landmarks - progress[:, None, None] * self.field * unit
        return corrected

    def lids_within(self, closure: np.ndarray, moves: Tensor) -> np.ndarray:
        """Closures (K, 2) of one face's eyes, none much beyond the clip's: the code that narrows wide eyes a little
        shuts narrow ones.

        Args:
            moves: (K, L, 512), by how much the K codes differ from the face's own.
        """
        most = np.abs(self._progress(moves))[:, None] * (MORE * np.abs(self.closure) + BESIDES)
        return np.clip(closure, -most, most)

    def _progress(self, moves: Tensor) -> np.ndarray:
        """(K, L, 512) -> (K,): how many times the direction's length each has gone."""
        direction = self.direction.double().flatten()
        progress: np.ndarray = (moves.double().flatten(1).cpu() @ direction / direction.square().sum()).numpy()
        return progress


def drift_of(motion: Micromotion) -> Drift | None:
    """The drift of a motion whose anchors' landmarks are known in both; None where they are not.

    Stray anchors are not looked at. The drift counts from what the direction means: along the clip's own way there is
    none, as the direction was made as long as the clip's motion (`stages.motion.attenuation`), or where that could not
    be told, whatever the codes' images do there is left.
    """
    sound = np.setdiff1d(np.arange(len(motion.coefficients)), motion.stray)
    if motion.landmarks is None or motion.shown is None or len(sound) < FEWEST_ANCHORS:
        return None
    course = motion.progress.double().numpy()[sound]
    course = course - course.mean()
    if not course.any():
        return None
    clip, shown = (
        np.einsum("t,tpc->pc", course, track[sound] / interocular(track[sound[0]])) / np.square(course).sum()
        for track in (motion.landmarks.double().numpy(), motion.shown.double().numpy())
    )  # (68, 2) each
    along, size = float((clip * shown).sum()), float(np.square(shown).sum())
    if size <= 0:
        return None
    extent = float(np.linalg.norm(clip, axis=1).max())
    moving = np.clip((extent - STILL) / (MOVING - STILL), 0, 1)
    meant = moving + (1 - moving) * np.clip(along / size, 0, 1)
    length = max(along, 0.0) / max(float(np.square(clip).sum()), 1e-30)
    reach = 1.0 if np.isnan(motion.reach) else motion.reach
    rest = motion.landmarks[sound[np.abs(motion.progress.numpy()[sound]).argmin()]].double().numpy()
    closed = np.stack([closures(rest, track) for track in motion.landmarks.double().numpy()[sound]])  # (T, 2)
    closure = course @ closed / np.square(course).sum()
    return Drift(motion.direction, COMMON * (shown - length * clip) / reach, float(meant), closure)
