"""Train the bundled landmark network: face-alignment's FAN, one stack, on renders and their true landmarks.

    python -m training.train.landmarks --renders DIR --output DIR --minutes 60 [--wide DIR ...] [--start FILE]
        [--device cuda]

Renders are turned, shifted, scaled, relit, blurred, noised, compressed and covered; features are drawn anew as other
faces and painters have them, and images repainted, so that the network carries over to faces that no renderer made.
`--wide` names renders that `training.scene.wide_faces` made, of which half of each batch is then. `--start` goes on
from an earlier network. The same command resumes a run that was interrupted.
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from training.scene.disguise import disguise
from training.scene.painterly import restyle
from training.train.augmentation import degrade, move, occlude, relight
from training.train.checkpoint import Average, Run, schedule, set_rate, training_options
from training.train.precision import mixed_precision
from training.train.renders import Renders, load_renders
from training.train.sheet import sheet_of
from weights.load_networks import load_landmarks
from weights.networks.fan import LANDMARKS, STRIDE, LandmarkNetwork
from weights.write_checkpoint import save_weights

SETTINGS = {"stacks": 1, "input_size": 128}
SIGMA = 1.0  # of a target heatmap's Gaussian, in heatmap pixels
BATCH = 16
LEARNING_RATE, LATER_RATE = 1.5e-3, 2e-4  # from nothing, and from an earlier network
REPAINTED = 0.7  # share of the faces that are disguised, restyled or both
FEATURES = slice(36, 68)  # eyes and mouth, which move most and are smallest
FEATURE_WEIGHT = 2.0


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
    """Centre and side of the crop that `stages.faces.align.landmark_crop` would cut for a perfectly known face."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float(1.0 * (high - low).sum())


def batch_of(
    faces: Renders, rows: np.ndarray, rng: np.random.Generator, hard: bool, repainted: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Crops (B, 3, S, S) in [0, 1] and their landmarks (B, 68, 2) in crop pixels.

    Args:
        hard: relit, covered and degraded by chance; all are turned, shifted and scaled.
        repainted: share of the faces that are also disguised and restyled.
    """
    crops, landmarks = [], []
    for row in rows:
        centre, side = crop_at_rest(faces.landmarks[row])
        image, points = move(faces.images[row], faces.landmarks[row], rng, SETTINGS["input_size"], centre, side)
        if rng.random() < repainted:
            image = disguise(image, points, rng)
            image = restyle(image, rng)
        if hard:
            image = relight(image, rng) if rng.random() < 0.8 else image
            image = occlude(image, rng) if rng.random() < 0.3 else image
            image = degrade(image, rng)
        crops.append(np.ascontiguousarray(image))
        landmarks.append(points)
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255  # (B, 3, S, S)
    return pixels, torch.from_numpy(np.stack(landmarks))


def measure(
    network: LandmarkNetwork, held_out: Renders, device: str, most: int = 128
) -> tuple[tuple[float, float, float], np.ndarray]:
    """Mean error as a share of the inter-ocular distance on held-out faces as they are, augmented, and repainted too.

    Args:
        most: faces that are looked at, the first ones.
    """
    network.eval()
    errors = []
    for hard, repainted in ((False, 0.0), (True, 0.0), (True, 1.0)):
        rows, rng = np.arange(min(most, len(held_out))), np.random.default_rng(5)
        crops, truth = batch_of(held_out, rows, rng, hard, repainted)
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
    return (errors[0], errors[1], errors[2]), sheet_of(tiles)


def train(
    renders: Sequence[Path],
    output: Path,
    minutes: float,
    device: str,
    batches: int = 1,
    wide: Sequence[Path] = (),
    start: Path | None = None,
) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    sets = [load_renders(*folders).split() for folders in (renders, wide) if folders]
    torch.manual_seed(0)
    # What an earlier network has learnt of its inputs' statistics is kept: batches of few faces would disturb it.
    network = load_landmarks(start) if start else LandmarkNetwork(**SETTINGS).train()
    network = network.requires_grad_(True).to(device)
    averaged = deepcopy(network)
    mean = Average(network, averaged)
    rate = LATER_RATE if start else LEARNING_RATE
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4)
    run = Run(output, minutes, network=network, averaged=averaged, optimizer=optimizer)
    rng = np.random.default_rng(run.step)
    loss = torch.zeros(())
    heatmap_size = SETTINGS["input_size"] // STRIDE
    weight = torch.ones(LANDMARKS, 1, 1, device=device)
    weight[FEATURES] = FEATURE_WEIGHT

    def report() -> None:
        figures: dict[str, float] = {}
        for name, (_, held_out) in zip(("", "wide_"), sets, strict=False):
            errors, sheet = measure(averaged, held_out, device)
            for kind, error in zip(("plain", "hard", "repainted"), errors, strict=True):
                figures[f"{name}{kind}"] = round(error, 4)
        run.log(loss=round(loss.item(), 4), **figures)
        cv2.imwrite(str(output / "sheet.png"), sheet[..., ::-1])
        metadata = {"architecture": "fan", **SETTINGS}
        save_weights(output / "landmarks.safetensors", averaged.network.state_dict(), metadata)

    for share in run.steps(report):
        set_rate(optimizer, rate * schedule(run.step, share, falling=0.8 if start else 0.6))
        each = BATCH * batches // len(sets)
        parts = [batch_of(faces, rng.integers(0, len(faces), each), rng, True, REPAINTED) for faces, _ in sets]
        crops, points = (torch.cat(column) for column in zip(*parts, strict=True))
        with mixed_precision(device):
            heatmaps = network.heatmaps(crops.to(device))[-1]
        target = target_heatmaps(points.to(device) / STRIDE, heatmap_size)
        # A heatmap is nearly all background: weigh its Gaussians so that the flat answer does not win.
        error = (heatmaps.float() - target).square() * (1 + 20 * target) * weight
        loss = error.sum() / (len(crops) * LANDMARKS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update(run.step)


if __name__ == "__main__":
    parser = training_options(__doc__, minutes=60)
    parser.add_argument("--wide", type=Path, nargs="*", default=[], help="renders of training.scene.wide_faces")
    parser.add_argument("--start", type=Path, help="a landmark network to go on from")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    train(
        options.renders,
        options.output,
        options.minutes,
        options.device,
        options.batches,
        options.wide,
        options.start,
    )
