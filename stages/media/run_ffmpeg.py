"""The bundled ffmpeg as a program of its own: what it reports line by line, what it writes byte by byte.

Every wait is bounded. A decoder that hangs is killed, and so is one that its caller leaves.
"""

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import imageio_ffmpeg

from common.errors import ClipError
from stages.media.clip_streams import WHOLE, StreamSource

LONGEST = 3600.0  # seconds that one pass over a clip may take in all
LONGEST_LINE = 1 << 16  # bytes; metadata may hold anything
# Each thread of a decoder holds frames of its own: 16 of them are 2 GB of 8K.
THREADS = 4


class Ffmpeg:
    """A running ffmpeg that reads one clip; use it as a context manager, which ends it.

    Args:
        path: the clip; it stands in every message.
        options: between the input and the output, each an argument.
        output: the output's arguments.
        timeout: seconds without any line or byte after which it is killed.
        reports: whether `lines` are read (standard error) or else `read` (standard output).
        source: which of its streams, and with what it is decoded.
    """

    def __init__(
        self,
        path: Path,
        options: Sequence[str],
        output: Sequence[str],
        timeout: float,
        reports: bool,
        source: StreamSource = WHOLE,
    ) -> None:
        level = "level+info" if reports else "level+error"
        self.path, self.timeout = path, timeout
        self.command = [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-nostats", "-loglevel", level),
            # Absolute, so that it is never taken for an option or a protocol, as "-x.mp4" and "take:2.mp4" would be.
            *("-threads", str(THREADS), *source.before, "-i", f"file:{path.absolute()}", *source.after),
            *("-an", "-sn", "-dn", *options, *output),
        ]
        self._reports = reports
        self._until = time.monotonic() + LONGEST

    def __enter__(self) -> Self:
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self._reports else subprocess.PIPE,
            stderr=subprocess.PIPE if self._reports else self._complaints,
            bufsize=0,
        )
        stream = self._process.stderr if self._reports else self._process.stdout
        assert stream is not None
        self._stream = stream
        os.set_blocking(stream.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(stream, selectors.EVENT_READ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._stream.close()
        self._complaints.close()

    def lines(self) -> Iterator[str]:
        """What it reports, line by line, until it ends.

        Raises:
            ClipError: nothing came within the timeout, or the whole took longer than an hour.
        """
        rest = b""
        while part := self._more(1 << 16):
            *whole, rest = (rest + part).split(b"\n")
            rest = rest[:LONGEST_LINE]
            for line in whole:
                yield line.decode(errors="replace").rstrip()
        if rest:
            yield rest.decode(errors="replace").rstrip()

    def read(self, count: int) -> bytearray:
        """The next `count` bytes that it writes, or fewer where it ends before.

        Raises:
            ClipError: as `lines` does.
        """
        content = bytearray(count)
        filled = 0
        with memoryview(content) as view:
            while filled < count and (part := self._more(min(count - filled, 1 << 20))):
                view[filled : filled + len(part)] = part
                filled += len(part)
        return content if filled == count else content[:filled]

    def crashed(self) -> bool:
        """Whether it was ended by a signal, once all that it reports or writes is read."""
        try:
            return self._process.wait(self.timeout) < 0
        except subprocess.TimeoutExpired:
            return False

    def complaints(self) -> list[str]:
        """Lines of errors, where `read` is used; the process has ended or is about to."""
        self._complaints.seek(0)
        return self._complaints.read(1 << 20).decode(errors="replace").splitlines()

    def _more(self, most: int) -> bytes:
        """What is there, at least a byte, at most `most`; empty once the process has closed its end."""
        wait = min(self.timeout, self._until - time.monotonic())
        if wait <= 0 or not self._selector.select(wait):
            limit = min(self.timeout, LONGEST)
            raise ClipError(
                f"{self.path}: its decoder was stopped after {limit:g} s. Cut the clip shorter, or export it again."
            )
        return os.read(self._stream.fileno(), most)
