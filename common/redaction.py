"""Quote foreign text (file names, libraries' messages) in our messages, and hide credentials in any text.

Credentials are hidden where text leaves the program: `common.terminal` prints, `pipeline.output.redacted_files` writes,
and an error is read by the library's callers. Code that words a message need not care. Only text that is cut short is
redacted first: half a credential would not be recognised.
"""

import os
import re
import unicodedata
from functools import cache
from urllib.parse import quote as percent_encode

LONGEST_NAME = 300  # characters; an address may hold a whole image
LONGEST_MESSAGE = 200
# As long as a scheme, so that no Windows drive is one; a path made of a URI has lost a slash.
START = re.compile(r"[A-Za-z0-9+.-]{2}:/+")
PARAMETER = re.compile(r"""(?P<sign>[?&;])(?P<name>[^\s?&;=#'"]*)=(?P<value>[^\s?&;'"]*)""")
NAMELESS = re.compile(r"""[?&;][^\s?&;=#'"]+(?=[?&;#'"]|$)""")
# Query parameters that say where something is; all others may be signatures or tokens.
HARMLESS = ("allow_bucket_creation", "allow_bucket_deletion", "endpoint_override", "region", "scheme")
PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/\[\]-]*")
HIDDEN = "***"
# Variables of the environment whose values are credentials, and not places of such; shorter ones are in every text.
CREDENTIAL = re.compile(r"(?:secret|password|passwd|token|api_?key|(?:access|account|secret)_key(?:_id)?)$", re.I)
SHORTEST_CREDENTIAL = 8
# Where these end a value the sentence around the URI goes on, and they are kept.
CLOSING = ":.,)"
# Joiners hold emoji and many a script's words together, and steer nothing.
JOINERS = "\u200c\u200d"


def quote(name: str) -> str:
    """A name or an address in quotes: what cannot be seen is written out, and of what is long the end is kept."""
    shown = "".join(map(_escape_invisible, redact(name) if len(name) > LONGEST_NAME else name))
    return f'"{shown if len(shown) <= LONGEST_NAME else "…" + shown[1 - LONGEST_NAME :]}"'


def describe_error(error: BaseException) -> str:
    """What an exception says, as part of a sentence: without its full stop, and never empty."""
    text = cut(one_line(str(getattr(error, "strerror", None) or error)), LONGEST_MESSAGE)
    return text.rstrip(". ") or type(error).__name__


def cut(text: str, most: int) -> str:
    """The beginning of a text that is longer than so many characters, without the credentials in it."""
    if len(text) > most:
        text = redact(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def redact(text: str) -> str:
    """Any text with the credentials in its URIs hidden: user and password, and query values that may be signatures.

    The values of the environment's credentials are hidden wherever they stand. Rather too much than too little, and in
    a time that grows with the text's length alone.
    """
    if (known := environment_credentials()) is not None:
        text = known.sub(HIDDEN, text)
    if (first := START.search(text)) is None:
        return text
    before, after = text[: first.start()], text[first.start() :]
    words = [_redact_user(word) if ":/" in word else word for word in re.split(r"(\s+)", after)]
    # Not word by word: a URI may have been written with a space in its path.
    return before + PARAMETER.sub(_redact_parameter, "".join(words))


@cache
def environment_credentials() -> re.Pattern[str] | None:
    """What finds the values of the credentials that this process's environment began with; None where it has none."""
    values = {value for name, value in os.environ.items() if CREDENTIAL.search(name) and not value.startswith("/")}
    known = {value for value in values if len(value) >= SHORTEST_CREDENTIAL}
    written = known | {percent_encode(value, safe="") for value in known}
    # The longest first: one may begin with another.
    return re.compile("|".join(map(re.escape, sorted(written, key=len, reverse=True)))) if written else None


def one_line(text: str) -> str:
    """A text without line breaks, and with what cannot be seen written out."""
    return "".join(_escape_invisible(sign) for sign in " ".join(text.split()))


def _escape_invisible(sign: str) -> str:
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and sign not in JOINERS
    return sign.encode("unicode_escape").decode() if hidden else sign


def _redact_user(word: str) -> str:
    """A word with what stands before the @ of its first URI hidden, and parts of its query that have no name."""
    if (start := START.search(word)) is None:
        return word
    rest = word[start.end() :]
    # A secret key often holds a slash, and whoever forgets to write it as %2F must not find it in a log.
    colon, at = rest.find(":"), rest.find("@")
    host = rest if 0 <= colon < at else re.split("[/?#]", rest, maxsplit=1)[0]
    if (end := host.rfind("@")) >= 0:
        rest = f"{HIDDEN}{rest[end:]}"
    return word[: start.end()] + NAMELESS.sub(lambda found: f"{found[0][0]}{HIDDEN}{_closing(found[0])}", rest)


def _redact_parameter(found: re.Match[str]) -> str:
    harmless = found["name"] in HARMLESS and PLAIN_VALUE.fullmatch(found["value"])
    return found[0] if harmless else f"{found['sign']}{found['name']}={HIDDEN}{_closing(found['value'])}"


def _closing(value: str) -> str:
    """The punctuation at a value's end."""
    return value[len(value.rstrip(CLOSING)) :]
