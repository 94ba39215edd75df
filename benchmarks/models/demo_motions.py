"""The motions of the bundled demo clips, for benchmarks that move faces and start no cluster."""

from collections.abc import Sequence
from pathlib import Path

import micromotion
from common.errors import UserError
from stages.models import Models
from stages.motion.load_micromotion import load_micromotion
from stages.motion.micromotion import Micromotion
from weights.networks.fingerprint import fingerprint

DEMO = Path(__file__).parents[2] / "weights/bundled/demo"
MOTIONS = ("smile", "eyes_closed", "head_turn", "ageing")
ANCHORS = 32


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
            micromotion.extract_motion(models, DEMO / f"{name}.mp4", max_anchors=ANCHORS).save(file)
        motions[name] = load_micromotion(file)
    return motions
