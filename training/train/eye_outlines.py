"""Train the bundled network that outlines eyes, on renders and their true landmarks.

    python -m training.train.eye_outlines --renders DIR [DIR ...] --output DIR --minutes 60 [--device cuda]

Eyes are cut out of faces that are disguised, repainted, relit and degraded as in the landmark network's training, as
far off and as much too large or small as that network is on faces that it does not know. Renders of 256 px and more
(`training.scene.wide_faces --size 384`) show eyes as large as they are looked at. The same command resumes a run that
was interrupted.
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor

from stages.picture.head.eye_crops import SIDES, cut_eye
from training.scene.disguise import disguise
from training.scene.painterly import restyle
from training.train.augmentation import degrade, occlude, relight
from training.train.checkpoint import Average, Run, schedule, set_rate, training_options
from training.train.renders import Renders, load_renders
from training.train.sheet import sheet_of
from weights.eight_bits import rounded
from weights.networks.eye_outline import INPUT_SIZE, EyeOutlines, located
from weights.write_checkpoint import save_weights

WIDTHS = (16, 32, 48, 64)
DRAWN_SIZE = 256  # pixels of a face while it is disguised
FACES, LOOKS = 8, 3  # of a batch: faces, and how often each eye of them is looked at
LEARNING_RATE = 3e-3
DISGUISED, RESTYLED = 0.75, 0.55  # shares
# How far off an eye is cut out: standard deviations in half widths of the eye, the logarithm of its width, radians.
OFF, WIDER, LEANT = (0.3, 0.22), 0.2, 0.12
SIGMA = 1.0  # of a target's Gaussian, heatmap pixels
PLACE_WEIGHT = 0.05  # of the error in pixels, beside the cross entropy of the heatmaps


def examples(faces: Renders, row: int, rng: Generator, looks: int = LOOKS) -> list[tuple[np.ndarray, np.ndarray]]:
    """Crops (64, 64, 3) uint8 of both eyes of one face, each with its landmarks (6, 2) in pixels of the crop."""
    scale = DRAWN_SIZE / faces.images.shape[1]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(faces.images[row], (DRAWN_SIZE, DRAWN_SIZE), interpolation=way)
    points = faces.landmarks[row] * scale
    if rng.random() < DISGUISED:
        image = disguise(image, points, rng)
    made = []
    for side in SIDES:
        eye = points[list(side.landmarks)].astype(np.float64)
        for _ in range(looks):
            crop = cut_eye(image, misjudged(eye, rng), side)
            shown = np.ascontiguousarray(crop.image)
            shown = restyle(shown, rng) if rng.random() < RESTYLED else shown
            shown = relight(shown, rng) if rng.random() < 0.7 else shown
            shown = occlude(shown, rng) if rng.random() < 0.1 else shown
            made.append((np.ascontiguousarray(degrade(shown, rng)), crop.into(eye)))
    return made


def misjudged(eye: np.ndarray, rng: Generator) -> np.ndarray:
    """An eye's landmarks (6, 2), all moved, turned and grown as one."""
    middle, along = (eye[0] + eye[3]) / 2, (eye[3] - eye[0]) / 2
    across = np.array([-along[1], along[0]])
    turn, size = rng.normal(0, LEANT), np.exp(rng.normal(0, WIDER))
    cos, sin = size * np.cos(turn), size * np.sin(turn)
    moved = middle + rng.normal(0, OFF[0]) * along + rng.normal(0, OFF[1]) * across
    found: np.ndarray = (eye - middle) @ np.array([[cos, sin], [-sin, cos]]) + moved
    return found


def batch_of(sets: Sequence[Renders], faces: int, rng: Generator, looks: int = LOOKS) -> tuple[Tensor, Tensor]:
    """Crops (B, 3, 64, 64) in [0, 1] and their landmarks (B, 6, 2) in crop pixels, of so many faces."""
    made = []
    for number in range(faces):
        chosen = sets[number % len(sets)]
        made += examples(chosen, int(rng.integers(len(chosen))), rng, looks)
    crops, points = (np.stack(column) for column in zip(*made, strict=True))
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(points).float()


def loss_of(logits: Tensor, points: Tensor) -> Tensor:
    """Cross entropy of heatmaps (B, 6, S, S) against Gaussians at the landmarks (B, 6, 2), and the landmarks' error."""
    size = logits.shape[-1]
    at = torch.arange(size, device=logits.device) + 0.5
    place = points * (size / INPUT_SIZE)
    across = torch.exp(-(at - place[..., :1]).square() / (2 * SIGMA**2))  # (B, 6, W)
    down = torch.exp(-(at - place[..., 1:]).square() / (2 * SIGMA**2))  # (B, 6, H)
    target = (down[..., :, None] * across[..., None, :]).flatten(2)
    within = ((place > 0) & (place < size)).all(dim=2).float()  # (B, 6)
    target = target / target.sum(dim=2, keepdim=True).clamp(min=1e-6)
    entropy = -(target * logits.flatten(2).log_softmax(dim=2)).sum(dim=2)
    apart = F.smooth_l1_loss(located(logits)[..., :2], points, reduction="none").sum(dim=2)
    return ((entropy + PLACE_WEIGHT * apart) * within).sum() / within.sum().clamp(min=1)


@torch.no_grad()
def measure(network: EyeOutlines, crops: Tensor, points: Tensor) -> float:
    """Mean error of a landmark, as a share of the eye's width."""
    network.eval()
    found = torch.cat([network.compute(part) for part in crops.split(64)])[..., :2]
    network.train()
    width = (points[:, 3] - points[:, 0]).norm(dim=1)
    return ((found - points).norm(dim=2).mean(dim=1) / width).mean().item()


def train(renders: Sequence[Path], output: Path, minutes: float, device: str, batches: int = 1) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    splits = [load_renders(folder).split() for folder in renders]
    sets, held_out = [first for first, _ in splits], [last for _, last in splits]
    asked, truth = batch_of(held_out, 128, np.random.default_rng(5), looks=1)
    torch.manual_seed(0)
    network = EyeOutlines(WIDTHS).to(device)
    averaged = deepcopy(network)
    mean = Average(network, averaged)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    run = Run(output, minutes, network=network, averaged=averaged, optimizer=optimizer)
    rng = np.random.default_rng((run.step, 1))
    loss = torch.zeros(())

    def report() -> None:
        run.log(loss=round(loss.item(), 4), error=round(measure(averaged, asked.to(device), truth.to(device)), 4))
        cv2.imwrite(str(output / "sheet.png"), _sheet(averaged, asked[:64].to(device))[..., ::-1])
        metadata = {"architecture": "eye_outlines", "widths": WIDTHS}
        save_weights(output / "eye_outlines.safetensors", rounded(averaged.state_dict()), metadata)

    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.6))
        crops, points = batch_of(sets, FACES * batches, rng)
        loss = loss_of(network(crops.to(device)), points.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update(run.step)


@torch.no_grad()
def _sheet(network: EyeOutlines, crops: Tensor) -> np.ndarray:
    """Crops with the outlines found in them."""
    found = network.eval().compute(crops)[..., :2].cpu().numpy() * 2
    network.train()
    tiles = []
    for crop, points in zip((crops * 255).byte().permute(0, 2, 3, 1).cpu().numpy(), found, strict=True):
        tile = cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        cv2.polylines(tile, [np.round(points).astype(np.int32)], True, (0, 255, 0), 1, cv2.LINE_AA)
        tiles.append(tile)
    return sheet_of(tiles)


if __name__ == "__main__":
    options = training_options(__doc__, minutes=60).parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    train(options.renders, options.output, options.minutes, options.device, options.batches)
