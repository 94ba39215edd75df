"""Trainings compute in bfloat16 only where that is quick."""

import pytest
import torch

from training.train.precision import mixed_precision


@pytest.mark.parametrize(("able", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_cpu_multiplies_in_bfloat16_if_it_can_itself(
    monkeypatch: pytest.MonkeyPatch, able: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": able})
    with mixed_precision("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
