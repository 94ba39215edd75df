"""A clip looked at before a run: a few of its anchors, and whether they show one motion of one person from rest."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from stages.base import Row
from stages.clip_anchors import follow_face
from stages.detect_faces import cut_faces
from stages.invert import InvertCrops, InvertSettings
from stages.media.ingest import OpenClip
from stages.models import ModelSettings
from stages.motion.clip_checks import keep_first_person, refuse_still, rest_is_elsewhere

ANCHORS = 12  # that are looked at: as many as a sheet shows
BATCH = 4


@dataclass(frozen=True)
class ClipLook:
    """What a few anchors show.

    Attributes:
        crops: (256, 256, 3) uint8 each, aligned.
        renderings: of their codes, (S, S, 3) uint8 each.
        sentence: what they show, without a full stop.
        doubtful: whether a run would warn of it.
    """

    crops: list[np.ndarray]
    renderings: list[np.ndarray]
    sentence: str
    doubtful: bool


def look_at_clip(clip: OpenClip, model: ModelSettings, iterations: int = 5) -> ClipLook:
    """Find, follow and invert the face of a clip in this process, as a run does with workers.

    Args:
        clip: opened for at most `ANCHORS` frames.
        model: as a worker loads it.
        iterations: the inverter's steps.

    Raises:
        ClipError: a run would refuse it: no face, another person in too many anchors, or a face that keeps still.
    """
    stage = InvertCrops(InvertSettings(model, iterations))
    faces = [cut_faces(frame, stage.models.finder.find_all(frame)) for frame in clip.frames()]
    crops, times = follow_face(faces, clip.times, clip.path)
    rows = [{"index": index, "crop": crop} for index, crop in enumerate(crops)]
    left, inverted = iter(rows), list[Row]()
    while part := list(islice(left, BATCH)):
        inverted += stage.process_rows(part)
    codes, landmarks, identities = (
        np.stack([row[column] for row in inverted]) for column in ("code", "landmarks", "identity")
    )  # (T, L, 512), (T, 68, 2), (T, n)
    same = keep_first_person(identities, times, clip.path)  # (T,)
    codes, landmarks, times = codes[same], landmarks[same], times[same]
    refuse_still(codes, landmarks, times, clip.path)
    doubts = []
    if missed := len(faces) - len(crops):
        doubts.append(f"no face in {missed} of {len(faces)} frames that were looked at")
    if not same.all():
        doubts.append(f"another person in {int((~same).sum())} of {len(same)} anchors")
    if (rest := rest_is_elsewhere(codes, landmarks)) is not None:
        doubts.append(f"the face is nearer to rest at {times[rest]:.2f} s than at first: the motion runs backwards")
    said = "; ".join(doubts) or f"one motion of one person from rest, as far as {len(crops)} anchors show"
    return ClipLook(crops, [row["rendering"] for row in inverted], said, bool(doubts))
