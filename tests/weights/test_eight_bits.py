"""Matrices in eight bits come back to half of a step."""

import pytest
import torch

from weights.eight_bits import SCALE, restored, rounded


@pytest.mark.parametrize("shape", [(3, 5), (4, 3, 3, 3)])
def test_matrices_come_back_to_half_a_step_of_their_channel_and_vectors_whole(shape: tuple[int, ...]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * torch.arange(1, shape[0] + 1).reshape(
        -1, *[1] * (len(shape) - 1)
    )
    state = {"weight": matrix, "bias": torch.randn(7), "count": torch.tensor(3)}
    kept = rounded(state)
    assert kept["weight"].dtype == torch.int8 and kept["weight" + SCALE].shape == (shape[0],)
    found = restored(kept)
    assert set(found) == set(state)
    step = matrix.flatten(1).abs().amax(dim=1) / 127
    assert ((found["weight"] - matrix).flatten(1).abs().amax(dim=1) <= 0.501 * step).all()
    torch.testing.assert_close(found["bias"], state["bias"], rtol=0, atol=0)


def test_a_channel_of_zeros_stays_zero_and_what_was_not_rounded_stays_as_it_is() -> None:
    state = {"weight": torch.zeros(2, 3)}
    assert (restored(rounded(state))["weight"] == 0).all()
    half = {"weight": torch.randn(2, 3).half()}
    torch.testing.assert_close(restored(half)["weight"], half["weight"].float(), rtol=0, atol=0)
