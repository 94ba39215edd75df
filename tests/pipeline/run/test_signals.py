"""Signals that ask to stop are taken for a while, and given back."""

import signal

from pipeline.run.signals import handle_signals


def test_a_signal_that_is_taken_over_meanwhile_stays_so_and_others_are_given_back() -> None:
    """As at a process's end, where the second arrival of one key press is of no more use."""
    interrupting, ending = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with handle_signals(lambda number, frame: None):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is ending
    finally:
        signal.signal(signal.SIGINT, interrupting)
