"""Files that are cut, damaged, hostile, oddly named, elsewhere, or no files at all."""

import os
import stat
import zlib

from PIL import Image

from tests.faults.cases import DONE, NO_FACE, UNREADABLE, Corpus
from tests.faults.made_pictures import FACES, face, one_bit_png, stored, with_chunk, with_header


def cut_short(corpus: Corpus) -> None:
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


def damaged(corpus: Corpus) -> None:
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
    corpus.add("header-claims-more.png", with_header(png, 320, 3200), UNREADABLE, says="320 of 3,200 rows are there")
    corpus.add("header-claims-nothing.png", with_header(png, 0, 0), UNREADABLE, says="is not readable")
    corpus.add("header-claims-all.png", with_header(png, 2**31 - 1, 2**31 - 1), UNREADABLE, says="pixels")
    corpus.add("wrong-checksum.png", png[:29] + b"\0\0\0\0" + png[33:], UNREADABLE, says="is not readable")
    corpus.add("jpeg-after-text.jpg", b"HTTP/1.1 200 OK\r\n\r\n" + stored(face(8), "JPEG"), DONE)


def bombs(corpus: Corpus) -> None:
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


def other_things(corpus: Corpus) -> None:
    eps = stored(face(10), "EPS")
    box = b"\x00\x00\x00\x18ftyp"
    for id_, data, what in (
        ("text-called.png", b"This is no image.\n" * 20, "no image format"),
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


def names_cases(corpus: Corpus) -> None:
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


def no_files(corpus: Corpus) -> None:
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


def addresses(corpus: Corpus, silent_port: int) -> None:
    silent = f"s3://a-key:a-secret@bucket/x.png?scheme=http&endpoint_override=127.0.0.1:{silent_port}"
    corpus.point("file-uri", (corpus.folder / "whole.jpg").as_uri(), DONE)
    corpus.point("file-uri-not-there", (corpus.folder / "nobody.jpg").as_uri(), UNREADABLE, says="cannot be read")
    corpus.point("file-uri-folder", corpus.folder.as_uri(), UNREADABLE, says="cannot be read")
    corpus.point("http", f"http://127.0.0.1:{silent_port}/x.jpg", UNREADABLE, says="did not arrive within")
    corpus.point("no-uri", "s3://[:::/x.jpg", UNREADABLE, says="cannot be read")
    corpus.point("silent-server", silent, UNREADABLE, says="did not arrive within")
