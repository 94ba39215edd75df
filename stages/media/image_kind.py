"""What a file in an image's place is, by its first bytes, and what helps."""

import re

from common.image_formats import FORMATS, HEIC_MEND

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
    (rb"\0\0\x01\0[^\0]\0", "an icon", CONVERT),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL image", CONVERT),
    (rb"....ftyp(hei|hev|mif1|msf1)", "a HEIC image", CONVERT),
    (rb"....ftypcrx|FUJIFILMCCD-RAW|IIU\0|IIRO", "a camera's raw file", "Develop it to JPEG or PNG"),
    (rb"....ftyp(?!avi[fs])|\x1a\x45\xdf\xa3|RIFF....AVI ", "a video", "Use one of its frames"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", "an SVG drawing", CONVERT),
    (rb"\s*<(!doctype )?html", "a web page", GET_ITSELF),
    (rb"\s*\{\s*\"", "a message in JSON", GET_ITSELF),
    (rb"version https://git-lfs", "a pointer of Git LFS", "Get the image with git lfs pull"),
    (rb"/9j/[\w+/]|iVBORw0KGgo|data:image/", "an image written out as text (Base64)", "Decode it into a file"),
    (rb"\0{256}", "a file of zeros, as a broken copy leaves", "Copy it again"),
)


def name_other_kind(data: bytes) -> str:
    """What a file is that no decoder here knows, and what helps: the end of a message, with its point."""
    start = data[:1000]
    found = [other for other in OTHERS if re.match(other[0], start, re.DOTALL | re.IGNORECASE)]
    if not found:
        return f"no image format that is known here. {CONVERT}."
    _, what, mend = found[0]
    if what == "a HEIC image" and "HEIF" not in FORMATS:
        mend = HEIC_MEND
    return f"it is {what}, no image format that is known here. {mend}."
