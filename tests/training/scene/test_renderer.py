"""Drawing faces. The networks of the family were trained on renders: what is drawn today must be the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.truth.data import load_truth, person
from stages.faces.align import align_face
from training.scene.face_code import face_from_code, random_code
from training.scene.renderer import Renderer


def noise_ratio(first: np.ndarray, second: np.ndarray) -> float:
    """PSNR of two images, dB."""
    return float(10 * np.log10(255**2 / np.square(first.astype(float) - second).mean()))


def test_what_the_benchmarks_keep_is_drawn_again_from_its_seed(renderer: Renderer) -> None:
    truth = load_truth()
    for motion, number, moment in ((0, 0, 8), (1, 5, 4), (2, 11, 8), (3, 23, 8)):
        face = person(number + 1, truth.motions[motion], truth.progress[moment])
        drawn = renderer.render(face)
        assert noise_ratio(drawn.image, truth.frames[motion, number, moment]) > 36  # what WebP took away
        np.testing.assert_allclose(drawn.landmarks / 128, truth.landmarks[motion, number, moment], atol=1e-3)


def test_a_face_is_drawn_the_same_whatever_was_drawn_before(renderer: Renderer, face_model: Path) -> None:
    one, other = (face_from_code(random_code(np.random.default_rng(seed))) for seed in (1, 2))
    first = renderer.render(one)
    renderer.render(other)
    Renderer(face_model, 64).render(other)  # a context of its own becomes the current one
    again = renderer.render(one)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.landmarks, again.landmarks)


def test_under_a_held_crop_the_head_moves_and_the_room_stands_still(renderer: Renderer) -> None:
    face = face_from_code(random_code(np.random.default_rng(3)), expression={"smile": 0.0}, yaw=0.0)
    turned = replace(face, yaw=0.15)
    crop = renderer.crop_of(face).widened(1.3)
    at_first, later = renderer.render(face, crop), renderer.render(turned, crop)
    np.testing.assert_array_equal(at_first.image[:8], later.image[:8])  # over the head
    nose = later.landmarks[30, 0] - at_first.landmarks[30, 0]
    assert nose > 2  # pixels, to the image's right
    followed = renderer.render(turned)
    own = renderer.render(face)
    eyes = [np.mean(each.landmarks[36:48], axis=0) for each in (own, followed)]
    assert np.linalg.norm(eyes[1] - eyes[0]) < 1  # without it the crop goes with the face


def test_a_smile_under_a_held_crop_moves_the_mouth_and_not_the_brows(renderer: Renderer) -> None:
    code = random_code(np.random.default_rng(4))
    rest, smile = (face_from_code(code, expression={"smile": smile}, yaw=0.0) for smile in (0.0, 1.0))
    crop = renderer.crop_of(rest)
    moved = renderer.render(smile, crop).landmarks - renderer.render(rest, crop).landmarks
    assert np.linalg.norm(moved[[48, 54]], axis=1).min() > 2
    assert np.abs(moved[17:27]).max() < 1


def test_the_products_alignment_of_a_wider_view_gives_the_plain_render(face_model: Path, can_draw: None) -> None:
    wide, plain = Renderer(face_model, 384), Renderer(face_model, 128)
    face = face_from_code(random_code(np.random.default_rng(5)))
    view = wide.render(face, wide.crop_of(face).widened(1.5))
    aligned = align_face(view.image, view.landmarks, size=128)
    inside = slice(4, 124)  # beyond the view's lower edge the alignment has only a mirror image
    assert noise_ratio(aligned[inside, inside], plain.render(face).image[inside, inside]) > 27
