"""Make a trained generator's images crisp: texture in hair and on skin, and edges without a seam of blur.

    python -m training.train.finishing --renders DIR --start generator.safetensors --output DIR --minutes 30
        [--device cuda]

Only the layers from 32 px on learn, and the mapping not at all: codes keep their meaning, and an inverter still fits.
Images are compared with their renders mostly where both are averaged over four pixels, and pixel by pixel on eyes
and mouth; all else is for the discriminator to judge (`training.train.discriminator`). The fixed noise images are
given some strength, for hair to be made of. The same command resumes a run that was interrupted.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from training.train.checkpoint import Average, Run, set_rate, training_options
from training.train.discriminator import Discriminator, discriminator_loss, sharpen_gradient
from training.train.generator import fresh_generator, made_with, measure
from training.train.precision import mixed_precision
from training.train.renders import complete_codes, feature_weights, load_renders
from weights.networks.stylegan2 import Generator
from weights.write_checkpoint import save_weights

BATCH = 8
LEARNING_RATE, JUDGING_RATE = 1.5e-3, 1e-3
SHARE = 2.0  # of the adversarial gradient, in lengths of the paired one
WARM_STEPS = 200  # until that share is reached: a discriminator that has seen nothing has nothing to say
NOISE = 0.03
FIRST_CONVOLUTION, FIRST_RGB = 4, 2  # of those that work at 32 px


def finished_part(generator: Generator) -> nn.ModuleList:
    """The layers that learn."""
    return nn.ModuleList([*generator.convs[FIRST_CONVOLUTION:], *generator.to_rgbs[FIRST_RGB:]])


def coarse_loss(images: Tensor, targets: Tensor, near: Tensor) -> Tensor:
    """L1 on means of 4 × 4 pixels, and a little on single ones; near eyes and mouth more on these, and on 2 × 2.

    Args:
        images, targets: (B, 3, S, S).
        near: (B, 1, S, S), 1 on eyes and mouth, fading to 0.
    """
    error = images - targets
    loss = 2 * F.avg_pool2d(error, 4).abs().mean() + 0.2 * error.abs().mean()
    for size, weight in ((1, 0.1), (2, 0.15)):
        loss = loss + weight * (F.avg_pool2d(error, size).abs() * F.avg_pool2d(near, size)).mean() / near.mean()
    return loss


def train(renders: Sequence[Path], output: Path, minutes: float, start: Path, device: str, batches: int = 1) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    generator = fresh_generator()
    generator.load_state_dict({name: tensor.float() for name, tensor in load_file(start).items()})
    generator.to(device).requires_grad_(False)
    learning = finished_part(generator).requires_grad_(True)
    with torch.no_grad():
        for name, strength in learning.named_parameters():
            if name.endswith("noise.weight") and strength.abs() < NOISE / 5:
                strength.fill_(NOISE)
    averaged = copy.deepcopy(generator)
    average = Average(generator, averaged)
    optimizer = torch.optim.Adam(learning.parameters(), lr=LEARNING_RATE, betas=(0.0, 0.99))
    discriminator = Discriminator().to(device)
    judging = torch.optim.Adam(discriminator.parameters(), lr=JUDGING_RATE, betas=(0.0, 0.99))
    parts: dict[str, nn.Module | torch.optim.Optimizer] = {"discriminator": discriminator, "judging": judging}
    run = Run(output, minutes, generator=generator, average=averaged, optimizer=optimizer, **parts)
    rng = np.random.default_rng(run.step)

    def report() -> None:
        whole, detail, sheet = measure(averaged, held_out, generator.resolution, device)
        run.log(psnr=round(whole, 2), psnr_eyes_mouth=round(detail, 2))
        cv2.imwrite(str(output / "sheet.png"), sheet[..., ::-1])
        save_weights(output / "generator.safetensors", averaged.state_dict(), made_with())

    for share in run.steps(report):
        rate = max(0.05, min(1.0, 2 * (1 - share))) * min(1.0, (run.step + 1) / 50)
        set_rate(optimizer, LEARNING_RATE * rate)
        rows = rng.integers(0, len(faces), BATCH * batches)
        targets = faces.pixels(rows).to(device)
        near = feature_weights(faces.landmarks[rows], generator.resolution, weight=2.0).to(device) - 1
        with mixed_precision(device):
            images = generator.synthesize(generator.map(complete_codes(faces.codes[rows], rng).to(device)))
        images = images.float()
        paired = coarse_loss(images, targets, near)
        with mixed_precision(device):
            pull = SHARE * min(1.0, run.step / WARM_STEPS)
            gradient = sharpen_gradient(discriminator, images, targets, paired, pull)
        optimizer.zero_grad()
        images.backward(gradient)
        optimizer.step()
        average.update(run.step)
        with mixed_precision(device):
            judged = discriminator_loss(discriminator, targets, images.detach(), run.step)
        judging.zero_grad()
        judged.backward()
        judging.step()


if __name__ == "__main__":
    parser = training_options(__doc__, minutes=30)
    parser.add_argument("--start", type=Path, required=True, help="the generator to finish")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(options.renders, options.output, options.minutes, options.start, options.device, options.batches)
