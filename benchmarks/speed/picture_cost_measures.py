"""One face moved both ways against the clock of the processor: what `benchmarks.speed.picture_cost` does with each
size.
"""

import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.faces.align import align_face, face_quad
from stages.invert import invert_face
from stages.media.compose import paste
from stages.media.decode_image import decode_image
from stages.media.encode import render_frames, write_video
from stages.models import Models
from stages.picture import mover
from stages.row_frames import own_crop
from stages.video_settings import VideoSettings

WAYS = ("picture", "generator")
LAYOUTS = ("crop", "paste")
ROW = 60  # frames
# What setting up calls, by the part of the work that it is.
PARTS = {
    "landmarks_in_crops": "landmarks",
    "gesture_course": "fit",
    "find_figure": "fit",
    "likeness_of": "appearance",
    "inside_of": "appearance",
    "appearance_changes": "appearance",
}
SET_UP = ("keys", "landmarks", "fit", "appearance", "rest")


@dataclass(frozen=True)
class SizedFace:
    """A face whose crop has a certain size.

    Attributes:
        image: (H, W, 3) uint8. landmarks: (68, 2), of the face in it, pixels.
        rest: (L, 512), its code. codes: (F, L, 512), all of them away from rest.
        common: seconds that both ways spend on finding, aligning and inverting it.
    """

    image: np.ndarray
    landmarks: np.ndarray
    rest: Tensor
    codes: Tensor
    common: float


@dataclass(frozen=True)
class Cost:
    """Seconds of one core.

    Attributes:
        shape: (height, width) of the frames.
        set_up: once a row, by part; empty for `generator`.
        frame, encoding: of one frame, the mean.
    """

    shape: tuple[int, int]
    frame: float
    encoding: float
    set_up: dict[str, float] = field(default_factory=dict)

    def row(self, common: float) -> float:
        """Of `ROW` frames, with what both ways have in `common`."""
        return common + sum(self.set_up.values()) + ROW * (self.frame + self.encoding)


def cpu_seconds() -> float:
    """That this process has used, and its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


@contextmanager
def split_set_up(models: Models) -> Iterator[dict[str, float]]:
    """Collect the seconds that `mover_for` spends on each of `SET_UP` until the context ends."""
    spent: dict[str, float] = defaultdict(float)

    def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[part] += time.process_time() - started

        return call

    with ExitStack() as stack:
        for name, part in PARTS.items():
            stack.enter_context(patch.object(mover, name, timed(getattr(mover, name), part)))
        generator = models.generator
        stack.enter_context(patch.object(generator, "synthesize", timed(generator.synthesize, "keys")))
        started = time.process_time()
        yield spent
        spent["rest"] = time.process_time() - started - sum(spent.values())


def enlarged_face(models: Models, file: Path, size: int, frames: int, direction: Tensor) -> SizedFace:
    """The largest face of an image file, enlarged until its crop is `size` px, and a path of `frames` codes for it."""
    image = decode_image(file.read_bytes())
    quad = face_quad(models.finder.find(image).landmarks)
    scale = size / float(np.hypot(*(quad[3] - quad[0])))
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=interpolation)
    started = time.process_time()
    landmarks = models.finder.find(image).landmarks.astype(np.float64)
    rest = invert_face(models.inverter, align_face(image, landmarks)).code
    common = time.process_time() - started
    progress = torch.linspace(0, 1, frames + 1)[1:, None, None]
    return SizedFace(image, landmarks, rest, rest + progress * direction, common)


def moved_frames(models: Models, face: SizedFace, layout: str, spent: dict[str, float]) -> Iterator[np.ndarray]:
    """The frames of `picture`; setting up comes with the first one, and its parts go to `spent`."""
    still, points = (face.image, face.landmarks) if layout == "paste" else _job_crop(face)
    with split_set_up(models) as parts:
        ready = mover.mover_for(models, still, points, face.rest, face.codes)
    spent.update({part: parts.get(part, 0.0) for part in SET_UP})
    return (ready.frame(place) for place in ready.course.places)


def generated_frames(models: Models, face: SizedFace, layout: str, spent: dict[str, float]) -> Iterator[np.ndarray]:
    """The frames of `generator`; it needs no setting up."""
    frames = (frame for part in render_frames(models.generator, face.codes) for frame in part)
    if layout == "crop":
        return frames
    quad = face_quad(face.landmarks)
    return (paste(face.image, frame, quad) for frame in frames)


MAKERS = {"picture": moved_frames, "generator": generated_frames}


def measure_way(models: Models, face: SizedFace, layout: str, way: str) -> Cost:
    """Make and encode a face's frames once."""
    set_up: dict[str, float] = {}
    making: list[float] = []
    shapes: list[tuple[int, int]] = []

    def watched(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        started = time.process_time()
        for frame in frames:
            making.append(time.process_time() - started)
            shapes.append((frame.shape[0], frame.shape[1]))
            yield frame
            started = time.process_time()

    with tempfile.TemporaryDirectory(prefix="micromotion-cost-") as folder:
        frames = MAKERS[way](models, face, layout, set_up)
        started = cpu_seconds()
        video = VideoSettings()
        write_video(Path(folder) / "video.mp4", watched(frames), video.fps, video.crf, threads=1)
        whole = cpu_seconds() - started
    count = len(making)
    return Cost(shapes[0], sum(making) / count, (whole - sum(making)) / count, set_up)


def measure_pairs(models: Models, face: SizedFace, layout: str, repeats: int) -> dict[str, Cost]:
    """Medians of both ways, which take turns; each begins every other time."""
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for repeat in range(repeats):
        for way in WAYS if repeat % 2 == 0 else WAYS[::-1]:
            costs[way].append(measure_way(models, face, layout, way))
    return {way: median_cost(of_way) for way, of_way in costs.items()}


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Of each figure by itself."""
    return replace(
        costs[0],
        frame=statistics.median(cost.frame for cost in costs),
        encoding=statistics.median(cost.encoding for cost in costs),
        set_up={part: statistics.median(cost.set_up[part] for cost in costs) for part in costs[0].set_up},
    )


def _job_crop(face: SizedFace) -> tuple[np.ndarray, np.ndarray]:
    return own_crop(face.image, face.landmarks, VideoSettings().longest)
