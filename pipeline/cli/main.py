"""The command line: all commands, the exit codes, and how errors are reported.

| exit code | meaning |
|---|---|
| 0 | every row has its video |
| 1 | something unexpected; its details are in a file that the message names |
| 2 | the job, clip, manifest or weights need a change; no video was started |
| 3 | finished, and some rows failed; or a check found something missing or damaged |
| 130 | interrupted; resume by running the same command again |
"""

import errno
import importlib.metadata
import signal
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer import rich_utils
from typer.core import TyperGroup

from common.errors import EngineDied, MicromotionError, UserError
from common.redaction import quote
from common.terminal import (
    PROG,
    SETTINGS,
    LastingStream,
    WatchedStream,
    complain,
    example,
    outlast_readers,
    printable,
    say,
)
from pipeline.cli import job_commands, manifest_commands, supervisor, weights_commands
from pipeline.cli.error_files import write_down
from pipeline.cli.surroundings import check_surroundings
from pipeline.cluster.alarm import set_alarm
from pipeline.run.signals import Interruption, insisting

NOT_ENDED = "Interrupted before its end; the same command starts it again."


class Interrupted(Exception):
    """A command that was interrupted; typer keeps a KeyboardInterrupt to itself."""


class Commands(TyperGroup):
    """The commands; an interrupted one comes out as `Interrupted`."""

    def invoke(self, context: Any) -> Any:
        """As any group's."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt as error:
            raise Interrupted(str(error)) from error


app = typer.Typer(
    cls=Commands,
    help="Transfer the motion of one face to many others: one video for each face.\n\n"
    "A [bold]job file[/bold] names the clip, the list of faces (a manifest) and the output folder. "
    "Check it with [bold]plan[/bold], make the videos with [bold]run[/bold], and look at report.html in the output.",
    epilog=f"{example('run jobs/demo.yaml')}\n\nExit codes: 0 every row has its video, 3 some rows failed, "
    "2 the job, clip, manifest or weights need a change, 130 interrupted (resume by running the same command again), "
    "1 anything else.",
    **SETTINGS,
)
app.add_typer(job_commands.app)
app.add_typer(manifest_commands.app, name="manifest")
app.add_typer(weights_commands.app, name="weights")


def _show_version(asked: bool) -> None:
    if asked:
        try:
            say(f"micromotion {importlib.metadata.version('micromotion')}")
        except importlib.metadata.PackageNotFoundError:
            raise UserError("micromotion is not installed, so its version is unknown: run `make setup`.") from None
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; commands that may take a night run in a child process, under the supervisor."""
    arguments = sys.argv[1:]
    try:
        check_surroundings(arguments)
    except UserError as error:
        complain(str(error))
        sys.exit(2)
    if arguments and arguments[0] in supervisor.VERBS:
        outlast_readers()
    if supervisor.to_be_supervised(arguments):
        sys.exit(supervisor.supervise(arguments))
    with supervisor.under_watch() as watched:
        if not watched:
            run_app()
        set_alarm()
        with Interruption().listening():  # until the run itself listens
            try:
                run_app(watched)
            finally:  # one key press may arrive twice, and the second one must not disturb Python's own end
                signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_app(watched: bool = False) -> NoReturn:
    """Run the command line; it exits with a code of the table above, or asks the supervisor for a restart."""
    warnings.showwarning = lambda message, *others, **named: complain(f"warning: {message}")
    if sys.stdout is not None and not isinstance(sys.stdout, LastingStream):
        sys.stdout = WatchedStream(sys.stdout)  # type: ignore[assignment]
    try:
        with insisting():
            sys.exit(app(prog_name=PROG, standalone_mode=False))
    except typer.TyperException as error:  # the command line cannot be understood
        error.message = printable(error.message)
        rich_utils.rich_format_error(error)  # type: ignore[arg-type]
        sys.exit(2)
    except MicromotionError as error:
        if watched and isinstance(error, EngineDied):
            sys.exit(supervisor.AGAIN)
        complain(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
    except (Interrupted, KeyboardInterrupt) as stopped:
        begins_videos = sys.argv[1:2] and sys.argv[1] in supervisor.VERBS
        complain(str(stopped) or (supervisor.NOT_BEGUN if begins_videos else NOT_ENDED))
        sys.exit(130)
    except Exception as error:  # whatever it is, the user gets a sentence, and a file with the rest
        if why := getattr(sys.stdout, "failure", ""):
            complain(f"Standard output cannot be written: {why}. Make room there, or send it elsewhere.")
            sys.exit(1)
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG and error.filename:
            complain(f"{quote(str(error.filename))} leads nowhere: no file can have a name that long.")
            sys.exit(2)
        complain(
            f"Something went wrong that should not have ({type(error).__name__}: {error}). "
            f"The details are in {write_down(error)}; please report them."
        )
    sys.exit(1)
