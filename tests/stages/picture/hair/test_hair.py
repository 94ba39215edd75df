"""How far hair reaches: curls and long hair do, a coat and a wall do not."""

import cv2
import numpy as np
import pytest

from stages.picture.hair.hair import NONE, find_hair, hair_share, hair_window, likelier_hair
from stages.picture.head.canvas import Canvas

BROWN, SKIN, WALL = (70, 45, 30), (200, 160, 140), (150, 170, 190)


@pytest.fixture
def places(canvas: Canvas) -> dict[str, np.ndarray]:
    """(H, W) bool each: hair on the skull, the face below it, a curl beside the jaw, long hair, and a coat."""
    rows, columns = np.mgrid[: canvas.cells[0], : canvas.cells[1]]
    points = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks, :2])
    brow, mouth, chin, middle = points[19, 1] - 10, points[57, 1], points[8, 1], points[8, 0]
    skull = canvas.drawn.covered
    away = cv2.distanceTransform((~skull).astype(np.uint8), cv2.DIST_L2, 5) / canvas.head_width
    left, right = columns < middle, columns > middle
    return {
        "hair": skull & (rows < brow),
        "face": skull & (rows > brow + 2) & (rows < chin),
        "curl": ~skull & left & (away < 0.12) & (rows > mouth - 12) & (rows < chin - 2),
        "long": ~skull & right & (away < 0.3) & (rows < mouth - 4),
        "coat": (rows > chin + 6),
    }


def painted(canvas: Canvas, places: dict[str, np.ndarray], wall: tuple[int, ...] = WALL) -> np.ndarray:
    picture = np.zeros((*canvas.cells, 3), np.float32)
    picture[:] = wall
    for name, colour in (("face", SKIN), ("hair", BROWN), ("curl", BROWN), ("long", BROWN), ("coat", BROWN)):
        picture[places[name]] = colour
    noise = np.random.default_rng(1).normal(0, 4, canvas.cells)[..., None]
    return (picture + noise).astype(np.float32)


def told(canvas: Canvas, places: dict[str, np.ndarray], wall: tuple[int, ...] = WALL) -> tuple[np.ndarray, np.ndarray]:
    matte = canvas.drawn.covered.astype(np.float32)
    likelier = likelier_hair(canvas, painted(canvas, places, wall), places["hair"], places["face"], matte)
    return find_hair(canvas, places["hair"], likelier), likelier


def test_curls_and_long_hair_are_hair_and_a_coat_is_not(canvas: Canvas, places: dict[str, np.ndarray]) -> None:
    found, likelier = told(canvas, places)
    share = hair_share(canvas, found, likelier, canvas.window)
    inner = {name: cv2.erode(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 for name, part in places.items()}
    assert all(part.any() for part in inner.values())
    for name in ("hair", "curl", "long"):
        assert found[inner[name]].mean() > 0.95
    visible = inner["long"] & (hair_window(canvas) > 0.99)
    assert share[inner["curl"]].mean() > 0.8 and share[visible].mean() > 0.8
    assert found[inner["coat"]].mean() < 0.05
    assert found[inner["face"]].mean() < 0.05


def test_hair_ends_where_a_wall_hardly_less_like_it_begins(canvas: Canvas, places: dict[str, np.ndarray]) -> None:
    found, likelier = told(canvas, places, wall=(66, 52, 40))
    away = cv2.distanceTransform((~canvas.drawn.covered).astype(np.uint8), cv2.DIST_L2, 5) / canvas.head_width
    share = hair_share(canvas, found, likelier, np.zeros(canvas.cells, np.float32))
    assert share[away > 0.36].max() < 0.2


def test_a_few_cells_that_change_are_no_hair(canvas: Canvas, places: dict[str, np.ndarray]) -> None:
    few = places["hair"] & (np.cumsum(places["hair"]).reshape(canvas.cells) < 60)
    matte = canvas.drawn.covered.astype(np.float32)
    likelier = likelier_hair(canvas, painted(canvas, places), few, places["face"], matte)
    assert (likelier == NONE).all()


def test_a_collar_that_stands_up_to_the_lips_is_no_hair(canvas: Canvas, places: dict[str, np.ndarray]) -> None:
    lips = canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[[57]], :2])[0, 1]
    bare = places | {"curl": np.zeros(canvas.cells, bool), "long": np.zeros(canvas.cells, bool)}
    collar = (canvas.places[..., 1] > lips - 10) & ~places["face"] & (canvas.outline < 14)
    found, _ = told(canvas, bare | {"coat": collar})
    assert found[cv2.erode(collar.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0].mean() < 0.05
