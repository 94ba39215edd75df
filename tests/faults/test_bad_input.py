"""A list of faces with everything in it that a list may bring, through a real run."""

import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from markupsafe import escape
from PIL import Image

from benchmarks.faults.job import CLIP
from common.errors import NoFace, Reason, UnreadableImage
from common.formatting import clean
from pipeline.cluster.sizing import Node
from pipeline.job.load import load_job
from pipeline.output.event_log import EventLog
from pipeline.output.ledger import Ledger
from pipeline.report.row_groups import FAILURES_EACH, MESSAGE_SIGNS
from pipeline.run.run import run_job
from stages.align_faces import AlignFaces, AlignFacesSettings
from stages.base import Row, RowStatus
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch
from stages.models import ModelSettings
from tests.faults.cases import Case
from tests.faults.corpus import build_corpus, silent_server
from tests.faults.made_pictures import contact_sheet, face, one_bit_png, stored, turned_pictures

DIGESTS = {"smile": "digest"}
NOBODY = 65534


def write_job(cases: list[Case], folder: Path) -> Path:
    """The cases as a manifest and a job, a rehearsal: what it leaves out comes after all that an image can spoil."""
    columns = {"id": [case.id for case in cases], "image": [case.image for case in cases]}
    pq.write_table(pa.table(columns), folder / "faces.parquet")
    job = {
        "motion": {"clip": str(CLIP)},
        "manifest": "faces.parquet",
        "video": {"frames": 2, "measured_frames": 0},
        "rehearsal": True,
        "network": True,
        "cluster": {"device": "cpu", "fetch_timeout": 2, "workers": 1},
        "output": "../out",
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(job))
    return folder / "job.yaml"


def is_one_sentence(text: str) -> bool:
    """Whether a text reads as one: a single line that ends, holds no control character, and is no raw traceback."""
    steering = [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]
    raw = re.search(r"Traceback|Warning|0x[0-9a-f]{6}|\bobject at\b|<class|^\w+Error\b", text)
    return not steering and not raw and text.endswith((".", "?")) and len(text) < 800


@pytest.mark.slow
def test_every_picture_of_a_list_gets_its_video_or_a_sentence(tmp_path: Path, ray_nodes: list[Node]) -> None:
    folder, output = tmp_path / "faces", tmp_path / "out"
    folder.mkdir()
    with silent_server() as port, EventLog() as events:
        cases = build_corpus(folder, port)
        assert len(cases) >= 60
        ended = run_job(load_job(write_job(cases, folder)), events)
    rows = pq.read_table(output / "results.parquet").to_pylist()
    assert [row["id"] for row in rows] == [case.id for case in cases]
    assert sorted(Ledger(output).rows()["id"].to_pylist()) == sorted(case.id for case in cases)
    wrong = []
    for case, row in zip(cases, rows, strict=True):
        outcome = row["reason"] if row["status"] == "failed" else row["status"]
        message = str(row["message"])
        if outcome not in case.expected:
            wrong.append(f"{case.id}: expected {' or '.join(sorted(case.expected))}, found {outcome}: {message}")
        elif outcome == "done" and not decodes(output / str(row["video"]), row):
            wrong.append(f"{case.id}: its video does not decode")
        elif outcome != "done" and not (is_one_sentence(message) and case.says in message):
            wrong.append(f'{case.id}: expected a sentence with "{case.says}", found {message!r}')
    assert not wrong, "\n".join(wrong)
    done = {row["id"] for row in rows if row["status"] == "done"}
    assert (ended.done, ended.kept, ended.failed, ended.exit_code) == (len(done), 0, len(rows) - len(done), 3)
    assert {path.name for path in output.rglob("*.mp4")} == {f"{id_}.mp4" for id_ in done}
    assert 2 <= next(row["faces"] for row in rows if row["id"] == "ten-faces.jpg") <= 10
    assert names_every_failure((output / "report.html").read_text(encoding="utf-8"), rows)
    for file in (path for path in output.iterdir() if path.is_file()):
        assert b"a-secret" not in file.read_bytes(), f"{file.name} holds the secret of an address"


