"""Real faces moved: contact sheets for the eye, and each face's figures.

    python -m benchmarks.models.real_sheet OUTPUT [--folder DIR] [--clips FILE ...] [--faces mona_lisa,van_gogh]
        [--motions smile,head_turn] [--pixels picture|generator] [--size 320] [--frames 25]

Every face of `--folder` (default ../shared/real/faces) and of the first frame of each of `--clips` makes the motions of
the bundled demo clips, straight to their extreme, in its own crop. `OUTPUT`, which must lie outside the repository,
receives `smile.png` and so on, every face at rest, half way and at the full extent; `face_NAME.png`, one face larger
with all motions; and the motions themselves, extracted once. For each face and motion a line is printed: CSIM of the
frames to the still, mean and least; the landmarks' jitter in percent of the inter-ocular distance; how much of the
head's turn the image makes; the largest difference from the still at rest, in levels. An image that is refused is
printed and drawn with the reason.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.models.demo_motions import MOTIONS, load_demo_motions
from benchmarks.models.real_faces import SHARED
from benchmarks.models.real_sheet_images import draw_refusal, draw_strip, grid_of, write_png
from common.errors import RowError, UserError
from stages.faces.align import align_face
from stages.invert import invert_face
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.models import Models, ModelSettings
from stages.motion.animate import animate
from stages.motion.displacement import fit_displacement
from stages.motion.micromotion import Micromotion
from stages.quality.video import MotionQuality, measure_video
from stages.row_frames import frames_of_generator, frames_of_image, own_crop
from stages.video_settings import Pixels

REPOSITORY = Path(__file__).resolve().parents[2]
LARGE = 512  # pixels of a tile on a face's own sheet
MOMENTS = 3  # rest, half way, full extent


@dataclass(frozen=True)
class Moved:
    """One face making one motion.

    Attributes:
        moments: (3, S, S, 3) uint8: at rest, half way, at the full extent.
        quality: of all frames.
        figures: `rest_error` and `turn_given`; none for the generator's pixels.
    """

    moments: np.ndarray
    quality: MotionQuality
    figures: dict[str, float] = field(default_factory=dict)


def outside_repository(folder: Path) -> Path:
    """The folder itself.

    Raises:
        UserError: it lies in the repository, where images of real people must not be left.
    """
    if folder.resolve().is_relative_to(REPOSITORY):
        raise UserError(f"output: expected a folder outside {REPOSITORY}, found {folder}. Name another one.")
    return folder


def images_of(folder: Path, clips: Sequence[Path], names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Names and files of a folder's images, then of clips; those among `names` where any are given.

    Raises:
        UserError: no such folder, or nothing has one of the names.
    """
    if not folder.is_dir():
        raise UserError(f"--folder: expected a folder of images, found {folder}.")
    files = {path.stem: path for path in (*sorted(path for path in folder.iterdir() if path.is_file()), *clips)}
    if unknown := [name for name in names if name not in files]:
        raise UserError(f"--faces: expected some of {', '.join(files)}, found {unknown[0]}.")
    yield from ((name, path) for name, path in files.items() if not names or name in names)


def read_image(file: Path) -> np.ndarray:
    """An image, or a clip's first frame, (H, W, 3) uint8.

    Raises:
        RowError: it cannot be read.
    """
    return read_clip(file, max_anchors=2).frames[0] if file.suffix == ".mp4" else decode_image(file.read_bytes())


