"""A micromotion, and its file.

The file is safetensors: `direction` (L, 512), `basis` (R, L, 512), `coefficients` (T, R), `neutral` (L, 512) and, where
the anchors were images, `landmarks` and `shown` (T, 68, 2) and `times` (T,) in seconds, all float32. Metadata, all
strings: `format` ("micromotion"), `format_version`, `source`, `generator` (fingerprint), `explained`, `fps`, `reach`
where it is known, and `stray` where it is not empty. Version 1 had no `times` and version 2 no `shown`; both are read.
The paper's published directions (`torch.save`, (1, 18, 512)) are read to the same form.
"""

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from common.atomic_files import replace_atomically
from common.errors import MotionFileError, MotionMismatch
from common.formatting import quotes_hint
from weights.file_kinds import NOT_WEIGHTS, PYTORCH, not_a_checkpoint
from weights.networks.fingerprint import fingerprint

FORMAT = "micromotion"
FORMAT_VERSION = "3"
READABLE_VERSIONS = ("1", "2", "3")
# The scale at which the paper's code applies its published directions.
PUBLISHED_SCALE = 5.0
# No code of a generator comes near it; beyond, sums of squares leave float32.
FARTHEST = 1e6
GIVE = "Give a micromotion (.safetensors), or a published direction: a torch.save file of one tensor."
REQUIRED = ("direction", "basis", "coefficients", "neutral")
OPTIONAL = ("landmarks", "times", "shown")
# Landmarks by whose distances lids and faces are measured: the corners of each eye, and the outer ones.
EYE_CORNERS = ((36, 39), (42, 45), (36, 45))


