"""Foreign words in our sentences: a file's name, what a library says. One line, no control characters, no secrets."""

import re
import unicodedata

LONGEST_NAME = 300  # characters; an address may hold a whole picture
LONGEST_TOLD = 200
# A secret key often holds a slash, and whoever forgets to write it as %2F must not find it in a log.
USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+://)(?:[^\s@'\"]*:[^\s'\"]*|[^\s/?#'\"]*)@")
QUERY = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]+://[^\s?'\"]*\?)(?P<query>[^\s'\"]*)")
# Query parameters that say where something is; all others may be signatures or tokens.
HARMLESS = ("allow_bucket_creation", "allow_bucket_deletion", "endpoint_override", "region", "scheme")
HIDDEN = "***"
# Joiners hold emoji and many a script's words together, and steer nothing.
JOINERS = "\u200c\u200d"


def quoted(name: str) -> str:
    """A name or an address in quotes: what cannot be seen is written out, and of what is long the end is kept."""
    shown = "".join(_visible(sign) for sign in masked(name))
    return f'"{shown if len(shown) <= LONGEST_NAME else "…" + shown[1 - LONGEST_NAME :]}"'


def told(error: BaseException) -> str:
    """What an exception says, as part of a sentence: without its full stop, and never empty."""
    text = one_line(masked(str(getattr(error, "strerror", None) or error)))
    if len(text) > LONGEST_TOLD:
        text = text[: LONGEST_TOLD - 1] + "…"
    return text.rstrip(". ") or type(error).__name__


def masked(text: str) -> str:
    """Any text with the credentials in its URIs hidden: user and password, and query values that may be signatures."""
    if "://" not in text:
        return text
    return QUERY.sub(_masked_query, USER.sub(rf"\g<scheme>{HIDDEN}@", text))


def one_line(text: str) -> str:
    """A text without line breaks, and with what cannot be seen written out."""
    return "".join(_visible(sign) for sign in " ".join(text.split()))


def _visible(sign: str) -> str:
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and sign not in JOINERS
    return sign.encode("unicode_escape").decode() if hidden else sign


def _masked_query(found: re.Match[str]) -> str:
    parts = []
    for part in found["query"].split("&"):
        name, equals, _ = part.partition("=")
        parts.append(part if name in HARMLESS or not equals else f"{name}={HIDDEN}")
    return found["start"] + "&".join(parts)
