"""What is written holds no credentials, whatever it is written as."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from common.redaction import environment_credentials
from pipeline.output.event_log import Event, EventLog
from pipeline.output.redacted_files import write_json, write_motion, write_table, write_yaml
from stages.motion.load_micromotion import load_micromotion
from stages.motion.micromotion import Micromotion

SECRET, HIDDEN = "s3://KEY:SECRET@bucket/x.png", "s3://***@bucket/x.png"
NESTED, SHOWN = {"a": [SECRET, {"b": SECRET}], SECRET: 1}, {"a": [HIDDEN, {"b": HIDDEN}], HIDDEN: 1}


@pytest.fixture
def hidden_word(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A credential that the environment holds."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUt/nFEMI+K7MDENG")
    environment_credentials.cache_clear()
    yield "wJalrXUt/nFEMI+K7MDENG"
    environment_credentials.cache_clear()


def test_nested_values_are_written_without_credentials(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", NESTED)
    write_yaml(tmp_path / "a.yaml", NESTED)
    assert json.loads((tmp_path / "a.json").read_text()) == SHOWN
    assert yaml.safe_load((tmp_path / "a.yaml").read_text()) == SHOWN
    assert len(list(tmp_path.iterdir())) == 2


def test_a_listener_and_the_log_get_an_event_without_credentials(tmp_path: Path) -> None:
    heard: list[Event] = []
    with EventLog(tmp_path / "log.jsonl", [heard.append]) as events:
        events.emit("warning", message=f"{SECRET} is odd", parts=NESTED)
    assert heard[0]["message"] == f"{HIDDEN} is odd" and heard[0]["parts"] == SHOWN
    assert "SECRET" not in (tmp_path / "log.jsonl").read_text()


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (pa.string(), SECRET, HIDDEN),
        (pa.large_string(), SECRET, HIDDEN),
        (pa.string_view(), SECRET, HIDDEN),
        (pa.dictionary(pa.int32(), pa.string()), SECRET, HIDDEN),
        (pa.list_(pa.string()), ["x", SECRET, None], ["x", HIDDEN, None]),
        (pa.struct([("at", pa.large_string())]), {"at": SECRET}, {"at": HIDDEN}),
        (pa.map_(pa.string(), pa.string()), [("at", SECRET)], [("at", HIDDEN)]),
    ],
    ids=str,
)
def test_a_table_is_written_without_credentials_in_any_kind_of_column(
    tmp_path: Path, kind: pa.DataType, value: object, shown: object
) -> None:
    write_table(tmp_path / "x.parquet", pa.table({"id": ["a", "b"], "image": pa.array([value, None], kind)}))
    assert pq.read_table(tmp_path / "x.parquet")["image"].to_pylist() == [shown, None]
    assert b"SECRET" not in (tmp_path / "x.parquet").read_bytes()


def test_data_keep_their_query_and_sentences_lose_it(tmp_path: Path) -> None:
    uri = "https://example.org/a.jpg?width=640"
    write_table(tmp_path / "x.parquet", pa.table({"image": [uri, None], "message": [f"{uri} is odd", None]}))
    read = pq.read_table(tmp_path / "x.parquet")
    assert read.to_pylist()[0] == {"image": uri, "message": "https://example.org/a.jpg?width=*** is odd"}
    assert read["message"].null_count == 1


def test_what_the_environment_keeps_secret_is_hidden_wherever_it_stands(tmp_path: Path, hidden_word: str) -> None:
    write_json(tmp_path / "a.json", [f"the key {hidden_word} is unknown"])
    write_table(tmp_path / "x.parquet", pa.table({"note": [hidden_word, "other"], "message": ["", hidden_word]}))
    assert json.loads((tmp_path / "a.json").read_text()) == ["the key *** is unknown"]
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"note": "***", "message": ""},
        {"note": "other", "message": "***"},
    ]


def test_a_motions_source_is_written_without_credentials_and_it_stays_the_same_motion(
    tmp_path: Path, a_motion: Micromotion
) -> None:
    motion = Micromotion(**{**vars(a_motion), "source": f"made of {SECRET}"})
    write_motion(tmp_path / "m.safetensors", motion)
    written = load_micromotion(tmp_path / "m.safetensors")
    assert (written.source, written.fingerprint) == (f"made of {HIDDEN}", motion.fingerprint)