@dataclass(frozen=True, eq=False, repr=False)
class Micromotion:
    """A motion in W+, made on one face and for any other of the same generator.

    Attributes:
        direction: (L, 512) float32, from rest to the extreme: what strength 1.0 adds to a code.
        basis: (R, L, 512) float32, orthonormal, the motion's directions, the largest first.
        coefficients: (T, R) float32, where each anchor lies along them; zero at the neutral anchor.
        neutral: (L, 512) float32, the code of the anchor at rest; zero where it is not known.
        source: where it comes from: a clip's hash, a prompt, or a published file's name.
        generator: the fingerprint of the generator it was made on; empty where it is not known.
        explained: share of the anchors' common variation that the basis holds, 0 to 1.
        fps: anchors a second; 0 where they have no timing.
        landmarks: (T, 68, 2) float32, the anchors' landmarks as shares of the aligned crop's side, or None.
        stray: numbers of the anchors that were outliers; their coefficients and landmarks are interpolated.
        reach: how far the anchors' codes went for what the clip showed, which direction and coefficients were divided
            by (`stages.motion.attenuation`); NaN where it is not known, and they are as the codes went.
        times: (T,) float32, rising, seconds of each anchor since the first; None where they are evenly spread or not
            known.
        shown: (T, 68, 2) float32, the same landmarks in the images of the anchors' codes, or None; beside `landmarks`
            they tell what the codes do beyond the clip (`stages.motion.drift`).

    Raises:
        ValueError: shapes that do not fit each other, or values that are not finite.
    """

    direction: Tensor
    basis: Tensor
    coefficients: Tensor
    neutral: Tensor
    source: str
    generator: str
    explained: float
    fps: float
    landmarks: Tensor | None = None
    stray: tuple[int, ...] = ()
    reach: float = math.nan
    times: Tensor | None = None
    shown: Tensor | None = None

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise ValueError(wrong)

    def __repr__(self) -> str:
        """In a line: a notebook would print every tensor."""
        directions, layers, _ = self.basis.shape
        content = f"{len(self.coefficients)} anchors, {directions} directions in {layers} layers"
        return f"Micromotion({content}, {self.source!r})"

    @property
    def fingerprint(self) -> str:
        """`sha256:…` of all that decides how a face moves; not of where the motion comes from."""
        tensors = {"direction": self.direction, "basis": self.basis, "coefficients": self.coefficients}
        if self.times is not None:
            tensors["times"] = self.times
        if self.landmarks is not None and self.shown is not None:
            tensors |= {"landmarks": self.landmarks, "shown": self.shown}
        return fingerprint(tensors, self.generator)

    @property
    def progress(self) -> Tensor:
        """(T,) how far along the direction each anchor lies: 0 at rest, 1 at the extreme."""
        along = torch.einsum("rld,ld->r", self.basis, self.direction)  # (R,)
        return self.coefficients @ along / self.direction.square().sum()

    def check(self, generator: str, num_layers: int) -> None:
        """Refuse a generator that the motion was not made on.

        Args:
            generator: the fingerprint of the generator that is to be moved.
            num_layers: how many styles it takes.

        Raises:
            MotionMismatch: another fingerprint, or another number of layers; both are named.
        """
        if self.generator and self.generator != generator:
            raise MotionMismatch(
                f"a generator with fingerprint {generator}", f"a motion made on {self.generator}", self.source
            )
        if len(self.direction) != num_layers:
            raise MotionMismatch(f"{num_layers} layers", f"{len(self.direction)}", self.source)

    def save(self, path: Path | str) -> None:
        """Write the file at once: under a temporary name beside its place, flushed, then renamed.

        Raises:
            MotionFileError: the folder is missing or cannot be written.
        """
        tensors = {name: getattr(self, name) for name in (*REQUIRED, *OPTIONAL)}
        metadata = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "source": self.source,
            "generator": self.generator,
            "explained": repr(float(self.explained)),
            "fps": repr(float(self.fps)),
        }
        if not math.isnan(self.reach):
            metadata["reach"] = repr(float(self.reach))
        if self.stray:
            metadata["stray"] = " ".join(map(str, self.stray))
        content = to_safetensors(
            {
                name: tensor.detach().cpu().float().clone(memory_format=torch.contiguous_format)
                for name, tensor in tensors.items()
                if tensor is not None
            },
            metadata,
        )
        try:
            with replace_atomically(Path(path)) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise MotionFileError(f"{path}: cannot be written: {error.strerror or error}.") from error

    def _wrong(self) -> str:
        """What is wrong with the tensors, as the end of a sentence; empty if nothing is."""
        if self.direction.ndim != 2 or 0 in self.direction.shape:
            return f'"direction" must be (L, 512), found {tuple(self.direction.shape)}'
        layers = tuple(self.direction.shape)
        if self.neutral.shape != self.direction.shape:
            return f'"neutral" must be {layers} as "direction" is, found {tuple(self.neutral.shape)}'
        if self.basis.ndim != 3 or len(self.basis) == 0 or self.basis.shape[1:] != self.direction.shape:
            return f'"basis" must be (R, {layers[0]}, {layers[1]}), found {tuple(self.basis.shape)}'
        if self.coefficients.ndim != 2 or self.coefficients.shape[1] != len(self.basis) or len(self.coefficients) < 2:
            return (
                f'"coefficients" must be (T, {len(self.basis)}) with T at least 2, '
                f"found {tuple(self.coefficients.shape)}"
            )
        for name in ("landmarks", "shown"):
            track = getattr(self, name)
            if track is not None and track.shape != (len(self.coefficients), 68, 2):
                return f'"{name}" must be ({len(self.coefficients)}, 68, 2), found {tuple(track.shape)}'
        if self.times is not None and (
            self.times.shape != (len(self.coefficients),) or not (self.times.diff() > 0).all()
        ):
            return f'"times" must be ({len(self.coefficients)},) and rise, found {tuple(self.times.shape)}'
        for name in (*REQUIRED, *OPTIONAL):
            tensor = getattr(self, name)
            if tensor is not None and not torch.isfinite(tensor).all():
                return f'"{name}" has {int((~torch.isfinite(tensor)).sum())} values that are not finite'
            if tensor is not None and (most := float(tensor.abs().max())) > FARTHEST:
                return f'"{name}" has values up to {most:.2g}, and at most {FARTHEST:g} is a motion\'s'
        if any(not 0 <= anchor < len(self.coefficients) for anchor in self.stray):
            return f'"stray" must be anchors from 0 to {len(self.coefficients) - 1}, found {self.stray}'
        if not self.direction.any():
            return '"direction" is zero: it moves nothing'
        if not torch.isfinite(self.progress).all():
            return '"direction" is so small that nothing can be measured along it'
        if not (0 <= self.explained <= 1 + 1e-6 and math.isfinite(self.fps) and self.fps >= 0):
            return f'"explained" must be 0 to 1 and "fps" 0 or more, found {self.explained} and {self.fps}'
        if self.reach <= 0 or math.isinf(self.reach):
            return f'"reach" must be above 0, found {self.reach}'
        return ""


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
    for name in ("landmarks", "shown"):
        if (track := getattr(motion, name)) is None:
            continue
        widths = torch.stack([(track[:, one] - track[:, other]).norm(dim=1) for one, other in EYE_CORNERS])  # (3, T)
        if len(flat := (widths <= 0).any(dim=0).nonzero()):
            return f'"{name}" has an eye without any width in anchor {int(flat[0])}'
    return ""
