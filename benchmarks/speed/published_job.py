"""A job on a generator and an inverter of published sizes: random weights, whose arithmetic costs what theirs does."""

import math
from pathlib import Path

import torch
import yaml

from benchmarks.models.demo_motions import DEMO
from stages.motion.micromotion import Micromotion
from weights.import_checkpoint import to_stored
from weights.networks.restyle import BackboneEncoder, Inverter
from weights.networks.stylegan2 import Generator, ToRGB
from weights.write_checkpoint import save_weights

GREY = 0.02  # of the usual colours: an inversion that shows nothing like a face is refused, and grey shows one a little
REACH = 0.05  # of a motion, per value of a code


def write_published_job(folder: Path, resolution: int, frames: int = 60) -> Path:
    """A job that moves the demo faces by a motion that stands beside it.

    Args:
        folder: where all of it goes.
        resolution: of the generator, px.
        frames: of each video, there and back.

    Returns:
        The job file.
    """
    torch.manual_seed(0)
    generator = Generator(resolution)
    with torch.no_grad():
        for layer in generator.modules():
            if isinstance(layer, ToRGB):
                layer.conv.weight.mul_(GREY)
    generator.measure_latent_avg(samples=64)
    inverter = Inverter(
        BackboneEncoder(generator.num_layers), generator, generator.latent_avg.expand(generator.num_layers, -1).clone()
    )
    for name, network in (("generator", generator), ("inverter", inverter)):
        save_weights(folder / f"{name}.safetensors", *to_stored(network), half=False)
    _motion(generator).save(folder / "motion.safetensors")
    job = {
        "name": f"published-{resolution}",
        "model": {"generator": "generator.safetensors", "inverter": "inverter.safetensors"},
        "motion": {"file": "motion.safetensors"},
        "manifest": str(DEMO.parents[2] / "manifests/demo.parquet"),
        "video": {"frames": frames, "fps": 30, "path": "pingpong", "pixels": "generator"},
        "output": "out",
    }
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump(job), encoding="utf-8")
    return path


def _motion(generator: Generator) -> Micromotion:
    """Any motion of a generator: what it costs does not depend on what it shows."""
    direction = REACH * torch.randn(generator.num_layers, generator.style_dim)
    basis = (direction / direction.norm())[None]
    return Micromotion(
        direction=direction,
        basis=basis,
        coefficients=torch.linspace(0, 1, 8)[:, None] * direction.norm(),
        neutral=torch.zeros_like(direction),
        source="random",
        generator=generator.fingerprint,
        explained=1.0,
        fps=0.0,
        reach=math.nan,
    )
