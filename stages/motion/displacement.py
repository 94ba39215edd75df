"""What the anchors show of a motion: how their landmarks move, and how far their tones confirm the codes'.

Every anchor says how far its landmarks went for how far its code went. All together stand above the noise of any one,
and above what an encoder and a generator make of one other face: they attenuate motions, confuse one feature with
another, and do so differently for each face. An image that is moved therefore follows the anchors' landmarks for the
larger part (`stages.picture.head.gesture`).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.faces.crop_landmarks import interocular
from stages.faces.hold_still import hold_still
from stages.motion.micromotion import Micromotion

AT_REST = 0.1  # of the farthest anchor's way: anchors that have gone no further show rest together
# Shares of the inter-ocular distance. Where no landmark of the anchors goes the first, what another face's landmarks
# do is noise; from the second on it is part of the motion.
STILL, MOVING = 0.02, 0.04

NOWHERE = 1e-3  # of a direction: what of it lies along the anchors' is rounding


@dataclass(frozen=True, eq=False)
class Displacement:
    """Where landmarks go as a code moves.

    Attributes:
        basis: (R, L, 512) float32, the motion's directions.
        extreme: (R,) float64, where its extreme lies along them.
        rest: (68, 2) float64, landmarks at rest, shares of the crop's side.
        ways: (R, 68, 2) float64, how far they go for one unit along each direction, of a head that is held still.
        tone_share: how much of the generator's change of tones is the motion's, 0 to 1.
    """

    basis: Tensor
    extreme: np.ndarray
    rest: np.ndarray
    ways: np.ndarray
    tone_share: float = 1.0

    @property
    def field(self) -> np.ndarray:
        """(68, 2) over the whole motion, in shares of the inter-ocular distance."""
        field: np.ndarray = np.tensordot(self.extreme, self.ways, 1) / interocular(self.rest)
        return field

    @property
    def clearness(self) -> float:
        """How clearly the landmarks move: 0 for what shows in tones alone, as ageing does, to 1."""
        farthest = np.linalg.norm(self.field, axis=1).max()
        return float(np.clip((farthest - STILL) / (MOVING - STILL), 0, 1))

    def landmarks(self, moves: Tensor) -> np.ndarray:
        """Landmarks (K, 68, 2) of the anchors' face where its code differs from rest by (K, L, 512)."""
        landmarks: np.ndarray = self.rest + np.tensordot(self._along(moves), self.ways, 1)
        return landmarks

    def progress(self, moves: Tensor) -> np.ndarray:
        """(K,) how far (K, L, 512) lead, in any direction; 1 is as far as the extreme."""
        progress: np.ndarray = np.linalg.norm(self._along(moves), axis=1) / np.linalg.norm(self.extreme)
        return progress

    def _along(self, moves: Tensor) -> np.ndarray:
        """(K, L, 512) -> (K, R)."""
        along: np.ndarray = (moves.double().flatten(1).cpu() @ self.basis.double().flatten(1).T).numpy()
        return along


def fit_displacement(motion: Micromotion) -> Displacement | None:
    """The displacement of a motion's landmarks, by least squares over all anchors that are not stray.

    Returns:
        None where the anchors' landmarks are not known, their codes all lie in one place, or the motion's direction
        leads away from all of theirs, as one that was put in by hand may.
    """
    sound = np.setdiff1d(np.arange(len(motion.coefficients)), motion.stray)
    course = motion.coefficients.double().numpy()[sound]  # (S, R)
    far = np.linalg.norm(course, axis=1)
    if motion.landmarks is None or not far.any():
        return None
    track = hold_still(motion.landmarks.numpy()[sound], int(far.argmin()))  # (S, 68, 2)
    near = far <= far.min() + AT_REST * far.max()
    begin, middle = track[near].mean(axis=0), course[near].mean(axis=0)
    flat = (track - begin).reshape(len(track), -1)  # (S, 136)
    ways = np.linalg.lstsq(course - middle, flat, rcond=None)[0].reshape(-1, 68, 2)
    extreme = torch.einsum("rld,ld->r", motion.basis.double(), motion.direction.double()).numpy()
    if np.linalg.norm(extreme) <= NOWHERE * float(motion.direction.norm()):
        return None
    tone_share = 1.0 if np.isnan(motion.tone_share) else motion.tone_share
    return Displacement(motion.basis, extreme, begin - np.tensordot(middle, ways, 1), ways, tone_share)
