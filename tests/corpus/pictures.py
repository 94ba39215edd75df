"""Pictures of every kind that people bring, each of six known colours above a dark foot."""

import struct
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from common.image_formats import FORMATS
from tests.corpus.picture_files import (
    COLOURS,
    EOI,
    GREY,
    GREYS,
    NEAR,
    QUALITY,
    avif,
    chunk,
    clear,
    coded,
    greys,
    in_lab,
    in_space,
    jpeg,
    kind,
    like,
    linear,
    narrow,
    numbers,
    oriented,
    picture,
    plain,
    png,
    portable,
    profiled,
    profiled_jpeg_2000,
    stored,
    with_alpha,
    with_chunk,
)
from tests.corpus.refused_pictures import REFUSED_PICTURES
from tests.stages.media.made_images import tiff

HALF = np.where(np.arange(6)[:, None] < 3, COLOURS, 128)
HALF_GREY = np.where(np.arange(6) < 3, GREYS, 128)[:, None].repeat(3, axis=1)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CHROMATICITIES = chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
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
PACKED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("TIFF, PackBits", "c.tif", "TIFF", {"compression": "packbits"}),
    ("TIFF, Zstandard", "c.tif", "TIFF", {"compression": "zstd"}),
    ("BigTIFF", "c.tif", "TIFF", {"big_tiff": True}),
    ("JPEG 2000, bare (.j2k)", "c.j2k", "JPEG2000", {"no_jp2": True}),
)
LOSSY: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("JPEG", "c.jpg", "JPEG", QUALITY),
    ("JPEG, progressive", "c.jpg", "JPEG", {**QUALITY, "progressive": True}),
    ("JPEG called .png", "c.png", "JPEG", QUALITY),
    ("WebP", "c.webp", "WEBP", {"quality": 95}),
    ("AVIF", "c.avif", "AVIF", {"quality": 95, "subsampling": "4:4:4"}),
)

