"""What a code tells of its face: smile, blink, turn, age and the like, read from W by one linear map.

Each dimension of W counts the same in an inverter's error, though few of them tell whether an eye is closed. Read out,
the error counts where it is seen as a wrong expression.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from training.scene.face_code import RenderedFace, face_from_code
from training.train.renders import complete_codes
from weights.networks.stylegan2 import Generator

ATTRIBUTES: dict[str, Callable[[RenderedFace], float]] = {
    "smile": lambda face: face.expression.smile,
    "mouth open": lambda face: face.expression.jaw,
    "blink": lambda face: face.expression.blink,
    "turn": lambda face: face.yaw,
    "age": lambda face: face.age,
    "nod": lambda face: face.pitch,
    "brows": lambda face: face.expression.brow,
    "gaze aside": lambda face: face.expression.gaze_x,
    "gaze up": lambda face: face.expression.gaze_y,
}


def attributes_of(codes: np.ndarray) -> np.ndarray:
    """(N, 64) codes -> (N, A) float64, every attribute of each face."""
    faces = [face_from_code(code) for code in codes]
    return np.array([[float(of(face)) for of in ATTRIBUTES.values()] for face in faces])


@torch.no_grad()
def fit_readout(generator: Generator, codes: np.ndarray, device: str) -> Tensor:
    """The linear map that reads attributes from W, by least squares on faces whose truth is known.

    Args:
        generator: whose W.
        codes: (N, 64) float32, N well above 512.

    Returns:
        (512, A) float32; each attribute in units of its own standard deviation. Offsets are left out: a difference of
        two codes is read as the difference of their attributes.
    """
    w = generator.map(complete_codes(codes, np.random.default_rng(2)).to(device))[:, 0].double().cpu()  # (N, 512)
    truth = torch.from_numpy(attributes_of(codes))  # (N, A)
    truth = (truth - truth.mean(dim=0)) / truth.std(dim=0)
    w = w - w.mean(dim=0)
    gram = w.T @ w
    ridge = 1e-4 * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    return torch.linalg.solve(gram + ridge, w.T @ truth).float().to(device)  # (512, A)
