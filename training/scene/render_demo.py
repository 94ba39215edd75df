"""Render what the repository ships to be tried with: four clips, faces to move, and a clip whose motion is known.

    python -m training.scene.render_demo --face-model DIR

| file | what |
|---|---|
| `weights/bundled/demo/smile.mp4` | one person, before a fixed camera, smiles and stops; the head sways a little |
| `weights/bundled/demo/eyes_closed.mp4` | another closes the eyes and opens them, swaying too |
| `weights/bundled/demo/head_turn.mp4` | another turns the head to one side and back |
| `weights/bundled/demo/ageing.mp4` | another grows old as if in a time lapse, and young again, swaying too |
| `weights/bundled/demo/faces/face_01.jpg` ... | 24 others at rest |
| `manifests/demo.parquet` | those 24 as a manifest |
| `manifests/demo_all.parquet` | those 24 with each of the four motions, 96 rows |
| `tests/data/truth/still.png` | one more person at rest |
| `tests/data/truth/smile.mp4` | the same person with the demo clip's very smile, frame by frame, the head held still |
| `tests/data/truth/truth.npz` | the smile's course, and the landmarks of every frame of both clips |

Codes come from a seed of their own, so that no network of the family has trained on these people.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import track

from common.atomic_files import replace_atomically
from common.errors import UserError
from stages.media.encode import write_video
from training.scene.expression import Expression
from training.scene.face_code import RenderedFace, face_from_code, random_code
from training.scene.face_model import VARIABLE, face_model_folder
from training.scene.renderer import Renderer, Rendering

ROOT = Path(__file__).parents[2]
DEMO, TRUTH = Path("weights/bundled/demo"), Path("tests/data/truth")
MANIFEST, MANIFEST_OF_ALL = Path("manifests/demo.parquet"), Path("manifests/demo_all.parquet")


@dataclass(frozen=True)
class Movement:
    """One clip: who moves, how far and when.

    Attributes:
        person: number of the seed's face.
        frames: of rest, going, full extent, coming back and rest again.
        rest, extreme: of the motion's one quantity: the control `smile` or `blink`, yaw in radians, or age.
        sways: whether the head moves a little meanwhile.
    """

    person: int
    frames: tuple[int, int, int, int, int]
    rest: float
    extreme: float
    sways: bool = True


SEED = 20261
# Numbers of the seed's faces, looked through by eye for a fair spread of skin, age, sex and hair.
SMILING, TRUTH_FACE = 68, 27
FACES = (1, 2, 36, 7, 78, 13, 16, 17, 19, 20, 22, 29, 38, 41, 43, 45, 49, 51, 56, 59, 61, 64, 69, 71)
AT_REST = asdict(Expression(blink=0.05))
MOVEMENTS = {
    "smile": Movement(SMILING, (10, 24, 12, 22, 7), rest=0.0, extreme=1.0),
    "eyes_closed": Movement(73, (10, 18, 14, 18, 8), rest=AT_REST["blink"], extreme=1.0),
    "head_turn": Movement(79, (10, 30, 12, 30, 8), rest=0.0, extreme=0.3, sways=False),
    "ageing": Movement(105, (10, 45, 15, 30, 8), rest=0.1, extreme=0.9),
}

CLIP_SIZE, FACE_SIZE = 384, 320  # pixels
CLIP_ZOOM, FACE_ZOOM = 1.2, 1.4
FPS, CRF, JPEG_QUALITY = 30, 16, 94


def person(
    number: int, expression: dict[str, float] | None = None, yaw: float = 0.0, age: float | None = None
) -> RenderedFace:
    """A face of the demo's seed; with `expression` given, doing just that, turned by `yaw`, and of that age."""
    face = face_from_code(random_code(np.random.default_rng((SEED, number))), age=age)
    if expression is None:
        return face
    return replace(face, expression=Expression(**AT_REST | expression), yaw=yaw, pitch=0.02)


def course_of(movement: Movement) -> np.ndarray:
    """(F,), how far the motion has gone in each frame: 0 at rest, 1 in full, gentle at every turn."""
    rest, rise, hold, fall, after = movement.frames
    up, down = (np.arange(1, steps + 1) / (steps + 1) for steps in (rise, fall))
    smooth = [share * share * (3 - 2 * share) for share in (up, 1 - down)]
    return np.concatenate([np.zeros(rest), smooth[0], np.ones(hold), smooth[1], np.zeros(after)])


def faces_of(name: str) -> Iterator[RenderedFace]:
    """The face in each frame of a clip: one person, of whom one quantity changes, and the pose if the head sways."""
    movement = MOVEMENTS[name]
    for frame, share in enumerate(course_of(movement)):
        amount = float(movement.rest + share * (movement.extreme - movement.rest))
        match name:
            case "smile":
                face = person(movement.person, {"smile": amount})
            case "eyes_closed":
                face = person(movement.person, {"blink": amount})
            case "head_turn":
                face = person(movement.person, {}, yaw=amount)
            case "ageing":
                face = person(movement.person, {}, age=amount)
        yield swaying(face, frame / FPS) if movement.sways else face


