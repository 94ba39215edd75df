"""What may name a target: an id becomes a file name, on any system that the results are copied to.

Everything works on whole columns, with the one notion of letters and capitals that Arrow has.
"""

import pyarrow as pa
import pyarrow.compute as pc

# With ".mp4" and a temporary name's ending, a file name stays well below the 255 bytes that file systems allow.
LONGEST = 120
SAFE = r"^[\p{L}\p{N}_-][\p{L}\p{N}\p{M}._-]*$"
UNSAFE_CHARACTER = r"[^\p{L}\p{N}\p{M}._-]"
UNSAFE_START = r"^[^\p{L}\p{N}_-]+"
# Names of devices on Windows, whatever ending follows.
DEVICE = r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$"


def unsafe(ids: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Which of a text column's ids cannot name a file, as booleans."""
    wrong = pc.invert(pc.match_substring_regex(ids, SAFE))
    wrong = pc.or_(wrong, pc.match_substring_regex(ids, DEVICE))
    return pc.or_(wrong, pc.greater(pc.binary_length(ids), LONGEST))


def why_unsafe(name: str) -> str:
    """What keeps an id from naming a file, as the end of a sentence."""
    one = pa.array([name])
    if len(name.encode()) > LONGEST:
        return f"is {len(name.encode())} bytes long, more than {LONGEST}"
    if pc.match_substring_regex(one, DEVICE)[0].as_py():
        return "is the name of a device on Windows"
    if name.startswith("."):
        return "starts with a dot, which hides a file"
    return 'names a file, and so may hold letters, digits, ".", "_" and "-" alone'


def fold(ids: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Ids as file systems compare them that ignore capitals and the encoding of accents."""
    return pc.utf8_normalize(pc.utf8_lower(pc.utf8_normalize(ids, "NFC")), "NFC")


def safe_ids(names: list[str]) -> list[str]:
    """An id for each name, like it, safe, and unlike all others; the same for the same list."""
    column = pc.utf8_normalize(pa.array(names, pa.string()), "NFC")
    column = pc.replace_substring_regex(column, UNSAFE_CHARACTER, "_")
    column = pc.replace_substring_regex(column, UNSAFE_START, "")
    column = pc.replace_substring_regex(column, DEVICE, r"_\0")
    # Ten bytes stay free for a number; a character that is cut in two is dropped.
    shortened = [name.encode()[: LONGEST - 10].decode(errors="ignore") or "face" for name in column.to_pylist()]
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    unique = []
    for name, key in zip(shortened, fold(pa.array(shortened, pa.string())).to_pylist(), strict=True):
        ending = ""
        while key + ending in taken:
            numbers[key] = numbers.get(key, 1) + 1
            ending = f"-{numbers[key]}"
        taken.add(key + ending)
        unique.append(name + ending)
    return unique
