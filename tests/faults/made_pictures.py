"""Pictures that the corpus of faults is made of: demo faces, stored in many ways."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FACES = Path(__file__).parents[2] / "weights/bundled/demo/faces"
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
# For each value of that tag, what turns the upright image into what such a camera stores.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def face(number: int = 1) -> Image.Image:
    """One of the demo's faces, 320 x 320, RGB."""
    with Image.open(FACES / f"face_{number:02d}.jpg") as picture:
        return picture.convert("RGB")


def stored(picture: Image.Image, kind: str, **options: object) -> bytes:
    """An image as a file's bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file, with its true checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def one_bit_png(width: int, height: int) -> bytes:
    """A white PNG of one bit a pixel, packed row by row: the image itself is never in memory."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def with_header(png: bytes, width: int, height: int) -> bytes:
    """A PNG that claims another size, with a checksum to match."""
    header = struct.pack(">II", width, height) + png[24:29]
    return png[:8] + chunk(b"IHDR", header) + png[33:]


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG with one chunk more, right after its header."""
    return png[:33] + chunk(kind, data) + png[33:]


def rgb_16_bit_png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a PNG of sixteen bits a channel, which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    wide = (pixels.astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def turned_pictures() -> dict[int, bytes]:
    """A face as cameras store it, for each orientation that EXIF knows; all show the same image upright."""
    files = {}
    for orientation, turn in STORED.items():
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        picture = face(4) if turn is None else face(4).transpose(turn)
        files[orientation] = stored(picture, "JPEG", quality=95, exif=exif)
    return files


def contact_sheet() -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Ten faces in one image, and the box of the one that is twice as large as the others."""
    sheet = Image.new("RGB", (1600, 960), "grey")
    sheet.paste(face(1).resize((640, 640)), (0, 0))
    places = [(640 + 320 * column, 320 * row) for row in range(2) for column in range(3)]
    places += [(320 * column, 640) for column in range(3)]
    for number, place in enumerate(places, start=2):
        sheet.paste(face(number), place)
    return sheet, (0, 0, 640, 640)
