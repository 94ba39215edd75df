"""The map from codes to faces."""

from dataclasses import asdict, fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.scene.face_code import CODE_SIZE, FACE_ENTRIES, RenderedFace, face_from_code, random_code

codes = st.integers(0, 10_000).map(lambda seed: random_code(np.random.default_rng(seed)))
extremes = st.lists(st.floats(-4, 4), min_size=FACE_ENTRIES, max_size=FACE_ENTRIES).map(np.array)


def numbers(face: RenderedFace) -> np.ndarray:
    """All that the renderer reads of a face, in one vector."""

    def parts(value: object) -> list[np.ndarray]:
        if is_dataclass(value):
            return [part for field in fields(value) for part in parts(getattr(value, field.name))]
        return [np.ravel(np.asarray(value, float))]

    return np.concatenate(parts(face))


def test_a_random_code_has_unit_root_mean_square() -> None:
    code = random_code(np.random.default_rng(3))
    assert code.shape == (CODE_SIZE,)
    assert np.sqrt(np.mean(code**2)) == pytest.approx(1)


@given(codes)
def test_only_the_first_entries_change_a_face(code: np.ndarray) -> None:
    other = code.copy()
    other[FACE_ENTRIES:] = -other[FACE_ENTRIES:]
    np.testing.assert_array_equal(numbers(face_from_code(code)), numbers(face_from_code(other)))


@given(codes, st.integers(0, FACE_ENTRIES - 1))
def test_a_small_step_of_a_code_is_a_small_step_of_the_face(code: np.ndarray, entry: int) -> None:
    nearby = code.copy()
    nearby[entry] += 1e-4
    # Freckles alone stop at once, at a skin too dark to show them.
    moved = np.abs(numbers(face_from_code(nearby)) - numbers(face_from_code(code)))
    assert np.sort(moved)[-2] < 5e-3


def test_every_driving_entry_but_one_changes_something() -> None:
    resting = numbers(face_from_code(np.zeros(FACE_ENTRIES)))
    for entry in set(range(FACE_ENTRIES)) - {32}:
        moves = [numbers(face_from_code(step * np.eye(FACE_ENTRIES)[entry])) for step in (-2.0, 2.0)]
        assert any(np.abs(move - resting).max() > 1e-3 for move in moves), f"entry {entry} drives nothing"


@given(extremes)
def test_a_face_stays_within_what_the_renderer_can_show(code: np.ndarray) -> None:
    face = face_from_code(code)
    assert np.isfinite(numbers(face)).all()
    assert 0 <= face.expression.smile <= 1.15
    for control in (face.expression.jaw, face.expression.blink, face.expression.pucker, face.expression.sad, face.age):
        assert 0 <= control <= 1
    assert abs(face.yaw) <= 0.45
    assert abs(face.pitch) <= 0.2
    assert np.linalg.norm(face.light.direction) == pytest.approx(1)
    assert face.light.exposure > 0
    for colour in (face.hair_colour, face.iris_colour, face.cloth_colour, face.lip_colour, face.background):
        assert ((colour >= 0) & (colour <= 1)).all()


@given(codes, st.floats(0, 1), st.floats(-0.4, 0.4))
def test_an_override_replaces_its_control_and_leaves_the_others(code: np.ndarray, smile: float, yaw: float) -> None:
    own, changed = face_from_code(code), face_from_code(code, expression={"smile": smile}, yaw=yaw)
    assert changed.expression.smile == smile
    assert changed.yaw == yaw
    kept = {name: value for name, value in asdict(own.expression).items() if name != "smile"}
    assert {name: value for name, value in asdict(changed.expression).items() if name != "smile"} == kept
    np.testing.assert_array_equal(own.identity, changed.identity)
    assert own.age == changed.age


def test_age_turns_hair_and_brows_grey() -> None:
    code = random_code(np.random.default_rng(1))
    young, old = face_from_code(code, age=0.2), face_from_code(code, age=1.0)
    assert young.greyness == 0
    assert old.greyness == 1
    assert old.brow_colour.min() > young.brow_colour.min()
    np.testing.assert_array_equal(young.identity, old.identity)


def test_an_unknown_control_is_refused() -> None:
    with pytest.raises(TypeError, match="grin"):
        face_from_code(np.zeros(FACE_ENTRIES), expression={"grin": 1.0})
