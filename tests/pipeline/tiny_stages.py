"""Stages that do in a millisecond what the real ones do in seconds: they read real files and write real files.

They import nothing heavy, so that workers of a test start quickly.
"""

import ctypes
import hashlib
import os
import signal
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.atomic_files import put_in_place
from common.errors import Reason
from stages.base import Row, RowStatus, Stage, StepProgress, StepwiseStage, Target

DIGESTS = {"smile": "digest"}


@dataclass(frozen=True)
class TinySettings:
    """`done` as for `AlignFaces`; `output` is where videos go; `seconds` is how long one takes."""

    output: str
    done: frozenset[Target] = frozenset()
    seconds: float = 0.0


class TinyPrepare(Stage):
    """Reads the image's bytes; a file that says "no face" fails.

    Crashes as a decoder does over a row named torn, and holds Python's lock for ever over one named jammed. Says in
    its message which process it was.
    """

    def __init__(self, settings: TinySettings) -> None:
        self.done = settings.done

    def process(self, row: Row) -> Row:
        if row["id"].startswith("torn"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if row["id"].startswith("jammed"):
            ctypes.PyDLL(None).pause()
        prepared = row | {"status": RowStatus.READY, "reason": "", "message": "", "key": "", "crop": None}
        try:
            data = Path(row["image"]).read_bytes()
        except OSError:
            return prepared | {"status": RowStatus.FAILED, "reason": Reason.UNREADABLE_IMAGE}
        prepared["key"] = hashlib.sha256(data).hexdigest()
        if Target(row["id"], prepared["key"]) in self.done:
            return prepared | {"status": RowStatus.KEPT}
        if data == b"no face":
            return prepared | {"status": RowStatus.FAILED, "reason": Reason.NO_FACE}
        return prepared | {"crop": np.full((256, 256, 3), len(row["id"]), np.uint8)}


class TinyProduce(Stage):
    """Writes a "video", and a mark for each time it did.

    Dies over a row named poison, raises over one named broken, hangs over one named slow, and holds Python's lock for
    ever over one named stuck. While the output has a file `hold`, workers younger than it finish no row.
    """

    def __init__(self, settings: TinySettings) -> None:
        self.output, self.seconds, self.born = Path(settings.output), settings.seconds, time.time()

    def process(self, row: Row) -> Row:
        id_ = row["id"]
        assert row["crop"].shape == (256, 256, 3) and row["crop"][0, 0, 0] == len(id_)
        if id_.startswith("poison"):
            os._exit(1)
        if id_.startswith("slow"):
            time.sleep(1e6)
        if id_.startswith("stuck"):
            ctypes.PyDLL(None).pause()
        if id_.startswith("broken"):
            raise RuntimeError("a stage that fails as a whole")
        made = {name: row[name] for name in ("order", "id", "reason", "message", "key", "motion", "strength")}
        mark = f"{id_}+{os.environ.get('TINY_NODE', '')}+{os.getpid()}+{uuid.uuid4().hex}"
        (self.output / "made" / mark).touch()
        time.sleep(self.seconds)
        while self._is_held():
            time.sleep(0.1)
        part = self.output / f"videos/{id_}.{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(b"video of " + id_.encode())
            put_in_place(part, self.output / f"videos/{id_}.mp4")
        except OSError as error:
            said = f"{part.parent} cannot be written: {error.strerror}."
            return made | {"status": RowStatus.BLOCKED, "message": said, "video": "", "bytes": 0, "frames": 0}
        size = len(b"video of " + id_.encode())
        return made | {"status": RowStatus.DONE, "video": f"videos/{id_}.mp4", "bytes": size, "frames": 2}

    def _is_held(self) -> bool:
        try:
            return (self.output / "hold").stat().st_mtime < self.born
        except OSError:
            return False


class Refusing(Stage):
    """Cannot be set up: raises what it is given."""

    def __init__(self, settings: str | Exception) -> None:
        raise settings if isinstance(settings, Exception) else ValueError(settings)

    def process(self, row: Row) -> Row:
        return row


class Dying(Stage):
    """Takes its worker with it while it is set up, as a model does that the memory does not hold."""

    def __init__(self, settings: None) -> None:
        os._exit(1)

    def process(self, row: Row) -> Row:
        return row


class Where(Stage):
    """Says what its worker sees, after as many seconds as the row says, and once the file that it names is there."""

    def __init__(self, settings: None) -> None:
        pass

    def process(self, row: Row) -> Row:
        time.sleep(row.get("seconds", 0.0))
        while "until" in row and not Path(row["until"]).exists():
            time.sleep(0.02)
        seen = f"{os.environ['HOME']} {os.environ['OMP_NUM_THREADS']}"
        return {"id": row["id"], "message": seen, "process": os.getpid()}


class Counting(StepwiseStage):
    """Takes as many steps as the row says, and hangs at the second where the row says so."""

    def __init__(self, settings: None) -> None:
        pass

    def steps(self, row: Row) -> Generator[StepProgress, None, Row]:
        for step in range(row["steps"]):
            if step == 1 and row.get("hangs"):
                time.sleep(1e6)
            time.sleep(0.2)
            yield StepProgress(step + 1, 1.0 / (step + 1))
        return {"index": row["index"], "array": np.arange(row["steps"])}
