"""What went wrong under a run, in one sentence of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from stages.errors import MicromotionError, WorkStopped
from stages.messages import told


@contextmanager
def explained() -> Iterator[None]:
    """Turn another's exception into one sentence; ours pass, and so does the user's Ctrl-C.

    Raises:
        WorkStopped: Ray, or something else that is not ours, failed under the work.
    """
    try:
        yield
    except MicromotionError:
        raise
    except Exception as error:
        raise WorkStopped(
            f"The work stopped: {type(error).__name__}: {told(error).rstrip('.')}. "
            "What is done is kept; the same command goes on from there."
        ) from error
