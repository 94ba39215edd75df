"""In what precision the trainings compute."""

import torch


def mixed_precision(device: str) -> torch.autocast:
    """bfloat16 where it is quick: on a GPU, and on CPUs that multiply it themselves.

    Others emulate it: measured on one with AVX2 alone, a convolution takes fifteen times as long as in float32.
    """
    native = any(able for name, able in torch.cpu.get_capabilities().items() if name.endswith("bf16"))
    return torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or native)
