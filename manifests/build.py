"""A manifest out of a folder of images."""

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from common.atomic_files import replace_atomically
from common.errors import ManifestError
from common.image_formats import ENDINGS, HEIC_ENDINGS, HEIC_MEND
from manifests.ids import safe_ids
from manifests.schema import check_table

# Folders of thumbnails, of what was deleted and of archives' shadows, that storage devices and systems keep unseen.
UNSEEN = frozenset({"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx"})


@dataclass(frozen=True)
class BuiltManifest:
    """What `build_manifest` did.

    Attributes:
        path: the manifest.
        rows: images in it.
        others: files that are no images by their ending, which were left out.
        left_out: how many of them for each ending, the most frequent first; "" where there is none.
        sheets: images of anchors that runs and extractions wrote there, which were left out.
        note: what would bring images among them in, as a sentence; empty where nothing is known.
    """

    path: Path
    rows: int
    others: int
    left_out: tuple[tuple[str, int], ...] = ()
    sheets: int = 0
    note: str = ""


def build_manifest(folder: Path | str, output: Path | str, recursive: bool = True) -> BuiltManifest:
    """Write a manifest of a folder's images, in the order of their paths.

    Images are told by their ending, of every format that is read (`common.image_formats.ENDINGS`), in large or
    small letters. Hidden files and folders are left out, and so are the folders of thumbnails and deleted files that
    storage devices keep, and images of anchors that this program wrote. An id is the path within the folder without its
    ending, `sub/anna.jpg` -> `sub_anna`; what a file name may not hold becomes `_`, and the second of one name gets
    `-2`. Images are written relative to the manifest, so that the two can be moved together. Links to folders are
    followed, each folder once.

    Args:
        folder: where the images are.
        output: the manifest, `.parquet`; replaced at once when it is whole. Its folder is made where there is none.
        recursive: look into folders within the folder.

    Raises:
        ManifestError: `folder` is not there or no folder, it holds no images, or the manifest cannot be written.
    """
    folder, output = Path(folder), Path(output)
    if folder.exists() and not folder.is_dir():
        raise ManifestError(f"{folder} is a file: give the folder that the images are in.")
    if not folder.is_dir():
        raise ManifestError(f"{folder}: there is no such folder. Give the one that the images are in.")
    if output.suffix.lower() != ".parquet":
        raise ManifestError(
            f'{output}: the manifest is written as .parquet, found "{output.suffix}". Name it '
            f"{output.stem.strip('.') or 'targets'}.parquet; a CSV is read as a manifest, but not written."
        )
    found = sorted(_files(folder, recursive))
    others = Counter(Path(name).suffix.lower() for name in found if Path(name).suffix.lower() not in ENDINGS)
    unread = ", ".join(sorted(HEIC_ENDINGS & set(others)))
    note = f"{unread} files are not read here. {HEIC_MEND}." if unread else ""
    names = set(found)
    pictures = [name for name in found if Path(name).suffix.lower() in ENDINGS and not _is_sheet(name, names)]
    sheets = len(found) - others.total() - len(pictures)
    if not pictures:
        kinds = ", ".join(sorted(ending[1:] for ending in ENDINGS))
        raise ManifestError(f"{folder}: no images ({kinds}) among {len(found):,} files. {note}".rstrip())
    for name in pictures:
        if not _is_text(name):
            raise ManifestError(f"{folder}: the name of {name!r} is not UTF-8. Rename it.")
    ids = safe_ids([str(Path(name).with_suffix("")).replace(os.sep, "_") for name in pictures])
    table = pa.table({"id": ids, "image": _relative(pictures, folder, output)})
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(output) as temporary, temporary.open("wb") as file:
            pa.parquet.write_table(check_table(table, output), file)
    except OSError as error:
        raise ManifestError(
            f"{output}: cannot be written: {error.strerror or error}. Choose another --output."
        ) from error
    return BuiltManifest(output, len(pictures), others.total(), tuple(others.most_common()), sheets, note)


def _files(folder: Path, recursive: bool) -> Iterator[str]:
    """Paths of all files that are not hidden, relative to the folder."""
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_unreadable):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:  # a link that leads to where we have been
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        shown = (name for name in folders if not name.startswith(".") and name.casefold() not in UNSEEN)
        folders[:] = sorted(shown) if recursive else []
        for name in files:
            path = Path(place) / name
            if not name.startswith(".") and path.is_file():
                yield str(path.relative_to(folder))


def _is_sheet(name: str, names: Collection[str]) -> bool:
    """Whether an image shows anchors: a run's own, or that of `extract`, which stands beside its motion."""
    path = Path(name)
    beside = ["log.jsonl", "motion.safetensors"] if path.name == "anchors.png" else [f"{path.stem}.safetensors"]
    return path.suffix == ".png" and any(str(path.with_name(one)) in names for one in beside)


def _unreadable(error: OSError) -> None:
    raise ManifestError(f"{error.filename}: the folder is not readable: {error.strerror}.") from error


def _relative(names: list[str], folder: Path, output: Path) -> list[str]:
    """Paths as they are seen from the manifest's folder, or absolute where there is no way (another Windows drive)."""
    try:
        way = os.path.relpath(folder.resolve(), output.parent.resolve())
    except ValueError:
        way = str(folder.resolve())
    return [(Path(way) / name).as_posix() for name in names]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
