"""Prompts with a degree in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import TextError
from stages.motion.prompts import DEGREES, PLACE, captions

words = st.text(st.characters(exclude_characters="{}"), min_size=1)


def test_every_one_of_the_papers_degrees_has_its_sentence():
    made = captions("a person with {degree} smile")
    assert made[0] == "a person with no smile" and made[1] == "a person with 10% smile"
    assert made[-1] == "a person with 100% smile" and len(made) == len(DEGREES) == 11


@given(before=words, after=words)
def test_nothing_but_the_degree_is_replaced(before, after):
    made = captions(f"{before}{PLACE}{after}", ("no", "very"))
    assert made == [f"{before}no{after}", f"{before}very{after}"]


@pytest.mark.parametrize("prompt", ["%s {degree} %d", "$degree {degree} \\n", "{degree}__import__('os')"])
def test_other_ways_of_writing_a_place_are_text_and_never_evaluated(prompt):
    assert captions(prompt, ("no", "all"))[1] == prompt.replace("{degree}", "all")


@pytest.mark.parametrize(
    ("prompt", "complaint"),
    [
        ("", "the prompt is empty"),
        ("  ", "the prompt is empty"),
        ("a smile", "expected {degree} in the prompt"),
        ("a {degree!r} smile", "expected {degree} in the prompt"),
        ("{degree.__class__}", "expected {degree} in the prompt"),
        ("{degree} {smile}", "expected no braces but those"),
        ("{{degree}}", "expected no braces but those"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_in_one_sentence(prompt, complaint):
    with pytest.raises(TextError, match="^" + complaint.replace("{", r"\{")) as caught:
        captions(prompt)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("degrees", [(), ("no",), ("no", ""), ("no", " "), ("no", "no"), ("no", "no ")])
def test_degrees_that_tell_nothing_apart_are_refused(degrees):
    with pytest.raises(TextError, match="at least 2 degrees, all different"):
        captions("{degree} smile", degrees)


def test_degrees_with_braces_are_refused():
    with pytest.raises(TextError, match="expected degrees without braces"):
        captions("{degree} smile", ("no", "{degree}"))
