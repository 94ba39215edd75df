"""What stands in an image's place is called what it is."""

import pytest

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from tests.stages.media.made_images import PICTURE, stored

JPEG = stored(PICTURE, "JPEG")
FRAME = JPEG.index(b"\xff\xc0")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (JPEG[: FRAME + 4] + b"\x0c" + JPEG[FRAME + 5 :], "a JPEG of 12 bits a channel"),
        (JPEG[:FRAME] + b"\xff\xc3" + JPEG[FRAME + 2 :], "a JPEG without loss"),
        (b"\xff\xd8\xff\xf7" + JPEG[4:], "a JPEG-LS image"),
        (JPEG[: len(JPEG) // 2], "damaged or cut short"),
        (b"\xff\xd8\xff", "damaged or cut short"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "a web page"),
        (b"<!-- saved --><html></html>", "a web page"),
        (b'\xef\xbb\xbf<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b'<?xml version="1.0"?><!-- a --><!-- b --><!DOCTYPE svg [<!ENTITY x "y">]><svg/>', "an SVG drawing"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a text"),
        (b"404: Not Found", "a text"),
        ("größe: 3\n".encode() * 200, "a text"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(200), "AppleDouble"),
        (bytes(128) + b"DICM" + bytes(400), "a DICOM image"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a document of an office program"),
        (b"{\\rtf1 text}", "a document of an office program"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\n\0\0\0", "a Netpbm image"),
        (bytes(range(256)), "no image format that is known here"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, expected: str) -> None:
    with pytest.raises(UnreadableImage, match=expected):
        decode_image(data, "p.jpg")
