"""Job files: what is filled in, what is refused, and in which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import JobError
from common.settings import Settings
from pipeline.job.load import load_job
from pipeline.job.motion_spec import MotionSpec
from pipeline.job.spec import ClusterSpec, JobSpec
from stages.anchor_settings import AnchorSettings
from stages.model_files import BUNDLED, ModelFiles
from stages.video_settings import VideoSettings
from tests.pipeline.job.job_files import MINIMAL, refused, write


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
