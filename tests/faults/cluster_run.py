"""A run on Ray's own cluster for tests: several node processes on this machine, one added and one killed on the way.

`python cluster_run.py OUTPUT PICTURES SECONDS` prints one line of JSON: what became of the rows.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pipeline.cluster.quiet_ray import import_ray, private_folder, quiet_environment, without_helpers
from pipeline.cluster.session import machines
from pipeline.cluster.sizing import plan_workers
from pipeline.output.event_log import Event, EventLog
from pipeline.output.ledger import Ledger
from pipeline.run import videos
from pipeline.run.counts import RowCounts
from tests.pipeline.tiny_run import flow, rows_of

videos.GROWTH_SECONDS = 1.0  # how often machines are looked at is a constant of ours; what is then seen is watched here


def main(output: Path, pictures: Path, seconds: float) -> None:
    """Two nodes begin, a third joins, and when it and the second are at work the second is killed."""
    quiet_environment(private_folder())
    ray = import_ray(local=True)
    from ray.cluster_utils import Cluster

    with without_helpers():
        cluster: Any = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 2, "include_dashboard": False, "env_vars": {"TINY_NODE": "head"}},
        )
        second = cluster.add_node(num_cpus=2, env_vars={"TINY_NODE": "second"})
    ray.init(address=cluster.address, log_to_driver=False)
    rows = rows_of(pictures)
    counts = RowCounts([None] * rows.num_rows)
    heard: list[Event] = []
    nodes = machines()

    hold = output / "hold"
    steps: list[str] = []

    def in_hand() -> set[str]:
        """The nodes that are at work on a row."""
        begun = [mark.name.split("+")[:2] for mark in (output / "made").iterdir()]
        return {node for id_, node in begun if not (output / f"videos/{id_}.mp4").exists()}

    def change_nodes() -> bool:  # on the main thread: starting a node sets signal handlers
        """Each step waits for the one before, and rows are held meanwhile, however long a node takes to start."""
        if not steps and counts.done >= 8:
            hold.touch()
            os.utime(hold, (0, 0))  # before any worker was made, those that are still to come among them
            cluster.add_node(num_cpus=2, env_vars={"TINY_NODE": "third"})
            steps.append("joined")
        elif steps == ["joined"] and {"second", "third"} <= in_hand():
            cluster.remove_node(second, allow_graceful=False)
            hold.unlink()
            steps.append("killed")
        return False

    with Ledger.open(output) as ledger, EventLog(output / "log.jsonl", [heard.append]) as events:
        targets = flow(output, rows, counts, ledger, events, nodes, seconds)
        targets.replan = lambda: plan_workers(machines(), 1000)
        targets.stopping = change_nodes  # asked all the while
        targets.stall_timeout = 400.0  # nodes start slowly on a machine that does other things beside
        targets.run()
    warnings = [event["message"] for event in heard if event["event"] == "warning"]
    print(json.dumps({"nodes": len(nodes), "done": counts.done, "failed": counts.failed, "warnings": warnings}))
    sys.stdout.flush()
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
