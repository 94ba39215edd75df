import math
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from common.errors import MotionFileError
from stages.motion.load_micromotion import load_micromotion


def test_a_file_of_the_first_version_is_read_and_has_no_times(motion, tmp_path):
    tensors = {name: getattr(motion, name) for name in ("direction", "basis", "coefficients", "neutral")}
    broken(tensors, tmp_path / "old.safetensors")
    loaded = load_micromotion(tmp_path / "old.safetensors")
    assert loaded.times is None
    assert (
        loaded.fingerprint == replace(motion, times=None, landmarks=None, tone_share=math.nan, generator="").fingerprint
    )


def test_a_file_of_the_third_version_is_read_without_the_tensor_that_it_had_more(motion, tmp_path):
    tensors = {name: getattr(motion, name) for name in ("direction", "basis", "coefficients", "neutral", "landmarks")}
    broken(tensors | {"shown": motion.landmarks + 1}, tmp_path / "old.safetensors", format_version="3")
    assert torch.equal(load_micromotion(tmp_path / "old.safetensors").landmarks, motion.landmarks)


@pytest.mark.parametrize("corners", [(36, 39), (42, 45), (36, 45)])
def test_landmarks_of_an_eye_without_any_width_are_refused(motion, corners, tmp_path):
    landmarks = motion.landmarks.clone()
    landmarks[3, corners[0]] = landmarks[3, corners[1]]
    replace(motion, landmarks=landmarks).save(tmp_path / "m.safetensors")
    with pytest.raises(MotionFileError, match='"landmarks" has an eye without any width in anchor 3'):
        load_micromotion(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda motion: {"basis": 2 * motion.basis}, '"basis" is not orthonormal'),
        (lambda motion: {"coefficients": torch.ones(9, 2)}, '"coefficients" are the same for all anchors'),
        (lambda motion: {"stray": tuple(range(8))}, '"coefficients" are the same for all anchors'),
    ],
)
def test_a_file_that_no_extraction_makes_is_refused(motion, change, says, tmp_path):
    replace(motion, **change(motion)).save(tmp_path / "m.safetensors")
    with pytest.raises(MotionFileError, match=says):
        load_micromotion(tmp_path / "m.safetensors")


def test_a_published_direction_with_damaged_bytes_is_refused(tmp_path):
    path = tmp_path / "smile.pt"
    torch.save(torch.randn(1, 18, 512), path)
    content = path.read_bytes()
    path.write_bytes(content[:9000] + bytes([content[9000] ^ 255]) + content[9001:])
    with pytest.raises(MotionFileError, match="does not have its checksum"):
        load_micromotion(path)


@pytest.mark.parametrize("kind", [torch.bool, torch.uint8, torch.int64])
def test_a_mask_is_no_direction(kind, tmp_path):
    torch.save(torch.ones(1, 18, 512, dtype=kind), tmp_path / "mask.pt")
    with pytest.raises(MotionFileError, match="plain numbers"):
        load_micromotion(tmp_path / "mask.pt")


@pytest.mark.parametrize("name", ["smile", "headsTurn"])
def test_a_published_direction_has_strength_one_at_its_published_scale(name, shared):
    path = shared / f"official_directions/{name}.pt"
    published = torch.load(path, map_location="cpu", weights_only=True).detach()[0]
    motion = load_micromotion(path)
    torch.testing.assert_close(motion.direction, 5 * published)
    made = torch.einsum("tr,rld->tld", motion.coefficients, motion.basis)
    torch.testing.assert_close(made, torch.stack([torch.zeros_like(published), 5 * published]), rtol=1e-4, atol=1e-5)
    motion.check("sha256:ffhq", 18)


def broken(tensors: dict[str, torch.Tensor], path: Path, **metadata: str) -> None:
    known = {"format": "micromotion", "format_version": "1", "explained": "0.9", "fps": "1.0"}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, known | metadata)


