"""A collar before a neck is told from skin, in shade too, and stays before it as the head turns."""

import numpy as np
import pytest

from stages.picture.body.collar import collar_share
from stages.picture.fields import Fields, OwnPixels, fields_of
from stages.picture.head.canvas import Canvas
from stages.picture.head.jaw import below_jaw
from tests.stages.picture.made_heads import made_gesture
from weights.networks.head import Head

SKIN, COAT = np.array([210.0, 165.0, 140.0]), np.array([90.0, 95.0, 105.0])
TURN = np.radians(16.0)


def neck_of(canvas: Canvas) -> np.ndarray:
    """(H, W) bool, the cells of the neck at rest."""
    head = canvas.figure.head
    neck: np.ndarray = canvas.drawn.interpolate(head.triangles, below_jaw(head)[:, None])[..., 0] > 0.9
    return neck


def dressed(canvas: Canvas, collar: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32, skin all over, and a collar over the neck."""
    return np.where(neck_of(canvas)[..., None], collar, SKIN).astype(np.float32)


def turned(canvas: Canvas, head: Head, picture: np.ndarray) -> Fields:
    own = OwnPixels(canvas, picture, np.ones(canvas.cells, np.float32))
    return fields_of(canvas, own, canvas.figure.moved(made_gesture(head, yaw=TURN)), TURN)


@pytest.mark.parametrize("shade", [1.0, 0.8])
def test_a_neck_of_skin_wears_no_collar(canvas: Canvas, shade: float) -> None:
    assert collar_share(canvas, dressed(canvas, SKIN * shade)).max() < 0.2


@pytest.mark.parametrize("coat", [COAT, COAT / 4, np.full(3, 250.0)], ids=["grey", "black", "white"])
def test_what_has_not_the_colour_of_skin_is_a_collar_below_the_jaw_alone(canvas: Canvas, coat: np.ndarray) -> None:
    picture, neck = dressed(canvas, coat), neck_of(canvas)
    share = collar_share(canvas, picture)
    assert np.median(share[neck]) > 0.9
    assert collar_share(canvas, np.where(neck[..., None], SKIN, picture).astype(np.float32)).max() == 0
    points = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    assert share[: int(points[[48, 54], 1].mean())].max() == 0


def test_the_generators_neck_comes_into_view_and_never_over_a_collar(canvas: Canvas, head: Head) -> None:
    bare = turned(canvas, head, dressed(canvas, SKIN)).unseen
    covered = turned(canvas, head, dressed(canvas, COAT)).unseen
    assert bare is not None and covered is not None
    lower = canvas.places[..., 1] > canvas.on_grid(canvas.figure.rest[head.landmarks[[8]], :2])[0, 1]
    assert bare[lower].sum() > 30
    assert covered[lower].sum() < 0.6 * bare[lower].sum()  # what is left is the jaw's own underside
    upper = canvas.places[..., 1] < canvas.on_grid(canvas.figure.rest[head.landmarks[[33]], :2])[0, 1]
    np.testing.assert_allclose(covered[upper], bare[upper], atol=1e-3)
