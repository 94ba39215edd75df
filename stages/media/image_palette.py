"""Whether an image's pixels name only colours that its palette has: decoders show black for all others."""

from PIL import Image


def colours_in_palette(picture: Image.Image) -> int:
    """How many colours an image's palette has, before its pixels are loaded: loading fills it up to 256."""
    palette = picture.palette
    return len(palette.palette) // len(palette.rawmode or palette.mode) if palette else 0


def beyond_palette(picture: Image.Image, colours: int) -> str:
    """What is wrong with the pixels of an image of mode P, as the end of a sentence; empty where nothing is.

    Args:
        colours: how many its palette has.
    """
    highest = max(number for number, pixels in enumerate(picture.histogram()) if pixels)
    if highest < colours or highest == picture.info.get("transparency"):
        return ""
    if not colours:
        return "it has no palette, so its colours are not known. Export it again."
    return f"its palette has {colours} colours, and its pixels name number {highest + 1}. Export it again."
