"""What the bundled family can do, on renders that none of its networks was trained on.

    python -m benchmarks.models.family --renders DIR [DIR ...] [--unseen] [--views DIR] [--probe 2000] [--sheet FILE]
        [--overlay FILE]

`DIR` are folders of renders as `training.scene.render_faces` writes them, in the order in which the networks trained
on them. The last 512 faces of all, an eighth where there are fewer than 4096, are held out of every training and
measured; with `--unseen`, for renders of another seed, all are, and there are no probes. `--views` names a folder made
with `--views 2` and another seed: each person twice. Each figure stands beside what bounds it: the mean image for the
generator, the generator itself for the inverter, other people for identity. Figures by skin, age and spectacles say
whether all fare alike. What a code tells is asked by a linear probe, fitted to inversions of the `--probe` faces before
the held-out ones and measured on those.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.faces.crop_landmarks import landmarks_in_crops
from stages.invert import invert_crops
from stages.media.open_clip import read_clip
from stages.models import Models, ModelSettings, images_to_tensor, tensor_to_images
from stages.quality.metrics import identity_crop
from training.scene.face_code import face_from_code
from training.train import landmarks as landmarks_training
from training.train.readout import ATTRIBUTES, attributes_of
from training.train.renders import Renders, complete_codes, feature_weights, join_renders, load_renders
from training.train.sheet import sheet_of

DEMO = Path(__file__).parents[2] / "weights/bundled/demo"


def psnr(error: Tensor) -> float:
    """dB, of an error between images in [-1, 1]."""
    return 10 * math.log10(4 / error.square().mean().item())


def sharpness(images: Tensor) -> float:
    """Root mean square of what a blur of 3 px takes away, of images (B, 3, S, S)."""
    return (images - F.avg_pool2d(images, 3, stride=1, padding=1))[..., 1:-1, 1:-1].square().mean().sqrt().item()


def readable(codes: np.ndarray, truth: np.ndarray, held_out: int) -> float:
    """R² on the last `held_out` faces of a ridge regression on the others.

    Args:
        codes: (N, D) float64.
        truth: (N,), an attribute.
        held_out: less than N.
    """
    mean, level = codes[:-held_out].mean(axis=0), truth[:-held_out].mean()
    x = codes[:-held_out] - mean  # (N - H, D)
    gram = x @ x.T
    ridge = 1e-3 * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = x.T @ np.linalg.solve(gram + ridge, truth[:-held_out] - level)  # (D,)
    asked = truth[-held_out:]
    predicted = (codes[-held_out:] - mean) @ weights + level
    return float(1 - np.square(asked - predicted).sum() / np.square(asked - asked.mean()).sum())


def embed(models: Models, images: Tensor) -> Tensor:
    """(B, 3, S, S) in [-1, 1] -> (B, 512)."""
    enlarged = F.interpolate(images, size=(256, 256), mode="bilinear", antialias=True)
    return torch.cat([models.identity.embed(identity_crop(part)) for part in enlarged.split(32)])


def landmark_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance in shares of the inter-ocular distance; both (B, 68, 2) in one unit."""
    between_eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    return float((np.linalg.norm(found - truth, axis=2).mean(axis=1) / between_eyes).mean())


def crops_of(faces: Renders) -> np.ndarray:
    """(N, 256, 256, 3) uint8, as inverters are given them."""
    enlarged = [cv2.resize(image, (256, 256), interpolation=cv2.INTER_LINEAR) for image in faces.images]
    return np.stack(enlarged)


def invert(models: Models, faces: Renders) -> tuple[Tensor, Tensor]:
    """Codes (N, L, 512) of renders and their images (N, 3, S, S) in [-1, 1]."""
    crops = crops_of(faces)
    found = [invert_crops(models.inverter, crops[start : start + 16]) for start in range(0, len(crops), 16)]
    pictures = images_to_tensor(np.concatenate([part.renderings for part in found]), "cpu")
    return torch.cat([part.codes for part in found]), pictures


def groups_of(codes: np.ndarray) -> dict[str, np.ndarray]:
    """Faces that a network might treat unlike others, by name: (N,) bool each, for codes (N, 64).

    Thirds are of the faces given, by what the renderer was told: melanin, and age.
    """
    faces = [face_from_code(code) for code in codes]
    spectacles = np.array([face.glasses.wire > 0 for face in faces])
    return {
        **_thirds(np.array([face.skin.melanin for face in faces]), ("lightest skin", "middling skin", "darkest skin")),
        **_thirds(np.array([face.age for face in faces]), ("youngest", "middle-aged", "oldest")),
        "spectacles": spectacles,
        "none": ~spectacles,
    }


def _thirds(values: np.ndarray, names: tuple[str, str, str]) -> dict[str, np.ndarray]:
    third = 3 * values.argsort().argsort() // len(values)  # (N,), 0 to 2
    return {name: third == number for number, name in enumerate(names)}


def measure_probes(faces: Renders, codes: Tensor, held_out: int) -> None:
    """Print how well a linear probe reads the true attributes from the codes of inversions, (N, L, 512)."""
    true = attributes_of(faces.codes)  # (N, A)
    flat = codes.flatten(1).double().numpy()
    print(f"code        read by linear probes, fitted to {len(flat) - held_out} others:")
    for name, column in zip(ATTRIBUTES, true.T, strict=True):
        print(f"            {name:10s} R² {readable(flat, column, held_out):.3f}")


