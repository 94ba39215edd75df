"""A generator's head, continued over its wall."""

import numpy as np
import pytest

from stages.picture.head.head_alone import head_alone
from stages.picture.warping.raster import Drawn, draw

SIDE, BROWS = 96, 40
SKIN, HAIR, WALL = np.array([[200.0, 150.0, 120.0], [40.0, 30.0, 20.0], [120.0, 140.0, 160.0]])


@pytest.fixture(scope="module")
def head() -> Drawn:
    """A square from 20 to 76."""
    corners = np.array([[20.0, 20.0], [76.0, 20.0], [76.0, 76.0], [20.0, 76.0]])
    return draw(corners, np.zeros(4), np.array([[0, 2, 1], [0, 3, 2]]), (SIDE, SIDE))


def test_wall_within_the_heads_outline_becomes_skin_and_hair_beside_the_brows_stays(head: Drawn) -> None:
    frame = np.full((SIDE, SIDE, 3), WALL, np.float32)
    frame[20:77, 23:77] = SKIN  # the frame's own head ends three pixels within the outline
    frame[15:BROWS, 15:23] = HAIR
    alone = head_alone(frame, head, BROWS)
    assert np.abs(alone[BROWS + 8 : 72, 20:77] - SKIN).max() < 8
    assert (alone[22 : BROWS - 2, 20:23] == HAIR).all()


def test_a_head_that_fits_is_left_as_it_is(head: Drawn) -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    frame = np.where(head.whole[..., None], SKIN + 0.3 * rows[..., None], WALL).astype(np.float32)
    inside = (rows > 22) & (rows < 74) & (columns > 22) & (columns < 74)
    np.testing.assert_array_equal(head_alone(frame, head, BROWS)[inside], frame[inside])
