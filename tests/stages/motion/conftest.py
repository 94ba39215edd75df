import pytest
import torch

from stages.motion.micromotion import Micromotion


@pytest.fixture
def motion() -> Micromotion:
    basis = torch.linalg.qr(torch.randn(6 * 512, 2)).Q.T.reshape(2, 6, 512)
    coefficients = torch.rand(9, 2)
    return Micromotion(
        direction=torch.einsum("r,rld->ld", coefficients[4], basis),
        basis=basis,
        coefficients=coefficients,
        neutral=torch.randn(6, 512),
        source="sha256:clip",
        generator="sha256:generator",
        explained=0.97,
        fps=12.5,
        landmarks=torch.rand(9, 68, 2),
        stray=(2, 7),
        reach=0.87,
        tone_share=0.4,
        times=torch.tensor([0.0, 0.1, 0.2, 0.3, 5.3, 5.4, 5.5, 5.6, 5.7]),
    )
