"""Train the bundled generator: a code and its render, in pairs.

    python -m training.train.generator --renders DIR --output DIR --minutes 60 [--start FILE] [--device cuda]
        [--identity FILE --landmarks FILE]

A code *is* a face here (`training.scene.face_code`), so the loss compares images directly. What matters most,
measured on one CPU core: growing 16 → 32 → 64 → 128 px within one run, small initial tRGB and affine weights, two
mapping layers at the full learning rate, and eyes and mouth weighted six times. The same command resumes a run that
was interrupted; `--start` begins from an earlier generator, widened without changing its images (half of what a
generator gets wrong is wider than four pixels and learnt six times faster at 32 px: `--grow-from`); with
`--keep-mapping` codes keep their meaning, so that an inverter can train beside it; with `--identity` and `--landmarks`
the family's own networks ask for the features that they see (`training.train.features`). What comes out is right and
soft; `training.train.finishing` makes it crisp.
"""

import copy
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from training.train.checkpoint import Average, Run, set_rate, training_options
from training.train.features import FeatureLoss
from training.train.precision import mixed_precision
from training.train.renders import FACE_ENTRIES, Renders, complete_codes, feature_weights, load_renders
from training.train.sheet import sheet_of
from training.train.widening import widen
from weights.load_networks import load_identity, load_landmarks
from weights.networks.stylegan2 import EqualLinear, Generator, ToRGB
from weights.write_checkpoint import save_weights

CHANNELS = {4: 256, 8: 256, 16: 256, 32: 128, 64: 64, 128: 32}
SETTINGS = {"mapping_layers": 2, "mapping_lr": 1.0}
Stage = tuple[int, float, int]
# Resolution, the share of the run's time after which it ends, batch.
GROWTH: tuple[Stage, ...] = ((16, 0.06, 32), (32, 0.22, 24), (64, 0.52, 16), (128, 1.0, 8))
LEARNING_RATE = 4e-3
FEATURE_WEIGHT = 0.1


def fresh_generator() -> Generator:
    """A generator at the start of its training."""
    generator = Generator(128, channels=CHANNELS, **SETTINGS)  # type: ignore[arg-type]
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, ToRGB):
                module.conv.weight.mul_(0.05)  # start near grey: a loud start is unlearnt for minutes
        for name, module in generator.named_modules():
            if isinstance(module, EqualLinear) and name.endswith("modulation"):
                module.weight.mul_(0.35)
        first_mapping_weight(generator)[:, FACE_ENTRIES:] = 0
    return generator


def made_with() -> dict[str, object]:
    """What a file says of the generator in it."""
    return {"architecture": "stylegan2", "resolution": 128, "channels": CHANNELS, **SETTINGS}


def first_mapping_weight(generator: Generator) -> Tensor:
    """(512, 512): its columns from `FACE_ENTRIES` on read the entries that change no face."""
    return generator.get_parameter("style.1.weight")