@torch.inference_mode()
def measure_people(views: Renders, models: Models) -> None:
    """Print how surely the identity network tells people apart: each person in two images, one after the other."""
    found = embed(models, views.pixels(np.arange(len(views)))).unflatten(0, (-1, 2))  # (P, 2, 512)
    between = found[:, 0] @ found[:, 1].T  # (P, P), the same person on the diagonal
    same = between.diagonal()
    different = between[~torch.eye(len(between), dtype=torch.bool)]
    beaten = (same[:, None] > different[None, ::7]).float().mean().item()
    print(
        f"people      {len(between)} in two images each, other expression, pose and light: cosine median "
        f"{same.median():.3f}; of different people {different.median():.3f}; AUC {beaten:.4f}"
    )


@torch.inference_mode()
def measure(faces: Renders, models: Models, probe: Renders) -> Tensor:
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
    print(f"            fine detail {sharpness(made) / sharpness(truth):.2f} of the renders'")

    w_plus, pictures = invert(models, faces)
    print(f"inverter    PSNR {psnr(pictures - truth):5.2f} dB   (on true codes: {psnr(made - truth):.2f})")

    located = landmarks_in_crops(models.landmarks, faces.images)  # (N, 68, 2)
    print(f"landmarks   error {landmark_error(located, faces.landmarks / size):.2%} of the inter-ocular distance")
    augmented = landmarks_training.measure(models.landmarks, faces, "cpu", most=len(faces))[0][1]
    models.landmarks.eval()
    print(f"            {augmented:.2%} where moved, turned, relit, covered, blurred, noisy and compressed")
    again = landmarks_in_crops(models.landmarks, tensor_to_images(pictures).numpy())
    print(f"            of inversions against their renders {landmark_error(again, faces.landmarks / size):.2%}")

    originals, copies = embed(models, truth), embed(models, pictures)
    same = (originals * copies).sum(dim=1)
    different = (originals @ originals.T)[~torch.eye(len(originals), dtype=torch.bool)]
    beaten = (same[:, None] > different[None, ::17]).float().mean().item()
    limit = different.quantile(0.95)
    print(
        f"identity    CSIM of inversions: median {same.median():.3f}; different people: "
        f"median {different.median():.3f}, 95th percentile {limit:.3f}; above it {(same > limit).float().mean():.0%}; "
        f"AUC {beaten:.4f}"
    )
    print(f"{'':13s}faces  inverter  landmarks  CSIM of inversions")
    for name, some in groups_of(faces.codes).items():
        print(
            f"{name:13s}{some.sum():5d}  {psnr((pictures - truth)[some]):5.2f} dB  "
            f"{landmark_error(located[some], faces.landmarks[some] / size):9.2%}  {same[some].median():18.3f}"
        )
    if len(probe):
        others = invert(models, probe)[0]
        measure_probes(join_renders(probe, faces), torch.cat([others, w_plus]), len(faces))
    columns = torch.cat([truth[:24], made[:24], pictures[:24]], dim=2)  # (24, 3, 3S, S)
    return torch.cat([torch.cat(list(columns[start : start + 12]), dim=2) for start in (0, 12)], dim=1)


def overlay(models: Models, faces: Renders, clips: Sequence[Path]) -> np.ndarray:
    """Landmarks where they are found, on the first 16 renders and on two frames of each clip: (H, W, 3) uint8."""
    some = faces.images[:16]
    tiles = [
        _mark(image, points * len(image))
        for image, points in zip(some, landmarks_in_crops(models.landmarks, some), strict=True)
    ]
    for clip in clips:
        frames = read_clip(clip, max_anchors=3).frames
        tiles += [_mark(frame, models.finder.find(frame).landmarks) for frame in frames[:2]]
    return sheet_of(tiles)


def _mark(image: np.ndarray, points: np.ndarray, side: int = 192) -> np.ndarray:
    """A square image, (side, side, 3), with a dot on each of `points`, (68, 2) in pixels of the given one."""
    tile = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if len(image) > side else cv2.INTER_CUBIC)
    for x, y in points * side / len(image):
        cv2.circle(tile, (round(float(x)), round(float(y))), 1, (90, 255, 90), -1, cv2.LINE_AA)
    return tile


def main() -> None:
    """Measure and, where asked for, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=Path, nargs="+", required=True, help="folders with faces.tar and faces.npz")
    parser.add_argument("--unseen", action="store_true", help="no network was trained on any of these faces")
    parser.add_argument("--views", type=Path, help="likewise, each person twice")
    parser.add_argument("--probe", type=int, default=2000, help="faces that probes are fitted to; 0 for no probes")
    parser.add_argument("--sheet", type=Path, help="where to draw renders, generator and inversions below each other")
    parser.add_argument("--overlay", type=Path, help="where to draw the landmarks found in renders and demo clips")
    options = parser.parse_args()
    models = Models(ModelSettings(device="cpu"))
    faces = load_renders(*options.renders)
    others, held_out = (faces.part(slice(0)), faces) if options.unseen else faces.split()
    sheet = measure(held_out, models, others.part(slice(max(0, len(others) - options.probe), None)))
    if options.views:
        measure_people(load_renders(options.views), models)
    if options.overlay:
        drawn = overlay(models, held_out, sorted(DEMO.glob("*.mp4")))
        cv2.imwrite(str(options.overlay), drawn[..., ::-1])
    if options.sheet:
        cv2.imwrite(str(options.sheet), tensor_to_images(sheet[None])[0].numpy()[..., ::-1])


if __name__ == "__main__":
    main()
