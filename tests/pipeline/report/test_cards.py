"""Which videos a report shows."""

import numpy as np
import pyarrow as pa

from pipeline.report.cards import MOST_WORST, choose_rows


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
