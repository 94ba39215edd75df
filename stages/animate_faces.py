"""A target's second half: invert, move, render, encode, measure."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import storage
from common.errors import EncoderKilled, MicromotionError, OutputUnavailable, Reason, RowError, UnreadableImage
from common.redaction import describe_error, one_line
from stages.base import Row, RowStatus, Stage
from stages.invert import InvertedFace, invert_face
from stages.media.compose import paste, side_by_side
from stages.media.decode_image import decode_image
from stages.media.encode import write_video
from stages.media.fetch_image import fetch
from stages.models import Models, ModelSettings
from stages.motion.animate import animate
from stages.motion.displacement import fit_displacement
from stages.motion.micromotion import Micromotion
from stages.quality.video import describe_breakdown, measure_video
from stages.result_row import result_row
from stages.row_frames import RowFrames, frames_of_generator, frames_of_image, own_crop
from stages.video_settings import VideoSettings


@dataclass(frozen=True)
class AnimateFacesSettings:
    """What `AnimateFaces` needs.

    Attributes:
        model: the model's files.
        motions: each by its name.
        video: what the videos look like.
        output: the job's folder; videos go to `videos/` in it,
        videos: or to this URI, where one is given.
        iterations: ReStyle's steps.
        row_timeout: seconds that encoding may take.
        fetch_timeout: seconds that an image may take to arrive once more: it does not travel between workers.
        rehearsal: show every face at rest, as it was cut out, without inverting or moving it.
    """

    model: ModelSettings = field(default_factory=ModelSettings)
    motions: Mapping[str, Micromotion] = field(default_factory=dict)
    video: VideoSettings = field(default_factory=VideoSettings)
    output: str = "."
    videos: str = ""
    iterations: int = 5
    row_timeout: float = 1800.0
    fetch_timeout: float = 60.0
    rehearsal: bool = False


class AnimateFaces(Stage):
    """Turns a row of `AlignFaces` into a result row (`stages.result_row`) and writes its video.

    A row whose video has nowhere to go has the status `blocked`: it is not the row that failed.
    """

    def __init__(self, settings: AnimateFacesSettings):
        self.models = Models(settings.model)
        self.settings = settings
        for motion in settings.motions.values():
            motion.check(self.models.generator.fingerprint, self.models.generator.num_layers)

    def process(self, row: Row) -> Row:
        """The row's result, whatever happened to it."""
        result = result_row(row)
        if row["status"] != RowStatus.READY:
            return result
        started = time.monotonic()
        try:
            try:
                made = self._make_video(row)
            except EncoderKilled:  # no fault of the row's, or so it seems
                made = self._make_video(row)
            result |= made | {"status": RowStatus.DONE}
        except OutputUnavailable as error:
            result |= {"status": RowStatus.BLOCKED, "message": _sentence(error)}
        except UnreadableImage as error:
            # It could be read a moment ago. Without the key every later run tries it again, as it does any such row.
            message = _sentence(error)
            result |= {"status": RowStatus.FAILED, "reason": error.reason, "message": message, "key": ""}
        except RowError as error:
            result |= {"status": RowStatus.FAILED, "reason": error.reason, "message": _sentence(error)}
        except Exception as error:  # it keeps its key, so that only `retry` tries it again
            message = f"{type(error).__name__}: {describe_error(error)}."
            result |= {"status": RowStatus.FAILED, "reason": Reason.INTERNAL_ERROR, "message": message}
        return result | {"seconds": time.monotonic() - started}

    def _make_video(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Write the row's video, and measure it; the columns that this adds."""
        video = self.settings.video
        crop = np.asarray(row["crop"])  # (256, 256, 3)
        if self.settings.rehearsal:
            still = self._still(row)[0]
            return self._write(row, RowFrames(still, repeat(still, video.frames), lambda frame: crop))
        motion = self.settings.motions[row["motion"]]
        face = invert_face(self.models.inverter, crop, self.settings.iterations)
        codes = animate(
            face.code, motion, video.frames, video.path, float(row["strength"]), video.layers
        )  # (F, L, 512)
        measured = np.unique(np.linspace(0, video.frames - 1, video.measured_frames).round().astype(int))
        progress = _progress(codes - face.code, motion.direction)  # (F,)
        shown = self._row_frames(row, face, codes)
        same_as = shown.same_as or range(video.frames)
        moments, moment_of = np.unique([same_as[number] for number in measured], return_inverse=True)
        kept: list[np.ndarray] = []
        watched = replace(shown, frames=_keep_aligned(shown, set(moments.tolist()), kept))
        written = self._write(row, watched) | shown.figures
        quality: dict[str, Any] = {}
        if len(measured):
            asked = shown.asked(moments.tolist())[moment_of] if shown.asked else None
            measures = measure_video(
                self.models, motion, shown.aligned(shown.still), np.stack(kept), progress[measured], asked, moment_of
            )
            beyond = describe_breakdown(measures.clearness_min, measures.csim_min, float(row["strength"]))
            quality = {**asdict(measures), "message": beyond}
        return {**written, "reconstruction_psnr": face.psnr, **quality}

    def _row_frames(self, row: Mapping[str, Any], face: InvertedFace, codes: torch.Tensor) -> RowFrames:
        """The row's frames, either way."""
        if self.settings.video.pixels == "generator":
            return frames_of_generator(self.models, np.asarray(row["crop"]), codes, face)
        return frames_of_image(
            self.models, *self._still(row), face.code, codes, fit_displacement(self.settings.motions[row["motion"]])
        )

    def _still(self, row: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """What is shown at rest, (H, W, 3) uint8, and the face's landmarks in it, (68, 2)."""
        video = self.settings.video
        landmarks = np.asarray(row["landmarks"], np.float64).reshape(68, 2)
        if video.pixels == "generator":
            return np.asarray(row["crop"]), landmarks
        picture = self._picture(row)
        return (picture, landmarks) if video.layout == "paste" else own_crop(picture, landmarks, video.longest)

    def _picture(self, row: Mapping[str, Any]) -> np.ndarray:
        """The row's image once more, (H, W, 3) uint8: between workers only its crop travels."""
        return decode_image(fetch(row["image"], self.settings.fetch_timeout), row["image"])

    def _write(self, row: Mapping[str, Any], shown: RowFrames) -> dict[str, Any]:
        """Lay frames out, encode them, and put the video in its place; the columns that say so."""
        video = self.settings.video
        name, timeout = f"{row['id']}.mp4", self.settings.row_timeout
        if not self.settings.videos:
            path = Path(self.settings.output) / "videos" / name
            written = write_video(path, self._lay_out(row, shown), video.fps, video.crf, timeout)
            return {"video": f"videos/{name}", "fps": video.fps, **asdict(written)}
        uri = storage.join_uri(self.settings.videos, name)
        with tempfile.TemporaryDirectory(prefix="micromotion-video-") as folder:
            path = Path(folder) / name
            written = write_video(path, self._lay_out(row, shown), video.fps, video.crf, timeout)
            try:
                storage.write_file(path, uri, timeout)
            except OSError as error:
                raise OutputUnavailable(f"{uri} cannot be written: {storage.describe_io_error(error)}.") from error
        return {"video": storage.strip_credentials(uri), "fps": video.fps, **asdict(written)}

    def _lay_out(self, row: Mapping[str, Any], shown: RowFrames) -> Iterator[np.ndarray]:
        """Frames in the layout that the job asks for."""
        video = self.settings.video
        if video.layout == "side_by_side":
            yield from (side_by_side(shown.still, frame) for frame in shown.frames)
        elif video.layout == "paste" and video.pixels == "generator":
            picture, quad = self._picture(row), np.asarray(row["quad"]).reshape(4, 2)
            yield from (paste(picture, frame, quad) for frame in shown.frames)
        else:
            yield from shown.frames


def _keep_aligned(shown: RowFrames, wanted: set[int], kept: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Every frame; of those that are measured the aligned faces are kept on the way, so that none is made twice."""
    for index, frame in enumerate(shown.frames):
        if index in wanted:
            kept.append(shown.aligned(frame))
        yield frame


def _sentence(error: MicromotionError) -> str:
    """An error's message on one line: some quote a library's, which has several."""
    return one_line(str(error))


def _progress(moves: torch.Tensor, direction: torch.Tensor) -> np.ndarray:
    """How far along a direction each move goes: (F, L, 512) and (L, 512) -> (F,), 1 at the direction's end."""
    return (torch.einsum("fld,ld->f", moves, direction) / direction.square().sum()).numpy()
