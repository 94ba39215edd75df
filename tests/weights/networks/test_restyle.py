"""The inverter's steps."""

import pytest
import torch

from weights.networks.irse import Body
from weights.networks.restyle import BackboneEncoder, Inverter
from weights.networks.stylegan2 import Generator
from weights.networks.usual_distance import usual_distance


@pytest.fixture(scope="module")
def inverter() -> Inverter:
    decoder = Generator(16, mapping_layers=2, channels={4: 8, 8: 8, 16: 8})
    encoder = BackboneEncoder(decoder.num_layers, Body(16, (16, 16, 16, 16), (1, 1, 1, 1)), size=64, head_width=8)
    return Inverter(encoder, decoder, torch.randn(6, 512)).eval()


def test_every_step_corrects_the_code_by_what_the_encoder_sees(inverter: Inverter) -> None:
    images = torch.rand(2, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        start = inverter.latent_avg.expand(2, -1, -1)
        first = inverter.refine(images, inverter.render(start), start)
        second = inverter.refine(images, inverter.render(first), first)
    torch.testing.assert_close(inverter.invert(images, iterations=1), first)
    torch.testing.assert_close(inverter.invert(images, iterations=2), second)


def test_steps_take_as_many_encodings_and_one_rendering_less(
    inverter: Inverter, monkeypatch: pytest.MonkeyPatch
) -> None:
    inverter.invert(torch.zeros(1, 3, 256, 256), iterations=1)  # the average's rendering is made once for all faces
    counts = {"encodings": 0, "renderings": 0}
    encode, synthesize = inverter.encoder.run, inverter.decoder.synthesize

    def counted_encode(pairs: torch.Tensor) -> torch.Tensor:
        counts["encodings"] += 1
        return encode(pairs)

    def counted_synthesize(codes: torch.Tensor) -> torch.Tensor:
        counts["renderings"] += 1
        return synthesize(codes)

    monkeypatch.setattr(inverter.encoder, "run", counted_encode)
    monkeypatch.setattr(inverter.decoder, "synthesize", counted_synthesize)
    inverter.invert(torch.zeros(2, 3, 256, 256), iterations=4)
    assert counts == {"encodings": 4, "renderings": 3}


def test_no_step_leads_a_layer_beyond_the_radius_where_there_is_one(inverter: Inverter) -> None:
    images = torch.rand(2, 3, 256, 256) * 2 - 1
    near = Inverter(inverter.encoder, inverter.decoder, inverter.latent_avg, radius=1e-3)
    farthest = 1e-3 * usual_distance(inverter.decoder)
    assert (inverter.invert(images) - inverter.latent_avg).norm(dim=2).max() > 2 * farthest
    assert (near.invert(images) - inverter.latent_avg).norm(dim=2).max() <= 1.001 * farthest


def test_a_radius_is_part_of_the_fingerprint(inverter: Inverter) -> None:
    prints = {
        Inverter(inverter.encoder, inverter.decoder, inverter.latent_avg, radius).fingerprint
        for radius in (None, 1.2, 1.3)
    }
    assert len(prints) == 3


def test_a_face_alone_gives_what_it_gives_in_a_batch(inverter: Inverter) -> None:
    images = torch.rand(3, 3, 256, 256) * 2 - 1
    alone = torch.cat([inverter.invert(image[None], 2) for image in images])
    torch.testing.assert_close(inverter.invert(images, 2), alone, atol=1e-4, rtol=1e-4)


def test_the_published_encoder_has_the_published_layout() -> None:
    with torch.device("meta"):
        encoder = BackboneEncoder(18)
    shapes = {name: tuple(value.shape) for name, value in encoder.state_dict().items()}
    assert shapes["input_layer.0.weight"] == (64, 6, 3, 3)
    assert shapes["body.23.res_layer.5.fc2.weight"] == (512, 32, 1, 1)
    assert shapes["body.3.shortcut_layer.0.weight"] == (128, 64, 1, 1)
    assert "body.0.shortcut_layer.0.weight" not in shapes
    assert shapes["styles.17.convs.6.weight"] == (512, 512, 3, 3)
    assert shapes["styles.17.linear.weight"] == (512, 512)


@pytest.mark.parametrize("shape", [(1, 3, 128, 128), (3, 256, 256), (1, 1, 256, 256)])
def test_images_of_another_shape_are_refused(inverter: Inverter, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(B, 3, 256, 256\)"):
        inverter.invert(torch.zeros(shape))


def test_no_steps_are_refused(inverter: Inverter) -> None:
    with pytest.raises(ValueError, match="expected at least 1, found 0"):
        inverter.invert(torch.zeros(1, 3, 256, 256), iterations=0)
