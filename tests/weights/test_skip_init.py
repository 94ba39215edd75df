import torch

from weights.networks.irse import Body, IdentityNetwork
from weights.networks.stylegan2 import Generator
from weights.skip_init import skip_init


def test_a_network_has_its_shapes_and_constants_and_no_chance_was_drawn() -> None:
    before = torch.get_rng_state()
    with skip_init():
        generator = Generator(16, channels={4: 8, 8: 8, 16: 8})
        identity = IdentityNetwork(Body(16, (16, 16, 16, 16), (1, 1, 1, 1)))
    assert torch.equal(torch.get_rng_state(), before)
    filled = Generator(16, channels={4: 8, 8: 8, 16: 8})
    assert not torch.equal(torch.get_rng_state(), before)
    for name, tensor in filled.state_dict().items():
        made = generator.state_dict()[name]
        assert (made.shape, made.device.type) == (tensor.shape, "cpu")
        if name.endswith("kernel"):
            assert torch.equal(made, tensor)
    assert (identity.state_dict()["output_layer.0.running_var"] == 1).all()


def test_outside_of_it_networks_are_random_as_ever() -> None:
    with skip_init():
        pass
    assert torch.randn(100).std() > 0.5
    assert torch.empty(100).uniform_(1, 2).min() >= 1
