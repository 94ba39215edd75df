"""What may stand in a file that people write, and what every refusal of it has to be."""

import unicodedata

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# One folder serves all examples of a test: each writes its own file over the last one's.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_words(text: str) -> bool:
    """Whether every line of a refusal is a sentence that a terminal can show."""
    lines = text.split("\n")
    steering = [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign != "\n"]
    return not steering and all(line.endswith((".", "?")) and len(line) < 2000 for line in lines)


IDS = st.from_regex(r"[a-zA-Zé0-9_.-]{1,8}", fullmatch=True) | st.text(max_size=10)
SCALARS = (
    IDS
    | st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.dates().map(str)
    | st.sampled_from(
        ["../../etc/passwd", "a/b", "..", "CON", "nul.txt", ".hidden", "A", "a", "é", "e\u0301", "x" * 200]
    )
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(IDS, inner, max_size=3))
