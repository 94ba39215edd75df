"""The report's grid of faces: which videos it shows, and what it shows of each."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from common.formatting import clean
from common.storage import is_uri
from pipeline.output.ledger import RESULT_FIELDS
from pipeline.report.metrics import FIGURES, Metric, values
from pipeline.report.thumbnails import Thumbnail, make_thumbnails

# A page with thousands of videos is of no use to anybody: beyond this, the worst and an even sample stand for all.
MOST_WORST = 200
MOST_SAMPLED = 100
# Bytes of posters; with them the page stays under 20 MB.
POSTER_BYTES = 11_000_000


@dataclass(frozen=True)
class Card:
    """One video of the grid.

    Attributes:
        order: its row in the manifest, from 0.
        motion: empty where all rows have the same.
        href: the video, relative to the report, quoted for a link; or its URI.
        remote: whether it is a URI, which a browser cannot show.
        aspect: width / height as CSS has it.
        poster: its first, middle and last frame as a data URI, of so many `shots`; empty where there is none.
        figures: title and value of what was measured.
        badness: for each figure's column a number, higher is worse; the page sorts by it.
    """

    order: int
    id: str
    motion: str
    href: str
    remote: bool
    aspect: str
    poster: str
    shots: int
    figures: tuple[tuple[str, str], ...]
    badness: tuple[tuple[str, float], ...]


def choose_rows(made: pa.Table) -> tuple[list[int], str]:
    """Which videos the grid shows, as rising indices into `made`, and a sentence where it cannot be all of them."""
    number = made.num_rows
    if number <= MOST_WORST + MOST_SAMPLED:
        return list(range(number)), ""
    figure = next((one for one in FIGURES if np.isfinite(values(made, one.column)).any()), FIGURES[0])
    order = np.argsort(-figure.badness(values(made, figure.column)), kind="stable")
    rest = np.sort(order[MOST_WORST:])
    sampled = rest[np.linspace(0, len(rest) - 1, MOST_SAMPLED).round().astype(int)]
    shown = sorted({*order[:MOST_WORST].tolist(), *sampled.tolist()})
    return shown, (
        f"{len(shown)} of {number:,} videos: the {MOST_WORST} worst by {figure.title.lower()}, "
        f"and {len(shown) - MOST_WORST} spread evenly over the rest. All of them are in results.parquet and videos/."
    )


def make_cards(output: Path, made: pa.Table, orders: np.ndarray, shown: list[int]) -> Iterator[Card]:
    """The cards of some videos.

    Args:
        output: the output folder.
        made: the results' rows with a video.
        orders: for each of them its row in the manifest.
        shown: which of them get a card.
    """
    # Not the manifest's own columns: they may hold times that Python has no value for.
    own = made.select([name for name in RESULT_FIELDS if name in made.column_names])
    rows = own.take(pa.array(shown, pa.int64())).to_pylist()
    strips = _strips(output, rows)
    several = len(set(made["motion"].to_pylist())) > 1 if "motion" in made.column_names else False
    for order, row in zip(orders[shown].tolist(), rows, strict=True):
        strip = strips.get(output / row["video"])
        figures = [(one, float("nan") if row.get(one.column) is None else row[one.column]) for one in FIGURES]
        yield Card(
            order=order,
            id=clean(row["id"]),
            motion=clean(row["motion"] or "") if several else "",
            href=row["video"] if is_uri(row["video"]) else quote(row["video"]),
            remote=is_uri(row["video"]),
            aspect=f"{row['width'] or 1} / {row['height'] or 1}",
            poster=data_uri(strip.jpeg, "jpeg") if strip else "",
            shots=strip.shots if strip else 1,
            figures=tuple((one.title, one.shown(value)) for one, value in figures if np.isfinite(value)),
            badness=tuple((one.column, _rank(one, value)) for one, value in figures),
        )


def data_uri(data: bytes, kind: str) -> str:
    """An image's bytes as a link that holds them; `kind` is "png", "jpeg" or "svg+xml"."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _strips(output: Path, rows: list[dict[str, Any]]) -> Mapping[Path, Thumbnail]:
    """Posters of the rows' videos, as many as the page's size allows."""
    made = make_thumbnails({output / row["video"]: int(row["frames"] or 1) for row in rows if not is_uri(row["video"])})
    kept, size = {}, 0
    for path, picture in made.items():
        size += len(picture.jpeg)
        if size > POSTER_BYTES:
            break
        kept[path] = picture
    return kept


def _rank(figure: Metric, value: float) -> float:
    """What the page's script sorts by; a number that JavaScript reads, also where nothing was measured."""
    return float(np.nan_to_num(figure.badness(np.array([value]))[0], neginf=-1e9))
