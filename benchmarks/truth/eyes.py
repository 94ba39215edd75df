"""Where eyes are said to be, against where they are: by the landmarks of the whole face, and near by.

    python -m benchmarks.truth.eyes [--people 24]

On the truth benchmark's photographs, at rest and half way to closed eyes, as they are and repainted as other faces and
painters have them: the mean distance of an eye's six landmarks from the true ones, in shares of the eye's width.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.truth.photographs import load_photographs
from common.errors import RowError
from stages.models import Models, ModelSettings
from stages.picture.head.eye_crops import SIDES
from stages.picture.head.eyes_near_by import with_eyes_near_by
from training.scene.disguise import with_brows, with_eyes, with_lids
from training.scene.painterly import restyle

MOTION, MOMENTS = "eyes_closed", (0, 4)  # of nine moments
WAYS = ("whole face", "near by")


def errors_of(found: np.ndarray, true: np.ndarray) -> list[float]:
    """(68, 2) each -> of both eyes the landmarks' mean distance, in shares of the eye's width."""
    shares = []
    for side in SIDES:
        eye, there = found[list(side.landmarks)], true[list(side.landmarks)]
        width = np.linalg.norm(there[3] - there[0])
        shares.append(float(np.linalg.norm(eye - there, axis=1).mean() / width))
    return shares


def repainted(image: np.ndarray, landmarks: np.ndarray, seed: int) -> np.ndarray:
    """The same face with other eyes and brows, or by another hand."""
    rng = np.random.default_rng((seed, 19))
    for drawing in (with_eyes, with_lids, with_brows):
        if rng.random() < 0.5:
            image = drawing(np.ascontiguousarray(image), landmarks, rng)
    return restyle(np.ascontiguousarray(image), rng)


def measure(models: Models, people: int) -> dict[str, dict[str, list[float]]]:
    """For photographs "as they are" and "repainted" the errors of each of `WAYS`; faces not found are left out."""
    data = load_photographs()
    motion = data.motions.index(MOTION)
    errors: dict[str, dict[str, list[float]]] = {
        kind: {way: [] for way in WAYS} for kind in ("as they are", "repainted")
    }
    for person in range(min(people, len(data.people))):
        frames = data.frames(motion, person)
        for moment in MOMENTS:
            true = data.landmarks[motion, person, moment]
            shown = {"as they are": frames[moment], "repainted": repainted(frames[moment], true, person)}
            for kind, image in shown.items():
                try:
                    whole = models.finder.find(image).landmarks.astype(np.float64)
                except RowError:
                    continue
                near = with_eyes_near_by(models.eye_outlines, image, whole)
                for way, found in zip(WAYS, (whole, near), strict=True):
                    errors[kind][way] += errors_of(found, true)
    return errors


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24, help="how many, the first ones")
    options = parser.parse_args()
    table = Table("photographs", "landmarks", "eyes", "error, median", "90th percentile")
    for kind, ways in measure(Models(ModelSettings(device="cpu")), options.people).items():
        for way, errors in ways.items():
            table.add_row(kind, way, str(len(errors)), f"{np.median(errors):.1%}", f"{np.percentile(errors, 90):.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
