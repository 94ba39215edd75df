"""What others raise comes out as one sentence of ours."""

import pytest

from common.errors import RESUME, CheckpointError, WorkStopped
from pipeline.engine.failures import translate_ray_errors


def test_what_others_raise_stops_the_work_with_a_sentence() -> None:
    with pytest.raises(WorkStopped) as stopped, translate_ray_errors():
        raise ConnectionError("the head does not\nanswer.")
    assert str(stopped.value) == f"The work stopped: ConnectionError: the head does not answer. {RESUME}"


@pytest.mark.parametrize("error", [CheckpointError("it is damaged"), KeyboardInterrupt()])
def test_our_own_errors_and_the_users_wish_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, translate_ray_errors():
        raise error
    assert raised.value is error
