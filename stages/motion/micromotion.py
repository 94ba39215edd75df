"""A micromotion, and its file.

The file is safetensors: `direction` (L, 512), `basis` (R, L, 512), `coefficients` (T, R), `neutral` (L, 512) and, where
the anchors were images, `landmarks` (T, 68, 2) and `times` (T,) in seconds, all float32. Metadata, all
strings: `format` ("micromotion"), `format_version`, `source`, `generator` (fingerprint), `explained`, `fps`, `reach`
and `tone_share` where they are known, and `stray` where it is not empty. `stages.motion.load_micromotion` reads it.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from common.atomic_files import replace_atomically
from common.errors import MotionFileError, MotionMismatch
from weights.networks.fingerprint import fingerprint

FORMAT = "micromotion"
FORMAT_VERSION = "4"
# No code of a generator comes near it; beyond, sums of squares leave float32.
FARTHEST = 1e6
REQUIRED = ("direction", "basis", "coefficients", "neutral")
OPTIONAL = ("landmarks", "times")


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
        tone_share: how much of the codes' change of tones the clip confirms, 0 to 1 (`stages.motion.skin_tones`); NaN
            where it is not known.
        times: (T,) float32, rising, seconds of each anchor since the first; None where they are evenly spread or not
            known.

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
    tone_share: float = math.nan
    times: Tensor | None = None

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
        if self.landmarks is not None:
            tensors["landmarks"] = self.landmarks
        return fingerprint(tensors, self.generator + ("" if math.isnan(self.tone_share) else f" {self.tone_share!r}"))

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
        if not math.isnan(self.tone_share):
            metadata["tone_share"] = repr(float(self.tone_share))
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
        if self.landmarks is not None and self.landmarks.shape != (len(self.coefficients), 68, 2):
            return f'"landmarks" must be ({len(self.coefficients)}, 68, 2), found {tuple(self.landmarks.shape)}'
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
        if not (math.isnan(self.tone_share) or 0 <= self.tone_share <= 1):
            return f'"tone_share" must be 0 to 1, found {self.tone_share}'
        if self.reach <= 0 or math.isinf(self.reach):
            return f'"reach" must be above 0, found {self.reach}'
        return ""
