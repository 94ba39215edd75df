"""What comes into view as a head turns is the generator's, in the picture's tones."""

from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest

from stages.picture.fields import Fields, OwnPixels, fields_of
from stages.picture.head.canvas import Canvas
from stages.picture.head.gesture import Gesture
from stages.picture.head.head_parts import ear_share
from stages.picture.tones.likeness import Likeness
from stages.picture.tones.palette import Palette
from stages.picture.unseen import View, may_be_hair, view_towards, views_of
from stages.picture.warping.raster import draw
from tests.stages.picture.made_heads import made_gesture, plain
from weights.networks.head import Head

SIDE = 128
TURN = np.radians(16.0)
SKIN, HEAD, WALL = np.array([120.0, 80.0, 60.0]), np.array([200.0, 160.0, 140.0]), np.array([30.0, 60.0, 200.0])


def made_likeness(canvas: Canvas, head: Head, turns: list[float], grey: bool = False) -> Likeness:
    """A generator whose head is one colour before a wall, the picture's another, and whose keys turn it.

    Args:
        grey: the picture has no colours, and the generator's head others once it has turned.
    """
    gestures = [made_gesture(head, yaw=turn) for turn in turns]
    moved = [canvas.figure.moved(gesture) for gesture in gestures]
    scale = SIDE / max(canvas.width, canvas.height)
    vertices = [(points[:, :2] - (canvas.left, canvas.top)) * scale for points in moved]
    # Below the brows the frames' heads end a few pixels within the outlines that are fitted to them.
    shape, triangles = (SIDE, SIDE), canvas.figure.head.triangles
    heads = [
        cv2.erode(draw(at - 0.5, one[:, 2], triangles, shape).whole.astype(np.uint8), np.ones((7, 7)), borderValue=1)
        for at, one in zip(vertices, moved, strict=True)
    ]
    frames = np.where(np.stack(heads)[..., None] > 0, HEAD, WALL).astype(np.uint8)
    for frame, at in zip(frames, vertices, strict=True):
        frame[: int(at[head.landmarks[17:27], 1].mean()) + 1] = HEAD  # hair goes on above the brows
    still = np.tile(HEAD.astype(np.float32), (*canvas.cells, 1))
    picture = np.where(canvas.drawn.whole[..., None], SKIN, WALL).astype(np.float32)
    if grey:
        frames[1:] = np.clip(frames[1:] + np.array([-30.0, 0, 50]), 0, 255)
        picture[:] = picture.mean(axis=2, keepdims=True)
    places = [(canvas.places + 0.5) * canvas.step.astype(np.float32) * np.float32(scale) for _ in turns]
    made: Any = SimpleNamespace(
        canvas=canvas,
        small_picture=picture,
        frames=frames,
        rest=0,
        exposure=1.0,
        palette=Palette(picture, canvas.window),
        moved=moved,
        vertices=vertices,
        places=places,
        shown=lambda key, at: still,
        gestures=SimpleNamespace(
            course=SimpleNamespace(keys=np.arange(len(turns))[:, None]), at=lambda place: gestures[int(place[0])]
        ),
    )
    return cast(Likeness, made)


def views(canvas: Canvas, head: Head, turns: list[float], grey: bool = False) -> tuple[View, ...]:
    matte = canvas.drawn.whole.astype(np.float32)
    return views_of(made_likeness(canvas, head, turns, grey), OwnPixels(canvas, plain(canvas), matte), matte)


def made_fields(canvas: Canvas, gesture: Gesture) -> Fields:
    own = OwnPixels(canvas, plain(canvas), np.ones(canvas.cells, np.float32))
    return fields_of(canvas, own, canvas.figure.moved(gesture), float(np.hypot(gesture.yaw, gesture.pitch)))


def test_a_path_that_turns_no_head_needs_no_view(canvas: Canvas, head: Head) -> None:
    assert views(canvas, head, [0.0, 0.0]) == ()


def test_a_view_is_kept_of_each_way_that_a_path_turns(canvas: Canvas, head: Head) -> None:
    assert [np.sign(view.turn[0]) for view in views(canvas, head, [0.0, TURN / 2, TURN])] == [1]
    both = views(canvas, head, [0.0, TURN, -TURN / 2])
    assert [np.sign(view.turn[0]) for view in both] == [1, -1]
    assert view_towards(both, np.array([-0.1, 0.0])) is both[1]
    assert view_towards(both, np.array([0.1, 0.02])) is both[0]


def test_what_comes_into_view_has_the_pictures_tone_and_none_of_the_wall(canvas: Canvas, head: Head) -> None:
    (view,) = views(canvas, head, [0.0, TURN])
    gesture = made_gesture(head, yaw=TURN)
    fields = fields_of(
        canvas, OwnPixels(canvas, plain(canvas), np.ones(canvas.cells, np.float32)), canvas.figure.moved(gesture), TURN
    )
    assert fields.drawn is not None and fields.unseen is not None
    shown = view.on(canvas, fields.drawn)[fields.unseen > 0.5]
    np.testing.assert_allclose(shown, np.tile(SKIN, (len(shown), 1)), atol=2)


def test_nothing_coloured_comes_into_view_in_a_grey_photograph(canvas: Canvas, head: Head) -> None:
    for grey in (False, True):
        (view,) = views(canvas, head, [0.0, TURN], grey)
        assert (np.ptp(view.colours, axis=2).max() < 1) == grey


def test_hair_grows_down_to_the_middle_of_the_ears_and_an_ears_lobe_casts_a_shadow(canvas: Canvas, head: Head) -> None:
    neutral = head.neutral
    lowest = neutral[ear_share(neutral) > 0.5, 1].min()
    highest = neutral[ear_share(neutral) > 0.5, 1].max()
    # Rows of the upright head at rest, by its own height.
    row = np.interp(
        [highest, lowest], np.sort(neutral[:, 1]), -np.sort(-canvas.on_grid(canvas.figure.rest[:, :2])[:, 1])
    )
    assert may_be_hair(canvas, row).tolist() == [1.0, 0.0]
    assert may_be_hair(canvas, row.mean(keepdims=True) + 4)[0] < 0.6


def unseen(canvas: Canvas, gesture: Gesture) -> np.ndarray:
    turn = float(np.hypot(gesture.yaw, gesture.pitch))
    fields = fields_of(
        canvas, OwnPixels(canvas, plain(canvas), np.ones(canvas.cells, np.float32)), canvas.figure.moved(gesture), turn
    )
    assert fields.unseen is not None
    return fields.unseen


@pytest.mark.parametrize("way", [1, -1])
def test_it_is_the_side_that_a_head_turns_away_from_and_not_the_face(canvas: Canvas, head: Head, way: int) -> None:
    gesture = made_gesture(head, yaw=way * TURN)
    share = unseen(canvas, gesture)
    middle = int(canvas.on_grid(canvas.figure.rest[canvas.figure.head.landmarks[30], :2])[0])
    left, right = share[:, :middle].sum(), share[:, middle:].sum()
    assert (left > 3 * right) if way > 0 else (right > 3 * left)
    eyes = canvas.on_grid(canvas.figure.moved(gesture)[head.landmarks[36:48], :2]).astype(int)
    assert share[eyes[:, 1], eyes[:, 0]].max() < 0.1


def test_the_more_a_head_turns_the_more_comes_into_view(canvas: Canvas, head: Head) -> None:
    sizes = [unseen(canvas, made_gesture(head, yaw=np.radians(degrees))).sum() for degrees in (1, 4, 8, 16)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 5
