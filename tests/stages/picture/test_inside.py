"""A mouth's teeth stand where the generator's frames have them, within what lips usually show."""

from dataclasses import replace

import pytest

from stages.picture.inside import MOUTH, Inside
from stages.picture.mover import Mover
from stages.picture.tooth_relief import DROPS, ToothRelief


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


def test_a_smile_shows_no_more_gum_than_smiles_do(mouth: Inside) -> None:
    assert DROPS[0] < relief_of(mouth).drop <= lowest(mouth) + 1e-9


def test_where_teeth_stand_does_not_depend_on_where_they_are_looked_for(mouth: Inside) -> None:
    elsewhere = replace(mouth, relief=replace(relief_of(mouth), drop=0.3))
    assert relief_of(elsewhere.with_teeth_matched()).drop == relief_of(mouth).drop
