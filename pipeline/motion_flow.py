"""The first flow, from a clip to its micromotion.

The clip is decoded on the driver, its frames are located and inverted by workers in parallel, and the small fit is
made on the driver again. Between the two passes lies what needs all frames at once: following one face over time.
"""

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.anchor_pictures import write_anchors
from pipeline.events import EventLog
from pipeline.graph import Step
from pipeline.job import MotionSpec
from pipeline.passes import Passes
from stages.align import align_face
from stages.errors import ClipError, InversionDiverged
from stages.ingest import Clip, read_clip
from stages.invert import InvertCrops, InvertSettings, check_inversion
from stages.locate import Locate, LocateSettings
from stages.models import ModelFiles
from stages.reach import lengthened
from stages.subspace import Micromotion, fit_micromotion
from stages.track import track_face

BATCH = 4


@dataclass(frozen=True)
class MotionFlow:
    """What extracting a movement from a clip needs besides the clip.

    Attributes:
        model: the checkpoints, as names or paths.
        generator: fingerprint of the generator in whose W+ the movement will lie.
        iterations: the inverter's steps.
        passes: how its rows go through workers, and where progress is told.
    """

    model: ModelFiles
    generator: str
    iterations: int
    passes: Passes

    @property
    def events(self) -> EventLog:
        """Where progress is told."""
        return self.passes.events

    def extract(self, name: str, spec: MotionSpec, clip_path: Path, motion_path: Path, picture_path: Path) -> None:
        """Make `motion_path` (and a picture of the anchors) from a clip. Ray has to run.

        Raises:
            ClipError: the clip cannot be read, shows no face in most of its frames, or no movement.
        """
        clip = self.passes.on_driver(f"read {name}", lambda: read_clip(clip_path, max_anchors=spec.max_anchors))
        crops, times = self._followed(name, clip, clip_path)
        inverted = self.passes.through(
            f"invert {name}",
            {"index": list(range(len(crops))), "crop": list(crops)},
            Step(InvertCrops, InvertSettings(self.model, self.iterations), self.passes.pool, BATCH),
        )
        kept = self._usable(inverted, times, clip_path)
        layers = len(kept[0]["code"]) // (4 * 512)
        codes, landmarks, shown = (
            np.stack([np.frombuffer(row[column], np.float32).reshape(shape) for row in kept])
            for column, shape in (("code", (layers, 512)), ("landmarks", (68, 2)), ("rendered_landmarks", (68, 2)))
        )  # (T, L, 512), (T, 68, 2), (T, 68, 2)
        moments = times[[row["index"] for row in kept]]

        def fit() -> Micromotion:
            return lengthened(self._fitted(codes, landmarks, moments, spec, clip), shown)

        motion = self.passes.on_driver(f"fit {name}", fit)
        if motion.stray:
            seconds = ", ".join(f"{moments[anchor]:.2f}" for anchor in motion.stray)
            self.events.emit(
                "warning",
                message=f"{clip_path}: {len(motion.stray)} of {len(kept)} anchors show something else than the "
                f"movement (something before the face, a blur, another face); left out, at {seconds} s.",
            )
        seen = [crops[row["index"]] for row in kept]
        write_anchors(picture_path, seen, [row["rendering"] for row in kept], motion.stray)
        motion.save(motion_path)

    def _followed(self, name: str, clip: Clip, path: Path) -> tuple[list[np.ndarray], np.ndarray]:
        """One face through the clip: its aligned crops, (256, 256, 3) uint8 each, and their times in seconds."""
        count = len(clip.frames)
        located = self.passes.through(
            f"locate {name}",
            {"index": list(range(count)), "frame": list(clip.frames)},
            Step(Locate, LocateSettings(self.model), self.passes.pool, BATCH),
        )
        faces = [pickle.loads(row["located"]) for row in located]  # our own workers' bytes
        track = track_face(faces, clip.times)
        seen = np.flatnonzero(track.found)
        if len(seen) < 2:
            raise ClipError(
                f"{path}: a face is seen in {len(seen)} of {count} frames, and a movement needs at least 2. "
                "Use a clip in which one face stays in view."
            )
        if len(seen) < count:
            self.events.emit("warning", message=f"{path}: no face in {count - len(seen)} of {count} frames; left out.")
        return [align_face(clip.frames[index], track.steadied[index], 256) for index in seen], clip.times[seen]

    def _usable(self, rows: list[dict[str, Any]], times: np.ndarray, path: Path) -> list[dict[str, Any]]:
        """Anchors whose code shows the face; the others are told and left out."""
        kept = []
        for row in rows:
            try:
                code = torch.from_numpy(np.frombuffer(row["code"], np.float32).copy())
                check_inversion(code, row["quality"])
            except InversionDiverged as error:
                self.events.emit(
                    "warning", message=f"{path}, {times[row['index']]:.2f} s: {error}; this frame is left out."
                )
            else:
                kept.append(row)
        if len(kept) < 2:
            raise ClipError(
                f"{path}: {len(kept)} of {len(rows)} frames could be inverted, and a movement needs at least 2. "
                "Use a clip of a face that this model knows."
            )
        return kept

    def _fitted(
        self,
        codes: np.ndarray,
        landmarks: np.ndarray,
        moments: np.ndarray,
        spec: MotionSpec,
        clip: Clip,
    ) -> Micromotion:
        """The movement of the anchors; warnings of the fit are told."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            motion = fit_micromotion(
                codes,
                rank=spec.rank,
                energy=spec.energy,
                per_layer=spec.per_layer,
                source=clip.sha256,
                generator=self.generator,
                fps=float((len(moments) - 1) / max(moments[-1] - moments[0], 1e-9)),
                landmarks=landmarks,
            )
        for warning in caught:
            self.events.emit("warning", message=str(warning.message))
        return motion
