"""A clip looked at before a run: a few of its anchors, and whether they show one motion of one person from rest."""

from dataclasses import dataclass

import numpy as np

from stages.fit_clip import anchors_of_clip, check_anchors
from stages.media.open_clip import OpenClip
from stages.models import Models, ModelSettings

ANCHORS = 12  # that are looked at: as many as a sheet shows


@dataclass(frozen=True)
class ClipLook:
    """What a few anchors show.

    Attributes:
        crops: (256, 256, 3) uint8 each, aligned.
        renderings: of their codes, (S, S, 3) uint8 each.
        doubts: what a run would warn of, a sentence each; empty for one motion of one person from rest.
    """

    crops: list[np.ndarray]
    renderings: list[np.ndarray]
    doubts: tuple[str, ...]


def look_at_clip(clip: OpenClip, model: ModelSettings, iterations: int = 5) -> ClipLook:
    """Find, follow and invert the face of a clip in this process, as a run does with workers.

    Args:
        clip: opened for at most `ANCHORS` frames.
        model: as a worker loads it.
        iterations: the inverter's steps.

    Raises:
        ClipError: a run would refuse it: no face, another person in too many anchors, or a face that keeps still.
    """
    doubts: list[str] = []
    anchors = anchors_of_clip(Models(model), clip, doubts.append, iterations)
    check_anchors(anchors, doubts.append)
    return ClipLook(anchors.crops, anchors.renderings, tuple(doubts))
