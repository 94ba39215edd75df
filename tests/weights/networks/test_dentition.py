"""Teeth and gums are bone: a person's shape and the jaw move them, and nothing else does."""

import numpy as np
import pytest

from weights.load_head import load_head
from weights.networks.head import Head


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


def moved(head: Head, expression: tuple[str, float] | None = None, identity: np.ndarray | None = None) -> np.ndarray:
    """(N, 3) how far each vertex lies from where the mean head has it."""
    weights = np.zeros(len(head.names))
    if expression is not None:
        weights[head.names.index(expression[0])] = expression[1]
    who = np.zeros(len(head.identity)) if identity is None else identity
    away: np.ndarray = head.dentition.shape(who, weights) - head.dentition.neutral
    return away


def test_the_jaw_takes_the_lower_teeth_down_and_leaves_the_upper_ones(head: Head) -> None:
    lower = head.dentition.lower
    down = moved(head, ("jawOpen", 0.5))
    assert not down[~lower].any()
    assert (down[lower, 1] < -0.3).all()


@pytest.mark.parametrize("name", ["mouthSmile_L", "browDown_L", "mouthUpperUp_R"])
def test_what_moves_skin_alone_moves_no_tooth(head: Head, name: str) -> None:
    assert np.abs(moved(head, (name, 1.0))).max() < 0.04


def test_teeth_go_with_the_lips_of_a_person_and_keep_their_shape(head: Head) -> None:
    upper = ~head.dentition.lower
    for mode in range(6):
        who = np.eye(len(head.identity))[mode] * 2
        teeth = moved(head, identity=who)[upper]
        lip = (head.identity[mode] * 2)[head.mouth.upper].mean(axis=0)
        front = teeth[head.dentition.neutral[upper, 2] > 9].mean(axis=0)
        assert np.linalg.norm(front - lip) < 0.6
        assert teeth.std(axis=0).max() < 0.3


def test_incisors_end_behind_the_lips_one_beside_the_other(head: Head) -> None:
    left, right = head.dentition.neutral[head.dentition.incisal_edge]
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=0.05)
    lip = head.neutral[head.mouth.upper].mean(axis=0)
    assert left[2] < head.neutral[head.mouth.upper, 2].max() and abs(left[1] - lip[1]) < 1.0


def test_gums_are_darker_and_redder_than_teeth(head: Head) -> None:
    colours = head.dentition.colours
    grey = np.ptp(colours, axis=1) < 0.01
    front = head.dentition.neutral[:, 2] > 9.5
    tooth, gum = colours[grey & front].mean(axis=0), colours[~grey & front].mean(axis=0)
    assert gum[0] < 0.9 * tooth[0] and gum[1] < 0.8 * gum[0]
