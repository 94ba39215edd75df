"""Render the faces that every network of the family trains on.

    python -m training.scene.render_faces --face-model DIR --count 30000 --seed 7 --size 128 --output DIR

Writes `faces.tar` (WebP images, FFHQ-aligned, in order) and `faces.npz`: `z` (N, 64) float16, the first entries of
the code that made each face; `lm` (N, 68, 2) float32, its landmarks in pixels; `pose_yaw_pitch_roll` (N, 3) float32,
radians. `training.train.renders` reads them.

Face number n of a seed is the same whatever the count, so that a folder can be made by several processes (`--first`),
and the same command resumes where an interrupted one stopped. One process keeps one core busy.
"""

import argparse
import io
import json
import shutil
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from common.atomic_files import replace_atomically
from common.errors import OutputError, UserError
from training.scene.face_code import FACE_ENTRIES, MOMENT, face_from_code, random_code
from training.scene.face_model import VARIABLE, face_model_folder
from training.scene.renderer import Renderer

PART = 500  # faces kept in one part until all are done; at most one part's work is lost
WEBP_QUALITY = 85  # 2 to 3 KB a face at 128 px, 38 dB from the image
SETTINGS_FILE = "settings.json"


@dataclass(frozen=True)
class Settings:
    """What decides a folder's content.

    Attributes:
        count: how many faces.
        first: number of the first one.
        seed: of all codes.
        size: side of the images in pixels.
        views: how many images of each person follow one another.
    """

    count: int
    first: int
    seed: int
    size: int
    views: int = 1


def stored_code(seed: int, number: int, views: int = 1) -> np.ndarray:
    """The driving entries of one face's code: (64,) float16, exactly as it is rendered and kept.

    With several `views` a person's later images differ from the first in what the moment decides: expression, pose,
    light, background and clothes.
    """
    first = number - number % views
    code = random_code(np.random.default_rng((seed, first)))[:FACE_ENTRIES]
    if number != first:
        code[MOMENT] = random_code(np.random.default_rng((seed, number)))[MOMENT]
    return code.astype(np.float16)


def render_part(
    renderer: Renderer, seed: int, numbers: range, progress: Progress | None = None, views: int = 1
) -> dict[str, np.ndarray]:
    """Render some faces of a seed, `views` of each person.

    Returns:
        `webp` (bytes of all images, one after another), `lengths` (N,) of each, `z`, `lm`, `pose_yaw_pitch_roll`.
    """
    pictures, codes, landmarks, poses = [], [], [], []
    for number in numbers:
        code = stored_code(seed, number, views)
        face = face_from_code(code.astype(np.float64))
        rendering = renderer.render(face)
        _, webp = cv2.imencode(".webp", rendering.image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])
        pictures.append(webp)
        codes.append(code)
        landmarks.append(rendering.landmarks.astype(np.float32))
        poses.append((face.yaw, face.pitch, face.roll))
        if progress is not None:
            progress.advance(progress.task_ids[0])
    return {
        "webp": np.concatenate(pictures),
        "lengths": np.array([len(webp) for webp in pictures]),
        "z": np.stack(codes),
        "lm": np.stack(landmarks),
        "pose_yaw_pitch_roll": np.array(poses, np.float32),
    }


def render_faces(face_model: Path, settings: Settings, output: Path) -> None:
    """Make a folder of renders, or what is missing of it.

    Args:
        face_model: a face model folder.
        settings: what to render; the same as before if `output` holds an interrupted run.
        output: the folder; made if it is not there.

    Raises:
        OutputError: `output` holds renders made with other settings.
        UserError: the face model is incomplete, or this machine cannot render.
    """
    _claim(output, settings)
    if (output / "faces.npz").is_file():
        shutil.rmtree(output / "parts", ignore_errors=True)
        return
    (output / "parts").mkdir(exist_ok=True)
    end = settings.first + settings.count
    parts = [range(start, min(start + PART, end)) for start in range(settings.first, end, PART)]
    files = [output / "parts" / f"{part.start:08d}.npz" for part in parts]
    with Progress(*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        progress.add_task("faces", total=settings.count)
        renderer: Renderer | None = None
        for part, file in zip(parts, files, strict=True):
            if file.is_file():
                progress.advance(progress.task_ids[0], len(part))
                continue
            renderer = renderer or Renderer(face_model, settings.size)
            _write_npz(file, render_part(renderer, settings.seed, part, progress, settings.views))
    _join(files, output)


def _claim(output: Path, settings: Settings) -> None:
    """Say in `output` what is being made there, or refuse if it is something else."""
    output.mkdir(parents=True, exist_ok=True)
    file = output / SETTINGS_FILE
    if not file.is_file():
        if strangers := sorted(path.name for path in output.iterdir() if path.name in ("faces.npz", "faces.tar")):
            raise OutputError(
                f"{output} holds renders of unknown making ({', '.join(strangers)}). Name another folder."
            )
        with replace_atomically(file) as temporary:
            temporary.write_text(json.dumps(asdict(settings)))
    found = json.loads(file.read_text())
    if Settings(**found) != settings:
        raise OutputError(f"{output} holds other renders: expected {asdict(settings)}, found {found}. Name another.")


def _join(files: list[Path], output: Path) -> None:
    """Put all parts into `faces.tar` and `faces.npz`, in order, and drop them."""
    truth: dict[str, list[np.ndarray]] = {"z": [], "lm": [], "pose_yaw_pitch_roll": []}
    number = 0
    with replace_atomically(output / "faces.tar") as temporary, tarfile.open(temporary, "w") as archive:
        for file in files:
            with np.load(file) as part:
                for name, values in truth.items():
                    values.append(part[name])
                ends = np.cumsum(part["lengths"])
                for picture in np.split(part["webp"], ends[:-1]):
                    member = tarfile.TarInfo(f"{number:06d}.webp")
                    member.size = len(picture)
                    archive.addfile(member, io.BytesIO(picture.tobytes()))
                    number += 1
    # Last, because its presence says that all is done.
    _write_npz(output / "faces.npz", {name: np.concatenate(values) for name, values in truth.items()})
    shutil.rmtree(output / "parts")


def _write_npz(file: Path, arrays: dict[str, np.ndarray]) -> None:
    with replace_atomically(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--count", type=int, required=True, help="how many faces")
    parser.add_argument("--first", type=int, default=0, help="number of the first face, to share work among processes")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--views", type=int, default=1, help="pictures of each person: other moments, the same face")
    parser.add_argument("--size", type=int, default=128, help="side of the images in pixels")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.count < 1 or options.first < 0 or options.size < 16 or options.views < 1:
        parser.error("--count and --views must be at least 1, --first at least 0, --size at least 16")
    settings = Settings(options.count, options.first, options.seed, options.size, options.views)
    try:
        render_faces(face_model_folder(options.face_model), settings, options.output)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")


if __name__ == "__main__":
    main()
