"""What others raise comes out as one sentence of ours."""

import pytest

from pipeline.failures import explained
from stages.errors import CheckpointError, WorkStopped


def test_what_others_raise_stops_the_work_with_a_sentence() -> None:
    with pytest.raises(WorkStopped) as stopped, explained():
        raise ConnectionError("the head does not\nanswer.")
    assert str(stopped.value) == (
        "The work stopped: ConnectionError: the head does not answer. "
        "What is done is kept; the same command goes on from there."
    )


@pytest.mark.parametrize("error", [CheckpointError("it is damaged"), KeyboardInterrupt()])
def test_our_own_errors_and_the_users_wish_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, explained():
        raise error
    assert raised.value is error
