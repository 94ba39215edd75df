"""What a file that should be a checkpoint is instead: a message with what to do."""

import json
import re
import zipfile
from pathlib import Path

from common.redaction import cut

HEAD = 4096
LONGEST_HEADER = 1 << 32  # bytes of JSON at a safetensors file's beginning; the format allows far fewer
# First bytes, what they are of, and what to do.
UNPACK = "Unpack it, and give the checkpoint that is in it."
PYTORCH = "Give the PyTorch checkpoint that it was made from."
NOT_WEIGHTS = "Give the file that holds the weights."
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", UNPACK),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras and MATLAB write them", PYTORCH),
    (b"\x93NUMPY", "a NumPy array", NOT_WEIGHTS),
    (b"GGUF", "a GGUF model", PYTORCH),
    (b"PAR1", "a Parquet table", NOT_WEIGHTS),
    (b"\x89PNG", "an image (PNG)", NOT_WEIGHTS),
    (b"\xff\xd8\xff", "an image (JPEG)", NOT_WEIGHTS),
    (b"GIF8", "an image (GIF)", NOT_WEIGHTS),
    (b"%PDF", "a PDF document", NOT_WEIGHTS),
    (b"\x7fELF", "a program", NOT_WEIGHTS),
    (b"MZ", "a program", NOT_WEIGHTS),
    (b"SQLite format 3", "an SQLite database", NOT_WEIGHTS),
)
AT_OFFSET: tuple[tuple[int, bytes, str, str], ...] = (
    (257, b"ustar", "a tar archive", UNPACK),
    (4, b"TFL3", "a TensorFlow Lite model", PYTORCH),
    (4, b"ftyp", "a video", NOT_WEIGHTS),
    (8, b"WEBP", "an image (WebP)", NOT_WEIGHTS),
)
AGAIN = "Get the file again"


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as a safetensors file does: eight bytes of length, then a JSON header."""
    with path.open("rb") as file:
        head = file.read(9)
    return head[8:] == b"{" and int.from_bytes(head[:8], "little") < LONGEST_HEADER


def not_a_checkpoint(path: Path) -> str:
    """What a file is, if its first bytes show that it is no checkpoint: the end of a message.

    Args:
        path: an existing file.

    Returns:
        E.g. "not a checkpoint, but a web page (…). Get the file again …"; empty where nothing speaks against it.
        What is inside of a file that begins as a checkpoint does is not looked at.
    """
    size = path.stat().st_size
    if not size:
        return f"not a checkpoint, but an empty file. {AGAIN}."
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_archive(path)
    if found := _of_text(head) or _of_signature(head):
        what, mend = found
        return f"not a checkpoint, but {what}. {mend}"
    if not head.strip(b"\0"):
        return f"not a checkpoint: its first {len(head):,} bytes are zeros: it was never written whole. {AGAIN}."
    return ""


def _of_signature(head: bytes) -> tuple[str, str] | None:
    for start, what, mend in SIGNATURES:
        if head.startswith(start):
            return what, mend
    for offset, mark, what, mend in AT_OFFSET:
        if head[offset : offset + len(mark)] == mark:
            return what, mend
    # Protocol buffers begin with a small version, and the number of the field after it.
    if head.startswith(b"\x08\x01\x12") and not re.match(rb"\x08\x01\x12[\x01-\x40][ -~]+", head):
        return "a TensorFlow model", PYTORCH
    if re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x32\x3a\x42]", head):
        return "an ONNX model", PYTORCH
    return None


def _of_text(head: bytes) -> tuple[str, str] | None:
    """What a file of text is: a page, an error, a pointer."""
    text = _decode(head)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("version https://git-lfs"):
        return (
            "a Git LFS pointer, which stands for the file",
            'Get the file itself: "git lfs pull" in its repository, or the download link of its page.',
        )
    if re.match(r"(\.\./)*\.git/annex/|/annex/objects/", start):
        return "a git-annex pointer, which stands for the file", 'Get the file itself: "git annex get".'
    if re.match(r"<(!doctype|html|head|body|\?xml|!--|error|script)", start, re.IGNORECASE):
        return _page(start)
    if start[:1] in ("{", "["):
        return f"a message in JSON ({_short(start)})", f"{AGAIN}, from a link that gives it to you."
    if start:
        return f"a text ({_short(start)})", f"{AGAIN}, from a link that gives it to you."
    return None


def _page(text: str) -> tuple[str, str]:
    """A web page, or the XML in which object stores answer, with the title or the code that it bears."""
    title = re.search(r"<title[^>]*>\s*(.*?)\s*</title>|<Code>\s*(.*?)\s*</Code>", text, re.IGNORECASE | re.DOTALL)
    said = _short(title[1] or title[2] or "") if title else ""
    way = "in a browser, and look at the size of what comes" if "drive" in said.lower() else "by its download link"
    return f"a web page{f' ({said})' if said else ''}", f"{AGAIN}, {way}."


def _of_archive(path: Path) -> str:
    """The same for a ZIP archive, as PyTorch's files are; empty for those."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        return f"not a whole checkpoint: it begins as one does, but its end is missing. {AGAIN}."
    if any(name.endswith("/data.pkl") and name.count("/") == 1 for name in names):
        return ""
    if any(name.endswith("/model.json") for name in names):
        return "not a checkpoint, but a TorchScript archive from before PyTorch 1.4. Give its tensors as a state."
    if names and all(name.endswith(".npy") for name in names):
        return f"not a checkpoint, but NumPy arrays ({_list_names(names)}). {PYTORCH}"
    if any(name.endswith("AndroidManifest.xml") or name.startswith("META-INF/") for name in names):
        return f"not a checkpoint, but a Java archive. {NOT_WEIGHTS}"
    if "config.json" in names and "model.weights.h5" in names:
        return f"not a checkpoint, but a Keras model. {PYTORCH}"
    if not names:
        return f"not a checkpoint, but an empty ZIP archive. {AGAIN}."
    return f"not a checkpoint, but a ZIP archive around {_list_names(names)}. {UNPACK}"


def _list_names(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _decode(head: bytes) -> str | None:
    """The text that a file begins with; None where it is not text."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    # The last character may be cut by the end of what was read.
    text = head.decode(encoding, errors="ignore" if len(head) == HEAD else "replace")
    controls = sum(not character.isprintable() and character not in "\t\r\n\f\ufeff" for character in text)
    return text if text and not controls and "\ufffd" not in text else None


def _short(text: str) -> str:
    """At most 60 letters of a text, in one line."""
    if text.startswith("{"):
        try:
            content = json.loads(text)
            text = next((str(content[key]) for key in ("error", "message", "detail") if key in content), text)
        except ValueError:
            pass
    return cut(" ".join(text.split()), 60)
