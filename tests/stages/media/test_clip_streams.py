"""The stream that moves is the clip, decoded by what sees its transparency and its damage."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import ClipError
from stages.media.clip_streams import Streams, StreamSource
from stages.media.open_clip import open_clip, read_clip
from tests.stages.media.made_clips import make, numbers, patches, run

RIGHT_HALF_CLEAR = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(gt(X,96),0,255)'"


def test_an_animated_avif_is_its_animation_and_not_the_still_before_it(tmp_path: Path) -> None:
    path = make(tmp_path / "c.avif", "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv444p", frames=12)
    clip = read_clip(path)
    assert numbers(clip.frames) == list(range(12))
    np.testing.assert_allclose(clip.times, np.arange(12) / 24, atol=1e-3)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_what_is_transparent_in_webm_is_grey(tmp_path: Path, codec: str) -> None:
    options = ("-vf", RIGHT_HALF_CLEAR, "-c:v", codec, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "2M")
    shown = patches(read_clip(make(tmp_path / "c.webm", *options, frames=4)).frames[2])
    np.testing.assert_allclose(shown[:3], [[192, 96, 64], [128, 64, 32], [240, 200, 160]], atol=6)
    np.testing.assert_allclose(shown[3:], 128, atol=2)


def test_damage_inside_vp9_is_found(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "c.webm"
    run("-i", repository / "weights/bundled/demo/smile.mp4", "-c:v", "libvpx-vp9", "-deadline", "realtime", path)
    open_clip(path)
    content = bytearray(path.read_bytes())
    for place in (3, 4, 5, 6):  # of ten; not every damage can be seen from the bits alone
        start = len(content) * place // 10
        content[start : start + 512] = bytes(512)
    path.write_bytes(content)
    with pytest.raises(ClipError, match="damaged, or not a video"):
        open_clip(path)


def test_streams_are_told_from_the_report() -> None:
    streams = Streams()
    for line in (
        "[info]   Stream #0:0: Video: mjpeg (Baseline), yuvj420p, 800x800 (attached pic)",
        "[info]   Stream #0:1(eng): Video: vp8, yuv420p(tv), 192x128",
        "[info]       alpha_mode      : 1",
        "[info]   Stream #0:2[0x2]: Video: h264 (High), yuv420p",
        "[info]   Stream #0:1 -> #0:0 (vp8 (native) -> wrapped_avframe (native))",
        "[info]   Stream #0:0: Video: wrapped_avframe, yuv420p",
    ):
        streams.read(line)
    assert (streams.found, streams.chosen, streams.codec, streams.transparent) == ([1, 2], 1, "vp8", True)
    assert streams.decoder_for(StreamSource()) == StreamSource(1, "libvpx")
    assert streams.decoder_for(StreamSource(1, "libvpx")) is None
    assert streams.moving(StreamSource(), 1) == StreamSource(2)
    assert streams.moving(StreamSource(), 48) is None
    assert (StreamSource(1, "libvpx").before, StreamSource(1).after) == (("-c:1", "libvpx"), ("-map", "0:1"))
