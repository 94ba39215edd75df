"""Faces in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.text_template import DEGREES
from weights.training.descriptions import AMOUNTS, amounts, degree_name, describe, hair_word, short_description, sweep
from weights.training.face_code import face_from_code, random_code

PAPERS = (
    "a person with {degree} smile",
    "a {degree} old person with gray hair",
    "a person with eyes {degree} closed",
    "{degree} angry",
)


@pytest.mark.parametrize("template", PAPERS)
def test_the_papers_sentences_are_learnt(template):
    assert any(template in amount.templates for amount in AMOUNTS.values())


def test_held_out_sentences_are_not_learnt():
    learnt = {template for amount in AMOUNTS.values() for template in amount.templates}
    held_out = {template for amount in AMOUNTS.values() for template in amount.held_out}
    assert held_out and not learnt & held_out
    assert all(template.count("{degree}") == 1 for template in learnt | held_out)


@given(seed=st.integers(0, 10_000))
def test_a_degree_that_is_named_is_the_true_one(seed):
    rng = np.random.default_rng(seed)
    code = random_code(rng)
    face = face_from_code(code)
    text = describe(face, rng)
    for amount in AMOUNTS.values():
        true = amount.read(face)
        assert 0 <= true <= 1
        for template in amount.templates:
            for degree, sentence in zip(DEGREES, sweep(template), strict=True):
                if sentence in text.split(", "):
                    assert degree == degree_name(true)


def test_degrees_are_the_nearest_tenth():
    assert [degree_name(value) for value in (0.0, 0.04, 0.06, 0.5, 0.96, 1.0)] == [
        "no",
        "no",
        "10%",
        "50%",
        "100%",
        "100%",
    ]


def test_the_same_numbers_make_the_same_sentences_and_left_is_the_viewers():
    code = random_code(np.random.default_rng(1))
    made = [describe(face_from_code(code), np.random.default_rng(5)) for _ in range(2)]
    assert made[0] == made[1]
    names = list(AMOUNTS)
    for yaw, name, other in ((0.4, "turned right", "turned left"), (-0.4, "turned left", "turned right")):
        face = face_from_code(code, yaw=yaw)  # positive is towards the picture's right
        assert AMOUNTS[name].read(face) > 0.8 and AMOUNTS[other].read(face) == 0
    assert amounts(code[None, :64]).shape == (1, len(names))


def test_age_makes_hair_gray_in_words_too():
    code = random_code(np.random.default_rng(2))
    assert hair_word(face_from_code(code, age=0.98)) == "gray"
    texts = {short_description(face_from_code(code), np.random.default_rng(seed)) for seed in range(40)}
    assert len(texts) > 15
