"""The second half of a target, with the bundled models."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from common.errors import EncodeFailed, MotionMismatch, OutputUnavailable
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.animate_faces import AnimateFaces, AnimateFacesSettings
from stages.base import Row, RowStatus
from stages.media import encode
from stages.media.encode import VideoFile
from stages.media.open_clip import read_clip
from stages.models import Models, ModelSettings
from stages.motion.fit import fit_micromotion
from stages.motion.load_micromotion import load_micromotion
from stages.quality.video import MotionQuality, measure_video
from stages.result_row import COLUMNS
from stages.row_frames import own_crop
from stages.video_settings import Pixels, VideoSettings
from weights.load_networks import load_generator

FILES = ModelSettings(device="cpu")


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small motion in a random direction of W, with anchors' landmarks that move a little."""
    generator = load_generator("synthface")
    ends = generator.map(torch.randn(2, 512, generator=torch.Generator().manual_seed(3)))
    reach = torch.linspace(0, 0.3, 6)[:, None, None]
    landmarks = np.random.default_rng(0).random((1, 68, 2)) + reach.numpy() * 0.1
    path = tmp_path_factory.mktemp("motion") / "motion.safetensors"
    codes = ends[0] + reach * (ends[1] - ends[0])
    fit_micromotion(codes, generator=generator.fingerprint, fps=10.0, landmarks=landmarks).save(path)
    return path


@pytest.fixture(scope="module")
def prepared(repository: Path) -> Row:
    image = str(repository / "weights/bundled/demo/faces/face_01.jpg")
    row = {"order": 7, "id": "anna", "image": image, "motion": "smile", "strength": 1.0}
    return AlignFaces(AlignFacesSettings(FILES, {"smile": "digest"})).process(row)


def produced(models: Models, motion: Path, output: Path, prepared: Row, **video: Any) -> Row:
    """A row of a motion and settings of a video, by a worker with these networks."""
    (output / "videos").mkdir()
    settings = VideoSettings(**{"frames": 6, "measured_frames": 6} | video)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("stages.animate_faces.Models", lambda settings: models)
        produce = AnimateFaces(AnimateFacesSettings(FILES, {"smile": load_micromotion(motion)}, settings, str(output)))
    result = produce.process(prepared)
    assert list(result) == ["order", *COLUMNS]
    return result


def test_a_row_gets_a_video_and_figures(models: Models, motion: Path, tmp_path: Path, prepared: Row) -> None:
    done = produced(models, motion, tmp_path, prepared, pixels="generator")
    assert (done["status"], done["order"], done["video"]) == ("done", 7, "videos/anna.mp4")
    assert (done["frames"], done["width"], done["height"], done["fps"]) == (6, 128, 128, 30.0)
    assert (tmp_path / "videos/anna.mp4").stat().st_size == done["bytes"]
    assert read_clip(tmp_path / "videos/anna.mp4").total_frames == 6
    assert done["csim_mean"] >= done["csim_min"] > 0
    assert done["reconstruction_psnr"] > 15
    assert all(math.isfinite(done[name]) for name in ("motion_correlation", "motion_amplitude", "akd", "jitter"))
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["anna.mp4"]


def test_a_row_without_a_face_passes_through(tmp_path: Path, prepared: Row) -> None:
    failed = prepared | {"status": RowStatus.FAILED, "reason": "no_face", "crop": None}
    result = AnimateFaces(AnimateFacesSettings(FILES, output=str(tmp_path))).process(failed)
    assert (result["id"], result["status"], result["reason"], result["video"]) == ("anna", "failed", "no_face", "")
    assert math.isnan(result["csim_mean"])


@pytest.mark.parametrize(
    ("pixels", "layout", "size"),
    [
        ("generator", "side_by_side", (256, 128)),
        ("generator", "paste", (320, 320)),
        ("picture", "crop", (96, 96)),
        ("picture", "side_by_side", (192, 96)),
        ("picture", "paste", (320, 320)),
    ],
)
@pytest.mark.slow
def test_layouts_have_their_sizes(
    models: Models, motion: Path, tmp_path: Path, prepared: Row, pixels: str, layout: str, size: tuple[int, int]
) -> None:
    done = produced(models, motion, tmp_path, prepared, pixels=pixels, longest=97, layout=layout, measured_frames=0)
    assert (done["width"], done["height"]) == size
    assert math.isnan(done["csim_mean"])


