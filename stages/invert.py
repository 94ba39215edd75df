"""From aligned faces to codes in W+, and how well the codes give the faces back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from common.errors import InversionDiverged
from stages.base import Row, Stage
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.models import Models, ModelSettings, images_to_tensor, tensor_to_images
from stages.quality.metrics import psnr
from stages.quality.video import embed_frames
from weights.networks.restyle import Inverter

# An image of nothing but its mean grey scores about 10 dB: below 6 the code shows something else than the face.
LOWEST_PSNR = 6.0


@dataclass(frozen=True)
class Inversion:
    """Codes and what they show.

    Attributes:
        codes: (B, L, 512) float32, on the CPU.
        renderings: (B, S, S, 3) uint8, at the generator's resolution.
        psnr: (B,) dB against the crops, both at 256 px.
    """

    codes: Tensor
    renderings: np.ndarray
    psnr: np.ndarray


@torch.inference_mode()
def invert_crops(inverter: Inverter, crops: np.ndarray, iterations: int = 5) -> Inversion:
    """Invert aligned faces.

    Args:
        inverter: with its decoder.
        crops: (B, 256, 256, 3) uint8, FFHQ-aligned.
        iterations: ReStyle's steps; the paper uses 5.
    """
    images = images_to_tensor(crops, str(inverter.latent_avg.device))  # (B, 3, 256, 256)
    codes = inverter.invert(images, iterations)  # (B, L, 512)
    renderings = inverter.decoder.synthesize(codes)  # (B, 3, S, S)
    at_input_size = torch.nn.functional.adaptive_avg_pool2d(renderings, images.shape[-1]).clamp(-1, 1)
    quality = np.array([float(psnr(made, image)) for made, image in zip(at_input_size, images, strict=True)])
    return Inversion(codes.float().cpu(), tensor_to_images(renderings).numpy(), quality)


def check_inversion(code: Tensor, quality: float) -> None:
    """Refuse a code that cannot be used.

    Args:
        code: (L, 512).
        quality: PSNR of its rendering, dB.

    Raises:
        InversionDiverged: the code is not finite, or shows something else than the face.
    """
    if not torch.isfinite(code).all():
        raise InversionDiverged("the inversion gave values that are not finite; the face is unlike any that it knows")
    if quality < LOWEST_PSNR:
        raise InversionDiverged(
            f"the inversion is nothing like the face: expected at least {LOWEST_PSNR:g} dB, found {quality:.1f}"
        )


@dataclass(frozen=True)
class InvertedFace:
    """A face's code and what it shows.

    Attributes:
        code: (L, 512) float32, on the CPU.
        rendering: (S, S, 3) uint8, at the generator's resolution.
        psnr: dB against the crop, both at 256 px.
    """

    code: Tensor
    rendering: np.ndarray
    psnr: float


def invert_face(inverter: Inverter, crop: np.ndarray, iterations: int = 5) -> InvertedFace:
    """Invert one aligned face, (256, 256, 3) uint8, and see that its code can be used.

    Args:
        inverter, iterations: as `invert_crops` takes them.

    Raises:
        InversionDiverged: as `check_inversion` does.
    """
    found = invert_crops(inverter, crop[None], iterations)
    face = InvertedFace(found.codes[0], found.renderings[0], float(found.psnr[0]))
    check_inversion(face.code, face.psnr)
    return face


def invert_anchors(models: Models, rows: Sequence[Row], iterations: int = 5) -> list[Row]:
    """Invert a clip's crops as one batch, and measure what the fit and its checks need: rows as in `InvertCrops`."""
    crops = np.stack([row["crop"] for row in rows])  # (B, 256, 256, 3)
    found = invert_crops(models.inverter, crops, iterations)
    landmarks, rendered = (landmarks_in_crops(models.landmarks, images) for images in (crops, found.renderings))
    identities = embed_frames(models, crops)  # (B, n)
    return [
        {
            "index": row["index"],
            "code": found.codes[at].numpy(),
            "quality": float(found.psnr[at]),
            "identity": identities[at].numpy(),
            "rendering": found.renderings[at],
            "landmarks": landmarks[at],
            "rendered_landmarks": rendered[at],
        }
        for at, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class InvertSettings:
    """What `InvertCrops` needs: the model's files, and ReStyle's steps."""

    model: ModelSettings = field(default_factory=ModelSettings)
    iterations: int = 5


class InvertCrops(Stage):
    """The anchors' second pass.

    A row with `index`, `crop` (256, 256, 3 uint8) -> `index`, `code` ((L, 512) float32), `quality` (PSNR, dB),
    `identity` (the crop's embedding, (n,) float32), `rendering` (S, S, 3 uint8), `landmarks` and `rendered_landmarks`
    (the crop's and the rendering's, (68, 2) float32, shares of the side).
    """

    def __init__(self, settings: InvertSettings):
        self.models = Models(settings.model)
        self.iterations = settings.iterations

    def process(self, row: Row) -> Row:
        """One crop's code, and what it shows."""
        return self.process_rows([row])[0]

    def process_rows(self, rows: list[Row]) -> list[Row]:
        """Several crops as one batch of the networks."""
        return invert_anchors(self.models, rows, self.iterations)
