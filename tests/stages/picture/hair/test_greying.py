"""Hair greys as far as it reaches, with its strands; nothing else does."""

import cv2
import numpy as np
import pytest

from stages.picture.hair.greying import (
    as_strands_carry,
    colour_lost,
    hair_recoloured,
    mixed_with_skin,
    no_further,
    shade_replaced,
    share_of_head,
    strands_of,
    within_sway,
)
from stages.picture.head.canvas import Canvas


def test_what_pales_a_little_has_not_lost_its_colour_and_what_turns_grey_has() -> None:
    brown = np.tile(np.array([140.0, 90.0, 60.0], np.float32), (4, 5, 1))
    grey = np.full_like(brown, 95.0)
    found = colour_lost(brown, np.stack([0 * brown, 0.2 * (grey - brown), grey - brown, 1.5 * (brown - grey)]))
    assert found.shape == (4, 4, 5, 1)
    assert [float(part.mean()) for part in found] == [0, 0, 1, 0]
    assert not colour_lost(grey, np.stack([grey])).any(), "what is grey has no colour to lose"


def test_a_shade_is_another_colour_by_how_much_it_changes() -> None:
    keyed = np.array([0.0, -30.0, 60.0, 90.0])[:, None, None, None] * np.ones((1, 2, 2, 3))
    np.testing.assert_allclose(shade_replaced(keyed)[:, 0, 0, 0], [0, 0.5, 1, 1])


@pytest.mark.parametrize(("rows", "expected"), [(12, 1.0), (3, 0.0), (0, 0.0)])
def test_hair_takes_another_colour_as_a_whole_and_not_where_a_hairline_creeps(rows: int, expected: float) -> None:
    hair = np.arange(30)[:, None].repeat(20, axis=1) < 12
    still = np.where(hair[..., None], 40.0, np.array([210.0, 170.0, 150.0])).astype(np.float32)
    changes = np.zeros((3, *still.shape), np.float32)
    changes[2, 12 - rows : 12] = 120.0  # the rows next to the skin
    assert hair_recoloured(still, changes, ~hair, hair) == expected


def test_a_head_without_hair_may_change_all_over() -> None:
    still = np.full((30, 20, 3), 180.0, np.float32)
    crown = np.arange(30)[:, None].repeat(20, axis=1) < 12
    assert hair_recoloured(still, np.zeros((1, *still.shape), np.float32), ~crown, crown) == 1.0


def test_a_coat_that_looks_like_hair_does_not_grey_and_hair_that_hangs_does(canvas: Canvas) -> None:
    height, width = canvas.cells
    chin = canvas.on_grid(canvas.figure.rest[None, canvas.figure.head.landmarks[8], :2])[0]
    rows, columns = np.mgrid[:height, :width]
    beside = np.abs(columns - chin[0]) > 0.4 * canvas.head_width
    hangs = beside & (columns < chin[0]) & ~canvas.drawn.covered
    coat = beside & (columns > chin[0]) & (rows > chin[1] + 6) & ~canvas.drawn.covered
    changed = np.where((hangs | coat)[None, ..., None], 60.0, 0.0) * np.ones((2, height, width, 3))
    of_head = share_of_head(changed, canvas)
    assert of_head[hangs].min() > 0.5
    inner = cv2.erode(coat.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert inner.any() and of_head[inner].max() < 0.1


def test_strands_of_hair_that_greys_stand_out_and_its_border_does_not(canvas: Canvas) -> None:
    height, width = canvas.cells
    columns = np.mgrid[:height, :width][1]
    hair = (columns < width // 2).astype(float)[..., None]
    strands = 4.0 * np.where(columns // 2 % 2, 1, -1)[..., None] * hair
    picture = (np.where(hair > 0, 25.0, 200.0) + strands) * np.ones(3)
    keyed = np.stack([0 * hair, 100 * hair]) * np.ones(3)
    found = strands_of(picture.astype(np.float32), keyed, np.stack([0 * hair, hair]))
    assert (found[0] == 0).all()
    assert (found[1][:, width // 2 :] == 0).all()
    contrast = found[1][:, : width // 2] / strands[:, : width // 2]
    assert 0.5 < np.median(contrast) <= 1.0
    assert np.abs(found[1]).max() < 8, "what is beside the hair is no strand of it"


def test_a_change_leads_no_further_than_what_it_is_taken_from_becomes() -> None:
    picture = np.full((4, 5, 3), 110.0)
    keyed = np.stack([picture * 0 + 100, picture * 0 - 80])
    becomes = np.stack([picture * 0 + 150, picture * 0 + 60])
    found = no_further(picture, keyed, becomes)
    np.testing.assert_allclose(found[0], 50, atol=12)
    np.testing.assert_allclose(found[1], -50, atol=12)
    np.testing.assert_allclose(no_further(picture, keyed, picture + keyed), keyed)


def test_a_hairline_greys_by_how_much_of_it_is_hair_and_does_not_outshine_hair_and_skin() -> None:
    rows = np.arange(60)[:, None, None] * np.ones((1, 40, 3))
    picture = np.clip(40 + (rows - 28) / 4 * 130, 40, 170)  # hair above, skin below, four rows of both
    hair = (rows[..., :1] < 32)[None].astype(float)
    keyed = 110.0 * hair * np.ones(3)
    found = picture + mixed_with_skin(picture, keyed, hair, np.ones(picture.shape[:2]))[0]
    np.testing.assert_allclose(found[:20], 150, atol=1)
    np.testing.assert_allclose(found[40:], 170, atol=1)
    assert found.max() < 180
    assert (picture + keyed[0]).max() > 220, "what the change as it is would make of it"


def test_hair_changes_no_more_than_codes_sway_as_a_face_smiles_and_the_face_as_it_does() -> None:
    keyed = np.zeros((3, 4, 5, 3)) + np.array([0.0, 20.0, -60.0])[:, None, None, None]
    meant = np.zeros((4, 5))
    meant[:, 3:] = 1
    found = within_sway(keyed, meant)
    np.testing.assert_allclose(found[..., 3:, :], keyed[..., 3:, :])
    np.testing.assert_allclose(found[..., :3, :], keyed[..., :3, :] / 6, err_msg="in proportion over all keys")
    np.testing.assert_allclose(within_sway(keyed / 10, 0 * meant), keyed / 10)


def test_hair_greys_as_far_as_its_strands_carry_and_black_hair_without_any_hardly() -> None:
    rows, columns = np.mgrid[:60, :60]
    hair = (rows > 10) & (rows < 50)
    replaced = hair[None, ..., None].astype(np.float32)
    change = 120.0 * np.ones((1, 60, 60, 3), np.float32)
    lighter = {}
    for name, strand in (("none", 0.0), ("few", 5.0), ("many", 14.0)):
        picture = np.repeat((30.0 + strand * np.where(columns // 2 % 2, 1, -1))[..., None], 3, axis=2)
        found = as_strands_carry(picture.astype(np.float32), change, replaced, hair)
        assert found.shape == change.shape and (found <= change).all()
        np.testing.assert_array_equal(found[:, ~hair], change[:, ~hair], "what is no hair is left alone")
        lighter[name] = float(found[0, 30, 30, 0])
    assert abs(lighter["none"]) < 1 < lighter["few"] < 0.7 * lighter["many"]
    assert lighter["many"] == 120, "all of it"
    np.testing.assert_array_equal(as_strands_carry(picture, change, replaced, np.zeros_like(hair)), change)