def test_files_that_do_not_hold_a_micromotion_are_refused_with_a_sentence(motion, tmp_path):
    path = tmp_path / "smile.safetensors"
    tensors = {name: getattr(motion, name) for name in ("direction", "basis", "coefficients", "neutral")}

    def refused(said: str) -> None:
        with pytest.raises(MotionFileError, match=said) as caught:
            load_micromotion(path)
        assert str(caught.value).startswith(str(path))

    refused("not readable: No such file")
    for content in (b"", b"no tensors at all", b"PK\x03\x04 nor here"):
        path.write_bytes(content)
        refused("neither a micromotion .* nor a published direction|not a (whole )?(motion|checkpoint)")
    motion.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    refused("a damaged safetensors file")
    broken(tensors, path, format="")
    refused("expected a micromotion, found no metadata of ours")
    broken(tensors, path, format_version="7")
    refused("expected micromotion format .*, found 7")
    broken({name: tensors[name] for name in ("basis", "coefficients", "neutral")}, path)
    refused('tensor "direction" is missing')
    broken(tensors | {"basis": torch.zeros(2, 5, 512)}, path)
    refused(r'"basis" must be \(R, 6, 512\), found \(2, 5, 512\)')
    broken(tensors | {"coefficients": torch.zeros(9, 3)}, path)
    refused(r'"coefficients" must be \(T, 2\)')
    broken(tensors | {"neutral": torch.zeros(5, 512)}, path)
    refused('"neutral" must be')
    broken(tensors | {"landmarks": torch.zeros(8, 68, 2)}, path)
    refused(r'"landmarks" must be \(9, 68, 2\)')
    broken(tensors | {"direction": torch.full((6, 512), torch.nan)}, path)
    refused('"direction" has 3072 values that are not finite')
    broken(tensors | {"direction": torch.zeros(6, 512)}, path)
    refused("it moves nothing")
    broken(tensors | {"direction": torch.full((6, 512), 3e38)}, path)
    refused(r'"direction" has values up to 3e\+38')
    broken(tensors | {"coefficients": tensors["coefficients"] * 1e30}, path)
    refused('"coefficients" has values up to')
    broken(tensors | {"direction": torch.full((6, 512), 1e-30)}, path)
    refused("so small")
    broken(tensors, path, explained="much")
    refused("could not convert string")
    torch.save({"state_dict": {}}, path)
    refused("expected a published direction .*, found dict")
    torch.save(torch.zeros(18, 512), path)
    refused(r"found \(18, 512\)")


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x40" + 7 * b"\0" + b"{"]))
def test_no_bytes_give_anything_but_a_sentence(content, start):
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        file.write(start + content)
        file.flush()
        with pytest.raises(MotionFileError):
            load_micromotion(file.name)


def test_nothing_in_a_file_is_executed(tmp_path):
    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    torch.save(Payload(), tmp_path / "smile.pt")
    with pytest.raises(MotionFileError):
        load_micromotion(tmp_path / "smile.pt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "direction",
    [
        torch.ones(1, 18, 512).to_sparse(),
        torch.ones(1, 18, 512, dtype=torch.complex64),
        torch.empty(1, 18, 512, device="meta"),
    ],
    ids=["sparse", "complex", "without values"],
)
def test_a_direction_of_another_kind_of_tensor_is_refused(tmp_path, direction):
    torch.save(direction, tmp_path / "smile.pt")
    with pytest.raises(MotionFileError, match="of plain numbers, found another kind of tensor"):
        load_micromotion(tmp_path / "smile.pt")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("smile.safetensors", b"<!DOCTYPE html><html></html>", "not a motion, but a web page"),
        ("smile.pt", b"version https://git-lfs.github.com/spec/v1\noid x\n", "not a motion, but a Git LFS pointer"),
        ("smile.safetensors", b"", "not a motion, but an empty file"),
    ],
)
def test_what_came_in_a_motions_place_is_named(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MotionFileError, match=kind):
        load_micromotion(tmp_path / name)