@pytest.mark.slow
def test_a_motion_whose_clip_moves_no_landmark_moves_none_of_the_images(
    models: Models, motion: Path, tmp_path: Path, prepared: Row
) -> None:
    known = load_micromotion(motion)
    assert known.landmarks is not None
    still = known.landmarks[:1].expand_as(known.landmarks).contiguous()
    for name, landmarks in (("moving", None), ("still", still)):
        (tmp_path / name).mkdir()
        path = tmp_path / f"{name}.safetensors"
        replace(known, landmarks=landmarks).save(path)
        done = produced(models, path, tmp_path / name, prepared, longest=96)
        assert math.isnan(done["motion_found"]) == (name == "still"), "nothing was to move"


@pytest.mark.parametrize("layout", ["crop", "side_by_side", "paste"])
@pytest.mark.parametrize(("strength", "resting"), [(1.0, {0, 4}), (0.0, {0, 1, 2, 3, 4})])
@pytest.mark.slow
def test_a_picture_at_rest_is_itself_to_the_bit_and_else_is_not(
    models: Models,
    motion: Path,
    tmp_path: Path,
    prepared: Row,
    monkeypatch: pytest.MonkeyPatch,
    layout: str,
    strength: float,
    resting: set[int],
) -> None:
    encoded: list[np.ndarray] = []

    def write(path: Path, frames: Iterator[np.ndarray], *settings: object) -> VideoFile:
        encoded.extend(frame.copy() for frame in frames)
        return VideoFile(1, "", len(encoded), 1, 1)

    monkeypatch.setattr("stages.animate_faces.write_video", write)
    done = produced(models, motion, tmp_path, prepared | {"strength": strength}, layout=layout, frames=5)
    picture = np.array(Image.open(prepared["image"]).convert("RGB"))
    still = picture
    if layout != "paste":
        still = own_crop(picture, prepared["landmarks"].reshape(68, 2).astype(float), 1024)[0]
    if layout == "side_by_side":
        still = np.concatenate([still, still], axis=1)
    assert {number for number, frame in enumerate(encoded) if np.array_equal(frame, still)} == resting
    assert (done["rest_error"], done["turn_given"] > 0) == (0.0, True)


@pytest.mark.slow
def test_the_same_row_gives_the_same_bytes_twice(models: Models, motion: Path, tmp_path: Path, prepared: Row) -> None:
    for name, networks in (("first", models), ("second", Models(FILES))):
        (tmp_path / name).mkdir()
        produced(networks, motion, tmp_path / name, prepared)
    first, second = (tmp_path / name / "videos/anna.mp4" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_a_video_that_has_nowhere_to_go_is_no_failure_of_its_row(motion: Path, tmp_path: Path, prepared: Row) -> None:
    gone = str(tmp_path / "gone")
    produce = AnimateFaces(
        AnimateFacesSettings(FILES, {"smile": load_micromotion(motion)}, VideoSettings(frames=2), gone)
    )
    result = produce.process(prepared)
    assert (result["status"], result["reason"]) == (RowStatus.BLOCKED, "")
    assert result["message"] == f"{gone}/videos cannot be written: No such file or directory."


def test_a_picture_that_goes_away_before_it_is_pasted_into_is_tried_again_by_the_next_run(
    tmp_path: Path, prepared: Row, silent_picture: Path
) -> None:
    (tmp_path / "videos").mkdir()
    settings = AnimateFacesSettings(FILES, {}, VideoSettings(frames=2, layout="paste"), str(tmp_path), rehearsal=True)
    assert prepared["key"]
    gone = AnimateFaces(settings).process(prepared | {"image": "/no/such.jpg"})
    assert (gone["status"], gone["reason"], gone["key"]) == ("failed", "unreadable_image", "")
    started = time.monotonic()
    late = AnimateFaces(replace(settings, fetch_timeout=0.3)).process(prepared | {"image": str(silent_picture)})
    assert (late["reason"], late["key"]) == ("unreadable_image", "")
    assert "did not arrive within 0.3 s" in late["message"]
    assert time.monotonic() - started < 30
    assert not list((tmp_path / "videos").iterdir())


@pytest.fixture
def silent_picture(tmp_path: Path) -> Iterator[Path]:
    """An image that never arrives, as on a share that went away: a pipe into which nobody writes."""
    path = tmp_path / "silent.jpg"
    os.mkfifo(path)
    yield path
    with suppress(OSError):  # lets the thread go that still waits
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def test_what_a_library_says_reaches_a_result_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared: Row
) -> None:
    produce = AnimateFaces(AnimateFacesSettings(FILES, {}, VideoSettings(), str(tmp_path), rehearsal=True))
    said = "cannot open\n\x1b[31mx"
    for error in (ValueError(said), EncodeFailed(said), OutputUnavailable(said)):

        def fail(row: object, raised: Exception = error) -> None:
            raise raised

        monkeypatch.setattr(produce, "_make_video", fail)
        message = produce.process(prepared)["message"]
        assert "cannot open \\x1b[31mx" in message
        assert message.isprintable()


