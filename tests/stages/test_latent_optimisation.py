"""Codes that are led to prompts."""

from itertools import pairwise

import pytest
import torch

from stages import latent_optimisation as module
from stages.latent_optimisation import (
    Optimisation,
    degrees_together,
    gradient_bytes,
    optimise_anchors,
    rate_at,
    start_code,
)
from tests.weights.tiny_clip import write_tiny_clip
from weights.load_clip import load_clip
from weights.load_networks import load_generator, load_identity
from weights.networks.stylegan2 import Generator

TEXTS = ["a person with no smile", "a person with 50% smile", "a person with 100% smile"]
SHORT = Optimisation(steps=4)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    clip = load_clip(write_tiny_clip(tmp_path_factory.mktemp("clip"), image_size=64))
    return load_generator("synthface"), clip, load_identity("synthface")


def test_the_defaults_are_the_papers():
    paper = Optimisation()
    assert (paper.steps, paper.rate, paper.rise, paper.fall) == (40, 0.1, 0.05, 0.25)
    assert (paper.distance_weight, paper.identity_weight, paper.truncation) == (0.008, 0.005, 0.7)


def test_the_rate_rises_stays_and_falls_as_a_cosine():
    rates = [rate_at(step, Optimisation()) for step in range(40)]
    assert rates[0] == pytest.approx(0.05) and rates[1] == pytest.approx(0.1)
    assert all(rate == pytest.approx(0.1) for rate in rates[1:31])
    assert rates[35] == pytest.approx(0.05, rel=1e-6)  # half way down
    assert all(after < before for before, after in pairwise(rates[30:]))
    assert 0 < rates[-1] < 0.003
    assert rate_at(0, Optimisation(rise=0, fall=0)) == rate_at(39, Optimisation(rise=0, fall=0)) == 0.1


def test_a_seed_is_the_same_face_always_and_truncation_pulls_it_to_the_average(networks):
    generator = networks[0]
    first = start_code(generator, 3, 0.7)
    torch.testing.assert_close(first, start_code(generator, 3, 0.7))
    assert first.shape == (12, 512) and not torch.equal(first, start_code(generator, 4, 0.7))
    torch.testing.assert_close(start_code(generator, 3, 0.0)[0], generator.latent_avg)


@pytest.mark.slow
def test_every_degree_comes_nearer_to_its_own_sentence(networks):
    generator, clip, identity = networks
    start = start_code(generator, 1, 0.7)
    settings = Optimisation(steps=12, distance_weight=0, identity_weight=0)
    found = optimise_anchors(generator, clip, identity, start, TEXTS, settings)
    assert found.codes.shape == (3, 12, 512) and found.losses.shape == (12, 3)
    assert (found.losses[-1] < found.losses[0]).all()
    assert (1 - found.similarity < found.losses[0]).all()
    assert not torch.equal(found.codes[0], found.codes[2])
    assert found.renderings.shape == (3, 3, 128, 128)


@pytest.mark.slow
def test_degrees_do_not_see_each_other(networks):
    generator, clip, identity = networks
    start = start_code(generator, 2, 0.7)
    whole = optimise_anchors(generator, clip, identity, start, TEXTS, SHORT)
    parts = optimise_anchors(generator, clip, identity, start, TEXTS, SHORT, together=1)
    alone = optimise_anchors(generator, clip, identity, start, TEXTS[1:2], SHORT)
    # Adam divides by a gradient's size: rounding decides the first steps of entries that hardly count.
    for other, same in ((parts.codes, whole.codes), (alone.codes[0], whole.codes[1])):
        assert ((other - same).abs() > 1e-3).float().mean() < 1e-3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(networks):
    generator, clip, identity = networks
    made = [
        optimise_anchors(generator, clip, identity, start_code(generator, 5, 0.7), TEXTS[:2], SHORT).codes
        for _ in range(2)
    ]
    assert torch.equal(*made)


@pytest.mark.slow
def test_weights_hold_anchors_near_their_start_and_their_identity(networks):
    generator, clip, identity = networks
    start = start_code(generator, 1, 0.7)
    free = Optimisation(steps=10, distance_weight=0, identity_weight=0)

    def far(settings):
        found = optimise_anchors(generator, clip, identity, start, TEXTS[2:], settings)
        return (found.codes - start).norm().item(), found.identity.mean().item()

    unbound, near, itself = (
        far(free),
        far(free.model_copy(update={"distance_weight": 1.0})),
        far(free.model_copy(update={"identity_weight": 5.0})),
    )
    assert near[0] < 0.7 * unbound[0]
    assert itself[1] > unbound[1]


@pytest.mark.slow
def test_only_the_layers_that_may_move_do(networks):
    generator, clip, identity = networks
    start = start_code(generator, 1, 0.7)
    found = optimise_anchors(generator, clip, identity, start, TEXTS[2:], Optimisation(steps=4, layers=(2, 5)))
    moved = (found.codes - start).abs().amax(dim=(0, 2))
    assert (moved[2:5] > 0).all() and not moved[:2].any() and not moved[5:].any()


@pytest.mark.slow
def test_every_step_is_told_with_its_loss(networks):
    generator, clip, identity = networks
    told = []
    start = start_code(generator, 1, 0.7)
    found = optimise_anchors(generator, clip, identity, start, TEXTS[:2], SHORT, lambda *note: told.append(note))
    assert [step for step, _ in told] == [1, 2, 3, 4]
    assert [loss for _, loss in told] == pytest.approx(found.losses.mean(dim=1).tolist())


@pytest.mark.slow
def test_memory_is_reckoned_by_what_a_picture_leaves_behind(monkeypatch):
    small, large = Generator(64), Generator(256)
    assert 20 < gradient_bytes(large) / gradient_bytes(Generator(8)) < 1e6 and gradient_bytes(small) < gradient_bytes(
        large
    )
    kept, own = {}, {tensor.untyped_storage().data_ptr() for tensor in small.state_dict().values()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    small.requires_grad_(False)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        images = small.synthesize(torch.zeros(4, small.num_layers, 512, requires_grad=True))
    assert images.requires_grad
    assert 0.5 < sum(kept.values()) / (4 * gradient_bytes(small)) < 1.5
    monkeypatch.setattr(module, "CPU_BYTES", 3 * gradient_bytes(large))
    assert degrees_together(large, 11) == 3 and degrees_together(large, 2) == 2
    monkeypatch.setattr(module, "CPU_BYTES", 1)
    assert degrees_together(large, 11) == 1


@pytest.mark.gpu
def test_on_a_gpu_the_same_seed_gives_the_same_bytes_too(tmp_path):
    clip = load_clip(write_tiny_clip(tmp_path / "clip", image_size=64), "cuda")
    generator, identity = load_generator("synthface", "cuda"), load_identity("synthface", "cuda")
    torch.backends.cudnn.deterministic = True
    start = start_code(generator, 5, 0.7)
    made = [optimise_anchors(generator, clip, identity, start, TEXTS, SHORT).codes for _ in range(2)]
    assert torch.equal(*made)
