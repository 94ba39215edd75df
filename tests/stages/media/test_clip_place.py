"""A place without a clip is answered with what it is and what helps."""

from pathlib import Path

import pytest

from stages.media.clip_place import why_no_clip


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("https://example.org/a.mp4", "https://example.org/a.mp4: a URI"),
        (Path("s3://bucket/a.mp4"), "s3://bucket/a.mp4: a URI"),
        ("file:///clips/a.mp4", "file:///clips/a.mp4: a URI"),
        (Path("file:///clips/a.mp4"), "file:///clips/a.mp4: a URI"),
        ("/dev/null", "a pipe or a device"),
        ("a" * 300 + ".mp4", "there is no such file"),
        ("a" * 300 + "/%04d.png", "a pattern"),
        ("frames/%04d.png", "a pattern, and a clip is one file"),
        ("frames/*.png", "a pattern"),
        ("C:\\clips\\a.mp4", "a path of Windows"),
        ("$HOME/a.mp4", "variables"),
        ("none.mp4", "there is no such file"),
        ("“none.mp4”", "there is no such file. The marks “ and ” are taken as part of its name: remove them"),
        (".", "a folder, not a clip"),
    ],
)
def test_what_is_wrong_with_a_place_is_named(place: Path | str, expected: str) -> None:
    assert expected in why_no_clip(place)


@pytest.mark.parametrize("name", ["a.mp4", "50%d.mp4", "a*[b].mp4", "$a.mp4"])
def test_a_file_is_taken_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a")
    assert why_no_clip(tmp_path / name) == ""
