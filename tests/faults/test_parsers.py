"""What people write by hand or with a program of their own: whatever stands there, it is read or refused in words."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.errors import JobError, ManifestError
from manifests.ids import fold
from manifests.looking import check_manifest
from manifests.schema import Manifest, read_manifest
from pipeline.job.load import load_job
from pipeline.job.spec import JobSpec

# One folder serves all examples of a test: each writes its own file over the last one's.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_words(text: str) -> bool:
    """Whether every line of a refusal is a sentence that a terminal can show."""
    lines = text.split("\n")
    steering = [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign != "\n"]
    return not steering and all(line.endswith((".", "?")) and len(line) < 2000 for line in lines)


# Manifests


def read_or_refused(path: Path) -> Manifest | None:
    """A manifest that was read and is what the product relies on, or None for one that was refused in words."""
    try:
        manifest = read_manifest(path)
    except ManifestError as error:
        assert str(error).startswith(str(path))
        assert in_words(str(error))
        assert "\n" not in str(error)
        return None
    ids = manifest.table["id"].to_pylist()
    videos = Path("/output/videos")
    for id_ in ids:
        video = videos / f"{id_}.mp4"
        assert video.parent == videos
        assert ".." not in video.parts
        assert len(video.name.encode()) <= 255
        assert not [sign for sign in id_ if sign in '/\\\0<>:"|?*' or not sign.isprintable()]
    assert len(set(fold(manifest.table["id"]).to_pylist())) == len(ids)
    assert all(isinstance(image, str) and image for image in manifest.images())
    assert len(manifest) == len(ids) > 0
    assert check_manifest(path).rows == len(ids)
    return manifest


ENDINGS = st.sampled_from([".parquet", ".csv", ".jsonl", ".json", ".tsv", ".arrow", ".xlsx", ".csv.gz"])
NAMES = st.sampled_from(["id", "image", "motion", "strength", "seed", "person"]) | st.text(max_size=6)
IDS = st.from_regex(r"[a-zA-Zé0-9_.-]{1,8}", fullmatch=True) | st.text(max_size=10)
SCALARS = (
    IDS
    | st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.dates().map(str)
    | st.sampled_from(
        ["../../etc/passwd", "a/b", "..", "CON", "nul.txt", ".hidden", "A", "a", "é", "e\u0301", "x" * 200]
    )
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(IDS, inner, max_size=3))


@in_one_folder
@given(ENDINGS, st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused_in_words(tmp_path: Path, ending: str, data: bytes) -> None:
    (tmp_path / f"faces{ending}").write_bytes(data)
    read_or_refused(tmp_path / f"faces{ending}")


@in_one_folder
@given(
    st.sampled_from([".csv", ".jsonl", ".json", ".tsv"]),
    st.lists(
        st.sampled_from(["id", "image", ",", "\n", '"', "a", "b.png", "{", "}", ":", "[", "]", "é", "\0", "\r", "1"])
    ),
)
@example(".csv", list("id,image\n\xff,b"))
def test_any_text_is_a_manifest_or_refused_in_words(tmp_path: Path, ending: str, parts: list[str]) -> None:
    (tmp_path / f"faces{ending}").write_bytes("".join(parts).encode("latin-1"))
    read_or_refused(tmp_path / f"faces{ending}")


@in_one_folder
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=5), st.sampled_from(["id", "image", "motion"]))
@pytest.mark.slow
def test_any_json_lines_are_a_manifest_or_refused_in_words(tmp_path: Path, rows: list[Any], filled: str) -> None:
    rows = [{"id": f"row{at}", "image": "a.png"} | row for at, row in enumerate(rows)]
    (tmp_path / "faces.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    read_or_refused(tmp_path / "faces.jsonl")


@st.composite
def arrow_columns(draw: st.DrawFn, rows: int) -> pa.Array:
    """A column of any type; text may be in no UTF-8, which Arrow's writers do not look at."""

    def column(values: st.SearchStrategy[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(draw(st.lists(values | st.none(), min_size=rows, max_size=rows)), kind)

    texts = draw(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
    makers = [
        lambda: column(IDS, texts),
        lambda: column(IDS, pa.string()).dictionary_encode(),
        lambda: column(st.binary(max_size=6), pa.binary()),
        lambda: column(st.binary(max_size=6), pa.binary()).view(pa.string()),
        lambda: column(st.integers(-(2**63), 2**63 - 1), pa.int64()),
        lambda: column(st.integers(0, 2**64 - 1), pa.uint64()),
        lambda: column(st.floats(), pa.float64()),
        lambda: column(st.floats(width=16), pa.float16()),
        lambda: column(st.decimals(-100, 100, places=2), pa.decimal128(9, 2)),
        lambda: column(st.decimals(-100, 100, places=2), pa.decimal256(60, 2)),
        lambda: column(st.booleans(), pa.bool_()),
        lambda: column(st.datetimes(), pa.timestamp("us")),
        lambda: column(st.dates(), pa.date32()),
        lambda: column(st.lists(IDS, max_size=2), pa.list_(pa.string())),
        lambda: column(st.fixed_dictionaries({"id": IDS}), pa.struct({"id": pa.string()})),
        lambda: column(st.integers(0, 9), pa.int64()).dictionary_encode(),
        lambda: pa.nulls(rows),
    ]
    return draw(st.sampled_from(makers))()


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table that is nearly a manifest: some of its columns are good, some are anything."""
    rows = draw(st.integers(0, 4))
    columns: dict[str, Any] = {"id": [f"row{at}" for at in range(rows)], "image": ["a.png"] * rows}
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        columns[name] = draw(arrow_columns(rows))
    for name in draw(st.sets(st.sampled_from(["id", "image"]), max_size=1)):
        del columns[name]
    doubled = draw(st.booleans()) and draw(st.booleans()) and bool(columns)
    names = [*columns, *([next(iter(columns))] if doubled else [])]
    return pa.Table.from_arrays(
        [pa.array(columns[name]) if isinstance(columns[name], list) else columns[name] for name in names], names
    )


@settings(in_one_folder, max_examples=300)
@given(tables())
@pytest.mark.slow
def test_any_table_is_a_manifest_or_refused_in_words(tmp_path: Path, table: pa.Table) -> None:
    try:
        pq.write_table(table, tmp_path / "faces.parquet")
    except pa.ArrowNotImplementedError:  # a type that Parquet does not have
        return
    read_or_refused(tmp_path / "faces.parquet")


@settings(in_one_folder, max_examples=200)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
@pytest.mark.slow
def test_a_damaged_parquet_file_is_a_manifest_or_refused_in_words(tmp_path: Path, damage: list[Any]) -> None:
    pq.write_table(
        pa.table({"id": ["a", "b"], "image": ["a.png", "b.png"], "seed": [1, 2]}), tmp_path / "faces.parquet"
    )
    data = bytearray((tmp_path / "faces.parquet").read_bytes())
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    (tmp_path / "faces.parquet").write_bytes(data)
    read_or_refused(tmp_path / "faces.parquet")


# Jobs

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


@settings(in_one_folder, max_examples=600)
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


@settings(in_one_folder, max_examples=200)
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
