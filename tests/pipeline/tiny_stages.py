"""Stages that do in a millisecond what the real ones do in seconds: they read real files and write real files.

They import nothing heavy, so that workers of a test start quickly.
"""

import ctypes
import hashlib
import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.durable import put_in_place

DIGESTS = {"smile": "digest"}


@dataclass(frozen=True)
class TinySettings:
    """`done` as for `Prepare`; `output` is where videos go; `seconds` is how long one takes."""

    output: str
    done: frozenset[str] = frozenset()
    seconds: float = 0.0


class TinyPrepare:
    """Reads the picture's bytes; a file that says "no face" fails.

    Crashes as a decoder does over a row named torn, and holds Python's lock for ever over one named jammed.
    """

    def __init__(self, settings: TinySettings) -> None:
        self.done = settings.done

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        if any(id_.startswith("torn") for id_ in batch["id"]):
            os.kill(os.getpid(), signal.SIGSEGV)
        if any(id_.startswith("jammed") for id_ in batch["id"]):
            ctypes.PyDLL(None).pause()
        contents = [_read(image) for image in batch["image"]]
        keys = ["" if data is None else hashlib.sha256(data).hexdigest() for data in contents]
        status = [
            "kept" if f"{id_}\n{key}" in self.done else "failed" if data in (b"no face", None) else "ready"
            for id_, key, data in zip(batch["id"], keys, contents, strict=True)
        ]
        count = len(keys)
        return {
            **batch,
            "key": keys,
            "status": status,
            "reason": [
                "" if one != "failed" else "unreadable_image" if data is None else "no_face"
                for one, data in zip(status, contents, strict=True)
            ],
            "message": [""] * count,
            "crop": np.zeros((count, 256, 256, 3), np.uint8),
        }


def _read(image: str) -> bytes | None:
    try:
        return Path(image).read_bytes()
    except OSError:
        return None


class TinyProduce:
    """Writes a "video", and a mark for each time it did.

    Dies over a row named poison, raises over one named broken, hangs over one named slow, and holds Python's lock for
    ever over one named stuck. While the output has a file `hold`, workers younger than it finish no row.
    """

    def __init__(self, settings: TinySettings) -> None:
        self.output, self.seconds, self.born = Path(settings.output), settings.seconds, time.time()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, list[Any]] = {
            name: list(batch[name])
            for name in ("order", "id", "status", "reason", "message", "key", "motion", "strength")
        }
        made |= {"video": [], "bytes": [], "frames": []}
        for index, (id_, status, crop) in enumerate(zip(batch["id"], batch["status"], batch["crop"], strict=True)):
            assert crop.shape == (256, 256, 3)
            if id_.startswith("poison"):
                os._exit(1)
            if id_.startswith("slow"):
                time.sleep(1e6)
            if id_.startswith("stuck"):
                ctypes.PyDLL(None).pause()
            if id_.startswith("broken"):
                raise RuntimeError("a stage that fails as a whole")
            video = f"videos/{id_}.mp4" if status == "ready" else ""
            if video:
                (self.output / "made" / f"{id_}+{os.environ.get('TINY_NODE', '')}+{uuid.uuid4().hex}").touch()
                time.sleep(self.seconds)
                while self._is_held():
                    time.sleep(0.1)
                part = self.output / f"videos/{id_}.{uuid.uuid4().hex}.part"
                try:
                    part.write_bytes(b"video of " + id_.encode())
                    put_in_place(part, self.output / video)
                    made["status"][index] = "done"
                except OSError as error:
                    made["status"][index] = "blocked"
                    made["message"][index] = f"{part.parent} cannot be written: {error.strerror}."
                    video = ""
            made["video"].append(video)
            made["bytes"].append(len(b"video of " + id_.encode()) if video else 0)
            made["frames"].append(2 if video else 0)
        return made

    def _is_held(self) -> bool:
        try:
            return (self.output / "hold").stat().st_mtime < self.born
        except OSError:
            return False


class Refusing:
    """Cannot be set up: raises what it is given."""

    def __init__(self, settings: str | Exception) -> None:
        raise settings if isinstance(settings, Exception) else ValueError(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return batch


class Dying:
    """Takes its worker with it while it is set up, as a model does that the memory does not hold."""

    def __init__(self, settings: None) -> None:
        os._exit(1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return batch


class Where:
    """Says what its worker sees."""

    def __init__(self, settings: None) -> None:
        pass

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        seen = f"{os.environ['HOME']} {os.environ['OMP_NUM_THREADS']}"
        return {"id": batch["id"], "message": [seen] * len(batch["id"])}
