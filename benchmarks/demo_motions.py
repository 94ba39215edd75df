"""The motions of the bundled demo clips, for benchmarks that move faces and start no cluster."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.align import align_face
from stages.aligned_landmarks import landmarks_in_crops
from stages.errors import UserError
from stages.ingest import read_clip
from stages.invert import invert_crops
from stages.models import Models
from stages.networks.fingerprint import fingerprint
from stages.reach import lengthened
from stages.subspace import Micromotion, fit_micromotion, load_micromotion
from stages.track import track_face

DEMO = Path(__file__).parents[1] / "weights/bundled/demo"
MOTIONS = ("smile", "eyes_closed", "head_turn", "ageing")
ANCHORS = 32
BATCH = 16


def extract_motion(models: Models, clip: Path, anchors: int = ANCHORS) -> Micromotion:
    """What a clip's face does, as a job with default settings takes it.

    Args:
        models: of the codes.
        clip: a video of one face.
        anchors: frames used at most, at least 2.

    Raises:
        ClipError: the clip cannot be read, or shows no motion.
    """
    read = read_clip(clip, max_anchors=anchors)
    track = track_face([models.finder.find_all(frame) for frame in read.frames], read.times)
    seen = np.flatnonzero(track.found)
    crops = np.stack([align_face(read.frames[index], track.steadied[index]) for index in seen])
    inversions = [invert_crops(models.inverter, crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
    codes = np.concatenate([one.codes.numpy() for one in inversions])  # (T, L, 512)
    landmarks, shown = (
        landmarks_in_crops(models.landmarks, images)
        for images in (crops, np.concatenate([one.renderings for one in inversions]))
    )
    motion = fit_micromotion(
        codes, source=read.sha256, generator=models.generator.fingerprint, fps=read.fps, landmarks=landmarks
    )
    return lengthened(motion, shown)


def load_demo_motions(models: Models, names: Sequence[str], folder: Path) -> dict[str, Micromotion]:
    """The motions of demo clips, extracted once and kept in a folder; other networks extract them again.

    Raises:
        UserError: there is no such clip.
    """
    if unknown := [name for name in names if name not in MOTIONS]:
        raise UserError(f"motions: expected some of {', '.join(MOTIONS)}, found {unknown[0]}.")
    networks = models.generator.fingerprint + models.inverter.fingerprint + fingerprint(models.landmarks.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    motions = {}
    for name in names:
        file = folder / f"{name}-{fingerprint({}, networks)[7:23]}.safetensors"
        if not file.is_file():
            extract_motion(models, DEMO / f"{name}.mp4").save(file)
        motions[name] = load_micromotion(file)
    return motions
