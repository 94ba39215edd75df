"""The first flow: from a clip to its micromotion.

The clip is decoded on the driver, its frames are located and inverted by workers in parallel, and the small fit is
made on the driver again. Between the two passes lies what needs all frames at once: following one face over time.
"""

import pickle
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from pipeline.columns import to_table
from pipeline.events import EventLog
from pipeline.graph import Step, run_flow
from pipeline.job import MotionSpec
from pipeline.resources import Pool
from stages.align import align_face
from stages.durable import replacing
from stages.errors import ClipError, InversionDiverged, WorkStopped
from stages.ingest import Clip, read_clip
from stages.invert import InvertCrops, InvertSettings, check_inversion
from stages.locate import Locate, LocateSettings
from stages.models import ModelFiles
from stages.subspace import Micromotion, fit_micromotion
from stages.track import track_face

# The picture of the anchors: so many of them, so large.
SHOWN, SHOWN_SIZE = 12, 128
CROSSED_OUT = (200, 40, 40)
BATCH = 4


@dataclass(frozen=True)
class MotionFlow:
    """What extracting a movement needs besides the clip.

    Attributes:
        model: the checkpoints, as names or paths.
        generator: fingerprint of the generator in whose W+ the movement will lie.
        iterations: the inverter's steps.
        pool: the workers of both passes.
        stall_timeout: seconds without progress after which the flow is given up.
        events: where progress is told.
        on_wait: called all the while; what it raises ends the flow.
    """

    model: ModelFiles
    generator: str
    iterations: int
    pool: Pool
    stall_timeout: float
    events: EventLog
    on_wait: Callable[[], None] = lambda: None

    def extract(self, name: str, spec: MotionSpec, clip_path: Path, motion_path: Path, picture_path: Path) -> None:
        """Make `motion_path` (and a picture of the anchors) from a clip. Ray has to run.

        Raises:
            ClipError: the clip cannot be read, shows no face in most of its frames, or no movement.
        """
        clip = self._staged(f"read {name}", 1, lambda: read_clip(clip_path, max_anchors=spec.max_anchors))
        crops, times = self._followed(name, clip, clip_path)
        inverted = self._pass(
            f"invert {name}",
            {"index": list(range(len(crops))), "crop": list(crops)},
            Step(InvertCrops, InvertSettings(self.model, self.iterations), self.pool, BATCH),
        )
        kept = self._usable(inverted, times, clip_path)
        layers = len(kept[0]["code"]) // (4 * 512)
        codes = np.stack([np.frombuffer(row["code"], np.float32).reshape(layers, 512) for row in kept])  # (T, L, 512)
        landmarks = np.stack([np.frombuffer(row["landmarks"], np.float32).reshape(68, 2) for row in kept])  # (T, 68, 2)
        motion = self._staged(f"fit {name}", 1, lambda: self._fitted(codes, landmarks, kept, times, spec, clip))
        if motion.stray:
            moments = ", ".join(f"{times[kept[anchor]['index']]:.2f}" for anchor in motion.stray)
            self.events.emit(
                "warning",
                message=f"{clip_path}: {len(motion.stray)} of {len(kept)} anchors show something else than the "
                f"movement (something before the face, a blur, another face); left out, at {moments} s.",
            )
        seen = [crops[row["index"]] for row in kept]
        write_anchors(picture_path, seen, [row["rendering"] for row in kept], motion.stray)
        motion.save(motion_path)

    def _followed(self, name: str, clip: Clip, path: Path) -> tuple[list[np.ndarray], np.ndarray]:
        """One face through the clip: its aligned crops, (256, 256, 3) uint8 each, and their times in seconds."""
        count = len(clip.frames)
        located = self._pass(
            f"locate {name}",
            {"index": list(range(count)), "frame": list(clip.frames)},
            Step(Locate, LocateSettings(self.model), self.pool, BATCH),
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
        kept: Sequence[dict[str, Any]],
        times: np.ndarray,
        spec: MotionSpec,
        clip: Clip,
    ) -> Micromotion:
        """The movement of the anchors; warnings of the fit are told."""
        moments = times[[row["index"] for row in kept]]
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

    def _pass(self, stage: str, columns: dict[str, Any], step: Step) -> list[dict[str, Any]]:
        """All rows through one pool, in the order of `index`; a row lost with its worker gets a second chance."""
        total, started = len(columns["index"]), time.monotonic()
        table = to_table(columns)
        rows: dict[int, dict[str, Any]] = {}
        self.events.emit("stage", stage=stage, state="started", done=0, total=total, seconds=0.0)
        for alone in (False, True):
            missing = [index for index in range(total) if index not in rows]
            if not missing:
                break
            flow = run_flow(
                table if len(missing) == total else table.take(missing), [step], alone, self.stall_timeout, self.on_wait
            )
            with closing(flow):
                for finished in flow:
                    if broken := [row for row in finished if row.get("status") == "failed"]:
                        raise WorkStopped(
                            f"{stage}, frame {broken[0]['index'] + 1} of {total}: {broken[0]['message']}."
                        )
                    rows.update((row["index"], row) for row in finished)
                    seconds = time.monotonic() - started
                    self.events.emit(
                        "stage", stage=stage, state="progress", done=len(rows), total=total, seconds=seconds
                    )
        if len(rows) < total:
            raise WorkStopped(
                f"{stage}: the workers died twice over {total - len(rows)} of {total} frames, so there is no movement. "
                "They may have run out of memory: lower motion.max_anchors or cluster.workers."
            )
        seconds = time.monotonic() - started
        self.events.emit("stage", stage=stage, state="finished", done=total, total=total, seconds=seconds)
        return [rows[index] for index in range(total)]

    def _staged(self, stage: str, total: int, work: Callable[[], Any]) -> Any:
        """Work on the driver, told as a stage."""
        started = time.monotonic()
        self.events.emit("stage", stage=stage, state="started", done=0, total=total, seconds=0.0)
        result = work()
        seconds = time.monotonic() - started
        self.events.emit("stage", stage=stage, state="finished", done=total, total=total, seconds=seconds)
        return result


def write_anchors(
    path: Path, crops: Sequence[np.ndarray], renderings: Sequence[np.ndarray], stray: Sequence[int] = ()
) -> None:
    """A strip of anchors, evenly spread over the clip: what was seen above what its code shows.

    Args:
        path: a PNG file; it is put in place whole.
        crops: (S, S, 3) uint8 each.
        renderings: as many, of any size.
        stray: those that were left out of the fit; they are crossed out.
    """
    chosen = np.unique(np.linspace(0, len(crops) - 1, min(SHOWN, len(crops))).round().astype(int))
    strip = Image.new("RGB", (SHOWN_SIZE * len(chosen), 2 * SHOWN_SIZE))
    pen = ImageDraw.Draw(strip)
    for column, index in enumerate(chosen):
        for line, picture in enumerate((crops[index], renderings[index])):
            small = Image.fromarray(picture).resize((SHOWN_SIZE, SHOWN_SIZE), Image.Resampling.LANCZOS)
            strip.paste(small, (column * SHOWN_SIZE, line * SHOWN_SIZE))
        if index in stray:
            left, bottom = column * SHOWN_SIZE, 2 * SHOWN_SIZE
            pen.line([(left, 0), (left + SHOWN_SIZE, bottom)], fill=CROSSED_OUT, width=4)
            pen.line([(left, bottom), (left + SHOWN_SIZE, 0)], fill=CROSSED_OUT, width=4)
    with replacing(path) as temporary:
        strip.save(temporary, format="PNG")
