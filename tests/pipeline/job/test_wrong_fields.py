"""Fields of a job that are wrong, empty or missing are named, each in one sentence."""

from pathlib import Path

import pytest

from common.errors import JobError
from common.settings import Settings, settings_of
from pipeline.job.load import load_job
from pipeline.job.spec import JobSpec
from tests.pipeline.job.job_files import MINIMAL, refused, write


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"video": {"frames": 1}}, "video.frames: expected at least 2, found 1."),
        ({"video": {"framse": 3}}, "video.framse is not a field of a job. Did you mean frames?"),
        ({"video": {"fps": float("inf")}}, "video.fps: expected at most 240, found inf."),
        ({"video": {"strength": float("nan")}}, "video.strength: expected a finite number, found nan."),
        ({"video": {"crf": "high"}}, 'video.crf: expected a whole number, found "high".'),
        ({"video": {"path": "pingpog"}}, 'video.path: expected linear, pingpong or replay, found "pingpog".'),
        ({"video": {"layers": [3, 1]}}, "video.layers: expected [first, last + 1] with 0 <= first < last + 1."),
        ({"video": 3}, "video: expected fields, found 3."),
        ({"model": {"generater": "a", "inverter": "b"}}, "model.generator is missing."),
        (
            {"motion": {"clip": "a.mp4", "file": "b.pt"}},
            "motion: expected one of clip, file, text; found clip and file.",
        ),
        (
            {"motion": {"clip": "a.mp4", "max_anchor": 3}},
            "motion.max_anchor is not a field of a job. Did you mean max_",
        ),
        ({"motion": {"text": "a smiling person"}}, "motion.text: expected {degree} in the prompt"),
        ({"motion": {"a/b": {"clip": "a.mp4"}}}, 'motion: the name "a/b" becomes a file name'),
        (
            {"motion": {"m" * 101: {"clip": "a.mp4"}}},
            'motion: the name "mmmmmmmmmmmmmmmmmmmm…" becomes a file name: use at',
        ),
        (
            {"motion": {"grin": {"clip": "a.mp4"}, "Grin": {"clip": "b.mp4"}}},
            'motion: the name "Grin" is there in other capitals too',
        ),
        ({"motion": "a.mp4"}, 'motion: expected fields, found "a.mp4". Write motion: {clip: …}.'),
        ({"motion": "a.safetensors"}, 'motion: expected fields, found "a.safetensors". Write motion: {file: …}.'),
        ({"name": "a" * 101}, "name: expected at most 100 characters, found"),
        ({"": 1}, '"" is not a field of a job.'),
        ({"motion": {"clip": "a" * 300 + ".mp4"}}, '"…' + "a" * 20),
        ({"output": "a" * 300}, '"' + "a" * 20),
        ({"motion": {"clip": "~nobody-has-this-name/a.mp4"}}, '"~nobody-has-this-name/a.mp4" leads nowhere'),
        ({"motion": None}, "motion is empty: expected fields. Fill it in."),
        ({"motion": {"smile": None}}, "motion.smile is empty: expected fields, one of clip, file and text among them."),
        ({"motion": {}}, "motion is empty: expected fields, one of clip, file and text among them."),
        ({"motion": {"clip": ""}}, "motion: expected one of clip, file, text; found none of them."),
        ({"manifest": " "}, "manifest is empty: expected a path or a URI. Fill it in."),
        ({"output": ""}, "output is empty: expected a path. Fill it in, or remove the line for its default."),
        ({"video": {"fps": None}}, "video.fps is empty: expected a number. Fill it in, or remove the line for its"),
        (
            {"cluster": {"address": "ray://x"}},
            'cluster.address: expected local, auto, or ray://host:port, found "ray://x".',
        ),
        (
            {"output": "s3://bucket/x"},
            'output: expected a path on a disk or a shared mount, found "s3://bucket/x"; videos may',
        ),
        ({"manifest": "ftp://host/x.csv"}, "manifest: expected one of s3://, gs://, file://, hdfs://, abfs://, found"),
        ({"videos": "s3:///x"}, 'videos: expected a bucket after "s3://", found "s3:///x".'),
        ({"output": "C:\\out"}, "output: a path of Windows"),
        ({"output": "\\\\server\\share"}, "output: a path of Windows"),
        ({"motion": {False: {"clip": "a.mp4"}}}, "motion: expected a name, found False. Put it into quotes."),
        ({None: "x"}, "None is not a field of a job."),
        ({"videos": "out"}, 'videos: expected a URI such as s3://bucket/smile, found "out"; a folder is meant by'),
        ({"videos": "s3://***@bucket/x"}, 'videos: the credentials in "s3://***@bucket/x" were hidden when the run'),
        (
            {"name": "../up"},
            'name: expected letters, digits, ".", "_" and "-" (it becomes a file name), found "../up".',
        ),
        (
            {"columns": {"path": "file"}},
            'columns: expected the names id, image, motion, strength or seed, found "path".',
        ),
        (
            {"motion": {"text": "{degree} smile", "anchors": {"degrees": "no, big"}}},
            'motion.anchors.degrees: expected a list, found "no, big".',
        ),
        ({"output": "a\nb"}, "output: a line break, a tab or another control character is in it."),
        ({"nmae": "x"}, "nmae is not a field of a job. Did you mean name?"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_found_and_what_is_allowed(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    path = write(tmp_path, MINIMAL | change)
    assert any(line.startswith(f"{path}: {sentence}") for line in refused(path))


def fields_of(part: type[Settings], above: str = "") -> list[str]:
    """The paths of all fields of a part of a job, parts first."""
    inner = [(f"{above}{name}", settings_of(part, name)) for name in part.model_fields]
    return [path for name, kind in inner for path in [name, *(fields_of(kind, f"{name}.") if kind else [])]]


@pytest.mark.parametrize("field", [field for field in fields_of(JobSpec) if field != "made_with"])
def test_a_field_that_is_left_empty_is_named_alone_or_has_its_default(tmp_path: Path, field: str) -> None:
    whole = {**MINIMAL, "model": {"generator": "synthface", "inverter": "synthface"}}
    if field.startswith("motion.anchors"):
        whole["motion"] = {"text": "a {degree} smile"}
    try:
        load_job(write(tmp_path, whole), [f"{field}="])
    except JobError as error:
        (line,) = str(error).splitlines()
        name = "motion" if field == "motion.clip" else field
        assert line.startswith(
            (f"{tmp_path / 'smile.yaml'}: {name} is empty: expected ", f"{tmp_path}/smile.yaml: motion: ")
        )
        assert "lax-or" not in line and "pydantic" not in line and line.endswith(".")


@pytest.mark.parametrize("value", [3, True, {"a": "b"}, 1.5])
def test_a_manifest_of_another_type_has_one_plain_sentence(tmp_path: Path, value: object) -> None:
    (line,) = refused(write(tmp_path, {**MINIMAL, "manifest": value}))
    assert ": manifest: expected a path or a URI, found " in line


def test_all_wrong_fields_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, {**MINIMAL, "video": {"frames": 0, "fps": 0, "crf": 99}})
    assert len(refused(path)) == 3


def test_missing_fields_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "x"})
    assert refused(path) == [f"{path}: motion is missing.", f"{path}: manifest is missing."]
