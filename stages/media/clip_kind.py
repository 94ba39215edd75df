"""What a clip's file is before anything decodes it: a list of other files, locked, or no clip at all."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from common.errors import ClipError
from stages.media.clip_place import ONE_FILE
from stages.media.cut_short import ASF_HEADER
from stages.media.image_kind import is_text
from stages.media.repair_image import PNG

# Lists that name other files: what they name may be anywhere and change, and nothing of it would be in our records.
LISTS = (
    (rb"\s*#EXTM3U", "a playlist (HLS)"),
    (rb"\s*ffconcat version", "a list of clips (ffconcat)"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<MPD\b", "a playlist (DASH)"),
    (rb"v=0\r?\no=", "a description of a live stream (SDP)"),
    (rb"\[playlist\]|\[Reference\]", "a playlist"),
)
# What came in a clip's place.
OTHERS = (
    (rb"(?i)\s*(<!--.*?-->\s*)?<(!doctype html|html)", "a web page: get the file itself, by its download link"),
    (rb"version https://git-lfs", "a Git LFS pointer: get the file itself with git lfs pull"),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b", "an archive: unpack it, and give the clip that is in it"),
    (rb"%PDF", "a PDF: use a video"),
)
TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
Y4M = b"YUV4MPEG2 "  # behind it, dark pixels may well be letters
PNG_END = b"IEND\xaeB`\x82"
BEGINNING = 4096


def check_clip_file(path: Path) -> None:
    """Refuse what no decoder can make a clip of.

    Args:
        path: a file that is there and not empty.

    Raises:
        ClipError: it is of another kind, lists other files, is encrypted, or two files in one.
    """
    with path.open("rb") as file:
        start = file.read(BEGINNING)
    start = start.removeprefix(b"\xef\xbb\xbf")
    for pattern, name in LISTS:
        if re.match(pattern, start):
            raise ClipError(f"{path}: {name}, not a clip. Make one file of it: ffmpeg -i LIST -c copy clip.mkv.")
    for pattern, name in OTHERS:
        if re.match(pattern, start, re.DOTALL):
            raise ClipError(f"{path}: not a clip, but {name}.")
    if is_text(start) and not start.startswith(Y4M):
        raise ClipError(f"{path}: not a clip, but a text: get the file itself, by its download link.")
    if start[:4] in TIFFS and (pages := _pages(path)) > 1:
        raise ClipError(
            f"{path}: a TIFF of {pages:,} pages, and a clip's decoder shows the first alone. Save each page as an "
            f"image, and make one file of them: {ONE_FILE}."
        )
    if start[4:8] in (b"ftyp", b"styp", b"moov") and is_encrypted(path):
        raise ClipError(f"{path}: encrypted (its tracks are locked with a key). Export it without protection.")
    if is_joined(path):
        raise ClipError(
            f"{path}: two files joined into one, of which players show the first alone. Split them, or join them with "
            "an editor."
        )


def _pages(path: Path) -> int:
    """How many pages a TIFF has; 0 where it does not say."""
    try:
        with Image.open(path) as picture:
            return int(getattr(picture, "n_frames", 1))
    except Exception:  # Pillow's reader raises whatever the damage leads it to
        return 0


def is_encrypted(path: Path) -> bool:
    """Whether an MP4's track of images is of the kind `encv`: ISO/IEC 23001-7."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        index = next((content[start:end] for kind, start, end in _boxes(content) if kind == b"moov"), b"")
        return re.search(rb"stsd.{12}encv", index, re.DOTALL) is not None


def is_joined(path: Path) -> bool:
    """Whether a second clip follows in a file of a kind whose decoders end with the first; others show both."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[4:8] in (b"ftyp", b"styp", b"moov", b"mdat", b"wide"):
            return [kind for kind, _, _ in _boxes(content)].count(b"moov") > 1
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            end = 8 + int.from_bytes(content[4:8], "little")
            return content[end : end + 4] == b"RIFF"
        if content[:8] == PNG:
            return content.find(PNG_END + PNG) > 0
        if content[:4] == b"FLV\1":
            return content.find(content[:13], 13) > 0
        return content[:16] == ASF_HEADER and content.find(ASF_HEADER, 16) > 0


def _boxes(content: mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """The kinds of an MP4's outermost boxes, and where each begins and ends."""
    place, size = 0, len(content)
    while place + 8 <= size:
        length = int.from_bytes(content[place : place + 4])
        if length == 1:
            length = int.from_bytes(content[place + 8 : place + 16])
        end = size if length == 0 else min(place + length, size)
        if end < place + 8:
            return
        yield content[place + 4 : place + 8], place, end
        place = end
