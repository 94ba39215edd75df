import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.quality.metrics import akd, csim, identity_crop, jitter, motion_gain, psnr, share_found


def test_the_identity_crop_is_the_published_window_averaged():
    images = torch.zeros(1, 3, 256, 256)
    images[..., 35:223, 32:220] = 1
    crop = identity_crop(images)
    assert crop.shape == (1, 3, 112, 112)
    torch.testing.assert_close(crop, torch.ones_like(crop))
    assert identity_crop(1 - images).abs().max() == 0


def test_the_identity_crop_refuses_other_sizes():
    with pytest.raises(ValueError, match=r"found \(1, 3, 128, 128\)"):
        identity_crop(torch.zeros(1, 3, 128, 128))


@given(st.floats(-math.pi, math.pi), st.floats(0.1, 10))
def test_csim_is_the_cosine_of_the_angle_whatever_the_lengths(angle, length):
    reference, other = torch.zeros(512), torch.zeros(1, 512)
    reference[0] = 1
    other[0, :2] = length * torch.tensor([math.cos(angle), math.sin(angle)])
    assert csim(other, reference).item() == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize(("change", "expected"), [(1, 20 * math.log10(255)), (255, 0.0), (0, math.inf)])
def test_psnr_of_bytes_has_their_peak(change, expected):
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(black, black + np.uint8(change)) == pytest.approx(expected)


@given(st.floats(1e-3, 2))
def test_psnr_of_floats_counts_from_minus_one_to_one(change):
    black = torch.full((3, 4, 4), -1.0)
    assert psnr(black, black + change) == pytest.approx(20 * math.log10(2 / change), abs=1e-2)


def test_psnr_is_one_figure_for_bytes_and_floats():
    first, second = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    floats = [torch.from_numpy(image).double() / 127.5 - 1 for image in (first, second)]
    assert psnr(first, second) == pytest.approx(psnr(*floats))


def test_psnr_refuses_images_that_do_not_compare():
    with pytest.raises(ValueError, match=r"found \(2, 2\) and \(1, 2\)"):
        psnr(torch.zeros(2, 2), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="one range"):
        psnr(torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.uint8))


def test_akd_is_the_mean_of_both_coordinates_distances():
    points = np.random.default_rng(0).normal(size=(5, 68, 2))
    assert akd(points, points) == 0
    assert akd(points + np.array([0.3, -0.4]), points) == pytest.approx(0.7)


@given(st.floats(-3, 3), st.integers(4, 40))
def test_amplitude_is_how_far_landmarks_move_for_what_they_should(gain, frames):
    field = np.random.default_rng(1).normal(size=(68, 2))
    progress = np.sin(np.linspace(0, math.pi, frames))
    correlation, amplitude = motion_gain(gain * progress[:, None, None] * field, field, progress)
    assert amplitude == pytest.approx(gain, abs=1e-9)
    if abs(gain) > 1e-3:
        assert correlation == pytest.approx(math.copysign(1, gain))


def test_motion_across_the_field_counts_nothing():
    field = np.zeros((68, 2))
    field[:, 0] = 1
    moved = np.linspace(0, 1, 9)[:, None, None] * field[:, ::-1]
    correlation, amplitude = motion_gain(moved, field, np.linspace(0, 1, 9))
    assert amplitude == 0
    assert math.isnan(correlation)


@pytest.mark.parametrize(("size", "progress"), [(0.0, np.linspace(0, 1, 5)), (1.0, np.zeros(5))])
def test_without_a_motion_to_compare_with_there_is_no_figure(size, progress):
    figures = motion_gain(np.ones((5, 68, 2)), np.full((68, 2), size), progress)
    assert all(math.isnan(figure) for figure in figures)


@given(st.integers(5, 40), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_a_motion_of_constant_acceleration_has_no_jitter(frames, factors):
    time = np.linspace(0, 1, frames)
    course = np.polyval(factors, time)
    assert jitter(np.broadcast_to(course[:, None, None], (frames, 68, 2))) < 1e-12


@given(st.floats(0.01, 10))
def test_jitter_of_noise_is_nine_tenths_of_its_deviation(deviation):
    noise = np.random.default_rng(0).normal(size=(200, 68, 2))
    assert jitter(deviation * noise) == pytest.approx(0.9 * deviation, rel=0.02)


def test_jitter_of_fewer_than_five_frames_is_not_a_number():
    assert math.isnan(jitter(np.zeros((4, 68, 2))))


@given(st.floats(-2, 2))
def test_what_moves_along_the_way_is_found_and_what_moves_across_is_not(gain):
    asked = np.random.default_rng(2).normal(size=(9, 68, 2))
    across = asked[..., ::-1] * (1, -1)
    assert share_found(gain * asked + across, asked) == pytest.approx(gain, abs=1e-9)


def test_nothing_asked_is_nothing_to_be_found():
    assert math.isnan(share_found(np.ones((5, 68, 2)), np.zeros((5, 68, 2))))
