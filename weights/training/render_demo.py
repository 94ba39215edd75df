"""Render what the repository ships to be tried with: a clip, faces to move, and a clip whose movement is known.

    python -m weights.training.render_demo --face-model DIR

| file | what |
|---|---|
| `weights/bundled/demo/smile.mp4` | one person, before a fixed camera, smiles and stops; the head sways a little |
| `weights/bundled/demo/faces/face_01.jpg` ... | 24 others at rest |
| `manifests/demo.parquet` | those 24 as a manifest |
| `tests/data/truth/still.png` | one more person at rest |
| `tests/data/truth/smile.mp4` | the same person with the demo clip's very smile, frame by frame, the head held still |
| `tests/data/truth/truth.npz` | the smile's course, and the landmarks of every frame of both clips |

Codes come from a seed of their own, so that no network of the family has trained on these people.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import track

from stages.durable import replacing
from stages.errors import UserError
from stages.render import write_video
from weights.training.expression import Expression
from weights.training.face_code import Face, face_from_code, random_code
from weights.training.face_model import VARIABLE, face_model_folder
from weights.training.renderer import Renderer, Rendering

ROOT = Path(__file__).parents[2]
DEMO, MANIFEST, TRUTH = Path("weights/bundled/demo"), Path("manifests/demo.parquet"), Path("tests/data/truth")

SEED = 20261
# Numbers of the seed's faces, looked through by eye for a fair spread of skin, age, sex and hair.
SMILING, TRUTH_FACE = 68, 27
FACES = (1, 2, 36, 7, 8, 13, 16, 17, 19, 20, 22, 29, 38, 41, 43, 45, 49, 51, 56, 59, 61, 64, 69, 71)

CLIP_SIZE, FACE_SIZE = 384, 320  # pixels
CLIP_ZOOM, FACE_ZOOM = 1.2, 1.4
FPS, CRF, JPEG_QUALITY = 30, 16, 94
# Frames of rest, rise, full smile, fall and rest again.
COURSE = (10, 24, 12, 22, 7)
AT_REST = asdict(Expression(blink=0.05))


def person(number: int, expression: dict[str, float] | None = None) -> Face:
    """A face of the demo's seed; with `expression` given, facing the camera and doing just that."""
    face = face_from_code(random_code(np.random.default_rng((SEED, number))))
    if expression is None:
        return face
    return replace(face, expression=Expression(**AT_REST | expression), yaw=0.0, pitch=0.02)


def smile_course() -> np.ndarray:
    """(F,), how far the smile has gone in each frame: 0 at rest, 1 in full, gentle at every turn."""
    rest, rise, hold, fall, after = COURSE
    up, down = (np.arange(1, steps + 1) / (steps + 1) for steps in (rise, fall))
    smooth = [share * share * (3 - 2 * share) for share in (up, 1 - down)]
    return np.concatenate([np.zeros(rest), smooth[0], np.ones(hold), smooth[1], np.zeros(after)])


def swaying(face: Face, seconds: float) -> Face:
    """The same face a moment into the clip: turned by up to 1.2 degrees, nodding by half as much, eyes drifting."""
    return replace(
        face,
        yaw=face.yaw + np.radians(1.2) * np.sin(2 * np.pi * seconds / 2.5),
        pitch=face.pitch + np.radians(0.6) * np.sin(2 * np.pi * seconds / 1.9),
        expression=replace(face.expression, gaze_x=0.08 * np.sin(np.pi * seconds / 2.5) ** 2),
    )


def render_clips(renderer: Renderer) -> tuple[list[Rendering], list[Rendering]]:
    """The demo's clip and the truth's, frame by frame the same smile, each under one crop from first to last."""
    demo, truth = [], []
    demo_crop, truth_crop = (
        renderer.crop_of(person(number, {})).widened(CLIP_ZOOM) for number in (SMILING, TRUTH_FACE)
    )
    for frame, smile in enumerate(track(smile_course(), "clips", transient=True)):
        demo.append(renderer.render(swaying(person(SMILING, {"smile": smile}), frame / FPS), demo_crop))
        truth.append(renderer.render(person(TRUTH_FACE, {"smile": smile}), truth_crop))
    return demo, truth


def face_at_rest(number: int) -> Face:
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
    """Both clips, the still and the truth about them."""
    demo, truth = render_clips(renderer)
    write_video(root / DEMO / "smile.mp4", [frame.image for frame in demo], FPS, crf=CRF, threads=1)
    write_video(root / TRUTH / "smile.mp4", [frame.image for frame in truth], FPS, crf=CRF, threads=1)
    _write_picture(root / TRUTH / "still.png", truth[0].image)
    course = smile_course()
    with replacing(root / TRUTH / "truth.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            smile=course.astype(np.float32),  # (F,)
            seconds=(np.arange(len(course)) / FPS).astype(np.float32),  # (F,)
            demo_landmarks=np.stack([frame.landmarks for frame in demo]).astype(np.float32),  # (F, 68, 2)
            truth_landmarks=np.stack([frame.landmarks for frame in truth]).astype(np.float32),  # (F, 68, 2)
        )


def write_faces(renderer: Renderer, root: Path) -> None:
    """The faces and their manifest."""
    ids = [f"face_{place:02d}" for place in range(1, len(FACES) + 1)]
    images = [DEMO / "faces" / f"{name}.jpg" for name in ids]
    for number, image in zip(track(FACES, "faces", transient=True), images, strict=True):
        face = face_at_rest(number)
        _write_picture(root / image, renderer.render(face, renderer.crop_of(face).widened(FACE_ZOOM)).image)
    table = pa.table({"id": ids, "image": [f"../{image.as_posix()}" for image in images]})
    with replacing(root / MANIFEST) as temporary:
        pq.write_table(table, temporary)


def _write_picture(path: Path, image: np.ndarray) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    _, stored = cv2.imencode(path.suffix, image[..., ::-1], quality)
    with replacing(path) as temporary:
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