@pytest.mark.parametrize("pixels", ["picture", "generator"])
def test_a_rehearsal_shows_the_face_at_rest_and_loads_no_generator(
    tmp_path: Path, prepared: Row, pixels: Pixels
) -> None:
    (tmp_path / "videos").mkdir()
    video = VideoSettings(frames=3, crf=0, pixels=pixels)
    produce = AnimateFaces(AnimateFacesSettings(FILES, {}, video, str(tmp_path), rehearsal=True))
    result = produce.process(prepared)
    assert (result["status"], result["frames"]) == (RowStatus.DONE, 3)
    assert not {"generator", "inverter"} & vars(produce.models).keys()
    frames = read_clip(tmp_path / "videos/anna.mp4").frames.astype(int)
    still = prepared["crop"]
    if pixels == "picture":
        picture = np.array(Image.open(prepared["image"]).convert("RGB"))
        still = own_crop(picture, prepared["landmarks"].reshape(68, 2).astype(float), video.longest)[0]
    assert np.abs(frames - still.astype(int)).mean() < 3


@pytest.mark.slow
def test_an_encoder_that_is_killed_is_given_a_second_chance(
    models: Models, motion: Path, tmp_path: Path, prepared: Row
) -> None:
    """What the machine's memory keeper does to ffmpeg is done to the first one that appears among our children."""
    killed = threading.Event()

    def kill() -> None:
        while not killed.is_set():
            for child in Path("/proc/self/task").glob("*/children"):
                for process in child.read_text().split():
                    with suppress(OSError):
                        if "ffmpeg" in Path(f"/proc/{process}/comm").read_text() and not killed.is_set():
                            os.kill(int(process), signal.SIGKILL)
                            killed.set()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    still = prepared | {"strength": 0.0}  # one frame that is made and 200 that are encoded
    done = produced(models, motion, tmp_path, still, frames=200, measured_frames=0)
    assert killed.is_set()
    killer.join()
    assert (done["status"], done["frames"]) == ("done", 200)
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["anna.mp4"]


def test_a_second_encoder_that_is_killed_fails_its_row(
    tmp_path: Path, prepared: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "videos").mkdir()
    dying = f"echo begun >> {tmp_path}/begun; kill -9 $$"
    monkeypatch.setattr(encode, "_command", lambda *settings: ["sh", "-c", dying])
    produce = AnimateFaces(AnimateFacesSettings(FILES, {}, VideoSettings(frames=3), str(tmp_path), rehearsal=True))
    result = produce.process(prepared)
    assert (result["status"], result["reason"]) == ("failed", "encode_failed")
    assert result["message"] == "ffmpeg was killed by signal 9. Out of memory?"
    assert (tmp_path / "begun").read_text() == "begun\n" * 2
    assert list((tmp_path / "videos").iterdir()) == []


def test_a_motion_of_another_generator_is_refused(tmp_path: Path) -> None:
    motion = fit_micromotion(torch.randn(4, 12, 512), generator="sha256:other", fps=1.0)
    motion.save(tmp_path / "other.safetensors")
    with pytest.raises(MotionMismatch, match="sha256:other"):
        AnimateFaces(AnimateFacesSettings(FILES, {"smile": load_micromotion(tmp_path / "other.safetensors")}))


@pytest.mark.parametrize("pixels", ["picture", "generator"])
@pytest.mark.slow
def test_frames_of_the_way_back_are_measured_once(
    models: Models,
    motion: Path,
    tmp_path: Path,
    prepared: dict[str, Any],
    pixels: Pixels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[tuple[int, int]] = []

    def measure(*args: Any) -> MotionQuality:
        measured.append((len(args[3]), len(args[6])))
        return measure_video(*args)

    monkeypatch.setattr("stages.animate_faces.measure_video", measure)
    done = produced(models, motion, tmp_path, prepared, frames=8, measured_frames=8, path="pingpong", pixels=pixels)
    assert done["status"] == "done" and done["csim_mean"] > 0
    assert measured == [(4, 8)]