def swaying(face: RenderedFace, seconds: float) -> RenderedFace:
    """The same face a moment into the clip: turned by up to 1.2 degrees, nodding by half as much, eyes drifting."""
    return replace(
        face,
        yaw=face.yaw + np.radians(1.2) * np.sin(2 * np.pi * seconds / 2.5),
        pitch=face.pitch + np.radians(0.6) * np.sin(2 * np.pi * seconds / 1.9),
        expression=replace(face.expression, gaze_x=0.08 * np.sin(np.pi * seconds / 2.5) ** 2),
    )


def render_clip(renderer: Renderer, faces: Iterable[RenderedFace], title: str) -> list[Rendering]:
    """A clip frame by frame, under the crop of its first face from first to last."""
    frames = list(faces)
    crop = renderer.crop_of(frames[0]).widened(CLIP_ZOOM)
    return [renderer.render(face, crop) for face in track(frames, title, transient=True)]


def face_at_rest(number: int) -> RenderedFace:
    """One of the demo's faces, held to what a portrait shows: all but unsmiling, eyes open, nearly towards us."""
    face = person(number)
    own = face.expression
    resting = AT_REST | {
        "smile": min(own.smile, 0.12),
        "blink": min(own.blink, 0.08),
        "gaze_x": np.clip(own.gaze_x, -0.1, 0.1),
        "gaze_y": np.clip(own.gaze_y, -0.08, 0.08),
    }
    return replace(
        face,
        expression=Expression(**resting),
        yaw=np.clip(face.yaw, -0.25, 0.25),
        pitch=np.clip(face.pitch, -0.06, 0.1),
    )


def write_clips(renderer: Renderer, root: Path) -> None:
    """All clips, the still and the truth about the smile."""
    shown = {name: render_clip(renderer, faces_of(name), name) for name in MOVEMENTS}
    for name, frames in shown.items():
        write_video(root / DEMO / f"{name}.mp4", [frame.image for frame in frames], FPS, crf=CRF, threads=1)
    course = course_of(MOVEMENTS["smile"])
    truth = render_clip(renderer, (person(TRUTH_FACE, {"smile": smile}) for smile in course), "truth")
    write_video(root / TRUTH / "smile.mp4", [frame.image for frame in truth], FPS, crf=CRF, threads=1)
    _write_picture(root / TRUTH / "still.png", truth[0].image)
    with replace_atomically(root / TRUTH / "truth.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            smile=course.astype(np.float32),  # (F,)
            seconds=(np.arange(len(course)) / FPS).astype(np.float32),  # (F,)
            demo_landmarks=np.stack([frame.landmarks for frame in shown["smile"]]).astype(np.float32),  # (F, 68, 2)
            truth_landmarks=np.stack([frame.landmarks for frame in truth]).astype(np.float32),  # (F, 68, 2)
        )


def write_faces(renderer: Renderer, root: Path) -> None:
    """The faces and their manifests."""
    ids = [f"face_{place:02d}" for place in range(1, len(FACES) + 1)]
    images = [DEMO / "faces" / f"{name}.jpg" for name in ids]
    for number, image in zip(track(FACES, "faces", transient=True), images, strict=True):
        face = face_at_rest(number)
        _write_picture(root / image, renderer.render(face, renderer.crop_of(face).widened(FACE_ZOOM)).image)
    table = pa.table({"id": ids, "image": [f"../{image.as_posix()}" for image in images]})
    _write_table(root / MANIFEST, table)
    _write_table(root / MANIFEST_OF_ALL, with_every_movement(table))


def with_every_movement(table: pa.Table) -> pa.Table:
    """A manifest that has each row of another once with each motion, and ids that say which."""
    rows = [row | {"id": f"{row['id']}-{name}", "motion": name} for row in table.to_pylist() for name in MOVEMENTS]
    return pa.Table.from_pylist(rows)


def _write_table(path: Path, table: pa.Table) -> None:
    with replace_atomically(path) as temporary:
        pq.write_table(table, temporary)


def _write_picture(path: Path, image: np.ndarray) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    _, stored = cv2.imencode(path.suffix, image[..., ::-1], quality)
    with replace_atomically(path) as temporary:
        temporary.write_bytes(stored.tobytes())


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--root", type=Path, default=ROOT, help="write into another folder than this repository")
    options = parser.parse_args()
    for folder in (DEMO / "faces", MANIFEST.parent, TRUTH):
        (options.root / folder).mkdir(parents=True, exist_ok=True)
    try:
        folder = face_model_folder(options.face_model)
        write_clips(Renderer(folder, CLIP_SIZE), options.root)
        write_faces(Renderer(folder, FACE_SIZE), options.root)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")


if __name__ == "__main__":
    main()
