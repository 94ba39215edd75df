"""What a file in an image's place is, by its first bytes, and what helps."""

import re

from common.image_formats import FORMATS, HEIC_MEND

# JPEG's frames that no decoder here knows, by their marker: ITU-T T.81, T.87.
OTHER_FRAMES = {
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), "a JPEG without loss (of 1993)"),
    **dict.fromkeys((0xC5, 0xC6, 0xCD, 0xCE), "a hierarchical JPEG"),
    0xF7: "a JPEG-LS image",
}
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
CONVERT, GET_ITSELF = "Convert it to JPEG or PNG", "Get the file itself, by its download link"
# What other files begin with, what a person calls them, and what helps.
OTHERS = (
    (rb"%PDF", "a PDF", CONVERT),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript", CONVERT),
    (rb"PK\x03\x04", "a ZIP archive", "Unpack it"),
    (rb"\x1f\x8b|BZh|7z\xbc\xaf|Rar!", "an archive", "Unpack it"),
    (rb"8BPS", "a Photoshop document", CONVERT),
    (rb"\x76\x2f\x31\x01", "an OpenEXR image", CONVERT),
    (rb"#\?(RADIANCE|RGBE)", "a Radiance HDR image", CONVERT),
    (rb"\0\0\x01\0[^\0]\0|icns", "an icon", CONVERT),
    (rb"ID3|fLaC|OggS|RIFF....WAVE", "a sound", "Use an image"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL image", CONVERT),
    (rb"....ftyp(hei|hev|mif1|msf1)", "a HEIC image", CONVERT),
    (rb"....ftypcrx|FUJIFILMCCD-RAW|IIU\0|IIRO", "a camera's raw file", "Develop it to JPEG or PNG"),
    (rb"....ftyp(?!avi[fs])|\x1a\x45\xdf\xa3|RIFF....AVI ", "a video", "Use one of its frames"),
    (
        rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^[>]*(\[.*?\]\s*)?>\s*)?(<!--.*?-->\s*)*<svg",
        "an SVG drawing",
        CONVERT,
    ),
    (rb"\s*(<!--.*?-->\s*)?<(!doctype )?html", "a web page", GET_ITSELF),
    (rb"\s*\{\s*\"", "a message in JSON", GET_ITSELF),
    (rb"\0\x05\x16\x07", "what a Mac keeps beside an image (AppleDouble)", "Use the image of the same name without ._"),
    (rb"P[7F]\s", "a Netpbm image of a kind that is not read", CONVERT),
    (rb".{128}DICM", "a DICOM image", CONVERT),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf", "a document of an office program", "Take the image out of it"),
    (rb"version https://git-lfs", "a pointer of Git LFS", "Get the image with git lfs pull"),
    (rb"/9j/[\w+/]|iVBORw0KGgo|data:image/", "an image written out as text (Base64)", "Decode it into a file"),
    (rb"\0{256}", "a file of zeros, as a broken copy leaves", "Copy it again"),
)


def name_other_kind(data: bytes) -> str:
    """What a file is that no decoder here knows, and what helps: the end of a message, with its point."""
    start = data[:1000].removeprefix(b"\xef\xbb\xbf")
    found = [other for other in OTHERS if re.match(other[0], start, re.DOTALL | re.IGNORECASE)]
    if not found and is_text(start):
        return f"it is a text, no image format that is known here. {GET_ITSELF}."
    if not found:
        return f"no image format that is known here. {CONVERT}."
    _, what, mend = found[0]
    if what == "a HEIC image" and "HEIF" not in FORMATS:
        mend = HEIC_MEND
    return f"it is {what}, no image format that is known here. {mend}."


def name_other_jpeg(data: bytes) -> str:
    """What kind of JPEG a file is that no decoder here knows, and what helps, with its point; empty where one does."""
    place = 2
    while data[:2] == b"\xff\xd8" and place + 5 <= len(data) and data[place] == 0xFF:
        kind, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if kind in OTHER_FRAMES:
            return f"it is {OTHER_FRAMES[kind]}, which is not read. {CONVERT}."
        if kind in FRAMES:
            bits = data[place + 4]
            return "" if bits == 8 else f"it is a JPEG of {bits} bits a channel, which is not read. {CONVERT}."
        place += 2 + length
    return ""


def is_text(start: bytes) -> bool:
    """Whether a file's first bytes are text, such as a server's answer; its last few may be half a letter."""
    try:
        text = start[: -4 if len(start) > 900 else None].decode()
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign in "\r\n\t\f" for sign in text)
