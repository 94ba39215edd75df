"""A sphere's map is no image of a face; a panorama of a part of a turn is."""

import pytest
from PIL.PngImagePlugin import PngInfo

from common.errors import UnreadableImage
from stages.media.decode_image import decode_image
from stages.media.image_sphere import is_sphere
from tests.stages.media.made_images import PICTURE, stored

WORD = 'GPano:ProjectionType="equirectangular" GPano:CroppedAreaImageWidthPixels="{}" GPano:FullPanoWidthPixels="{}"'


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_all_around_is_refused(kind: str) -> None:
    metadata = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {WORD.format(48, 48)}/></x:xmpmeta>'.encode()
    if kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", metadata.decode())
        data = stored(PICTURE, kind, pnginfo=text)
    elif kind == "TIFF":
        data = stored(PICTURE, kind, tiffinfo={700: metadata})
    else:
        data = stored(PICTURE, kind, xmp=metadata)
    with pytest.raises(UnreadableImage, match="a 360° image"):
        decode_image(data)


@pytest.mark.parametrize(
    ("metadata", "sphere"),
    [
        (WORD.format(6000, 6000), True),
        (WORD.format(3000, 6000), False),
        ("<GPano:ProjectionType>equirectangular</GPano:ProjectionType>", True),
        ('GPano:ProjectionType="cylindrical"', False),
        (None, False),
        (b"\xff", False),
    ],
)
def test_a_part_of_a_turn_is_no_sphere(metadata: object, sphere: bool) -> None:
    assert is_sphere(metadata) is sphere
