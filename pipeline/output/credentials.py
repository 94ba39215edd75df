"""Hide credentials in the URIs of a table's columns: results are shared. All else in a URI is data and stays."""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from common.redaction import HIDDEN, environment_credentials

# Query parameters whose values let a stranger in, in the stores and services that sign their addresses.
SECRET = (
    r"[\w.-]*(?:signature|secret|password|passwd|token|credential|access_?key(?:_?id)?|api_?key|apikey)|awsaccesskeyid|"
    r"googleaccessid|sig|pwd|jwt|authorization"
)
# Names that are a credential's as often as another's: then a long value without a word in it tells.
MAYBE = r"key|auth|code|hash"
PARAMETER = re.compile(rf"(?P<start>[?&;#](?:(?P<sure>{SECRET})|(?:{MAYBE}))=)(?P<value>[^\s?&;#'\"]+)", re.IGNORECASE)
OPAQUE = re.compile(r"(?=[\w%+/=.~-]*\d)[\w%+/=.~-]{20,}")
# Before the host: a user with a password, or a token alone. A store's secret key may hold slashes that nobody escaped.
PASSWORD = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]+://)[^\s/@?#:'\"]+:[^\s/@?#'\"]+@")
STORE_KEY = re.compile(r"(?P<start>\b(?:s3|gs|abfs|hdfs)://)[^\s@?#:/'\"]+:[^\s@?#:'\"]+@", re.IGNORECASE)
TOKEN = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]+://)[A-Za-z0-9_-]{20,}@")


def redact_credentials(text: str) -> str:
    """A text with the credentials in its URIs and those of the environment hidden, and nothing else changed."""
    if (known := environment_credentials()) is not None:
        text = known.sub(HIDDEN, text)
    if "://" not in text:
        return text
    for pattern in (PASSWORD, STORE_KEY, TOKEN):
        text = pattern.sub(rf"\g<start>{HIDDEN}@", text)
    return PARAMETER.sub(_redact, text)


def redact_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with the credentials in its texts hidden, however deep they are; where there are none, as it came."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):  # JSON and the like: text by another name
        storage = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        hidden_storage = redact_column(storage)
        return column if hidden_storage is storage else hidden_storage
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if environment_credentials() is None and not pc.any(pc.match_substring(column, "://")).as_py():
            return column
    elif not _holds_text(kind):
        return column
    values = column.to_pylist()
    hidden = [_redact_value(value) for value in values]
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return column if hidden == values else pa.chunked_array([pa.array(hidden, plain)])


def _redact(found: re.Match[str]) -> str:
    secret = found["sure"] or OPAQUE.fullmatch(found["value"])
    return f"{found['start']}{HIDDEN}" if secret else found[0]


def _holds_text(kind: pa.DataType) -> bool:
    """Whether there is text in a column of this kind, however deep."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return True
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    return any(_holds_text(kind.field(at).type) for at in range(kind.num_fields))


def _redact_value(value: Any) -> Any:
    """A value of any depth, as `to_pylist` gives it, without credentials."""
    if isinstance(value, str):
        return redact_credentials(value)
    if isinstance(value, dict):
        return {name: _redact_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_redact_value(inner) for inner in value)
    return value
