"""What the reader of every format returns: a file's columns, unchecked."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import chain, count

import pyarrow as pa

# Marks a text column whose values were lists or objects in JSON, or of several kinds.
JSON = {b"written_as": b"json"}


@dataclass(frozen=True)
class RawTable:
    """A file's rows.

    Attributes:
        table: its columns; no two of the same name, none without a name.
        notes: sentences about what was read in another way than a person may expect.
        decimal_comma: whether 0,5 in it is a half, as in files with ";" between their cells.
    """

    table: pa.Table
    notes: tuple[str, ...] = ()
    decimal_comma: bool = False


def named(names: Sequence[str], own: Container[str] = ()) -> list[str]:
    """Names of columns that are all there and all different: `unnamed` for none, `note_2` for the second `note`.

    Args:
        names: as the file has them.
        own: casefolded names that stay as they are: twice, they are for the caller to refuse.
    """
    result: list[str] = []
    for name in names:
        if name and (name.casefold() in own or name not in result):
            result.append(name)
            continue
        base = name or "unnamed"
        candidates = chain([base], (f"{base}_{number}" for number in count(2)))
        result.append(next(one for one in candidates if one not in names and one not in result))
    return result
