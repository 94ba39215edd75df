"""results.parquet -> report.html: one file that opens offline, with the videos beside it.

Whatever comes from outside (ids, messages, settings) goes through Jinja2's escaping; images are inlined, videos are
linked relatively, and the page's own policy forbids it to load anything else.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from common.atomic_files import replace_atomically
from common.errors import OutputError
from common.formatting import clean, count, duration, size
from common.redaction import describe_error
from pipeline.job.written_job import written_job
from pipeline.output.ledger import RESULT_FIELDS
from pipeline.output.redacted_files import redact_nested
from pipeline.report.cards import choose_rows, data_uri, make_cards
from pipeline.report.metrics import FIGURES, Metric, Spread, spread, values
from pipeline.report.motions import MotionSection, describe_motions
from pipeline.report.row_groups import count_far_from_motion, failure_groups, remark_groups
from stages.base import RowStatus

TEMPLATES = Path(__file__).parent / "templates"


def write_report(output: Path) -> Path:
    """Write `report.html` of an output folder, from `results.parquet` and the files beside it.

    Returns:
        The report's path.

    Raises:
        OutputError: the folder has no results, they cannot be read, or the report cannot be written.
    """
    table, parts = _results(output), _Parts()
    status = np.array(table["status"].to_pylist(), dtype=object)
    done = np.flatnonzero(status == RowStatus.DONE)
    failed = np.flatnonzero(status == RowStatus.FAILED)
    made = table.take(pa.array(done, pa.int64()))
    settings = written_job(output)
    shown, selection = parts.make("the choice of faces", lambda: choose_rows(made), ([], ""))
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            name=settings.get("name") or output.resolve().name,
            written=datetime.now().astimezone().strftime("%-d %B %Y, %H:%M"),
            rows=table.num_rows,
            done=len(done),
            failed=len(failed),
            unlike=parts.make("the motions' comparison", lambda: count_far_from_motion(table), 0),
            missing=int((status == RowStatus.MISSING).sum()),
            totals=parts.make("the totals", lambda: _totals(made), []),
            motions=parts.make(
                "the motions", lambda: [_motion_context(one) for one in describe_motions(output, settings)], []
            ),
            quality=[
                shown_figure
                for figure in FIGURES
                if (shown_figure := parts.make(figure.title, partial(_quality_of, figure, made), None))
            ],
            sorting=[figure for figure in FIGURES if figure.column in made.column_names],
            cards=parts.make("the faces", lambda: list(make_cards(output, made, done, shown)), []),
            wide=parts.make("the cards' width", lambda: _wide(made), False),
            selection=selection,
            remarks=parts.make("the remarks", lambda: remark_groups(table, done), []),
            groups=parts.make("the failures", lambda: failure_groups(table, failed), []),
            settings=parts.make("the settings", lambda: list(_flat(_drop_missing(settings, "made_with"))), []),
            versions=parts.make("the versions", lambda: list(_flat(_name_hashes(settings.get("made_with") or {}))), []),
            left_out=parts.left_out,
        )
    )
    path = output / "report.html"
    try:
        with replace_atomically(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {describe_error(error)}.") from error
    return path


class _Parts:
    """The parts of a page: one that cannot be made is left out, and the page says so."""

    def __init__(self) -> None:
        self.left_out: list[str] = []

    def make(self, name: str, make: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return make()
        except Exception as error:  # whatever it is, the rest of the page is worth having
            self.left_out.append(f"{name} ({type(error).__name__}: {describe_error(error)})")
            return otherwise


def _results(output: Path) -> pa.Table:
    path = output / "results.parquet"
    if not path.is_file():
        raise OutputError(f"{output} has no results.parquet: give the output folder of a run that has ended.")
    try:
        with pa.OSFile(str(path)) as opened, pq.ParquetFile(opened) as file:
            # What was carried along is of any type and has no place in the page.
            names = [name for name in file.schema_arrow.names if name in RESULT_FIELDS]
            table = file.read(columns=names)
        if absent := [name for name in ("id", "status") if name not in names]:
            raise OutputError(f"{path} has no column {absent[0]}. Run the job again to write it.")
        for name in ("reason", "message"):
            table = table if name in names else table.append_column(name, pa.nulls(len(table), pa.string()))
        return table
    except (pa.ArrowException, OSError) as error:
        raise OutputError(f"{path} cannot be read ({clean(str(error))}). Run the job again to write it.") from error


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_without_credentials,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _without_credentials(value: Any) -> Any:
    """What the page says, as it goes in; neither an inlined image nor what is markup by now."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__") and not value.startswith("data:")
    return redact_nested(value) if is_text else value


def _totals(made: pa.Table) -> list[tuple[str, str]]:
    """What the run amounts to, for the head of the page."""
    if not made.num_rows:
        return []
    frames = values(made, "frames")
    sizes = values(made, "bytes")
    seconds = values(made, "seconds")
    totals = [("frames", f"{int(np.nansum(frames)):,}"), ("on disk", size(float(np.nansum(sizes))))]
    if np.isfinite(seconds).any():
        totals.append(("a video, median", duration(float(np.nanmedian(seconds)))))
    return totals


def _wide(made: pa.Table) -> bool:
    """Whether most videos are wider than high, as with the still beside the face; they need wider cards."""
    return bool(np.mean(values(made, "width") > 1.3 * values(made, "height")) > 0.5) if made.num_rows else False


def _motion_context(motion: MotionSection) -> dict[str, Any]:
    return {
        "name": motion.name,
        "facts": motion.facts,
        "picture": data_uri(motion.picture, motion.picture_type) if motion.picture else "",
        "course": _line(motion.course),
        "losses": data_uri(motion.losses, "svg+xml") if motion.losses else "",
    }


def _line(course: tuple[float, ...]) -> str:
    """A motion's course as the points of an SVG line in a box of 100 x 24, with 1 at the top and 0 at the bottom."""
    low, high = min(course, default=0.0), max(course, default=1.0)
    span = max(high - low, 1e-9)
    step = 100 / max(len(course) - 1, 1)
    return " ".join(f"{index * step:.2f},{22 - 20 * (value - low) / span:.2f}" for index, value in enumerate(course))


def _quality_of(figure: Metric, made: pa.Table) -> dict[str, Any] | None:
    """A figure's line of the table; nothing where it was never measured."""
    one = spread(figure, made)
    return _quality_context(one, made) if one else None


def _quality_context(one: Spread, made: pa.Table) -> dict[str, Any]:
    figure = one.figure
    return {
        "title": figure.title,
        "meaning": figure.meaning,
        "median": figure.shown(one.median),
        "worst": figure.shown(one.worst),
        "worst_id": clean(made["id"][one.worst_at].as_py()),
        "measured": "" if one.measured == made.num_rows else f"measured in {count(one.measured, 'video')}",
        "bars": one.bars,
        "lowest": figure.shown(one.lowest),
        "highest": figure.shown(one.highest),
    }


def _drop_missing(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {field: value for field, value in settings.items() if field != name}


def _name_hashes(made_with: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was made with, its two kinds of hashes told apart: of a file's bytes, and of a network's values."""
    names = {"weights": "file hashes", "generator": "generator's fingerprint"}
    return {names.get(name, name): value for name, value in made_with.items()}


def _flat(settings: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as `video.frames`, `60`."""
    if isinstance(settings, Mapping) and settings:
        for key, value in settings.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, "default" if settings is None else clean(str(settings))
