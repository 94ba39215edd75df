"""Animals drawn in a face's place."""

import numpy as np

from tests.training.face_points import flat_face
from training.scene.animals import beast


def test_a_beast_covers_the_face_and_is_another_each_time() -> None:
    image, points = flat_face()
    made = [beast(image, points, np.random.default_rng(seed)) for seed in range(8)]
    middle = tuple(points[30].astype(int)[::-1])
    for drawn in made:
        assert drawn.shape == image.shape and drawn.dtype == np.uint8
        assert (drawn != image).any(axis=2).mean() > 0.2
        assert not np.array_equal(drawn[middle], image[middle])
    assert len({drawn.tobytes() for drawn in made}) == len(made)


def test_a_beast_bears_landmarks_that_make_no_face() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    points = np.random.default_rng(0).uniform(0, 64, (68, 2))
    assert beast(image, points, np.random.default_rng(0)).shape == image.shape
