"""What is found wrong with a job before anything starts."""

import os
from pathlib import Path
from typing import Any

import pytest

from common.errors import (
    CheckpointError,
    ClipError,
    JobError,
    ManifestError,
    MotionFileError,
    OutputError,
    TextError,
    UserError,
)
from manifests.schema import read_manifest
from pipeline.cluster.layout import this_machine
from pipeline.job import digests
from pipeline.job.checks import check_job, check_names, check_output, check_overwritten, check_videos, target_rows
from pipeline.job.digests import target_digest
from pipeline.job.load import load_job
from pipeline.job.spec import JobSpec
from pipeline.output.existing import find_existing
from pipeline.output.ledger import Ledger
from stages.motion.micromotion import Micromotion
from tests.pipeline.material import write_job


@pytest.fixture(scope="module")
def job_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_job(tmp_path_factory.mktemp("job"))


@pytest.mark.slow
def test_a_job_in_which_nothing_is_wrong_is_known_completely(job_file: Path) -> None:
    checked = check_job(load_job(job_file))
    assert checked.model.resolution == 128 and checked.model.num_layers == 12
    assert checked.model.files.generator == "synthface", "names stay names: another machine has them elsewhere"
    assert checked.motions["smile"].ready is None
    assert checked.rows.to_pydict() == {
        "order": [0, 1, 2, 3],
        "id": ["anna", "grey", "torn", "ben"],
        "image": [str(job_file.parent / f"{name}.png") for name in ("anna", "grey", "torn", "ben")],
        "motion": ["smile"] * 4,
        "strength": [1.0] * 4,
    }
    assert find_existing(checked).kept == frozenset()
    assert this_machine()[0].cpus >= 1


