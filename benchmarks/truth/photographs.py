"""Photographs of people whose true motion is known: what `benchmarks.truth.pixels` measures against, in one file.

    python -m benchmarks.truth.photographs --face-model DIR [--output benchmarks/truth/truth_photographs.npz]

The same 24 people and four motions as in `benchmarks.truth.data`, at nine moments, but as photographs: 352 px, head,
shoulders and wall, the camera fixed by each person's still, so that nothing changes but what moves. The still's FFHQ
crop is a square of 256 whole pixels in each of them. Six people who wear no spectacles there are given some here.

| array | what |
|---|---|
| `format`, `seed` | "micromotion-truth-photographs 1"; the number that all was made from |
| `webp`, `lengths` | bytes of all images, one after another; how many belong to each |
| `motions`, `people` | (M,) names; (N,) numbers of the seed's people |
| `progress` | (K,) 0 at rest, 1 at the extreme |
| `frames` | (M, N, K) places of images, the first one being the person's still |
| `landmarks` | (M, N, K, 68, 2) int16, in shares of the photograph's side times 2^14 |
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.truth.data import LANDMARK_UNITS, MOMENTS, MOTIONS, PEOPLE, SEED, random_person
from benchmarks.truth.file import ImagePool, decode_images, read_arrays, split_images
from common.atomic_files import replace_atomically
from common.errors import UserError
from training.scene.camera import Crop
from training.scene.face_code import RenderedFace, face_from_code
from training.scene.face_model import VARIABLE, face_model_folder
from training.scene.renderer import Renderer

FORMAT = "micromotion-truth-photographs 1"
PHOTOGRAPHS = Path(__file__).with_name("truth_photographs.npz")
COMMAND = "python -m benchmarks.truth.photographs --face-model DIR"
SIDE, CROP, WEBP_QUALITY = 352, 256, 92
BELOW = 20  # pixels under the crop: more, and the bust's end is seen
LEFT, TOP = (SIDE - CROP) // 2, SIDE - CROP - BELOW
STILL_CROP = (slice(TOP, TOP + CROP), slice(LEFT, LEFT + CROP))
SPECTACLES_ENTRY = 32
# Who wears spectacles, from fine round wire (1.2) to heavy square rims (1.9); 7 and 18 have their own.
SPECTACLES = {4: 1.3, 9: 1.7, 12: 1.2, 16: 1.5, 20: 1.9, 22: 1.4}


@dataclass(frozen=True)
class Photographs:
    """The data.

    Attributes:
        motions: (M,) names.
        people: (N,) numbers of the seed's people.
        progress: (K,) float64, 0 at rest to 1 at the extreme.
        landmarks: (M, N, K, 68, 2) float64, true ones, in pixels, the first pixel's centre at 0.5.
        places: (M, N, K), of the images in `encoded`.
        encoded: the images as WebP.
        path: the file, named in errors.
    """

    motions: tuple[str, ...]
    people: tuple[int, ...]
    progress: np.ndarray
    landmarks: np.ndarray
    places: np.ndarray
    encoded: list[np.ndarray]
    path: Path

    def frames(self, motion: int, person: int) -> np.ndarray:
        """(K, SIDE, SIDE, 3) uint8 RGB: one person's true motion, the still first."""
        return decode_images([self.encoded[place] for place in self.places[motion, person]], self.path)


def person_in_photograph(number: int, motion: str, progress: float) -> RenderedFace:
    """One of the seed's people, `progress` of the way through a motion, with the spectacles that are given to them."""
    code = random_person(number)
    face = MOTIONS[motion](code, progress)
    if number not in SPECTACLES:
        return face
    code[SPECTACLES_ENTRY] = SPECTACLES[number]
    return replace(face, glasses=face_from_code(code).glasses)


def photograph_of(crop: Crop) -> Crop:
    """The view that holds a face's FFHQ crop as the square `STILL_CROP`."""
    wide = crop.widened(SIDE / CROP)
    return Crop(wide.matrix, wide.offset + np.array([0.0, 2 * BELOW / SIDE]))


def render_photographs(renderer: Renderer, path: Path, people: Iterable[int] = PEOPLE) -> None:
    """Draw every motion of some people and write the file.

    Args:
        renderer: of `SIDE` pixels.
        path: the file.
        people: numbers of the seed's people.
    """
    progress, people, pool = np.linspace(0, 1, MOMENTS), tuple(people), ImagePool(WEBP_QUALITY)
    places, landmarks = [], []
    for motion in MOTIONS:
        for number in track(people, motion, transient=True):
            faces = [person_in_photograph(number, motion, share) for share in progress]
            camera = photograph_of(renderer.crop_of(faces[0]))
            drawn = [renderer.render(face, camera) for face in faces]
            places.append(pool.add(np.stack([one.image for one in drawn])))
            landmarks.append([one.landmarks for one in drawn])
    shape = (len(MOTIONS), len(people), MOMENTS)
    with replace_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            seed=np.array(SEED),
            motions=np.array(tuple(MOTIONS)),
            people=np.array(people),
            progress=progress,
            frames=np.array(places).reshape(shape),
            landmarks=np.round(np.array(landmarks) / SIDE * LANDMARK_UNITS).astype(np.int16).reshape(*shape, 68, 2),
            webp=pool.webp,
            lengths=pool.lengths,
        )


def load_photographs(path: Path = PHOTOGRAPHS) -> Photographs:
    """Read the file; nothing in it is executed.

    Raises:
        UserError: missing, damaged, or something else.
    """
    arrays = read_arrays(path, FORMAT, COMMAND)
    return Photographs(
        motions=tuple(str(name) for name in arrays["motions"]),
        people=tuple(int(number) for number in arrays["people"]),
        progress=arrays["progress"],
        landmarks=arrays["landmarks"] / LANDMARK_UNITS * SIDE,
        places=arrays["frames"],
        encoded=split_images(arrays),
        path=path,
    )


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--output", type=Path, default=PHOTOGRAPHS, help="the file")
    options = parser.parse_args()
    try:
        render_photographs(Renderer(face_model_folder(options.face_model), SIDE), options.output)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
