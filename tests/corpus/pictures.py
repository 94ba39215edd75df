"""Pictures of every kind that people bring, each of six known colours above a dark foot."""

import struct
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from common.image_formats import FORMATS
from tests.corpus.picture_files import (
    COLOURS,
    GREY,
    GREYS,
    NEAR,
    chunk,
    clear,
    greys,
    in_lab,
    kind,
    like,
    linear,
    numbers,
    oriented,
    picture,
    plain,
    png,
    stored,
    with_chunk,
)

HALF = np.where(np.arange(6)[:, None] < 3, COLOURS, 128)
HALF_GREY = np.where(np.arange(6) < 3, GREYS, 128)[:, None].repeat(3, axis=1)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
QUALITY: dict[str, Any] = {"quality": 95, "subsampling": 0}
BARE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("PNG", "c.png", "PNG", {}),
    ("BMP", "c.bmp", "BMP", {}),
    ("TIFF", "c.tif", "TIFF", {}),
    ("TIFF, LZW", "c.tif", "TIFF", {"compression": "tiff_lzw"}),
    ("TIFF, Deflate", "c.tif", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("WebP without loss", "c.webp", "WEBP", {"lossless": True}),
    ("JPEG 2000", "c.jp2", "JPEG2000", {}),
    ("PPM", "c.ppm", "PPM", {}),
    ("TGA", "c.tga", "TGA", {}),
    ("TGA, packed", "c.tga", "TGA", {"compression": "tga_rle"}),
)
LOSSY: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("JPEG", "c.jpg", "JPEG", QUALITY),
    ("JPEG, progressive", "c.jpg", "JPEG", {**QUALITY, "progressive": True}),
    ("JPEG called .png", "c.png", "JPEG", QUALITY),
    ("WebP", "c.webp", "WEBP", {"quality": 95}),
    ("AVIF", "c.avif", "AVIF", {"quality": 95, "subsampling": "4:4:4"}),
)
EOI = b"\xff\xd9"


def jpeg() -> bytes:
    """The picture as a JPEG."""
    return stored(picture(), "JPEG", **QUALITY)


def tiff_of_floats() -> bytes:
    """A TIFF of floating-point RGB, as renderers write it."""
    pixels = (numbers() / 255).astype("<f4")
    tags = [(256, 4, 1, 96), (257, 4, 1, 64), (258, 3, 1, 32), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 200)]
    tags += [(277, 3, 1, 3), (278, 4, 1, 64), (279, 4, 1, pixels.nbytes), (339, 3, 1, 3)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)).ljust(200, b"\0") + pixels.tobytes()


