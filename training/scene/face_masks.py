"""Paint what the face model has no geometry for: lips, brows, stubble, redness, freckles, wrinkles, pores.

    python -m training.scene.face_masks --face-model DIR

Writes `masks.npz` beside the model. The maps lie in the texture of the face, 1024 px square, row 0 at v = 0; places are
given on the neutral head, in centimetres, and looked up there. All twelve are the family's own; nothing is scanned.

| array | red | green | blue | alpha |
|---|---|---|---|---|
| `A` | lips | hairs of the brows | redness | where a beard grows |
| `B` | stubble | shadow under the eyes | freckles | uneven colour, 128 is none |
| `C` | wrinkles | pores, 128 is level | fine lines, 128 is level | where the brows lie |
"""

import argparse
import os
from pathlib import Path

import cv2
import numpy as np

from common.errors import UserError
from training.scene.face_model import MASKS_FILE, MODEL_FILE, VARIABLE, FaceModel, load_face_model
from training.scene.painting import (
    SIZE,
    Canvas,
    blank,
    blurred,
    channels,
    curve,
    filled,
    noise,
    pixel,
    spot,
    standardised,
    stroke,
)

FIRST_BROW, SECOND_BROW = slice(17, 22), slice(26, 21, -1)  # landmarks, from the tail to the head of each brow
EYES = (slice(36, 42), slice(42, 48))
OUTER_LIPS = slice(48, 60)
BROW_HAIRS, STUBBLE_HAIRS, FRECKLES = 560, 26000, 420


def paint(model: FaceModel) -> dict[str, np.ndarray]:
    """All masks of a model.

    Returns:
        `A`, `B` and `C`, each (1024, 1024, 4) uint8.
    """
    canvas = Canvas(model)
    # One stream of chance for all: the order in which maps draw from it is part of the result.
    rng = np.random.default_rng(0)
    lips = blurred(filled(curve(canvas.landmarks[OUTER_LIPS], 160, closed=True)), 3.0)
    brow_hairs, brow_area = _brows(canvas, rng)
    beard = blurred(canvas.spread(_beard_growth(canvas.head)), 5) * (1 - np.clip(lips * 1.3, 0, 1))
    stubble = _stubble(canvas, beard, rng)
    wrinkles = _wrinkles(canvas, rng)
    rng.normal(size=(SIZE, SIZE))  # a map that was dropped: the bundled family is trained on what comes after it
    fine_lines = standardised(cv2.GaussianBlur(noise(rng), (0, 0), 9, sigmaY=1.5))
    pores = standardised(blurred(noise(rng), 1.3))
    freckles = _freckles(rng)
    mottling = standardised(np.sum([blurred(noise(rng), width) * width for width in (6, 16, 40)], axis=0))
    inside = blurred(np.pad(np.ones((SIZE - 80, SIZE - 80), np.float32), 40), 25)
    return {
        "A": channels(lips, brow_hairs, _redness(canvas) * 0.8, beard),
        "B": channels(stubble, _under_eyes(canvas), freckles, 0.5 + 0.12 * mottling * inside),
        "C": channels(
            wrinkles / 1.6,
            0.5 + 0.15 * pores * inside,
            0.5 + 0.15 * fine_lines * inside,
            brow_area,
        ),
    }


