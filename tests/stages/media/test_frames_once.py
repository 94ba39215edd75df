"""Frames that come again are made once."""

import numpy as np
import pytest
import torch

from stages.media.frames_once import first_alike, made_once
from stages.motion.animate import animate
from stages.motion.micromotion import Micromotion


def test_the_way_back_shows_what_the_way_there_showed_to_the_bit() -> None:
    direction = torch.randn(6, 512)
    motion = Micromotion(direction, direction[None], torch.tensor([[0.0], [1.0]]), direction, "test", "", 1.0, 0.0)
    code = torch.randn(6, 512)
    for frames, expected in ((6, [0, 1, 2, 2, 1, 0]), (7, [0, 1, 2, 3, 2, 1, 0])):
        path = animate(code, motion, frames, "pingpong", strength=0.7)
        assert first_alike([place.numpy() for place in path]) == expected


def test_a_pause_is_one_place_and_a_way_on_is_none_twice() -> None:
    places = np.array([[0.0], [0.0], [1.0], [1.0], [2.0]])
    assert first_alike(list(places)) == [0, 0, 2, 2, 4]
    assert first_alike(list(np.arange(4.0)[:, None])) == [0, 1, 2, 3]


@pytest.mark.parametrize(("most", "calls_expected"), [(0, 6), (4, 5), (8, 4), (12, 3), (100, 3)])
def test_as_many_are_kept_as_there_is_room_for(most: int, calls_expected: int) -> None:
    same_as = [0, 1, 2, 2, 1, 0]
    calls: list[int] = []

    def make(number: int) -> np.ndarray:
        calls.append(number)
        return np.full(4, same_as[number], np.uint8)

    frames = [(int(frame[0]), new) for frame, new in made_once(same_as, make, most)]
    assert [value for value, _ in frames] == same_as
    assert [number for number, (_, new) in enumerate(frames) if new] == calls
    assert len(calls) == calls_expected


def test_what_is_kept_is_a_copy_of_its_own() -> None:
    buffer = np.zeros(4, np.uint8)

    def make(number: int) -> np.ndarray:
        buffer[:] = number
        return buffer

    assert [int(frame[0]) for frame, _ in made_once([0, 1, 1, 0], make)] == [0, 1, 1, 0]
