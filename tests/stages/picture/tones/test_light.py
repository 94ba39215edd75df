"""A head that turns under a picture's own light is lit as it would be."""

import numpy as np
import pytest

from stages.picture.head.canvas import Canvas
from stages.picture.tones.light import relit
from stages.picture.warping.raster import normals_of
from tests.stages.picture.made_heads import made_gesture
from weights.networks.head import Head

SKIN = np.array([200.0, 150.0, 120.0])
TURN = np.radians(16.0)
FROM_THE_LEFT, FROM_THE_FRONT = np.array([-0.6, -0.3, 0.74]), np.array([0.0, 0.0, 1.0])


def lit(canvas: Canvas, vertices: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(H, W, 3) a matt head under some daylight and a lamp, at rest's places."""
    normals = normals_of(vertices, canvas.figure.head.triangles)
    shade = 0.4 + 0.6 * np.maximum(normals @ (light / np.linalg.norm(light)), 0)
    drawn = canvas.drawn.interpolate(canvas.figure.head.triangles, shade[:, None])
    return np.asarray(np.where(canvas.drawn.covered[..., None], drawn * SKIN, 90.0), np.float32)


def faces(canvas: Canvas) -> np.ndarray:
    """(H, W) bool: well inside the head."""
    shown = canvas.drawn.interpolate(canvas.figure.head.triangles, canvas.towards[:, None])[..., 0]
    return shown > 0.5


@pytest.mark.parametrize("light", [FROM_THE_LEFT, FROM_THE_LEFT * (-1, 1, 1)], ids=["left", "right"])
@pytest.mark.parametrize("way", [1, -1])
def test_shades_change_as_they_would(canvas: Canvas, head: Head, light: np.ndarray, way: int) -> None:
    moved = canvas.figure.moved(made_gesture(head, yaw=way * TURN))
    before, after = (lit(canvas, vertices, light) for vertices in (canvas.figure.rest, moved))
    face = faces(canvas)
    (found,) = relit(canvas, before, face, [moved])
    true = (after - before)[face]
    assert np.abs(true).mean() > 5
    assert np.abs(found[face] - true).mean() < 0.35 * np.abs(true).mean()


def test_at_rest_and_under_even_light_nothing_changes(canvas: Canvas, head: Head) -> None:
    moved = canvas.figure.moved(made_gesture(head, yaw=TURN))
    picture = lit(canvas, canvas.figure.rest, FROM_THE_LEFT)
    face = faces(canvas)
    np.testing.assert_allclose(relit(canvas, picture, face, [canvas.figure.rest])[0], 0, atol=1e-3)
    even = np.tile(SKIN.astype(np.float32), (*canvas.cells, 1))
    assert np.abs(relit(canvas, even, face, [moved])[0]).max() < 2


def test_dark_brows_are_not_taken_for_shade(canvas: Canvas, head: Head) -> None:
    moved = canvas.figure.moved(made_gesture(head, yaw=TURN))
    picture = lit(canvas, canvas.figure.rest, FROM_THE_FRONT)
    with_brows = picture.copy()
    brows = canvas.on_grid(canvas.figure.rest[head.landmarks[17:27], :2]).round().astype(int)
    for column, row in brows:
        with_brows[row - 2 : row + 3, column - 3 : column + 4] = 20
    plain, dark = (relit(canvas, image, faces(canvas), [moved])[0] for image in (picture, with_brows))
    elsewhere = faces(canvas) & (with_brows[..., 0] > 20)
    assert np.abs(plain - dark)[elsewhere].mean() < 1


def test_nothing_is_told_where_no_face_is_seen(canvas: Canvas, head: Head) -> None:
    nothing = np.zeros(canvas.cells, bool)
    picture = lit(canvas, canvas.figure.rest, FROM_THE_LEFT)
    changes = relit(canvas, picture, nothing, [canvas.figure.moved(made_gesture(head, yaw=TURN))])
    assert changes.shape == (1, *picture.shape)
    assert not changes.any()
