"""See that a job's checkpoints hold the networks that they should, by building each once."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.errors import CheckpointError
from pipeline.job.motion_spec import MotionSpec
from stages.faces.detectors import make_detector
from stages.latent_optimisation import gradient_bytes
from stages.motion.prompts import captions
from weights.bundled_model import KnownGenerator
from weights.load_clip import load_clip
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.registry import ModelPart


def check_networks(
    paths: Mapping[ModelPart, Path], clip: str, detector: str, texts: Sequence[MotionSpec]
) -> tuple[KnownGenerator, int]:
    """Build the four networks, the detector and, where there are `texts`, the CLIP that reads them.

    Args:
        paths: the checkpoints. clip, detector: as a job names them.
        texts: the prompts that the CLIP has to read.

    Returns:
        What the generator is, and the bytes that a text anchor takes while its gradient is computed.

    Raises:
        CheckpointError, TextError, ExtraMissing: as `pipeline.job.model.check_model`.
    """
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
            stacklevel=3,
        )
    load_identity(paths["identity"])
    load_landmarks(paths["landmarks"])
    make_detector(detector, "cpu")
    if texts:
        reader = load_clip(clip)
        for text in texts:
            reader.check_texts(captions(str(text.text), text.anchors.degrees))
    known = KnownGenerator(generator.fingerprint, generator.num_layers, generator.resolution)
    return known, gradient_bytes(generator)
