"""How a metric is spread over the videos."""

import math

import pyarrow as pa

from pipeline.report.metrics import BARS, FIGURES, spread


def test_a_spread_counts_every_measured_value():
    figure = next(one for one in FIGURES if one.column == "motion_amplitude")
    found = spread(figure, pa.table({figure.column: [1.0, 1.4, 0.5, None, math.nan]}))
    assert found is not None
    assert (found.measured, found.median, found.worst, found.worst_at) == (3, 1.0, 0.5, 2)
    assert len(found.bars) == BARS
    assert max(found.bars) == 1.0


def test_equal_values_have_a_spread():
    assert spread(FIGURES[0], pa.table({FIGURES[0].column: [0.7, 0.7]})) is not None


def test_what_was_never_measured_has_no_spread():
    assert spread(FIGURES[0], pa.table({FIGURES[0].column: pa.array([None, None], pa.float64())})) is None
    assert spread(FIGURES[0], pa.table({"id": ["a"]})) is None


def test_a_page_for_people_calls_other_figures_by_their_titles():
    meanings = {figure.column: figure.meaning for figure in FIGURES}
    assert "`" not in "".join(meanings.values())
    assert '"Motion correlation"' in meanings["motion_amplitude"] and '"Motion found"' in meanings["motion_amplitude"]
