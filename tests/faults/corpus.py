"""Pictures as a large list of faces brings them: whole, odd, broken, hostile, or no pictures at all.

Everything is made from the bundled demo faces and a seed; nothing binary is kept. `build_corpus` writes the files into
a folder and says of each what has to become of it.
"""

import io
import os
import socket
import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from stages.errors import Reason

FACES = Path(__file__).parents[2] / "weights/bundled/demo/faces"
DONE = "done"
UNREADABLE, NO_FACE, SMALL = Reason.UNREADABLE_IMAGE, Reason.NO_FACE, Reason.FACE_TOO_SMALL
ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
# For each value of that tag, what turns the upright picture into what such a camera stores.
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


@dataclass(frozen=True)
class Case:
    """One row of the manifest.

    Attributes:
        id: names the row; says what is odd about its picture.
        image: as the manifest has it: a path from the corpus's folder, or a URI.
        expected: "done", or the `Reason`; more than one where each is honest, and `why` says why.
        says: what the sentence of a failed row must contain.
        why: why there is more than one honest outcome.
    """

    id: str
    image: str
    expected: frozenset[str]
    says: str = ""
    why: str = ""


def build_corpus(folder: Path, silent_port: int, seed: int = 0) -> list[Case]:
    """Write the corpus into a folder.

    Args:
        folder: an empty one.
        silent_port: of a server on this machine that accepts connections and never answers.
        seed: of noise and of damage.
    """
    corpus = _Corpus(folder, np.random.default_rng(seed))
    _names(corpus)  # first, for a report has not room for all that fail for one reason
    for part in (_formats, _modes, _orientations, _animations, _faces, _cut_short, _damaged, _bombs, _other_things):
        part(corpus)
    _no_files(corpus)
    _addresses(corpus, silent_port)
    return corpus.cases


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that accepts connections and never says a word; its port on this machine."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:  # shut down below
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in taken:
                connection.close()


def face(number: int = 1) -> Image.Image:
    """One of the demo's faces, 320 x 320, RGB."""
    with Image.open(FACES / f"face_{number:02d}.jpg") as picture:
        return picture.convert("RGB")


