"""What images of the corpus are made with: six known colours above a dark foot."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from stages.media.colour import decoding_curve
from stages.media.decode_image import decode_image
from tests.corpus.kinds import Kind, Outcome, ffmpeg, write
from tests.stages.media.made_images import in_space as numbers_in_space
from tests.stages.media.made_images import light_of, primaries_matrix_of, profile

COLOURS = np.array([(192, 96, 64), (128, 64, 32), (240, 200, 160), (64, 64, 64), (192, 192, 192), (32, 96, 192)])
GREYS = np.array([121, 79, 207, 64, 192, 88])
QUALITY: dict[str, Any] = {"quality": 95, "subsampling": 0}
EOI = b"\xff\xd9"
STORED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # EXIF's orientation -> Pillow's transposition that makes it
TURNED = {name: Image.Transpose(number) for name, number in STORED.items()}


def read(path: Path) -> tuple[np.ndarray, Iterable[str]]:
    """An image as it is read."""
    return decode_image(path.read_bytes(), path.name), ()


def picture() -> Image.Image:
    """96 x 64: six columns of colours, and a foot that says which way is up."""
    pixels = np.repeat(np.repeat(COLOURS[None], 16, axis=1), 64, axis=0).astype(np.uint8)
    pixels[48:] = 16
    return Image.fromarray(pixels)


def shown(pixels: np.ndarray) -> np.ndarray:
    """(6, 3) the colours that an image shows."""
    height, width = pixels.shape[:2]
    return np.stack([pixels[height // 3, width * (2 * index + 1) // 12] for index in range(6)])


def like(colours: np.ndarray, within: float = 2) -> Callable[[np.ndarray], bool]:
    """Whether an image has its foot down and these colours."""

    def right(pixels: np.ndarray) -> bool:
        foot = pixels[-4, pixels.shape[1] // 2].astype(int)
        return bool(np.abs(shown(pixels).astype(int) - colours).max() <= within and foot.max() < 60)

    return right


SAME, NEAR, GREY = like(COLOURS), like(COLOURS, 12), like(np.repeat(GREYS[:, None], 3, axis=1), 3)


def stored(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def kind(
    name: str,
    file: str,
    content: Callable[[], bytes] | bytes,
    outcome: Outcome = "read",
    right: Callable[[np.ndarray], bool] = SAME,
    says: str = "",
) -> Kind:
    """A kind whose file has this content."""
    made = content if isinstance(content, bytes) else None
    return Kind(
        name,
        lambda folder: write(file, made if made is not None else content())(folder),  # type: ignore[operator]
        outcome,
        right,
        says,
    )


def plain(form: str, options: dict[str, Any]) -> bytes:
    """The image in some format."""
    return stored(picture(), form, **options)


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(pixels: np.ndarray, colour: int, bits: int = 16, *chunks: bytes) -> bytes:
    """A PNG of (H, W) or (H, W, C) numbers of 16 bits, with further chunks after its header."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + packed + chunk(b"IEND", b"")


def with_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    """A PNG with one chunk more, right after its header."""
    return data[:33] + chunk(name, content) + data[33:]


def numbers() -> np.ndarray:
    """(64, 96, 3) the image's values as whole numbers."""
    return np.asarray(picture()).astype(np.int64)


def greys() -> np.ndarray:
    """(64, 96) the image's grey values."""
    return np.asarray(picture().convert("L")).astype(np.int64)


def oriented(orientation: int, kind_: str, **options: Any) -> bytes:
    """The image as a camera stores it that was held in some way."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture()
    return stored(image.transpose(TURNED[orientation]) if orientation in TURNED else image, kind_, exif=exif, **options)


def linear() -> np.ndarray:
    """(64, 96, 3) the image's light in 65535ths."""
    return (decoding_curve("sdr")[numbers() * 257] * 65535 + 0.5).astype(np.int64)


def in_lab() -> Image.Image:
    """The image in CIELAB."""
    spaces = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    converted = ImageCms.profileToProfile(picture(), *spaces, outputMode="LAB")
    assert converted is not None
    return converted


def clear(mode: str = "RGBA") -> Image.Image:
    """The image with its right half transparent."""
    image = picture().convert("RGBA")
    alpha = np.full((64, 96), 255, np.uint8)
    alpha[:48, 48:] = 0
    image.putalpha(Image.fromarray(alpha))
    return image.convert(mode)


def with_alpha(value: int) -> Image.Image:
    """The image with one alpha everywhere."""
    return Image.merge("RGBA", [*picture().split(), Image.new("L", (96, 64), value)])


def jpeg() -> bytes:
    """The image as a JPEG."""
    return stored(picture(), "JPEG", **QUALITY)


def portable(values: np.ndarray, kind_: bytes) -> bytes:
    """A PGM (P5) or PPM (P6) of 16 bits: (64, 96, C) 8-bit values."""
    return kind_ + b"\n96 64\n65535\n" + (values * 257).astype(">u2").tobytes()


def in_space(space: str, gamma: float) -> np.ndarray:
    """(64, 96, 3) uint8: the image by the numbers of another space."""
    return numbers_in_space(np.asarray(picture()), space, gamma)


def profiled(space: str, gamma: float, form: str) -> bytes:
    """The image by the numbers of another space, with its ICC profile."""
    options: dict[str, Any] = QUALITY if form == "JPEG" else {}
    return stored(Image.fromarray(in_space(space, gamma)), form, icc_profile=profile(space, gamma), **options)


def profiled_jpeg_2000(space: str, gamma: float) -> bytes:
    """The same as a JPEG 2000, whose profile stands in place of a number for its space."""
    data = stored(Image.fromarray(in_space(space, gamma)), "JPEG2000")
    box, head = data.index(b"colr") - 4, data.index(b"jp2h") - 4
    length = int.from_bytes(data[box : box + 4])
    content = b"colr\x02\0\0" + profile(space, gamma)
    longer = int.from_bytes(data[head : head + 4]) + len(content) + 4 - length
    rest = struct.pack(">I", len(content) + 4) + content + data[box + length :]
    return data[:head] + struct.pack(">I", longer) + data[head + 4 : box] + rest


def in_hdr(curve: str) -> np.ndarray:
    """(64, 96, 3) the image in BT.2020 and one of HDR's curves, 16 bits."""
    light = light_of(np.asarray(picture())) @ np.linalg.inv(primaries_matrix_of("bt2020")).T
    return np.searchsorted(decoding_curve(curve), light.clip(0)).clip(0, 65535)


def coded(curve: str, number: int) -> bytes:
    """A PNG in HDR that says so by H.273's numbers."""
    return png(in_hdr(curve), 2, 16, chunk(b"cICP", bytes((9, number, 0, 1))))


def narrow(bits: int) -> bytes:
    """A PNG whose numbers have a film's range, and says so."""
    step = 1 << bits - 8
    return png(np.round((numbers() / 255 * 219 + 16) * step), 2, bits, chunk(b"cICP", bytes((1, 13, 0, 0))))


def avif(curve: str) -> bytes:
    """An AVIF in HDR, of 10 bits, as ffmpeg writes it."""
    source = ("-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "96x64", "-i", "-")
    convert = "scale=out_color_matrix=bt2020:out_range=tv,format=yuv444p10le"
    tags = f"setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={curve}:range=tv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.avif"
        coder = ("-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "5", "-frames:v", "1")
        ffmpeg(*source, "-vf", f"{convert},{tags}", *coder, path, content=in_hdr(curve).astype("<u2").tobytes())
        return path.read_bytes()
