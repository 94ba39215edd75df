"""Contact sheets of faces that are moved: what is refused, what is measured, what is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import micromotion
from benchmarks.models.demo_motions import DEMO, load_demo_motions
from benchmarks.models.real_sheet import (
    HEADING,
    REPOSITORY,
    Moved,
    images_of,
    line_of,
    main,
    move_face,
    outside_repository,
    parse,
)
from benchmarks.models.real_sheet_images import LABEL, draw_refusal, draw_strip, grid_of
from common.errors import NoFace, UserError
from stages.media.decode_image import decode_image
from stages.models import Models
from stages.motion.fit import fit_micromotion
from stages.motion.micromotion import Micromotion
from stages.quality.video import MotionQuality

ANCHORS = 6


@pytest.fixture(scope="module")
def smile(models: Models) -> Micromotion:
    return micromotion.extract_motion(models, DEMO / "smile.mp4", max_anchors=ANCHORS)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return decode_image((DEMO / "faces/face_03.jpg").read_bytes())


def test_the_output_lies_outside_the_repository(tmp_path: Path) -> None:
    assert outside_repository(tmp_path) == tmp_path
    for inside in (REPOSITORY, REPOSITORY / "outputs/sheets", tmp_path / "link"):
        if inside.name == "link":
            inside.symlink_to(REPOSITORY)
        with pytest.raises(UserError, match="outside"):
            outside_repository(inside)


def test_images_are_chosen_by_name_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg"):
        (tmp_path / name).touch()
    clip = Path("elsewhere/c.mp4")
    assert [name for name, _ in images_of(tmp_path, [clip], [])] == ["a", "b", "c"]
    assert list(images_of(tmp_path, [clip], ["c"])) == [("c", clip)]
    with pytest.raises(UserError, match="expected some of a, b, c, found d"):
        list(images_of(tmp_path, [clip], ["d"]))
    with pytest.raises(UserError, match="folder"):
        list(images_of(tmp_path / "missing", [], []))


def test_a_wrong_motion_is_refused_before_anything_is_extracted(models: Models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found wink"):
        load_demo_motions(models, ["smile", "wink"], tmp_path / "motions")
    assert not (tmp_path / "motions").exists()


@pytest.mark.slow
def test_a_motion_is_extracted_once(
    models: Models, smile: Micromotion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def extracted(models: Models, clip: Path, max_anchors: int) -> Micromotion:
        asked.append(clip.name)
        return smile

    monkeypatch.setattr(micromotion, "extract_motion", extracted)
    for _ in range(2):
        (found,) = load_demo_motions(models, ["smile"], tmp_path).values()
        assert found.fingerprint == smile.fingerprint
    assert asked == ["smile.mp4"]


@pytest.mark.parametrize("pixels", ["picture", "generator"])
@pytest.mark.slow
def test_a_face_is_moved_and_measured(models: Models, smile: Micromotion, face: np.ndarray, pixels: str) -> None:
    (moved,) = move_face(models, face, {"smile": smile}, pixels, 5).values()  # type: ignore[arg-type]
    rest, half, full = moved.moments.astype(int)
    assert 0 < np.abs(half - rest).mean() < np.abs(full - rest).mean()
    assert moved.quality.csim_min <= moved.quality.csim_mean <= 1
    assert moved.quality.motion_correlation > 0.8
    if pixels == "picture":
        assert moved.figures["rest_error"] == 0
        assert moved.figures["turn_given"] == pytest.approx(1, abs=0.01)
    else:
        assert moved.figures == {}


def test_a_wall_is_no_face(models: Models) -> None:
    motion = fit_micromotion(torch.randn(4, 12, 512), generator=models.generator.fingerprint)
    with pytest.raises(NoFace):
        move_face(models, np.full((200, 200, 3), 128, np.uint8), {"smile": motion}, "picture", 3)


def test_a_line_says_all_figures_in_the_heading_s_columns() -> None:
    quality = MotionQuality(0.913, 0.856, 1, 1, 0, jitter=0.0123, clearness_min=1)
    line = line_of(
        "a_very_long_name_of_an_image.of_somebody", "smile", Moved(np.empty(0), quality, {"turn_given": 0.8})
    )
    assert line.split() == ["a_very_long_name_of_an_imag", "smile", "0.91", "0.86", "1.23", "0.80", "nan"]
    assert len(line) == len(HEADING)


def test_strips_and_refusals_have_one_shape_and_fill_rows() -> None:
    moments = np.stack([np.full((50, 50, 3), level, np.uint8) for level in (10, 20, 30)])
    strip = draw_strip(moments, "name", 64)
    refusal = draw_refusal("other", "no face was found. " * 20, 64)
    assert strip.shape == refusal.shape == (LABEL + 64, 3 * 64, 3)
    assert [strip[-1, column].tolist() for column in (0, 64, 128)] == [[10] * 3, [20] * 3, [30] * 3]
    assert refusal.any()
    sheet = grid_of([strip, refusal, strip])
    assert sheet.shape == (2 * strip.shape[0], 2 * strip.shape[1], 3)
    assert not sheet[strip.shape[0] :, strip.shape[1] :].any()


@pytest.mark.slow
def test_faces_and_refusals_end_up_on_sheets(
    smile: Micromotion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "benchmarks.models.real_sheet.load_demo_motions", lambda models, names, folder: {"smile": smile}
    )
    faces, output = tmp_path / "faces", tmp_path / "sheets"
    faces.mkdir()
    output.mkdir()
    (faces / "person.jpg").write_bytes((DEMO / "faces/face_03.jpg").read_bytes())
    cv2.imwrite(str(faces / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (faces / "words.txt").write_text("no image")
    arguments = [str(output), "--folder", str(faces), "--clips", "--motions", "smile", "--frames", "3", "--size", "48"]
    main(arguments)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["person", "smile"],
        ["wall", "refused:"],
        ["words", "refused:"],
    ]
    assert decode_image((output / "smile.png").read_bytes()).shape == (2 * (LABEL + 48), 2 * 3 * 48, 3)
    assert sorted(file.name for file in output.iterdir()) == ["face_person.png", "smile.png"]


@pytest.mark.parametrize("arguments", [["--frames", "4"], ["--frames", "1"], ["--size", "8"], ["--pixels", "both"]])
def test_what_cannot_be_drawn_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["sheets", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_a_folder_in_the_repository_ends_the_command_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match="outside"):
        main([str(REPOSITORY / "outputs/sheets")])