PLAIN = [
    *(kind(name, file, partial(plain, form, options)) for name, file, form, options in BARE),
    *(kind(name, file, partial(plain, form, options), right=NEAR) for name, file, form, options in LOSSY),
    kind("GIF", "c.gif", lambda: stored(picture(), "GIF"), right=NEAR),
    *(
        kind(
            f"JPEG, stored turned with EXIF orientation {one}",
            "c.jpg",
            partial(oriented, one, "JPEG", **QUALITY),
            right=NEAR,
        )
        for one in range(2, 9)
    ),
    kind("PNG with EXIF orientation 6", "c.png", lambda: oriented(6, "PNG")),
    kind("WebP with EXIF orientation 5", "c.webp", lambda: oriented(5, "WEBP", lossless=True)),
    kind("TIFF with orientation 8", "c.tif", lambda: oriented(8, "TIFF")),
    kind("AVIF with orientation 7", "c.avif", lambda: oriented(7, "AVIF", quality=95), right=NEAR),
]
MODES = [
    kind("Palette", "c.png", lambda: stored(picture().quantize(16), "PNG")),
    kind("Grey", "c.png", lambda: stored(picture().convert("L"), "PNG"), right=GREY),
    kind(
        "Grey of 2 bits",
        "c.png",
        lambda: stored(picture().convert("L").quantize(4), "PNG", bits=2),
        right=like(GREYS[:, None].repeat(3, axis=1), 40),
    ),
    kind("CMYK in JPEG", "c.jpg", lambda: stored(picture().convert("CMYK"), "JPEG", **QUALITY), right=NEAR),
    kind("CMYK in TIFF", "c.tif", lambda: stored(picture().convert("CMYK"), "TIFF")),
    kind(
        "LAB in TIFF",
        "c.tif",
        lambda: stored(in_lab(), "TIFF"),
        right=NEAR,
    ),
    kind("16 bits of grey", "c.png", lambda: png(greys() * 257, 0), right=GREY),
    kind("12 bits of grey in 16", "c.png", lambda: png(greys() * 4095 // 255, 0), right=GREY),
    kind("16 bits of colour in PNG", "c.png", lambda: png(numbers() * 257, 2)),
    kind("10 bits of colour in 16", "c.png", lambda: png(numbers() * 1023 // 255, 2)),
    kind(
        "32-bit floating point grey, TIFF",
        "c.tif",
        lambda: stored(Image.fromarray((greys() / 255).astype(np.float32)), "TIFF"),
        right=GREY,
    ),
    kind(
        "Transparent half, RGBA (shown before a middle grey)", "c.png", lambda: stored(clear(), "PNG"), right=like(HALF)
    ),
    kind("Transparent half, grey with alpha", "c.png", lambda: stored(clear("LA"), "PNG"), right=like(HALF_GREY, 3)),
    kind("Transparent half, WebP", "c.webp", lambda: stored(clear(), "WEBP", lossless=True), right=like(HALF)),
    kind("Transparent half, palette", "c.png", lambda: stored(clear().quantize(32), "PNG"), right=like(HALF, 12)),
    kind(
        "Transparent half, 16 bits",
        "c.png",
        lambda: png(np.dstack([numbers(), np.asarray(clear())[..., 3:]]) * 257, 6),
        right=like(HALF),
    ),
    kind(
        "One transparent colour (tRNS)",
        "c.png",
        lambda: with_chunk(png(numbers(), 2, 8), b"tRNS", struct.pack(">HHH", *COLOURS[5])),
        right=like(np.vstack([COLOURS[:5], [[128] * 3]])),
    ),
    kind(
        "Animated GIF (its first frame)",
        "c.gif",
        lambda: stored(picture(), "GIF", save_all=True, append_images=[Image.new("RGB", (96, 64))]),
        right=NEAR,
    ),
    kind(
        "Animated WebP (its first frame)",
        "c.webp",
        lambda: stored(picture(), "WEBP", save_all=True, append_images=[Image.new("RGB", (96, 64))], lossless=True),
    ),
    kind(
        "Animated PNG (its first frame)",
        "c.png",
        lambda: stored(picture(), "PNG", save_all=True, append_images=[Image.new("RGB", (96, 64))]),
    ),
    kind(
        "TIFF of several pages (its first)",
        "c.tif",
        lambda: stored(picture(), "TIFF", save_all=True, append_images=[Image.new("RGB", (96, 64))]),
    ),
]
MEANT = [
    kind(
        "PNG of linear light (gAMA 1.0)",
        "c.png",
        lambda: png(linear(), 2, 16, chunk(b"gAMA", struct.pack(">I", 100000))),
        "converted",
    ),
    kind(
        "PNG in PQ (cICP)",
        "c.png",
        lambda: png(numbers() * 257, 2, 16, chunk(b"cICP", bytes((9, 16, 0, 1)))),
        "converted",
        right=lambda pixels: True,
    ),
    kind("A colour profile that is sRGB's", "c.png", lambda: stored(picture(), "PNG", icc_profile=SRGB)),
    kind(
        "A profile of another kind of picture",
        "c.png",
        lambda: stored(picture().convert("L"), "PNG", icc_profile=SRGB),
        right=GREY,
    ),
    kind("A damaged profile", "c.png", lambda: stored(picture(), "PNG", icc_profile=b"profile" * 30)),
    kind("JPEG without its end marker", "c.jpg", lambda: jpeg().removesuffix(EOI), "converted", NEAR),
    kind("JPEG with line breaks before it", "c.jpg", lambda: b"\r\n" + jpeg(), "converted", NEAR),
    kind("JPEG with a film behind it", "c.jpg", lambda: jpeg() + b"\0\0\0\x18ftypmp42" + bytes(5000), right=NEAR),
    kind(
        "PNG with a damaged comment",
        "c.png",
        lambda: with_chunk(stored(picture(), "PNG"), b"tEXt", b"a\0b").replace(b"a\0b", b"a\0c"),
        "converted",
    ),
    kind("PNG without its end", "c.png", lambda: stored(picture(), "PNG")[:-12]),
]
REFUSED = [
    kind(
        "Transparent everywhere",
        "c.png",
        lambda: stored(Image.new("RGBA", (9, 9)), "PNG"),
        "refused",
        says="transparent everywhere",
    ),
    kind("TIFF of floating-point RGB", "c.tif", tiff_of_floats, "refused", says="floating point in colour"),
    kind("Cut short", "c.jpg", lambda: jpeg()[: len(jpeg()) // 2], "refused", says="cut short"),
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
        says="more than 100 million",
    ),
    kind("An empty file", "c.jpg", b"", "refused", says="the file is empty"),
    *(
        kind(name, file, content, "refused", says=says)
        for name, file, content, says in (
            ("JPEG XL", "c.jxl", b"\xff\x0a" + bytes(50), "a JPEG XL picture"),
            ("PDF", "c.pdf", b"%PDF-1.7\n", "a PDF"),
            ("SVG", "c.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
            ("Photoshop document", "c.psd", b"8BPS" + bytes(50), "a Photoshop document"),
            ("OpenEXR", "c.exr", b"\x76\x2f\x31\x01" + bytes(50), "no picture format that is known here"),
            ("A web page", "c.jpg", b"<!DOCTYPE html><html></html>", "a web page"),
            ("A Git LFS pointer", "c.jpg", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            ("A video", "c.jpg", b"\0\0\0\x18ftypmp42" + bytes(50), "a video"),
        )
    ),
]
HEIF = [kind("HEIC (with the extra heic)", "c.heic", lambda: stored(picture(), "HEIF", quality=95), right=NEAR)]
PICTURES = [*PLAIN, *MODES, *MEANT, *REFUSED, *(HEIF if "HEIF" in FORMATS else [])]
