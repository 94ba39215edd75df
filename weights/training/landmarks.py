"""Train the bundled landmark network: face-alignment's FAN, one stack, on renders and their true landmarks.

    python -m weights.training.landmarks --renders DIR --output DIR --minutes 60 [--device cuda]

Renders are turned, shifted, scaled, relit, blurred, noised, compressed and covered, so that the network carries over
to faces that no renderer made. The same command resumes a run that was interrupted.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.networks.fan import LANDMARKS, STRIDE, LandmarkNetwork
from weights.saving import save_weights
from weights.training.augmentation import degraded, moved, occluded, relit
from weights.training.checkpoint import Run, schedule, set_rate, training_options
from weights.training.precision import mixed_precision
from weights.training.renders import Renders, load_renders
from weights.training.sheet import sheet_of

SETTINGS = {"stacks": 1, "input_size": 128}
SIGMA = 1.0  # of a target heatmap's Gaussian, in heatmap pixels
BATCH = 16
LEARNING_RATE = 1.5e-3


def target_heatmaps(points: Tensor, size: int) -> Tensor:
    """Gaussians of height 1 at the landmarks' exact places.

    Args:
        points: (B, 68, 2) in heatmap pixels, pixel centres at .5.

    Returns:
        (B, 68, size, size) float32.
    """
    at = torch.arange(size, device=points.device) + 0.5
    across = torch.exp(-(at - points[..., :1]).square() / (2 * SIGMA**2))  # (B, 68, W)
    down = torch.exp(-(at - points[..., 1:]).square() / (2 * SIGMA**2))  # (B, 68, H)
    return down[..., :, None] * across[..., None, :]  # (B, 68, H, W)


def crop_at_rest(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and side of the crop that `stages.align.landmark_crop` would cut for a perfectly known face."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float(1.0 * (high - low).sum())


def batch_of(faces: Renders, rows: np.ndarray, rng: np.random.Generator, hard: bool) -> tuple[Tensor, Tensor]:
    """Augmented crops (B, 3, S, S) in [0, 1] and their landmarks (B, 68, 2) in crop pixels."""
    crops, landmarks = [], []
    for row in rows:
        centre, side = crop_at_rest(faces.landmarks[row])
        image, points = moved(faces.images[row], faces.landmarks[row], rng, SETTINGS["input_size"], centre, side)
        if hard:
            image = relit(image, rng) if rng.random() < 0.8 else image
            image = occluded(image, rng) if rng.random() < 0.3 else image
            image = degraded(image, rng)
        crops.append(np.ascontiguousarray(image))
        landmarks.append(points)
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255  # (B, 3, S, S)
    return pixels, torch.from_numpy(np.stack(landmarks))


def measure(
    network: LandmarkNetwork, held_out: Renders, device: str, most: int = 128
) -> tuple[float, float, np.ndarray]:
    """Mean error as a share of the inter-ocular distance, on plain and on augmented held-out faces, and a sheet.

    Args:
        most: faces that are looked at, the first ones.
    """
    network.eval()
    errors = []
    for hard in (False, True):
        crops, truth = batch_of(held_out, np.arange(min(most, len(held_out))), np.random.default_rng(5), hard)
        found = torch.cat([network.locate(part.to(device))[0].cpu() for part in crops.split(32)])
        between_eyes = (truth[:, 36] - truth[:, 45]).norm(dim=1)
        errors.append(((found - truth).norm(dim=2).mean(dim=1) / between_eyes).mean().item())
    network.train()
    tiles = []
    for crop, points in zip(crops[:24], found[:24], strict=True):
        tile = np.ascontiguousarray((crop * 255).byte().permute(1, 2, 0).numpy())
        tile = cv2.resize(tile, (256, 256))
        for x, y in points.numpy() * 256 / SETTINGS["input_size"]:
            cv2.circle(tile, (int(x), int(y)), 2, (0, 255, 0), -1)
        tiles.append(tile)
    sheet = sheet_of(tiles)
    return errors[0], errors[1], sheet


def train(renders: Sequence[Path], output: Path, minutes: float, device: str, batches: int = 1) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    network = LandmarkNetwork(**SETTINGS).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    run = Run(output, minutes, network=network, optimizer=optimizer)
    rng = np.random.default_rng(run.step)
    loss = torch.zeros(())
    heatmap_size = SETTINGS["input_size"] // STRIDE

    def report() -> None:
        plain, hard, sheet = measure(network, held_out, device)
        run.log(loss=round(loss.item(), 4), error=round(plain, 4), error_augmented=round(hard, 4))
        cv2.imwrite(str(output / "sheet.png"), sheet[..., ::-1])
        metadata = {"architecture": "fan", **SETTINGS}
        save_weights(output / "landmarks.safetensors", network.network.state_dict(), metadata)

    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.6))
        crops, points = batch_of(faces, rng.integers(0, len(faces), BATCH * batches), rng, hard=True)
        with mixed_precision(device):
            heatmaps = network.heatmaps(crops.to(device))[-1]
        target = target_heatmaps(points.to(device) / STRIDE, heatmap_size)
        # A heatmap is nearly all background: weigh its Gaussians so that the flat answer does not win.
        loss = ((heatmaps.float() - target).square() * (1 + 20 * target)).sum() / (len(crops) * LANDMARKS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    options = training_options(__doc__, minutes=60).parse_args()
    torch.set_num_threads(options.threads)
    train(options.renders, options.output, options.minutes, options.device, options.batches)
