"""Images of six known colours, in any file and by the numbers of any colour space."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

from stages.media.colour import decoding_curve, primaries_matrix
from stages.media.decode_image import decode_image

COLOURS = np.array([(192, 96, 64), (128, 64, 32), (240, 200, 160), (64, 64, 64), (192, 192, 192), (32, 96, 192)])

PICTURE = np.repeat(np.repeat(COLOURS[None], 48, axis=0), 8, axis=1).astype(np.uint8)  # (48, 48, 3)


def stored(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes, broken: bool = False) -> bytes:
    check = zlib.crc32(kind + content) ^ broken
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def with_chunk(png: bytes, added: bytes) -> bytes:
    return png[:33] + added + png[33:]


def gif_without_palette(image: Image.Image) -> bytes:
    data = stored(image, "GIF")
    colours = 3 << (data[10] & 7) + 1
    return data[:10] + bytes([data[10] & 0x7F]) + data[11:13] + data[13 + colours :]


def tiff(values: np.ndarray, photometric: int, **more: tuple[int, ...] | int) -> bytes:
    """A TIFF of (H, W) or (H, W, C) numbers, of two or four bytes each, with further tags.

    Args:
        values: of any kind of numbers; the tags are made of it.
        photometric: 0 for white at 0, 1 for black at 0, 2 for RGB.
        more: values of the tags `planar`, `extra` and `map` (a palette's); `planar=2` lays the channels one behind the
            other.
    """
    height, width, channels = (*values.shape, 1)[:3]
    data = (np.moveaxis(values, 2, 0) if more.get("planar") == 2 else values).tobytes()
    sign = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tags: dict[int, object] = {256: width, 257: height, 258: (values.itemsize * 8,) * channels, 259: 1}
    tags |= {262: photometric, 277: channels, 278: height, 339: (sign,) * channels}
    tags |= {number: more[name] for name, number in (("planar", 284), ("map", 320), ("extra", 338)) if name in more}
    planes = channels if more.get("planar") == 2 else 1
    ifd = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    for number, value in tags.items():
        ifd[number] = value
    ifd[273] = tuple(len(data) // planes * plane for plane in range(planes))  # Pillow adds the directory's length
    ifd[279] = (len(data) // planes,) * planes
    return b"II*\0\x08\0\0\0" + ifd.tobytes(8) + data


def shown(data: bytes) -> np.ndarray:
    """(6, 3) the middle of each patch."""
    return decode_image(data, "p")[24, 4::8].astype(int)


def face(repository: Path) -> Image.Image:
    with Image.open(repository / "weights/bundled/demo/faces/face_16.jpg") as picture:
        return picture.convert("RGB")


def light_of(pixels: np.ndarray) -> np.ndarray:
    """Linear light of sRGB pixels, 0 to 1."""
    return decoding_curve("sdr")[pixels.astype(np.uint16) * 257]


def profile(points: str, gamma: float) -> bytes:
    """An ICC profile of a matrix and a curve, version 2."""
    to_srgb = primaries_matrix_of(points)
    to_xyz = np.array([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169],
                       [0.0139322, 0.0971045, 0.7141733]]) @ to_srgb  # fmt: skip
    fixed = lambda *values: b"".join(struct.pack(">i", round(value * 65536)) for value in values)  # noqa: E731
    xyz = lambda values: b"XYZ \0\0\0\0" + fixed(*values)  # noqa: E731
    curve = b"curv\0\0\0\0\0\0\0\x01" + struct.pack(">H", round(gamma * 256)) + b"\0\0"
    name = b"desc\0\0\0\0\0\0\0\x02x\0" + bytes(78)
    tags = [(b"desc", name), (b"cprt", b"text\0\0\0\0x\0\0\0"), (b"wtpt", xyz((0.9642, 1.0, 0.8249)))]
    tags += [(kind, xyz(to_xyz[:, index])) for index, kind in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(kind, curve) for kind in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile_of(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of grey and a curve, version 2."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0\0\0\0\x01" + struct.pack(">H", round(gamma * 256)) + b"\0\0"
    name = b"desc\0\0\0\0\0\0\0\x02x\0" + bytes(78)
    return _profile_of(b"GRAY", [(b"desc", name), (b"wtpt", white), (b"kTRC", curve)])


def _profile_of(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    place, table, body = 132 + 12 * len(tags), b"", b""
    for kind, content in tags:
        content += bytes(-len(content) % 4)
        table += kind + struct.pack(">II", place + len(body), len(content))
        body += content
    size = place + len(body)
    kinds = (b"mntr", space, b"XYZ ", bytes(12), b"acsp")
    header = struct.pack(">I4sI4s4s4s12s4s", size, bytes(4), 0x02400000, *kinds)
    header += bytes(68 - len(header)) + struct.pack(">iii", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def primaries_matrix_of(name: str) -> np.ndarray:
    return primaries_matrix(name).astype(float)


def in_space(pixels: np.ndarray, name: str, gamma: float) -> np.ndarray:
    """sRGB pixels by the numbers of another space."""
    light = light_of(pixels) @ np.linalg.inv(primaries_matrix_of(name)).T
    return (light.clip(0, 1) ** (1 / gamma) * 255 + 0.5).astype(np.uint8)