@pytest.mark.parametrize(
    ("overrides", "error", "sentence"),
    [
        ([f'motion={{text: "a {{degree}} {"very " * 80}smile"}}'], TextError, "expected at most 64 tokens"),
        (["motion={clip: nowhere.mp4}"], ClipError, "there is no such file. Paths are relative"),
        (["motion={clip: 'https://a.org/a.mp4'}"], ClipError, "https://a.org/a.mp4: a URI"),
        (["motion={clip: .}"], ClipError, "a folder, not a clip"),
        (["motion={file: 's3://b/a.safetensors'}"], MotionFileError, "s3://b/a.safetensors: a URI"),
        (["motion={file: nowhere.pt}"], MotionFileError, "nowhere.pt"),
        (["motion={file: anna.png}"], MotionFileError, "anna.png"),
        (["manifest=nowhere.csv"], ManifestError, "nowhere.csv"),
        (["video.layers=[0, 13]"], JobError, "video.layers: expected an end of at most 12"),
        (["model=stylegan9"], CheckpointError, 'generator "stylegan9": neither a file nor a known model'),
        (["model={generator: anna.png, inverter: synthface}"], CheckpointError, "anna.png"),
        (["output=anna.png"], OutputError, "is a file, not a folder"),
        (["detector=haaar"], CheckpointError, 'detector "haaar": expected haar'),
        (["detector=sfd:nowhere.pth"], CheckpointError, 'there is no file "nowhere.pth"'),
        (
            ["columns={id: persn}"],
            ManifestError,
            'there is no column "persn"; found "id", "image", "person". Did you mean',
        ),
    ],
)
@pytest.mark.slow
def test_a_mistake_is_found_before_work_begins(
    job_file: Path, overrides: list[str], error: type[UserError], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        check_job(load_job(job_file, overrides))
    assert sentence in str(caught.value)
    assert not (job_file.parent / "out").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"manifest": "results.parquet"}, "manifest"),
        ({"manifest": "log.jsonl"}, "manifest"),
        ({"motion": {"smile": {"clip": "videos/anna.mp4"}}}, "motion.smile.clip"),
        ({"motion": {"smile": {"clip": "./motions/../anchors.png"}}}, "motion.smile.clip"),
        ({"motion": {"smile": {"clip": "motions/smile.png"}}}, "motion.smile.clip"),
    ],
)
def test_a_run_never_writes_over_what_it_is_made_from(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    places = {"manifest": "m.csv", "motion": {"smile": {"clip": "smile.mp4"}}, "output": tmp_path, "name": "a"}
    (tmp_path / "motions").mkdir()
    fields = {**places, **change}
    fields["manifest"] = tmp_path / fields["manifest"]
    fields["motion"] = {"smile": {"clip": str(tmp_path / fields["motion"]["smile"]["clip"])}}
    with pytest.raises(OutputError, match=f"{field}: a run with the output .* writes over"):
        check_overwritten(JobSpec.model_validate(fields), ["anna", "ben"])
    check_overwritten(JobSpec.model_validate({**fields, "output": tmp_path / "out"}), ["anna", "ben"])


@pytest.mark.parametrize("place", ["/", "/dev", "/dev/none", "/proc", "/proc/none", "/sys"])
def test_a_folder_of_the_systems_is_no_output(place: str) -> None:
    with pytest.raises(OutputError, match="belongs to the system|cannot be written"):
        check_output(Path(place))


@pytest.mark.parametrize("place", ["file:///proc/videos", "file://host/videos", "{here}/a.txt/videos"])
def test_a_folder_of_videos_that_cannot_be_written_is_found(tmp_path: Path, place: str) -> None:
    (tmp_path / "a.txt").touch()
    check_videos(f"{tmp_path.as_uri()}/not/yet")
    check_videos("s3://bucket/videos")
    with pytest.raises(OutputError, match="videos file://"):
        check_videos(place.format(here=tmp_path.as_uri()))


def made_of(tmp_path: Path, **more: Any) -> JobSpec:
    fields = {
        "name": "x",
        "model": "synthface",
        "motion": {"file": str(tmp_path / "m")},
        "manifest": str(tmp_path / "l.csv"),
    }
    return JobSpec.model_validate({**fields, "output": tmp_path / "out", **more})


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_folder_in_a_videos_place_is_found(tmp_path: Path, elsewhere: bool) -> None:
    folder = tmp_path / ("films" if elsewhere else "out/videos")
    job = made_of(tmp_path, videos=folder.as_uri() if elsewhere else "")
    check_names(job, ["anna", "ben"])
    folder.mkdir(parents=True)
    (folder / "anna.mp4").touch()
    (folder / "carl.mp4").mkdir()
    check_names(job, ["anna", "ben"])
    (folder / "ben.mp4").mkdir()
    with pytest.raises(OutputError, match="ben.mp4 is a folder, and a video goes there"):
        check_names(job, ["anna", "ben"])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_video_with_too_long_a_path_is_found(tmp_path: Path, elsewhere: bool) -> None:
    long = Path("/".join(["d" * 100] * 39))
    output = tmp_path / "out" if elsewhere else tmp_path / long
    job = made_of(tmp_path, output=output, videos=(tmp_path / long).as_uri() if elsewhere else "")
    check_names(job, ["ben"])
    with pytest.raises(OutputError, match=f'video of "{"a" * 120}" would be too long'):
        check_names(job, ["ben", "a" * 120])
    with pytest.raises(
        OutputError, match="too long"
    ):  # a name alone, where file systems allow less than an id may have
        check_names(made_of(tmp_path), ["a" * 300])


@pytest.mark.parametrize(
    "name", ["job.yaml", "results.parquet", "report.html", "log.jsonl", "motion.safetensors", ".lock"]
)
def test_a_folder_in_a_files_place_is_found_before_a_night_is_lost_to_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=f"{name} is a folder there"):
        check_output(tmp_path)


@pytest.mark.parametrize("name", ["videos", "motions", "ledger"])
def test_a_file_in_a_folders_place_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(OutputError, match=f"{name} is a file there"):
        check_output(tmp_path)


def test_a_pipe_or_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "videos").symlink_to(tmp_path / "gone")
    with pytest.raises(OutputError, match="videos is a link that leads nowhere there"):
        check_output(tmp_path)
    os.mkfifo(tmp_path / "log.jsonl")
    with pytest.raises(OutputError, match="log.jsonl is no file, but a pipe"):
        check_output(tmp_path)


@pytest.mark.parametrize("name", ["videos/holiday.mp4", "results.parquet", "report.html"])
def test_what_no_run_has_made_is_never_written_over_or_removed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(OutputError, match=f"{name.partition('/')[0]}.* no run has made"):
        check_output(tmp_path)
    (tmp_path / "log.jsonl").touch()
    check_output(tmp_path)


def test_an_output_may_be_there_with_a_motion_or_without_anything(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "motion.safetensors").write_bytes(b"x")
    (tmp_path / "anchors.png").write_bytes(b"x")
    check_output(tmp_path)
    check_output(tmp_path / "not/yet")


