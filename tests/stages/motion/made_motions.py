"""Motions of one direction, whose anchors' landmarks are made."""

import numpy as np
import torch

from stages.motion.micromotion import Micromotion


def made_face() -> np.ndarray:
    """(68, 2) landmarks, with eyes 0.3 of the crop apart."""
    points = np.random.default_rng(5).uniform(0.2, 0.8, (68, 2))
    points[36], points[45] = (0.35, 0.4), (0.65, 0.4)
    return points


def motion_along(course: np.ndarray, landmarks: np.ndarray) -> Micromotion:
    """A motion whose anchors lie at a course (T,) and show landmarks (T, 68, 2)."""
    direction = torch.ones(2, 512)
    size = direction.norm()
    return Micromotion(
        direction=direction,
        basis=(direction / size)[None],
        coefficients=size * torch.from_numpy(course).float()[:, None],
        neutral=torch.zeros(2, 512),
        source="clip",
        generator="sha256:1",
        explained=1.0,
        fps=10.0,
        landmarks=torch.from_numpy(landmarks).float(),
    )
