"""What a process is started in, checked before anything heavy is loaded: its folder, its home, the names it is given.

Otherwise a mistake in these appears deep in a library, in that library's words or without any.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from common.errors import JobError, UserError


def check_surroundings(arguments: Sequence[str]) -> None:
    """Refuse surroundings in which no command can work.

    Args:
        arguments: the command line's.

    Raises:
        UserError: the current folder is gone, its name or an argument is not UTF-8, an argument is empty, or there is
            no home folder.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 (a Path of it would be looked up again)
    except OSError as error:
        raise UserError("The current folder is gone. Change into one that is there, and start again.") from error
    for text, what in ((here, "the current folder"), *((one, "an argument") for one in arguments)):
        if not is_utf8(text):
            raise JobError(f'{what}, "{readable(text)}": a name that is not UTF-8. Rename it.')
    for before, one in zip(("", *arguments), arguments, strict=False):
        if not one or (one.startswith("--") and one.endswith("=")):  # as a path it would be the current folder
            option = one.rstrip("=") if one else before if before.startswith("-") else ""
            raise UserError(
                f"{f'{option}: its value' if option else 'an argument'} is empty, as a variable is that was not set. "
                "Write what is meant, or leave it out."
            )
    try:
        Path.home()
    except RuntimeError as error:
        raise UserError(
            "This account has no home folder. Set HOME to a folder that it may write to: export HOME=/tmp/me."
        ) from error


def is_utf8(text: str) -> bool:
    """Whether a name from the system can be written down."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    """A name with the bytes that are not UTF-8 as \\xff."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")
