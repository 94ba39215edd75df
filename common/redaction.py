"""Foreign words in our sentences: a file's name, what a library says. One line, no control characters, no secrets."""

import re
import unicodedata

LONGEST_NAME = 300  # characters; an address may hold a whole image
LONGEST_MESSAGE = 200
# As long as a scheme, so that no Windows drive is one; a path made of a URI has lost a slash.
START = re.compile(r"[A-Za-z0-9+.-]{2}:/+")
PARAMETER = re.compile(r"""(?P<sign>[?&;])(?P<name>[^\s?&;=#'"]*)=(?P<value>[^\s?&;'"]*)""")
TOKEN = re.compile(r"""\?[^\s?&;=#'"]+(?=[?&;#'"]|$)""")
# Query parameters that say where something is; all others may be signatures or tokens.
HARMLESS = ("allow_bucket_creation", "allow_bucket_deletion", "endpoint_override", "region", "scheme")
PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/\[\]-]*")
HIDDEN = "***"
# Where these end a value the sentence around the URI goes on, and they are kept.
CLOSING = ":.,)"
# Joiners hold emoji and many a script's words together, and steer nothing.
JOINERS = "\u200c\u200d"


def quote(name: str) -> str:
    """A name or an address in quotes: what cannot be seen is written out, and of what is long the end is kept."""
    shown = "".join(_escape_invisible(sign) for sign in redact(name))
    return f'"{shown if len(shown) <= LONGEST_NAME else "…" + shown[1 - LONGEST_NAME :]}"'


def describe_error(error: BaseException) -> str:
    """What an exception says, as part of a sentence: without its full stop, and never empty."""
    text = one_line(redact(str(getattr(error, "strerror", None) or error)))
    if len(text) > LONGEST_MESSAGE:
        text = text[: LONGEST_MESSAGE - 1] + "…"
    return text.rstrip(". ") or type(error).__name__


def redact(text: str) -> str:
    """Any text with the credentials in its URIs hidden: user and password, and query values that may be signatures.

    Rather too much than too little, and in a time that grows with the text's length alone.
    """
    if (first := START.search(text)) is None:
        return text
    before, after = text[: first.start()], text[first.start() :]
    words = [_redact_user(word) if ":/" in word else word for word in re.split(r"(\s+)", after)]
    # Not word by word: a URI may have been written with a space in its path.
    return before + PARAMETER.sub(_redact_parameter, "".join(words))


def one_line(text: str) -> str:
    """A text without line breaks, and with what cannot be seen written out."""
    return "".join(_escape_invisible(sign) for sign in " ".join(text.split()))


def _escape_invisible(sign: str) -> str:
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and sign not in JOINERS
    return sign.encode("unicode_escape").decode() if hidden else sign


def _redact_user(word: str) -> str:
    """A word with what stands before the @ of its first URI hidden, and what is all of a query."""
    if (start := START.search(word)) is None:
        return word
    rest = word[start.end() :]
    # A secret key often holds a slash, and whoever forgets to write it as %2F must not find it in a log.
    colon, at = rest.find(":"), rest.find("@")
    host = rest if 0 <= colon < at else re.split("[/?#]", rest, maxsplit=1)[0]
    if (end := host.rfind("@")) >= 0:
        rest = f"{HIDDEN}{rest[end:]}"
    return word[: start.end()] + TOKEN.sub(lambda found: f"?{HIDDEN}{_closing(found[0])}", rest)


def _redact_parameter(found: re.Match[str]) -> str:
    harmless = found["name"] in HARMLESS and PLAIN_VALUE.fullmatch(found["value"])
    return found[0] if harmless else f"{found['sign']}{found['name']}={HIDDEN}{_closing(found['value'])}"


def _closing(value: str) -> str:
    """The punctuation at a value's end."""
    return value[len(value.rstrip(CLOSING)) :]
