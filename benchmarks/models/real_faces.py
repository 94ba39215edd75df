"""How much of real images' expression and pose survives inversion: landmarks of each image and of its rendering.

    python -m benchmarks.models.real_faces [FOLDER] [--clips FILE ...] [--frames 6] [--landmarks FILE] [--inverter FILE]
        [--sheet FILE]

`FOLDER` holds images (default ../shared/real/faces) and `--clips` filmed faces, of which `--frames` are looked at.
With other weights named, everything is printed twice, with the bundled ones and with those. For each picture: the mean
distance of landmarks in percent of that between the eyes' outer corners, in all and for each part of the face; the
head's turn and nod in degrees; how far lids and lips are open, in percent of the eye's and the mouth's width; the
image's first, then the rendering's. An image without a face says so.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from common.errors import RowError
from stages.faces.align import align_face
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.faces.eye_opening import openings
from stages.invert import invert_face
from stages.media.decode_image import decode_image
from stages.media.open_clip import read_clip
from stages.model_files import BUNDLED
from stages.models import Models, ModelSettings
from stages.picture.head.fit import fit_head
from training.train.sheet import sheet_of
from weights.networks.head import Head

SHARED = Path(__file__).parents[3] / "shared/real"
PARTS = {
    "all": slice(0, 68),
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
MOUTH = (60, 64, (61, 62, 63), (67, 66, 65))
TILE = 256


@dataclass(frozen=True)
class Comparison:
    """An image's landmarks beside those of its inversion's rendering.

    Attributes:
        errors: mean distance of each of `PARTS`, in shares of the inter-ocular distance.
        image, rendering: turn and nod in degrees, openness of lids and lips in shares of their width.
        tile: (TILE, 2 * TILE, 3) uint8, both with their landmarks.
    """

    errors: dict[str, float]
    picture: tuple[float, float, float, float]
    rendering: tuple[float, float, float, float]
    tile: np.ndarray


def part_errors(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Mean distance of (68, 2) landmarks for each of `PARTS`, in shares of `truth`'s inter-ocular distance."""
    away = np.linalg.norm(found - truth, axis=1) / np.linalg.norm(truth[36] - truth[45])
    return {name: float(away[part].mean()) for name, part in PARTS.items()}


def openness(points: np.ndarray) -> tuple[float, float]:
    """How far lids (mean of both eyes) and lips are open, in shares of their width; landmarks (68, 2)."""
    return float(openings(points).mean()), _gap(points, *MOUTH)


def turn_and_nod(head: Head, points: np.ndarray) -> tuple[float, float]:
    """Degrees, of the head fitted to landmarks (68, 2) in pixels: to the image's right, and downwards."""
    turn, nod, _ = Rotation.from_matrix(fit_head(head, points).rotation).as_euler("YXZ", degrees=True)
    return float(turn), float(nod)


def _gap(points: np.ndarray, first: int, last: int, upper: Sequence[int], lower: Sequence[int]) -> float:
    across = points[last] - points[first]
    width = float(np.hypot(*across)) + 1e-9
    down = np.array([-across[1], across[0]]) / width
    return float((points[list(lower)] - points[list(upper)]).mean(axis=0) @ down) / width


def compare(models: Models, image: np.ndarray) -> Comparison:
    """Invert the largest face of an image, (H, W, 3) uint8 RGB, and look at both.

    Raises:
        RowError: no face, one that is too small, or one that the inverter does not know.
    """
    face = models.finder.find(image)
    crop = align_face(image, face.landmarks)  # (256, 256, 3)
    rendering = invert_face(models.inverter, crop).rendering[None]
    first, second = (landmarks_in_crops(models.landmarks, each)[0] * TILE for each in (crop[None], rendering))
    tiles = [_mark(crop, first), _mark(rendering[0], second)]
    sides = [(*turn_and_nod(models.head, points), *openness(points)) for points in (first, second)]
    return Comparison(part_errors(second, first), sides[0], sides[1], np.concatenate(tiles, axis=1))


def _mark(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    tile = cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    for x, y in points:
        cv2.circle(tile, (round(float(x)), round(float(y))), 1, (90, 255, 90), -1, cv2.LINE_AA)
    return tile


def pictures(folder: Path, clips: Sequence[Path], frames: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and (H, W, 3) uint8 RGB of a folder's images, then of some frames of each clip."""
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        yield file.stem, decode_image(file.read_bytes())
    for clip in clips:
        for number, frame in enumerate(read_clip(clip, max_anchors=frames).frames):
            yield f"{clip.stem}#{number}", frame


def report(models: Models, asked: Sequence[tuple[str, np.ndarray]]) -> np.ndarray | None:
    """Print a line for each image and the medians; return a sheet of all, or nothing where there is no face."""
    print(
        f"{'':24s}{'landmarks, % of the inter-ocular distance':37s}   {'turn':9s}   {'nod':9s}   {'lids %':7s}   lips %"
    )
    print(f"{'':24s}" + "".join(f"{name:>7s}" for name in PARTS))
    rows, tiles = [], []
    for name, image in asked:
        try:
            found = compare(models, image)
        except RowError as reason:
            print(f"{name[:23]:24s}{str(reason).split('.')[0]}")
            continue
        figures = [100 * error for error in found.errors.values()]
        (turn, nod, lids, lips), (turn2, nod2, lids2, lips2) = found.picture, found.rendering
        print(
            f"{name[:23]:24s}" + "".join(f"{figure:7.1f}" for figure in figures) + f"   {turn:+4.0f} {turn2:+4.0f}   "
            f"{nod:+4.0f} {nod2:+4.0f}   {100 * lids:3.0f} {100 * lids2:3.0f}   {100 * lips:3.0f} {100 * lips2:3.0f}"
        )
        changes = [abs(second - first) for first, second in zip(found.picture, found.rendering, strict=True)]
        rows.append(figures + changes)
        tiles.append(found.tile)
    if not rows:
        return None
    *middle, turn, nod, lids, lips = np.median(rows, axis=0)
    print(
        f"{'median':24s}" + "".join(f"{figure:7.1f}" for figure in middle) + f"   off by {turn:.0f}°, {nod:.0f}°, lids "
        f"{100 * lids:.0f}, lips {100 * lips:.0f}   ({len(rows)} of {len(asked)} with a face)"
    )
    return sheet_of(tiles)


def main() -> None:
    """Print the table, once or twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=SHARED / "faces", help="with images of one face each")
    parser.add_argument("--clips", type=Path, nargs="*", default=sorted((SHARED / "clips").glob("*.mp4")))
    parser.add_argument("--frames", type=int, default=6, help="of each clip")
    parser.add_argument("--landmarks", help="other weights of the landmark network, to compare")
    parser.add_argument("--inverter", help="other weights of the inverter, to compare")
    parser.add_argument("--sheet", type=Path, help="where to draw images and renderings with their landmarks")
    options = parser.parse_args()
    asked = list(pictures(options.folder, options.clips, options.frames))
    bundled = ModelSettings(device="cpu")
    print("bundled weights")
    sheet = report(Models(bundled), asked)
    if options.landmarks or options.inverter:
        given = {part: vars(options)[part] for part in ("landmarks", "inverter") if vars(options)[part]}
        other = ModelSettings(BUNDLED.model_copy(update=given), device="cpu")
        print(f"\n{' and '.join(filter(None, (options.landmarks, options.inverter)))}")
        sheet = report(Models(other), asked)
    if options.sheet and sheet is not None:
        cv2.imwrite(str(options.sheet), sheet[..., ::-1])


if __name__ == "__main__":
    main()