PLAIN = [
    *(kind(name, file, partial(plain, form, options)) for name, file, form, options in (*BARE, *PACKED)),
    *(kind(name, file, partial(plain, form, options), right=NEAR) for name, file, form, options in LOSSY),
    kind("TIFF, JPEG inside", "c.tif", partial(plain, "TIFF", {"compression": "jpeg", **QUALITY}), right=NEAR),
    kind("TIFF in YCbCr", "c.tif", lambda: stored(picture().convert("YCbCr"), "TIFF"), right=NEAR),
    kind(
        "MPO, two images of a stereo camera (its first)",
        "c.mpo",
        lambda: stored(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], **QUALITY),
        right=NEAR,
    ),
    kind("GIF without its end", "c.gif", lambda: stored(picture(), "GIF")[:-1], right=NEAR),
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
    kind(
        "16 bits of grey in TIFF, white at 0",
        "c.tif",
        lambda: tiff((65535 - greys() * 257).astype("u2"), 0),
        right=GREY,
    ),
    kind(
        "16 bits of colour in TIFF, with a fourth channel that is no alpha",
        "c.tif",
        lambda: tiff(np.dstack([numbers() * 257, greys() * 0]).astype("u2"), 2, extra=0),
    ),
    kind(
        "Transparent half, 16 bits in TIFF, multiplied in",
        "c.tif",
        lambda: tiff((np.asarray(clear("RGBa")).astype("u2")) * 257, 2, extra=1),
        right=like(HALF),
    ),
    kind("16 bits of colour in PNG", "c.png", lambda: png(numbers() * 257, 2)),
    kind("10 bits of colour in 16", "c.png", lambda: png(numbers() * 1023 // 255, 2)),
    kind("16 bits of grey in PGM", "c.pgm", lambda: portable(greys()[..., None], b"P5"), right=GREY),
    kind("16 bits of colour in PPM", "c.ppm", lambda: portable(numbers(), b"P6")),
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
    kind("Transparent half, TIFF", "c.tif", lambda: stored(clear(), "TIFF"), right=like(HALF)),
    kind("Transparent half, TGA", "c.tga", lambda: stored(clear(), "TGA"), right=like(HALF)),
    kind("Transparent half, AVIF", "c.avif", lambda: stored(clear(), "AVIF", quality=95), right=like(HALF, 14)),
    kind(
        "Transparent half, animated WebP (its first frame)",
        "c.webp",
        lambda: stored(clear(), "WEBP", save_all=True, append_images=[clear()], lossless=True),
        right=like(HALF),
    ),
    kind("BMP of 32 bits, the last 8 unused", "c.bmp", lambda: stored(with_alpha(0), "BMP")),
    kind("TGA of 32 bits, the last 8 unused", "c.tga", lambda: stored(with_alpha(0), "TGA")),
    kind(
        "TGA of grey, 8 of its 16 bits unused", "c.tga", lambda: stored(with_alpha(0).convert("LA"), "TGA"), right=GREY
    ),
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
        "Animated PNG with a still before the animation",
        "c.png",
        lambda: stored(
            picture(), "PNG", save_all=True, default_image=True, append_images=[Image.new("RGB", (96, 64))] * 2
        ),
    ),
    kind(
        "Animated AVIF (its first frame)",
        "c.avif",
        lambda: stored(picture(), "AVIF", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95),
        right=NEAR,
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
        "PNG with a gamma of 1.8 (gAMA)",
        "c.png",
        lambda: png(in_space("bt709", 1.8), 2, 8, chunk(b"gAMA", struct.pack(">I", 55556))),
        "converted",
        like(COLOURS, 6),
    ),
    kind(
        "PNG in Display P3 with a gamma of 1.8 (cHRM, gAMA)",
        "c.png",
        lambda: png(in_space("smpte432", 1.8), 2, 8, chunk(b"gAMA", struct.pack(">I", 55556)), CHROMATICITIES),
        "converted",
        like(COLOURS, 6),
    ),
    *(
        kind(f"PNG in {name} (cICP)", "c.png", partial(coded, curve, number), "converted", like(COLOURS, 3))
        for name, curve, number in (("PQ", "smpte2084", 16), ("HLG", "arib-std-b67", 18))
    ),
    *(
        kind(
            f"PNG of narrow range (cICP), {bits} bits",
            "c.png",
            partial(narrow, bits),
            "converted",
        )
        for bits in (8, 16)
    ),
    *(
        kind(f"AVIF in {name}, 10 bits", "c.avif", partial(avif, curve), "converted", like(COLOURS, 16))
        for name, curve in (("PQ", "smpte2084"), ("HLG", "arib-std-b67"))
    ),
    *(
        kind(
            f"ICC profile: {name}, in {form}",
            file,
            partial(profiled, space, gamma, form),
            "converted",
            like(COLOURS, 8),
        )
        for name, space, gamma in (
            ("Display P3", "smpte432", 2.2),
            ("Adobe RGB", "adobe", 2.2),
            ("linear", "bt709", 1.0),
        )
        for form, file in (("PNG", "c.png"), ("TIFF", "c.tif"), ("JPEG", "c.jpg"))
    ),
    kind(
        "ICC profile: Display P3, in JPEG 2000",
        "c.jp2",
        lambda: profiled_jpeg_2000("smpte432", 2.2),
        "converted",
        like(COLOURS, 8),
    ),
    kind("A colour profile that is sRGB's", "c.png", lambda: stored(picture(), "PNG", icc_profile=SRGB)),
    kind(
        "A profile of another kind of picture",
        "c.png",
        lambda: stored(picture().convert("L"), "PNG", icc_profile=SRGB),
        right=GREY,
    ),
    kind(
        "Pixels that are not square, by their dots an inch (TIFF)",
        "c.tiff",
        lambda: stored(picture().resize((48, 64), Image.Resampling.NEAREST), "TIFF", dpi=(72, 144)),
        "converted",
        right=lambda pixels: pixels.shape == (64, 96, 3) and NEAR(pixels),
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
HEIF = [kind("HEIC (with the extra heic)", "c.heic", lambda: stored(picture(), "HEIF", quality=95), right=NEAR)]
PICTURES = [*PLAIN, *MODES, *MEANT, *REFUSED_PICTURES, *(HEIF if "HEIF" in FORMATS else [])]
