"""Lines of the tables of speed: a figure, and beside it the peer or the limit of the same run."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table: the figure, what stands beside it, and what the ratio should be at least."""

    name: str
    figure: str
    beside: str
    ratio: float
    wanted: float | None = None

    @property
    def met(self) -> bool:
        """Whether the ratio is what is wanted, where anything is."""
        return self.wanted is None or self.ratio >= self.wanted

    def line(self) -> str:
        """As printed."""
        wanted = "" if self.wanted is None else f"{self.wanted:8.2f}  {'met' if self.met else 'MISSED'}"
        return f"{self.name:38}{self.figure:>12}{self.beside:>30}{self.ratio:8.2f}{wanted}"


HEADING = f"{'figure':38}{'here':>12}{'peer or limit':>30}{'ratio':>8}{'wanted':>8}"


def print_table(rows: Iterable[Row]) -> None:
    """Print a heading, and each line as it comes."""
    print(HEADING, flush=True)
    for row in rows:
        print(row.line(), flush=True)


def restart_on_one_thread() -> None:
    """Start this program anew with one thread for BLAS, which reads the environment as it is loaded.

    A worker of one core has one; a second one that waits for work would count as seconds of the processor.
    """
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, sys.orig_argv)
