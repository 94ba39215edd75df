"""Which videos a report shows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.report.cards import MOST_WORST, choose_rows, make_cards
from tests.pipeline.report.made_results import SCHEMA, done


def test_of_a_large_run_the_worst_are_shown():
    rng = np.random.default_rng(1)
    quality = rng.random(5_000)
    made = pa.table({"id": [str(index) for index in range(5_000)], "csim_mean": quality})
    shown, sentence = choose_rows(made)
    assert set(np.argsort(quality)[:MOST_WORST].tolist()) <= set(shown)
    assert shown == sorted(set(shown))
    assert "200 worst by identity" in sentence


def test_of_a_small_run_everything_is_shown():
    made = pa.table({"id": ["a", "b"], "csim_mean": [0.5, None]})
    assert choose_rows(made) == ([0, 1], "")


@pytest.mark.parametrize(
    "times", [pa.array([1], pa.timestamp("ns")), pa.array([2**31 - 1], pa.date32())], ids=["nanoseconds", "a far year"]
)
def test_what_a_manifest_carries_along_keeps_no_face_from_the_report(tmp_path: Path, times: pa.Array):
    made = pa.Table.from_pylist([done("anna")], SCHEMA).append_column("seen", times)
    (card,) = make_cards(tmp_path, made, np.array([0]), [0])
    assert card.id == "anna"
