"""A whole job on networks in their published layouts and sizes, with random weights: layout, not likeness."""

import argparse
from pathlib import Path

import pytest
import torch
import yaml

from pipeline.cluster.sizing import Node
from pipeline.job.load import load_job
from pipeline.output.event_log import EventLog
from pipeline.run.run import run_job
from stages.motion.load_micromotion import load_micromotion
from tests.pipeline.material import write_job
from weights.networks.irse import IdentityNetwork
from weights.networks.restyle import BackboneEncoder
from weights.networks.stylegan2 import Generator, ToRGB, published_channels


def write_published(folder: Path) -> dict[str, str]:
    """A generator of 64 px, a ReStyle inverter for it and an identity network, each as its publisher's file is.

    Random landmark networks see no faces: that part stays the bundled one, whose layout is the published one too.
    """
    torch.manual_seed(11)
    generator = Generator(64, channels=published_channels(64, multiplier=1))
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, ToRGB):  # near grey: an inversion that shows nothing like a face is refused
                module.conv.weight.mul_(0.02)
    average = generator.measure_latent_avg(samples=64)
    torch.save({"g_ema": generator.state_dict(), "latent_avg": average}, folder / "generator.pt")
    encoder = BackboneEncoder(generator.num_layers)
    state = {f"decoder.{name}": tensor for name, tensor in generator.state_dict().items()}
    state |= {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    options = argparse.Namespace(encoder_type="BackboneEncoder", output_size=64, input_nc=6)
    content = {"state_dict": state, "latent_avg": average.expand(generator.num_layers, -1).clone(), "opts": options}
    torch.save(content, folder / "inverter.pt")
    torch.save(IdentityNetwork().state_dict(), folder / "identity.pth")
    files = {"generator": "generator.pt", "inverter": "inverter.pt", "identity": "identity.pth"}
    return {part: str(folder / name) for part, name in files.items()} | {"landmarks": "synthface"}


@pytest.mark.slow
def test_a_job_on_published_layouts_runs_to_its_end(tmp_path: Path, ray_nodes: list[Node]) -> None:
    path = write_job(tmp_path)
    job = yaml.safe_load(path.read_text())
    job |= {"model": write_published(tmp_path), "video": {"frames": 3, "measured_frames": 2}}
    path.write_text(yaml.safe_dump(job))
    (tmp_path / "faces.csv").write_text("id,image\nanna,anna.png\n")
    with EventLog() as events:
        summary = run_job(load_job(path, ["cluster.workers=1"]), events)
    assert (summary.done, summary.failed, summary.exit_code) == (1, 0, 0)
    motion = load_micromotion(tmp_path / "out/motion.safetensors")
    assert motion.direction.shape == (10, 512)
    assert (tmp_path / "out/videos/anna.mp4").stat().st_size > 0
