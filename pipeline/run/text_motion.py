"""The first flow, from a prompt to its micromotion.

Each anchor identity is a row: a worker leads it to all degrees of the prompt at once. The driver fits them jointly,
draws them, and says what looks wrong before any video is made.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common.errors import ClipError, TextError
from pipeline.engine.passes import Passes
from pipeline.job.motion_spec import MotionSpec
from pipeline.report.anchor_sheets import losses_path, write_degrees, write_losses
from stages.models import ModelSettings
from stages.motion.fit import fit_micromotion
from stages.motion.identities import agreement, average_identities
from stages.motion.micromotion import Micromotion
from stages.motion.prompts import captions
from stages.text_anchors import OptimiseTextAnchors, OptimiseTextAnchorsSettings

# Inversions of neighbouring frames at rest differ by 0.0005 to 0.005 in the demo's clips (root mean square, black to
# white 1): anchors that differ by no more than twice that show no motion that anybody would see.
LEAST_CHANGE = 0.01
# Of different people's faces 95 in 100 are less alike than this to the bundled identity network, and ArcFace networks
# are commonly read with a threshold of 0.3 to 0.4: below it the last anchor is no longer the person it started from.
LEAST_IDENTITY = 0.4
# Directions in W+ that have nothing in common have a cosine of 0.00 with a spread of 0.01; this is ten times that.
LEAST_AGREEMENT = 0.1


@dataclass(frozen=True)
class TextFlow:
    """What making a motion from a prompt needs besides the prompt.

    Attributes:
        model: the checkpoints, as names or paths.
        generator: fingerprint of the generator in whose W+ the motion will lie.
        passes: how its rows go through workers, and where progress is told.
    """

    model: ModelSettings
    generator: str
    passes: Passes

    def extract(self, name: str, spec: MotionSpec, motion_path: Path, picture_path: Path) -> None:
        """Make `motion_path`, an image of the anchors and a plot of their losses, from `spec.text`. Ray has to run.

        Raises:
            TextError: the prompt cannot be used, or its anchors do not move at all.
        """
        assert spec.text is not None, "a job's motion without a text goes through MotionFlow"
        texts, seeds = captions(spec.text, spec.anchors.degrees), spec.anchors.seeds
        settings = OptimiseTextAnchorsSettings(self.model, tuple(texts), spec.anchors)
        rows = self.passes.through(
            f"anchors {name}",
            [{"index": index, "seed": seed} for index, seed in enumerate(seeds)],
            self.passes.step(OptimiseTextAnchors, settings),
            row="identity",
            steps=spec.anchors.steps,
        )
        codes, landmarks, identity = (
            torch.tensor(np.stack([row[name] for row in rows])) for name in ("code", "landmarks", "identity")
        )  # (S, D, L, 512), (S, D, 68, 2), (S, D)
        pictures = np.stack([row["rendering"] for row in rows])  # (S, D, P, P, 3)
        losses = np.stack([row["loss"] for row in rows])  # (S, steps, D)
        write_degrees(picture_path, pictures, [degree.strip() for degree in spec.anchors.degrees], seeds)
        write_losses(losses_path(picture_path), losses, seeds)
        for message in concerns(pictures, identity, codes):
            self.passes.events.emit("warning", message=f'"{spec.text}": {message}')
        motion = self.passes.on_driver(f"fit {name}", lambda: self._fitted(codes, landmarks, spec))
        motion.save(motion_path)

    def _fitted(self, codes: torch.Tensor, landmarks: torch.Tensor, spec: MotionSpec) -> Micromotion:
        """The motion that the identities share."""
        try:
            return fit_micromotion(
                average_identities(codes),
                rank=spec.rank,
                energy=spec.energy,
                per_layer=spec.per_layer,
                reject=False,  # every degree was made by us, none can show a hand before the face
                source=str(spec.text),
                generator=self.generator,
                landmarks=landmarks.mean(dim=0),
            )
        except ClipError as error:
            raise TextError(f"no motion came of the prompt: {error}") from error


def concerns(pictures: np.ndarray, identity: torch.Tensor, codes: torch.Tensor) -> list[str]:
    """What looks wrong with text anchors, a sentence each; empty if nothing does.

    Args:
        pictures: (S, D, P, P, 3) uint8.
        identity: (S, D), cosine between each anchor's identity and its start's.
        codes: (S, D, L, 512).
    """
    found = []
    apart = (pictures[:, -1].astype(np.float32) - pictures[:, 0]) / 255
    change = float(np.median(np.sqrt(np.square(apart).mean(axis=(1, 2, 3)))))
    if change < LEAST_CHANGE:
        found.append(
            f"the anchors hardly move: first and last differ by {change:.4f} of the range from black to white, "
            f"and less than {LEAST_CHANGE:g} is not seen. Say it in other words, or raise anchors.steps."
        )
    last = float(identity[:, -1].median())
    if last < LEAST_IDENTITY:
        found.append(
            f"the last anchors have left their identity: their cosine to the start is {last:.2f}, and below "
            f"{LEAST_IDENTITY:g} they are other people. Raise anchors.identity_weight or anchors.distance_weight."
        )
    alike = agreement(codes)
    if alike < LEAST_AGREEMENT:
        found.append(
            f"the identities do not agree on a motion: the cosine between their ways is {alike:.2f}, "
            f"expected at least {LEAST_AGREEMENT:g}. Say it in other words, or name more anchors.seeds."
        )
    return found
