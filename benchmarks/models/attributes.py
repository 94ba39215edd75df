"""What an image shows of smile, eyes, turn, age and the rest, told by a judge that has nothing to do with CLIP.

    python -m benchmarks.models.attributes --renders DIR [DIR ...] [--count 3000]

Fits one linear map from the inverter's codes of renders to the renders' true parameters, says how well it reads the
held-out ones, and writes it beside this file. `benchmarks.models.text_anchors` measures with it. It belongs to one
inverter and is refused for another.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from common.errors import CheckpointError
from stages.invert import invert_crops
from stages.models import Models, ModelSettings
from training.train.readout import ATTRIBUTES, attributes_of
from training.train.renders import Renders, load_renders

FILE = Path(__file__).with_name("attributes.safetensors")
NAMES = ("smile", "mouth open", "blink", "turn", "nod", "brows", "age")
# Of the codes' variation, what the ridge takes for noise.
RIDGE = 1e-3


@dataclass(frozen=True)
class Judge:
    """A linear map from codes to attributes, each in units of its own spread over renders.

    Attributes:
        names: (A,) of the attributes.
        weights, offset: (L * 512, A) and (A,) float64.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    offset: np.ndarray

    def read(self, models: Models, pictures: np.ndarray) -> np.ndarray:
        """(N, S, S, 3) uint8 aligned faces -> (N, A)."""
        return codes_of(models, pictures) @ self.weights + self.offset


def codes_of(models: Models, pictures: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 -> (N, L * 512) float64, inverted."""
    crops = np.stack([cv2.resize(picture, (256, 256), interpolation=cv2.INTER_LINEAR) for picture in pictures])
    found = [invert_crops(models.inverter, crops[start : start + 16]).codes for start in range(0, len(crops), 16)]
    return torch.cat(found).flatten(1).double().numpy()


def fit_judge(models: Models, faces: Renders) -> Judge:
    """Ridge regression, in the kernel's form as there are more dimensions than faces."""
    codes, truth = codes_of(models, faces.images), true_attributes(faces)
    level, spread = truth.mean(axis=0), truth.std(axis=0)
    centre = codes.mean(axis=0)
    x = codes - centre  # (N, L * 512)
    gram = x @ x.T
    ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = x.T @ np.linalg.solve(gram + ridge, (truth - level) / spread)  # (L * 512, A)
    return Judge(NAMES, weights, level / spread - centre @ weights)


def true_attributes(faces: Renders) -> np.ndarray:
    """(N, A) float64, in the order of `NAMES`."""
    columns = [list(ATTRIBUTES).index(name) for name in NAMES]
    return attributes_of(faces.codes)[:, columns].astype(np.float64)


def load_judge(models: Models, path: Path = FILE) -> Judge:
    """The judge of this inverter.

    Raises:
        CheckpointError: there is none, or it was fitted to another inverter.
    """
    again = 'Fit it again: "python -m benchmarks.models.attributes --renders DIR".'
    if not path.is_file():
        raise CheckpointError(f"{path} is missing. {again}")
    with safe_open(path, framework="np") as file:
        metadata = file.metadata() or {}
        weights, offset = file.get_tensor("weights"), file.get_tensor("offset")
    if metadata.get("inverter") != models.inverter.fingerprint:
        raise CheckpointError(
            f"{path}: expected one fitted to {models.inverter.fingerprint}, found {metadata.get('inverter')}. {again}"
        )
    return Judge(tuple(metadata["names"].split(",")), weights.astype(np.float64), offset.astype(np.float64))


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=3000, help="renders that it is fitted to")
    options = parser.parse_args()
    models = Models(ModelSettings(device="auto"))
    faces, held_out = load_renders(*options.renders).split()
    judge = fit_judge(models, faces.part(slice(-options.count, None)))
    truth, found = true_attributes(held_out), judge.read(models, held_out.images)
    spread = true_attributes(faces).std(axis=0)
    for name, true, read in zip(NAMES, (truth / spread).T, found.T, strict=True):
        print(f"{name:10s} R² {1 - np.square(true - read).sum() / np.square(true - true.mean()).sum():.3f}")
    metadata = {"names": ",".join(NAMES), "inverter": models.inverter.fingerprint}
    tensors = {"weights": torch.from_numpy(judge.weights).half(), "offset": torch.from_numpy(judge.offset).float()}
    save_file(tensors, FILE, metadata)
    print(f"{FILE}, {FILE.stat().st_size / 1e3:.0f} KB, fitted to {options.count} renders")


if __name__ == "__main__":
    main()
