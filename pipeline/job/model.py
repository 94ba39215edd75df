"""A job's model: its files found, hashed and opened once."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.errors import CheckpointError
from pipeline.job.motion_spec import MotionSpec
from stages.faces.detectors import make_detector
from stages.latent_optimisation import gradient_bytes
from stages.model_files import ModelFiles
from stages.motion.prompts import captions
from weights.find_clip import clip_hash, find_clip
from weights.load_clip import load_clip
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.registry import PARTS
from weights.store import find, sha256


@dataclass(frozen=True)
class Model:
    """A job's model, found and known.

    Attributes:
        files: the checkpoints, by name or path.
        hashes: part -> `sha256:…` of its file.
        clip: `sha256:…` of the CLIP that reads the job's texts; empty where there are none.
        degree_bytes: memory that a text anchor takes while its gradient is computed.
        generator: the generator's fingerprint.
        num_layers: its styles.
        resolution: pixels a side.
        bytes: of all four files.
        detector: how faces are found.
    """

    files: ModelFiles
    hashes: Mapping[str, str]
    generator: str
    num_layers: int
    resolution: int
    bytes: int
    clip: str = ""
    degree_bytes: int = 0
    detector: str = "haar"


def check_model(files: ModelFiles, detector: str = "haar", texts: Sequence[MotionSpec] = ()) -> Model:
    """Find the four checkpoints, load each once to see that it is what it should be, and hash them.

    Where there are `texts`, the CLIP that reads them too, and whether it can read them. Warns where the inverter was
    trained with another generator than the one that will render.

    Raises:
        CheckpointError: one is missing, or is of another kind or size.
        TextError: a prompt is too long for the CLIP.
        ExtraMissing: there are texts, and what reads them is not installed.
    """
    paths = {part: find(getattr(files, part), part) for part in PARTS}
    generator = load_generator(paths["generator"])
    decoder = load_inverter(paths["inverter"]).decoder
    if decoder.num_layers != generator.num_layers:
        raise CheckpointError(
            f"{paths['inverter']}: inverts into {decoder.num_layers} layers, "
            f"but the generator {paths['generator']} has {generator.num_layers}. Use two of one family."
        )
    if decoder.fingerprint != generator.fingerprint:
        warnings.warn(
            f"{paths['inverter']} was trained with another generator than {paths['generator']}: faces may change.",
            stacklevel=2,
        )
    load_identity(paths["identity"])
    load_landmarks(paths["landmarks"])
    make_detector(detector, "cpu")
    if texts:
        clip = load_clip(files.clip)
        for text in texts:
            clip.check_texts(captions(str(text.text), text.anchors.degrees))
    # Names stay names: another machine has the registry's files at another place.
    return Model(
        files=files,
        detector=detector,
        hashes={part: sha256(path) for part, path in paths.items()},
        generator=generator.fingerprint,
        num_layers=generator.num_layers,
        resolution=generator.resolution,
        bytes=sum(path.stat().st_size for path in paths.values()),
        clip=clip_hash(find_clip(files.clip)) if texts else "",
        degree_bytes=gradient_bytes(generator),
    )
