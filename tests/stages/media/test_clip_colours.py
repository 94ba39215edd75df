"""A clip's colours come out as a player shows them."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import ClipError
from stages.media.open_clip import open_clip, read_clip
from tests.stages.media.made_clips import HEIGHT, PATCHES, WIDTH, X264, make, patches, picture, run

HDR = {"pq": ("smpte2084", 16), "hlg": ("arib-std-b67", 18)}


def hdr_frame(curve: str) -> np.ndarray:
    """`picture(0)` in BT.2020, uint16, by the formulas of BT.2100, white at 203 cd/m2 or 75 %."""
    image = picture(0) / 255.0
    light = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    light = light @ np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]).T
    if curve == "pq":
        power = (light * 0.0203) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        scene = light * 0.265
        signal = np.where(
            scene <= 1 / 12,
            np.sqrt(3 * scene),
            0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073,
        )
    return (signal * 65535 + 0.5).astype(np.uint16)


def make_hdr(path: Path, curve: str, tags: tuple[str, ...]) -> Path:
    content = hdr_frame(curve).tobytes() * 4
    source = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "-"]
    matrix = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le"
    codec = ["-c:v", "libx265", "-x265-params", "log-level=none:lossless=1"]
    plain = path.with_name(f"untagged-{path.name}")
    run(*source, "-vf", matrix, *codec, plain, content=content)
    run("-i", plain, "-c", "copy", "-bsf:v", f"hevc_metadata={':'.join(tags)}", path)
    return path


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_hdr_becomes_sdr_with_white_at_white(tmp_path: Path, curve: str) -> None:
    tags = ("colour_primaries=9", f"transfer_characteristics={HDR[curve][1]}", "matrix_coefficients=9")
    clip = open_clip(make_hdr(tmp_path / "c.mp4", curve, tags))
    assert "HDR" in clip.notes[0]
    np.testing.assert_allclose(patches(next(clip.frames())), PATCHES, atol=4)


def test_wide_colours_without_a_word_on_their_curve_are_refused_with_the_mend(tmp_path: Path) -> None:
    tags = ("colour_primaries=9", "transfer_characteristics=2", "matrix_coefficients=9")
    with pytest.raises(ClipError, match=r"not whether they are SDR, HLG or PQ\. Say it: ffmpeg"):
        open_clip(make_hdr(tmp_path / "c.mp4", "pq", tags))


def test_wide_sdr_colours_become_srgb(tmp_path: Path) -> None:
    content = np.full((HEIGHT, WIDTH, 3), (164, 104, 70), np.uint8).tobytes() * 4  # C06040 in BT.2020
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "-"]
    matrix = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p"
    run(*source, "-vf", matrix, "-c:v", "libx265", "-x265-params", "log-level=none", tmp_path / "plain.mp4",
        content=content)  # fmt: skip
    tags = "hevc_metadata=colour_primaries=9:transfer_characteristics=14:matrix_coefficients=9"
    run("-i", tmp_path / "plain.mp4", "-c", "copy", "-bsf:v", tags, tmp_path / "c.mp4")
    clip = open_clip(tmp_path / "c.mp4")
    assert "bt2020" in clip.notes[0]
    np.testing.assert_allclose(next(clip.frames())[64, 96], (192, 96, 64), atol=4)


def test_linear_light_becomes_srgb_and_log_footage_is_refused(tmp_path: Path) -> None:
    def tagged(curve: str) -> Path:
        tags = f"format=gbrp10le,setparams=color_trc={curve}"
        return make(tmp_path / f"{curve}.mkv", "-vf", tags, "-c:v", "ffv1", frames=4)

    linear = np.array(PATCHES) / 255
    right = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(patches(read_clip(tagged("linear")).frames[0]), right, atol=2)
    with pytest.raises(
        ClipError, match=r"colours not known here \(csp:gbr prim:unknown trc:log100\). Export it in BT.709"
    ):
        open_clip(tagged("log100"))


@pytest.mark.parametrize(
    ("size", "matrix"), [((1920, 1080), "bt709"), ((1280, 720), "bt709"), ((720, 576), "smpte170m")]
)
def test_untagged_colours_are_read_as_players_read_them(tmp_path: Path, size: tuple[int, int], matrix: str) -> None:
    scale = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    path = make(tmp_path / "tagged.mp4", "-vf", scale, "-c:v", "libx264", "-preset", "ultrafast", frames=2, size=size)
    bare = "h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2"
    run("-i", path, "-c", "copy", "-bsf:v", bare, "-color_range", "tv", tmp_path / "c.mp4")
    np.testing.assert_allclose(patches(next(open_clip(tmp_path / "c.mp4").frames())), PATCHES, atol=4)


@pytest.mark.parametrize(
    "tag",
    ["matrix_coefficients=11", "matrix_coefficients=12", "transfer_characteristics=9", "transfer_characteristics=17"],
)
def test_colours_that_nothing_here_converts_are_refused(tmp_path: Path, tag: str) -> None:
    make(tmp_path / "plain.mp4", *X264)
    run("-i", tmp_path / "plain.mp4", "-c", "copy", "-bsf:v", f"h264_metadata={tag}", tmp_path / "c.mp4")
    with pytest.raises(ClipError, match="not known here"):
        open_clip(tmp_path / "c.mp4")
