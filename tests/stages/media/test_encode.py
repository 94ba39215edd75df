"""Videos, decoded again and compared with what went in."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch

from common.errors import EncodeFailed, OutputUnavailable, TimedOut
from stages.media import encode, encoder_pace
from stages.media.encode import render_frames, write_video
from stages.media.encoder_pace import AHEAD, Pace
from weights.networks.stylegan2 import Generator

FOREVER = 1e6  # whoever waited so long for the encoder would never come back


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path)]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
    return np.frombuffer(raw.stdout, np.uint8).reshape(-1, height, width, 3)


def flat(colour: tuple[int, int, int], count: int = 6, size: tuple[int, int] = (64, 64)) -> list[np.ndarray]:
    return [np.full((*size, 3), colour, np.uint8)] * count


@pytest.mark.parametrize("colour", [(200, 40, 30), (20, 180, 60), (30, 60, 220), (0, 0, 0), (255, 255, 255)])
def test_colours_come_back_as_they_went_in(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    write_video(tmp_path / "v.mp4", flat(colour), fps=30)
    frames = decoded(tmp_path / "v.mp4", 64, 64).astype(int)
    assert np.abs(frames - np.array(colour)).max() <= 4


def test_every_frame_is_there_and_what_was_written_is_told(tmp_path: Path) -> None:
    ramp = [np.full((48, 64, 3), 40 + 5 * index, np.uint8) for index in range(30)]
    written = write_video(tmp_path / "v.mp4", iter(ramp), fps=25)
    frames = decoded(tmp_path / "v.mp4", 64, 48)
    assert (written.frames, written.width, written.height) == (30, 64, 48)
    assert written.bytes == (tmp_path / "v.mp4").stat().st_size
    means = frames.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, [40 + 5 * index for index in range(30)], atol=2)


def test_odd_sizes_lose_a_row_or_a_column(tmp_path: Path) -> None:
    written = write_video(tmp_path / "v.mp4", flat((90, 90, 90), size=(33, 47)), fps=30)
    assert (written.width, written.height) == (46, 32)
    assert decoded(tmp_path / "v.mp4", 46, 32).shape[0] == 6


def test_large_frames_are_handed_over_as_the_encoder_gets_done_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[tuple[int, int]] = []
    wait = Pace.wait

    def watched(pace: Pace, written: int) -> None:
        wait(pace, written)
        waited.append((written, pace._done))

    monkeypatch.setattr(encode, "LARGE", 1000)
    monkeypatch.setattr(encoder_pace, "PATIENCE", FOREVER)
    monkeypatch.setattr(Pace, "wait", watched)
    ramp = [np.full((48, 64, 3), 40 + 5 * index, np.uint8) for index in range(12)]
    assert write_video(tmp_path / "v.mp4", iter(ramp), fps=25).frames == 12
    assert [written for written, _ in waited] == list(range(12))
    assert all(written - done < AHEAD for written, done in waited)
    means = decoded(tmp_path / "v.mp4", 64, 48).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, [40 + 5 * index for index in range(12)], atol=2)


def test_an_encoder_that_dies_over_large_frames_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "LARGE", 1000)
    monkeypatch.setattr(encoder_pace, "PATIENCE", FOREVER)
    monkeypatch.setattr(encode, "_command", lambda *settings: ["sh", "-c", "head -c 9216 >/dev/null; exit 3"])
    with pytest.raises(EncodeFailed, match="status 3"):
        write_video(tmp_path / "v.mp4", iter(flat((1, 2, 3), count=50)), fps=25)


def test_a_failure_says_what_ffmpeg_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="ffmpeg ended with status"):
        write_video(tmp_path / "v.mp4", flat((1, 2, 3)), fps=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_went_away_is_no_fault_of_the_video(tmp_path: Path) -> None:
    with pytest.raises(OutputUnavailable, match="missing cannot be written: No such file or directory"):
        write_video(tmp_path / "missing" / "v.mp4", flat((1, 2, 3)), fps=30)

    def vanishing() -> Iterator[np.ndarray]:
        yield from flat((1, 2, 3))
        (tmp_path / "videos").rename(tmp_path / "elsewhere")
        yield from flat((1, 2, 3))

    (tmp_path / "videos").mkdir()
    with pytest.raises(OutputUnavailable, match="videos cannot be written"):
        write_video(tmp_path / "videos/v.mp4", vanishing(), fps=30)


def test_two_that_write_the_same_video_never_mix(tmp_path: Path) -> None:
    """A worker of a killed run may still be at work when the next run begins, and clears away what it writes to."""
    path = tmp_path / "v.mp4"

    def overtaken() -> Iterator[np.ndarray]:
        yield from flat((200, 0, 0), count=3)
        until = time.monotonic() + 30
        while not (leftovers := list(tmp_path.glob("*.part"))):
            assert time.monotonic() < until
        for leftover in leftovers:
            leftover.unlink()
        write_video(path, flat((0, 0, 200), count=9), fps=30)
        yield from flat((200, 0, 0), count=3)

    with pytest.raises((OutputUnavailable, EncodeFailed)):
        write_video(path, overtaken(), fps=30)
    assert decoded(path, 64, 64).shape[0] == 9


def test_an_encoder_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    def endless() -> Iterator[np.ndarray]:
        while True:
            yield np.random.randint(0, 255, (256, 256, 3), dtype=np.uint8)

    with pytest.raises(TimedOut, match="was stopped after 0.5 s"):
        write_video(tmp_path / "v.mp4", endless(), fps=30, timeout=0.5)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_fail_half_way_leave_no_video(tmp_path: Path) -> None:
    def failing() -> Iterator[np.ndarray]:
        yield from flat((1, 2, 3))
        raise RuntimeError("the generator failed")

    with pytest.raises(RuntimeError, match="the generator failed"):
        write_video(tmp_path / "v.mp4", failing(), fps=30)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_video_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, flat((200, 0, 0)), fps=30)
    before = path.read_bytes()

    def looking() -> Iterator[np.ndarray]:
        for frame in flat((0, 0, 200)):
            assert path.read_bytes() == before
            yield frame

    write_video(path, looking(), fps=30)
    assert path.read_bytes() != before


def test_batches_render_what_single_codes_render_and_brightness_is_kept() -> None:
    generator = Generator(16, mapping_layers=2, channels={4: 8, 8: 8, 16: 8}).eval().requires_grad_(False)
    codes = generator.map(torch.randn(5, 512))
    together = np.concatenate(list(render_frames(generator, codes, batch=2)))
    alone = np.concatenate(list(render_frames(generator, codes, batch=1)))
    assert together.shape == (5, 16, 16, 3)
    assert np.abs(together.astype(int) - alone).max() <= 1
    expected = ((generator.synthesize(codes[:1]).clamp(-1, 1) + 1) * 127.5).round()
    assert np.abs(expected[0].permute(1, 2, 0).numpy() - together[0]).max() <= 1


def test_a_folder_of_the_videos_name_is_named_before_a_frame_is_made(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").mkdir()

    def frames() -> Iterator[np.ndarray]:
        raise AssertionError("a frame was made")
        yield

    with pytest.raises(EncodeFailed, match=r"v\.mp4: a folder"):
        write_video(tmp_path / "v.mp4", frames(), fps=30)
    assert list((tmp_path / "v.mp4").iterdir()) == []


def test_no_frames_make_no_video(tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed, match="at least one frame"):
        write_video(tmp_path / "v.mp4", [], fps=30)
    assert not any(tmp_path.iterdir())
