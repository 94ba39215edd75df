"""Job files: what is filled in, what is refused, and in which words."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common.errors import JobError
from common.settings import Settings, settings_of
from pipeline.job.load import load_job
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec, JobSpec
from stages.anchor_settings import AnchorSettings
from stages.model_files import BUNDLED, ModelFiles
from stages.video_settings import VideoSettings

MINIMAL = {"motion": {"clip": "smile.mp4"}, "manifest": "faces.parquet"}


def write(folder: Path, content: object, name: str = "smile.yaml") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def refused(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(JobError) as caught:
        load_job(path, overrides)
    return str(caught.value).splitlines()


def test_a_minimal_job_gets_every_default(tmp_path: Path) -> None:
    job = load_job(write(tmp_path, MINIMAL))
    assert job.name == "smile"
    assert job.output == tmp_path / "outputs/smile"
    assert job.video == VideoSettings()
    assert job.model == BUNDLED
    assert list(job.motion) == ["smile"]


def test_relative_paths_are_meant_from_the_job_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jobs").mkdir()
    path = write(tmp_path / "jobs", {**MINIMAL, "manifest": "../faces.csv", "output": "../out"})
    monkeypatch.chdir("/")
    job = load_job(path)
    assert job.manifest == tmp_path / "faces.csv"
    assert job.motion["smile"].clip == str(tmp_path / "jobs/smile.mp4")
    assert job.output == tmp_path / "out"


def test_a_line_break_that_ends_a_block_of_yaml_is_no_part_of_a_path(tmp_path: Path) -> None:
    block = "motion:\n  clip: >\n    smile.mp4\nmanifest: |\n  faces.csv\noutput: >\n  out\n"
    job = load_job(write(tmp_path, block))
    assert (job.manifest, job.output) == (tmp_path / "faces.csv", tmp_path / "out")
    assert job.motion["smile"].clip == str(tmp_path / "smile.mp4")


def test_output_given_on_the_command_line_is_meant_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, MINIMAL)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_job(path, output="out").output == tmp_path / "elsewhere/out"


def test_overrides_come_after_the_file_and_are_read_as_yaml(tmp_path: Path) -> None:
    path = write(tmp_path, {**MINIMAL, "video": {"frames": 10}})
    job = load_job(path, ["video.frames=30", "video.layers=[2, 6]", "cluster.address=auto", "video.strength=-0.5"])
    assert (job.video.frames, job.video.layers, job.video.strength) == (30, (2, 6), -0.5)
    assert job.cluster.address == "auto"


def test_several_motions_keep_their_names(tmp_path: Path) -> None:
    motions = {"smile": {"clip": "a.mp4", "rank": 3}, "wink": {"file": "b.safetensors"}}
    job = load_job(write(tmp_path, {**MINIMAL, "motion": motions}))
    assert job.motion["smile"].rank == 3
    assert job.motion["wink"].file == str(tmp_path / "b.safetensors")


def test_a_job_as_resolved_reads_back_as_the_same_job(tmp_path: Path) -> None:
    job = load_job(write(tmp_path, {**MINIMAL, "video": {"layers": [0, 4]}, "model": "ffhq"}))
    again = job.model_copy(update={"made_with": {"versions": {"python": "3.11"}}})
    (tmp_path / "out").mkdir()
    path = write(tmp_path / "out", again.resolved(), "job.yaml")
    assert load_job(path).model_copy(update={"made_with": {}}) == job


@pytest.mark.parametrize("kind", ["", "sfd:"])
def test_a_detectors_file_is_meant_from_the_job_file(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "s3fd.pth").write_bytes(b"x")
    (tmp_path / "haar").write_bytes(b"x")
    for value in ("s3fd.pth", "./s3fd.pth"):
        job = load_job(write(tmp_path, MINIMAL | {"detector": f"{kind}{value}"}))
        assert job.detector == f"{kind}{tmp_path / 's3fd.pth'}"
    assert load_job(write(tmp_path, MINIMAL | {"detector": "haar"})).detector == "haar"


def test_a_folder_that_is_called_like_a_model_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "ffhq").mkdir()
    assert load_job(write(tmp_path, {**MINIMAL, "model": "ffhq"})).model.generator == "ffhq"


def test_checkpoint_files_become_absolute_and_names_stay(tmp_path: Path) -> None:
    (tmp_path / "gen.pt").touch()
    model = {"generator": "gen.pt", "inverter": "weights/inv.pt", "identity": "ffhq"}
    job = load_job(write(tmp_path, {**MINIMAL, "model": model}))
    assert job.model.generator == str(tmp_path / "gen.pt")
    assert job.model.inverter == str(tmp_path / "weights/inv.pt")
    assert (job.model.identity, job.model.landmarks) == ("ffhq", "synthface")


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


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "name: smile\nmotion: {clip: a.mp4\nmanifest: b\n")
    assert refused(path)[0].startswith(f"{path}, line 3, column 9: not valid YAML: ")


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just words"])
def test_a_file_without_fields_is_refused(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    assert refused(path)[0].startswith(f"{path}: expected fields such as motion and manifest, found ")


def test_yaml_never_makes_objects(tmp_path: Path) -> None:
    path = write(tmp_path, "name: !!python/object/apply:os.getcwd []\n")
    assert "not valid YAML" in refused(path)[0]


def test_a_missing_or_binary_job_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml")[0].startswith(f"{tmp_path / 'none.yaml'} cannot be read: No such file")
    assert "The marks “ and ” are taken as part of its name" in refused(tmp_path / "“none.yaml”")[0]
    (tmp_path / "bin.yaml").write_bytes(b"a: \xff\xfe")
    assert "expected a YAML file in UTF-8" in refused(tmp_path / "bin.yaml")[0]


@pytest.mark.parametrize(
    "override", ["video.frames", "=3", "video.frames=[", "name.first=x", "output=out #2", "manifest=#a"]
)
def test_an_override_that_is_none_is_refused(tmp_path: Path, override: str) -> None:
    path = write(tmp_path, {**MINIMAL, "name": "smile"})
    assert refused(path, override)[0].startswith(f'--set "{override}"')


@pytest.mark.parametrize("part", [JobSpec, VideoSettings, ClusterSpec, MotionSpec, AnchorSettings, ModelFiles])
def test_every_field_says_what_it_is(part: type[Settings]) -> None:
    for name, field in part.model_fields.items():
        assert field.description and field.description.endswith("."), name


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["name", "model", "motion", "manifest", "video", "cluster", "output", "iterations", "made_with"]),
)
@pytest.mark.slow
def test_whatever_stands_in_a_field_the_answer_is_a_job_or_a_job_error(
    tmp_path_factory: pytest.TempPathFactory, value: object, name: str
) -> None:
    path = write(tmp_path_factory.mktemp("job"), {**MINIMAL, name: value})
    try:
        load_job(path)
    except JobError as error:
        assert all(line.startswith(str(path)) for line in str(error).splitlines())


@pytest.mark.parametrize("made_with", ["", "made_with: {generator: a}"])
def test_a_job_file_that_its_run_would_write_over_is_refused(tmp_path: Path, made_with: str) -> None:
    path = write(tmp_path, f"motion: {{clip: a.mp4}}\nmanifest: m.csv\noutput: .\n{made_with}\n", "job.yaml")
    if made_with:  # a run wrote it itself
        assert load_job(path).output == tmp_path
    else:
        assert "over this file" in refused(path)[0]


@pytest.mark.parametrize(
    "output", ["$HOME/out", "${SCRATCH}/out", "runs/$USER", "${X:-out}", "$(date)", "`date`", "%OUT%/x", "{{ run }}"]
)
def test_an_output_never_becomes_a_folder_called_as_a_variable(tmp_path: Path, output: str) -> None:
    assert "is not replaced here: write the whole path" in refused(write(tmp_path, {**MINIMAL, "output": output}))[0]
