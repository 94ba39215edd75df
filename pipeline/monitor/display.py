"""A run's display: live on a terminal, plain lines anywhere else.

Both draw the state of `pipeline/monitor/progress.py`; nothing is counted here.
"""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from common.formatting import count, duration
from common.terminal import printable
from pipeline.monitor.progress import PhaseProgress, RunProgress, RunState, advance
from pipeline.monitor.summary import headline
from pipeline.output.event_log import Event, PhaseState
from stages.base import RowStatus

# A log file or a build server gets a line about the run's state this often.
PLAIN_SECONDS = 10.0
BAR_WIDTH = 32


class Display:
    """A listener for `pipeline.output.event_log.EventLog`; use it as a context manager, so that the terminal is given
    back.

    The state is replaced as a whole with each event and never changed in place, so that the thread that redraws the
    live image needs no lock.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self.progress = RunProgress()
        self.live = self.console.is_terminal and not self.console.is_dumb_terminal
        self._live: Live | None = None
        self._last_line = 0.0

    def __call__(self, event: Event) -> None:
        """Take in one event and show what it changed."""
        before, self.progress = self.progress, advance(self.progress, event)
        if self.live:
            if event.get("event") == "verified":  # the live image shows the run's state, and this is none
                self.console.print(_text(plain_lines(before, self.progress, event)[0]))
            self._redraw()
        else:
            self._write_lines(before, event)

    def close(self) -> None:
        """Keep the last state on the screen and give the terminal back."""
        if self._live is not None:
            self._live.refresh()
            self._live.stop()
            self._live = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _redraw(self) -> None:
        if self._live is None:
            self._live = Live(
                get_renderable=lambda: draw(self.progress, time.time()), console=self.console, refresh_per_second=5
            )
            self._live.start()
        if self.progress.outcome in (RunState.FINISHED, RunState.INTERRUPTED):
            self.close()

    def _write_lines(self, before: RunProgress, event: Event) -> None:
        """Every phase's start and end, every failed row and warning, and now and then how far the run is."""
        now, begun = self.progress.last, self.progress.work_started
        lines = plain_lines(before, self.progress, event)
        if begun and self.progress.outcome == RunState.RUNNING and now - max(self._last_line, begun) >= PLAIN_SECONDS:
            lines.append(headline(self.progress, now))
            self._last_line = now
        phase = self.progress.phases.get(str(event.get("phase")))
        if phase and phase.detail and phase.state == PhaseState.PROGRESS and now - self._last_line >= PLAIN_SECONDS:
            lines.append(f"{phase.name}: {_share(phase)}")
            self._last_line = now
        stamp = time.strftime("%H:%M:%S", time.localtime(now))
        for line in lines:
            self.console.print(Text(f"{stamp}  ").append_text(_text(line)), soft_wrap=True)


def plain_lines(before: RunProgress, after: RunProgress, event: Event) -> list[str]:
    """The lines that one event adds to a plain log; mostly none."""
    match event.get("event"):
        case "run_started":
            kept = f", {after.kept:,} done before" if after.kept else ""
            return [
                f"{after.job}: {count(after.rows, 'row')}{kept}, into {after.output}",
                *([after.workers] if after.workers else []),
            ]
        case "workers":
            return [after.workers]
        case "phase":
            name = str(event.get("phase") or "")
            phase, known = after.phases[name], before.phases.get(name)
            if known is None and phase.state != PhaseState.FINISHED:
                return [f"{name}: started"]
            if phase.state == PhaseState.FINISHED and (known is None or known.state != PhaseState.FINISHED):
                return [f"{name}: {_share(phase)} in {duration(phase.seconds)}"]
        case "row" if event.get("status") == RowStatus.FAILED:
            return [_failure_line(after)]
        case "verified":
            return [str(event.get("message"))]
        case "warning":
            return [f"warning: {after.warnings[-1]}"]
    return []


def draw(progress: RunProgress, now: float) -> RenderableType:
    """The live display: phases with their bars, the counts, the pace and the last failures."""
    title = _text(progress.job or "starting", style="bold")
    if progress.output:
        title.append_text(_text(f"  into {progress.output}", "dim"))
    parts: list[RenderableType] = [title]
    if progress.workers:
        parts.append(_text(progress.workers, style="dim"))
    if progress.phases:
        parts.append(_phases(progress, now))
    if progress.rows:
        elapsed = duration(max(now - progress.started, 0.0))
        style = "yellow" if progress.failed else ""
        parts.append(_text(f"{headline(progress, now)}; {elapsed} so far", style=style))
    parts += [_text(f"warning: {warning}", style="yellow") for warning in progress.warnings[-3:]]
    if progress.failures:
        parts.append(_failures(progress))
    return Group(*parts)


def _text(line: str, style: str = "") -> Text:
    """A line of the display, as the terminal may show it."""
    return Text(printable(line), style=style)


def _phases(progress: RunProgress, now: float) -> Table:
    grid = Table.grid(padding=(0, 2))
    for phase in progress.phases.values():
        running = phase.state != PhaseState.FINISHED and progress.outcome in (RunState.WAITING, RunState.RUNNING)
        seconds = now - phase.started if running else phase.seconds
        bar = ProgressBar(
            total=phase.total if phase.total else (None if running else 1),
            completed=phase.done if phase.total else 1,
            width=BAR_WIDTH,
            pulse=running and not phase.total,
            animation_time=now,
        )
        name = _text(phase.name, style="" if running else "dim")
        grid.add_row(name, bar, _text(_share(phase), style="dim"), _text(duration(max(seconds, 0.0)), style="dim"))
    return grid


def _failures(progress: RunProgress) -> Table:
    grid = Table.grid(padding=(0, 2))
    for failure in progress.failures:
        grid.add_row(_text(failure.id, style="red"), _text(failure.reason), _text(failure.message, style="dim"))
    return grid


def _share(phase: PhaseProgress) -> str:
    counted = f"{phase.done:,}" if phase.total is None else f"{phase.done:,} of {phase.total:,}"
    return f"{counted}, {phase.detail}" if phase.detail else counted


def _failure_line(progress: RunProgress) -> str:
    failure = progress.failures[-1]
    return f"failed: {failure.id} ({failure.reason}): {failure.message}"
