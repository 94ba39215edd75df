"""What went wrong under a run, in one sentence of ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.phrases import clean
from stages import errors
from stages.errors import MicromotionError, UserError, WorkStopped

# How Ray Data says that a flow got stuck.
STALLED = re.compile(r"made no progress for at least (\d+)s")


@contextmanager
def explained() -> Iterator[None]:
    """Turn an engine's exception into one sentence; ours pass, and so does the user's Ctrl-C.

    Raises:
        UserError: a worker raised one, e.g. over a checkpoint that only its machine lacks.
        WorkStopped: anything else.
    """
    try:
        yield
    except MicromotionError:
        raise
    except Exception as error:
        if stalled := STALLED.search(str(error)):
            raise WorkStopped(
                f"The work stopped: nothing came of any worker for {int(stalled[1]):,} s. If a row may take so long, "
                "allow more with cluster.stall_timeout. What is done is kept; the same command goes on from there."
            ) from error
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = clean(lines[-1]) if lines else type(error).__name__
        ours = _ours(said)
        if isinstance(ours, UserError):
            raise ours from error
        raise WorkStopped(
            f"The work stopped: {str(ours or said).rstrip('.')}. "
            "What is done is kept; the same command goes on from there."
        ) from error


def _ours(said: str) -> MicromotionError | None:
    """The exception of ours in what Ray says of a worker that could not be set up: it passes on the text alone."""
    found = re.fullmatch(r"stages\.errors\.(\w+): (.+)", said)
    kind = getattr(errors, found[1], None) if found else None
    if found is None or not (isinstance(kind, type) and issubclass(kind, MicromotionError)):
        return None
    error = kind.__new__(kind)
    error.args = (found[2],)
    return error
