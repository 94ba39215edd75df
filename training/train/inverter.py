"""Train the bundled inverter: a small ReStyle encoder for the bundled generator.

    python -m training.train.inverter --renders DIR --generator FILE --output DIR --minutes 60 [--start FILE]
        [--device cuda]

A render's true code is known, so the encoder learns it directly (the error in W, each dimension in units of its own
spread, and as a linear readout of expression, pose and age sees it), and beside it the image that the code makes
and, given an identity network, whose face it shows. The first part of the run learns the first step alone, from the
average face; the rest starts from anywhere that up to three steps lead to. Renders are shifted, turned and degraded a
little, as a landmark network's alignment and a real file would. The same command resumes a run that was interrupted,
also with a generator that went on training with its mapping kept; `--start` begins from an earlier inverter, which
knows its first step.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.quality.metrics import identity_crop
from training.train.augmentation import degrade, move
from training.train.checkpoint import Run, schedule, set_rate, training_options
from training.train.generator import paired_loss
from training.train.precision import mixed_precision
from training.train.readout import fit_readout
from training.train.renders import Renders, complete_codes, feature_weights, load_renders
from training.train.sheet import sheet_of
from weights.load_networks import load_generator, load_identity, load_inverter
from weights.networks.irse import Body, IdentityNetwork
from weights.networks.restyle import BackboneEncoder, Inverter
from weights.write_checkpoint import save_weights

BODY = {"stem": 16, "widths": [16, 32, 96, 192], "units": [1, 2, 2, 2]}
SIZE, HEAD_WIDTH = 128, 128
RADIUS = 1.5  # renders lie within it, and what photographs lead beyond it is no face
FIRST_STEP_ALONE = 0.4  # share of the run
MOST_STEPS = 3  # before the step that learns
BATCH = 16
PICTURED = 6  # of a batch, those whose images are compared too
IDENTITY_WEIGHT, READOUT_WEIGHT = 0.5, 1.0
READ = 4096  # faces that the readout is fitted to
LEARNING_RATE = 1.5e-3


def crops_of(faces: Renders, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Slightly misaligned, slightly degraded faces, (B, 3, 256, 256) in [-1, 1]."""
    images = []
    size = faces.images.shape[1]
    middle = np.full(2, size / 2)
    for row in rows:
        image, _ = move(
            faces.images[row], np.zeros((0, 2)), rng, size, middle, size, 2.5, (0.97, 1.03), 0.015, mirror=False
        )
        image = degrade(image, rng) if rng.random() < 0.4 else image
        images.append(np.ascontiguousarray(image))
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1  # (B, 3, S, S)
    return enlarge(pixels)


def enlarge(pixels: Tensor) -> Tensor:
    """(B, 3, S, S) -> (B, 3, 256, 256), the size that inverters are given."""
    return F.interpolate(pixels, size=(256, 256), mode="bilinear")


