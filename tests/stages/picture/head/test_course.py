"""Smooth courses along straight and curved paths."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from stages.picture.head.course import Course, course_of, nearest_keys

LAYERS, WIDTH = 3, 16
KEYS = np.linspace(0, 1, 5)[:, None]


@pytest.fixture
def rest() -> Tensor:
    return torch.randn(LAYERS, WIDTH)


def straight(rest: Tensor, shares: Tensor) -> Tensor:
    """(F, L, W): along one direction."""
    return rest + shares[:, None, None] * torch.ones_like(rest)


def curved(rest: Tensor, frames: int = 24) -> Tensor:
    """(F, L, W): as a replay goes, there on one way and back on another."""
    time = torch.linspace(0, 1, frames)
    first, second = torch.randn(2, LAYERS, WIDTH, generator=torch.Generator().manual_seed(4))
    there, aside = torch.sin(torch.pi * time), 0.4 * torch.sin(2 * torch.pi * time)
    return rest + there[:, None, None] * first + aside[:, None, None] * second


def places_reach_codes(course: Course, rest: Tensor, codes: Tensor) -> None:
    moves = torch.einsum("fr,rld->fld", torch.from_numpy(course.places).float(), course.directions)
    torch.testing.assert_close(rest + moves, codes, atol=1e-3, rtol=1e-3)


def test_a_straight_path_has_one_coordinate_from_rest_to_one(rest: Tensor) -> None:
    codes = straight(rest, torch.linspace(0, 2.5, 9))
    course = course_of(rest, codes)
    assert course.places.shape == (9, 1)
    assert (course.places[0] == 0).all()
    np.testing.assert_allclose(course.places[:, 0], np.linspace(0, 1, 9), atol=1e-5)
    places_reach_codes(course, rest, codes)


def test_backwards_and_forwards_is_one_line_through_rest(rest: Tensor) -> None:
    codes = straight(rest, torch.linspace(-1, 2, 7))
    course = course_of(rest, codes)
    assert course.places.shape == (7, 1)
    np.testing.assert_allclose(course.places[:, 0], np.linspace(-0.5, 1, 7), atol=1e-5)
    assert course.keys.min() < 0 < course.keys.max()


def test_the_way_back_passes_the_very_same_places(rest: Tensor) -> None:
    there = torch.linspace(0, 1, 6)
    course = course_of(rest, straight(rest, torch.cat([there, there.flip(0)])))
    np.testing.assert_array_equal(course.places, course.places[::-1])


def test_a_curved_path_keeps_its_second_direction(rest: Tensor) -> None:
    codes = curved(rest)
    course = course_of(rest, codes)
    assert course.places.shape[1] == 2
    places_reach_codes(course, rest, codes)


def test_rest_is_among_the_keys_and_no_key_lies_beyond_the_path(rest: Tensor) -> None:
    for codes in (straight(rest, torch.linspace(0, 1, 5)), straight(rest, torch.linspace(-1, 1, 8)), curved(rest)):
        course = course_of(rest, codes)
        assert (course.keys == 0).all(axis=1).sum() == 1
        assert np.abs(course.keys).max() <= np.abs(course.places).max() + 1e-6
        torch.testing.assert_close(course.key_codes(rest)[(course.keys == 0).all(axis=1)][0], rest)


def test_a_path_that_stays_at_rest_has_no_course(rest: Tensor) -> None:
    course = course_of(rest, rest.expand(6, -1, -1))
    assert (course.places == 0).all() and course.places.shape == (6, 1)
    assert (course.terms(course.places) == 0).all()
    coefficients = course.coefficients(np.ones((len(course.keys), 4)))
    assert (course.terms(course.places) @ coefficients == 0).all()


def test_frames_at_rest_are_at_place_zero_to_the_bit(rest: Tensor) -> None:
    codes = curved(rest)
    codes[0], codes[-1] = rest, rest
    course = course_of(rest, codes)
    assert (course.places[[0, -1]] == 0).all()


@settings(max_examples=30)
@given(st.tuples(*[st.floats(-5, 5)] * 4))
def test_a_cubic_is_followed_and_its_motion_is_nothing_at_rest(powers: tuple[float, ...]) -> None:
    rest = torch.zeros(LAYERS, WIDTH)
    course = course_of(rest, straight(rest, torch.linspace(0, 1, 9)))

    def value(place: np.ndarray) -> np.ndarray:
        return np.asarray(np.polynomial.polynomial.polyval(place[:, 0], powers))

    coefficients = course.coefficients(value(course.keys))
    found = course.terms(course.places) @ coefficients
    scale = max(map(abs, powers)) + 1e-9
    np.testing.assert_allclose(found, value(course.places) - powers[0], atol=0.05 * scale)
    assert course.terms(np.zeros(1)) @ coefficients == 0


def test_a_line_is_followed_exactly_and_rest_is_told_from_all_keys(rest: Tensor) -> None:
    course = course_of(rest, straight(rest, torch.linspace(0, 1, 9)))
    values = np.stack([3 + 2 * course.keys[:, 0], -1 * course.keys[:, 0]], axis=1)
    np.testing.assert_allclose(course.rest_of(values), [3, 0], atol=1e-4)
    np.testing.assert_allclose(course.terms(np.ones(1)) @ course.coefficients(values), [2, -1], atol=1e-3)


def test_noise_at_the_keys_is_smoothed(rest: Tensor) -> None:
    course = course_of(rest, straight(rest, torch.linspace(0, 1, 9)))
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(course.keys), 200))
    line = course.terms(course.keys) @ course.coefficients(noise)
    assert np.diff(line, 2, axis=0).std() < 0.4 * np.diff(noise, 2, axis=0).std()


def test_a_cubic_is_followed_along_a_curved_path(rest: Tensor) -> None:
    course = course_of(rest, curved(rest))

    def value(place: np.ndarray) -> np.ndarray:
        return place[:, 0] ** 2 - 0.5 * place[:, 1] + place[:, 0] * place[:, 1]

    coefficients = course.coefficients(value(course.keys))
    np.testing.assert_allclose(course.terms(course.places) @ coefficients, value(course.places), atol=0.05)


@given(st.floats(0, 1))
def test_between_two_keys_both_are_mixed_by_how_near_they_are(place: float) -> None:
    mixed = nearest_keys(KEYS, np.array([place]))
    assert sum(share for _, share in mixed) == pytest.approx(1)
    assert sum(share * KEYS[key, 0] for key, share in mixed) == pytest.approx(place, abs=1e-9)


def test_at_a_key_it_is_alone() -> None:
    assert nearest_keys(KEYS, KEYS[3]) == [(3, 1.0)]


def test_a_single_key_stands_for_all_places() -> None:
    assert nearest_keys(KEYS[:1], np.array([0.7])) == [(0, 1.0)]


def test_beyond_the_last_key_it_is_the_last_alone() -> None:
    assert nearest_keys(KEYS, np.array([1.4])) == [(4, 1.0)]


def test_a_mixture_changes_evenly_along_a_course() -> None:
    weights = np.zeros((200, 5))
    for row, place in zip(weights, np.linspace(0, 1, 200), strict=True):
        for key, share in nearest_keys(KEYS, np.array([place])):
            row[key] = share
    assert np.abs(np.diff(weights, axis=0)).max() < 0.03
