"""Whether an image is the map of a whole sphere, as 360-degree cameras make them: its faces are distorted."""

import re
from typing import Any

SPHERE = re.compile(r"ProjectionType\W+equirectangular", re.IGNORECASE)
WIDTHS = re.compile(r"GPano:(FullPanoWidthPixels|CroppedAreaImageWidthPixels)\W+(\d+)")


def is_sphere(metadata: Any) -> bool:
    """Whether an image's XMP says so, by Google's names (GPano); a telephone's panorama is a part of a turn alone.

    Args:
        metadata: text or bytes; anything else says nothing.
    """
    text = metadata.decode(errors="replace") if isinstance(metadata, bytes) else str(metadata)
    widths = dict(WIDTHS.findall(text))
    return SPHERE.search(text) is not None and len(set(widths.values())) <= 1
