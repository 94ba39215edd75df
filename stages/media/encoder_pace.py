"""How far ffmpeg may read ahead of what it has encoded.

It takes some two dozen frames into its queues as fast as they come. That is little for ordinary frames, and 3 GB for
frames of 48 megapixels. So a large frame is handed over only when ffmpeg reports on its standard output that it is done
with earlier ones.
"""

import threading
import time
from subprocess import Popen
from typing import IO

# Frames of more pixels than this are handed over one by one; a 4K frame has 8.3 million.
LARGE = 9_000_000
AHEAD = 2  # large frames that ffmpeg may have in hand
# x264 then lets go of each frame at once, and holds one other to compare it with: 1.1 GB at 48 megapixels.
OPTIONS = {"tune": "zerolatency", "refs": 1}
PERIOD = 0.05  # seconds between two words of the encoder's
PATIENCE = 10.0  # seconds without news, after which the next frame is handed over all the same


class Pace:
    """Frames that an encoder is done with.

    Args:
        encoder: ffmpeg, started with `-progress pipe:1` and its output piped.
    """

    def __init__(self, encoder: Popen[bytes]) -> None:
        assert encoder.stdout is not None
        self._done = 0
        self._ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, args=(encoder.stdout,), name="pace", daemon=True)
        self._thread.start()

    def wait(self, written: int) -> None:
        """Return once another frame may follow the `written` ones."""
        with self._news:
            before, heard = self._done, time.monotonic()
            while not self._ended and written - self._done >= AHEAD and time.monotonic() - heard < PATIENCE:
                self._news.wait(PERIOD)
                if self._done != before:
                    before, heard = self._done, time.monotonic()

    def _listen(self, said: IO[bytes]) -> None:
        with said:
            for line in said:
                name, _, value = line.partition(b"=")
                if name == b"frame" and value.strip().isdigit():
                    with self._news:
                        self._done = int(value)
                        self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
