"""Whether a clip's file was cut short, in formats whose decoder does not notice because they have no end marker.

ffmpeg reports the cut in GIF, FLV and animated PNG by itself. What ends exactly between two packets of a transport or
program stream, or between two images of a bare stream (.h264, .m2v), cannot be told from a shorter recording.
"""

import mmap
import re
from collections.abc import Callable
from pathlib import Path

TAIL = 1 << 17  # bytes in which an Ogg file's last page begins, and a program stream's last pack
PACK = b"\0\0\1\xba"
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
EBML, SEGMENT, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
TS_PACKETS = ((188, 0), (192, 4))  # bytes of a packet, and where in it the sync byte stands
TS_SYNCS = 5  # packets whose sync bytes are looked at
DV_FRAMES = {False: 120_000, True: 144_000}  # bytes, by whether the first block is marked as of 50 fields a second


def lacks_its_end(path: Path) -> bool:
    """Whether a file ends before what it says is its end.

    An index that is missing behind all frames does not count.

    Args:
        path: a file that is not empty.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(test(content) for test in TESTS)


def _transport_stream(content: mmap.mmap) -> bool:
    """ISO/IEC 13818-1: packets of one length. A GIF begins with their sync byte, too, and may hold it one on."""
    size = len(content)
    for packet, sync in TS_PACKETS:
        starts = range(sync, size, packet)[:TS_SYNCS]
        if len(starts) > 1 and all(content[start] == 0x47 for start in starts) and size % packet:
            return True
    return False


def _program_stream(content: mmap.mmap) -> bool:
    """ISO/IEC 13818-1: packs of packets that say their lengths; the last of them are looked at."""
    if content[:4] != PACK:
        return False
    place = content.find(PACK, max(len(content) - TAIL, 0))
    while 0 <= place < len(content) - 3 and content[place : place + 3] == PACK[:3] and content[place + 3] >= PACK[3]:
        if place + 14 > len(content):
            return True
        if content[place : place + 4] == PACK:
            place += 14 + (content[place + 13] & 7) if content[place + 4] & 0xC0 == 0x40 else 12
        else:
            place += 6 + int.from_bytes(content[place + 4 : place + 6])
    return place > len(content)


def _mp4(content: mmap.mmap) -> bool:
    """ISO/IEC 14496-12: the boxes `mdat` hold all frames; a length of 0 goes to the end of the file."""
    if content[4:8] not in (b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return False
    place = 0
    while place + 16 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if length == 1:
            length = int.from_bytes(content[place + 8 : place + 16])
        if length < 8:
            return False
        place += length
        if place > len(content):
            return kind == b"mdat"
    return False


def _webp(content: mmap.mmap) -> bool:
    """RFC 9649: one RIFF chunk that says its length."""
    stated = int.from_bytes(content[4:8], "little") + 8
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP" and stated > len(content)


def _avi(content: mmap.mmap) -> bool:
    """The list `movi` says its length; 0 where the recorder was switched off."""
    if content[:4] != b"RIFF" or content[8:12] != b"AVI ":
        return False
    place = 0
    while place + 12 <= len(content):
        kind, length = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        if content[place + 8 : place + 12] == b"movi" and length and place + 8 + length > len(content):
            return True
        place += 12 if kind == b"RIFF" else 8 + length + length % 2
    return False


def _ogg(content: mmap.mmap) -> bool:
    """RFC 3533: the last page of a stream is marked."""
    if content[:4] != b"OggS":
        return False
    tail = content[-TAIL:]
    for page in re.finditer(rb"OggS\0.", tail, re.DOTALL):
        start = page.start()
        lengths = tail[start + 27 : start + 27 + tail[start + 26]] if start + 27 <= len(tail) else b""
        whole = bool(lengths) and start + 27 + len(lengths) + sum(lengths) <= len(tail)
        if tail[start + 5] & 4 and whole:
            return False
    return True


def _windows_media(content: mmap.mmap) -> bool:
    """ASF: the data object, behind the header object, says how long it is; 0 in a live recording."""
    if content[:16] != ASF_HEADER:
        return False
    start = int.from_bytes(content[16:24], "little")
    length = int.from_bytes(content[start + 16 : start + 24], "little")
    return content[start : start + 16] == ASF_DATA and start + length > len(content)


def _matroska(content: mmap.mmap) -> bool:
    """RFC 8794 and 9559: elements of a segment that says its length; one without a length is a live recording."""
    if content[:4] != EBML:
        return False
    start, length = _element(content, 4)
    place = start + (length or 0)
    if content[place : place + 4] != SEGMENT:
        return False
    start, length = _element(content, place + 4)
    if length is None or start + length <= len(content):
        return False
    while start + 5 <= len(content):
        name = content[start : start + 4]
        # A name is as long as its first byte says.
        place, size = _element(content, start + _width(name[0]))
        if size is None:
            return True
        start = place + size
        if start > len(content):
            return name == CLUSTER
    return True


def _element(content: mmap.mmap, place: int) -> tuple[int, int | None]:
    """Where an element's content begins and how long it is, from its length's place; None where it is not given."""
    if place >= len(content):
        return place, None
    width = _width(content[place])
    value = int.from_bytes(content[place : place + width]) & ((1 << 7 * width) - 1)
    return place + width, None if value == (1 << 7 * width) - 1 else value


def _width(first: int) -> int:
    return max(9 - first.bit_length(), 1)


def _uncompressed(content: mmap.mmap) -> bool:
    """YUV4MPEG2: frames of one size."""
    if content[:9] != b"YUV4MPEG2":
        return False
    first = content.find(b"\nFRAME") + 1
    following = content.find(b"FRAME\n", first + 6)
    return following < 0 or (len(content) - first) % (following - first) != 0


def _digital_video(content: mmap.mmap) -> bool:
    """Bare DV: frames of one size (IEC 61834)."""
    return content[:3] == b"\x1f\x07\0" and len(content) % DV_FRAMES[content[3:4] >= b"\x80"] != 0


TESTS: tuple[Callable[[mmap.mmap], bool], ...] = (
    _transport_stream,
    _program_stream,
    _mp4,
    _webp,
    _avi,
    _ogg,
    _windows_media,
    _matroska,
    _uncompressed,
    _digital_video,
)
