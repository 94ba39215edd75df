import numpy as np
import pytest

from stages.picture import eye_contours
from stages.picture.eye_contours import BAND, COLUMNS, EYES, ROWS, X, Y, with_eyes_outlined

SKIN, EYE = (200, 160, 140), (60, 50, 50)


def plain_contrast(unlike, across, down, wide, upper, lower):
    def within(wide, upper, lower):
        along = (X - across) / wide
        below, height = Y - down, 1 - along * along
        return (np.abs(along) < 1) & (below > -upper * height) & (below < lower * height)

    inside = within(wide, upper, lower)
    band = within(wide + BAND, upper + BAND, lower + BAND) & ~inside
    inner, outer = inside.sum(), band.sum()
    if min(inner, outer) < eye_contours.FEWEST_CELLS:
        return 0.0
    return max(unlike[inside].mean() - unlike[band].mean(), 0) ** 2 * inner * outer / (inner + outer)


def test_all_almonds_at_once_have_the_contrast_that_each_has_by_itself():
    random = np.random.default_rng(0)
    unlike = random.uniform(0, 45, (ROWS, COLUMNS))
    across, down, wide = random.uniform((-0.4, -0.3, 0.7), (0.4, 0.3, 1.4), (20, 3)).T
    uppers, lowers = np.array([0.02, 0.3, 0.7]), np.array([0.05, 0.4])
    found = eye_contours._contrasts(unlike, across, down, wide, uppers, lowers)
    for place, above, below in np.ndindex(found.shape):
        lids = uppers[above], lowers[below]
        expected = plain_contrast(unlike, across[place], down[place], wide[place], *lids)
        assert found[place, above, below] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_an_eye_whose_landmarks_lie_beside_it_is_outlined_where_the_picture_shows_it():
    picture = np.full((120, 160, 3), SKIN, np.uint8)
    rows, columns = np.mgrid[:120, :160] + 0.5
    along = (columns - 80) / 20
    picture[np.abs(rows - 60) < 10 * (1 - along * along)] = EYE
    landmarks = np.zeros((68, 2))
    beside = np.array([(52, 66), (92, 66), (64, 60), (80, 60), (64, 72), (80, 72)])
    landmarks[list(EYES[0])] = beside
    found = with_eyes_outlined(picture, landmarks)[list(EYES[0])]
    middle = (found[0] + found[1]) / 2
    assert np.abs(middle - (80, 60)).max() < 3 < np.abs(beside[:2].mean(axis=0) - (80, 60)).max()


def face_with_eyes(*eyes: tuple[int, int, int, int]) -> np.ndarray:
    """(120, 320, 3), skin with an almond for each (column, row, half width, half height)."""
    picture = np.full((120, 320, 3), SKIN, np.uint8)
    rows, columns = np.mgrid[:120, :320] + 0.5
    for column, row, wide, high in eyes:
        along = (columns - column) / wide
        picture[np.abs(rows - row) < high * (1 - along * along)] = EYE
    return picture


def eye_at(column: float, row: float, wide: float, high: float) -> np.ndarray:
    lid, lifted = eye_contours.LID_PLACE * wide, eye_contours.ROUND * high
    return np.array([(-wide, 0), (wide, 0), (-lid, -lifted), (lid, -lifted), (-lid, lifted), (lid, lifted)]) + np.array(
        [column, row]
    )


def landmarks_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    landmarks = np.zeros((68, 2))
    landmarks[list(EYES[0])], landmarks[list(EYES[1])] = left, right
    return landmarks


def test_an_eye_that_the_landmarks_miss_may_be_far_wider_than_they_say():
    along = X / 1.6
    unlike = np.where(np.abs(Y) < 0.6 * (1 - along * along), 40.0, 3.0)
    landmarks = np.array([0.0, 0.0, 1.0, 0.3, 0.3])
    trusted = eye_contours._fitted(unlike, landmarks, eye_contours.COARSE, eye_contours.MISPLACED)
    missed = eye_contours._fitted(unlike, landmarks, eye_contours.WIDE, eye_contours.MISSED)
    assert abs(missed[2] - 1.6) < 0.15 < abs(trusted[2] - 1.6)


def test_landmarks_within_an_eye_are_kept_though_another_almond_parts_it_somewhat_better():
    within = landmarks_of(eye_at(80, 65, 20, 4), eye_at(240, 65, 20, 4))
    found = with_eyes_outlined(face_with_eyes((80, 60, 20, 10), (240, 60, 20, 10)), within)
    np.testing.assert_array_equal(found, within)


def test_where_one_eye_is_missed_the_other_is_outlined_for_less():
    nearly = eye_at(240, 63, 20, 7)
    picture = face_with_eyes((80, 60, 20, 10), (240, 60, 20, 10))
    well = with_eyes_outlined(picture, landmarks_of(eye_at(80, 60, 20, 10), nearly))
    np.testing.assert_array_equal(well[list(EYES[1])], nearly)
    missed = with_eyes_outlined(picture, landmarks_of(eye_at(72, 68, 20, 4), nearly))
    middle = missed[list(EYES[1])[:2], 1].mean()
    assert abs(middle - 60) < 1.5
