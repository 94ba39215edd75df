"""Making a generator's images crisp without changing what its codes mean."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tests.training.material import write_renders
from training.train.finishing import coarse_loss, finished_part, train
from training.train.generator import fresh_generator
from training.train.renders import complete_codes
from weights.load_networks import load_generator


def test_codes_mean_afterwards_what_they_meant_before(tmp_path: Path, repository: Path) -> None:
    renders = write_renders(tmp_path / "renders")
    train([renders], tmp_path / "out", 0.05, repository / "weights/bundled/generator.safetensors", "cpu")
    before = load_generator(repository / "weights/bundled/generator.safetensors")
    after = load_generator(tmp_path / "out/generator.safetensors")
    codes = complete_codes(np.zeros((1, 64), np.float32), np.random.default_rng(0))
    with torch.no_grad():
        assert torch.equal(after.map(codes), before.map(codes))
        assert torch.equal(after.synthesize(after.map(codes), 16), before.synthesize(before.map(codes), 16))
        assert not torch.equal(after.synthesize(after.map(codes)), before.synthesize(before.map(codes)))


def test_only_layers_from_32_px_on_learn() -> None:
    generator = fresh_generator()
    learning = {id(parameter) for parameter in finished_part(generator).parameters()}
    still = [name for name, parameter in generator.named_parameters() if id(parameter) not in learning]
    assert {name.split(".")[0] for name in still} == {"style", "input", "conv1", "to_rgb1", "convs", "to_rgbs"}
    assert sorted({name[:8] for name in still if name.startswith("convs")}) == [f"convs.{index}." for index in range(4)]
    assert sorted({name[:9] for name in still if name.startswith("to_rgbs")}) == ["to_rgbs.0", "to_rgbs.1"]


def test_texture_costs_little_where_no_eye_and_no_mouth_is() -> None:
    torch.manual_seed(0)
    target = torch.zeros(2, 3, 64, 64)
    noise = torch.randn(2, 3, 64, 64)
    texture = noise - F.interpolate(F.avg_pool2d(noise, 4), scale_factor=4)  # its mean over 4 × 4 pixels is 0
    near = torch.zeros(2, 1, 64, 64)
    near[:, :, 16:32, 16:32] = 1
    away = texture * (1 - near)
    assert coarse_loss(target, target, near) == 0
    assert coarse_loss(target + 0.1 * away, target, near) < 0.03
    # A shift in colour of the same size, and the same texture on the eyes, by pixel.
    assert coarse_loss(target + 0.1 * (1 - near), target, near) > 0.15
    pixels = near.mean()
    assert coarse_loss(target + 0.1 * texture * near, target, near) / pixels > 0.1
