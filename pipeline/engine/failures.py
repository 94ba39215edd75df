"""Turn errors of Ray and of libraries under a run into one message."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import RESUME, MicromotionError, WorkStopped
from common.redaction import describe_error


@contextmanager
def translate_ray_errors() -> Iterator[None]:
    """Turn foreign exceptions into `WorkStopped`; our own pass, and so does the user's Ctrl-C.

    Raises:
        WorkStopped: Ray, or something else that is not ours, failed under the work.
    """
    try:
        yield
    except MicromotionError:
        raise
    except Exception as error:  # Ray's own errors are of many kinds
        why = f"{type(error).__name__}: {describe_error(error).rstrip('.')}"
        raise WorkStopped(f"The work stopped: {why}. {RESUME}") from error
