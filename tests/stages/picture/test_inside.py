"""Which of the generator's frames show what is inside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.picture.inside import nearest_keys

KEYS = np.linspace(0, 1, 5)[:, None]


@given(st.floats(0, 1))
def test_between_two_keys_both_are_mixed_by_how_near_they_are(place: float) -> None:
    mixed = nearest_keys(KEYS, np.array([place]))
    assert sum(share for _, share in mixed) == pytest.approx(1)
    assert sum(share * KEYS[key, 0] for key, share in mixed) == pytest.approx(place, abs=1e-9)


def test_at_a_key_it_is_alone() -> None:
    assert nearest_keys(KEYS, KEYS[3]) == [(3, 1.0)]


def test_beyond_the_last_key_it_is_the_last_alone() -> None:
    assert nearest_keys(KEYS, np.array([1.4])) == [(4, 1.0)]


def test_a_mixture_changes_evenly_along_a_course() -> None:
    weights = np.zeros((200, 5))
    for row, place in zip(weights, np.linspace(0, 1, 200), strict=True):
        for key, share in nearest_keys(KEYS, np.array([place])):
            row[key] = share
    assert np.abs(np.diff(weights, axis=0)).max() < 0.03
