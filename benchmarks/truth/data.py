"""Rendered motions whose truth is known: what `benchmarks.truth.motions` measures against, in one file.

    python -m benchmarks.truth.data --face-model DIR [--output benchmarks/truth/truth_data.npz]

Everything comes from one seed, which no training and no demo uses. For each motion it holds a clip of one person
going evenly from rest to the extreme while the head sways a little, and 24 other people making the same motion with
the head still, at nine moments, with their landmarks. Pictures are FFHQ-aligned by their own landmarks, as those that
the family was trained on. Seven more people serve as the strangers that get into a clip by mistake.

| array | what |
|---|---|
| `format`, `seed` | "micromotion-truth 1"; the number that all was made from |
| `webp`, `lengths` | bytes of all pictures, one after another; how many belong to each |
| `motions` | (M,) names |
| `clip_progress`, `clips` | (T,) 0 at rest, 1 at the extreme; (M, T) numbers of pictures |
| `progress`, `frames` | (K,) likewise; (M, N, K) numbers of pictures, the first one being the person's still |
| `landmarks` | (M, N, K, 68, 2) int16, in shares of the picture's side times 2^14 |
| `tracks` | (M, 2, 24, 68, 2) int16, the same, of the first two people at 24 even moments: for jitter |
| `strangers` | (7,) numbers of pictures |
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.truth.file import ImagePool, decode_images, read_arrays, split_images
from common.atomic_files import replace_atomically
from common.errors import UserError
from training.scene.expression import Expression
from training.scene.face_code import RenderedFace, face_from_code, random_code
from training.scene.face_model import VARIABLE, face_model_folder
from training.scene.renderer import Renderer

FORMAT = "micromotion-truth 1"
DATA = Path(__file__).with_name("truth_data.npz")
SEED = 41057
SIZE, WEBP_QUALITY = 128, 88
CLIP_FRAMES, MOMENTS, TRACK_MOMENTS = 64, 9, 24
ACTOR = 0
PEOPLE, TRACKED, STRANGERS = range(1, 25), range(1, 3), range(25, 32)
LANDMARK_UNITS = 2**14

AT_REST = asdict(Expression(blink=0.05))


@dataclass(frozen=True)
class Truth:
    """The data as methods and measures take it. Pictures are uint8 RGB, FFHQ-aligned.

    Attributes:
        motions: (M,) names.
        clip_progress: (T,) float64, how far the actor has gone in each frame of every clip: 0 to 1, evenly.
        clips: (M, T, S, S, 3), the actor.
        progress: (K,) float64, how far the people have gone: 0 to 1, evenly.
        frames: (M, N, K, S, S, 3), the people making the motion truly; [:, :, 0] are their stills.
        landmarks: (M, N, K, 68, 2) float64, true ones, as shares of the picture's side.
        tracks: (M, 2, F, 68, 2) float64, of the first two people at F even moments.
        strangers: (X, S, S, 3), people who are in no clip and not among the N.
    """

    motions: tuple[str, ...]
    clip_progress: np.ndarray
    clips: np.ndarray
    progress: np.ndarray
    frames: np.ndarray
    landmarks: np.ndarray
    tracks: np.ndarray
    strangers: np.ndarray


def person(number: int, motion: str, progress: float) -> RenderedFace:
    """One of the seed's people, `progress` of the way through a motion, facing the camera otherwise."""
    if motion not in MOTIONS:
        raise ValueError(f"motion must be one of {', '.join(MOTIONS)}, found {motion}")
    return MOTIONS[motion](random_person(number), progress)


def random_person(number: int) -> np.ndarray:
    """(512,) the code of one of the seed's people."""
    return random_code(np.random.default_rng((SEED, number)))


def _facing(code: np.ndarray, yaw: float = 0.0, age: float | None = None, **expression: float) -> RenderedFace:
    return replace(face_from_code(code, AT_REST | expression, yaw=yaw, age=age), pitch=0.02)


def _between(low: float, high: float, progress: float) -> float:
    return low + (high - low) * progress


MOTIONS: dict[str, Callable[[np.ndarray, float], RenderedFace]] = {
    "smile": lambda code, progress: _facing(code, smile=progress),
    "eyes_closed": lambda code, progress: _facing(code, blink=_between(AT_REST["blink"], 1, progress)),
    "head_turn": lambda code, progress: _facing(code, yaw=_between(0, 0.3, progress)),
    "ageing": lambda code, progress: _facing(code, age=_between(0.1, 0.9, progress)),
}


