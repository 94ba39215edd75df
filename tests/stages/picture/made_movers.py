"""A portrait moved along a path, and where its picture may change."""

import cv2
import numpy as np
import torch
from torch import Tensor

from stages.models import Models
from stages.picture.mover import Mover, mover_for
from tests.stages.picture.portraits import Portrait

MOTIONS = ("smile", "eyes_closed", "head_turn", "ageing")
EXTREME = 4  # of eight frames spread over a demo clip, the one that goes farthest


def move(models: Models, portrait: Portrait, direction: Tensor, strength: float = 1.0) -> Mover:
    codes = portrait.code + torch.linspace(0, strength, 7)[:, None, None] * direction
    return mover_for(models, portrait.picture, portrait.landmarks, portrait.code, codes)


def changed(mover: Mover, frame: np.ndarray) -> np.ndarray:
    """(H, W) bool."""
    assert frame.shape == mover.picture.shape and frame.dtype == np.uint8
    return (frame != mover.picture).any(axis=2)


def may_change(mover: Mover) -> np.ndarray:
    """(H, W) bool: the cells of the canvas's window and their neighbours, pixel by pixel."""
    near = cv2.dilate((mover.canvas.window > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    size = (mover.canvas.width, mover.canvas.height)
    allowed = np.zeros(mover.picture.shape[:2], bool)
    allowed[mover.canvas.box] = cv2.resize(near, size, interpolation=cv2.INTER_NEAREST) > 0
    return allowed


def check_moves_within_its_window(mover: Mover) -> None:
    """At rest the picture to the bit; at the extreme another, within the window alone."""
    np.testing.assert_array_equal(mover.frame(mover.course.places[0]), mover.picture)
    moved = changed(mover, mover.frame(mover.course.places[-1]))
    assert moved.any() and not moved[~may_change(mover)].any()
