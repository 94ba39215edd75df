"""Which of a file's columns are a manifest's own: by name, by the job's word, capitals and blanks aside."""

import difflib
import re
from collections.abc import Mapping, Sequence

from common.errors import ManifestError
from manifests.values import format_value

REQUIRED = ("id", "image")
OWN = (*REQUIRED, "motion", "strength", "seed")
# What other tools call these columns; one of them is meant by whoever lacks ours.
ALIKE = {
    "image": "image_path imagepath img img_path image_file image_url file file_name filename file_path filepath path "
    "picture photo url uri src source bild foto datei",
    "id": "name key uid uuid guid identifier image_id target target_id face_id participant subject person index nr "
    "no number",
}
LIKE_A_PATH = re.compile(r"[/\\]|\.(jpe?g|png|webp|tiff?|bmp|gif|avif)$", re.IGNORECASE)


def wanted_names(mapping: Mapping[str, str]) -> frozenset[str]:
    """The names by which a reader knows a manifest's columns, casefolded."""
    return frozenset(mapping.get(name, name).casefold() for name in OWN)


def plain_name(name: str) -> str:
    """A column's name in small letters, without blanks around it or a byte order mark, which tables keep of a CSV."""
    return name.removeprefix("\ufeff").strip().casefold()


def own_columns(names: Sequence[str], mapping: Mapping[str, str], where: str) -> dict[str, str]:
    """For each of a manifest's own columns that a file has, what it is called there.

    Args:
        names: the file's columns.
        mapping: own name -> the file's, where the job says so.
        where: the file, for messages.

    Returns:
        Without `id` where nothing in the file looks like one: ids can be made of the images' names.

    Raises:
        ManifestError: `image` or a column that the job names is missing, or two columns may be meant.
    """
    found: dict[str, str] = {}
    for own in OWN:
        name = mapping.get(own, own)
        exact = [one for one in names if one == name]
        near = exact or [one for one in names if plain_name(one) == name.casefold()]
        if len(near) > 1:
            times = f"is there {len(near)} times" if exact else f"may be any of {', '.join(map(format_value, near))}"
            raise ManifestError(f"{where}: column {format_value(name)} {times}. Keep one.")
        if near and not (own not in mapping and near[0] in mapping.values()):
            found[own] = near[0]
        elif own in mapping:
            close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
            hint = f" Did you mean {format_value(close[0])}?" if close else ""
            raise ManifestError(
                f"{where}: columns.{own}: there is no column {format_value(name)}; {_list_names(names)}.{hint}"
            )
    absent = [own for own in REQUIRED if own not in found]
    if absent and (absent != ["id"] or _meant(names, "id", found)):
        raise ManifestError(f"{where}: {_missing(names, absent, found)}")
    return found


def _meant(names: Sequence[str], own: str, found: Mapping[str, str]) -> list[str]:
    """Columns that may be meant by an own column's name that is not there."""
    free = [name for name in names if name not in found.values()]
    alike = ALIKE.get(own, "").split()
    known = [name for name in free if re.sub(r"[\s-]+", "_", name.strip().casefold()) in alike]
    close = difflib.get_close_matches(own, [name for name in free if len(name) > 1], n=1, cutoff=0.7)
    return known or close


def _missing(names: Sequence[str], absent: Sequence[str], found: Mapping[str, str]) -> str:
    """Which columns a file lacks, what it has, and which of those may be meant."""
    which = " and ".join(f'"{own}"' for own in absent)
    columns = f"columns {which} are" if len(absent) > 1 else f"column {which} is"
    start = f"{columns} missing; {_list_names(names)}."
    if any(LIKE_A_PATH.search(name) for name in names):
        return f"{start} The first line is no header: put one above it, such as id,image."
    if len(names) == 1 and all(own in names[0].casefold() for own in absent):
        return f"{start} Put a comma, a semicolon, a tab or a bar as the separator between its cells."
    meant: dict[str, str] = {}
    for own in absent[::-1]:  # a file is rather an image's name than an id
        if candidates := _meant(names, own, {**found, **meant}):
            meant[own] = candidates[0]
    if not meant:
        return start
    mapping = ", ".join(f"{own}: {name}" for own, name in sorted(meant.items()))
    these = " and ".join(format_value(name) for _, name in sorted(meant.items()))
    return f"{start} Did you mean {these}? Rename, or put columns: {{{mapping}}} into the job."


def _list_names(names: Sequence[str]) -> str:
    """What a file has, as the end of a sentence."""
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"found {', '.join(map(format_value, names[:8])) or 'none'}{more}"
