"""What went wrong under a run, in one sentence of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import RESUME, MicromotionError, WorkStopped
from common.redaction import describe_error


@contextmanager
def translate_ray_errors() -> Iterator[None]:
    """Turn another's exception into one sentence; ours pass, and so does the user's Ctrl-C.

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
