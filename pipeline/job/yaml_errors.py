"""Messages about a file that is not valid YAML: where it stops being so, and what to do there."""

import yaml

from common.redaction import describe_error, one_line
from pipeline.job.job_yaml import TWICE

# What PyYAML's sentences begin with, and what a person did who gets them.
MENDS = (
    (
        "mapping values are not allowed",
        'a colon where no field can begin. Put a value that holds ": " into quotes, or align the line with its '
        "neighbours",
    ),
    ("found character '\\t'", "a tab. Indent with spaces"),
    ("found character", "a value begins with a sign that YAML reserves. Put the value into quotes"),
    ("could not find expected ':'", "the line above has no colon. Write a field as `name: value`"),
    ("found unexpected end of stream", "a quote is opened and not closed. Close it"),
    ("found unexpected document", "a quote is opened and not closed. Close it"),
    ("expected ',' or", "a bracket is opened and not closed before here, or a comma is missing. Close it"),
    ("expected the node content", "a bracket closes that was not opened. Remove it, or put the value into quotes"),
    ("found undefined alias", "a value begins with *. Put it into quotes"),
    ("expected alphabetic or numeric", "a value begins with *, & or !. Put it into quotes"),
    ("found unknown escape character", "a backslash in double quotes. Use single quotes"),
    ("found unhashable key", "a field's name in brackets or braces. Write it as a plain word"),
    ("could not determine a constructor", "a tag that begins with !, which no job has. Remove it"),
    ("but found another document", "a second document begins, and a job is one. Remove the line ---"),
    (
        "expected <block end>",
        "the line does not fit those above. Indent fields of one level alike, and put a value that holds quotes into "
        "other quotes",
    ),
)


def describe_yaml_error(error: yaml.YAMLError, text: str) -> tuple[str, str]:
    """Where a text is not valid YAML and what to do, the one as `, line 3, column 5`, the other a sentence's end.

    Args:
        error: PyYAML's.
        text: what was read.
    """
    if isinstance(error, yaml.reader.ReaderError) and isinstance(error.character, int):
        before = text[: error.position]
        place = _place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        return place, f"a character that no text has (U+{error.character:04X}). Remove it"
    if not isinstance(error, yaml.MarkedYAMLError):
        return "", describe_error(error)
    problem = str(error.problem or error.context)
    place = _place(error.problem_mark.line, error.problem_mark.column) if error.problem_mark else ""
    if problem.startswith(TWICE):
        return place, f"the field {one_line(problem.removeprefix(TWICE))} is there a second time. Keep one"
    mend = next((mend for start, mend in MENDS if problem.startswith(start)), "")
    if not mend:
        return place, f"{one_line(problem)}. Write the line as `name: value`"
    opened = error.context_mark
    if "opened and not closed" in mend and opened is not None:
        mend = mend.replace("is opened", f"is opened in line {opened.line + 1}")
    return place, mend


def _place(line: int, column: int) -> str:
    """Both counted from 0."""
    return f", line {line + 1}, column {column + 1}"
