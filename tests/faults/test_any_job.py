"""Jobs that people write by hand: whatever stands in them, they are read or refused in words."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.errors import JobError
from pipeline.job.load import load_job
from pipeline.job.spec import JobSpec
from tests.faults.anything import IDS, VALUES, in_one_folder, in_words

REAL_JOBS = sorted((Path(__file__).parents[2] / "jobs").glob("*.yaml"))
JOBS = [data for data in (yaml.safe_load(path.read_text()) for path in REAL_JOBS) if "motion" in data]
ALL_FIELDS: dict[str, Any] = {
    "name": "all",
    "model": {"generator": "g.pt", "inverter": "i.pt", "identity": "synthface", "landmarks": "synthface", "clip": "c"},
    "motion": {
        "smile": {"clip": "a.mp4", "max_anchors": 8, "rank": 2, "energy": 0.9, "per_layer": True},
        "turn": {"text": "a {degree} turn", "anchors": {"degrees": ["no", "much"], "seeds": [1, 2], "layers": [0, 4]}},
    },
    "manifest": "faces.parquet",
    "video": {"frames": 4, "fps": 30, "path": "linear", "strength": 1.0, "layers": [0, 4], "crf": 18},
    "iterations": 2,
    "detector": "haar",
    "cluster": {"address": "local", "workers": 2, "device": "cpu", "stall_timeout": 100},
    "output": "out",
}
# Values as they stand in a file: YAML has more kinds of them than Python's plain data.
RAW_VALUES = [
    "~unknown-user/x",
    '"\\0"',
    '"a\\0b/c"',
    '"\\e[31m"',
    '"a\\nb"',
    '"\\ud800"',
    "x" * 300,
    "y/" * 3000,
    "http://a/b",
    "s3://key:secret@bucket/x",
    "2024-99-99",
    "2024-01-31",
    "2024-01-31T99:99:99Z",
    "1:99:99",
    "190:20:30.15",
    "9" * 5000,
    "0x" + "f" * 5000,
    "-" + "9" * 400,
    "1e999",
    ".nan",
    "-.inf",
    "0b11",
    "0o17",
    "~",
    "yes",
    '""',
    "{}",
    "[]",
    "[[[]]]",
    "{a: {b: {c: d}}}",
    "{1: 2, null: 3, true: 4, 2024-01-01: 5}",
    "{" + "f" * 3000 + ": 1}",
    "{0x" + "f" * 5000 + ": 1}",
    "? [a, b]\n: c",
    "!!binary aGVsbG8=",
    "!!binary '@'",
    "!!python/object/apply:os.system ['true']",
    "!!python/name:os.system",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a: 1, a: 2]",
    "!!timestamp x",
    "!!int ''",
    "!!float x",
    "!!bool maybe",
    "!!null x",
    "!unknown x",
    "&a [*a]",
    "&a {b: *a, clip: *a}",
    "*nowhere",
    "<<: 1",
    "{<<: {clip: a.mp4}}",
    "[" * 400,
    "[" * 100 + "]" * 100,
    "{a: " * 100 + "1" + "}" * 100,
    "@",
    "`",
    "%",
    "\t- a",
    "'unclosed",
    "|\n  text\n  more",
    "🙂",
    "\x85",
    "\ufeff",
    "\x00",
]
RAW = st.sampled_from(RAW_VALUES)


def places(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a nested structure of mappings and lists, by its keys."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, value in items for place in [(*above, key), *places(value, (*above, key))]]


def changed(data: Any, place: tuple[Any, ...], change: Any) -> Any:
    """A copy of a structure in which `change(key, value)` -> (key, value) or None stands for one of its items."""
    if isinstance(data, list):
        return [
            change(at, value)[1]
            if place == (at,)
            else changed(value, place[1:], change)
            if place[:1] == (at,)
            else value
            for at, value in enumerate(data)
        ]
    items = []
    for key, value in data.items():
        if place == (key,):
            items.append(change(key, value))
        else:
            items.append((key, changed(value, place[1:], change) if place[:1] == (key,) else value))
    return dict(items)


@st.composite
def jobs_nearly_real(draw: st.DrawFn) -> str:
    """A real job's text in which a few fields hold anything, or have another name."""
    data = draw(st.sampled_from([*JOBS, ALL_FIELDS, ALL_FIELDS]))
    raw: dict[str, str] = {}
    for number in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(data)))
        kind = draw(st.sampled_from(["value", "raw", "raw", "rename"]))
        if kind == "rename":
            name = draw(IDS | st.integers() | st.none() | st.just("\a\n\x1b[31m"))
            data = changed(data, place, lambda key, value, name=name: (name, value))
        elif kind == "value":
            anything = draw(VALUES)
            data = changed(data, place, lambda key, value, anything=anything: (key, anything))
        else:
            mark = f"RAW{number}RAW"
            raw[mark] = draw(RAW)
            data = changed(data, place, lambda key, value, mark=mark: (key, mark))
    text = yaml.safe_dump(data, allow_unicode=draw(st.booleans()), default_flow_style=draw(st.booleans()), width=10**6)
    for mark, value in raw.items():
        text = text.replace(mark, value)
    return text


def job_or_refused(path: Path, *overrides: str) -> JobSpec | None:
    """A job that was read and can be written again, or None for one that was refused in words."""
    try:
        job = load_job(path, overrides)
    except JobError as error:
        assert in_words(str(error))
        return None
    yaml.safe_dump(job.resolved())
    return job


@settings(in_one_folder, max_examples=300)
@given(jobs_nearly_real())
@pytest.mark.slow
def test_a_job_in_which_anything_stands_is_read_or_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    job_or_refused(tmp_path / "job.yaml")


@in_one_folder
@given(st.binary(max_size=100) | st.text(max_size=100).map(lambda text: text.encode(errors="surrogatepass")))
@example(b"one text\n\nof two lines")
@example(b'["a\\nb"]')
def test_any_bytes_are_a_job_or_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "job.yaml").write_bytes(data)
    assert job_or_refused(tmp_path / "job.yaml") is None


@settings(in_one_folder, max_examples=100)
@given(st.sampled_from([".".join(map(str, place)) for place in places(ALL_FIELDS)] + ["", ".", "a..b"]), RAW)
@pytest.mark.slow
def test_an_override_with_anything_in_it_is_read_or_refused_in_words(tmp_path: Path, field: str, value: str) -> None:
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(ALL_FIELDS), encoding="utf-8")
    job_or_refused(tmp_path / "job.yaml", f"{field}={value}")


LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{depth}: &a{depth} [{', '.join([f'*a{depth - 1}'] * 10)}]\n" for depth in range(1, 30)
)


@pytest.mark.parametrize("field", ["motion", "manifest", "video", "name", "made_with", "output", "model", "iterations"])
@pytest.mark.slow
def test_a_file_that_unfolds_without_end_is_refused_at_once(tmp_path: Path, field: str) -> None:
    job = {name: value for name, value in ALL_FIELDS.items() if name != field}
    (tmp_path / "job.yaml").write_text(f"{yaml.safe_dump(job)}{LAUGHS}{field}: *a29\n")
    assert job_or_refused(tmp_path / "job.yaml") is None
    assert job_or_refused(tmp_path / "job.yaml", f"{field}.x=1") is None
