"""Faces in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.scene.face_code import face_from_code, random_code
from training.train.descriptions import (
    AMOUNTS,
    DIMENSIONS,
    KINDS,
    amounts,
    degree_name,
    describe,
    face_meaning,
    kind_meaning,
    kinds,
    sweep,
)

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


@given(seed=st.integers(0, 10_000), held_out=st.booleans())
def test_what_a_sentence_says_of_a_face_is_true(seed, held_out):
    rng = np.random.default_rng(seed)
    code = random_code(rng)
    face, said = face_from_code(code), describe(face_from_code(code), rng, held_out)
    known = {
        sentence.text: (name, index / 10)
        for name, amount in AMOUNTS.items()
        for template in amount.templates + amount.held_out
        for index, sentence in enumerate(sweep(name, template))
    }
    phrases = said.text.split(", ")
    for phrase in phrases:
        if phrase in known:
            name, degree = known[phrase]
            assert abs(AMOUNTS[name].read(face) - degree) <= 0.0501
        elif phrase in {one for group in KINDS.values() for one in group}:
            assert phrase in kinds(face)
        elif not held_out:
            assert any(phrase in amount.words for amount in AMOUNTS.values()) or "," in said.text
    if held_out:
        learnt = {
            one.text for name, amount in AMOUNTS.items() for part in amount.templates for one in sweep(name, part)
        }
        assert not learnt & set(phrases)


@given(seed=st.integers(0, 10_000))
def test_a_face_is_most_like_the_sentence_with_its_own_degree(seed):
    face = face_from_code(random_code(np.random.default_rng(seed)))
    shown = face_meaning(face)
    for name, amount in AMOUNTS.items():
        likeness = [float(shown @ said.meaning) for said in sweep(name, amount.templates[0])]
        assert abs(int(np.argmax(likeness)) / 10 - amount.read(face)) <= 0.0501


def test_sentences_about_one_amount_say_nothing_of_another():
    smile, age = (sweep(name, AMOUNTS[name].templates[0]) for name in ("smile", "old"))
    assert all(abs(one.meaning @ other.meaning) < 1e-6 for one in smile for other in age)


def test_degrees_are_the_nearest_tenth():
    named = [degree_name(value) for value in (0.0, 0.04, 0.06, 0.5, 0.96, 1.0)]
    assert named == ["no", "no", "10%", "50%", "100%", "100%"]


def test_the_same_numbers_make_the_same_sentences_and_left_is_the_viewers():
    code = random_code(np.random.default_rng(1))
    made = [describe(face_from_code(code), np.random.default_rng(5)).text for _ in range(2)]
    assert made[0] == made[1]
    for yaw, name, other in ((0.4, "turned right", "turned left"), (-0.4, "turned left", "turned right")):
        face = face_from_code(code, yaw=yaw)  # positive is towards the image's right
        assert AMOUNTS[name].read(face) > 0.8 and AMOUNTS[other].read(face) == 0
    assert amounts(code[None, :64]).shape == (1, len(AMOUNTS))


def test_age_makes_hair_gray_in_words_too():
    code = random_code(np.random.default_rng(2))
    assert "gray hair" in kinds(face_from_code(code, age=0.98))
    assert face_meaning(face_from_code(code, age=0.98)) @ kind_meaning("gray hair") > 0
    assert kind_meaning("gray hair").shape == (DIMENSIONS,)
