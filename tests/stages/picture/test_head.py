"""The head's shape, and how displacements spread over its skin."""

import numpy as np

from weights.networks.head import Head


def test_rims_run_from_corner_to_corner_over_and_under_each_opening(head: Head) -> None:
    for rims in head.openings:
        assert rims.upper[0] == rims.lower[0] and rims.upper[-1] == rims.lower[-1]
        assert not set(rims.upper[1:-1]) & set(rims.lower[1:-1])
        assert head.neutral[rims.upper[0], 0] < head.neutral[rims.upper[-1], 0]
        assert head.neutral[rims.upper, 1].mean() > head.neutral[rims.lower, 1].mean()


def test_left_is_where_the_viewer_has_it(head: Head) -> None:
    assert head.neutral[head.left_eye.upper, 0].max() < 0 < head.neutral[head.right_eye.upper, 0].min()
    assert head.neutral[head.mouth.upper, 1].max() < head.neutral[head.left_eye.lower, 1].min()


def test_held_vertices_are_the_landmarks_and_then_the_rims_each_once(head: Head) -> None:
    np.testing.assert_array_equal(head.held[:68], head.landmarks)
    assert len(set(head.held)) == len(head.held)
    assert set(head.held) >= {vertex for rims in head.openings for rim in (rims.upper, rims.lower) for vertex in rim}


def test_a_held_vertex_goes_exactly_where_it_is_put(head: Head) -> None:
    np.testing.assert_array_equal(head.influence[head.held], np.eye(len(head.held)))


def test_a_displacement_of_all_takes_the_skin_between_along_and_fades_beyond(head: Head) -> None:
    share = head.influence.sum(axis=1)
    away = np.linalg.norm(head.neutral[:, None] - head.neutral[head.held], axis=2).min(axis=1)
    assert np.abs(share[away < 0.5] - 1).max() < 0.15
    assert (share >= -0.05).all() and share[away > 8].mean() < 0.9


def test_what_holds_a_brow_leaves_the_neck_alone(head: Head) -> None:
    brow = head.influence[:, 19]
    assert np.abs(brow[head.neutral[:, 1] < -10]).max() < 0.1
    near = np.linalg.norm(head.neutral - head.neutral[head.landmarks[19]], axis=1) < 0.4
    assert brow[near].min() > 0.2


def test_the_skull_turns_the_trunk_stays_and_the_neck_is_between(head: Head) -> None:
    order = np.argsort(head.neutral[:, 1])
    turning = head.turning[order]
    assert (np.diff(turning) >= 0).all()
    assert turning[0] == 0 and (head.turning[head.landmarks] > 0.5).all()
    assert (head.turning[head.landmarks[17:]] == 1).all()


def test_some_vertices_of_a_shape_are_those_of_the_whole(head: Head) -> None:
    rng = np.random.default_rng(0)
    identity, expression = rng.normal(size=len(head.identity)), rng.random(len(head.expression))
    whole = head.shape(identity, expression)
    np.testing.assert_allclose(head.shape(identity, expression, head.landmarks), whole[head.landmarks], atol=1e-5)


def test_triangles_face_outwards(head: Head) -> None:
    corners = head.neutral[head.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    front = corners.mean(axis=1)[:, 2] > 6
    assert (normal[front, 2] > 0).mean() > 0.9
