"""Damage to an image's file: mended where no pixel is lost, reported where some are.

Decoders stop at a wrong checksum in a comment, and pass in silence over hundreds of missing bytes in a JPEG's scan.
"""

import codecs
import re
import struct
import subprocess
import zlib

import imageio_ffmpeg
import simplejpeg

from stages.media.image_kind import is_text

# What the formats that are read here begin with.
STARTS = rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|GIF8[79]a|II\*\0|MM\0\*|II\+\0|MM\0\+|\0\0\0\x0cjP  "
STARTS += rb"|\xff\x4f\xff\x51|....ftypavi[fs]"
# Formats without a true signature, and files that hold pictures: an icon's first one is its smallest.
OTHER_STARTS = rb"%PDF|%!PS|PK\x03\x04|BM|8BPS|\0\0[\x01\x02]\0|\s*<|....ftyp|\x1a\x45\xdf\xa3|P[1-7]\s"
# A line break, a byte order mark, an HTTP or MIME header, MacBinary's header: never more than this.
MOST_BEFORE, MACBINARY = 1024, 128
PNG = b"\x89PNG\r\n\x1a\n"
CHANNELS_OF_PNG = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the kind of its colours
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
# What ffmpeg's decoder says where a scan cannot be what was stored.
BROKEN_SCAN = re.compile(r"error y=|error count|overread|sos: invalid len|error dc|error ac|EOI missing", re.IGNORECASE)
# What libjpeg says of the same. Not what cameras do without harm: filling bytes before the end, odd parameters.
LOST_PLACE = re.compile(r"premature end of data|bad Huffman code|bytes before marker 0xd[0-7]")
CHECK_SECONDS = 30.0
UNPACKED = 1 << 20  # bytes at a time


def strip_prefix(data: bytes) -> bytes:
    """A file's bytes from where its image begins, where something short precedes it."""
    if re.match(STARTS, data, re.DOTALL):
        return data
    if re.match(OTHER_STARTS, data, re.DOTALL):
        return data
    found = re.compile(rb"\xff\xd8\xff[\xdb\xe0-\xef\xfe\xc0-\xc4]|\x89PNG\r\n\x1a\n").search(data, 0, MOST_BEFORE)
    return data[found.start() :] if found and _is_prefix(data[: found.start()]) else data


def _is_prefix(start: bytes) -> bool:
    """Whether bytes before an image are lines of text or MacBinary's header, and not a file that contains it."""
    if len(start) == MACBINARY and not start[0]:
        return True
    return start == codecs.BOM_UTF8 or (start.endswith((b"\n", b"\r")) and is_text(start))


def append_end(data: bytes) -> bytes:
    """A JPEG that ends without its end marker, or in the middle of it, with one; anything else as it is."""
    if not data.startswith(JPEG) or JPEG_END in data[-(1 << 10) :]:
        return data
    return data.removesuffix(b"\xff") + JPEG_END


def drop_broken_chunks(data: bytes) -> bytes:
    """A PNG without those chunks that an image can do without and whose checksums are wrong."""
    if not data.startswith(PNG):
        return data
    kept, place = [PNG], len(PNG)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        end = place + 12 + length
        kind, content = data[place + 4 : place + 8], data[place + 4 : end - 4]
        sound = end <= len(data) and zlib.crc32(content) == int.from_bytes(data[end - 4 : end])
        if sound or not kind[0] & 0x20:  # a capital letter: the image cannot do without it
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def broken_pixels(data: bytes, doubtful: bool = False) -> str:
    """What is wrong with a PNG's pixels; empty where nothing is.

    A wrong checksum of a chunk alone hides no pixel: then the pixels' own checksum counts. Pillow asks for neither
    where they fit into one block, and leaves rows black that are not there.

    Args:
        doubtful: whether the last row is black, so that its rows are to be counted.
    """
    if not data.startswith(PNG):
        return ""
    packed, sound, place = [], True, len(PNG)
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            packed.append(data[place + 8 : end - 4])
            sound = sound and zlib.crc32(data[place + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])
        place = end
    if sound and not doubtful:
        return ""
    unpacking, unpacked = zlib.decompressobj(), 0
    try:
        for part in packed:
            while part:  # never all at once: a small file may unfold into more than a machine's memory
                unpacked += len(unpacking.decompress(part, UNPACKED))
                part = unpacking.unconsumed_tail
    except zlib.error as error:
        return str(error)
    unpacked += len(unpacking.flush())
    width, height, depth, colours, interlaced = (*struct.unpack(">IIBB", data[16:26]), data[28])
    row = 1 + (width * depth * CHANNELS_OF_PNG.get(colours, 1) + 7) // 8  # bytes, the first names its filter
    rows = unpacked // row
    return f"{rows:,} of {height:,} rows are there" if rows < height and not interlaced else ""


def broken_scan(data: bytes) -> str:
    """What is wrong inside a JPEG's scan, as two decoders see it; empty where nothing is, or nobody knows.

    Takes some hundredths of a second. Pillow's decoder fills what it cannot read with something that looks like the
    image, and says nothing. libjpeg-turbo, at an eighth of the size, notices scans that end too early, ffmpeg more of
    what cannot stand in them.
    """
    if not data.startswith(JPEG):
        return ""
    try:
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1)
    except ValueError as error:
        if LOST_PLACE.search(str(error)):
            return str(error).removeprefix("Corrupt JPEG data: ")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-f", "jpeg_pipe", "-i", "-"]
    try:
        done = subprocess.run(
            [*command, "-frames:v", "1", "-f", "null", "-"], input=data, capture_output=True, timeout=CHECK_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):  # the image itself was read; that is what counts
        return ""
    said = done.stderr.decode(errors="replace").splitlines()
    if any("unsupported" in line.lower() or "not supported" in line.lower() for line in said):
        return ""
    found = [line.partition("]")[2].strip() for line in said if BROKEN_SCAN.search(line)]
    return found[-1] if found else ""
