"""The first flow, from a prompt to its micromotion.

Each anchor identity is a row: a worker leads it to all degrees of the prompt at once. The driver fits them jointly,
draws them, and says what looks wrong before any video is made.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipeline.engine.passes import Passes
from pipeline.job.motion_spec import MotionSpec
from pipeline.output.redacted_files import write_motion
from pipeline.report.anchor_sheets import losses_path, write_degrees, write_losses
from stages.fit_prompt import find_concerns, fit_identities
from stages.models import ModelSettings
from stages.motion.prompts import captions
from stages.text_anchors import OptimiseTextAnchors, OptimiseTextAnchorsSettings


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
        prompt = spec.text
        texts, seeds = captions(prompt, spec.anchors.degrees), spec.anchors.seeds
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
        for message in find_concerns(pictures, identity, codes):
            self.passes.events.emit("warning", message=f'"{prompt}": {message}')
        motion = self.passes.on_driver(
            f"fit {name}",
            lambda: fit_identities(
                codes,
                landmarks,
                prompt,
                self.generator,
                rank=spec.rank,
                energy=spec.energy,
                per_layer=spec.per_layer,
            ),
        )
        write_motion(motion_path, motion)