def stored(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file's bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file, with its true checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def one_bit_png(width: int, height: int) -> bytes:
    """A white PNG of one bit a pixel, packed row by row: the picture itself is never in memory."""
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


class _Corpus:
    """The folder, and the cases so far."""

    def __init__(self, folder: Path, random: np.random.Generator) -> None:
        self.folder, self.random = folder, random
        self.cases: list[Case] = []

    def add(self, id_: str, data: bytes, *expected: str, name: str = "", says: str = "", why: str = "") -> None:
        """A file, called like its id unless it has a name, and its case."""
        path = self.folder / (name or id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.point(id_, name or id_, *expected, says=says, why=why)

    def point(self, id_: str, image: str, *expected: str, says: str = "", why: str = "") -> None:
        """A case whose file is there already, or never will be."""
        assert len(expected) == 1 or why, f"{id_}: more than one outcome needs a reason"
        self.cases.append(Case(id_, image, frozenset(expected), says, why))


def _formats(corpus: _Corpus) -> None:
    for ending, kind, options in (
        ("jpg", "JPEG", {"quality": 92}),
        ("png", "PNG", {}),
        ("webp", "WEBP", {"quality": 90}),
        ("gif", "GIF", {}),
        ("tiff", "TIFF", {"compression": "tiff_lzw"}),
        ("bmp", "BMP", {}),
        ("jp2", "JPEG2000", {}),
        ("ppm", "PPM", {}),
        ("tga", "TGA", {}),
    ):
        corpus.add(f"whole.{ending}", stored(face(1), kind, **options), DONE)
    corpus.add("progressive.jpg", stored(face(2), "JPEG", progressive=True), DONE)
    corpus.add("png-called.jpg", stored(face(2), "PNG"), DONE)
    corpus.add("no-ending", stored(face(2), "JPEG"), DONE)
    corpus.add("capitals.JPEG", stored(face(2), "JPEG"), DONE)


def _modes(corpus: _Corpus) -> None:
    picture = face(3)
    grey = np.asarray(picture.convert("L"))
    disc = Image.new("L", picture.size, 0)
    ImageDraw.Draw(disc).ellipse((2, 2, 317, 317), fill=255)
    corpus.add("cmyk.jpg", stored(picture.convert("CMYK"), "JPEG", quality=92), DONE)
    corpus.add("grey.png", stored(picture.convert("L"), "PNG"), DONE)
    corpus.add("grey-16-bit.png", stored(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"), DONE)
    corpus.add("rgb-16-bit.png", _rgb_16_bit_png(np.asarray(picture)), DONE)
    corpus.add("grey-32-bit.tiff", stored(Image.fromarray(grey.astype(np.int32) * 2**22), "TIFF"), DONE)
    corpus.add("float-to-255.tiff", stored(Image.fromarray(grey.astype(np.float32)), "TIFF"), DONE)
    corpus.add("float-to-1.tiff", stored(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"), DONE)
    holes = grey.astype(np.float32)
    holes[:4], holes[4:6], holes[6:8] = np.nan, np.inf, -np.inf
    corpus.add("float-with-nan.tiff", stored(Image.fromarray(holes), "TIFF"), DONE)
    cut_out = picture.copy()
    cut_out.putalpha(disc)
    corpus.add("alpha.png", stored(cut_out, "PNG"), DONE)
    corpus.add("alpha.webp", stored(cut_out, "WEBP"), DONE)
    corpus.add("grey-alpha.png", stored(cut_out.convert("LA"), "PNG"), DONE)
    see_through = picture.copy()
    see_through.putalpha(0)
    corpus.add("all-transparent.png", stored(see_through, "PNG"), UNREADABLE, says="transparent everywhere")
    palette = picture.quantize(255)
    corpus.add("palette.png", stored(palette, "PNG"), DONE)
    corpus.add("palette-one-transparent.png", stored(palette, "PNG", transparency=3), DONE)
    levels = bytes([0, 128, *[255] * 253])
    corpus.add("palette-half-transparent.png", stored(palette, "PNG", transparency=levels), DONE)
    sharp = ImageOps.autocontrast(picture.convert("L"))
    corpus.add("one-bit.png", stored(sharp.convert("1"), "PNG"), DONE, NO_FACE, why="dots are hardly a face")
    corpus.add("ycbcr.tiff", stored(picture.convert("YCbCr"), "TIFF", compression="jpeg"), DONE)
    corpus.add("lab.tiff", stored(picture.convert("LAB"), "TIFF"), DONE)


def _rgb_16_bit_png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a PNG of sixteen bits a channel, which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    wide = (pixels.astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def turned_pictures() -> dict[int, bytes]:
    """A face as cameras store it, for each orientation that EXIF knows; all show the same picture upright."""
    files = {}
    for orientation, turn in STORED.items():
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        picture = face(4) if turn is None else face(4).transpose(turn)
        files[orientation] = stored(picture, "JPEG", quality=95, exif=exif)
    return files


def _orientations(corpus: _Corpus) -> None:
    for orientation, data in turned_pictures().items():
        corpus.add(f"exif-{orientation}.jpg", data, DONE)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = face(4).transpose(Image.Transpose.ROTATE_90)
    corpus.add("exif-6.png", stored(turned, "PNG", exif=exif), DONE)
    corpus.add("exif-6.webp", stored(turned, "WEBP", exif=exif), DONE)
    plain = stored(face(4), "JPEG", quality=92)
    for name, block in (
        ("of-noise", b"Exif\0\0" + corpus.random.bytes(500)),
        ("cut-short", b"Exif\0\0" + exif.tobytes()[:14]),
        ("nowhere", b"Exif\0\0II*\0\xf0\xff\xff\xff"),
        ("in-a-circle", b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0"),
        ("unknown", b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0"),
    ):
        block = block.removeprefix(b"Exif\0\0" * 2)
        damaged = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain[2:]
        corpus.add(f"exif-{name}.jpg", damaged, DONE)


def _animations(corpus: _Corpus) -> None:
    picture = face(5)
    others = [Image.new("RGB", picture.size, colour) for colour in ("black", "red")]
    together: dict[str, object] = {"save_all": True, "append_images": others, "duration": 100}
    corpus.add("animated.gif", stored(picture, "GIF", **together), DONE)
    corpus.add("animated.webp", stored(picture, "WEBP", **together), DONE)
    corpus.add("animated.png", stored(picture, "PNG", **together), DONE)
    corpus.add("pages.tiff", stored(picture, "TIFF", save_all=True, append_images=others), DONE)


def contact_sheet() -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Ten faces in one picture, and the box of the one that is twice as large as the others."""
    sheet = Image.new("RGB", (1600, 960), "grey")
    sheet.paste(face(1).resize((640, 640)), (0, 0))
    places = [(640 + 320 * column, 320 * row) for row in range(2) for column in range(3)]
    places += [(320 * column, 640) for column in range(3)]
    for number, place in enumerate(places, start=2):
        sheet.paste(face(number), place)
    return sheet, (0, 0, 640, 640)


def _faces(corpus: _Corpus) -> None:
    picture, noise = face(6), corpus.random.integers(0, 256, (160, 160, 3), np.uint8)
    corpus.add("one-pixel.png", stored(Image.new("RGB", (1, 1), "grey"), "PNG"), NO_FACE, says="no face")
    corpus.add("one-wide.png", stored(Image.new("RGB", (1, 5000), "grey"), "PNG"), NO_FACE, says="no face")
    corpus.add("one-high.png", stored(Image.new("RGB", (5000, 1), "grey"), "PNG"), NO_FACE, says="no face")
    corpus.add("all-black.png", stored(Image.new("RGB", (300, 300)), "PNG"), NO_FACE, says="no face")
    corpus.add("noise.png", stored(Image.fromarray(noise), "PNG"), NO_FACE, says="no face")
    scene = Image.linear_gradient("L").convert("RGB").resize((400, 300))
    ImageDraw.Draw(scene).polygon([(0, 300), (150, 80), (260, 300)], fill=(60, 90, 60))
    corpus.add("no-face.jpg", stored(scene, "JPEG"), NO_FACE, says="no face")
    outline = Image.new("RGB", (320, 320), "white")
    nose = [(140, 40), (90, 90), (85, 130), (55, 180), (85, 190), (80, 215), (95, 250), (160, 265), (230, 150)]
    ImageDraw.Draw(outline).polygon(nose, fill=(200, 160, 140))
    corpus.add("profile.png", stored(outline, "PNG"), NO_FACE, says="from the front")
    half = picture.copy()
    half.paste((90, 90, 90), (160, 0, 320, 320))
    corpus.add("half-a-face.png", stored(half, "PNG"), DONE, NO_FACE, why="half a face may be enough")
    corpus.add("upside-down.png", stored(picture.rotate(180), "PNG"), DONE)
    corpus.add("leaning.png", stored(picture.rotate(20, Image.Resampling.BICUBIC), "PNG"), DONE)
    far = Image.new("RGB", (400, 400), (120, 130, 140))
    far.paste(picture.resize((60, 60), Image.Resampling.LANCZOS), (170, 170))
    corpus.add("far-away.png", stored(far, "PNG"), SMALL, NO_FACE, why="20 pixels of face may not be seen at all")
    small = picture.resize((90, 90), Image.Resampling.LANCZOS)
    corpus.add("too-small.png", stored(small, "PNG"), SMALL, says="pixels high from brows to chin")
    corpus.add("ten-faces.jpg", stored(contact_sheet()[0], "JPEG", quality=90), DONE)
    wide = Image.new("RGB", (3000, 320), (120, 130, 140))
    wide.paste(picture, (1400, 0))
    corpus.add("panorama.jpg", stored(wide, "JPEG"), DONE)


def _cut_short(corpus: _Corpus) -> None:
    kinds: dict[str, bytes] = {
        "jpg": stored(face(7), "JPEG", quality=92),
        "png": stored(face(7), "PNG"),
        "webp": stored(face(7), "WEBP", quality=90),
        "gif": stored(face(7), "GIF"),
        "tiff": stored(face(7), "TIFF", compression="tiff_lzw"),
        "jp2": stored(face(7), "JPEG2000"),
        "bmp": stored(face(7), "BMP"),
    }
    for ending, data in kinds.items():
        for percent in (1, 30, 70, 98):
            corpus.add(
                f"cut-{percent}.{ending}", data[: len(data) * percent // 100], UNREADABLE, says="is not readable"
            )
        corpus.add(f"cut-4-bytes.{ending}", data[:4], UNREADABLE, says="is not readable")
    corpus.add("empty.jpg", b"", UNREADABLE, says="the file is empty")
    corpus.add("one-byte.jpg", b"\xff", UNREADABLE, says="is not readable")


def _damaged(corpus: _Corpus) -> None:
    for ending, kind in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF")):
        data = bytearray(stored(face(8), kind))
        middle = len(data) // 2
        data[middle : middle + 64] = corpus.random.bytes(64)
        corpus.add(
            f"damaged-middle.{ending}",
            bytes(data),
            *((UNREADABLE,) if ending == "png" else (DONE, UNREADABLE, NO_FACE)),
            why="the format has no checksum: decoders may pass over damage, and show less of the face",
        )
    png = stored(face(8), "PNG")
    corpus.add("header-claims-more.png", with_header(png, 320, 3200), DONE)  # the rows that are there show it
    corpus.add("header-claims-nothing.png", with_header(png, 0, 0), UNREADABLE, says="is not readable")
    corpus.add("header-claims-all.png", with_header(png, 2**31 - 1, 2**31 - 1), UNREADABLE, says="pixels")
    corpus.add("wrong-checksum.png", png[:29] + b"\0\0\0\0" + png[33:], UNREADABLE, says="is not readable")
    corpus.add("jpeg-after-text.jpg", b"HTTP/1.1 200 OK\r\n\r\n" + stored(face(8), "JPEG"), DONE)


def _bombs(corpus: _Corpus) -> None:
    png = stored(face(9), "PNG")
    packed = zlib.compress(bytes(64 << 20), 9)
    corpus.add("bomb-of-pixels.png", one_bit_png(20_000, 20_000), UNREADABLE, says="20000 x 20000 pixels")
    for name, kind, start in (
        ("text", b"zTXt", b"Comment\0\0"),
        ("profile", b"iCCP", b"icc\0\0"),
        ("unicode-text", b"iTXt", b"Comment\0\x01\0\0\0"),
    ):
        corpus.add(
            f"bomb-of-{name}.png", with_chunk(png, kind, start + packed), UNREADABLE, says="without its metadata"
        )
    screen = bytearray(stored(Image.new("L", (1, 1)), "GIF"))
    screen[6:10] = b"\xff\xff\xff\xff"
    corpus.add("bomb-of-screen.gif", bytes(screen), UNREADABLE, says="65535 x 65535 pixels")
    corpus.add("bomb-of-digits.ppm", b"P6 99999 99999 255\n", UNREADABLE, says="pixels")


def _other_things(corpus: _Corpus) -> None:
    eps = stored(face(10), "EPS")
    box = b"\x00\x00\x00\x18ftyp"
    for id_, data, what in (
        ("text-called.png", b"This is no picture.\n" * 20, "no picture format"),
        ("svg-called.png", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "SVG"),
        ("page.jpg", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "a web page"),
        ("document.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "PDF"),
        ("drawing.eps", eps, "PostScript"),
        ("archive.zip", b"PK\x03\x04" + corpus.random.bytes(200), "ZIP"),
        ("clip.mp4", (FACES.parent / "smile.mp4").read_bytes(), "a video"),
        ("phone.heic", box + b"heic\0\0\0\0mif1heic" + corpus.random.bytes(300), "HEIC"),
        ("broken.avif", box + b"avif\0\0\0\0mif1avif" + corpus.random.bytes(300), "is not readable"),
        ("bare.jxl", b"\xff\x0a" + corpus.random.bytes(300), "JPEG XL"),
        ("boxed.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + corpus.random.bytes(300), "JPEG XL"),
        ("zeros.bin", bytes(4096), "is not readable"),
        ("noise.bin", corpus.random.bytes(4096), "is not readable"),
    ):
        corpus.add(id_, data, UNREADABLE, says=what)


def _names(corpus: _Corpus) -> None:
    data, quick = stored(face(11), "JPEG", quality=92), stored(Image.new("L", (1, 1)), "PNG")
    for id_, name in (
        ("وجه", "وجه مبتسم.jpg"),
        ("combining", "e\u0301tude a\u0308.jpg"),
        ("emoji", "👩\u200d🚀🙂.jpg"),
        ("right-to-left", "\u202egpj.face\u202c.jpg"),
        ("newline", "two\nlines.jpg"),
        ("bell", "bell\a\x1b[31m.jpg"),
        ("longest", "f" * 251 + ".jpg"),
        ("spaces", "  a face  .jpg"),
        ("quotes", "\"a\" 'b' `c`.jpg"),
        ("percent", "100%25 %s.jpg"),
        ("hash", "a#b?c=d&e.jpg"),
        ("dash", "-rf.jpg"),
        ("backslash", "a\\b.jpg"),
        ("braces", "{id} $HOME *.jpg"),
        ("scheme-within", "take s3:/a.jpg"),
    ):
        if id_ in ("وجه", "newline", "longest"):
            corpus.add(f"name-{id_}", data, DONE, name=name)
        else:  # that it is read and has no face is as good, and takes no time
            corpus.add(f"name-{id_}", quick, NO_FACE, name=name)
    broken = b"no picture"
    corpus.add("broken-newline", broken, UNREADABLE, name="two\nlines.png", says="two\\nlines.png")
    corpus.add("broken-bell", broken, UNREADABLE, name="bell\a\x1b[31m\u202e.png", says="bell\\x07\\x1b[31m\\u202e.png")
    markup = "<img src=x onerror=alert(1)>.png"
    corpus.add("broken-markup", broken, UNREADABLE, name=markup, says=markup)
    corpus.add("broken-longest", broken, UNREADABLE, name="g" * 251 + ".png", says="g.png")
    corpus.point("name-too-long", "h" * 256 + ".jpg", UNREADABLE, says="File name too long")
    corpus.point("name-with-nul", "a\0b.jpg", UNREADABLE, says="a\\x00b.jpg")
    corpus.point("not-there", "nobody.jpg", UNREADABLE, says="No such file")
    corpus.point("upwards", "sub/../whole.jpg", DONE)
    (corpus.folder / "sub").mkdir()


def _no_files(corpus: _Corpus) -> None:
    folder = corpus.folder
    links = {
        "link.jpg": "whole.jpg",
        "link-of-link.jpg": "link.jpg",
        "loop.jpg": "loop.jpg",
        "dangling.jpg": "nowhere.jpg",
        "endless.jpg": "/dev/zero",
        "nothing.jpg": "/dev/null",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    corpus.point("link", "link.jpg", DONE)
    corpus.point("link-of-link", "link-of-link.jpg", DONE)
    corpus.point("loop", "loop.jpg", UNREADABLE, says="Too many levels of symbolic links")
    corpus.point("dangling", "dangling.jpg", UNREADABLE, says="No such file")
    corpus.point("endless", "endless.jpg", UNREADABLE, says="a device, not a file")
    corpus.point("nothing", "nothing.jpg", UNREADABLE, says="a device, not a file")
    (folder / "folder.jpg").mkdir()
    corpus.point("folder", "folder.jpg", UNREADABLE, says="a folder, not a file")
    corpus.point("through-a-file", "whole.jpg/face.jpg", UNREADABLE, says="Not a directory")
    os.mkfifo(folder / "pipe.jpg")
    corpus.point("pipe", "pipe.jpg", UNREADABLE, says="did not arrive within")
    os.mknod(folder / "socket.jpg", stat.S_IFSOCK | 0o600)
    corpus.point("socket", "socket.jpg", UNREADABLE, says="a socket, not a file")
    corpus.add("huge.jpg", stored(face(12), "JPEG"), UNREADABLE, says="MB")
    os.truncate(folder / "huge.jpg", 10 << 30)  # most of it is a hole: it takes no room
    corpus.add("locked.jpg", stored(face(12), "JPEG"), DONE if os.geteuid() == 0 else UNREADABLE)
    (folder / "locked.jpg").chmod(0)


def _addresses(corpus: _Corpus, silent_port: int) -> None:
    silent = f"s3://a-key:a-secret@bucket/x.png?scheme=http&endpoint_override=127.0.0.1:{silent_port}"
    corpus.point("file-uri", (corpus.folder / "whole.jpg").as_uri(), DONE)
    corpus.point("file-uri-not-there", (corpus.folder / "nobody.jpg").as_uri(), UNREADABLE, says="cannot be read")
    corpus.point("file-uri-folder", corpus.folder.as_uri(), UNREADABLE, says="cannot be read")
    corpus.point("http", f"http://127.0.0.1:{silent_port}/x.jpg", UNREADABLE, says="did not arrive within")
    corpus.point("no-uri", "s3://[:::/x.jpg", UNREADABLE, says="cannot be read")
    corpus.point("silent-server", silent, UNREADABLE, says="did not arrive within")
