"""Renders that a training can read: images of nothing, with codes."""

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np


def write_renders(folder: Path, count: int = 64) -> Path:
    """Pictures that are all the same, in the format of `training.scene.render_faces`."""
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "faces.tar", "w") as archive:
        stored = cv2.imencode(".webp", rng.integers(0, 256, (128, 128, 3), np.uint8))[1].tobytes()
        for number in range(count):
            member = tarfile.TarInfo(f"{number:06d}.webp")
            member.size = len(stored)
            archive.addfile(member, io.BytesIO(stored))
    codes = rng.standard_normal((count, 64)).astype(np.float16)
    landmarks = rng.uniform(30, 98, (count, 68, 2)).astype(np.float32)
    np.savez(folder / "faces.npz", z=codes, lm=landmarks, pose_yaw_pitch_roll=np.zeros((count, 3), np.float32))
    return folder
