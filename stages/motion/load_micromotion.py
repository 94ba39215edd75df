"""Read a micromotion from its file, or one of the paper's published directions.

Of our own files (`stages.motion.micromotion`) earlier versions are read too: version 1 had no `times`, and version 3
one tensor more, which is not needed. A published direction (`torch.save`, (1, 18, 512)) is brought to the same form.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from common.errors import MotionFileError
from common.formatting import quotes_hint
from stages.motion.micromotion import FORMAT, OPTIONAL, REQUIRED, Micromotion
from weights.file_kinds import NOT_WEIGHTS, PYTORCH, not_a_checkpoint

READABLE_VERSIONS = ("1", "2", "3", "4")
# The scale at which the paper's code applies its published directions.
PUBLISHED_SCALE = 5.0
GIVE = "Give a micromotion (.safetensors), or a published direction: a torch.save file of one tensor."
# Landmarks by whose distances lids and faces are measured: the corners of each eye, and the outer ones.
EYE_CORNERS = ((36, 39), (42, 45), (36, 45))


def load_micromotion(path: Path | str) -> Micromotion:
    """Read a micromotion: a file of ours, or one of the paper's published directions.

    Which it is, the contents say. Nothing in a file is executed. A published direction becomes one with strength 1.0
    at its published scale 5, an even way from rest to there as its two anchors, no timing, and no known generator.

    Raises:
        MotionFileError: missing, of another kind or version, damaged, or with tensors that do not fit each other.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        why = error.strerror or error
        raise MotionFileError(f"{path}: not readable: {why}.{quotes_hint(str(path))}") from error
    # safetensors begin with the header's length (8 bytes) and its "{"; torch.save writes a ZIP archive or a pickle.
    return _load_ours(path) if start[8:] == b"{" else _load_published(path)


def _load_ours(path: Path) -> Micromotion:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise MotionFileError(f"{path}: a damaged safetensors file ({error}). Extract the motion again.") from error
    if metadata.get("format") != FORMAT:
        found = metadata.get("architecture") or metadata.get("format") or "no metadata of ours"
        raise MotionFileError(f'{path}: expected a micromotion, found {found}. Make one with "extract".')
    if metadata.get("format_version") not in READABLE_VERSIONS:
        raise MotionFileError(
            f"{path}: expected micromotion format {', '.join(READABLE_VERSIONS[:-1])} or {READABLE_VERSIONS[-1]}, "
            f"found {metadata.get('format_version')}. Extract the motion again with this version."
        )
    if missing := [name for name in REQUIRED if name not in tensors]:
        raise MotionFileError(f'{path}: tensor "{missing[0]}" is missing. Extract the motion again.')
    return _make(path, tensors, metadata)


def _load_published(path: Path) -> Micromotion:
    try:
        with path.open("rb") as file:  # given a path, torch goes by its ending
            if zipfile.is_zipfile(file) and zipfile.ZipFile(file).testzip():  # torch asks for no checksum
                raise MotionFileError(f"{path}: damaged: a part of it does not have its checksum. Get the file again.")
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
    except MotionFileError:
        raise
    except Exception as error:  # on bytes that are no torch file the reader fails in any way there is
        if other := not_a_checkpoint(path):
            other = other.replace("checkpoint", "motion", 1).replace(NOT_WEIGHTS, GIVE).replace(PYTORCH, GIVE)
            raise MotionFileError(f"{path}: {other}") from error
        raise MotionFileError(
            f"{path}: neither a micromotion (.safetensors) nor a published direction (a torch.save file of one tensor)."
        ) from error
    if not isinstance(content, Tensor) or content.ndim != 3 or len(content) != 1 or content.shape[2] != 512:
        found = tuple(content.shape) if isinstance(content, Tensor) else type(content).__name__
        raise MotionFileError(f"{path}: expected a published direction (1, 18, 512), found {found}.")
    if content.layout != torch.strided or not content.is_floating_point() or content.is_meta:
        raise MotionFileError(f"{path}: expected a published direction of plain numbers, found another kind of tensor.")
    direction = PUBLISHED_SCALE * content.detach()[0].float()  # (L, 512)
    extent = direction.norm()
    tensors = {
        "direction": direction,
        "basis": direction[None] / extent.clamp(min=1e-30),  # (1, L, 512)
        "coefficients": torch.stack([torch.zeros(()), extent])[:, None],  # (2, 1)
        "neutral": torch.zeros_like(direction),
    }
    return _make(path, tensors, {"source": path.name, "explained": "1.0", "fps": "0.0"})


def _make(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Micromotion:
    names = {name: tensors.get(name) for name in (*REQUIRED, *OPTIONAL)}
    try:
        motion = Micromotion(
            **{name: None if tensor is None else tensor.float() for name, tensor in names.items()},  # type: ignore[arg-type]
            source=metadata.get("source", ""),
            generator=metadata.get("generator", ""),
            explained=float(metadata.get("explained", "nan")),
            fps=float(metadata.get("fps", "nan")),
            stray=tuple(int(anchor) for anchor in metadata.get("stray", "").split()),
            reach=float(metadata.get("reach", "nan")),
            tone_share=float(metadata.get("tone_share", "nan")),
        )
    except ValueError as error:
        raise MotionFileError(f"{path}: {error}. Extract the motion again.") from error
    if wrong := _wrong_in_file(motion):
        raise MotionFileError(f"{path}: {wrong}. Extract the motion again.")
    return motion


def _wrong_in_file(motion: Micromotion) -> str:
    """What no extraction makes and a hand may, as the end of a sentence; empty if nothing is."""
    basis = motion.basis.double().flatten(1)  # (R, L * 512)
    if not torch.allclose(basis @ basis.T, torch.eye(len(basis), dtype=torch.float64), atol=0.01):
        return '"basis" is not orthonormal'
    sound = [anchor for anchor in range(len(motion.coefficients)) if anchor not in motion.stray]
    if len(sound) < 2 or not (motion.coefficients[sound] != motion.coefficients[sound[0]]).any():
        return '"coefficients" are the same for all anchors that are not stray: nothing moves'
    if (track := motion.landmarks) is not None:
        widths = torch.stack([(track[:, one] - track[:, other]).norm(dim=1) for one, other in EYE_CORNERS])  # (3, T)
        if len(flat := (widths <= 0).any(dim=0).nonzero()):
            return f'"landmarks" has an eye without any width in anchor {int(flat[0])}'
    return ""
