"""The figures of made frames against true ones: on images whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.truth.frames import (
    FIGURES,
    compare_images,
    crop_to_photograph,
    face_mask,
    measure_aligned,
    measure_in_photograph,
    moving_mask,
    photograph_to_crop,
)
from benchmarks.truth.photographs import CROP, STILL_CROP, load_photographs
from stages.faces.align import align_face, face_quad
from stages.models import Models
from stages.quality.metrics import psnr

DATA = load_photographs()
CORNER = np.array([STILL_CROP[1].start, STILL_CROP[0].start])


@given(st.integers(1, 250))
def test_an_even_offset_has_the_psnr_of_its_size(offset: int) -> None:
    true = np.zeros((1, 64, 64, 3), np.uint8)
    landmarks = DATA.landmarks[0, :1, 0] / 6
    figures = compare_images(true + np.uint8(offset), true, landmarks)
    assert figures["psnr"][0] == pytest.approx(20 * np.log10(255 / offset))
    assert figures["psnr_face"][0] == pytest.approx(figures["psnr"][0])


def test_equal_images_are_alike_in_full_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 256, (1, 64, 64, 3), np.uint8)
    landmarks = DATA.landmarks[0, :1, 0] / 6
    same, other = (compare_images(made, true, landmarks) for made in (true, rng.integers(0, 256, true.shape, np.uint8)))
    assert same["psnr"] == [float("inf")]
    assert same["ssim"][0] == pytest.approx(1)
    assert other["ssim"][0] < 0.1
    assert other["psnr"][0] == pytest.approx(psnr(rng.integers(0, 256, true.shape, np.uint8), true), abs=0.5)


def test_what_is_wrong_outside_the_face_does_not_count_inside() -> None:
    true = np.full((1, CROP, CROP, 3), 100, np.uint8)
    landmarks = DATA.landmarks[0, :1, 0] - CORNER
    made = true.copy()
    made[0, :20] = 200
    figures = compare_images(made, true, landmarks)
    assert figures["psnr"][0] < 25
    assert figures["psnr_face"] == [float("inf")]


def test_what_is_wrong_where_nothing_moves_does_not_count_as_moving() -> None:
    rest = np.full((CROP, CROP, 3), 100, np.uint8)
    frame = rest.copy()
    frame[100:140, 100:140] = 200
    mask = moving_mask(rest, frame)
    assert mask[100:140, 100:140].all()
    assert mask.sum() < 50**2
    assert not moving_mask(rest, rest).any()
    landmarks = np.repeat(DATA.landmarks[0, :1, 0] - CORNER, 2, axis=0)
    unmoved = np.stack([rest, rest])
    figures = compare_images(unmoved, np.stack([rest, frame]), landmarks)
    assert figures["psnr_moving"][0] == float("inf")
    assert figures["psnr_moving"][1] == pytest.approx(20 * np.log10(255 / 100) + 10 * np.log10(mask.sum() / 40**2))
    made = np.stack([rest, frame])
    made[1, :20] = 200
    assert compare_images(made, np.stack([rest, frame]), landmarks)["psnr_moving"][1] == float("inf")


def test_the_mask_holds_the_features_and_the_forehead_and_leaves_the_corners() -> None:
    landmarks = DATA.landmarks[0, 0, 0] - CORNER
    mask = face_mask(landmarks, CROP)
    inner = landmarks[17:].round().astype(int)
    assert mask[inner[:, 1], inner[:, 0]].all()
    brows, nose = landmarks[17:27].mean(axis=0), landmarks[33]
    above = (brows + 0.5 * (brows - nose)).astype(int)
    assert mask[above[1], above[0]]
    assert not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert 0.1 < mask.mean() < 0.5


@given(st.floats(0.2, 0.8), st.floats(0.2, 0.8), st.integers(0, 23))
@pytest.mark.slow
def test_a_point_is_found_where_the_alignment_puts_it(across: float, down: float, person: int) -> None:
    landmarks = DATA.landmarks[2, person, -1]
    quad = face_quad(landmarks)
    point = crop_to_photograph(np.array([[across, down]]), quad)
    np.testing.assert_allclose(photograph_to_crop(point, quad), [[across, down]])
    # A soft spot, drawn in the photograph, lies in the crop where the map says.
    ys, xs = np.mgrid[:352, :352] + 0.5
    spot = 250 * np.exp(-((xs - point[0, 0]) ** 2 + (ys - point[0, 1]) ** 2) / 18)
    crop = align_face(np.repeat(spot[..., None], 3, axis=2).astype(np.uint8), landmarks)[..., 0].astype(float)
    ys, xs = np.mgrid[:CROP, :CROP] + 0.5
    centre = np.array([(xs * crop).sum(), (ys * crop).sum()]) / crop.sum() / CROP
    np.testing.assert_allclose(centre, [across, down], atol=0.15 / CROP)


@pytest.mark.slow
def test_true_frames_are_as_good_as_can_be_measured(models: Models) -> None:
    true, landmarks = DATA.frames(2, 0), DATA.landmarks[2, 0]  # a turn, the hardest to align
    figures = measure_in_photograph(models, true, true, landmarks)
    assert set(figures) == {*FIGURES, "jitter"}
    assert all(len(figures[name]) == len(true) for name in FIGURES)
    assert np.isinf(figures["psnr"]).all()
    assert min(figures["csim"]) > 0.9
    assert max(figures["landmarks"]) < 0.03
    aligned = np.stack([align_face(*pair) for pair in zip(true, landmarks, strict=True)])
    figures = measure_aligned(models, aligned, true, landmarks)
    assert np.isinf(figures["psnr"]).all()
    assert max(figures["landmarks"]) < 0.03


@pytest.mark.slow
def test_a_face_elsewhere_counts_in_landmarks_and_not_in_shape(models: Models) -> None:
    true, landmarks = DATA.frames(0, 0)[:5], DATA.landmarks[0, 0, :5]
    at_rest, moved = (
        measure_in_photograph(models, frames, true, landmarks) for frames in (true, np.roll(true, 8, axis=2))
    )
    iod = np.linalg.norm(landmarks[0, 36] - landmarks[0, 45])
    assert np.median(moved["landmarks"]) == pytest.approx(8 / iod, rel=0.15)
    assert np.median(moved["shape"]) < np.median(at_rest["shape"]) + 0.005
    assert max(moved["psnr"]) < 30
    assert min(moved["csim"]) > 0.9


@pytest.mark.slow
def test_frames_that_tremble_have_jitter(models: Models) -> None:
    true, landmarks = np.repeat(DATA.frames(0, 0)[:1], 7, axis=0), np.repeat(DATA.landmarks[0, 0, :1], 7, axis=0)
    shaken = np.stack([np.roll(frame, 2 * (-1) ** place, axis=1) for place, frame in enumerate(true)])
    still, moving = (measure_in_photograph(models, frames, true, landmarks)["jitter"][0] for frames in (true, shaken))
    assert still == pytest.approx(0, abs=1e-6)
    assert moving > 0.01
