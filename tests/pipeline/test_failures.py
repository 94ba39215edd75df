"""What engines say comes out as one sentence of ours."""

import pytest
from ray.data._internal.execution.no_progress_guard import NoProgressGuard
from ray.data.exceptions import ExecutionTimeoutError

from pipeline.failures import explained
from stages.errors import WorkStopped


def test_a_flow_that_got_stuck_says_what_to_set() -> None:
    times = iter([0.0, 4000.0, 4000.0])
    guard = NoProgressGuard({}, 3600.0, clock=lambda: next(times))
    with pytest.raises(ExecutionTimeoutError) as raised:
        guard.check()
    with pytest.raises(WorkStopped) as stopped, explained():
        raise raised.value
    assert str(stopped.value) == (
        "The work stopped: nothing came of any worker for 4,000 s. If a row may take so long, allow more with "
        "cluster.stall_timeout. What is done is kept; the same command goes on from there."
    )