def _brows(canvas: Canvas, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Single hairs of both brows, and the soft area on which they stand."""
    hairs, area = blank(), blank()
    lift = np.array([0, 4.0 * canvas.up])
    upwards = np.array([0, canvas.up])
    for side in (FIRST_BROW, SECOND_BROW):
        line = curve(canvas.landmarks[side], 200)[::-1]  # (200, 2), from the head to the tail
        for _ in range(BROW_HAIRS):
            along = rng.uniform(0, 1)
            point = int(along * 199)
            half_height = (15 * (1 - 0.72 * along) + 2) * (0.55 + 0.45 * min(1, along * 6 + 0.3))
            height = rng.uniform(-1, 1)
            root = line[point] + lift + np.array([rng.normal(0, 3), height * half_height])
            # Hairs stand up at the head of a brow and lie along its tail.
            angle = np.interp(along, [0, 0.25, 0.6, 1], [1.25, 0.75, 0.35, 0.05])
            angle += rng.normal(0, 0.12) - height * 0.35 * along
            length = rng.uniform(14, 26) * (1 - 0.4 * along)
            tangent = line[min(point + 4, 199)] - line[max(point - 4, 0)]
            tangent /= np.linalg.norm(tangent) + 1e-6
            tip = root + (tangent * np.cos(angle) + upwards * np.sin(angle)) * length
            bend = (root + tip) / 2 - 1.5 * upwards
            stroke(hairs, [root, bend, tip], rng.uniform(0.55, 1))
        for point in range(0, 200, 2):
            radius = int(13 * (1 - 0.7 * point / 199) + 3)
            cv2.circle(area, pixel(line[point] + lift), radius, 1.0, -1)
    area = blurred(area, 6)
    return np.clip(blurred(hairs, 0.8) * 1.1 + 0.35 * area * area, 0, 1), area


def _beard_growth(head: np.ndarray) -> np.ndarray:
    """(9409,), 0 to 1: jaw, moustache and sideburns."""
    x, y, z = head.T
    beside = abs(x)
    jaw = np.clip((-2.6 - y + 0.36 * np.clip(beside - 2.2, 0, 9)) / 1.2, 0, 1)  # its line rises outwards
    moustache = np.clip((-0.9 - y) / 0.5, 0, 1) * np.clip((3.4 - beside) / 0.6, 0, 1)
    sideburn = np.clip((beside - 6.3) / 0.6, 0, 1) * np.clip(4.0 - y, 0, 1) * (z > 1.0)
    sideburn *= np.clip(abs(8.2 - beside) / 0.3, 0, 1)
    growth: np.ndarray = np.maximum(np.maximum(jaw, moustache), sideburn * 0.9)
    above_neck, before_ear = np.clip((y + 11.0) / 1.5, 0, 1), 1 - np.clip((beside - 7.6) / 0.3, 0, 1)
    return growth * above_neck * before_ear * (z > 0.6)


def _stubble(canvas: Canvas, beard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Short hairs, pointing down the face, wherever a beard grows."""
    hairs = blank()
    down = -np.pi / 2 if canvas.landmarks[8, 1] < canvas.landmarks[30, 1] else np.pi / 2
    for _ in range(STUBBLE_HAIRS):
        root = rng.uniform(0, SIZE, 2)
        if beard[int(root[1]), int(root[0])] < 0.05:
            continue
        angle = down + rng.normal(0, 0.5)
        tip = root + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(4, 11)
        stroke(hairs, [root, tip], rng.uniform(0.4, 1))
    return hairs


def _redness(canvas: Canvas) -> np.ndarray:
    """Where blood shows: cheeks, nose, chin, lids and ears."""
    red = blank()
    for x, y, across, down, strength in (
        (5.2, -0.3, 110, 85, 0.8),
        (-5.2, -0.3, 110, 85, 0.8),
        (0, 0.5, 45, 45, 1.0),
        (1.3, 0, 28, 28, 0.5),
        (-1.3, 0, 28, 28, 0.5),
        (0, -6.5, 60, 40, 0.3),
    ):
        red += strength * spot(canvas.at(x, y), across, down)
    for eye in EYES:
        red += 0.35 * spot(canvas.landmarks[eye].mean(axis=0), 75, 38)
    ears = blank()
    for vertex in np.flatnonzero((abs(canvas.head[:, 0]) > 7.9) & (canvas.head[:, 2] < 1.5)):
        cv2.circle(ears, pixel(canvas.places[vertex]), 14, 1.0, -1)
    return np.clip(red + 0.6 * blurred(ears, 10), 0, 1.2)


def _under_eyes(canvas: Canvas) -> np.ndarray:
    """Below each eye, towards the nose."""
    shadow = blank()
    for eye, inner_corner in zip(EYES, (39, 42), strict=True):
        x = canvas.landmarks[eye, 0].mean() * 0.6 + canvas.landmarks[inner_corner, 0] * 0.4
        y = canvas.landmarks[eye, 1].mean() - canvas.up * 34
        shadow += spot(np.array([x, y]), 48, 20)
    return shadow


def _wrinkles(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Grooves as old faces have them, 0 for none to 1.6 for the deepest."""
    deepest = blank()
    for y in (7.6, 8.5, 9.4, 10.2):  # forehead
        xs = np.linspace(-4.6 + rng.uniform(0, 0.8), 4.6 - rng.uniform(0, 0.8), 9)
        line = [canvas.at(x, y + 0.25 * np.cos(x * 0.5) + rng.normal(0, 0.08)) for x in xs]
        deepest = np.maximum(deepest, _groove(line, 4, 1.0))
    fans = [0.55 - 0.38 * number for number in range(4)]
    crows_feet = [[(4.95 + r * np.cos(a), 3.4 + r * np.sin(a)) for r in (0, 0.5, 1.0, 1.5)] for a in fans]
    # Points on the head's left in centimetres, width in pixels, depth.
    lines: list[tuple[list[tuple[float, float]], int, float]] = [
        ([(1.75, -0.1), (2.5, -0.8), (3.1, -1.8), (3.45, -2.9), (3.4, -3.7)], 6, 1.5),  # from nose to mouth
        *[(foot, 3, 0.9) for foot in crows_feet],
        ([(1.9, 2.6), (2.6, 1.9), (3.5, 1.65), (4.3, 1.95)], 4, 1.0),  # under the eye
        ([(2.2, 2.9), (2.9, 2.4), (3.6, 2.3), (4.2, 2.55)], 3, 0.6),
        ([(0.55, 4.9), (0.6, 5.6), (0.75, 6.4)], 4, 0.9),  # between the brows
        ([(2.75, -4.1), (2.95, -5.0), (2.8, -5.9)], 5, 1.0),  # from mouth to chin
    ]
    for side in (-1, 1):
        for points, width, depth in lines:
            deepest = np.maximum(deepest, _groove([canvas.at(side * x, y) for x, y in points], width, depth))
    return deepest


def _groove(points: list[np.ndarray], width: int, depth: float) -> np.ndarray:
    """One soft line that fades at both ends."""
    line, groove = curve(np.array(points), 120), blank()
    for step in range(119):
        strength = np.sin(np.pi * (step + 0.5) / 119) ** 0.6
        ends = np.round(line[step : step + 2] * 8).astype(int).tolist()
        cv2.line(groove, ends[0], ends[1], float(depth * strength), width, cv2.LINE_AA, 3)
    return blurred(groove, width * 1.1)


def _freckles(rng: np.random.Generator) -> np.ndarray:
    spots = blank()
    for _ in range(FRECKLES):
        centre = rng.uniform(80, SIZE - 80, 2).astype(int).tolist()
        radius = int(rng.choice([1, 2, 2, 3]))
        cv2.circle(spots, centre, radius, float(rng.uniform(0.3, 1)), -1, cv2.LINE_AA)
    return blurred(spots, 1.0)


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    named = os.environ.get(VARIABLE)
    parser.add_argument("--face-model", type=Path, default=named, required=not named, help=f"folder with {MODEL_FILE}")
    options = parser.parse_args()
    try:
        masks = paint(load_face_model(options.face_model / MODEL_FILE))
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    with (options.face_model / MASKS_FILE).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **masks)
    print(options.face_model / MASKS_FILE)


if __name__ == "__main__":
    main()
