"""Identities' anchors become one motion, and what looks wrong with them is said."""

import numpy as np
import pytest
import torch

from common.errors import TextError
from stages.fit_prompt import find_concerns, fit_identities


def test_the_motion_is_what_the_identities_share() -> None:
    way, own = torch.randn(4, 512), torch.randn(2, 1, 4, 512)
    codes = own + torch.linspace(0, 1, 5)[None, :, None, None] * way  # (2, 5, 4, 512)
    motion = fit_identities(codes, torch.zeros(2, 5, 68, 2), "{degree} smile", "generator")
    torch.testing.assert_close(motion.direction, way, atol=1e-3, rtol=1e-3)
    assert (motion.source, motion.generator) == ("{degree} smile", "generator")


def test_anchors_that_are_all_equal_are_an_error_of_the_prompt() -> None:
    with pytest.raises(TextError):
        fit_identities(torch.ones(1, 3, 4, 512), torch.zeros(1, 3, 68, 2), "{degree} smile", "")


def looks(change: int, identity: float, agree: bool) -> list[str]:
    pictures = np.full((2, 3, 8, 8, 3), 100, np.uint8)
    pictures[:, -1] += np.uint8(change)
    codes = torch.zeros(2, 3, 4, 512)
    codes[:, -1] = torch.randn(4, 512) if agree else torch.randn(2, 4, 512)
    return find_concerns(pictures, torch.tensor([[1.0, 0.9, identity]] * 2), codes)


def test_anchors_that_move_and_stay_themselves_give_no_warning() -> None:
    assert looks(change=40, identity=0.8, agree=True) == []


def test_anchors_that_hardly_move_are_told_with_what_to_do() -> None:
    (said,) = looks(change=1, identity=0.8, agree=True)
    assert "hardly move" in said and "0.0039" in said and "anchors.steps" in said


def test_anchors_that_leave_their_identity_are_told() -> None:
    (said,) = looks(change=40, identity=0.2, agree=True)
    assert "left their identity" in said and "0.20" in said and "identity_weight" in said


def test_identities_that_go_their_own_ways_are_told() -> None:
    (said,) = looks(change=40, identity=0.8, agree=False)
    assert "do not agree" in said
