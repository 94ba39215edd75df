"""The networks of a model, loaded once for each worker."""

import os
from dataclasses import dataclass
from functools import cached_property

import cv2
import torch

from stages.execution.executor import accelerated
from stages.faces.detect import FaceFinder
from stages.model_files import BUNDLED, ModelFiles
from weights.load_clip import load_clip
from weights.load_head import load_head
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.load_small_networks import load_eye_outlines
from weights.networks.clip import ClipNetwork
from weights.networks.eye_outline import EyeOutlines
from weights.networks.fan import LandmarkNetwork
from weights.networks.head import Head
from weights.networks.irse import IdentityNetwork
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator


@dataclass(frozen=True)
class ModelSettings:
    """A model as a worker loads it.

    Attributes:
        files: its checkpoints.
        detector: how faces are found, as `stages.faces.detect.FaceFinder` takes it.
        device: "cpu", "cuda", or "auto" for a GPU where the worker has one.
    """

    files: ModelFiles = BUNDLED
    detector: str = "haar"
    device: str = "auto"


class Models:
    """The networks of a model, each loaded when first used and kept."""

    def __init__(self, settings: ModelSettings):
        self.files, self.detector = settings.files, settings.detector
        automatic = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = automatic if settings.device == "auto" else settings.device
        if self.device == "cpu" and (threads := os.environ.get("OMP_NUM_THREADS")):
            torch.set_num_threads(int(threads))  # workers share the cores; each library would take them all
            cv2.setNumThreads(int(threads))

    @cached_property
    def generator(self) -> Generator:
        """The generator in whose W+ the motions lie."""
        return accelerated(load_generator(self.files.generator, self.device), self.device)

    @cached_property
    def inverter(self) -> Inverter:
        """From aligned faces to codes."""
        inverter = load_inverter(self.files.inverter, self.device)
        accelerated(inverter.encoder, self.device)
        accelerated(inverter.decoder, self.device)
        return inverter

    @cached_property
    def identity(self) -> IdentityNetwork:
        """Whose face it is."""
        return accelerated(load_identity(self.files.identity, self.device), self.device)

    @cached_property
    def landmarks(self) -> LandmarkNetwork:
        """Where its features are."""
        return accelerated(load_landmarks(self.files.landmarks, self.device), self.device)

    @cached_property
    def clip(self) -> ClipNetwork:
        """How well a prompt describes an image."""
        return load_clip(self.files.clip, self.device)

    @cached_property
    def head(self) -> Head:
        """The shape of any head, which carries an image's pixels."""
        return load_head()

    @cached_property
    def eye_outlines(self) -> EyeOutlines:
        """Where the landmarks of eyes are, seen near by."""
        return accelerated(load_eye_outlines(device=self.device), self.device)

    @cached_property
    def finder(self) -> FaceFinder:
        """Faces in whole images."""
        return FaceFinder(self.landmarks, self.detector)


def images_to_tensor(images: object, device: str) -> torch.Tensor:
    """(B, H, W, 3) uint8 array -> (B, 3, H, W) float32 in [-1, 1] on `device`."""
    return torch.as_tensor(images, device=device).permute(0, 3, 1, 2).float() / 127.5 - 1


def tensor_to_images(tensor: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) in [-1, 1], clipped -> (B, H, W, 3) uint8 on the CPU.

    The range is fixed: normalising each frame by its own extremes would make a video's brightness flicker.
    """
    return ((tensor.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu()