def test_a_clip_beside_the_videos_is_in_nobodys_way(tmp_path: Path) -> None:
    job = {"manifest": tmp_path / "m.csv", "motion": {"clip": str(tmp_path / "videos/smile.mp4")}, "output": tmp_path}
    check_overwritten(JobSpec.model_validate({**job, "name": "a"}), ["anna"])


def two_motions(folder: Path, manifest: str) -> tuple[JobSpec, Path]:
    (folder / "faces.csv").write_text(manifest)
    (folder / "job.yaml").write_text(
        "motion: {smile: {clip: a.mp4}, wink: {clip: b.mp4}}\nmanifest: faces.csv\nvideo: {strength: 0.5}\n"
    )
    return load_job(folder / "job.yaml"), folder / "faces.csv"


def test_rows_choose_among_several_motions_and_may_have_their_own_strength(tmp_path: Path) -> None:
    job, path = two_motions(tmp_path, "id,image,motion,strength\na,a.png,wink,2\nb,b.png,smile,\n")
    rows = target_rows(read_manifest(path), job).to_pydict()
    assert (rows["motion"], rows["strength"]) == (["wink", "smile"], [2.0, 0.5])


@pytest.mark.parametrize(
    "manifest", ["id,image,motion\na,a.png,blink\n", "id,image,motion\na,a.png,\n", "id,image\na,a.png\n"]
)
def test_a_row_that_chooses_no_known_motion_is_refused(tmp_path: Path, manifest: str) -> None:
    job, path = two_motions(tmp_path, manifest)
    with pytest.raises(ManifestError, match="smile"):
        target_rows(read_manifest(path), job)


def test_whatever_changes_a_video_changes_its_digest(job_file: Path, a_motion: Micromotion) -> None:
    job = load_job(job_file)
    model = check_job(job).model
    changes = [
        "video.frames=5",
        "video.fps=25",
        "video.path=linear",
        "video.pixels=generator",
        "video.longest=512",
        "video.layout=paste",
        "video.crf=20",
        "iterations=2",
    ]
    changes += ["video.layers=[0, 3]", "video.measured_frames=3"]
    digests = {target_digest(a_motion.fingerprint, load_job(job_file, [change]), model) for change in changes}
    digests.add(target_digest(a_motion.fingerprint, job, model))
    assert len(digests) == len(changes) + 1
    # The strength is each row's own and part of its key; where a job runs changes nothing.
    same = load_job(job_file, ["video.strength=2", "cluster.workers=1", "name=other", "output=elsewhere"])
    assert target_digest(a_motion.fingerprint, same, model) == target_digest(a_motion.fingerprint, job, model)


@pytest.mark.parametrize("place", range(len(digests.PICTURE_FILES)))
def test_another_head_or_network_for_eyes_changes_what_is_made_of_the_pictures_own_pixels_alone(
    job_file: Path, tmp_path: Path, a_motion: Micromotion, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    model = check_job(load_job(job_file)).model
    jobs = [load_job(job_file, [f"video.pixels={pixels}"]) for pixels in ("picture", "generator")]
    before = [target_digest(a_motion.fingerprint, job, model) for job in jobs]
    (tmp_path / "other.safetensors").write_bytes(b"another")
    files = list(digests.PICTURE_FILES)
    files[place] = tmp_path / "other.safetensors"
    monkeypatch.setattr(digests, "PICTURE_FILES", files)
    after = [target_digest(a_motion.fingerprint, job, model) for job in jobs]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


def test_rows_done_with_the_same_settings_count_as_kept(job_file: Path, tmp_path: Path, a_motion: Micromotion) -> None:
    a_motion.save(tmp_path / "motion.safetensors")
    job = load_job(job_file, [f"motion={{file: {tmp_path / 'motion.safetensors'}}}"], output=tmp_path / "out")
    checked = check_job(job)
    digest = target_digest(a_motion.fingerprint, job, checked.model)
    (tmp_path / "out/videos").mkdir(parents=True)
    row = {"status": "done", "key": "k", "bytes": 1, "strength": 1.0}
    with Ledger.open(tmp_path / "out") as ledger:
        for id_, made_with in (("anna", digest), ("ben", "older settings"), ("stranger", digest)):
            (tmp_path / f"out/videos/{id_}.mp4").write_bytes(b"x")
            ledger.append([row | {"id": id_, "video": f"videos/{id_}.mp4", "digest": made_with}])
    assert len(find_existing(checked).kept) == 1
