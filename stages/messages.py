"""Foreign words in our sentences: a file's name, what a library says. One line, no control characters, no secrets."""

import re
import unicodedata

LONGEST_NAME = 300  # characters; an address may hold a whole picture
LONGEST_TOLD = 200
SECRET = re.compile(r"(?<=://)[^/?#@\s]*@")  # s3://key:secret@bucket
# Joiners hold emoji and many a script's words together, and steer nothing.
JOINERS = "\u200c\u200d"


def quoted(name: str) -> str:
    """A name or an address in quotes: what cannot be seen is written out, and of what is long the end is kept."""
    shown = "".join(_visible(sign) for sign in SECRET.sub("…@", name))
    return f'"{shown if len(shown) <= LONGEST_NAME else "…" + shown[1 - LONGEST_NAME :]}"'


def told(error: BaseException) -> str:
    """What an exception says, as part of a sentence: without its full stop, and never empty."""
    text = one_line(SECRET.sub("…@", str(getattr(error, "strerror", None) or error)))
    if len(text) > LONGEST_TOLD:
        text = text[: LONGEST_TOLD - 1] + "…"
    return text.rstrip(". ") or type(error).__name__


def one_line(text: str) -> str:
    """A text without line breaks, and with what cannot be seen written out."""
    return "".join(_visible(sign) for sign in " ".join(text.split()))


def _visible(sign: str) -> str:
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and sign not in JOINERS
    return sign.encode("unicode_escape").decode() if hidden else sign
