"""Which encoder a published file holds."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch

from common.errors import CheckpointError
from weights.encoder_layouts import described_encoder, encoder_settings, options_of, published_encoder
from weights.load_networks import load_inverter
from weights.networks.irse import IR_SE_50, Body
from weights.networks.pyramid import PyramidEncoder
from weights.networks.restyle import BackboneEncoder, Inverter, StyleEncoder
from weights.networks.stylegan2 import Generator

SMALL = Body(16, (16, 32, 48, 64), (1, 2, 2, 1))
STYLES, SIZE, WIDTH = 8, 64, 16
FILE = Path("restyle.pt")


def made(kind: str, inputs: int = 6, body: Body = SMALL) -> StyleEncoder:
    offsets = kind in ("ProgressiveBackboneEncoder", "Encoder4Editing")
    if "Backbone" in kind:
        return BackboneEncoder(STYLES, body, SIZE, WIDTH, offsets)
    return PyramidEncoder(STYLES, inputs, offsets, body, SIZE, WIDTH)


ALL = [
    ("BackboneEncoder", 6),
    ("ProgressiveBackboneEncoder", 6),
    ("GradualStyleEncoder", 6),
    ("GradualStyleEncoder", 3),
    ("Encoder4Editing", 3),
]


@pytest.mark.parametrize(("kind", "inputs"), ALL)
def test_kind_and_size_are_told_and_described_again(kind: str, inputs: int) -> None:
    encoder = made(kind, inputs)
    found = published_encoder(encoder.state_dict(), {"encoder_type": kind}, STYLES, FILE)
    for other in (found, described_encoder(encoder_settings(found), STYLES)):
        assert type(other) is type(encoder)
        assert (other.inputs, other.offsets, other.size, other.body_size) == (
            inputs,
            encoder.offsets,
            SIZE,
            encoder.body_size,
        )
        assert {name: tensor.shape for name, tensor in other.state_dict().items()} == {
            name: tensor.shape for name, tensor in encoder.state_dict().items()
        }


def test_the_published_size_is_told_from_the_tensors() -> None:
    with torch.device("meta"):
        state = BackboneEncoder(18).state_dict()
    found = published_encoder(state, {"encoder_type": "BackboneEncoder"}, 18, FILE)
    assert (found.body_size, found.size, found.head_width) == (IR_SE_50, 256, 512)


@pytest.mark.parametrize(
    ("kind", "inputs"), [("BackboneEncoder", 6), ("GradualStyleEncoder", 6), ("Encoder4Editing", 3)]
)
def test_where_the_options_do_not_say_it_a_guess_is_told(kind: str, inputs: int) -> None:
    with pytest.warns(match=f"taken for a {kind}"):
        found = published_encoder(made(kind, inputs).state_dict(), {}, STYLES, FILE)
    assert found.offsets == (kind == "Encoder4Editing")


@pytest.mark.parametrize(
    ("options", "styles", "without", "said"),
    [
        ({"encoder_type": "ResNetBackboneEncoder"}, STYLES, "", "found ResNetBackboneEncoder"),
        ({"encoder_type": "BackboneEncoder"}, 18, "", "its decoder takes 18 styles, but its encoder gives 8"),
        ({}, STYLES, "styles.0.convs.0.weight", "found none of their tensors"),
        ({"encoder_type": "Encoder4Editing"}, STYLES, "", 'its options name Encoder4Editing, which has a "latlayer1"'),
    ],
)
def test_another_encoder_is_refused(options: dict[str, Any], styles: int, without: str, said: str) -> None:
    state = {name: tensor for name, tensor in made("BackboneEncoder").state_dict().items() if name != without}
    with pytest.raises(CheckpointError, match=said):
        published_encoder(state, options, styles, FILE)


@pytest.mark.parametrize("inputs", [1, 19])
def test_an_encoder_of_sketches_or_segmentations_is_refused(inputs: int) -> None:
    state = made("GradualStyleEncoder", inputs).state_dict()
    with pytest.raises(CheckpointError, match=f"expected an encoder with 3 or 6 input channels, found {inputs}"):
        published_encoder(state, {"encoder_type": "GradualStyleEncoder"}, STYLES, FILE)


def test_options_may_be_a_dictionary_a_namespace_or_missing() -> None:
    assert options_of({"opts": {"a": 1}}) == options_of({"opts": argparse.Namespace(a=1)}) == {"a": 1}
    assert options_of({}) == options_of({"opts": None}) == options_of({"opts": "BackboneEncoder"}) == {}


def published_file(folder: Path, kind: str, inputs: int, **changed: Any) -> tuple[Path, Inverter]:
    """A whole file in the published layout, and the inverter that it should give."""
    generator = Generator(32, channels={4: 8, 8: 8, 16: 8, 32: 8})
    inverter = Inverter(made(kind, inputs), generator, torch.randn(STYLES, 512)).eval()
    state = {name: tensor for name, tensor in inverter.state_dict().items() if name != "latent_avg"}
    options = argparse.Namespace(encoder_type=kind, start_from_latent_avg=True, output_size=32)
    content = {"state_dict": state, "latent_avg": inverter.latent_avg, "opts": options} | changed
    torch.save(content, folder / "encode.pt")
    return folder / "encode.pt", inverter


@pytest.mark.parametrize(("kind", "inputs"), ALL)
def test_a_whole_file_inverts_as_its_parts_do(tmp_path: Path, kind: str, inputs: int) -> None:
    torch.manual_seed(8)
    path, inverter = published_file(tmp_path, kind, inputs)
    images = torch.rand(2, 3, 256, 256) * 2 - 1
    loaded = load_inverter(path)
    torch.testing.assert_close(loaded.invert(images, 2), inverter.invert(images, 2))
    assert loaded.fingerprint == inverter.fingerprint
    torch.testing.assert_close(loaded.decoder.latent_avg, inverter.latent_avg[0])


def test_a_body_with_a_gap_is_refused(tmp_path: Path) -> None:
    path, inverter = published_file(tmp_path, "BackboneEncoder", 6)
    state = {
        name: tensor for name, tensor in inverter.state_dict().items() if name != "encoder.body.1.res_layer.1.weight"
    }
    path, _ = published_file(tmp_path, "BackboneEncoder", 6, state_dict=state)
    with pytest.raises(CheckpointError, match=r"tensors are missing|expected shape"):
        load_inverter(path)


@pytest.mark.parametrize("kind", ["BackboneEncoder", "ProgressiveBackboneEncoder", "GradualStyleEncoder"])
def test_refinement_starts_from_the_average_whatever_a_training_counted_its_norm_from(
    tmp_path: Path, kind: str
) -> None:
    options = {"encoder_type": kind, "start_from_latent_avg": False}
    path, inverter = published_file(tmp_path, kind, 6, opts=options)
    assert torch.equal(load_inverter(path).latent_avg, inverter.latent_avg)


def test_an_average_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    path, _ = published_file(tmp_path, "Encoder4Editing", 3, latent_avg=torch.full((8, 512), torch.nan))
    with pytest.raises(CheckpointError, match="latent_avg holds values that are not finite"):
        load_inverter(path)


def test_a_training_that_did_not_start_from_the_average_is_inverted_without_it(tmp_path: Path) -> None:
    options = {"encoder_type": "Encoder4Editing", "start_from_latent_avg": False}
    path, _ = published_file(tmp_path, "Encoder4Editing", 3, opts=options)
    assert not load_inverter(path).latent_avg.any()


def test_an_average_of_one_style_serves_all_and_one_of_another_size_is_refused(tmp_path: Path) -> None:
    path, _ = published_file(tmp_path, "Encoder4Editing", 3, latent_avg=torch.arange(512.0))
    assert torch.equal(load_inverter(path).latent_avg[7], torch.arange(512.0))
    path, _ = published_file(tmp_path, "Encoder4Editing", 3, latent_avg=torch.zeros(18, 512))
    with pytest.raises(CheckpointError, match=r"latent_avg: expected shape \(8, 512\), found \(18, 512\)"):
        load_inverter(path)


def test_a_missing_average_is_the_decoders_own(tmp_path: Path) -> None:
    path, inverter = published_file(tmp_path, "Encoder4Editing", 3, latent_avg=None)
    with pytest.warns(match="holds no latent_avg"):
        loaded = load_inverter(path)
    average = inverter.decoder.measure_latent_avg()
    torch.testing.assert_close(loaded.latent_avg, average.expand(STYLES, 512))


def test_an_encoder_of_the_published_widths_has_the_published_units() -> None:
    with torch.device("meta"):
        state = BackboneEncoder(18, Body(units=(3, 4, 14, 2))).state_dict()
    with pytest.raises(CheckpointError, match=r"tensors are missing: expected \(3, 4, 14, 3\)"):
        published_encoder(state, {"encoder_type": "BackboneEncoder"}, 18, FILE)
