"""The generator's face behind a photograph's code."""

import pytest
import torch

from stages.picture.head.stand_in import stand_in
from weights.load_networks import load_generator
from weights.networks.stylegan2 import Generator
from weights.networks.usual_distance import usual_distance


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_generator("synthface")


def test_a_face_nearer_than_usual_stays_as_it_is(generator: Generator) -> None:
    away = torch.randn(generator.num_layers, 512)
    near = generator.latent_avg + away / away.norm(dim=1, keepdim=True) * 0.9 * usual_distance(generator)
    torch.testing.assert_close(stand_in(generator, near), near)


def test_a_far_one_is_brought_to_the_usual_distance_in_its_own_direction(generator: Generator) -> None:
    away = torch.randn(generator.num_layers, 512)
    away = away / away.norm(dim=1, keepdim=True)
    shown = stand_in(generator, generator.latent_avg + 7 * usual_distance(generator) * away) - generator.latent_avg
    torch.testing.assert_close(shown, usual_distance(generator) * away, atol=1e-3, rtol=1e-3)


def test_half_of_the_generators_own_faces_are_left_alone(generator: Generator) -> None:
    codes = generator.map(torch.randn(64, 512, generator=torch.Generator().manual_seed(1)))
    codes = codes if codes.ndim == 3 else codes[:, None].expand(-1, generator.num_layers, -1)
    same = [torch.allclose(stand_in(generator, code), code, atol=1e-4) for code in codes]
    assert 16 < sum(same) < 48
