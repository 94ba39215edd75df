"""Images with a palette: damage that decoders do not report, such as missing colours, palettes or parts of a GIF."""

from PIL import Image

NO_PALETTE = "it has no palette, so its colours are not known. Export it again."


def colours_in_palette(picture: Image.Image) -> int:
    """How many colours an image's palette has, before its pixels are loaded: loading fills it up to 256."""
    palette = picture.palette
    return len(palette.palette) // len(palette.rawmode or palette.mode) if palette else 0


def lacks_palette(picture: Image.Image, data: bytes) -> str:
    """What is wrong with a GIF that has no palette, which Pillow shows grey, as the end of a sentence; else empty.

    Args:
        picture: before its pixels are loaded.
    """
    if picture.format != "GIF" or data[10] & 0x80 or getattr(picture, "_frame_palette", False) is not None:
        return ""
    return NO_PALETTE


def clear_around(picture: Image.Image, box: tuple[int, int, int, int] | None) -> None:
    """Make transparent what a GIF's first frame leaves of its canvas, as browsers show it.

    Args:
        picture: with its pixels loaded.
        box: of the frame, left, top, right and bottom.
    """
    if box is None or box == (0, 0, *picture.size):
        return
    alpha = Image.new("L", picture.size)
    alpha.paste(picture.crop(box).convert("RGBA").getchannel("A"), box)
    picture.putalpha(alpha)


def beyond_palette(picture: Image.Image, colours: int, box: tuple[int, int, int, int] | None) -> str:
    """What is wrong with the pixels of an image of mode P, as the end of a sentence; empty where nothing is.

    Args:
        colours: how many its palette has.
        box: where its pixels lie, left, top, right and bottom; None for all of it.
    """
    highest = max((number for number, pixels in enumerate(picture.crop(box).histogram()) if pixels), default=0)
    if highest < colours or highest == picture.info.get("transparency"):
        return ""
    if not colours:
        return NO_PALETTE
    return f"its palette has {colours} colours, and its pixels name number {highest + 1}. Export it again."
