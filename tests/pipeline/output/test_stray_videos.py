"""Videos of rows that are no longer in the manifest are named, and removed when asked."""

from pathlib import Path

from pipeline.output.stray_videos import describe_strays, find_stray_videos, remove_strays


def test_videos_of_no_row_are_named_and_removed_and_nothing_else(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    elsewhere = tmp_path / "kept.mp4"
    elsewhere.write_bytes(b"x")
    for name in ("anna.mp4", "old.mp4", "older.mp4", ".anna.mp4.part", "notes.txt"):
        (videos / name).write_bytes(b"x")
    (videos / "linked.mp4").symlink_to(elsewhere)
    (videos / "folder.mp4").mkdir()
    strays = find_stray_videos(tmp_path, ["anna", "ben"])
    assert [path.name for path in strays] == ["linked.mp4", "old.mp4", "older.mp4"]
    assert describe_strays(strays) == (
        "no longer in the manifest: 3 videos (linked.mp4, old.mp4, older.mp4); --prune removes them"
    )
    remove_strays(strays)
    left = {path.name for path in videos.iterdir()}
    assert left == {"anna.mp4", ".anna.mp4.part", "notes.txt", "folder.mp4"}
    assert elsewhere.is_file()


def test_where_there_are_none_nothing_is_said(tmp_path: Path) -> None:
    assert describe_strays(find_stray_videos(tmp_path, ["anna"])) == ""


def test_a_clip_among_the_videos_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    clip = tmp_path / "videos/smile.mp4"
    clip.write_bytes(b"x")
    assert find_stray_videos(tmp_path, ["anna"]) == [clip]
    assert find_stray_videos(tmp_path, ["anna"], [tmp_path / "videos/../videos/smile.mp4"]) == []
