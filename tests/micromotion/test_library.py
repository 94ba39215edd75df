"""The package as a notebook uses it: no Ray, no folders, no job."""

import inspect
import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import micromotion
from common.errors import CheckpointError, ClipError, MotionFileError, NoFace, TextError, UnreadableImage
from micromotion import library
from stages.anchor_settings import Optimisation

FEW = 4  # anchors: each takes seconds


@pytest.fixture(scope="module")
def models() -> micromotion.Models:
    return micromotion.load_models(device="cpu")


@pytest.fixture(scope="module")
def smile(models: micromotion.Models, repository: Path) -> micromotion.Micromotion:
    return micromotion.extract_motion(models, repository / "weights/bundled/demo/smile.mp4", max_anchors=FEW)


def test_a_motion_of_a_clip_lasts_in_its_file(smile: micromotion.Micromotion, tmp_path: Path) -> None:
    smile.save(tmp_path / "smile.safetensors")
    again = micromotion.load_motion(tmp_path / "smile.safetensors")
    assert again.fingerprint == smile.fingerprint
    assert smile.progress[0] == pytest.approx(0, abs=0.05)
    assert smile.progress.max() == pytest.approx(1)


@pytest.mark.parametrize("pixels", ["picture", "generator"])
def test_an_image_makes_the_motion_from_rest(models, smile, repository: Path, pixels) -> None:
    face = micromotion.read_image(repository / "weights/bundled/demo/faces/face_01.jpg")
    first, *others = micromotion.animate(models, smile, face, frames=4, path="linear", pixels=pixels, longest=128)
    assert first.shape == (128, 128, 3) and first.dtype == np.uint8
    moved = [np.abs(frame.astype(float) - first).mean() for frame in others]
    assert moved == sorted(moved) and moved[-1] > 0.5


def test_a_motion_of_strength_zero_leaves_the_image_at_rest(models, smile, repository: Path) -> None:
    face = repository / "weights/bundled/demo/faces/face_02.jpg"
    first, last = micromotion.animate(models, smile, face, frames=2, strength=0.0, longest=96)
    np.testing.assert_array_equal(first, last)


def test_frames_become_a_video(tmp_path: Path) -> None:
    written = micromotion.write_video(tmp_path / "grey.mp4", np.full((5, 32, 48, 3), 90, np.uint8), fps=25)
    assert (written.frames, written.width, written.height) == (5, 48, 32)
    assert (tmp_path / "grey.mp4").stat().st_size == written.bytes


@pytest.mark.slow
def test_a_prompt_gives_a_motion_from_its_first_degree_to_its_last(models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "Optimisation", lambda: Optimisation(steps=6))
    motion = micromotion.extract_motion(
        models, prompt="a person with {degree} smile", degrees=("no", "50%", "100%"), seeds=(0,)
    )
    assert motion.source == "a person with {degree} smile"
    assert len(motion.progress) == 3


def test_what_cannot_be_used_is_refused_in_kind(models, smile, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a clip or a prompt"):
        micromotion.extract_motion(models)
    with pytest.raises(TextError):
        micromotion.extract_motion(models, prompt="a person who smiles")
    with pytest.raises(ClipError):
        micromotion.extract_motion(models, tmp_path / "none.mp4")
    with pytest.raises(MotionFileError):
        micromotion.load_motion(tmp_path / "none.safetensors")
    with pytest.raises(NoFace):
        micromotion.animate(models, smile, np.zeros((256, 256, 3), np.uint8))
    with pytest.raises(ValueError, match=r"\.mp4"):
        micromotion.write_video(tmp_path / "video.gif", [])
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UnreadableImage):
        micromotion.read_image(tmp_path / "text.jpg")


def test_a_model_that_is_not_there_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match="synthface"):
        micromotion.load_models("nonsense")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device in ("gpu", "cuda"):
        with pytest.raises(ValueError, match="^device: "):
            micromotion.load_models(device=device)


@pytest.mark.parametrize("other", [{"clip": "nonsense/clip"}, {"detector": "none.pth"}, {"detector": "nonsense"}])
def test_a_clip_or_detector_that_is_not_there_is_refused_at_the_call(other: dict[str, str]) -> None:
    with pytest.raises(CheckpointError):
        micromotion.load_models(**other)


@pytest.mark.parametrize(
    "wrong", [{"pixels": "pictures"}, {"path": "circle"}, {"frames": 1}, {"frames": 10**12}, {"longest": 0}]
)
def test_a_wrong_setting_is_refused_at_the_call(models, smile, repository: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        micromotion.animate(models, smile, repository / "weights/bundled/demo/faces/face_01.jpg", **wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strength", "0.8"),
        ("strength", None),
        ("strength", True),
        ("strength", np.ones(3)),
        ("frames", 8.0),
        ("frames", "8"),
        ("path", None),
        ("pixels", 3),
        ("longest", "large"),
        ("image", 3),
        ("image", [[0]]),
        ("models", "synthface"),
        ("motion", "smile.safetensors"),
    ],
)
def test_an_argument_of_another_type_is_refused_by_name(models, smile, name: str, value: object) -> None:
    arguments = {"models": models, "motion": smile, "image": np.zeros((64, 64, 3), np.uint8)} | {name: value}
    with pytest.raises(TypeError, match=f"^{name}: expected .*, found {type(value).__name__}"):
        micromotion.animate(**arguments)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("load_models", {"name": 3}),
        ("load_models", {"device": None}),
        ("load_motion", {"path": 3}),
        ("read_image", {"path": np.zeros((64, 64, 3), np.uint8)}),
        ("write_video", {"path": None, "frames": []}),
        ("write_video", {"fps": "30", "path": "a.mp4", "frames": []}),
        ("write_video", {"crf": 1.5, "path": "a.mp4", "frames": []}),
        ("extract_motion", {"models": None, "clip": "smile.mp4"}),
        ("extract_motion", {"clip": 3}),
        ("extract_motion", {"prompt": 3}),
        ("extract_motion", {"max_anchors": "12", "clip": "smile.mp4"}),
        ("extract_motion", {"degrees": "no", "prompt": "a {degree} smile"}),
        ("extract_motion", {"degrees": {"no", "much"}, "prompt": "a {degree} smile"}),
        ("extract_motion", {"seeds": 3, "prompt": "a {degree} smile"}),
        ("extract_motion", {"seeds": ["1"], "prompt": "a {degree} smile"}),
    ],
)
def test_every_function_refuses_an_argument_of_another_type_by_name(models, function: str, arguments) -> None:
    name = next(iter(arguments))
    given = {"models": models} | arguments if function == "extract_motion" else arguments
    with pytest.raises(TypeError, match=f"^{name}: expected "):
        getattr(micromotion, function)(**given)


