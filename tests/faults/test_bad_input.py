"""A list of faces with everything in it that a list may bring, through a real run."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from manifests.schema import Manifest, read_manifest
from pipeline.events import EventLog
from pipeline.ledger import Ledger
from pipeline.resources import Node, plan_workers
from pipeline.results import collect_results
from pipeline.tally import Tally
from pipeline.target_flow import TargetFlow
from stages.errors import NoFace, UnreadableImage
from stages.ingest import decode_image, fetch
from stages.micromotion import Micromotion
from stages.models import ModelFiles
from stages.prepare import Prepare, PrepareSettings
from stages.produce import Produce, ProduceSettings, VideoSettings
from stages.subspace import load_micromotion
from tests.faults.corpus import (
    Case,
    build_corpus,
    contact_sheet,
    face,
    one_bit_png,
    silent_server,
    stored,
    turned_pictures,
)
from weights import load_generator

DIGESTS = {"smile": "digest"}


def write_manifest(cases: list[Case], path: Path) -> Manifest:
    """The cases as a manifest that is written and read."""
    pq.write_table(pa.table({"id": [case.id for case in cases], "image": [case.image for case in cases]}), path)
    return read_manifest(path)


def make_videos(manifest: Manifest, output: Path, nodes: list[Node]) -> dict[str, dict[str, object]]:
    """The target flow as `pipeline.run` builds it, with its real stages; each id's row of the results."""
    (output / "videos").mkdir(parents=True)
    generator = load_generator("synthface")
    first, second = generator.map(torch.randn(2, 512, generator=torch.Generator().manual_seed(3)), truncation=0.6)
    direction = 0.2 * (second - first)  # (L, 512)
    ends = torch.tensor([[0.0], [1.0]])
    neutral = torch.zeros_like(direction)
    fingerprint = generator.fingerprint
    Micromotion(direction, direction[None].clone(), ends, neutral, "test", fingerprint, 1.0, 0.0).save(
        output / "motion.safetensors"
    )
    count = len(manifest)
    rows = pa.table(
        {
            "order": pa.array(range(count), pa.int64()),
            "id": manifest.table["id"],
            "image": manifest.images(),
            "motion": ["smile"] * count,
            "strength": [1.0] * count,
        }
    )
    files = ModelFiles(device="cpu")
    video = VideoSettings(frames=2, measured_frames=0)
    motions = {"smile": load_micromotion(output / "motion.safetensors")}
    tally = Tally([None] * count)
    with EventLog(output / "log.jsonl") as events, Ledger.open(output) as ledger:
        TargetFlow(
            prepare=(Prepare, PrepareSettings(files, DIGESTS, fetch_timeout=2.0)),
            produce=(Produce, ProduceSettings(files, motions, video, str(output), iterations=1)),
            layout=plan_workers(nodes, count),
            digests=DIGESTS,
            failed_before={},
            ledger=ledger,
            events=events,
            stall_timeout=120.0,
        ).run(rows, tally)
        stored_rows = ledger.rows()
    assert sorted(stored_rows["id"].to_pylist()) == sorted(manifest.table["id"].to_pylist())
    assert (tally.seen, tally.kept) == (count, 0)
    results = collect_results(manifest.table, tally.keys, stored_rows).to_pylist()
    return {row["id"]: row for row in results}


def is_one_sentence(text: str) -> bool:
    """Whether a text reads as one: a single line that ends, holds no control character, and is no raw traceback."""
    steering = [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]
    raw = re.search(r"Traceback|Warning|0x[0-9a-f]{6}|\bobject at\b|<class|^\w+Error\b", text)
    return not steering and not raw and text.endswith((".", "?")) and len(text) < 800


@pytest.mark.slow
def test_every_picture_of_a_list_gets_its_video_or_a_sentence(tmp_path: Path, ray_nodes: list[Node]) -> None:
    folder, output = tmp_path / "faces", tmp_path / "out"
    folder.mkdir()
    with silent_server() as port:
        cases = build_corpus(folder, port)
        assert len(cases) >= 60
        results = make_videos(write_manifest(cases, folder / "faces.parquet"), output, ray_nodes)
    wrong = []
    for case in cases:
        row = results[case.id]
        outcome = row["reason"] if row["status"] == "failed" else row["status"]
        message = str(row["message"])
        if outcome not in case.expected:
            wrong.append(f"{case.id}: expected {' or '.join(sorted(case.expected))}, found {outcome}: {message}")
        elif outcome == "done" and not decodes(output / str(row["video"])):
            wrong.append(f"{case.id}: its video does not decode")
        elif outcome != "done" and not (is_one_sentence(message) and case.says in message):
            wrong.append(f'{case.id}: expected a sentence with "{case.says}", found {message!r}')
        if "a-secret" in message:
            wrong.append(f"{case.id}: the address's secret stands in the message")
    assert not wrong, "\n".join(wrong)
    written = {path.name for path in output.rglob("*.mp4")}
    assert written == {f"{case.id}.mp4" for case in cases if results[case.id]["status"] == "done"}
    assert 2 <= int(str(results["ten-faces.jpg"]["faces"])) <= 10


