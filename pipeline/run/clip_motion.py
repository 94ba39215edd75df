"""The first flow, from a clip to its micromotion.

The clip is decoded on the driver, its frames are located and inverted by workers in parallel, and the small fit is
made on the driver again. Between the two passes lies what needs all frames at once: following one face over time.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common.errors import ClipError, InversionDiverged
from pipeline.engine.passes import Passes
from pipeline.job.motion_spec import MotionSpec
from pipeline.output.event_log import EventLog
from pipeline.report.anchor_sheets import write_anchors
from stages.clip_anchors import fit_anchors, follow_face
from stages.detect_faces import DetectFaces, DetectFacesSettings, SeenFace
from stages.invert import InvertCrops, InvertSettings, check_inversion
from stages.media.ingest import OpenClip, open_clip
from stages.models import ModelSettings
from stages.motion.clip_checks import keep_first_person, refuse_still, rest_is_elsewhere
from stages.motion.micromotion import Micromotion

BATCH = 4
# Of frames that are in memory at a time, each of them two or three times on its way to a worker.
PORTION_BYTES = 200 << 20


@dataclass(frozen=True)
class MotionFlow:
    """What extracting a motion from a clip needs besides the clip.

    Attributes:
        model: the checkpoints, as names or paths.
        generator: fingerprint of the generator in whose W+ the motion will lie.
        iterations: the inverter's steps.
        passes: how its rows go through workers, and where progress is told.
    """

    model: ModelSettings
    generator: str
    iterations: int
    passes: Passes

    @property
    def events(self) -> EventLog:
        """Where progress is told."""
        return self.passes.events

    def extract(self, name: str, spec: MotionSpec, clip_path: Path, motion_path: Path, picture_path: Path) -> None:
        """Make `motion_path` (and an image of the anchors) from a clip. Ray has to run.

        Raises:
            ClipError: the clip cannot be read, shows no face in most of its frames, or no motion.
        """
        clip = self.passes.on_driver(f"read {name}", lambda: open_clip(clip_path, max_anchors=spec.max_anchors))
        if clip.notes:
            self.events.emit("warning", message=f"{clip_path}: {'; '.join(clip.notes)}.")
        crops, times = self._followed(name, clip, clip_path)
        inverted = self.passes.through(
            f"invert {name}",
            [{"index": index, "crop": crop} for index, crop in enumerate(crops)],
            self.passes.step(InvertCrops, InvertSettings(self.model, self.iterations)),
            batch=BATCH,
        )
        kept = self._usable(inverted, times, clip_path)
        codes, landmarks, shown = (
            np.stack([row[column] for row in kept]) for column in ("code", "landmarks", "rendered_landmarks")
        )  # (T, L, 512), (T, 68, 2), (T, 68, 2)
        moments = times[[row["index"] for row in kept]]
        seen, shows = [crops[row["index"]] for row in kept], [row["rendering"] for row in kept]
        write_anchors(picture_path, seen, shows)
        identities = np.stack([row["identity"] for row in kept])  # (T, n)
        same = self._same_person(identities, moments, clip_path)
        codes, landmarks, shown, moments = (values[same] for values in (codes, landmarks, shown, moments))
        seen, shows = ([pictures[index] for index in same] for pictures in (seen, shows))
        self._check_motion(codes, landmarks, moments, clip_path)

        def fit() -> Micromotion:
            with self._warnings_told():
                return fit_anchors(
                    codes,
                    landmarks,
                    shown,
                    moments,
                    source=clip.sha256,
                    generator=self.generator,
                    rank=spec.rank,
                    energy=spec.energy,
                    per_layer=spec.per_layer,
                )

        motion = self.passes.on_driver(f"fit {name}", fit)
        if motion.stray:
            seconds = ", ".join(f"{moments[anchor]:.2f}" for anchor in motion.stray)
            self.events.emit(
                "warning",
                message=f"{clip_path}: {len(motion.stray)} of {len(seen)} anchors show something else than the "
                f"motion (something before the face, a blur, another face); left out, at {seconds} s.",
            )
        write_anchors(picture_path, seen, shows, motion.stray)
        motion.save(motion_path)

    def _same_person(self, identities: np.ndarray, moments: np.ndarray, path: Path) -> np.ndarray:
        """Indices of the anchors that show the first one's person; the others are told and left out."""
        same = keep_first_person(identities, moments, path)
        if not same.all():
            seconds = ", ".join(f"{moment:.2f}" for moment in moments[~same])
            self.events.emit("warning", message=f"{path}: another person at {seconds} s; these frames are left out.")
        return np.flatnonzero(same)

    def _check_motion(self, codes: np.ndarray, landmarks: np.ndarray, moments: np.ndarray, path: Path) -> None:
        """Refuse a face that keeps still; tell of one that does not begin at rest."""
        refuse_still(codes, landmarks, moments, path)
        if (rest := rest_is_elsewhere(codes, landmarks)) is not None:
            self.events.emit(
                "warning",
                message=f"{path}: the first frame does not seem to be at rest; the one at {moments[rest]:.2f} s is "
                "more so, and the motion would run backwards. Cut the clip to begin at rest.",
            )

    def _followed(self, name: str, clip: OpenClip, path: Path) -> tuple[list[np.ndarray], np.ndarray]:
        """One face through the clip: its aligned crops, (256, 256, 3) uint8 each, and their times in seconds."""
        count = len(clip.times)
        each = max(BATCH, PORTION_BYTES // (3 * clip.width * clip.height))
        frames, portions = clip.frames(), -(-count // each)
        seen_faces: list[list[SeenFace]] = []
        for portion in range(portions):
            part = list(islice(frames, each))
            located = self.passes.through(
                f"locate {name}" + (f", part {portion + 1} of {portions}" if portions > 1 else ""),
                [{"index": index, "frame": frame} for index, frame in enumerate(part)],
                self.passes.step(DetectFaces, DetectFacesSettings(self.model)),
                batch=BATCH,
            )
            seen_faces += [row["located"] for row in located]
        crops, times = follow_face(seen_faces, clip.times, path)
        if len(crops) < count:
            self.events.emit("warning", message=f"{path}: no face in {count - len(crops)} of {count} frames; left out.")
        return crops, times

    def _usable(self, rows: list[dict[str, Any]], times: np.ndarray, path: Path) -> list[dict[str, Any]]:
        """Anchors whose code shows the face; the others are told and left out."""
        kept = []
        for row in rows:
            try:
                check_inversion(torch.tensor(row["code"]), row["quality"])
            except InversionDiverged as error:
                self.events.emit(
                    "warning", message=f"{path}, {times[row['index']]:.2f} s: {error}; this frame is left out."
                )
            else:
                kept.append(row)
        if len(kept) < 2:
            raise ClipError(
                f"{path}: {len(kept)} of {len(rows)} frames could be inverted, and a motion needs at least 2. "
                "Use a clip of a face that this model knows."
            )
        return kept

    @contextmanager
    def _warnings_told(self) -> Iterator[None]:
        """Warnings of the fit, told as events."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            self.events.emit("warning", message=str(warning.message))
