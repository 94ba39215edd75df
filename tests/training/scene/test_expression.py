"""The controls of a face and the model's expressions behind them."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.scene.expression import Expression, blendshapes

CONTROLS = [field.name for field in fields(Expression)]


def test_a_face_at_rest_moves_nothing() -> None:
    assert not any(blendshapes(Expression()).values())


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_moves_something(control: str) -> None:
    assert max(blendshapes(Expression(**{control: 0.5})).values()) > 0.1


@given(st.dictionaries(st.sampled_from(CONTROLS), st.floats(-1, 1)), st.floats(0, 1))
def test_no_weight_is_ever_negative_but_of_a_closing_jaw(controls: dict[str, float], slackness: float) -> None:
    allowed = {name: value for name, value in controls.items() if name not in ("jaw", "blink") or value >= 0}
    assert min(blendshapes(Expression(**allowed), slackness).values()) >= 0


def test_a_smile_on_an_old_face_narrows_the_eyes_further() -> None:
    smile = Expression(smile=1.0)
    assert blendshapes(smile, slackness=1.0)["eyeSquint"] > blendshapes(smile)["eyeSquint"]


def test_looking_aside_turns_one_eye_out_and_the_other_in() -> None:
    aside = blendshapes(Expression(gaze_x=0.5))
    assert aside["eyeLookOut_L"] == aside["eyeLookIn_R"] == 0.5
    assert not aside["eyeLookIn_L"]