def decodes(video: Path) -> bool:
    """Whether a video has its two frames, and ffmpeg reads them without complaint."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    options = ["-v", "error", "-xerror", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run([ffmpeg, "-nostdin", *options], capture_output=True)
    return done.returncode == 0 and not done.stderr and len(done.stdout) == 2 * 128 * 128


@pytest.fixture(scope="module")
def prepare() -> Prepare:
    return Prepare(PrepareSettings(ModelFiles(device="cpu"), DIGESTS))


def prepared(prepare: Prepare, *images: Path) -> dict[str, list[object]]:
    count = len(images)
    row = {"image": [str(image) for image in images], "motion": ["smile"] * count, "strength": [1.0] * count}
    return prepare({"order": list(range(count)), "id": [f"row{index}" for index in range(count)], **row})


def test_the_largest_of_ten_faces_is_moved(prepare: Prepare, tmp_path: Path) -> None:
    sheet, (left, top, right, bottom) = contact_sheet()
    sheet.save(tmp_path / "sheet.png")
    made = prepared(prepare, tmp_path / "sheet.png")
    assert made["status"] == ["ready"]
    x, y = np.array(made["quad"][0]).reshape(4, 2).mean(axis=0)
    assert left < x < right
    assert top < y < bottom
    assert int(str(made["faces"][0])) >= 5


@pytest.mark.parametrize("orientation", turned_pictures())
def test_whichever_way_the_camera_was_held_the_picture_is_upright(orientation: int) -> None:
    upright = np.asarray(face(4)).astype(int)
    found = decode_image(turned_pictures()[orientation]).astype(int)
    assert found.shape == upright.shape
    assert np.abs(found - upright).mean() < 3


class _Unsure(torch.nn.Module):
    """A landmark network that is sure of faces and says that they are nowhere, as one with overflowing weights does."""

    input_size = 256

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(value))

    def locate(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.weight.detach().expand(len(crops), 68, 2), torch.ones(len(crops))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 100.0])
def test_landmarks_that_are_nowhere_or_in_one_point_fail_their_row(tmp_path: Path, value: float) -> None:
    from stages.detect import FaceFinder

    face(1).save(tmp_path / "face.png")
    prepare = Prepare(PrepareSettings(ModelFiles(device="cpu"), DIGESTS))
    prepare.models.finder = FaceFinder(_Unsure(value), min_face=0)  # type: ignore[arg-type]
    made = prepared(prepare, tmp_path / "face.png")
    assert made["status"] == ["failed"]
    assert made["reason"] == ["no_face"]
    assert is_one_sentence(str(made["message"][0]))
    assert not np.asarray(made["crop"]).any()


def test_a_detector_whose_boxes_are_nowhere_has_found_none(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = np.array([[np.nan] * 4, [0.0, 0.0, np.inf, 100.0]])
    monkeypatch.setattr(prepare.models.finder, "_detect", lambda image: boxes)
    with pytest.raises(NoFace):
        prepare.models.finder.find(np.asarray(face(1)))


MEMORY = """
import resource, sys
from pathlib import Path
from stages.errors import UnreadableImage
from stages.ingest import decode_image, fetch
decode_image(Path(sys.argv[1]).read_bytes())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_image(fetch(sys.argv[2]))
except UnreadableImage as error:
    print(error, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def megabytes(image: Path, warm: Path) -> int:
    """What the memory of a process grows by at most while it reads a picture, in MB."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(warm), str(image)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data", "most"),
    [
        ("20,000 x 20,000", one_bit_png(20_000, 20_000), 50),
        ("just within the limit", one_bit_png(10_000, 10_000), 550),
        (
            "a lie about its size",
            one_bit_png(8, 8).replace(one_bit_png(8, 8)[8:33], one_bit_png(9999, 9999)[8:33]),
            550,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_small_file_never_takes_more_than_a_few_hundred_megabytes(
    tmp_path: Path, name: str, data: bytes, most: int
) -> None:
    (tmp_path / "warm.png").write_bytes(stored(Image.new("1", (8, 8)), "PNG"))
    (tmp_path / "bomb.png").write_bytes(data)
    assert len(data) < 1 << 20
    assert megabytes(tmp_path / "bomb.png", tmp_path / "warm.png") < most


LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from stages.errors import UnreadableImage
from stages.ingest import decode_image
data = Path(sys.argv[1]).read_bytes()
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (int(sys.argv[2]) << 20),) * 2)
try:
    decode_image(data, "large.png")
except UnreadableImage as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [50, 250])  # not enough for the decoder; enough for it, and for nothing else
def test_a_picture_that_the_memory_does_not_hold_is_refused_as_such(tmp_path: Path, megabytes: int) -> None:
    (tmp_path / "large.png").write_bytes(one_bit_png(10_000, 10_000))
    command = [sys.executable, "-c", LITTLE_MEMORY, str(tmp_path / "large.png"), str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == 'image "large.png" needs more memory than there is. Make it smaller.\n', done.stderr


@pytest.mark.slow
def test_a_file_without_an_end_is_read_up_to_the_limit() -> None:
    """Through a URI, for of a path the system says beforehand that it is a device."""
    with pytest.raises(UnreadableImage, match="it has more than 320 MB"):
        fetch("file:///dev/zero", timeout=60.0)
