"""A job's YAML: no field twice, and numbers that are what they look like."""

from typing import Any

import pytest
import yaml

from pipeline.job.job_yaml import parse
from pipeline.job.yaml_errors import describe_yaml_error


@pytest.mark.parametrize(
    ("text", "place", "field"),
    [
        ("a: 1\nb: 2\na: 3\n", ", line 3, column 1", "a"),
        ("video: {frames: 4, fps: 30, frames: 8}\n", ", line 1, column 29", "frames"),
        ('video:\n  frames: 4\n  "frames": 8\n', ", line 3, column 3", "frames"),
    ],
)
def test_a_field_that_is_there_twice_is_refused_where_it_is(text: str, place: str, field: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        parse(text)
    where, mend = describe_yaml_error(caught.value, text)
    assert where == place
    assert f"the field {field} is there a second time" in mend


def test_a_field_in_place_of_a_merged_one_is_no_second_one() -> None:
    text = "a: &a {frames: 4, fps: 30}\nb: {<<: *a, frames: 8}\n"
    assert parse(text)["b"] == {"frames": 8, "fps": 30}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("4", 4), ("-4", -4), ("0", 0), ("1_000", 1000), ("0.5", 0.5), ("-.5", -0.5), ("1.0e-3", 0.001)),
        *(("010", "010"), ("1:30", "1:30"), ("1:30.5", "1:30.5"), ("0x10", "0x10"), ("0b1", "0b1"), ("1e3", "1e3")),
        *(("true", True), ("~", None), ("smile", "smile")),
    ],
)
def test_numbers_are_read_by_tens_and_anything_else_is_text(text: str, value: Any) -> None:
    found = parse(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [1e-9, 1e20, 0.5, -3, 10**12, float("inf"), "010", "1:30", "1e3", True, None])
def test_what_is_written_is_read_again(value: Any) -> None:
    assert parse(yaml.safe_dump({"a": value})) == {"a": value}
