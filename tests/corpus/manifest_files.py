"""What manifests of the corpus are made with: three faces, written in many ways."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
from PIL import Image

from common.errors import ManifestError
from manifests.looking import check_manifest
from manifests.schema import Manifest, read_manifest
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch
from tests.corpus.kinds import Kind, Outcome, write

IDS = ["anna", "ben", "cleo"]
IMAGES = ["a.jpg", "b.jpg", "c.jpg"]
LINES = [f"{id_},{image}" for id_, image in zip(IDS, IMAGES, strict=True)]
ROWS = [{"id": id_, "image": image} for id_, image in zip(IDS, IMAGES, strict=True)]
CSV = "\n".join(["id,image", *LINES, ""])


def read(path: Path) -> tuple[Manifest, Iterable[str]]:
    """A manifest, and what is said of it; refused where nobody could find its images, as `plan` does."""
    found = read_manifest(path)
    for missing in check_manifest(path).examples:
        if not missing.endswith(" is not there"):  # as the faces of this corpus are not
            raise ManifestError(f"{missing}.")
    return found, found.notes


def same(found: Manifest) -> bool:
    """Whether the three faces are there."""
    images = [Path(image).name for image in found.table["image"].to_pylist()]
    return found.table["id"].to_pylist() == IDS and images == IMAGES


def has(column: str, values: list[Any]) -> Callable[[Manifest], bool]:
    """Whether the three faces are there, and a column has these values."""
    return lambda found: same(found) and found.table[column].to_pylist() == values


def shows_pictures(found: Manifest) -> bool:
    """Whether the images that lie inside the table are found there."""
    return all(decode_image(fetch(image), image).shape == (8, 8, 3) for image in found.images())


def typed(kind: pa.DataType) -> dict[str, Any]:
    """Both columns in some type of text."""
    return {"id": pa.array(IDS, kind), "image": pa.array(IMAGES, kind)}


def text(
    name: str,
    file: str,
    content: str | bytes,
    outcome: Outcome = "read",
    right: Callable[[Manifest], bool] = same,
    says: str = "",
) -> Kind:
    """A kind of some text."""
    return Kind(name, write(file, content.encode() if isinstance(content, str) else content), outcome, right, says)


def table(
    name: str,
    columns: Callable[[], dict[str, Any]],
    outcome: Outcome = "read",
    right: Callable[[Manifest], bool] = same,
    says: str = "",
) -> Kind:
    """A kind of Parquet."""

    def made(folder: Path) -> Path:
        pq.write_table(pa.table({"id": IDS, "image": IMAGES} | columns()), folder / "m.parquet")
        return folder / "m.parquet"

    return Kind(name, made, outcome, right, says)


def _arrow(folder: Path, stream: bool = False) -> Path:
    content = pa.table({"id": IDS, "image": IMAGES})
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(folder / "m.arrow"), "wb") as sink, make(sink, content.schema) as writer:
        writer.write_table(content)
    return folder / "m.arrow"


def _parts(folder: Path) -> Path:
    whole = folder / "m.parquet"
    whole.mkdir()
    (whole / "_SUCCESS").touch()
    content = pa.table({"id": IDS, "image": IMAGES})
    pq.write_table(content.slice(0, 2), whole / "part-0.parquet")
    pq.write_table(content.slice(2), whole / "part-1.parquet")
    return whole


def _feather(folder: Path) -> Path:
    pyarrow.feather.write_feather(pa.table({"id": IDS, "image": IMAGES}), folder / "m.feather")
    return folder / "m.feather"


def _orc(folder: Path) -> Path:
    pyarrow.orc.write_table(pa.table({"id": IDS, "image": IMAGES}), folder / "m.orc")
    return folder / "m.orc"


def _zst(folder: Path) -> Path:
    with pa.CompressedOutputStream(str(folder / "m.csv.zst"), "zstd") as sink:
        sink.write(CSV.encode())
    return folder / "m.csv.zst"


def _bytes() -> list[bytes]:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return [buffer.getvalue()] * 3


def cells(*more: str) -> str:
    """The CSV with one column more."""
    return "\n".join(f"{line},{cell}" for line, cell in zip(["id,image", *LINES], more, strict=True)) + "\n"
