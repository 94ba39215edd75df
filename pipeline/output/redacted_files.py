"""The one gate through which text gets into files: without credentials, and atomically.

Files of an output folder are shown around. Whoever writes one hands over what it holds, and need not think of secrets.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from common.atomic_files import replace_atomically
from common.redaction import redact

if TYPE_CHECKING:
    import pyarrow as pa

    from stages.motion.micromotion import Micromotion

# Columns of sentences, in which any query value may be a signature. All others are data: of those only what is a
# credential by its name or its look is hidden.
SENTENCES = ("message",)


def redact_nested(value: Any) -> Any:
    """A value of any depth without the credentials in its texts; a path becomes a text."""
    if isinstance(value, str | PurePath):
        return redact(str(value))
    if isinstance(value, Mapping):
        return {redact_nested(name): redact_nested(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_nested(inner) for inner in value]
    return value


def json_line(value: Any) -> str:
    """A value as one line of JSON."""
    return json.dumps(redact_nested(value), ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """A value as a file of JSON.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    _write(path, json_line(value))


def write_yaml(path: Path, value: Any) -> None:
    """A value as a file of YAML, its fields in the order that they have.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    import yaml

    _write(path, yaml.safe_dump(redact_nested(value), sort_keys=False, allow_unicode=True))


def write_table(path: Path, table: "pa.Table") -> None:
    """A table as a Parquet file.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipeline.output.credentials import redact_column

    shown = {
        name: pa.array(redact_nested(table[name].to_pylist()), table[name].type)
        if name in SENTENCES
        else redact_column(table[name])
        for name in table.column_names
    }
    with replace_atomically(path) as temporary:
        pq.write_table(pa.table(shown), temporary)


def write_motion(path: Path, motion: "Micromotion") -> None:
    """A motion as its file, whose `source` (a prompt or a name) is redacted as any text.

    Raises:
        MotionFileError: it cannot be written.
    """
    replace(motion, source=redact(motion.source)).save(path)


def _write(path: Path, text: str) -> None:
    with replace_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
