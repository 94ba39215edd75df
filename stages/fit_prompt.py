"""From several identities' anchors of a prompt to their shared motion, and what looks wrong with them."""

import numpy as np
from torch import Tensor

from common.errors import ClipError, TextError
from stages.motion.fit import fit_micromotion
from stages.motion.identities import agreement, average_identities
from stages.motion.micromotion import Micromotion

# Inversions of neighbouring frames at rest differ by 0.0005 to 0.005 in the demo's clips (root mean square, black to
# white 1): anchors that differ by no more than twice that show no motion that anybody would see.
LEAST_CHANGE = 0.01
# Of different people's faces 95 in 100 are less alike than this to the bundled identity network, and ArcFace networks
# are commonly read with a threshold of 0.3 to 0.4: below it the last anchor is no longer the person it started from.
LEAST_IDENTITY = 0.4
# Directions in W+ that have nothing in common have a cosine of 0.00 with a spread of 0.01; this is ten times that.
LEAST_AGREEMENT = 0.1


def fit_identities(
    codes: Tensor,
    landmarks: Tensor,
    prompt: str,
    generator: str,
    *,
    rank: int | None = None,
    energy: float = 0.95,
    per_layer: bool = False,
) -> Micromotion:
    """The motion that the identities share.

    Args:
        codes: (S, D, L, 512), D degrees of S identities, from rest to the extreme.
        landmarks: (S, D, 68, 2), shares of the crop's side.
        prompt: what they were led to.
        generator: fingerprint of the generator in whose W+ the codes lie.
        rank, energy, per_layer: as `fit_micromotion` takes them.

    Raises:
        TextError: the anchors do not move.
    """
    try:
        return fit_micromotion(
            average_identities(codes),
            rank=rank,
            energy=energy,
            per_layer=per_layer,
            reject=False,  # every degree was made by us, none can show a hand before the face
            source=prompt,
            generator=generator,
            landmarks=landmarks.mean(dim=0),
        )
    except ClipError as error:
        raise TextError(f"the prompt gives no motion: {error}") from error


def find_concerns(pictures: np.ndarray, identity: Tensor, codes: Tensor) -> list[str]:
    """What looks wrong with text anchors, a sentence each; empty if nothing does.

    Args:
        pictures: (S, D, P, P, 3) uint8.
        identity: (S, D), cosine between each anchor's identity and its start's.
        codes: (S, D, L, 512).
    """
    found = []
    apart = (pictures[:, -1].astype(np.float32) - pictures[:, 0]) / 255
    change = float(np.median(np.sqrt(np.square(apart).mean(axis=(1, 2, 3)))))
    if change < LEAST_CHANGE:
        found.append(
            f"the anchors hardly move: first and last differ by {change:.4f} of the range from black to white, "
            f"and less than {LEAST_CHANGE:g} is not seen. Say it in other words, or raise anchors.steps."
        )
    last = float(identity[:, -1].median())
    if last < LEAST_IDENTITY:
        found.append(
            f"the last anchors have left their identity: their cosine to the start is {last:.2f}, and below "
            f"{LEAST_IDENTITY:g} they are other people. Raise anchors.identity_weight or anchors.distance_weight."
        )
    alike = agreement(codes)
    if alike < LEAST_AGREEMENT:
        found.append(
            f"the identities do not agree on a motion: the cosine between their ways is {alike:.2f}, "
            f"expected at least {LEAST_AGREEMENT:g}. Say it in other words, or name more anchors.seeds."
        )
    return found