@pytest.mark.parametrize(
    "frames",
    [
        3,
        [3],
        "face.jpg",
        np.zeros((32, 48, 3), np.uint8),
        [np.zeros((32, 48, 3))],
        [np.zeros((32, 48, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)],
    ],
    ids=["number", "numbers", "file", "one image", "floats", "two sizes"],
)
def test_frames_that_are_no_images_of_one_size_make_no_video(tmp_path: Path, frames: Any) -> None:
    with pytest.raises(TypeError, match="^frames: expected "):
        micromotion.write_video(tmp_path / "video.mp4", frames)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), [("fps", 0), ("fps", float("nan")), ("fps", 1e9), ("crf", -1), ("crf", 52)])
def test_a_video_of_no_rate_or_quality_is_refused_by_name(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        micromotion.write_video(tmp_path / "video.mp4", np.zeros((2, 8, 8, 3), np.uint8), **{name: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("shape", "side"), [((1, 8), "height"), ((8, 1), "width"), ((8, 20_000), "width")])
def test_frames_that_no_encoder_takes_are_refused_by_their_side(
    tmp_path: Path, shape: tuple[int, int], side: str
) -> None:
    with pytest.raises(ValueError, match=f"^{side}: expected 2 to 16384"):
        micromotion.write_video(tmp_path / "video.mp4", np.zeros((2, *shape, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(("max_anchors", {"clip": "smile.mp4", "max_anchors": most}) for most in (-4, 0, 1)),
        *(("seeds", {"prompt": "a {degree} smile", "seeds": seeds}) for seeds in ((), (1, 1), (-1,), (2**70,))),
    ],
)
def test_numbers_that_make_no_motion_are_refused_by_name(models, name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        micromotion.extract_motion(models, **arguments)


def test_numbers_of_numpy_are_numbers(models, smile, repository: Path) -> None:
    face = repository / "weights/bundled/demo/faces/face_02.jpg"
    numbers: dict[str, Any] = {"frames": np.int64(2), "strength": np.float32(0), "longest": np.int32(96)}
    first, last = micromotion.animate(models, smile, face, **numbers)
    np.testing.assert_array_equal(first, last)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
        np.zeros((0, 64, 3), np.uint8),
        "none.jpg",
    ],
    ids=["grey", "RGBA", "float", "empty", "no file"],
)
def test_what_is_no_image_is_refused_at_the_call(models, smile, tmp_path: Path, image: np.ndarray | str) -> None:
    with pytest.raises(UnreadableImage):
        micromotion.animate(models, smile, tmp_path / image if isinstance(image, str) else image)


@pytest.mark.slow
def test_the_library_starts_no_ray(repository: Path) -> None:
    look = "import sys, micromotion; sys.exit('ray' in sys.modules or 'pipeline' in sys.modules)"
    subprocess.run([sys.executable, "-c", look], check=True, cwd=repository)


@pytest.mark.slow
def test_the_example_writes_a_video(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = repository / "weights/bundled/demo"
    files = [str(demo / "smile.mp4"), str(demo / "faces/face_03.jpg"), str(tmp_path / "out.mp4")]
    monkeypatch.setattr(sys, "argv", ["library.py", *files, "--frames", "3", "--max-anchors", str(FEW)])
    runpy.run_path(str(repository / "examples/library.py"), run_name="__main__")
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'out.mp4'}: 3 frames of ")


@pytest.mark.slow
def test_the_notebook_runs_and_shows_images(models, smile, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def extract(*given: Any, **named: Any) -> micromotion.Micromotion:
        called = inspect.signature(library.extract_motion).bind(*given, **named).arguments
        assert called.keys() == {"models", "clip", "max_anchors"} and called["models"] is models
        assert called["clip"].resolve() == repository / "weights/bundled/demo/smile.mp4"
        return smile  # of that clip, with fewer anchors

    monkeypatch.setattr(micromotion, "load_models", lambda: models)
    monkeypatch.setattr(micromotion, "extract_motion", extract)
    monkeypatch.chdir(repository)
    cells = json.loads((repository / "examples/one_face.ipynb").read_text())["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert [frame.shape for frame in names["frames"]] == [names["frames"][0].shape] * 5
    np.testing.assert_array_equal(names["ends"][1], names["frames"][0])  # strength 0 is the face at rest
    assert np.abs(names["ends"][3].astype(int) - names["frames"][-1]).mean() < 1
