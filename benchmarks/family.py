"""What the bundled family can do, on renders that none of its networks was trained on.

    python -m benchmarks.family --renders DIR [--sheet FILE]

`DIR` is a folder of renders as `weights.training.render_faces` writes it; its last 512 faces are held out of every
training. Each figure stands beside what bounds it: the mean picture for the generator, the generator itself for the
inverter, other people for identity, chance for what the code tells.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.aligned_landmarks import landmarks_in_crops
from stages.invert import invert_crops
from stages.measure import identity_crop
from stages.models import ModelFiles, Models, images_to_tensor, tensor_to_images
from weights.training.face_code import Face, face_from_code
from weights.training.renders import Renders, complete_codes, feature_weights, load_renders

# What can be seen of a face, from the code that made it.
ATTRIBUTES: dict[str, Callable[[Face], float]] = {
    "smile": lambda face: face.expression.smile,
    "mouth open": lambda face: face.expression.jaw,
    "blink": lambda face: face.expression.blink,
    "turn": lambda face: face.yaw,
    "age": lambda face: face.age,
}
FOLDS = 4


def psnr(error: Tensor) -> float:
    """dB, of an error between pictures in [-1, 1]."""
    return 10 * math.log10(4 / error.square().mean().item())


def readable(codes: np.ndarray, truth: np.ndarray) -> float:
    """R² of a ridge regression from codes (N, D) to an attribute (N,), each quarter predicted from the other three."""
    predicted = np.empty_like(truth)
    fold = np.arange(len(truth)) % FOLDS
    for left_out in range(FOLDS):
        fitted = fold != left_out
        mean, level = codes[fitted].mean(axis=0), truth[fitted].mean()
        x = codes[fitted] - mean
        gram = x @ x.T
        ridge = 1e-3 * np.trace(gram) / len(gram) * np.eye(len(gram))
        weights = x.T @ np.linalg.solve(gram + ridge, truth[fitted] - level)
        predicted[~fitted] = (codes[~fitted] - mean) @ weights + level
    return float(1 - np.square(truth - predicted).sum() / np.square(truth - truth.mean()).sum())


def embed(models: Models, images: Tensor) -> Tensor:
    """(B, 3, S, S) in [-1, 1] -> (B, 512)."""
    enlarged = F.interpolate(images, size=(256, 256), mode="bilinear", antialias=True)
    return torch.cat([models.identity.embed(identity_crop(part)) for part in enlarged.split(32)])


def landmark_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance in shares of the inter-ocular distance; both (B, 68, 2) in one unit."""
    between_eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    return float((np.linalg.norm(found - truth, axis=2).mean(axis=1) / between_eyes).mean())


@torch.inference_mode()
def measure(faces: Renders, models: Models) -> Tensor:
    """Print every figure; return a sheet of (render, generator, inversion) columns, (3, H, W) in [-1, 1]."""
    rows = np.arange(len(faces))
    truth = faces.pixels(rows)  # (N, 3, S, S)
    size = truth.shape[-1]
    codes = complete_codes(faces.codes, np.random.default_rng(0))
    generator = models.generator
    made = torch.cat([generator.synthesize(generator.map(part)) for part in codes.split(16)]).clamp(-1, 1)
    features = (feature_weights(faces.landmarks, size) > 3).expand_as(truth)
    mean_face = truth.mean(dim=0, keepdim=True)
    print(f"{len(faces)} held-out renders, {size} px")
    print(f"generator   PSNR {psnr(made - truth):5.2f} dB   (the mean face: {psnr(mean_face - truth):.2f})")
    print(
        f"            on eyes and mouth {psnr((made - truth)[features]):5.2f} dB   "
        f"(the mean face: {psnr((mean_face - truth)[features]):.2f})"
    )

    crops = tensor_to_images(F.interpolate(truth, size=(256, 256), mode="bilinear")).numpy()
    found = [invert_crops(models.inverter, crops[start : start + 16]) for start in range(0, len(crops), 16)]
    inverted = images_to_tensor(np.concatenate([part.renderings for part in found]), "cpu")
    w_plus = torch.cat([part.codes for part in found])
    print(f"inverter    PSNR {psnr(inverted - truth):5.2f} dB   (on true codes: {psnr(made - truth):.2f})")

    located = landmarks_in_crops(models.landmarks, faces.images)  # (N, 68, 2)
    print(f"landmarks   error {landmark_error(located, faces.landmarks / size):.2%} of the inter-ocular distance")
    again = landmarks_in_crops(models.landmarks, tensor_to_images(inverted).numpy())
    print(f"            of inversions against their renders {landmark_error(again, faces.landmarks / size):.2%}")

    originals, copies = embed(models, truth), embed(models, inverted)
    same = (originals * copies).sum(dim=1)
    different = (originals @ originals.T)[~torch.eye(len(originals), dtype=torch.bool)]
    beaten = (same[:, None] > different[None, ::17]).float().mean().item()
    print(
        f"identity    CSIM of inversions: median {same.median():.3f}; different people: "
        f"median {different.median():.3f}, 95th percentile {different.quantile(0.95):.3f}; AUC {beaten:.4f}"
    )
    true_faces = [face_from_code(code) for code in faces.codes]
    for name, of in ATTRIBUTES.items():
        r2 = readable(w_plus.flatten(1).double().numpy(), np.array([float(of(face)) for face in true_faces]))
        print(f"code        {name:10s} readable by a linear probe: R² {r2:.3f}")
    columns = torch.cat([truth[:24], made[:24], inverted[:24]], dim=2)  # (24, 3, 3S, S)
    return torch.cat([torch.cat(list(columns[start : start + 12]), dim=2) for start in (0, 12)], dim=1)


def main() -> None:
    """Measure and, where asked for, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=Path, required=True, help="folder with faces.tar and faces.npz")
    parser.add_argument("--sheet", type=Path, help="where to draw renders, generator and inversions below each other")
    options = parser.parse_args()
    sheet = measure(load_renders(options.renders).split()[1], Models(ModelFiles(device="cpu")))
    if options.sheet:
        cv2.imwrite(str(options.sheet), tensor_to_images(sheet[None])[0].numpy()[..., ::-1])


if __name__ == "__main__":
    main()
