"""A mouth's teeth stand where the generator's frames have them, within what lips usually show."""

from dataclasses import replace

import numpy as np
import pytest

from stages.picture.mover import Mover
from stages.picture.openings.inside import MOUTH, SLIT_SHADE, Inside
from stages.picture.openings.openings import lattice
from stages.picture.openings.tooth_relief import DROPS, ToothRelief


@pytest.fixture(scope="module")
def mouth(movers: dict[str, Mover]) -> Inside:
    return movers["smile"].insides[MOUTH]


def relief_of(mouth: Inside) -> ToothRelief:
    assert mouth.relief is not None
    return mouth.relief


def lowest(mouth: Inside) -> float:
    """With how low teeth as much gum shows as ever does, in the frame that shows most of it."""
    gestures, upper = mouth.likeness.gestures, mouth.rims.upper
    shown = [
        relief_of(mouth).lowest(gestures.at(place), moved[upper[len(upper) // 2], :2])
        for place, moved in zip(gestures.course.keys, mouth.likeness.moved, strict=True)
    ]
    return min(shown)


@pytest.mark.slow
def test_a_smile_shows_no_more_gum_than_smiles_do(mouth: Inside) -> None:
    assert DROPS[0] < relief_of(mouth).drop <= lowest(mouth) + 1e-9


@pytest.mark.slow
def test_where_teeth_stand_does_not_depend_on_where_they_are_looked_for(mouth: Inside) -> None:
    elsewhere = replace(mouth, relief=replace(relief_of(mouth), drop=0.3))
    assert relief_of(elsewhere.with_teeth_matched()).drop == relief_of(mouth).drop


@pytest.mark.slow
def test_eyes_that_are_shut_show_nothing_of_what_is_inside(movers: dict[str, Mover]) -> None:
    # A polygon without any height would be drawn as a light line along the lashes.
    mover = movers["eyes_closed"]
    rest, gesture = mover.canvas.figure.rest, mover.likeness.gestures.at(mover.course.places[-1])
    shut = mover.canvas.figure.moved(replace(gesture, closure=np.ones(2)))
    skin = np.full((*mover.picture[mover.canvas.box].shape[:2], 3), 100, np.uint8)
    for eye in mover.insides[:2]:
        for moved, shown in ((shut, False), (rest + 0, True)):
            found = skin.copy()
            # Lids that move over the eyeball: one that has not turned with them.
            eye.lay(found, moved, rest + 10.0, mover.course.places[-1])
            assert (found != skin).any() == shown


def test_an_eyeball_is_as_lit_as_at_rest_until_its_lids_nearly_meet(movers: dict[str, Mover]) -> None:
    mover = movers["eyes_closed"]
    rest, still = mover.canvas.figure.rest, mover.canvas.figure.still
    for eye in mover.insides[:2]:
        width = float(np.linalg.norm(rest[eye.rims.upper[0], :2] - rest[eye.rims.upper[-1], :2]))
        moved = [mover.canvas.figure.moved(replace(still, closure=np.full(2, share))) for share in (0, 0.1, 0.8, 1)]
        lit = [eye._lit(eye._gap(points), width) for points in moved]
        assert lit[0] == lit[1] == 1 > lit[2] > lit[3]


def test_what_is_seen_in_a_slit_lies_in_shade(movers: dict[str, Mover], monkeypatch: pytest.MonkeyPatch) -> None:
    mover = movers["eyes_closed"]
    figure, eye = mover.canvas.figure, mover.insides[0]
    nearly = figure.moved(replace(figure.still, closure=np.full(2, 0.7)))
    shown = []
    for shade in (SLIT_SHADE, 0.0):
        monkeypatch.setattr("stages.picture.openings.inside.SLIT_SHADE", shade)
        frame = np.full((*mover.picture[mover.canvas.box].shape[:2], 3), 100, np.uint8)
        eye.lay(frame, nearly, figure.rest, mover.course.places[-1])
        shown.append(frame)
    changed = (shown[0] != shown[1]).any(axis=2)
    assert changed.any() and (shown[0][changed].mean(axis=1) < shown[1][changed].mean(axis=1)).all()


def test_a_slit_between_lips_shows_what_the_picture_has_there(movers: dict[str, Mover]) -> None:
    # On a small photograph it is narrower than the grid on which its inside is laid out.
    mouth = movers["smile"].insides[MOUTH]
    rest = mouth.likeness.canvas.figure.rest
    between, moved = lattice(rest, mouth.rims), rest.copy()
    for down in np.linspace(0, 3, 7):  # pixels
        for rim, side in ((mouth.rims.upper, -0.1), (mouth.rims.lower, 0.1)):
            moved[rim, 1] = rest[mouth.rims.upper[0], 1] + down + side
        there = mouth._between(mouth._laid(moved), between)
        assert np.abs(there.mean(axis=(0, 1)) - between.mean(axis=(0, 1))).max() < 0.2 * mouth.box.width
