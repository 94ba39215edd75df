"""The first flow, from a clip to its micromotion.

The clip is decoded on the driver, its frames are located and inverted by workers in parallel, and the small fit is
made on the driver again. What needs all frames at once, following one face and the fit, is in `stages.fit_clip`.
"""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline.engine.passes import Passes
from pipeline.job.motion_spec import MotionSpec
from pipeline.output.event_log import EventLog
from pipeline.output.redacted_files import write_motion
from pipeline.report.anchor_sheets import write_anchors
from stages.detect_faces import GROUP, DetectFaces, DetectFacesSettings, SeenFace
from stages.fit_clip import BATCH, anchors_of, check_anchors, fit_anchors, follow_face
from stages.invert import InvertCrops, InvertSettings
from stages.media.ingest import OpenClip, open_clip
from stages.models import ModelSettings

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

        def warn(message: str) -> None:
            self.events.emit("warning", message=f"{clip_path}: {message}")

        clip = self.passes.on_driver(f"read {name}", lambda: open_clip(clip_path, max_anchors=spec.max_anchors))
        if clip.notes:
            warn(f"{'; '.join(clip.notes)}.")
        face = follow_face(self._located(name, clip), clip.times, clip_path, warn)
        inverted = self.passes.through(
            f"invert {name}",
            [{"index": index, "crop": crop} for index, crop in enumerate(face.crops)],
            self.passes.step(InvertCrops, InvertSettings(self.model, self.iterations)),
            batch=BATCH,
        )
        anchors = anchors_of(clip, face, inverted, warn)
        write_anchors(picture_path, anchors.crops, anchors.renderings)
        anchors = check_anchors(anchors, warn)
        motion = self.passes.on_driver(
            f"fit {name}",
            lambda: fit_anchors(
                anchors, self.generator, warn, rank=spec.rank, energy=spec.energy, per_layer=spec.per_layer
            ),
        )
        write_anchors(picture_path, anchors.crops, anchors.renderings, motion.stray)
        write_motion(motion_path, motion)

    def _located(self, name: str, clip: OpenClip) -> list[list[SeenFace]]:
        """All faces of each frame."""
        each = GROUP * max(1, PORTION_BYTES // (GROUP * 3 * clip.width * clip.height))
        frames, portions = clip.frames(), -(-len(clip.times) // each)
        faces: list[list[SeenFace]] = []
        for portion in range(portions):
            part = list(islice(frames, each))
            located = self.passes.through(
                f"locate {name}" + (f", part {portion + 1} of {portions}" if portions > 1 else ""),
                [
                    {"index": index, "frames": part[start : start + GROUP]}
                    for index, start in enumerate(range(0, len(part), GROUP))
                ],
                self.passes.step(DetectFaces, DetectFacesSettings(self.model)),
                row="group of frames",
            )
            faces += [seen for row in located for seen in row["located"]]
        return faces
