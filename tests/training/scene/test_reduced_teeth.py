"""Teeth reduced to what a camera sees of them: a few made ones, whose shape is known."""

import numpy as np
import pytest

from tests.training.scene.made_face_model import made_model
from training.scene.reduced_teeth import reduced_teeth


@pytest.fixture(scope="module")
def teeth() -> dict[str, np.ndarray]:
    return reduced_teeth(made_model(), ["jawOpen", "eyeLookUp_L"])


def test_roots_and_what_lies_at_the_throat_are_left_out(teeth: dict[str, np.ndarray]) -> None:
    places = teeth["teeth_neutral"]
    assert len(places) == 4 * 2 * 3 and len(teeth["teeth_triangles"]) == 2 * 2 * 3
    assert (places[:, 2] == 10).all() and places[:, 1].min() > -5


def test_gums_are_red_and_teeth_grey(teeth: dict[str, np.ndarray]) -> None:
    gum = teeth["teeth_neutral"][:, 1] > -2.4
    red = teeth["teeth_colours"][:, 0] > teeth["teeth_colours"][:, 1]
    assert (red[gum]).all() and not red[teeth["teeth_neutral"][:, 1] < -2.5].any()


def test_incisors_end_where_the_upper_teeth_do(teeth: dict[str, np.ndarray]) -> None:
    edge = teeth["teeth_neutral"][teeth["teeth_incisal_edge"]]
    np.testing.assert_allclose(edge[:, 1], -3.4)
    assert edge[0, 0] < 0 < edge[1, 0]


def test_affine_moves_are_found_again(teeth: dict[str, np.ndarray]) -> None:
    whole = np.column_stack([teeth["teeth_neutral"], np.ones(len(teeth["teeth_neutral"]))])
    np.testing.assert_allclose(whole @ teeth["teeth_identity"][0], 0.1 * teeth["teeth_neutral"], atol=1e-4)
