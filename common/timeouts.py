"""A limit on how long a store may take; passing errors are retried until then."""

import re
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa

from common.stores import FIRST_PAUSE, RETRY_SECONDS

# In S3's names for it, and in libcurl's. What speaks to Google tries again by itself, once told for how long.
TRANSIENT = re.compile(
    "AWS Error (NETWORK_CONNECTION|SERVICE_UNAVAILABLE|SLOW_DOWN|THROTTLING|REQUEST_TIMEOUT|INTERNAL_FAILURE)"
    r"|HTTP status 5\d\d|curlCode: \d"
)

Result = TypeVar("Result")


def with_timeout(work: Callable[[], Result], timeout: float) -> Result:
    """What `work` returns, or its exception; but no longer than `timeout` seconds.

    What passes by itself (a server that restarts, or asks to slow down) is tried again for `RETRY_SECONDS`.

    Raises:
        TimeoutError: it took longer.
        OSError: it could not be done; pyarrow's own errors come as this.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []
    until = time.monotonic() + min(timeout, RETRY_SECONDS)

    def run() -> None:
        try:
            outcome.append(_with_retries(work, until))
        except BaseException as error:  # handed over to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if outcome:
        return outcome[0]
    if failure:
        error = failure[0]
        # A fault of our own stays what it is: it must not pass for one of the store's.
        if isinstance(error, pa.ArrowException | ValueError | MemoryError):
            raise OSError(str(error) or type(error).__name__) from error
        raise error
    raise TimeoutError(f"no answer within {timeout:g} s")


def _with_retries(work: Callable[[], Result], until: float) -> Result:
    """What `work` returns, tried again until then as long as it fails for something that passes."""
    pause = FIRST_PAUSE
    while True:
        try:
            return work()
        except OSError as error:
            if not TRANSIENT.search(str(error)) or time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        pause *= 2
