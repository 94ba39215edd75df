"""A small job of real files: a clip and faces made with the bundled generator."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import torch
import yaml
from PIL import Image

from stages.models import tensor_to_images
from weights.load_networks import load_generator

SIDE = 256


def write_job(folder: Path) -> Path:
    """A job of four rows in `folder`: two faces, an image without a face, and a file that is no image.

    Returns:
        The job file.
    """
    shutil.copytree(_made_job().name, folder, dirs_exist_ok=True)
    return folder / "job.yaml"


@cache
def _made_job() -> tempfile.TemporaryDirectory[str]:
    """The job's files, rendered once for all tests of a process."""
    made = tempfile.TemporaryDirectory(prefix="micromotion-test-job-")
    _make_job(Path(made.name))
    return made


def _make_job(folder: Path) -> None:
    generator = load_generator("synthface")
    seeds = torch.Generator().manual_seed(3)
    codes = generator.map(torch.randn(4, 512, generator=seeds), truncation=0.6)  # (4, L, 512)
    anna, ben, actor, other = codes
    extent = 0.5 * torch.sin(torch.linspace(0, 3.14, 6))[:, None, None]  # (T, 1, 1)
    moved = torch.cat([(other - actor)[:4], torch.zeros_like(other[4:])])  # the coarse layers: the person stays
    _write_clip(folder / "clip.mp4", _pictures(generator.synthesize(actor + extent * moved)))
    for name, picture in zip(("anna", "ben"), _pictures(generator.synthesize(torch.stack([anna, ben]))), strict=True):
        Image.fromarray(picture).save(folder / f"{name}.png")
    Image.new("RGB", (SIDE, SIDE), "grey").save(folder / "grey.png")
    (folder / "torn.png").write_bytes((folder / "anna.png").read_bytes()[:200])
    manifest = "id,image,person\nanna,anna.png,Anna\ngrey,grey.png,\ntorn,torn.png,\nben,ben.png,Ben\n"
    (folder / "faces.csv").write_text(manifest, encoding="utf-8")
    job = {
        "name": "smile",
        "motion": {"clip": "clip.mp4", "max_anchors": 4},
        "manifest": "faces.csv",
        "video": {"frames": 4, "measured_frames": 2},
        "iterations": 1,
        "output": "out",
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(job), encoding="utf-8")


def _pictures(images: torch.Tensor) -> np.ndarray:
    """(B, 3, S, S) in [-1, 1] -> (B, SIDE, SIDE, 3) uint8."""
    return tensor_to_images(torch.nn.functional.interpolate(images, size=(SIDE, SIDE), mode="bicubic")).numpy()


def _write_clip(path: Path, frames: np.ndarray) -> None:
    writer = imageio_ffmpeg.write_frames(str(path), (SIDE, SIDE), fps=10, quality=9, macro_block_size=2)
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
