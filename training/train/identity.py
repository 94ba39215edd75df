"""Train the bundled identity network: an IR-SE that reads who a rendered face is, whatever it does.

    python -m training.train.identity --renders DIR --output DIR --minutes 25 [--device cuda]

Renders come with the truth, so no classes are needed: the network learns to place a face where its identity stands,
a fixed random rotation of the code's identity entries (shape, skin, eyes) into 512 dimensions. Expression, pose,
hair, age and light are drawn independently of them, hence ignored. Cosines between embeddings then mean what they
mean for ArcFace, near 1 for one person and near 0 for two.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.quality.metrics import identity_crop
from training.train.augmentation import degrade, move
from training.train.checkpoint import Run, schedule, set_rate, training_options
from training.train.precision import mixed_precision
from training.train.renders import Renders, load_renders
from weights.networks.irse import Body, IdentityNetwork
from weights.write_checkpoint import save_weights

BODY = {"stem": 24, "widths": [24, 48, 96, 160], "units": [1, 2, 2, 2]}
# Which entries of a code are the person: 25 shape modes, skin (2), iris, sex. The later shape modes hardly show.
ENTRIES = np.array([*range(25), 35, 36, 39, 40])
VISIBILITY = np.concatenate([np.linspace(1.2, 0.5, 25), [1.3, 0.6, 0.5, 0.8]]).astype(np.float32)
BATCH = 32
LEARNING_RATE = 2e-3


def true_embeddings(codes: np.ndarray) -> Tensor:
    """Where identities stand: (B, 64) code entries -> (B, 512) unit vectors, orthogonal for unrelated people."""
    rotation = np.linalg.qr(np.random.default_rng(11).standard_normal((512, len(ENTRIES))))[0].astype(np.float32)
    return F.normalize(torch.from_numpy((codes[:, ENTRIES] * VISIBILITY) @ rotation.T))  # (B, 512)


def crops_of(faces: Renders, rows: np.ndarray, rng: np.random.Generator | None) -> Tensor:
    """(B, 3, 112, 112) in [-1, 1], augmented when a generator of random numbers is given."""
    images = []
    for row in rows:
        image, size = faces.images[row], faces.images.shape[1]
        if rng is not None:
            middle = np.full(2, size / 2)
            image, _ = move(
                image, np.zeros((0, 2)), rng, size, middle, size, turn=4, zoom=(0.95, 1.05), shift=0.02, mirror=False
            )
            image = degrade(image, rng)
            gain = rng.uniform(0.9, 1.1, 3)
            image = (image * gain).clip(0, 255).astype(np.uint8)
        images.append(np.ascontiguousarray(image))
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1  # (B, 3, S, S)
    return identity_crop(F.interpolate(pixels, size=(256, 256), mode="bilinear", antialias=True))


@torch.inference_mode()
def measure(network: IdentityNetwork, held_out: Renders, device: str) -> float:
    """Mean cosine between found and true embeddings of faces of unseen people."""
    network.eval()
    rows = np.arange(256)[: len(held_out)]
    found = torch.cat(
        [network.embed(part.to(device)).cpu() for part in crops_of(held_out, rows, rng=None).split(64)]
    )  # (256, 512)
    network.train()
    return (found * true_embeddings(held_out.codes[rows])).sum(dim=1).mean().item()


def train(renders: Sequence[Path], output: Path, minutes: float, device: str, batches: int = 1) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    network = IdentityNetwork(Body(**BODY)).to(device)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    run = Run(output, minutes, network=network, optimizer=optimizer)
    rng = np.random.default_rng(run.step)
    loss = torch.zeros(())

    def report() -> None:
        run.log(loss=round(loss.item(), 4), cosine=round(measure(network, held_out, device), 4))
        save_weights(output / "identity.safetensors", network.state_dict(), {"architecture": "irse", "body": BODY})

    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.7))
        rows = rng.integers(0, len(faces), BATCH * batches)
        crops, truth = crops_of(faces, rows, rng).to(device), true_embeddings(faces.codes[rows]).to(device)
        with mixed_precision(device):
            found = network.embed(crops)
        loss = 1 - (found.float() * truth).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    options = training_options(__doc__, minutes=25).parse_args()
    torch.set_num_threads(options.threads)
    train(options.renders, options.output, options.minutes, options.device, options.batches)
