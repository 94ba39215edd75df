"""How hair grows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from training.scene.face_model import SKIN, FaceModel
from training.scene.hair import HairStyle, Scalp, over_hairline

STRANDS, POINTS = 600, 6
SHORT = HairStyle(top=2, side=1.5, back=1.5, volume=0.3, parting=0.5, fringe=-0.4, curl=0.0, hairline=11.5)


@pytest.fixture(scope="module")
def scalp(model: FaceModel) -> Scalp:
    return Scalp(model, STRANDS, POINTS)


def strands(scalp: Scalp, style: HairStyle, model: FaceModel) -> np.ndarray:
    """(S, P, 3), those that grow."""
    places = scalp.grow(style, np.zeros_like(model.neutral))[:, :, 0, :3]
    return places[np.ptp(places, axis=1).max(axis=1) > 0]


def length(places: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(places, axis=1), axis=2).sum(axis=1).mean())


def test_strands_grow_behind_the_hairline_and_stay_out_of_the_head(scalp: Scalp, model: FaceModel) -> None:
    places = strands(scalp, SHORT, model)
    assert len(places) > STRANDS / 2
    assert over_hairline(places[:, 0], SHORT.hairline).min() > -0.6
    normals, _ = model.normals(model.neutral)
    skin = model.neutral[SKIN]
    _, nearest = cKDTree(skin).query(places[:, 2:].reshape(-1, 3))
    over_skin = ((places[:, 2:].reshape(-1, 3) - skin[nearest]) * normals[SKIN][nearest]).sum(axis=1)
    assert np.quantile(over_skin, 0.02) > -0.1  # centimetres; the grid of distances is half a centimetre coarse


def test_longer_hair_is_longer_and_a_higher_hairline_has_less_of_it(scalp: Scalp, model: FaceModel) -> None:
    short = strands(scalp, SHORT, model)
    long = strands(scalp, replace(SHORT, top=8, side=8, back=8), model)
    high = strands(scalp, replace(SHORT, hairline=12.0), model)
    assert length(long) > 2 * length(short)
    assert len(high) < len(short)


def test_hair_moves_with_its_owners_skull(scalp: Scalp, model: FaceModel) -> None:
    shift = np.broadcast_to(np.array([0.5, -0.2, 0.1], np.float32), model.neutral.shape)
    there = scalp.grow(SHORT, shift)[..., :3]
    here = scalp.grow(SHORT, np.zeros_like(model.neutral))[..., :3]
    np.testing.assert_allclose(there - here, np.broadcast_to(shift[0], there.shape), atol=1e-4)


def test_every_triangle_lies_within_one_strand(scalp: Scalp) -> None:
    triangles = scalp.triangles()
    assert triangles.shape == (STRANDS * (POINTS - 1) * 2, 3)
    assert (np.ptp(triangles // (2 * POINTS), axis=1) == 0).all()
    assert triangles.max() == STRANDS * POINTS * 2 - 1
