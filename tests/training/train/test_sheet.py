"""Sheets of images."""

import numpy as np
import pytest

from training.train.sheet import COLUMNS, sheet_of


@pytest.mark.parametrize("count", [1, 8, 9, 12])
def test_pictures_stand_in_reading_order_and_the_rest_is_black(count: int) -> None:
    pictures = np.arange(1, count + 1, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 3), np.uint8)
    sheet = sheet_of(pictures)
    assert sheet.shape == (2 * -(-count // COLUMNS), 3 * COLUMNS, 3)
    seen = sheet[::2, ::3, 0].ravel()
    assert seen.tolist() == [*range(1, count + 1), *[0] * (len(seen) - count)]
    assert np.array_equal(sheet[:2, :3], pictures[0])
