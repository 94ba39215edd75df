from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import CheckpointError
from stages.faces.detectors import detector_kind, make_detector, overlap
from stages.media.decode_image import decode_image


def test_overlap_is_shared_area() -> None:
    assert overlap(np.array([0, 0, 2, 2.0]), np.array([0, 0, 2, 2.0])) == pytest.approx(1)
    assert overlap(np.array([0, 0, 2, 2.0]), np.array([1, 0, 3, 2.0])) == pytest.approx(1 / 3)
    assert overlap(np.array([0, 0, 1, 1.0]), np.array([5, 5, 6, 6.0])) == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mtcnn", "expected haar, a weights file, or one of sfd, retinaface, yunet"),
        ("sfd:/no/file.pth", "there is no file"),
        ("/no/file.pth", "there is no file"),
        ("n" * 300 + ".pth", "there is no file"),
    ],
)
def test_detectors_that_are_not_there_are_refused(name: str, expected: str) -> None:
    with pytest.raises(CheckpointError, match=expected):
        make_detector(name, "cpu")


def test_a_detectors_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s3fd.pth"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="not a checkpoint, but a text"):
        make_detector(f"sfd:{path}", "cpu")


@pytest.fixture(scope="module")
def sfd_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """S3FD in its published layout, with random values."""
    from face_alignment.detection.sfd.net_s3fd import s3fd  # imports Numba

    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("detector") / "any.name"
    torch.save(s3fd().state_dict(), path, _use_new_zipfile_serialization=False)
    return path


def test_a_published_detector_is_told_from_its_contents_and_runs(sfd_file: Path) -> None:
    assert detector_kind(sfd_file) == "sfd"
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    (told,), (named,) = (make_detector(name, "cpu")(image) for name in (str(sfd_file), f"sfd:{sfd_file}"))
    assert told.shape[1] == 4
    np.testing.assert_array_equal(told, named)


def test_retinaface_is_told_from_its_contents_and_runs_or_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    torch.save({"module.BboxHead.0.conv1x1.weight": torch.zeros(8, 64, 1, 1)}, path)
    assert detector_kind(path) == "retinaface"
    expected = "does not hold its weights" if find_spec("torchvision") else "pip install torchvision"
    with pytest.raises(CheckpointError, match=expected):
        make_detector(str(path), "cpu")


def test_an_onnx_file_is_taken_for_yunet(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"\x08\x06\x12\x07pytorch\x1a\x051.9.0" + bytes(100))
    assert detector_kind(path) == "yunet"
    with pytest.raises(CheckpointError, match="yunet: .* does not hold its weights"):
        make_detector(str(path), "cpu")


def test_another_checkpoint_is_no_detector(tmp_path: Path) -> None:
    torch.save({"g_ema": {}}, tmp_path / "generator.pt")
    with pytest.raises(CheckpointError, match="expected the weights of sfd, retinaface, yunet"):
        make_detector(str(tmp_path / "generator.pt"), "cpu")


def test_a_dark_face_before_a_light_wall_is_proposed(repository: Path) -> None:
    """Evened over the whole image it was not."""
    evened, boxes = make_detector("haar", "cpu")(
        decode_image((repository / "weights/bundled/demo/faces/face_05.jpg").read_bytes())
    )
    assert evened.shape == (0, 4) and len(boxes) == 1
    np.testing.assert_allclose(boxes[0], [94, 170, 220, 294], atol=25)


def test_a_page_under_a_detectors_name_is_called_one(tmp_path: Path) -> None:
    page = tmp_path / "yunet.onnx"
    page.write_bytes(b"<!DOCTYPE html><html><title>Quota exceeded</title></html>")
    with pytest.raises(CheckpointError, match="not a checkpoint, but a web page"):
        make_detector(f"yunet:{page}", "cpu")
