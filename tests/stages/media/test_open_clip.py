"""Clips, whole and broken."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from common.errors import ClipError
from stages.media.decode_clip import spread
from stages.media.open_clip import read_clip

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def make_clip(path: Path, *options: str, frames: int = 30, size: str = "64x48") -> Path:
    """A clip of ffmpeg's test image."""
    source = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=30", "-frames:v", str(frames), "-pix_fmt", "yuv420p"]
    subprocess.run([FFMPEG, "-v", "error", "-y", *source, *options, str(path)], check=True)
    return path


def test_a_clip_is_sampled_evenly_with_its_first_and_last_frame(tmp_path: Path) -> None:
    clip = read_clip(make_clip(tmp_path / "c.mp4", frames=31), max_anchors=4)
    assert clip.frames.shape == (4, 48, 64, 3)
    np.testing.assert_allclose(clip.times, [0, 10 / 30, 20 / 30, 1.0], atol=1e-3)
    assert clip.total_frames == 31
    assert clip.fps == pytest.approx(30, rel=1e-3)


def test_short_clips_give_all_their_frames(tmp_path: Path) -> None:
    assert len(read_clip(make_clip(tmp_path / "c.mp4", frames=5), max_anchors=64).frames) == 5


def test_a_varying_frame_rate_is_sampled_over_time_not_over_frames(tmp_path: Path) -> None:
    half_slow = "setpts='if(lt(N,20),N,20+(N-20)*5)/30/TB'"
    clip = read_clip(make_clip(tmp_path / "c.mp4", "-vf", half_slow, "-fps_mode", "vfr"), max_anchors=5)
    gaps = np.diff(clip.times)
    assert gaps.max() / gaps.min() < 1.6


@pytest.mark.parametrize(("width", "height"), [(64, 48), (320, 240)])
def test_a_rotated_clip_is_upright(tmp_path: Path, width: int, height: int) -> None:
    plain = make_clip(tmp_path / "plain.mp4", frames=3, size=f"{width}x{height}")
    turned = tmp_path / "turned.mp4"
    subprocess.run(
        [FFMPEG, "-v", "error", "-y", "-display_rotation", "90", "-i", str(plain), "-c", "copy", str(turned)],
        check=True,
    )
    upright = read_clip(turned).frames[0]
    assert upright.shape == (width, height, 3)
    # Colours are stored at half the resolution, and turned before they are brought to the whole one.
    assert np.abs(upright.astype(int) - np.rot90(read_clip(plain).frames[0])).mean() < 0.2


def test_odd_sizes_are_read(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "c.avi", "-c:v", "ffv1", "-pix_fmt", "bgr0", frames=3, size="63x47")
    assert read_clip(clip).frames.shape == (3, 47, 63, 3)


def test_a_single_frame_is_no_motion(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="has 1 frame, and a motion needs at least 2"):
        read_clip(make_clip(tmp_path / "c.mp4", frames=1))


def test_a_truncated_clip_is_refused_although_its_first_frames_are_good(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "c.mp4", "-movflags", "+faststart", frames=60).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ClipError, match=r"cut\.mp4: cut short"):
        read_clip(cut)


def test_sound_without_pictures_is_named_as_such(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    source = ["-f", "lavfi", "-i", "sine=duration=1"]
    subprocess.run([FFMPEG, "-v", "error", "-y", *source, str(sound)], check=True)
    with pytest.raises(ClipError, match="no images, only sound"):
        read_clip(sound)


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", "an empty file"), (b"\xff\0no video" * 50, "damaged, or not a video")]
)
def test_files_that_are_no_clips_are_refused_in_one_sentence(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(content)
    with pytest.raises(ClipError, match=expected) as caught:
        read_clip(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["take:2.mp4", "-x.mp4", "é 100%d.mp4"])
def test_names_that_look_like_protocols_options_or_patterns_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make_clip(tmp_path / "c.mp4", frames=3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert read_clip(name).total_frames == 3


def test_a_still_picture_is_no_motion(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "still.jpg")
    with pytest.raises(ClipError, match="has 1 frame, and a motion needs at least 2"):
        read_clip(tmp_path / "still.jpg")


def test_what_a_decoder_says_reaches_a_person_without_its_addresses(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "c.mp4", "-movflags", "+faststart", frames=60).read_bytes()
    frames = whole.index(b"mdat") + 4
    (tmp_path / "hurt.mp4").write_bytes(whole[:frames] + bytes(400) + whole[frames + 400 :])
    with pytest.raises(ClipError, match="damaged, or not a video") as caught:
        read_clip(tmp_path / "hurt.mp4")
    assert "0x" not in str(caught.value)
    assert "[" not in str(caught.value)


def test_a_missing_clip_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="there is no such file"):
        read_clip(tmp_path / "none.mp4")
    with pytest.raises(ClipError, match="a folder, not a clip"):
        read_clip(tmp_path)


def test_a_decoder_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "c.mp4", frames=3)
    hanging = tmp_path / "ffmpeg"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(hanging))
    with pytest.raises(ClipError, match="its decoder was stopped after 3 s"):
        read_clip(clip, timeout=3)


def test_moments_between_frames_take_the_nearer_one() -> None:
    np.testing.assert_array_equal(spread(np.array([0.0, 0.1, 0.9, 1.0]), 3), [0, 1, 3])
    np.testing.assert_array_equal(spread(np.arange(4.0), 9), [0, 1, 2, 3])
