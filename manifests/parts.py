"""The files that a manifest is made of: one, those of a folder of parts, or those that a pattern names."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from common.errors import ManifestError
from common.redaction import describe_error
from manifests.formats import ENDINGS, ending_of

# What stands in a folder whose files do not say by themselves which of their rows count, and what the folder then is.
OTHER_FOLDERS = {
    "_delta_log": "a Delta table, whose files keep rows that were deleted",
    ".hoodie": "a Hudi table, whose files keep rows that were deleted",
    "metadata/*.metadata.json": "an Iceberg table, whose files keep rows that were deleted",
    "dataset_*.json": "a dataset as Hugging Face saves it to a disk, whose files may keep rows that were filtered out",
    "_temporary": "what a job is still writing, or left unfinished",
}
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class PartFile:
    """One file of a manifest.

    Attributes:
        path: the file.
        base: the folder from which its images are meant.
        partition: columns that its folders' names say, as in `group=a/part-0.parquet`.
    """

    path: Path
    base: Path
    partition: Mapping[str, str | None] = field(default_factory=dict)


def part_files(path: Path) -> list[PartFile]:
    """The files of a manifest, in the order of their names.

    The images of a folder's parts are meant from beside the folder, as those of a file are; those of files that a
    pattern names from each file's own folder.

    Raises:
        ManifestError: a folder with other files in it, or without any, or a pattern that no file fits.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.exists() or not glob.has_magic(str(path)):
            return [PartFile(path, path.absolute().parent)]
        found = [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 (from any folder)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {describe_error(error)}.") from error
    files = [PartFile(one, one.absolute().parent) for one in found if one.is_file()]
    if not files:
        raise ManifestError(f"{path}: no file fits this pattern.")
    return files


def _of_folder(folder: Path) -> list[PartFile]:
    if kind := next((kind for name, kind in OTHER_FOLDERS.items() if any(folder.glob(name))), ""):
        raise ManifestError(f"{folder}: it is {kind}. Save its rows as one Parquet file.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    if strange := [path for path in files if ending_of(path) not in ENDINGS]:
        raise ManifestError(
            f"{folder}: a folder, not a manifest: it holds {strange[0].name}, which is no list. Make a manifest of a "
            'folder of images with "manifest build".'
        )
    if not files:
        raise ManifestError(f'{folder}: a folder, not a manifest. Make one from it with "manifest build".')
    base = folder.absolute().parent
    return [PartFile(path, base, _partition(path.relative_to(folder).parent)) for path in files]


def _is_hidden(path: Path) -> bool:
    """Whether a file, or a folder above it, is of those that engines leave beside their parts."""
    return any(part.startswith((".", "_")) for part in path.parts)


def _partition(folders: Path) -> dict[str, str | None]:
    pairs = [part.partition("=") for part in folders.parts if "=" in part]
    return {unquote(name): None if value == NULL_PARTITION else unquote(value) for name, _, value in pairs}
