"""Checkpoints: ours, the published layouts, and files that are neither."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from common.errors import CheckpointError
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import Body
from weights.networks.restyle import BackboneEncoder, Inverter
from weights.networks.stylegan2 import Generator
from weights.registry import ModelPart
from weights.store import find
from weights.write_checkpoint import save_weights

CHANNELS = {4: 8, 8: 8, 16: 8}
BODY = {"stem": 16, "widths": [16, 16, 16, 16], "units": [1, 1, 1, 1]}


@pytest.fixture
def generator() -> Generator:
    """A published-layout generator of 16 px with random values, eight mapping layers and its average."""
    made = Generator(16, channels=CHANNELS).eval()
    made.measure_latent_avg(samples=64)
    return made


def save_ours(generator: Generator, path: Path) -> Path:
    settings = {"resolution": 16, "channels": CHANNELS, "mapping_layers": 8, "mapping_lr": 0.01}
    save_weights(path, generator.state_dict(), {"architecture": "stylegan2", **settings}, half=False)
    return path


def test_a_published_generator_is_recognised_by_its_contents(generator: Generator, tmp_path: Path) -> None:
    torch.save({"g_ema": generator.state_dict(), "latent_avg": generator.latent_avg}, tmp_path / "any.name")
    loaded = load_generator(tmp_path / "any.name")
    codes = generator.map(torch.randn(2, 512), truncation=0.7)
    assert (loaded.resolution, loaded.num_layers) == (16, 6)
    assert loaded.fingerprint == generator.fingerprint
    torch.testing.assert_close(loaded.latent_avg, generator.latent_avg)
    torch.testing.assert_close(loaded.synthesize(codes), generator.synthesize(codes))


@pytest.mark.slow
def test_a_missing_average_is_computed_the_same_way_each_time(generator: Generator, tmp_path: Path) -> None:
    torch.save({"g_ema": generator.state_dict()}, tmp_path / "g.pt")
    first, second = load_generator(tmp_path / "g.pt"), load_generator(tmp_path / "g.pt")
    torch.testing.assert_close(first.latent_avg, second.latent_avg)
    torch.testing.assert_close(first.latent_avg, generator.measure_latent_avg())


def test_our_own_file_keeps_the_fingerprint_of_the_published_one(generator: Generator, tmp_path: Path) -> None:
    assert load_generator(save_ours(generator, tmp_path / "g.safetensors")).fingerprint == generator.fingerprint


@pytest.mark.slow
def test_a_published_inverter_brings_its_decoder_and_average(generator: Generator, tmp_path: Path) -> None:
    # The published encoder is IR-SE-50, too big for a quick test: its layout is checked by names alone here.
    encoder = BackboneEncoder(6)
    inverter = Inverter(encoder, generator, torch.randn(6, 512)).eval()
    states = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    states |= {f"decoder.{name}": value for name, value in generator.state_dict().items()}
    torch.save(
        {"state_dict": states, "latent_avg": inverter.latent_avg, "opts": {"encoder_type": "BackboneEncoder"}},
        tmp_path / "restyle.pt",
    )
    loaded = load_inverter(tmp_path / "restyle.pt")
    assert loaded.fingerprint == inverter.fingerprint
    assert loaded.decoder.fingerprint == generator.fingerprint


@pytest.mark.slow
def test_our_inverter_refuses_another_generator_beside_it(generator: Generator, tmp_path: Path) -> None:
    save_ours(generator, tmp_path / "generator.safetensors")
    encoder = BackboneEncoder(6, Body(**BODY), size=64, head_width=8)  # type: ignore[arg-type]
    state = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
    metadata = {"architecture": "restyle", "body": BODY, "size": 64, "head_width": 8}
    metadata |= {"decoder": generator.fingerprint, "decoder_file": "generator.safetensors"}
    save_weights(tmp_path / "inverter.safetensors", state | {"latent_avg": torch.zeros(6, 512)}, metadata)
    loaded = load_inverter(tmp_path / "inverter.safetensors")
    assert (loaded.decoder.fingerprint, loaded.radius) == (generator.fingerprint, None)
    save_weights(tmp_path / "near.safetensors", state | {"latent_avg": torch.zeros(6, 512)}, metadata | {"radius": 1.5})
    assert load_inverter(tmp_path / "near.safetensors").radius == 1.5
    save_ours(Generator(16, channels=CHANNELS), tmp_path / "generator.safetensors")
    with pytest.raises(CheckpointError, match="Use the two files of one release"):
        load_inverter(tmp_path / "inverter.safetensors")


class Planted:
    """Runs a command when it is unpickled by anything that trusts it."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_never_run(tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "hostile.pt"
    torch.save({"g_ema": Planted(mark)}, path, _use_new_zipfile_serialization=zipped)
    for load in (load_generator, load_inverter, load_identity, load_landmarks):
        with pytest.raises(CheckpointError, match="without executing code"):
            load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not a checkpoint"),
        (b"\x80\x04garbage", "not a checkpoint"),
        (b"\x10\0\0\0\0\0\0\0{not json at all", "not a whole safetensors file"),
        (pickle.dumps([1, 2]), "not a checkpoint|expected a dictionary"),
    ],
)
def test_a_file_of_another_kind_is_named_in_one_sentence(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "odd.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=expected) as caught:
        load_generator(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(generator: Generator, tmp_path: Path) -> None:
    whole = save_ours(generator, tmp_path / "g.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="Copy it again"):
        load_generator(tmp_path / "half.safetensors")


def test_values_that_are_not_finite_are_refused_by_name(generator: Generator, tmp_path: Path) -> None:
    state = generator.state_dict() | {"conv1.activate.bias": torch.full((8,), torch.nan)}
    torch.save({"g_ema": state}, tmp_path / "nan.pt")
    with pytest.raises(CheckpointError, match=r"conv1\.activate\.bias holds values that are not finite"):
        load_generator(tmp_path / "nan.pt")


def test_a_missing_tensor_is_named(generator: Generator, tmp_path: Path) -> None:
    state = generator.state_dict()
    del state["conv1.noise.weight"]
    torch.save({"g_ema": state}, tmp_path / "less.pt")
    with pytest.raises(CheckpointError, match=r"the first conv1\.noise\.weight"):
        load_generator(tmp_path / "less.pt")


def test_another_network_is_refused_with_what_was_found(generator: Generator, tmp_path: Path) -> None:
    path = save_ours(generator, tmp_path / "g.safetensors")
    with pytest.raises(CheckpointError, match="expected architecture restyle, found stylegan2"):
        load_inverter(path)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(CheckpointError, match="synthface, ffhq"):
        load_generator("sinthface")


def test_public_weights_that_are_not_here_say_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROMOTION_WEIGHTS", str(tmp_path))
    with pytest.raises(
        CheckpointError, match=r"config-f\.pt is missing\. Get it with .weights fetch ffhq.\. By hand: get Google Drive"
    ):
        load_generator("ffhq")


@pytest.mark.parametrize(("part", "says"), [("generator", "is not scaled"), ("inverter", "tensors are missing")])
def test_a_file_of_ours_without_its_metadata_is_refused(part: ModelPart, says: str, tmp_path: Path) -> None:
    save_file(load_file(find("synthface", part)), tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match=says):
        (load_generator if part == "generator" else load_inverter)(tmp_path / "bare.safetensors")


@pytest.mark.parametrize("stacks", [1, 2])
def test_the_side_of_a_landmark_network_is_said_to_be_guessed(stacks: int, tmp_path: Path) -> None:
    save_file(LandmarkNetwork(stacks).network.state_dict(), tmp_path / "bare.safetensors")
    with pytest.warns(UserWarning, match="taken for 256 px"):
        load_landmarks(tmp_path / "bare.safetensors")
