"""The functions behind `import micromotion`: the method from end to end, in one process, as pure functions.

What a batch run adds (workers, a ledger, resuming, a report) is in `pipeline`; what each step does is in `stages`.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from common.errors import UnreadableImage
from micromotion.arguments import (
    IMAGE,
    MODELS,
    MOTION,
    NUMBER,
    NUMBERS,
    PATH,
    TEXT,
    TEXTS,
    WHOLE,
    check_frames,
    check_ranges,
    check_seeds,
    check_types,
)
from stages.anchor_settings import Optimisation
from stages.base import finish
from stages.faces.align import align_face
from stages.faces.detectors import make_detector
from stages.faces.rotations import find_in_any_rotation
from stages.fit_clip import anchors_of_clip, check_anchors, fit_anchors
from stages.fit_prompt import find_concerns, fit_identities
from stages.invert import invert_face
from stages.media.decode_image import decode_image
from stages.media.encode import VideoFile
from stages.media.encode import write_video as encode
from stages.media.fetch_image import fetch
from stages.media.open_clip import open_clip
from stages.model_files import ModelFiles
from stages.models import Models, ModelSettings
from stages.motion.animate import animate as move_code
from stages.motion.displacement import fit_displacement
from stages.motion.load_micromotion import load_micromotion
from stages.motion.micromotion import Micromotion
from stages.motion.motion_path import MotionPath as Course
from stages.motion.prompts import DEGREES, captions
from stages.row_frames import frames_of_generator, frames_of_image, own_crop
from stages.text_anchors import anchors_of_identity
from stages.video_settings import Pixels
from weights.find_clip import find_clip
from weights.registry import PARTS
from weights.store import find

DEVICES = ("auto", "cpu", "cuda")


def load_models(name: str = "synthface", *, clip: str = "", detector: str = "haar", device: str = "auto") -> Models:
    """The networks of one model; each is read from its file when it is first used.

    Args:
        name: of the registry (`run_batch.py weights list`), or a checkpoint that holds all parts.
        clip: the CLIP that reads prompts; by default the model's own.
        detector: how faces are found: "haar", or the path of a published detector.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.

    Raises:
        CheckpointError: a part of the model, the CLIP or the detector's file is not there.
        ExtraMissing: the CLIP is one of the hub's, and what reads the hub's cache is not installed.
        ValueError: another device, or "cuda" where there is none.
        TypeError: an argument has another type.
    """
    check_types(name=(name, TEXT), clip=(clip, TEXT), detector=(detector, TEXT), device=(device, TEXT))
    if device not in DEVICES:
        raise ValueError(f'device: expected one of {", ".join(DEVICES)}, found "{device}".')
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError('device: PyTorch finds no CUDA GPU on this machine. Give "auto" or "cpu".')
    for part in PARTS:
        find(name, part)
    make_detector(detector, "cpu")
    if clip:
        find_clip(clip)
    files = ModelFiles(generator=name, inverter=name, identity=name, landmarks=name, clip=clip or name)
    return Models(ModelSettings(files, detector, device))


def load_motion(path: Path | str) -> Micromotion:
    """A motion from its file: one that was saved here or by a run, or one of the paper's published directions.

    Raises:
        MotionFileError: the file is missing, or holds no motion.
        TypeError: `path` is no path.
    """
    check_types(path=(path, PATH))
    return load_micromotion(Path(path))


def read_image(path: Path | str) -> np.ndarray:
    """(H, W, 3) uint8: an image file upright and in sRGB, as a run reads it.

    Raises:
        UnreadableImage: there is no such file, or it is no image, or a damaged one.
        TypeError: `path` is no path.
    """
    check_types(path=(path, PATH))
    return decode_image(fetch(str(path)), str(path))


def extract_motion(
    models: Models,
    clip: Path | str | None = None,
    *,
    prompt: str | None = None,
    max_anchors: int = 64,
    degrees: Sequence[str] = DEGREES,
    seeds: Sequence[int] = (1, 2, 3, 4),
) -> Micromotion:
    """The motion of a clip's face, or the one that a prompt names. Exactly one of the two.

    Args:
        models: in whose latent space the motion will lie.
        clip: a video of one face that starts at rest and makes one motion.
        prompt: with `{degree}` in it, such as "a person with {degree} smile".
        max_anchors: frames of the clip that are used, evenly spread over its time.
        degrees: what stands for `{degree}`, from rest to the extreme.
        seeds: one generated face each, which is led to all degrees of the prompt.

    Raises:
        ClipError: the clip cannot be read, shows no face in most of its frames, or no motion.
        TextError: the prompt cannot be used, or names no motion.
        ValueError: both are given, or neither; fewer than 2 `max_anchors`; no seeds, or one twice.
        TypeError: an argument has another type.
    """
    check_types(models=(models, MODELS), max_anchors=(max_anchors, WHOLE))
    check_types(degrees=(degrees, TEXTS), seeds=(seeds, NUMBERS))
    if (clip is None) == (prompt is None):
        raise ValueError("expected a clip or a prompt, and not both")
    if prompt is not None:
        check_types(prompt=(prompt, TEXT))
        check_seeds(seeds)
        return _motion_of_prompt(models, prompt, degrees, seeds)
    check_types(clip=(clip, PATH))
    check_ranges(max_anchors=(max_anchors, 2, 4096))
    assert clip is not None
    return _motion_of_clip(models, Path(clip), max_anchors)


@torch.inference_mode()
def animate(
    models: Models,
    motion: Micromotion,
    image: np.ndarray | Path | str,
    *,
    frames: int = 60,
    path: Course = "pingpong",
    strength: float = 1.0,
    pixels: Pixels = "picture",
    longest: int = 1024,
) -> Iterator[np.ndarray]:
    """The largest face of an image making a motion, (S, S, 3) uint8 a frame; the first frame is the face at rest.

    Args:
        models: those that the motion was extracted with.
        motion: as `extract_motion` or `load_motion` give it.
        image: (H, W, 3) uint8 RGB, or a file.
        frames: how many, 2 to 100,000.
        path: `linear` goes to the extreme, `pingpong` comes back, `replay` keeps the clip's own timing.
        strength: 1 is the extent of the clip; negative runs the motion backwards.
        pixels: "picture" moves the image's own pixels, "generator" shows the generator's face.
        longest: the side of a frame is at most this, 64 to 8192, with `pixels="picture"`.

    Raises:
        ValueError: another `pixels` or `path`, `frames` is not 2 to 100,000, `longest` not 64 to 8192, or `strength`
            not finite.
        MotionMismatch: the motion is of another generator.
        UnreadableImage: the file cannot be read, or the array is not (H, W, 3) uint8.
        NoFace, FaceTooSmall: the image shows no face, or none that is large enough.
        InversionDiverged: the face is unlike any that the model knows.
        TypeError: an argument has another type.
    """
    check_types(models=(models, MODELS), motion=(motion, MOTION), image=(image, IMAGE))
    check_types(frames=(frames, WHOLE), path=(path, TEXT), strength=(strength, NUMBER))
    check_types(pixels=(pixels, TEXT), longest=(longest, WHOLE))
    check_ranges(frames=(frames, 2, 100_000), longest=(longest, 64, 8192))
    if pixels not in get_args(Pixels):
        raise ValueError(f'pixels: expected one of {", ".join(get_args(Pixels))}, found "{pixels}".')
    motion.check(models.generator.fingerprint, models.generator.num_layers)
    if not isinstance(image, np.ndarray):
        image = read_image(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise UnreadableImage(
            f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}. Convert it to RGB, 0 to 255."
        )
    landmarks = find_in_any_rotation(models.finder, image).landmarks
    crop = align_face(image, landmarks)  # (256, 256, 3)
    face = invert_face(models.inverter, crop)
    codes = move_code(face.code, motion, frames, path, strength)  # (F, L, 512)
    if pixels == "generator":
        return frames_of_generator(models, crop, codes, face).frames
    return frames_of_image(
        models, *own_crop(image, landmarks, longest), face.code, codes, fit_displacement(motion)
    ).frames


def write_video(path: Path | str, frames: Iterable[np.ndarray], fps: float = 30.0, crf: int = 18) -> VideoFile:
    """Encode frames as H.264; the file gets its name once it is whole.

    Args:
        path: where the video goes, a name that ends in .mp4; its folder exists.
        frames: (H, W, 3) uint8 RGB, all of one size, at least one.
        fps: frames a second, 1 to 240. crf: x264's quality, 0 (lossless) to 51.

    Raises:
        ValueError: the name ends otherwise, `fps` is not 1 to 240, `crf` not 0 to 51, or a frame too small or large.
        EncodeFailed, OutputUnavailable: nothing is left behind.
        TypeError: an argument, or a frame, has another type.
    """
    check_types(path=(path, PATH), fps=(fps, NUMBER), crf=(crf, WHOLE))
    check_ranges(fps=(fps, 1, 240), crf=(crf, 0, 51))
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"{path}: expected a name that ends in .mp4, which is what is written.")
    return encode(path, check_frames(frames), fps, crf)


def _motion_of_clip(models: Models, path: Path, max_anchors: int) -> Micromotion:
    """Find, follow and invert a clip's face, check its anchors and fit them."""

    def warn(message: str) -> None:
        warnings.warn(f"{path}: {message}", stacklevel=5)

    clip = open_clip(path, max_anchors)
    anchors = check_anchors(anchors_of_clip(models, clip, warn), warn)
    return fit_anchors(anchors, models.generator.fingerprint, warn)


def _motion_of_prompt(models: Models, prompt: str, degrees: Sequence[str], seeds: Sequence[int]) -> Micromotion:
    """Lead generated faces to each degree of a prompt; their shared motion."""
    texts, settings = captions(prompt, degrees), Optimisation()
    rows = [
        finish(anchors_of_identity(models, {"index": index, "seed": seed}, texts, settings))
        for index, seed in enumerate(seeds)
    ]
    codes, landmarks, identity = (
        torch.tensor(np.stack([row[name] for row in rows])) for name in ("code", "landmarks", "identity")
    )  # (S, D, L, 512), (S, D, 68, 2), (S, D)
    for message in find_concerns(np.stack([row["rendering"] for row in rows]), identity, codes):
        warnings.warn(f'"{prompt}": {message}', stacklevel=3)
    return fit_identities(codes, landmarks, prompt, models.generator.fingerprint)
