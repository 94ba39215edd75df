"""What does not pass by itself is not tried again, and a fault of our own stays one."""

import pyarrow.fs
import pytest

from common.timeouts import with_timeout


def test_what_does_not_pass_by_itself_is_not_tried_again() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise OSError("AWS Error ACCESS_DENIED during HeadObject operation")

    with pytest.raises(OSError, match="ACCESS_DENIED"):
        with_timeout(work, 5.0)
    assert len(tries) == 1


def test_a_fault_of_our_own_does_not_pass_for_one_of_the_store() -> None:
    with pytest.raises(AttributeError):
        with_timeout(lambda: pyarrow.fs.no_such_function(), 5.0)
