"""A wrong field is named as the job spells it, with what was found and what is allowed."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.job.field_errors import describe_problem, shorten
from pipeline.job.spec import JobSpec

WHOLE = {"motion": {"clip": "a.mp4"}, "manifest": "m.csv", "name": "smile", "output": "out"}


def described(change: dict[str, Any]) -> list[str]:
    data = WHOLE | change
    with pytest.raises(ValidationError) as refused:
        JobSpec.model_validate(data)
    return [describe_problem(problem, data) for problem in refused.value.errors(include_url=False)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"motion": {"clip": "a.mp4", "rank": 0}}, "motion.rank"),
        ({"motion": {"grin": {"clip": "a.mp4", "rank": 0}}}, "motion.grin.rank"),
        ({"motion": {"text": "a {degree} smile", "anchors": {"rate": 0}}}, "motion.anchors.rate"),
        ({"video": {"size": 1}}, "video.size"),
        ({"x" * 90: 1}, "x" * 59 + "…"),
    ],
)
def test_a_field_is_named_with_its_path_in_the_job(change: dict[str, Any], field: str) -> None:
    (sentence,) = described(change)
    assert sentence.partition(" ")[0].rstrip(":") == field


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"video": {"framse": 3}}, "Did you mean frames?"),
        ({"strength": 0.5}, "Did you mean video.strength?"),
        ({"strenght": 0.5}, "Did you mean video.strength?"),
        ({"seeds": [1]}, "Did you mean motion.anchors.seeds?"),
        ({"clip": "a.mp4"}, "Did you mean model.clip or motion.clip?"),
        ({"video": {"workers": 2}}, "Did you mean cluster.workers?"),
        ({"motion": {"grin": {"clip": "a.mp4", "max_anchor": 3}}}, "Did you mean max_anchors?"),
        ({"video": {"frames:\u00a03": None}}, "it holds a no-break space, pasted from elsewhere. Write a plain space."),
        ({"model": {"qqq": 1, "generator": "a", "inverter": "b"}}, "Allowed here: generator, inverter"),
    ],
)
def test_an_unknown_field_is_answered_with_the_nearest_or_with_all(change: dict[str, Any], hint: str) -> None:
    (sentence,) = described(change)
    assert hint in sentence


@pytest.mark.parametrize("change", [{"strength": True}, {"crf": False}, {"frames": True}])
def test_truth_is_no_number(change: dict[str, Any]) -> None:
    (sentence,) = described({"video": change})
    assert sentence.startswith(f"video.{next(iter(change))}: expected a")
    assert "number" in sentence


def test_a_decimal_comma_in_a_number_is_named() -> None:
    (sentence,) = described({"video": {"strength": "0,5"}})
    assert sentence == 'video.strength: expected a number, found "0,5". The decimal sign is a point: 0.5.'


def test_a_decimal_comma_is_named_where_it_makes_a_field() -> None:
    assert any("0.6, not 0,6" in sentence for sentence in described({"video": {"strength": 0, 6: None}}))


@pytest.mark.parametrize("name", [12, False])
def test_what_yaml_takes_for_no_text_is_to_be_quoted(name: object) -> None:
    (sentence,) = described({"name": name})
    assert sentence.endswith("Put it into quotes.")


def test_what_the_program_writes_into_a_job_is_not_offered() -> None:
    assert "made_with" in JobSpec.model_fields
    (sentence,) = described({"qqqq": 1})
    assert "made_with" not in sentence


def test_every_wrong_field_has_its_sentence() -> None:
    fields = [
        sentence.partition(":")[0] for sentence in described({"video": {"fps": -1, "crf": "high"}, "name": "../up"})
    ]
    assert sorted(fields) == ["name", "video.crf", "video.fps"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ("two\nlines", '"two\\nlines"'),
        ("s3://KEY:SECRET@bucket", '"s3://KEY:SECRET@bucket"'),
        (["s3://KEY:" + "SECRET" * 9 + "@bucket/x"], "['s3://***@bucket/x']"),
        (float("nan"), "nan"),
        ({}, "fields (none)"),
        ({"a": 1, "b\n": 2}, "fields (a, b)"),
        (dict.fromkeys("abcdefghi"), "fields (a, b, c, d, e, f, g, h, …)"),
        (["x" * 99], "['" + "x" * 57 + "…"),
    ],
)
def test_a_value_is_shown_short_on_one_line_and_never_with_half_a_secret(value: object, shown: str) -> None:
    assert shorten(value) == shown