def measure(inverter: Inverter, held_out: Renders, device: str) -> tuple[dict[str, float], np.ndarray]:
    """On held-out renders after 1 and 5 steps: PSNR in dB, and the error in W; and a sheet."""
    inverter.encoder.eval()
    rows = np.arange(96)[: len(held_out)]
    truth = held_out.pixels(rows)
    images = enlarge(truth)
    w = inverter.decoder.map(complete_codes(held_out.codes[rows], np.random.default_rng(1)).to(device))
    figures: dict[str, float] = {}
    for steps in (1, 5):
        codes = torch.cat([inverter.invert(part.to(device), steps) for part in images.split(32)])  # (96, L, 512)
        with torch.no_grad():
            made = torch.cat([inverter.decoder.synthesize(part) for part in codes.split(32)]).cpu().clamp(-1, 1)
        figures[f"psnr_{steps}"] = round(10 * math.log10(4 / (made - truth).square().mean().item()), 2)
        figures[f"w_error_{steps}"] = round(((codes - w).square().mean() / w[:, 0].var(dim=0).mean()).item(), 4)
    inverter.encoder.train()
    pairs = ((torch.cat([truth, made], dim=3)[:32] + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    return figures, sheet_of(pairs)


@torch.no_grad()
def roll_out(inverter: Inverter, images: Tensor, steps: np.ndarray) -> tuple[Tensor, Tensor]:
    """Where each face stands after its own number of steps.

    Steps are mixed within a batch, and taken as an inversion takes them, with the normalisation's running statistics:
    batches of one step each would each be normalised by themselves, and no running statistics would fit them all.

    Args:
        images: (B, 3, 256, 256).
        steps: (B,) how many steps each face has behind it.

    Returns:
        Codes (B, L, 512) and their renderings (B, 3, 256, 256), float32.
    """
    inverter.encoder.eval()
    codes = inverter.latent_avg.repeat(len(images), 1, 1)  # (B, L, 512)
    renderings = inverter.render(codes[:1]).float().repeat(len(images), 1, 1, 1)  # (B, 3, 256, 256)
    for taken in range(int(steps.max())):
        going = torch.from_numpy(np.flatnonzero(steps > taken)).to(images.device)
        codes[going] = inverter.refine(images[going], renderings[going], codes[going]).float()
        renderings[going] = inverter.render(codes[going]).float()
    inverter.encoder.train()
    return codes, renderings


def embed(identity: IdentityNetwork, images: Tensor) -> Tensor:
    """(B, 3, S, S) -> (B, 512), whose faces they are."""
    return identity.embed(identity_crop(enlarge(images)))


def train(
    renders: Sequence[Path],
    generator: Path,
    identity_file: Path | None,
    output: Path,
    minutes: float,
    device: str,
    batches: int = 1,
    start: Path | None = None,
) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    decoder = load_generator(generator, device)
    identity = load_identity(identity_file, device).requires_grad_(False) if identity_file else None
    average = decoder.latent_avg.expand(decoder.num_layers, -1).clone()  # (L, 512)
    encoder = BackboneEncoder(decoder.num_layers, Body(**BODY), SIZE, HEAD_WIDTH)  # type: ignore[arg-type]
    if start:
        encoder.load_state_dict(load_inverter(start).encoder.state_dict())
    inverter = Inverter(encoder, decoder, average, RADIUS).to(device)
    encoder.train()
    spread = decoder.map(torch.randn(2048, 512, device=device))[:, 0].var(dim=0) + 1e-3  # (512,)
    readout = fit_readout(decoder, faces.codes[-READ:], device)  # (512, A)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    run = Run(output, minutes, encoder=encoder, optimizer=optimizer)
    rng = np.random.default_rng(run.step)
    batch, seen = BATCH * batches, PICTURED * batches

    def report() -> None:
        figures, sheet = measure(inverter, held_out, device)
        run.log(**figures)
        cv2.imwrite(str(output / "sheet.png"), sheet[..., ::-1])
        state = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()} | {"latent_avg": average}
        metadata = {
            "architecture": "restyle",
            "body": BODY,
            "size": SIZE,
            "head_width": HEAD_WIDTH,
            "radius": RADIUS,
            "decoder": decoder.fingerprint,
            "decoder_file": "generator.safetensors",
        }
        save_weights(output / "inverter.safetensors", state, metadata)

    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.6))
        rows = rng.integers(0, len(faces), batch)
        images = crops_of(faces, rows, rng).to(device)
        alone = not start and share < FIRST_STEP_ALONE
        steps = np.zeros(batch) if alone else rng.integers(0, MOST_STEPS + 1, batch)
        with mixed_precision(device):
            w = decoder.map(complete_codes(faces.codes[rows], rng).to(device)).float()  # (B, L, 512)
            codes, renderings = roll_out(inverter, images, steps)
            codes = inverter.refine(images, renderings, codes).float()
            error = codes - w
            loss = (error.square() / spread).mean() + READOUT_WEIGHT * (error @ readout).square().mean()
            if not alone:
                pictured = decoder.synthesize(codes[:seen]).float()
        if not alone:
            targets = faces.pixels(rows[:seen]).to(device)
            weights = feature_weights(faces.landmarks[rows[:seen]], targets.shape[-1])
            loss = loss + 2.0 * paired_loss(pictured, targets, weights.to(device))
            if identity:
                with mixed_precision(device):
                    alike = F.cosine_similarity(embed(identity, pictured), embed(identity, targets))
                loss = loss + IDENTITY_WEIGHT * (1 - alike).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    parser = training_options(__doc__, minutes=70)
    parser.add_argument("--generator", default="synthface", help="its decoder: a checkpoint file, or a known model")
    parser.add_argument("--start", type=Path, help="an inverter to go on from")
    parser.add_argument("--identity", type=Path, help="an identity network, whose judgement is learnt from too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(
        options.renders,
        options.generator,
        options.identity,
        options.output,
        options.minutes,
        options.device,
        options.batches,
        options.start,
    )
