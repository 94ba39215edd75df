"""Whole pictures: every format, mode, orientation, and what they show."""

import struct

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from tests.faults.cases import DONE, NO_FACE, SMALL, UNREADABLE, Corpus
from tests.faults.made_pictures import ORIENTATION, contact_sheet, face, rgb_16_bit_png, stored, turned_pictures


def formats_cases(corpus: Corpus) -> None:
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


def modes_cases(corpus: Corpus) -> None:
    picture = face(3)
    grey = np.asarray(picture.convert("L"))
    disc = Image.new("L", picture.size, 0)
    ImageDraw.Draw(disc).ellipse((2, 2, 317, 317), fill=255)
    corpus.add("cmyk.jpg", stored(picture.convert("CMYK"), "JPEG", quality=92), DONE)
    corpus.add("grey.png", stored(picture.convert("L"), "PNG"), DONE)
    corpus.add("grey-16-bit.png", stored(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"), DONE)
    corpus.add("rgb-16-bit.png", rgb_16_bit_png(np.asarray(picture)), DONE)
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


def orientations(corpus: Corpus) -> None:
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


def animations(corpus: Corpus) -> None:
    picture = face(5)
    others = [Image.new("RGB", picture.size, colour) for colour in ("black", "red")]
    together: dict[str, object] = {"save_all": True, "append_images": others, "duration": 100}
    corpus.add("animated.gif", stored(picture, "GIF", **together), DONE)
    corpus.add("animated.webp", stored(picture, "WEBP", **together), DONE)
    corpus.add("animated.png", stored(picture, "PNG", **together), DONE)
    corpus.add("pages.tiff", stored(picture, "TIFF", save_all=True, append_images=others), DONE)


def faces_cases(corpus: Corpus) -> None:
    picture, noise = face(6), corpus.random.integers(0, 256, (160, 160, 3), np.uint8)
    corpus.add("one-pixel.png", stored(Image.new("RGB", (1, 1), "grey"), "PNG"), NO_FACE, says="no face")
    corpus.add("one-wide.png", stored(Image.new("RGB", (1, 1500), "grey"), "PNG"), NO_FACE, says="no face")
    corpus.add("one-high.png", stored(Image.new("RGB", (1500, 1), "grey"), "PNG"), NO_FACE, says="no face")
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