def move_face(
    models: Models, image: np.ndarray, motions: dict[str, Micromotion], pixels: Pixels, frames: int
) -> dict[str, Moved]:
    """Move the largest face of an image, (H, W, 3) uint8.

    Raises:
        RowError: no face, one that is too small, or one that cannot be inverted.
    """
    landmarks = models.finder.find(image).landmarks.astype(np.float64)
    crop = align_face(image, landmarks)  # (256, 256, 3)
    rest = invert_face(models.inverter, crop).code
    still, points = own_crop(image, landmarks, LARGE)
    progress = np.linspace(0, 1, frames)
    moved = {}
    for name, motion in motions.items():
        codes = animate(rest, motion, frames)
        if pixels == "picture":
            take = frames_of_image(models, still, points, rest, codes, fit_displacement(motion))
        else:
            take = frames_of_generator(models, crop, codes)
        made = list(take.frames)
        aligned = np.stack([take.aligned(frame) for frame in made])
        quality = measure_video(models, motion, crop, aligned, progress)
        moved[name] = Moved(np.stack([made[0], made[frames // 2], made[-1]]), quality, take.figures)
    return moved


HEADING = f"{'face':28s}{'motion':14s}{'CSIM':>6s}{'least':>7s}{'jitter %':>10s}{'turn given':>12s}{'rest error':>12s}"


def line_of(face: str, motion: str, moved: Moved) -> str:
    """A face's figures for one motion, under `HEADING`."""
    quality, figures = moved.quality, moved.figures
    given, error = (figures.get(name, float("nan")) for name in ("turn_given", "rest_error"))
    return (
        f"{face[:27]:28s}{motion:14s}{quality.csim_mean:6.2f}{quality.csim_min:7.2f}{100 * quality.jitter:10.2f}"
        f"{given:12.2f}{error:12.0f}"
    )


def make_sheets(
    models: Models,
    files: Sequence[tuple[str, Path]],
    motions: dict[str, Micromotion],
    output: Path,
    pixels: Pixels,
    size: int,
    frames: int,
) -> None:
    """Print a line for each face and motion, and write all sheets."""
    strips: dict[str, list[np.ndarray]] = {motion: [] for motion in motions}
    print(HEADING, flush=True)
    for name, file in files:
        try:
            moved = move_face(models, read_image(file), motions, pixels, frames)
        except (RowError, UserError) as reason:
            print(f"{name[:27]:28s}refused: {reason}", flush=True)
            for motion in motions:
                strips[motion].append(draw_refusal(name, str(reason), size))
            continue
        for motion, one in moved.items():
            print(line_of(name, motion, one), flush=True)
            strips[motion].append(draw_strip(one.moments, name, size))
        large = [draw_strip(one.moments, f"{name}: {motion}", LARGE) for motion, one in moved.items()]
        write_png(output / f"face_{name}.png", np.concatenate(large))
    for motion, of_motion in strips.items():
        write_png(output / f"{motion}.png", grid_of(of_motion))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="a folder outside the repository")
    parser.add_argument("--folder", type=Path, default=SHARED / "faces", help="of images")
    parser.add_argument("--clips", type=Path, nargs="*", default=sorted((SHARED / "clips").glob("*.mp4")))
    parser.add_argument(
        "--faces", default="", help="names of images without their endings, with commas; all by default"
    )
    parser.add_argument("--motions", default=",".join(MOTIONS), help="names, with commas")
    parser.add_argument("--pixels", choices=("picture", "generator"), default="picture", help="as video.pixels")
    parser.add_argument("--size", type=int, default=320, help="pixels of a face on the motions' sheets")
    parser.add_argument("--frames", type=int, default=25, help="from rest to the full extent, odd")
    options = parser.parse_args(arguments)
    if options.size < 32:
        parser.error(f"--size: expected at least 32, found {options.size}")
    if options.frames < MOMENTS or options.frames % 2 == 0:
        parser.error(f"--frames: expected an odd number of at least {MOMENTS}, found {options.frames}")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Print the figures and write the sheets."""
    options = parse(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        output = outside_repository(options.output)
        files = list(images_of(options.folder, options.clips, [name for name in options.faces.split(",") if name]))
        models = Models(ModelSettings(device="cpu"))
        motions = load_demo_motions(models, options.motions.split(","), output / "motions")
        make_sheets(models, files, motions, output, options.pixels, options.size, options.frames)
    except UserError as mistake:
        raise SystemExit(str(mistake)) from mistake


if __name__ == "__main__":
    main()
