import numpy as np
import pytest
import torch

from training.scene.face_code import face_from_code
from training.train.readout import ATTRIBUTES, attributes_of, fit_readout
from training.train.renders import complete_codes
from weights.networks.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Random weights: its mapping bends codes as a trained one does."""
    torch.manual_seed(0)
    return Generator(16, channels={4: 8, 8: 8, 16: 8}, mapping_layers=2, mapping_lr=1.0).requires_grad_(False)


def codes(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)


def test_attributes_are_those_of_the_face_that_a_code_means() -> None:
    drawn = codes(5, 0)
    found = attributes_of(drawn)
    assert found.shape == (5, len(ATTRIBUTES))
    assert found[3, list(ATTRIBUTES).index("blink")] == face_from_code(drawn[3]).expression.blink
    assert found[3, list(ATTRIBUTES).index("age")] == face_from_code(drawn[3]).age


def test_a_difference_of_codes_is_read_as_the_difference_of_attributes(generator: Generator) -> None:
    readout = fit_readout(generator, codes(3000, 1), "cpu")
    assert readout.shape == (512, len(ATTRIBUTES))
    asked = codes(300, 2)
    truth = attributes_of(asked)
    truth = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    w = generator.map(complete_codes(asked, np.random.default_rng(3)))[:, 0]
    read = (w @ readout).numpy()
    read = read - read.mean(axis=0)
    turn, smile = list(ATTRIBUTES).index("turn"), list(ATTRIBUTES).index("smile")
    for attribute in (turn, smile):
        assert np.corrcoef(read[:, attribute], truth[:, attribute])[0, 1] > 0.5
    assert abs(np.corrcoef(read[:, turn], truth[:, smile])[0, 1]) < 0.3
