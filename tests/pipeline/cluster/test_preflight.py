"""Asking machines before work begins: on one with a real Ray, and on two that have different weights folders."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import ClusterError
from pipeline.cluster.preflight import (
    check_nodes_weights,
    check_nodes_write,
    nodes_without_weights,
    on_every_node,
    weights_missing,
)
from pipeline.cluster.sizing import Node
from pipeline.job.model import check_model
from stages.model_files import BUNDLED
from weights.registry import PARTS
from weights.store import find, sha256

FILES = BUNDLED


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    return {part: sha256(find("synthface", part)) for part in PARTS}


def test_a_machine_with_the_same_files_lacks_nothing(hashes: dict[str, str]) -> None:
    assert weights_missing(FILES, hashes) == ""


def test_a_machine_says_which_file_it_lacks_and_which_is_another(hashes: dict[str, str], tmp_path: Path) -> None:
    gone = tmp_path / "gone.safetensors"
    said = weights_missing(BUNDLED.model_copy(update={"generator": str(gone)}), hashes | {"identity": "sha256:0"})
    assert str(gone) in said
    assert f"expected sha256:0 as on the machine that starts the job, found {hashes['identity']}" in said


def refuse(place: str, node: str) -> str:
    return f"{place} is not there"


def die(node: str) -> str:
    os._exit(1)


def test_every_machine_answers_or_is_said_not_to(ray_nodes: list[Node]) -> None:
    assert list(on_every_node(refuse, "/mnt/x").values()) == ["/mnt/x is not there"]
    (silent,) = on_every_node(die).values()
    assert silent.startswith("it does not answer")


def test_an_output_that_nodes_share_is_left_as_it_was(ray_nodes: list[Node], tmp_path: Path) -> None:
    check_nodes_write(tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ClusterError, match="cannot be written from the node"):
        check_nodes_write(tmp_path / "missing")


def test_the_bundled_model_is_on_the_one_machine(ray_nodes: list[Node]) -> None:
    model = check_model(BUNDLED)
    check_nodes_weights(model)
    assert nodes_without_weights(model) == {}


# Ray's own cluster for tests: a second raylet on this machine, with an environment of its own.
TWO_NODES = """
import json, sys
from pipeline.cluster.preflight import on_every_node
from pipeline.cluster.quiet_ray import import_ray, private_folder, quiet_environment, without_helpers
from weights.store import weights_folder

quiet_environment(private_folder())
ray = import_ray(local=True)
from ray.cluster_utils import Cluster

with without_helpers():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1, env_vars={"MICROMOTION_WEIGHTS": sys.argv[1]})
ray.init(address=cluster.address, log_to_driver=False)
def folder(node):
    return str(weights_folder())
print(json.dumps(on_every_node(folder)))
ray.shutdown()
cluster.shutdown()
"""


@pytest.mark.slow
def test_each_of_two_machines_is_asked_and_answers_for_itself(repository: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TWO_NODES, str(tmp_path)], cwd=repository, capture_output=True, text=True, timeout=180
    )
    answers = json.loads(ran.stdout.splitlines()[-1])
    assert len(answers) == 2, ran.stderr
    assert sorted(folder == str(tmp_path) for folder in answers.values()) == [False, True]
