"""What a TIFF's tags say of its numbers, for kinds that Pillow misreads or does not know."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

HEIGHT, STRIPS, STRIP_ROWS = 257, 273, 278
WIDTH, BITS, PHOTOMETRIC, CHANNELS, PLANAR, COLOUR_MAP, EXTRA, FORMAT = 256, 258, 262, 277, 284, 320, 338, 339
WHITE_IS_ZERO, RGB, PALETTE, SEPARATE, PREMULTIPLIED, STRAIGHT_ALPHA = 0, 2, 3, 2, 1, 2
UNSIGNED, SIGNED, FLOATING = 1, 2, 3
SAVE_PLAIN = "Save it as RGB or grey with 8 or 16 bits a channel"


def tags_of(picture: Image.Image) -> Mapping[int, Any]:
    """The tags of the page that an image is at; none where it is no TIFF."""
    return getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}


def is_plain_wide(tags: Mapping[int, Any]) -> bool:
    """Whether a page holds RGB of 16 bits and nothing else, or straight alpha beside it."""
    bits = _all(tags.get(BITS))
    extra = _all(tags.get(EXTRA))
    return (
        set(bits) == {16}
        and tags.get(PHOTOMETRIC) == RGB
        and tags.get(PLANAR, 1) != SEPARATE
        and (len(bits), extra) in ((3, ()), (4, ()), (4, (STRAIGHT_ALPHA,)))
    )


def why_not_read(tags: Mapping[int, Any]) -> str:
    """Why a page that Pillow opens would come out wrong, as the end of a sentence; empty where it would not."""
    if tags.get(PLANAR) == SEPARATE and int(tags.get(CHANNELS, 1)) > 1 and max(_all(tags.get(BITS)), default=8) > 8:
        return "it is a TIFF of 16 bits whose channels lie one behind the other. Save it with its channels interleaved."
    if SIGNED in _all(tags.get(FORMAT)) and max(_all(tags.get(BITS)), default=8) <= 16:
        return f"it is a TIFF of numbers with a sign, of which none is said to be black. {SAVE_PLAIN}."
    if FLOATING in _all(tags.get(FORMAT)) and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        return f"it is a TIFF of floating-point numbers whose white is 0, and whose black is not said. {SAVE_PLAIN}."
    if tags.get(PLANAR) == SEPARATE and PREMULTIPLIED in _all(tags.get(EXTRA)):
        return (
            "it is a TIFF whose channels lie one behind the other, with alpha multiplied in. Save it with its "
            "channels interleaved."
        )
    rows, height, strips = tags.get(STRIP_ROWS), int(tags.get(HEIGHT, 0)), _all(tags.get(STRIPS))
    if rows and strips and len(strips) * min(int(rows), height) < height:
        return f"{len(strips) * int(rows):,} of its {height:,} rows are there. Copy or export it again."
    return ""


def true_palette(tags: Mapping[int, Any]) -> bytes:
    """A page's palette as RGB, 8 bits each, where it has 8 bits against the standard's 16; empty where it has not.

    Pillow takes the upper 8 of 16, which are 0 there. libtiff's own programs decide in the same way.
    """
    values = _all(tags.get(COLOUR_MAP))
    if tags.get(PHOTOMETRIC) != PALETTE or not values or max(values) > 255:
        return b""
    third = len(values) // 3
    return np.array(values[: 3 * third], np.uint8).reshape(3, third).T.tobytes()


def true_numbers(values: np.ndarray, tags: Mapping[int, Any]) -> np.ndarray:
    """Wide grey numbers as the file means them: black at 0, and without a sign where they have none."""
    if values.dtype.kind == "i" and _all(tags.get(BITS)) == (32,) and _all(tags.get(FORMAT, UNSIGNED)) == (UNSIGNED,):
        values = values.view(np.uint32)
    if values.dtype == np.uint16 and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        values = (1 << max(_all(tags.get(BITS)), default=16)) - 1 - values
    return values


def describe_unknown(data: bytes) -> str:
    """What kind of TIFF it is that Pillow does not know, and what helps, as the end of a sentence; empty where its
    tags cannot be read."""
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        if WIDTH not in tags:
            return ""
        bits, floating = _all(tags.get(BITS, 1)), FLOATING in _all(tags.get(FORMAT))
    except Exception:  # Pillow's reader raises whatever the damage leads it to
        return ""
    if floating:
        return f"its values are floating-point numbers of a kind that is not read. {SAVE_PLAIN}."
    channels = int(tags.get(CHANNELS, len(bits)))
    kind = f"{channels} {'channel' if channels == 1 else 'channels'} of {max(bits, default=1)} bits"
    return f"it is a TIFF of {kind}, which is not read. {SAVE_PLAIN}, without further channels."


def _all(value: Any) -> tuple[int, ...]:
    """A tag's values, of which there may be one or none."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple) else (int(value),)
