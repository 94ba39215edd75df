"""Training runs that stop and go on."""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

from weights.training.checkpoint import Average, Budget, load_run, save_run, save_weights


def test_a_run_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    assert load_run(tmp_path / "run.pt") is None
    network = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    save_run(tmp_path / "run.pt", network=network.state_dict(), optimizer=optimizer.state_dict(), step=7)
    run = load_run(tmp_path / "run.pt")
    assert run is not None
    assert run["step"] == 7
    torch.testing.assert_close(run["network"]["weight"], network.weight)
    torch.testing.assert_close(run["optimizer"]["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_weights_are_halved_and_their_metadata_is_kept(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", {"a": torch.rand(2, 2)}, {"architecture": "fan", "stacks": 1})
    with safe_open(tmp_path / "w.safetensors", framework="pt") as file:
        assert file.metadata() == {"architecture": "fan", "stacks": "1"}
        assert file.get_tensor("a").dtype == torch.float16


def test_an_average_follows_its_network_slowly() -> None:
    network, averaged = nn.Linear(1, 1), nn.Linear(1, 1)
    averaged.load_state_dict(network.state_dict())
    average = Average(network, averaged, decay=0.9)
    with torch.no_grad():
        before = network.weight.clone()
        network.weight += 1.0
    average.update(step=10_000)
    torch.testing.assert_close(averaged.weight.detach(), before + 0.1)


def test_time_spent_before_counts_towards_a_budget() -> None:
    budget = Budget(minutes=10, spent=5)
    assert 0.5 <= budget.share < 0.51
    assert Budget(minutes=10, spent=20).share == 1.0
