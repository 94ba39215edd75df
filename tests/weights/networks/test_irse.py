"""The identity network."""

import pytest
import torch

from weights.networks.irse import Body, IdentityNetwork


def test_embeddings_have_unit_length() -> None:
    network = IdentityNetwork(Body(16, (16, 16, 16, 16), (1, 1, 1, 1))).eval()
    with torch.no_grad():
        lengths = network.embed(torch.rand(3, 3, 112, 112)).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(3))


def test_the_published_network_has_the_published_layout() -> None:
    with torch.device("meta"):
        network = IdentityNetwork()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes["output_layer.3.weight"] == (512, 512 * 7 * 7)
    assert shapes["output_layer.4.running_mean"] == (512,)
    assert shapes["body.0.res_layer.2.weight"] == (64,)


def test_faces_of_another_size_are_refused() -> None:
    network = IdentityNetwork(Body(16, (16, 16, 16, 16), (1, 1, 1, 1)))
    with pytest.raises(ValueError, match=r"expected \(B, 3, 112, 112\), found \(1, 3, 128, 128\)"):
        network.embed(torch.zeros(1, 3, 128, 128))
