"""The functions behind `import micromotion`: the method from end to end, in one process, as pure functions.

What a batch run adds (workers, a ledger, resuming, a report) is in `pipeline`; what each step does is in `stages`.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from common.errors import ClipError, InversionDiverged, TextError, UnreadableImage
from stages.anchor_settings import Optimisation
from stages.clip_anchors import fit_anchors, follow_face
from stages.detect_faces import SeenFace, cut_faces
from stages.faces.align import align_face
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.faces.rotations import find_in_any_rotation
from stages.invert import check_inversion, invert_crops
from stages.media.decode_image import decode_image
from stages.media.encode import VideoFile
from stages.media.encode import write_video as encode
from stages.media.ingest import fetch, open_clip
from stages.models import ModelFiles, Models, ModelSettings, tensor_to_images
from stages.motion.animate import MotionPath as Course
from stages.motion.animate import animate as move_code
from stages.motion.clip_checks import keep_first_person, refuse_still, rest_is_elsewhere
from stages.motion.drift import drift_of
from stages.motion.fit import fit_micromotion
from stages.motion.identities import average_identities
from stages.motion.micromotion import Micromotion, load_micromotion
from stages.motion.prompts import DEGREES, captions
from stages.quality.video import embed_frames
from stages.row_frames import Pixels, frames_of_generator, frames_of_image, own_crop
from stages.text_anchors import optimise_anchors, start_code
from weights.registry import PARTS
from weights.store import find

DEVICES = ("auto", "cpu", "cuda")
BATCH = 4  # faces that are inverted together


def load_models(name: str = "synthface", *, clip: str = "", detector: str = "haar", device: str = "auto") -> Models:
    """The networks of one model; each is read from its file when it is first used.

    Args:
        name: of the registry (`run_batch.py weights list`), or a checkpoint that holds all parts.
        clip: the CLIP that reads prompts; by default the model's own.
        detector: how faces are found: "haar", or the path of a published detector.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.

    Raises:
        CheckpointError: a part of the model is not there; the text names the known models.
        ValueError: another device.
    """
    if device not in DEVICES:
        raise ValueError(f'device: expected one of {", ".join(DEVICES)}, found "{device}".')
    for part in PARTS:
        find(name, part)
    files = ModelFiles(generator=name, inverter=name, identity=name, landmarks=name, clip=clip or name)
    return Models(ModelSettings(files, detector, device))


def load_motion(path: Path | str) -> Micromotion:
    """A motion from its file: one that was saved here or by a run, or one of the paper's published directions.

    Raises:
        MotionFileError: the file is missing, or holds no motion.
    """
    return load_micromotion(Path(path))


def read_image(path: Path | str) -> np.ndarray:
    """(H, W, 3) uint8: an image file upright and in sRGB, as a run reads it.

    Raises:
        UnreadableImage: there is no such file, or it is no image, or a damaged one.
    """
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
        ValueError: both are given, or neither.
    """
    if (clip is None) == (prompt is None):
        raise ValueError("expected a clip or a prompt, and not both")
    if prompt is not None:
        return _motion_of_prompt(models, prompt, degrees, seeds)
    assert clip is not None
    found = _anchors_of_clip(models, Path(clip), max_anchors)
    return fit_anchors(
        found.codes,
        found.landmarks,
        found.rendered,
        found.times,
        source=found.sha256,
        generator=models.generator.fingerprint,
    )


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
        frames: how many, at least 2.
        path: `linear` goes to the extreme, `pingpong` comes back, `replay` keeps the clip's own timing.
        strength: 1 is the extent of the clip; negative runs the motion backwards.
        pixels: "picture" moves the image's own pixels, "generator" shows the generator's face.
        longest: the side of a frame is at most this, with `pixels="picture"`.

    Raises:
        MotionMismatch: the motion is of another generator.
        UnreadableImage: the file cannot be read, or the array is not (H, W, 3) uint8.
        NoFace, FaceTooSmall: the image shows no face, or none that is large enough.
        InversionDiverged: the face is unlike any that the model knows.
    """
    motion.check(models.generator.fingerprint, models.generator.num_layers)
    if not isinstance(image, np.ndarray):
        image = read_image(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise UnreadableImage(
            f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}. Convert it to RGB, 0 to 255."
        )
    landmarks = find_in_any_rotation(models.finder, image).landmarks
    crop = align_face(image, landmarks)  # (256, 256, 3)
    found = invert_crops(models.inverter, crop[None])
    check_inversion(found.codes[0], found.psnr[0])
    codes = move_code(found.codes[0], motion, frames, path, strength)  # (F, L, 512)
    if pixels == "generator":
        return frames_of_generator(models, crop, codes).frames
    return frames_of_image(models, *own_crop(image, landmarks, longest), found.codes[0], codes, drift_of(motion)).frames


def write_video(path: Path | str, frames: Iterable[np.ndarray], fps: float = 30.0, crf: int = 18) -> VideoFile:
    """Encode frames as H.264; the file stands under its name when it is whole, and not before.

    Args:
        path: where the video goes, a name that ends in .mp4; its folder exists.
        frames: (H, W, 3) uint8 RGB, all of one size, at least one.
        fps: frames a second. crf: x264's quality, 0 (lossless) to 51.

    Raises:
        ValueError: the name ends otherwise.
        EncodeFailed, OutputUnavailable: nothing is left behind.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"{path}: expected a name that ends in .mp4, which is what is written.")
    return encode(path, frames, fps, crf)