def paired_loss(images: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """L1 on pixels, on gradients (which keeps edges) and at two coarser scales (which keeps colours).

    Args:
        images, targets: (B, 3, S, S).
        weights: (B, 1, S, S), how much each pixel counts.
    """
    error = images - targets
    loss = (error.abs() * weights).mean()
    down = ((error[..., 1:, :] - error[..., :-1, :]).abs() * weights[..., 1:, :]).mean()
    across = ((error[..., 1:] - error[..., :-1]).abs() * weights[..., 1:]).mean()
    loss = loss + 0.5 * (down + across)
    for scale in (2, 4):
        loss = loss + 0.4 * (F.avg_pool2d(error, scale).abs() * F.avg_pool2d(weights, scale)).mean()
    return loss / weights.mean()


def shrunk(images: Tensor, size: int) -> Tensor:
    """(B, C, S, S) averaged down to (B, C, size, size)."""
    return images if images.shape[-1] == size else F.avg_pool2d(images, images.shape[-1] // size)


@torch.no_grad()
def measure(generator: Generator, held_out: Renders, resolution: int, device: str) -> tuple[float, float, np.ndarray]:
    """PSNR in dB over whole images and over eyes and mouth, and a sheet of targets beside outputs."""
    rows = np.arange(192)[: len(held_out)]
    codes = complete_codes(held_out.codes[rows], np.random.default_rng(1)).to(device)
    made = [generator.synthesize(generator.map(part), resolution).cpu() for part in codes.split(32)]
    images = torch.cat(made).clamp(-1, 1)
    targets = shrunk(held_out.pixels(rows), resolution)
    weights = shrunk(feature_weights(held_out.landmarks[rows], 128), resolution)
    squared = (images - targets).square()
    features = (weights > 3).float().expand_as(squared)
    whole = 10 * math.log10(4 / squared.mean().item())
    detail = 10 * math.log10(4 / (squared * features).sum().div(features.sum()).item())
    pairs = ((torch.cat([targets, images], dim=3)[:32] + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    sheet = sheet_of(pairs)
    return whole, detail, sheet


def train(
    renders: Sequence[Path],
    output: Path,
    minutes: float,
    start: Path | None,
    device: str,
    grow_from: int = GROWTH[0][0],
    keep_mapping: bool = False,
    batches: int = 1,
    judges: tuple[Path, Path] | None = None,
) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped.

    Args:
        judges: files of the identity and the landmark network, for the feature loss.
    """
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    generator = fresh_generator()
    if start:
        generator.load_state_dict(widen(load_file(start), generator.state_dict()))
    generator.to(device)
    averaged = copy.deepcopy(generator)
    average = Average(generator, averaged)
    optimizer = torch.optim.Adam(generator.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99))
    features = FeatureLoss(load_identity(judges[0], device), load_landmarks(judges[1], device)) if judges else None
    run = Run(output, minutes, generator=generator, average=averaged, optimizer=optimizer)
    if keep_mapping:
        generator.style.load_state_dict(averaged.style.state_dict())
        generator.style.requires_grad_(False)
    rng = np.random.default_rng(run.step)
    plan = growth_from(grow_from)

    def report() -> None:
        whole, detail, sheet = measure(averaged, held_out, stage_at(plan, run.share)[0], device)
        run.log(resolution=stage_at(plan, run.share)[0], psnr=round(whole, 2), psnr_eyes_mouth=round(detail, 2))
        cv2.imwrite(str(output / "sheet.png"), sheet[..., ::-1])
        save_weights(output / "generator.safetensors", averaged.state_dict(), made_with())

    for share in run.steps(report):
        resolution, within, batch = stage_at(plan, share)
        last = resolution == plan[-1][0]
        decay = max(0.03, min(1.0, (1 - within) / 0.75)) if last else 1 - 0.5 * within
        set_rate(optimizer, LEARNING_RATE * min(1.0, (run.step + 5) / 60) * decay * (0.7 if last else 1.0))
        rows = rng.integers(0, len(faces), batch * batches)
        codes = complete_codes(faces.codes[rows], rng).to(device)
        targets = shrunk(faces.pixels(rows).to(device), resolution)
        weights = shrunk(feature_weights(faces.landmarks[rows], 128).to(device), resolution)
        with mixed_precision(device):
            images = generator.synthesize(generator.map(codes), resolution)
        images = images.float()
        loss = paired_loss(images, targets, weights)
        if features and last:
            with mixed_precision(device):
                loss = loss + FEATURE_WEIGHT * features(images, targets)
        optimizer.zero_grad()
        loss.backward()
        if not keep_mapping:
            gradient = first_mapping_weight(generator).grad
            assert gradient is not None
            gradient[:, FACE_ENTRIES:] = 0  # free entries must stay free, or they drift
        optimizer.step()
        average.update(run.step)


def growth_from(resolution: int) -> tuple[Stage, ...]:
    """`GROWTH` without the stages below a resolution, the others' shares stretched over the whole run."""
    skipped = max((end for size, end, _ in GROWTH if size < resolution), default=0.0)
    return tuple((size, (end - skipped) / (1 - skipped), batch) for size, end, batch in GROWTH if size >= resolution)


def stage_at(plan: Sequence[Stage], share: float) -> tuple[int, float, int]:
    """Resolution, share within the stage, and batch, at a share of the run."""
    begin = 0.0
    for resolution, end, batch in plan:
        if share < end:
            return resolution, (share - begin) / (end - begin), batch
        begin = end
    return plan[-1][0], 1.0, plan[-1][2]


if __name__ == "__main__":
    parser = training_options(__doc__, minutes=60)
    parser.add_argument("--start", type=Path, help="a generator to go on from")
    parser.add_argument(
        "--grow-from",
        type=int,
        choices=[stage[0] for stage in GROWTH],
        default=GROWTH[0][0],
        help="px of the first stage: 128 for a start that needs no more than its last touch",
    )
    parser.add_argument("--keep-mapping", action="store_true", help="leave the mapping network as it is")
    parser.add_argument("--identity", type=Path, help="an identity network, for the feature loss")
    parser.add_argument("--landmarks", type=Path, help="a landmark network, for the feature loss")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(
        options.renders,
        options.output,
        options.minutes,
        options.start,
        options.device,
        options.grow_from,
        options.keep_mapping,
        options.batches,
        (options.identity, options.landmarks) if options.identity and options.landmarks else None,
    )
