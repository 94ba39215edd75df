"""From a clip to its micromotion.

The clip is decoded on the driver, its frames are located and inverted by workers in parallel, and the small fit is
made on the driver again. What needs all frames at once, following one face and the fit, is in `stages.fit_clip`.
"""

from itertools import islice
from pathlib import Path

from pipeline.engine.passes import Passes
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.report.anchor_sheets import write_anchors
from stages.detect_faces import GROUP, DetectFaces, DetectFacesSettings, SeenFace
from stages.fit_clip import BATCH, anchors_of, check_anchors, fit_anchors, follow_face
from stages.invert import InvertCrops, InvertSettings
from stages.media.open_clip import OpenClip, open_clip
from stages.models import ModelSettings
from stages.motion.micromotion import Micromotion

# Of frames that are in memory at a time, each of them two or three times on its way to a worker.
PORTION_BYTES = 200 << 20


def extract_from_clip(
    passes: Passes, name: str, spec: MotionSpec, model: Model, iterations: int, picture: Path
) -> Micromotion:
    """The motion of a clip's face, and an image of its anchors. Ray has to run.

    Args:
        passes: how rows go through workers, and where progress is reported.
        name: of the motion.
        spec: its clip, and how it is fitted.
        model: found and checked; the motion lies in its generator's W+.
        iterations: the inverter's steps.
        picture: a PNG file, which is there also where the clip is refused.

    Raises:
        ClipError: the clip cannot be read, shows no face in most of its frames, or no motion.
    """
    assert spec.clip is not None, "a prompt goes through extract_from_prompt"
    path, settings = Path(spec.clip), ModelSettings(model.files, model.detector, passes.pool.device)

    def warn(message: str) -> None:
        passes.events.emit("warning", message=f"{path}: {message}")

    clip = passes.on_driver(f"read {name}", lambda: open_clip(path, max_anchors=spec.max_anchors))
    if clip.notes:
        warn(f"{'; '.join(clip.notes)}.")
    face = follow_face(_locate_faces(passes, name, clip, settings), clip.times, path, warn)
    inverted = passes.through(
        f"invert {name}",
        [{"index": index, "crop": crop} for index, crop in enumerate(face.crops)],
        InvertCrops,
        InvertSettings(settings, iterations),
        batch=BATCH,
    )
    anchors = anchors_of(clip, face, inverted, warn)
    write_anchors(picture, anchors.crops, anchors.renderings)
    anchors = check_anchors(anchors, warn)
    motion = passes.on_driver(
        f"fit {name}",
        lambda: fit_anchors(
            anchors, model.generator, warn, rank=spec.rank, energy=spec.energy, per_layer=spec.per_layer
        ),
    )
    write_anchors(picture, anchors.crops, anchors.renderings, motion.stray)
    return motion


def _locate_faces(passes: Passes, name: str, clip: OpenClip, settings: ModelSettings) -> list[list[SeenFace]]:
    """All faces of each frame."""
    each = GROUP * max(1, PORTION_BYTES // (GROUP * 3 * clip.width * clip.height))
    frames, portions = clip.frames(), -(-len(clip.times) // each)
    faces: list[list[SeenFace]] = []
    for portion in range(portions):
        part = list(islice(frames, each))
        located = passes.through(
            f"locate {name}" + (f", part {portion + 1} of {portions}" if portions > 1 else ""),
            [
                {"index": index, "frames": part[start : start + GROUP]}
                for index, start in enumerate(range(0, len(part), GROUP))
            ],
            DetectFaces,
            DetectFacesSettings(settings),
            row="group of frames",
            frames=lambda group: len(group["frames"]),
        )
        faces += [seen for row in located for seen in row["located"]]
    return faces
