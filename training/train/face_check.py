"""Train the bundled check of faces: people against drawn animals, misplaced features and everything else.

    python -m training.train.face_check --renders DIR [DIR ...] --output DIR --minutes 30 [--device cuda]

People are renders in every disguise, turned, lit and painted as in the landmark network's training. What is no face is
made of the same renders: animals in their places, features exchanged, faces beside the crop; or of nothing but
textures. The same command resumes a run that was interrupted.
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

from stages.faces.align import face_quad
from stages.faces.face_check import SHARE
from training.scene.animals import beast
from training.scene.disguise import disguise
from training.scene.drawing import SHIFT, draw_ellipse, fixed_point, lowered, tone, tone_of
from training.scene.face_measures import between_eyes, skin_of
from training.scene.painterly import blend, restyle, texture
from training.train.augmentation import degrade, move, occlude, relight
from training.train.checkpoint import Average, Run, schedule, set_rate, training_options
from training.train.renders import Renders, load_renders
from training.train.sheet import sheet_of
from weights.networks.face_check import INPUT_SIZE, FaceCheck
from weights.write_checkpoint import save_weights

WIDTHS = (16, 32, 64, 96)
DRAWN_SIZE = 128  # pixels; images are made larger than they are looked at
BATCH = 64
LEARNING_RATE = 2e-3
DISGUISED, RESTYLED, SHOUTING = 0.7, 0.7, 0.15  # shares
PEOPLE = 0.5
# Of what is no face: animals, exchanged features, faces beside the crop or upside down; the rest is texture.
BEASTS, SCRAMBLED, MISPLACED = 0.52, 0.1, 0.14


def example(faces: Renders, row: int, person: bool, rng: Generator) -> np.ndarray:
    """One crop, (64, 64, 3) uint8, of a person or of what is no person's face."""
    points = faces.landmarks[row]
    quad = face_quad(points)
    centre, side = quad.mean(axis=0), SHARE * float(np.hypot(*(quad[3] - quad[0])))
    kind = 1.0 if person else rng.random()
    turn, zoom, shift = 10.0, (0.85, 1.18), 0.07
    misplaced = not person and BEASTS + SCRAMBLED <= kind < BEASTS + SCRAMBLED + MISPLACED
    if misplaced:
        way = rng.integers(3)
        if way == 0:
            angle = rng.uniform(0, 2 * np.pi)
            centre = centre + rng.uniform(0.35, 0.9) * side * np.array([np.cos(angle), np.sin(angle)])
        elif way == 1:
            zoom = (0.25, 0.45) if rng.random() < 0.5 else (2.2, 3.5)
        else:
            turn = 180.0
    image, points = move(faces.images[row], points, rng, DRAWN_SIZE, centre, side, turn, zoom, shift)
    if misplaced and turn == 180.0:
        image = np.rot90(image, 2) if points[8, 1] > points[27, 1] else image
    if kind < BEASTS and not person:
        image = beast(image, points, rng)
    elif kind < BEASTS + SCRAMBLED and not person:
        image = scrambled(image, points, rng)
    elif not person and not misplaced:
        image = nothing(rng)
    else:
        image = shouting(image, points, rng) if rng.random() < SHOUTING else image
        image = disguise(image, points, rng) if rng.random() < DISGUISED else image
    image = np.ascontiguousarray(image)
    image = restyle(image, rng) if rng.random() < RESTYLED else image
    image = relight(image, rng) if rng.random() < 0.7 else image
    image = occlude(image, rng) if rng.random() < 0.15 else image
    image = degrade(image, rng)
    return cv2.resize(image, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)


