"""Pictures that are refused: cut short, damaged inside, of unknown meaning, or no images."""

import base64
import gzip
import struct
from functools import partial

import numpy as np
from PIL import Image

from tests.corpus.picture_files import jpeg, kind, numbers, picture, stored
from tests.stages.media.made_images import chunk, gif_without_palette, tiff, with_chunk

SPHERE = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><GPano:ProjectionType>equirectangular</GPano:ProjectionType></x:xmpmeta>'


def cut(form: str, count: int) -> bytes:
    """The image in some format, without its last bytes."""
    return stored(picture(), form)[:-count]


def damaged(form: str) -> bytes:
    """The image in some format with 40 bytes in its middle that are nothing."""
    content = stored(picture(), form)
    middle = len(content) // 2
    return content[:middle] + bytes(40) + content[middle + 40 :]


def with_header(data: bytes, size: bytes) -> bytes:
    """A PNG that claims another width and height."""
    return data[:8] + chunk(b"IHDR", size + data[24:29]) + data[33:]


def tiff_of_floats() -> bytes:
    """A TIFF of floating-point RGB, as renderers write it."""
    pixels = (numbers() / 255).astype("<f4")
    tags = [(256, 4, 1, 96), (257, 4, 1, 64), (258, 3, 1, 32), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 200)]
    tags += [(277, 3, 1, 3), (278, 4, 1, 64), (279, 4, 1, pixels.nbytes), (339, 3, 1, 3)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)).ljust(200, b"\0") + pixels.tobytes()


REFUSED_PICTURES = [
    kind(
        "Transparent everywhere",
        "c.png",
        lambda: stored(Image.new("RGBA", (9, 9)), "PNG"),
        "refused",
        says="transparent everywhere",
    ),
    kind(
        "TIFF of 16 bits, its channels one behind the other",
        "c.tif",
        lambda: tiff(numbers().astype("u2") * 257, 2, planar=2),
        "refused",
        says="channels lie one behind the other",
    ),
    kind(
        "TIFF of 16 bits with two channels beside its colours",
        "c.tif",
        lambda: tiff(np.zeros((64, 96, 5), "u2"), 2, extra=(0, 0)),
        "refused",
        says="5 channels of 16 bits",
    ),
    kind("TIFF of floating-point RGB", "c.tif", tiff_of_floats, "refused", says="floating-point numbers"),
    kind("Cut short", "c.jpg", lambda: jpeg()[: len(jpeg()) // 2], "refused", says="cut short"),
    *(
        kind(f"{name} cut short", file, partial(cut, form, count), "refused", says="cut short")
        for name, file, form, count in (
            ("WebP", "c.webp", "WEBP", 60),
            ("AVIF", "c.avif", "AVIF", 60),
            ("GIF", "c.gif", "GIF", 60),
            ("TIFF", "c.tif", "TIFF", 900),
            ("BMP", "c.bmp", "BMP", 900),
            ("TGA", "c.tga", "TGA", 900),
            ("PPM", "c.ppm", "PPM", 900),
            ("JPEG 2000", "c.jp2", "JPEG2000", 200),
        )
    ),
    *(
        kind(f"{name} damaged inside", file, partial(damaged, form), "refused", says="damaged")
        for name, file, form in (
            ("PNG", "c.png", "PNG"),
            ("AVIF", "c.avif", "AVIF"),
        )
    ),
    kind("PNG cut short", "c.png", lambda: stored(picture(), "PNG")[:150], "refused", says="cut short"),
    kind(
        "JPEG damaged inside",
        "c.jpg",
        lambda: jpeg()[:-220] + bytes(120) + jpeg()[-100:],
        "refused",
        says="damaged inside",
    ),
    kind(
        "More than 100 million pixels",
        "c.png",
        lambda: stored(Image.new("1", (20000, 20000)), "PNG"),
        "refused",
        says="at most 100 million are read. Make it smaller",
    ),
    kind(
        "Pixels that are not square, without a unit (PNG)",
        "c.png",
        lambda: with_chunk(stored(picture(), "PNG"), chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))),
        "refused",
        says="not square (2:1)",
    ),
    kind(
        "GIF without a palette",
        "c.gif",
        lambda: gif_without_palette(picture().quantize(8)),
        "refused",
        says="it has no palette",
    ),
    kind(
        "PNG that lacks rows",
        "c.png",
        lambda: with_header(stored(picture(), "PNG"), struct.pack(">II", 96, 128)),
        "refused",
        says="64 of 128 rows",
    ),
    kind(
        "JPEG 2000 in colours of narrow range",
        "c.jp2",
        lambda: stored(picture(), "JPEG2000").replace(b"colr\1\0\0\0\0\0\x10", b"colr\1\0\0\0\0\0\3"),
        "refused",
        says="of the kind 3 of JPEG 2000",
    ),
    kind("A 360° image", "c.jpg", lambda: stored(picture(), "JPEG", xmp=SPHERE), "refused", says="a sphere's map"),
    kind("An icon", "c.ico", lambda: stored(picture(), "ICO"), "refused", says="an icon"),
    kind("An empty file", "c.jpg", b"", "refused", says="the file is empty"),
    *(
        kind(name, file, content, "refused", says=says)
        for name, file, content, says in (
            ("JPEG XL", "c.jxl", b"\xff\x0a" + bytes(50), "a JPEG XL image"),
            ("PDF", "c.pdf", b"%PDF-1.7\n", "a PDF"),
            ("SVG", "c.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
            ("Photoshop document", "c.psd", b"8BPS" + bytes(50), "a Photoshop document"),
            ("OpenEXR", "c.exr", b"\x76\x2f\x31\x01" + bytes(50), "an OpenEXR image"),
            ("Radiance HDR", "c.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "a Radiance HDR image"),
            ("A camera's raw file (.cr3)", "c.cr3", b"\0\0\0\x18ftypcrx " + bytes(50), "a camera's raw file"),
            ("A camera's raw file (.raf)", "c.raf", b"FUJIFILMCCD-RAW " + bytes(50), "Develop it"),
            ("An archive", "c.jpg", gzip.compress(jpeg()), "an archive"),
            ("A server's error in JSON", "c.jpg", b'{"error": "not found"}', "a message in JSON"),
            ("An image written out as text", "c.jpg", base64.b64encode(jpeg()), "written out as text"),
            ("Zeros", "c.jpg", bytes(5000), "a file of zeros"),
            ("A web page", "c.jpg", b"<!DOCTYPE html><html></html>", "a web page"),
            ("A Git LFS pointer", "c.jpg", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            ("A video", "c.jpg", b"\0\0\0\x18ftypmp42" + bytes(50), "a video"),
        )
    ),
]
