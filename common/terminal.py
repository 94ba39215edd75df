"""How every command prints."""

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer

from common.formatting import clean
from common.redaction import describe_error, redact


def program(script: str = sys.argv[0], interpreter: str = sys.executable) -> str:
    """What this program is started with, so that a hint that names it works where it is pasted.

    Args:
        script: `run_batch.py`, or the console script `micromotion`, as it was called.
        interpreter: the Python that runs it.
    """
    if Path(script).name == "micromotion":
        return _shortest(script)
    return f"{_shortest(interpreter)} {shlex.quote(script if Path(script).name == 'run_batch.py' else 'run_batch.py')}"


def _shortest(executable: str) -> str:
    """A program as a shell in the current folder finds it: by name, by its path from here, or by its whole path."""
    path = Path(executable)
    with suppress(OSError):  # the current folder may be gone, which is refused later, in a sentence
        if (found := shutil.which(path.name)) and Path(found).absolute() == path.absolute():
            return shlex.quote(path.name)
        if path.absolute().is_relative_to(Path.cwd()):
            inner = str(path.absolute().relative_to(Path.cwd()))
            return shlex.quote(inner if "/" in inner else f"./{inner}")
    return shlex.quote(executable)


PROG = program()


def example(arguments: str) -> str:
    """A verb's example, as the end of its help."""
    return f"Example: [bold]{PROG} {arguments}[/bold]"


SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class LastingStream:
    """A text stream that ignores errors once its reader has gone.

    Args:
        stream: where text goes as long as somebody reads it.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As any stream's."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As any stream's."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class WatchedStream:
    """A text stream that remembers why it could not be written.

    Args:
        stream: where text goes.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failure = ""

    def write(self, text: str) -> int:
        """As any stream's."""
        with self._remembering():
            return int(self._stream.write(text))

    def flush(self) -> None:
        """As any stream's; what failed once is not tried again, or Python would as it ends."""
        if not self.failure:
            with self._remembering():
                self._stream.flush()

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = describe_error(error)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def outlast_readers() -> None:
    """Make stdout and stderr survive a closed terminal or pipe."""
    sys.stdout, sys.stderr = LastingStream(sys.stdout), LastingStream(sys.stderr)  # type: ignore[assignment]


def printable(line: str) -> str:
    """A line as a terminal may show it, without control characters and credentials; its indentation stays.

    Whatever is printed goes through here, and nothing upstream need think of it.
    """
    indent = line[: len(line) - len(line.lstrip())]
    return indent + clean(redact(line))


def say(*lines: str) -> None:
    """Lines on stdout."""
    for line in lines:
        typer.echo(printable(line))


def complain(text: str) -> None:
    """A message on stderr, its lines as they are."""
    for line in text.splitlines():
        typer.echo(printable(line), err=True)


def say_command(before: str, arguments: Sequence[str]) -> None:
    """A command on stdout, as it can be given again; where credentials are hidden in it, that is said too.

    Args:
        before: what the line begins with.
        arguments: the command's, of which each is quoted where a shell needs it.
    """
    shown = [redact(argument) for argument in arguments]
    hidden = " (with the credentials that are hidden here)" if shown != list(arguments) else ""
    say(f"{before} {PROG} {shlex.join(shown)}{hidden}")