def shouting(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """A mouth drawn wide open, as the animals' are: that alone makes no animal."""
    image, unit = np.ascontiguousarray(image).copy(), between_eyes(points)
    wide, deep = rng.uniform(0.1, 0.28) * unit, rng.uniform(0.08, 0.32) * unit
    centre = lowered(points[62], deep * 0.8)
    dark = rng.uniform(5, 80) * np.array([1.0, 0.6, 0.6])
    draw_ellipse(image, centre, (wide * 1.3, deep * 1.25), tone(skin_of(image, points) * rng.uniform(0.5, 0.95)))
    draw_ellipse(image, centre, (wide, deep), dark)
    if rng.random() < 0.6:
        draw_ellipse(image, lowered(centre, 0.45 * deep), (wide * 0.6, deep * 0.45), tone(dark + rng.uniform(30, 130)))
    if rng.random() < 0.5:
        draw_ellipse(image, lowered(centre, -0.75 * deep), (wide * 0.6, deep * 0.2), np.full(3, rng.uniform(130, 245)))
    return image


def scrambled(image: np.ndarray, points: np.ndarray, rng: Generator) -> np.ndarray:
    """A person's face with its features in the wrong places: no face either."""
    size = len(image)
    parts = [points[36:42], points[42:48], points[31:36], points[48:68]]
    boxes = []
    for part in parts:
        low, high = part.min(axis=0), part.max(axis=0)
        grown = 0.35 * (high - low) + 2
        boxes.append(np.clip(np.r_[low - grown, high + grown], 0, size - 1).astype(int))
    order = rng.permutation(len(boxes))
    while {int(order[0]), int(order[1])} == {0, 1}:  # an eye for an eye is no exchange
        order = rng.permutation(len(boxes))
    result = image.copy()
    for target, source in zip(boxes, order, strict=True):
        piece = image[boxes[source][1] : boxes[source][3] + 1, boxes[source][0] : boxes[source][2] + 1]
        width, height = target[2] - target[0] + 1, target[3] - target[1] + 1
        result[target[1] : target[3] + 1, target[0] : target[2] + 1] = cv2.resize(piece, (int(width), int(height)))
    return blend(image, result, rng.uniform(0.85, 1.0))


def nothing(rng: Generator) -> np.ndarray:
    """Walls, textures and spots, sometimes where eyes and a mouth would be: (128, 128, 3) uint8."""
    cells = rng.uniform(0, 255, (int(rng.integers(1, 12)), int(rng.integers(1, 12)), 3)).astype(np.float32)
    way = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST
    image = cv2.resize(cells, (DRAWN_SIZE, DRAWN_SIZE), interpolation=way)
    image = image.mean(axis=2, keepdims=True) + (image - image.mean(axis=2, keepdims=True)) * rng.uniform(0, 1)
    image = image * (1 + rng.uniform(0, 0.5) * texture("weave", DRAWN_SIZE, rng)[..., None])
    image = image * (1 - rng.uniform(0, 0.9) * texture("cracks", DRAWN_SIZE, rng)[..., None])
    drawn = image.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        drawn = overgrown(drawn, rng)
    if rng.random() < 0.5:
        places = [(0.35, 0.42), (0.65, 0.42), (0.5, 0.6), (0.5, 0.72)]
        for x, y in places:
            across, down = rng.uniform(3, 18, 2)
            place = (int((x + rng.normal(0, 0.03)) * DRAWN_SIZE), int((y + rng.normal(0, 0.03)) * DRAWN_SIZE))
            colour = tuple(float(v) for v in rng.uniform(0, 255, 3) * rng.uniform(0, 1))
            cv2.ellipse(drawn, place, (int(across), int(down)), rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(1, 12)) if rng.random() < 0.4 else 0):
        (x, y), (across, down) = rng.integers(0, DRAWN_SIZE, 2), rng.uniform(2, 40, 2)
        colour = tuple(float(v) for v in rng.uniform(0, 255, 3))
        thickness = -1 if rng.random() < 0.6 else 2
        axes = (int(across), int(down))
        cv2.ellipse(drawn, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, colour, thickness, cv2.LINE_AA)
    return drawn


def overgrown(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Grass, fur, straw, twigs: strokes of like colours that go about the same way."""
    drawn, colour = np.ascontiguousarray(image), rng.uniform(40, 200) * rng.uniform(0.5, 1.2, 3)
    way, spread = rng.uniform(0, np.pi), rng.uniform(0.1, 1.5)
    length, width = rng.uniform(4, 45), int(rng.integers(1, 5))
    for shade in rng.uniform(0.4, 1.5, 8):
        roots = rng.uniform(-10, DRAWN_SIZE + 10, (int(rng.integers(15, 90)), 2))
        angles = rng.normal(way, spread, len(roots))
        ends = roots + length * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        strokes = list(fixed_point(np.stack([roots, ends], axis=1)))
        cv2.polylines(drawn, strokes, False, tone_of(colour * shade), width, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.3, 3.0))


def batch_of(sets: Sequence[Renders], size: int, rng: Generator) -> tuple[Tensor, Tensor]:
    """Crops (B, 3, 64, 64) in [0, 1] and whether each shows a person, (B,) float32."""
    crops, truth = [], []
    for number in range(size):
        faces = sets[number % len(sets)]
        person = rng.random() < PEOPLE
        crops.append(example(faces, int(rng.integers(len(faces))), person, rng))
        truth.append(float(person))
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
    return pixels, torch.tensor(truth)


@torch.no_grad()
def measure(network: FaceCheck, crops: Tensor, truth: Tensor) -> tuple[float, float]:
    """People that are refused, and others that are taken for people: shares."""
    network.eval()
    found = torch.cat([network(part) for part in crops.split(64)]) > 0
    network.train()
    people = truth > 0.5
    return 1 - found[people].float().mean().item(), found[~people].float().mean().item()


def train(renders: Sequence[Path], output: Path, minutes: float, device: str, batches: int = 1) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    splits = [load_renders(folder).split() for folder in renders]
    sets, held_out = [first for first, _ in splits], [last for _, last in splits]
    asked, truth = batch_of(held_out, min(512, 32 * len(held_out[0])), np.random.default_rng(5))
    torch.manual_seed(0)
    network = FaceCheck(WIDTHS).to(device)
    averaged = deepcopy(network)
    mean = Average(network, averaged)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    run = Run(output, minutes, network=network, averaged=averaged, optimizer=optimizer)
    rng = np.random.default_rng((run.step, 1))
    loss = torch.zeros(())

    def report() -> None:
        refused, accepted = measure(averaged, asked.to(device), truth.to(device))
        run.log(loss=round(loss.item(), 4), people_refused=round(refused, 4), others_accepted=round(accepted, 4))
        tiles = (asked[:64] * 255).byte().permute(0, 2, 3, 1).numpy()
        cv2.imwrite(str(output / "sheet.png"), sheet_of(list(tiles))[..., ::-1])
        metadata = {"architecture": "face_check", "widths": WIDTHS}
        save_weights(output / "face_check.safetensors", averaged.state_dict(), metadata)

    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.6))
        crops, people = batch_of(sets, BATCH * batches, rng)
        loss = F.binary_cross_entropy_with_logits(network(crops.to(device)), people.to(device) * 0.96 + 0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update(run.step)


if __name__ == "__main__":
    options = training_options(__doc__, minutes=30).parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    train(options.renders, options.output, options.minutes, options.device, options.batches)
