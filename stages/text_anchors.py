"""Anchors from a prompt: for each degree of "a person with {degree} smile" one code of the same generated face.

`stages.latent_optimisation` leads a code to its prompt; this module draws the face, and keeps what the fit needs.
"""

from collections.abc import Generator as Steps
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from stages.anchor_settings import Optimisation
from stages.base import Row, StepProgress, StepwiseStage
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.latent_optimisation import TextAnchors, anchor_steps, degrees_together, start_code
from stages.models import Models, ModelSettings, tensor_to_images
from weights.networks.restyle import FACE_SIZE


@dataclass(frozen=True)
class OptimiseTextAnchorsSettings:
    """What `OptimiseTextAnchors` needs: the model's files, one prompt for each degree, and how they are reached."""

    model: ModelSettings
    texts: tuple[str, ...]
    optimisation: Optimisation = field(default_factory=Optimisation)


class OptimiseTextAnchors(StepwiseStage):
    """A row is an identity of its own, whose anchors are all made here.

    `index`, `seed` -> `index`, `code` ((D, L, 512) float32), `rendering` (D, S, S, 3 uint8, at most 256 px),
    `landmarks` ((D, 68, 2) float32, shares of the crop's side), `loss` ((steps, D) float32), `identity` ((D,) float32).
    """

    def __init__(self, settings: OptimiseTextAnchorsSettings):
        self.models = Models(settings.model)
        self.texts, self.optimisation = list(settings.texts), settings.optimisation
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False

    def steps(self, row: Row) -> Steps[StepProgress, None, Row]:
        """The identity's anchors; its progress after each step."""
        return (yield from anchors_of_identity(self.models, row, self.texts, self.optimisation))


def anchors_of_identity(
    models: Models, row: Row, texts: list[str], settings: Optimisation
) -> Steps[StepProgress, None, Row]:
    """Lead one generated face to all prompts, and measure what the fit and its checks need: rows as the stage has them.

    Args:
        models: the networks.
        row: its `index` and `seed`.
        texts: D prompts, from rest to the extreme.
        settings: how they are reached.

    Raises:
        TextError, FloatingPointError: as `anchor_steps` does.
    """
    found = yield from _anchors(models, row["seed"], texts, settings)
    shown = min(FACE_SIZE, found.renderings.shape[-1])
    crops = tensor_to_images(F.adaptive_avg_pool2d(found.renderings, shown)).numpy()  # (D, S, S, 3)
    return {
        "index": row["index"],
        "code": found.codes.numpy(),
        "rendering": crops,
        "landmarks": landmarks_in_crops(models.landmarks, crops),
        "loss": found.losses.numpy(),
        "identity": found.identity.numpy(),
    }


def _anchors(
    models: Models, seed: int, texts: list[str], settings: Optimisation
) -> Steps[StepProgress, None, TextAnchors]:
    """All degrees at once, or in ever smaller parts where a GPU's memory does not hold them."""
    together = len(texts)
    start = start_code(models.generator, seed, settings.truncation)
    arguments = (models.generator, models.clip, models.identity, start, texts, settings)
    while True:
        try:
            return (yield from anchor_steps(*arguments, min(together, degrees_together(models.generator, together))))
        except torch.OutOfMemoryError:
            if together == 1:
                raise
            together //= 2
            torch.cuda.empty_cache()
