"""From what a clip's frames show to its motion: follow one face, keep the anchors that can be used, fit them.

Faces may be found and inverted anywhere: a run gives frames and crops to workers, `anchors_of_clip` does both in this
process. This module holds the steps that need all frames at once.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from common.errors import ClipError, InversionDiverged
from stages.base import Row
from stages.detect_faces import SeenFace, locate_faces
from stages.faces.track import track_face
from stages.invert import check_inversion, invert_anchors
from stages.media.open_clip import OpenClip
from stages.models import Models
from stages.motion.attenuation import compensate_attenuation
from stages.motion.clip_checks import keep_first_person, refuse_still, rest_is_elsewhere
from stages.motion.fit import fit_micromotion
from stages.motion.micromotion import Micromotion
from stages.motion.skin_tones import confirm_tones, sample_skin

BATCH = 4  # faces that are inverted together
TRACKS = ("times", "codes", "landmarks", "rendered", "skin", "rendered_skin", "identities")  # of `ClipAnchors`

Warn = Callable[[str], None]  # takes a sentence about the clip, without the clip's name


@dataclass(frozen=True)
class FollowedFace:
    """One face through a clip.

    Attributes:
        crops: (256, 256, 3) uint8 each, aligned.
        times: (T,) seconds, of the frames that show it.
    """

    crops: list[np.ndarray]
    times: np.ndarray


@dataclass(frozen=True)
class ClipAnchors:
    """A clip's anchors: aligned faces, their codes, and what the codes show.

    Attributes:
        path: of the clip, for messages. source: the clip's hash.
        times: (T,) seconds.
        codes: (T, L, 512) float32.
        landmarks, rendered: (T, 68, 2), of the crops and of the codes' renderings, shares of the side.
        skin, rendered_skin: (T, N, 3), the tones of both.
        identities: (T, n), the crops' embeddings.
        crops: T of (256, 256, 3) uint8. renderings: T of (S, S, 3) uint8.
    """

    path: Path | str
    source: str
    times: np.ndarray
    codes: np.ndarray
    landmarks: np.ndarray
    rendered: np.ndarray
    skin: np.ndarray
    rendered_skin: np.ndarray
    identities: np.ndarray
    crops: list[np.ndarray] = field(repr=False)
    renderings: list[np.ndarray] = field(repr=False)

    def only(self, kept: np.ndarray) -> Self:
        """The anchors of some indices, (K,) int."""
        tracks: dict[str, Any] = {name: getattr(self, name)[kept] for name in TRACKS}
        crops, renderings = ([images[index] for index in kept] for images in (self.crops, self.renderings))
        return replace(self, crops=crops, renderings=renderings, **tracks)


def follow_face(faces: list[list[SeenFace]], times: np.ndarray, path: Path | str, warn: Warn) -> FollowedFace:
    """The clip's face, among all faces of its frames.

    Args:
        faces: of each frame, the largest first.
        times: (N,) of the frames, seconds.
        path: of the clip, for errors.
        warn: called about frames that do not show it.

    Raises:
        ClipError: fewer than two frames show it.
    """
    track = track_face([[seen.face for seen in frame] for frame in faces], times)
    found = np.flatnonzero(track.found)
    if len(found) < 2:
        raise ClipError(
            f"{path}: a face is seen in {len(found)} of {len(faces)} frames, and a motion needs at least 2. "
            "Use a clip in which one face stays in view, upright."
        )
    if missed := len(faces) - len(found):
        warn(f"no face in {missed} of {len(faces)} frames; left out.")
    crops = [faces[index][track.which[index]].aligned(track.steadied[index]) for index in found]
    return FollowedFace(crops, times[found])


def anchors_of(clip: OpenClip, face: FollowedFace, inverted: Sequence[Row], warn: Warn) -> ClipAnchors:
    """The anchors whose codes show the face.

    Args:
        clip: whose they are.
        face: all of its crops.
        inverted: of each crop, in their order, what `invert_anchors` gives.
        warn: called about each that is left out.

    Raises:
        ClipError: fewer than two are left.
    """
    kept = []
    for row, time in zip(inverted, face.times, strict=True):
        try:
            check_inversion(torch.tensor(row["code"]), row["quality"])
        except InversionDiverged as error:
            warn(f"at {time:.2f} s {error}; this frame is left out.")
        else:
            kept.append(row)
    if len(kept) < 2:
        raise ClipError(
            f"{clip.path}: {len(kept)} of {len(inverted)} frames could be inverted, and a motion needs at least 2. "
            "Use a clip of a face that this model knows."
        )
    numbers = [row["index"] for row in kept]
    codes, landmarks, rendered, identities = (
        np.stack([row[column] for row in kept]) for column in ("code", "landmarks", "rendered_landmarks", "identity")
    )
    crops, renderings = [face.crops[number] for number in numbers], [row["rendering"] for row in kept]
    times = face.times[numbers]
    return ClipAnchors(
        clip.path,
        clip.sha256,
        times,
        codes,
        landmarks,
        rendered,
        sample_skin(crops, landmarks),
        sample_skin(renderings, rendered),
        identities,
        crops,
        renderings,
    )


def anchors_of_clip(models: Models, clip: OpenClip, warn: Warn, iterations: int = 5) -> ClipAnchors:
    """Find, follow and invert a clip's face in this process.

    Args:
        models: the networks.
        clip: opened for as many frames as are to be anchors.
        warn: called about frames that are left out.
        iterations: the inverter's steps.

    Raises:
        ClipError: as `follow_face` and `anchors_of` do.
    """
    faces = locate_faces(models.finder, clip.frames())
    face = follow_face(faces, clip.times, clip.path, warn)
    rows = [{"index": index, "crop": crop} for index, crop in enumerate(face.crops)]
    inverted = []
    for start in range(0, len(rows), BATCH):
        inverted += invert_anchors(models, rows[start : start + BATCH], iterations)
    return anchors_of(clip, face, inverted, warn)


def check_anchors(anchors: ClipAnchors, warn: Warn) -> ClipAnchors:
    """The anchors of the clip's person, if they are a motion.

    Args:
        anchors: the first one shows the person.
        warn: called about anchors that are left out, and of a face that does not begin at rest.

    Raises:
        ClipError: too many show another person, or the face keeps still.
    """
    path = anchors.path
    same = keep_first_person(anchors.identities, anchors.times, path)  # (T,)
    if not same.all():
        seconds = ", ".join(f"{time:.2f}" for time in anchors.times[~same])
        warn(f"another person at {seconds} s; these frames are left out.")
    anchors = anchors.only(np.flatnonzero(same))
    refuse_still(anchors.codes, anchors.landmarks, anchors.times, path)
    if (rest := rest_is_elsewhere(anchors.codes, anchors.landmarks)) is not None:
        warn(
            f"the first frame does not seem to be at rest; the one at {anchors.times[rest]:.2f} s is more so, and the "
            "motion would run backwards. Cut the clip to begin at rest."
        )
    return anchors


def fit_anchors(
    anchors: ClipAnchors,
    generator: str,
    warn: Warn,
    *,
    rank: int | None = None,
    energy: float = 0.95,
    per_layer: bool = False,
) -> Micromotion:
    """The motion of checked anchors, as long as the clip shows it.

    Args:
        anchors: as `check_anchors` gives them.
        generator: fingerprint of the generator in whose W+ the codes lie.
        warn: called about anchors that show something else, and of a fit that did not converge.
        rank, energy, per_layer: as `fit_micromotion` takes them.

    Raises:
        ClipError: the anchors do not move.
    """
    times = anchors.times
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        motion = fit_micromotion(
            anchors.codes,
            rank=rank,
            energy=energy,
            per_layer=per_layer,
            source=anchors.source,
            generator=generator,
            fps=float((len(times) - 1) / max(times[-1] - times[0], 1e-9)),
            landmarks=anchors.landmarks,
            times=times,
        )
    for warning in caught:
        warn(f"{warning.message}.")
    motion = compensate_attenuation(motion, anchors.rendered)
    motion = replace(motion, tone_share=confirm_tones(motion, anchors.skin, anchors.rendered_skin))
    if motion.stray:
        seconds = ", ".join(f"{times[anchor]:.2f}" for anchor in motion.stray)
        warn(
            f"{len(motion.stray)} of {len(times)} anchors show something else than the motion (something before the "
            f"face, a blur, another face); left out, at {seconds} s."
        )
    return motion
