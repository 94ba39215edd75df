"""Pictures moved along paths of codes, with the bundled networks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stages.faces.align import align_face
from stages.faces.crop_landmarks import interocular, landmarks_in_crops
from stages.media.decode_image import decode_image
from stages.models import Models, tensor_to_images
from stages.picture import appearance
from stages.picture.appearance import appearance_changes
from stages.picture.head.figure import rim_gaps
from stages.picture.head.matte import head_matte
from stages.picture.head.stand_in import stand_in
from stages.picture.mover import Mover, mover_for, picture_frames
from stages.picture.openings.openings import opening_mask, outline
from stages.quality.metrics import jitter
from tests.stages.picture.made_movers import MOTIONS, changed, check_moves_within_its_window, move
from tests.stages.picture.portraits import Portrait, face_hull, portraits


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.slow
def test_at_rest_it_is_the_picture_and_outside_the_head_it_stays_so(movers: dict[str, Mover], motion: str) -> None:
    mover = movers[motion]
    before = mover.picture.copy()
    check_moves_within_its_window(mover)
    np.testing.assert_array_equal(mover.picture, before)


def test_a_path_of_strength_zero_is_the_picture_in_every_frame(models: Models, portrait: Portrait) -> None:
    codes = portrait.code.expand(3, -1, -1)
    frames = list(picture_frames(models, portrait.picture, portrait.landmarks, portrait.code, codes))
    assert len(frames) == 3
    for frame in frames:
        np.testing.assert_array_equal(frame, portrait.picture)


@pytest.mark.slow
def test_a_frame_made_twice_is_the_same_frame(movers: dict[str, Mover]) -> None:
    mover = movers["head_turn"]
    first, second = (mover.frame(mover.course.places[4]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_what_comes_into_view_is_not_stretched_from_the_picture(movers: dict[str, Mover]) -> None:
    mover = movers["head_turn"]
    place = mover.course.places[-1]
    differs = (mover.frame(place) != replace(mover, views=()).frame(place)).any(axis=2)
    gesture = mover.likeness.gestures.at(place)
    nose = mover.canvas.figure.moved(gesture)[mover.canvas.figure.head.landmarks[30], 0]
    beyond = (np.arange(differs.shape[1]) - nose) * gesture.yaw < 0
    assert differs.sum() > 200
    assert differs[:, beyond].sum() > 0.8 * differs.sum()


def test_eyes_of_a_head_that_only_turns_are_one_surface_with_their_lids(movers: dict[str, Mover]) -> None:
    mover = movers["head_turn"]
    place, figure = mover.course.places[-1], mover.canvas.figure
    turned = figure.moved(replace(mover.likeness.gestures.at(place), closure=np.zeros(2)))
    for eye in mover.insides[:2]:
        shown = mover.picture[mover.canvas.box].copy()
        eye.lay(shown, turned, turned, place)
        np.testing.assert_array_equal(shown, mover.picture[mover.canvas.box])
        eye.lay(shown, turned, figure.rest, place)
        assert (shown != mover.picture[mover.canvas.box]).any()


@pytest.mark.slow
def test_teeth_of_a_dark_face_are_far_lighter_than_its_skin(
    models: Models, directions: dict[str, Tensor], repository: Path
) -> None:
    file = repository / "weights/bundled/demo/faces/face_10.jpg"
    mover = move(models, portraits(models, [decode_image(file.read_bytes())])[0], directions["smile"])
    place = mover.course.places[-1]
    mouth, moved = mover.insides[2], mover.canvas.figure.moved(mover.likeness.gestures.at(place))
    shown = mover.frame(place)[mouth.box.rows_and_columns].mean(axis=2)
    within = opening_mask(outline(moved, mouth.rims), mouth.box, 0.5) > 0.9
    assert np.median(shown[within]) > 1.7 * np.median(shown[~within])


@pytest.mark.slow
def test_the_outline_is_met_where_a_path_turns_the_head_and_nowhere_else(movers: dict[str, Mover]) -> None:
    assert np.abs(movers["head_turn"].canvas.figure.outward).max() > 0.05
    assert movers["smile"].canvas.figure.outward == 0.0


def colours(mover: Mover) -> np.ndarray:
    """As the mover has them, but for eyes and mouth."""
    matte = head_matte(mover.canvas, mover.likeness.small_picture)
    return appearance_changes(mover.likeness, matte, np.ones(mover.canvas.cells, np.float32))


@pytest.mark.slow
def test_a_turned_head_is_lit_by_the_pictures_own_light(
    movers: dict[str, Mover], monkeypatch: pytest.MonkeyPatch
) -> None:
    lit = {motion: colours(movers[motion]) for motion in ("head_turn", "smile")}
    monkeypatch.setattr(
        appearance, "relit", lambda canvas, picture, face, moved: np.zeros((len(moved), *picture.shape))
    )
    assert np.abs(colours(movers["head_turn"]) - lit["head_turn"]).max() > 2
    np.testing.assert_array_equal(colours(movers["smile"]), lit["smile"])


@pytest.mark.slow
def test_what_is_a_necks_shade_does_not_grey_with_hair(
    movers: dict[str, Mover], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {motion: colours(movers[motion]) for motion in ("ageing", "smile")}
    monkeypatch.setattr(appearance, "shaded_neck", lambda canvas, *_: np.ones(canvas.cells, np.float32))
    assert np.abs(colours(movers["ageing"]) - before["ageing"]).max() > 10
    np.testing.assert_array_equal(colours(movers["smile"]), before["smile"])  # no hair greys


@pytest.mark.parametrize(("motion", "numbers"), [("smile", [48, 54]), ("eyes_closed", [37, 38, 43, 44])])
@pytest.mark.slow
def test_landmarks_found_again_in_the_frame_went_where_they_were_sent(
    models: Models, movers: dict[str, Mover], portrait: Portrait, motion: str, numbers: list[int]
) -> None:
    mover = movers[motion]
    figure = mover.canvas.figure
    sent = figure.moved(mover.likeness.gestures.at(mover.course.places[-1])) - figure.rest
    sent = sent[figure.head.landmarks, :2][numbers]
    crops = np.stack([align_face(image, portrait.landmarks) for image in (portrait.picture, mover.frame(np.ones(1)))])
    rest, moved = landmarks_in_crops(models.landmarks, crops)
    found = (moved - rest)[numbers] * interocular(portrait.landmarks) / interocular(rest)
    assert np.linalg.norm(sent, axis=1).mean() > 1.5
    away = np.linalg.norm(found - sent, axis=1).mean()
    assert away < 0.6 * np.linalg.norm(sent, axis=1).mean()


@pytest.mark.slow
def test_landmarks_tremble_no_more_than_in_the_generators_own_frames(
    models: Models, movers: dict[str, Mover], directions: dict[str, Tensor], portrait: Portrait
) -> None:
    places = np.linspace(0, 1, 20)
    figure, gestures = movers["head_turn"].canvas.figure, movers["head_turn"].likeness.gestures
    track = [figure.moved(gestures.at(np.array([place])))[figure.head.landmarks, :2] for place in places]
    rest = stand_in(models.generator, portrait.code)
    codes = rest + torch.from_numpy(places).float()[:, None, None] * directions["head_turn"]
    with torch.inference_mode():
        frames = [tensor_to_images(models.generator.synthesize(part)).numpy() for part in codes.split(10)]
    raw = landmarks_in_crops(models.landmarks, np.concatenate(frames))
    assert jitter(np.stack(track)) / interocular(track[0]) <= jitter(raw) / interocular(raw[0])


@pytest.mark.slow
def test_a_turn_beyond_what_a_picture_can_give_is_softened_and_said_so(
    models: Models, movers: dict[str, Mover], directions: dict[str, Tensor], portrait: Portrait
) -> None:
    assert movers["smile"].turn_given == 1
    far = move(models, portrait, directions["head_turn"], strength=3.0)
    asked = far.likeness.gestures.largest_turn
    assert np.degrees(asked) > 25 and far.turn_given < 0.95
    assert asked * far.turn_given <= far.canvas.figure.farthest_turn + 1e-9
    check_moves_within_its_window(far)


@pytest.mark.slow
def test_backwards_is_another_motion_from_the_same_rest(
    models: Models, movers: dict[str, Mover], directions: dict[str, Tensor], portrait: Portrait
) -> None:
    back = move(models, portrait, directions["smile"], strength=-1.0)
    check_moves_within_its_window(back)
    assert (back.frame(np.ones(1)) != movers["smile"].frame(np.ones(1))).any()


@pytest.mark.slow
def test_a_curved_path_begins_and_ends_at_rest(
    models: Models, portrait: Portrait, directions: dict[str, Tensor]
) -> None:
    time = torch.linspace(0, 1, 9)[:, None, None]
    way = torch.sin(torch.pi * time).round(decimals=5) * directions["smile"]
    aside = torch.sin(2 * torch.pi * time).round(decimals=5) * 0.5 * directions["eyes_closed"]
    codes = portrait.code + way + aside
    mover = mover_for(models, portrait.picture, portrait.landmarks, portrait.code, codes)
    assert mover.course.places.shape[1] == 2
    for place in mover.course.places[[0, -1]]:
        np.testing.assert_array_equal(mover.frame(place), portrait.picture)
    assert changed(mover, mover.frame(mover.course.places[4])).any()


@pytest.mark.slow
def test_eyes_that_close_show_less_of_what_is_in_them(movers: dict[str, Mover]) -> None:
    mover = movers["eyes_closed"]
    figure = mover.canvas.figure
    shut = figure.moved(mover.likeness.gestures.at(np.ones(1)))
    for rims in figure.head.openings[:2]:
        assert rim_gaps(shut, rims)[1].max() < 0.35 * rim_gaps(figure.rest, rims)[1].max()


@pytest.mark.slow
def test_ageing_changes_colours_without_carrying_the_face_away(movers: dict[str, Mover], portrait: Portrait) -> None:
    mover = movers["ageing"]
    difference = mover.frame(np.ones(1)).astype(float) - mover.picture
    hull = face_hull(portrait)
    assert np.abs(difference[hull]).mean() > 1
    assert mover.colours.shape[1:] == (*mover.canvas.cells, 3)
    figure = mover.canvas.figure
    sent = figure.moved(mover.likeness.gestures.at(np.ones(1))) - figure.rest
    assert np.linalg.norm(sent[figure.head.landmarks, :2], axis=1).mean() < 0.12 * interocular(portrait.landmarks)
