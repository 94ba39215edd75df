"""The morphable head thinned: a made tube with three holes, and the real one where it is."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.training.scene.made_face_model import AROUND, HIGH, HOLES, JAW, MIDDLE, made_model
from training.scene.face_model import SKIN, FaceModel
from training.scene.head_shape import EARS, RIMS, reduced_head
from weights.load_head import BUNDLED
from weights.networks.head import Head, head_of


@pytest.fixture(scope="module")
def made() -> FaceModel:
    return made_model()


@pytest.fixture(scope="module")
def reduced(made: FaceModel) -> Head:
    return head_of(reduced_head(made))


def test_it_has_fewer_vertices_and_all_of_them_are_the_models_own(made: FaceModel, reduced: Head) -> None:
    assert 200 < len(reduced.neutral) < 0.5 * SKIN.stop
    own = {point.tobytes() for point in made.neutral}
    assert all(point.tobytes() in own for point in reduced.neutral)
    assert set(np.unique(reduced.triangles)) == set(range(len(reduced.neutral)))


def test_landmarks_stay_where_they_were(made: FaceModel, reduced: Head) -> None:
    np.testing.assert_array_equal(reduced.neutral[reduced.landmarks], made.neutral[made.landmarks])


def test_rims_run_through_their_landmarks_in_order(reduced: Head) -> None:
    rims = (reduced.left_eye, reduced.right_eye, reduced.mouth)
    chains = [rim for opening in rims for rim in (opening.upper, opening.lower)]
    for rim, stations in zip(chains, RIMS.values(), strict=True):
        places = [rim.tolist().index(reduced.landmarks[number]) for number in stations]
        assert places == sorted(places) and places[0] == 0 and places[-1] == len(rim) - 1
        assert len(set(rim)) == len(rim)


def test_what_is_behind_the_rims_is_gone_and_nothing_else(made: FaceModel, reduced: Head) -> None:
    sides = np.sort(np.concatenate([np.roll(reduced.triangles, turn, axis=1)[:, :2] for turn in range(3)]), axis=1)
    edges, times = np.unique(sides, axis=0, return_counts=True)
    border = set(np.unique(edges[times == 1]))
    openings = {vertex for rims in reduced.openings for rim in (rims.upper, rims.lower) for vertex in rim}
    neck = set(np.flatnonzero(reduced.neutral[:, 1] < -11))
    assert border <= openings | neck
    # A corner of a rim that one triangle fills has that triangle's edge for its border.
    assert len(openings - border) < 0.1 * len(openings)
    rows, columns = (part.ravel() for part in np.mgrid[:HIGH, :AROUND])
    for top, bottom, left, right in HOLES.values():
        beside = (rows >= top) & (rows <= bottom + 1) & (columns - MIDDLE >= left) & (columns - MIDDLE <= right)
        assert not {point.tobytes() for point in made.neutral[SKIN][beside]} & {p.tobytes() for p in reduced.neutral}
    assert times.max() == 2


def test_displacements_are_kept_to_what_their_numbers_hold(made: FaceModel, reduced: Head) -> None:
    assert reduced.names == ("jawOpen",)  # what moves the eyeballs alone is left out
    jaw = (reduced.neutral[:, 1:2] < JAW) * np.array([0, -1, 0])
    np.testing.assert_allclose(reduced.expression[0], jaw, atol=1e-4)
    np.testing.assert_allclose(reduced.identity[0], 0.1 * reduced.neutral, atol=0.1 * 14 / 127)


def test_the_bundled_head_is_the_real_one_reduced(model: FaceModel) -> None:
    arrays, bundled = reduced_head(model), load_file(BUNDLED)
    assert set(arrays) == set(bundled)
    for name, values in arrays.items():
        assert values.dtype == bundled[name].dtype, name
        np.testing.assert_allclose(values, bundled[name], atol=1e-6, err_msg=name)


def test_ears_keep_enough_vertices_to_stand_out(model: FaceModel) -> None:
    head = head_of(reduced_head(model))
    for side in (-1, 1):
        kept, whole = (
            points[(np.abs(points[:, 1]) < 5) & (points[:, 2] < 1.5)] * (side, 1, 1)
            for points in (head.neutral, model.neutral[SKIN])
        )
        assert kept[:, 0].max() == pytest.approx(whole[:, 0].max(), abs=EARS / 2)
        assert (kept[:, 0] > 7.6).sum() > 25
