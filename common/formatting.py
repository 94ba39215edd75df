"""Figures and foreign text as a person reads them, the same in the display, in `status` and in the report."""

import re
import unicodedata

QUOTES = "\"'`“”„‟«»‹›‘’‚‛"


def duration(seconds: float) -> str:
    """`4 s`, `1 min 12 s`, `2 h 05 min`, `3 d 04 h`; below ten seconds with one decimal place."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def count(number: int, one: str, many: str = "") -> str:
    """`1 video`, `1,204 videos`; `many` where an s is not enough."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def pace(number: int, seconds: float, one: str) -> str:
    """`52.1 frames a second`, or where that is less than one, `15.7 s a frame`; a dash where there is no telling."""
    if number <= 0 or seconds <= 0:
        return "-"
    value = number / seconds
    if value < 1:
        return f"{duration(seconds / number)} a {one}"
    return f"{value:,.0f} {one}s a second" if value >= 100 else f"{value:.3g} {one}s a second"


def clean(text: str) -> str:
    """One line without control characters: a file name or a library's message must not steer a terminal."""
    line = " ".join(text.split())
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") else sign for sign in line)


def quotes_hint(path: str) -> str:
    """What helps with a path that is not there and stands in quotation marks, as a further sentence; else nothing.

    A word processor writes “ and ”, which neither a shell nor YAML takes away.
    """
    found = re.search(f"(?:^|/)([{QUOTES}]).+([{QUOTES}])$", path)
    return f" The marks {found[1]} and {found[2]} are taken as part of its name: remove them." if found else ""


def size(number: float) -> str:
    """`512 B`, `14.1 KB`, `1.20 TB`: three digits, in powers of a thousand."""
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} TB"
