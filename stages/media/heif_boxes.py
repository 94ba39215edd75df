"""Which of a HEIF's or AVIF's statements on colours is that of its image.

Beside its image a file may hold others: a gain map, the HDR image that this one makes of it, depth, alpha, a thumbnail.
Each has colours of its own. All are stated in one list (`ipco`), to which images refer by number (`ipma`): ISO/IEC
23008-12.
"""

from collections.abc import Iterator


def image_colours(data: bytes) -> tuple[int, ...] | None:
    """Primaries, curve and matrix of the primary image, by the numbers of H.273; None where it states none by numbers.

    Args:
        data: a whole file.

    Raises:
        ValueError: its boxes cannot be followed, or it has no primary image, as a bare sequence.
    """
    try:
        parts = dict(_boxes(dict(_boxes(data))[b"meta"][4:]))
        properties = dict(_boxes(parts[b"iprp"]))
        stated = list(_boxes(properties[b"ipco"]))
        version, item = parts[b"pitm"][0], int.from_bytes(parts[b"pitm"][4:])
        item = item if version else int.from_bytes(parts[b"pitm"][4:6])
        for kind, content in (stated[index - 1] for index in _properties_of(item, properties[b"ipma"]) if index):
            if kind == b"colr" and content.startswith(b"nclx"):
                return tuple(int.from_bytes(content[place : place + 2]) for place in (4, 6, 8))
    except (KeyError, IndexError) as error:
        raise ValueError("no primary image, or boxes that lead nowhere") from error
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and contents of the boxes that follow one another."""
    place = 0
    while place + 8 <= len(data):
        length, start = int.from_bytes(data[place : place + 4]), place + 8
        if length == 1:
            length, start = int.from_bytes(data[place + 8 : place + 16]), place + 16
        end = place + length if length else len(data)
        if end < start:
            raise ValueError("a box that is shorter than its own head")
        yield data[place + 4 : place + 8], data[start:end]
        place = end


def _properties_of(item: int, content: bytes) -> Iterator[int]:
    """The numbers, from 1, of an item's properties, by the content of `ipma`."""
    wide_items, wide_numbers = content[0] > 0, content[3] & 1
    place = 8
    for _ in range(int.from_bytes(content[4:8])):
        size = 4 if wide_items else 2
        found, count = int.from_bytes(content[place : place + size]), content[place + size]
        place += size + 1
        for _ in range(count):
            number = int.from_bytes(content[place : place + 1 + wide_numbers])
            place += 1 + wide_numbers
            if found == item:
                yield number & (0x7FFF if wide_numbers else 0x7F)
