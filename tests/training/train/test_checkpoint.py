"""Training runs that stop and go on."""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

from training.train.checkpoint import Average, Run, schedule
from weights.write_checkpoint import save_weights


def test_an_interrupted_run_goes_on_with_its_states_its_step_and_the_rest_of_its_time(tmp_path: Path) -> None:
    network = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters())
    run = Run(tmp_path, minutes=60, network=network, optimizer=optimizer)
    for _ in run.steps(lambda: None):
        network(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        if run.step == 4:
            break
    run.save()
    fresh = nn.Linear(3, 2)
    again = torch.optim.Adam(fresh.parameters())
    resumed = Run(tmp_path, minutes=60, network=fresh, optimizer=again)
    assert resumed.step == 4
    assert 0 < resumed.spent < 1
    torch.testing.assert_close(fresh.weight, network.weight)
    torch.testing.assert_close(again.state_dict()["state"], optimizer.state_dict()["state"])


def test_a_run_whose_time_is_over_reports_once_and_stops(tmp_path: Path) -> None:
    reports: list[int] = []
    run = Run(tmp_path, minutes=1e-9, network=nn.Linear(1, 1))
    assert list(run.steps(lambda: reports.append(run.step))) == []
    assert reports == [0]
    assert (tmp_path / "run.pt").exists()


def test_the_learning_rate_rises_then_falls() -> None:
    assert schedule(step=0, share=0.0, falling=0.5) < 0.1
    assert schedule(step=1000, share=0.3, falling=0.5) == 1.0
    assert 0 < schedule(step=1000, share=1.0, falling=0.5) < 0.05


def test_matrices_are_halved_and_vectors_and_metadata_are_kept(tmp_path: Path) -> None:
    save_weights(
        tmp_path / "w.safetensors",
        {"a": torch.rand(2, 2), "v": torch.full((3,), 1e6)},
        {"architecture": "fan", "stacks": 1},
    )
    with safe_open(tmp_path / "w.safetensors", framework="pt") as file:
        assert file.metadata() == {"architecture": "fan", "stacks": "1"}
        assert file.get_tensor("a").dtype == torch.float16
        assert file.get_tensor("v").tolist() == [1e6] * 3


def test_an_average_follows_its_network_slowly() -> None:
    network, averaged = nn.Linear(1, 1), nn.Linear(1, 1)
    averaged.load_state_dict(network.state_dict())
    average = Average(network, averaged, decay=0.9)
    with torch.no_grad():
        before = network.weight.clone()
        network.weight += 1.0
    average.update(step=10_000)
    torch.testing.assert_close(averaged.weight.detach(), before + 0.1)
