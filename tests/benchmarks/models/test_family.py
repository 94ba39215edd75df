"""How the bundled family is measured."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks.models.family import groups_of, landmark_error, psnr, readable, sharpness


def test_a_probe_reads_what_is_linear_in_the_codes_and_nothing_from_noise() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((400, 30))
    assert readable(codes, codes @ rng.standard_normal(30) + 3, held_out=100) > 0.99
    assert readable(codes, rng.standard_normal(400), held_out=100) < 0.1


def test_a_probe_does_not_mind_where_codes_and_attributes_are_centred() -> None:
    rng = np.random.default_rng(2)
    codes = rng.standard_normal((200, 30))
    truth = codes @ rng.standard_normal(30) + rng.standard_normal(200)
    here, there = readable(codes, truth, held_out=50), readable(codes + 40, truth - 7, held_out=50)
    assert there == pytest.approx(here)


def test_the_probe_is_judged_on_faces_that_it_was_not_fitted_to() -> None:
    rng = np.random.default_rng(1)
    codes, truth = rng.standard_normal((60, 500)), rng.standard_normal(60)  # 500 numbers learn 40 faces by heart
    assert readable(codes, truth, held_out=20) < 0.5


def test_a_blur_lowers_sharpness() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blurred = F.avg_pool2d(images, 3, stride=1, padding=1)
    assert sharpness(blurred) < 0.5 * sharpness(images)


def test_every_face_is_in_one_third_of_each_kind_and_wears_spectacles_or_none() -> None:
    codes = np.random.default_rng(3).standard_normal((60, 64))
    groups = groups_of(codes)
    for names in (("lightest skin", "middling skin", "darkest skin"), ("youngest", "middle-aged", "oldest")):
        assert [groups[name].sum() for name in names] == [20, 20, 20]
        assert np.sum([groups[name] for name in names], axis=0).tolist() == [1] * 60
    assert codes[groups["lightest skin"], 35].max() < codes[groups["darkest skin"], 35].min()
    assert codes[groups["youngest"], 38].max() < codes[groups["oldest"], 38].min()
    assert (groups["spectacles"] == (codes[:, 32] > 1.1)).all()
    assert (groups["none"] == ~groups["spectacles"]).all()


def test_figures_are_in_the_units_they_name() -> None:
    assert psnr(torch.full((1, 3, 4, 4), 0.2)) == pytest.approx(20)
    points = np.zeros((1, 68, 2))
    points[0, 45, 0] = 2.0
    assert landmark_error(points + np.array([0.1, 0]), points) == pytest.approx(0.05)
