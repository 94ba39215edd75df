"""A job's model: its files found, hashed and, unless they are the bundled ones, opened once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.job.motion_spec import MotionSpec
from stages.model_files import ModelFiles
from weights.bundled_model import are_bundled, bundled_generator
from weights.find_clip import clip_hash, find_clip
from weights.registry import PARTS
from weights.store import find, sha256


@dataclass(frozen=True)
class Model:
    """A job's model, found and known.

    Attributes:
        files: the checkpoints, by name or path.
        hashes: part -> `sha256:…` of its file.
        clip: `sha256:…` of the CLIP that reads the job's texts; empty where there are none.
        degree_bytes: memory that a text anchor takes while its gradient is computed; 0 where there are no texts.
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
    """Find the four checkpoints and hash them; load each once to see that it is what it should be.

    The bundled ones are known by their hashes, and not loaded. Where there are `texts`, the CLIP that reads them is
    loaded too, and asked whether it can. Warns where the inverter was trained with another generator than the one that
    will render.

    Raises:
        CheckpointError: one is missing, or is of another kind or size.
        TextError: a prompt is too long for the CLIP.
        ExtraMissing: there are texts, and what reads them is not installed.
    """
    paths = {part: find(getattr(files, part), part) for part in PARTS}
    hashes: dict[str, str] = {part: sha256(path) for part, path in paths.items()}
    degree_bytes = 0
    if are_bundled(paths, hashes) and detector == "haar" and not texts:
        generator = bundled_generator(paths)
    else:
        # Networks take PyTorch, whose import alone takes two seconds.
        from pipeline.job.check_networks import check_networks

        generator, degree_bytes = check_networks(paths, files.clip, detector, texts)
    # Names stay names: another machine has the registry's files at another place.
    return Model(
        files=files,
        detector=detector,
        hashes=hashes,
        generator=generator.fingerprint,
        num_layers=generator.num_layers,
        resolution=generator.resolution,
        bytes=sum(path.stat().st_size for path in paths.values()),
        clip=clip_hash(find_clip(files.clip)) if texts else "",
        degree_bytes=degree_bytes,
    )
