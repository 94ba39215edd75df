"""From a prompt to its micromotion.

Each anchor identity is a row: a worker leads it to all degrees of the prompt at once. The driver fits them jointly,
draws them, and says what looks wrong before any video is made.
"""

from pathlib import Path

import numpy as np
import torch

from pipeline.engine.passes import Passes
from pipeline.job.model import Model
from pipeline.job.motion_spec import MotionSpec
from pipeline.report.anchor_sheets import losses_path, write_degrees, write_losses
from stages.fit_prompt import find_concerns, fit_identities
from stages.models import ModelSettings
from stages.motion.micromotion import Micromotion
from stages.motion.prompts import captions
from stages.text_anchors import OptimiseTextAnchors, OptimiseTextAnchorsSettings


def extract_from_prompt(passes: Passes, name: str, spec: MotionSpec, model: Model, picture: Path) -> Micromotion:
    """The motion that a prompt names, an image of its anchors, and beside it a plot of their losses. Ray has to run.

    Args:
        passes: how rows go through workers, and where progress is reported.
        name: of the motion.
        spec: its prompt, and how it is fitted.
        model: found and checked; the motion lies in its generator's W+.
        picture: a PNG file.

    Raises:
        TextError: the prompt cannot be used, or its anchors do not move at all.
    """
    assert spec.text is not None, "a clip goes through extract_from_clip"
    prompt = spec.text
    texts, seeds = captions(prompt, spec.anchors.degrees), spec.anchors.seeds
    networks = ModelSettings(model.files, model.detector, passes.pool.device)
    settings = OptimiseTextAnchorsSettings(networks, tuple(texts), spec.anchors)
    rows = passes.through(
        f"anchors {name}",
        [{"index": index, "seed": seed} for index, seed in enumerate(seeds)],
        OptimiseTextAnchors,
        settings,
        row="identity",
        steps=spec.anchors.steps,
    )
    codes, landmarks, identity = (
        torch.tensor(np.stack([row[name] for row in rows])) for name in ("code", "landmarks", "identity")
    )  # (S, D, L, 512), (S, D, 68, 2), (S, D)
    pictures = np.stack([row["rendering"] for row in rows])  # (S, D, P, P, 3)
    losses = np.stack([row["loss"] for row in rows])  # (S, steps, D)
    write_degrees(picture, pictures, [degree.strip() for degree in spec.anchors.degrees], seeds)
    write_losses(losses_path(picture), losses, seeds)
    for message in find_concerns(pictures, identity, codes):
        passes.events.emit("warning", message=f'"{prompt}": {message}')
    return passes.on_driver(
        f"fit {name}",
        lambda: fit_identities(
            codes,
            landmarks,
            prompt,
            model.generator,
            rank=spec.rank,
            energy=spec.energy,
            per_layer=spec.per_layer,
        ),
    )
