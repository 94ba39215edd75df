"""Several machines: rows spread over them, one joins in mid-run, one dies, and nothing is lost."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipeline.output.ledger import Ledger
from tests.faults.soon_missed import SOON_MISSED

SCRIPT = Path(__file__).with_name("cluster_run.py")
COUNT = 32


@pytest.mark.slow
def test_a_node_that_joins_is_put_to_work_and_one_that_dies_costs_what_it_had_in_hand(
    repository: Path, tmp_path: Path
) -> None:
    pictures, output = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    for index in range(COUNT):
        (pictures / f"f{index:02}.png").write_bytes(bytes([index]))
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(output), str(pictures), "0.5"],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"} | SOON_MISSED,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ended.stdout, ended.stderr[-3000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert (told["nodes"], told["done"], told["failed"]) == (2, COUNT, 0)
    marks = [mark.name.split("+") for mark in (output / "made").iterdir()]
    made = Counter(id_ for id_, *_ in marks)
    at = Counter(node for _, node, *_ in marks)
    assert set(made) == {f"f{index:02}" for index in range(COUNT)}
    assert sum(made.values()) - COUNT <= 4, "more was repeated than the dead node had in hand"
    assert any("the cluster has grown" in warning for warning in told["warnings"])
    assert min(at["head"], at["second"], at["third"]) > 0, at
    assert any("a worker died" in warning for warning in told["warnings"])
    assert Ledger(output).done_rows().num_rows == COUNT