def names_every_failure(page: str, rows: list[dict[str, object]]) -> bool:
    """Whether a report has each failed row's id and sentence, as text and not as markup; it shows so many a reason."""
    of_reason: dict[object, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        if row["status"] == "failed":
            of_reason[row["reason"]].append(row)
    for failed in of_reason.values():
        for row in failed[:FAILURES_EACH]:
            if f"<b>{escape(clean(str(row['id'])))}</b>" not in page:
                return False
            if str(escape(clean(str(row["message"]))[:MESSAGE_SIGNS])) not in page:
                return False
        more = len(failed) - FAILURES_EACH
        if more > 0 and f"and {more} more, in results.parquet" not in page:
            return False
    return "<img src=x" not in page


def decodes(video: Path, row: Mapping[str, Any]) -> bool:
    """Whether a video has its two frames of the size that its row says, and ffmpeg reads them without complaint."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    options = ["-v", "error", "-xerror", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run([ffmpeg, "-nostdin", *options], capture_output=True)
    return done.returncode == 0 and not done.stderr and len(done.stdout) == 2 * row["width"] * row["height"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the list has a file that may not be read, for everybody but root")
def test_a_picture_that_this_account_may_not_read_is_refused_as_such() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other accounts
        for file, mode in ((Path(name), 0o755), (Path(name, "open.jpg"), 0o644), (Path(name, "locked.jpg"), 0)):
            if file.suffix:
                file.write_bytes(b"a picture")
            file.chmod(mode)
        os.seteuid(NOBODY)
        try:
            assert fetch(f"{name}/open.jpg") == b"a picture"
            with pytest.raises(UnreadableImage, match=r'locked.jpg" cannot be read: Permission denied.'):
                fetch(f"{name}/locked.jpg")
        finally:
            os.seteuid(0)


@pytest.fixture(scope="module")
def prepare() -> AlignFaces:
    return AlignFaces(AlignFacesSettings(ModelSettings(device="cpu"), DIGESTS))


def prepared(prepare: AlignFaces, image: Path) -> Row:
    return prepare.process({"order": 0, "id": "row", "image": str(image), "motion": "smile", "strength": 1.0})


@pytest.mark.slow
def test_the_largest_of_ten_faces_is_moved(prepare: AlignFaces, tmp_path: Path) -> None:
    sheet, (left, top, right, bottom) = contact_sheet()
    sheet.save(tmp_path / "sheet.png")
    made = prepared(prepare, tmp_path / "sheet.png")
    assert made["status"] == RowStatus.READY
    x, y = made["quad"].reshape(4, 2).mean(axis=0)
    assert left < x < right
    assert top < y < bottom
    assert made["faces"] >= 5


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
@pytest.mark.slow
def test_landmarks_that_are_nowhere_or_in_one_point_fail_their_row(tmp_path: Path, value: float) -> None:
    from stages.faces.detect import FaceFinder

    face(1).save(tmp_path / "face.png")
    prepare = AlignFaces(AlignFacesSettings(ModelSettings(device="cpu"), DIGESTS))
    prepare.models.finder = FaceFinder(_Unsure(value), min_face=0)  # type: ignore[arg-type]
    made = prepared(prepare, tmp_path / "face.png")
    assert (made["status"], made["reason"]) == (RowStatus.FAILED, Reason.NO_FACE)
    assert is_one_sentence(made["message"])
    assert made["crop"] is None


def test_a_detector_whose_boxes_are_nowhere_has_found_none(
    prepare: AlignFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = np.array([[np.nan] * 4, [0.0, 0.0, np.inf, 100.0]])
    monkeypatch.setattr(prepare.models.finder, "_detect", lambda image: iter([boxes]))
    with pytest.raises(NoFace):
        prepare.models.finder.find(np.asarray(face(1)))


MEMORY = """
import resource, sys
from pathlib import Path
from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch
decode_image(Path(sys.argv[1]).read_bytes())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_image(fetch(sys.argv[2]))
except UnreadableImage as error:
    print(error, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def megabytes(image: Path, warm: Path) -> int:
    """What the memory of a process grows by at most while it reads an image, in MB."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(warm), str(image)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "make", "most"),
    [
        ("20,000 x 20,000", lambda: one_bit_png(20_000, 20_000), 50),
        ("just within the limit", lambda: one_bit_png(10_000, 10_000), 550),
        (
            "a lie about its size",
            lambda: one_bit_png(8, 8).replace(one_bit_png(8, 8)[8:33], one_bit_png(9999, 9999)[8:33]),
            550,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_small_file_never_takes_more_than_a_few_hundred_megabytes(
    tmp_path: Path, name: str, make: Callable[[], bytes], most: int
) -> None:
    (tmp_path / "warm.png").write_bytes(stored(Image.new("1", (8, 8)), "PNG"))
    (tmp_path / "bomb.png").write_bytes(make())
    assert (tmp_path / "bomb.png").stat().st_size < 1 << 20
    assert megabytes(tmp_path / "bomb.png", tmp_path / "warm.png") < most


LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
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