@dataclass(frozen=True)
class _Anchors:
    """A clip's face in every usable frame.

    Attributes:
        codes: (T, L, 512).
        landmarks, rendered: (T, 68, 2), of the crops and of the codes' renderings, shares of the side.
        times: (T,) seconds.
        sha256: of the clip.
    """

    codes: np.ndarray
    landmarks: np.ndarray
    rendered: np.ndarray
    times: np.ndarray
    sha256: str


def _anchors_of_clip(models: Models, path: Path, max_anchors: int) -> _Anchors:
    """Detect, track, align and invert a clip's face; frames that show no face or somebody else are left out."""
    clip = open_clip(path, max_anchors)
    faces: list[list[SeenFace]] = [cut_faces(frame, models.finder.find_all(frame)) for frame in clip.frames()]
    crops, seen = follow_face(faces, clip.times, path)
    kept: list[tuple[np.ndarray, ...]] = []
    left = iter(zip(crops, seen, strict=True))
    while part := list(islice(left, BATCH)):
        images = np.stack([crop for crop, _ in part])  # (B, 256, 256, 3)
        found = invert_crops(models.inverter, images)
        rows = zip(
            found.codes,
            found.psnr,
            landmarks_in_crops(models.landmarks, images),
            landmarks_in_crops(models.landmarks, found.renderings),
            embed_frames(models, images),
            [time for _, time in part],
            strict=True,
        )
        for code, quality, landmarks, rendered, identity, time in rows:
            try:
                check_inversion(code, quality)
            except InversionDiverged as error:
                warnings.warn(f"{path}, {time:.2f} s: {error}; this frame is left out.", stacklevel=4)
            else:
                kept.append((code.numpy(), landmarks, rendered, identity.numpy(), np.asarray(time)))
    if len(kept) < 2:
        raise ClipError(f"{path}: {len(kept)} of {len(crops)} frames could be inverted, and a motion needs at least 2.")
    codes, landmarks, rendered, identities, times = (np.stack(column) for column in zip(*kept, strict=True))
    same = keep_first_person(identities, times, path)  # (T,)
    anchors = _Anchors(codes[same], landmarks[same], rendered[same], times[same], clip.sha256)
    refuse_still(anchors.codes, anchors.landmarks, anchors.times, path)
    if (rest := rest_is_elsewhere(anchors.codes, anchors.landmarks)) is not None:
        warnings.warn(
            f"{path}: the face seems to be at rest at {anchors.times[rest]:.2f} s, not at first.", stacklevel=4
        )
    return anchors


def _motion_of_prompt(models: Models, prompt: str, degrees: Sequence[str], seeds: Sequence[int]) -> Micromotion:
    """Lead generated faces to each degree of a prompt; their shared motion."""
    texts, settings = captions(prompt, degrees), Optimisation()
    codes, landmarks = [], []
    for seed in seeds:
        start = start_code(models.generator, seed, settings.truncation)  # (L, 512)
        anchors = optimise_anchors(models.generator, models.clip, models.identity, start, texts, settings)
        codes.append(anchors.codes)  # (D, L, 512)
        images = tensor_to_images(anchors.renderings).numpy()  # (D, S, S, 3)
        landmarks.append(torch.as_tensor(landmarks_in_crops(models.landmarks, images)))
    try:
        return fit_micromotion(
            average_identities(torch.stack(codes)),
            reject=False,  # every degree was made here: none can show a hand before the face
            source=prompt,
            generator=models.generator.fingerprint,
            landmarks=torch.stack(landmarks).mean(dim=0),
        )
    except ClipError as error:
        raise TextError(f"no motion came of the prompt: {error}") from error