def clip_course() -> np.ndarray:
    """(T,) how far each frame of a clip has gone.

    It goes evenly: last-minus-first, which has no timing of its own, may then take the anchors' numbers for it.
    """
    return np.linspace(0, 1, CLIP_FRAMES)


def swaying(face: RenderedFace, seconds: float) -> RenderedFace:
    """The face a moment into a clip: turned by up to 1.2 degrees, nodding by half as much, eyes drifting."""
    return replace(
        face,
        yaw=face.yaw + np.radians(1.2) * np.sin(2 * np.pi * seconds / 1.7),
        pitch=face.pitch + np.radians(0.6) * np.sin(2 * np.pi * seconds / 1.3),
        expression=replace(face.expression, gaze_x=0.08 * np.sin(2 * np.pi * seconds / 1.1)),
    )


def clip_extent(motion: str) -> float:
    """How far a clip's last frame has gone, as a share of the motion: the sway adds to a turn of the head."""
    last = (CLIP_FRAMES - 1) / 30
    still, end = person(ACTOR, motion, 0.0), person(ACTOR, motion, 1.0)
    turn = end.yaw - still.yaw
    return (swaying(end, last).yaw - still.yaw) / turn if turn else 1.0


def render_truth(renderer: Renderer) -> Truth:
    """Draw everything, about 1,350 pictures."""
    course, progress = clip_course(), np.linspace(0, 1, MOMENTS)
    clips, frames, landmarks, tracks = [], [], [], []
    for motion in MOTIONS:
        faces = (swaying(person(ACTOR, motion, share), frame / 30) for frame, share in enumerate(course))
        clips.append(np.stack([renderer.render(face).image for face in faces]))
        numbers = track(PEOPLE, motion, transient=True)
        drawn = [[renderer.render(person(number, motion, share)) for share in progress] for number in numbers]
        frames.append(np.stack([[one.image for one in row] for row in drawn]))
        landmarks.append(np.stack([[one.landmarks / SIZE for one in row] for row in drawn]))
        fine = np.linspace(0, 1, TRACK_MOMENTS)
        tracks.append(
            [[renderer.render(person(number, motion, share)).landmarks / SIZE for share in fine] for number in TRACKED]
        )
    strangers = np.stack([renderer.render(person(number, "smile", 0.0)).image for number in STRANGERS])
    return Truth(
        motions=tuple(MOTIONS),
        clip_progress=course,
        clips=np.stack(clips),
        progress=progress,
        frames=np.stack(frames),
        landmarks=np.stack(landmarks),
        tracks=np.array(tracks),
        strangers=strangers,
    )


def save_truth(truth: Truth, path: Path) -> None:
    """Write the file; equal pictures, as the stills of one person are for most motions, are stored once."""
    pool = ImagePool(WEBP_QUALITY)
    clips, frames, strangers = (pool.add(part) for part in (truth.clips, truth.frames, truth.strangers))
    with replace_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            seed=np.array(SEED),
            motions=np.array(truth.motions),
            clip_progress=truth.clip_progress,
            clips=clips,
            progress=truth.progress,
            frames=frames,
            landmarks=_whole(truth.landmarks),
            tracks=_whole(truth.tracks),
            strangers=strangers,
            webp=pool.webp,
            lengths=pool.lengths,
        )


def load_truth(path: Path = DATA) -> Truth:
    """Read the file; nothing in it is executed.

    Raises:
        UserError: missing, damaged, or something else.
    """
    arrays = read_arrays(path, FORMAT, "python -m benchmarks.truth.data --face-model DIR")
    pictures = decode_images(split_images(arrays), path)  # (P, S, S, 3)
    return Truth(
        motions=tuple(str(name) for name in arrays["motions"]),
        clip_progress=arrays["clip_progress"],
        clips=pictures[arrays["clips"]],
        progress=arrays["progress"],
        frames=pictures[arrays["frames"]],
        landmarks=arrays["landmarks"] / LANDMARK_UNITS,
        tracks=arrays["tracks"] / LANDMARK_UNITS,
        strangers=pictures[arrays["strangers"]],
    )


def _whole(shares: np.ndarray) -> np.ndarray:
    return np.round(shares * LANDMARK_UNITS).astype(np.int16)


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--output", type=Path, default=DATA, help="the file")
    options = parser.parse_args()
    try:
        save_truth(render_truth(Renderer(face_model_folder(options.face_model), SIZE)), options.output)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
