"""Render faces that go further than the family's own: for the landmark network, which must know more than it shows.

    python -m training.scene.wide_faces --face-model DIR --count 5000 --seed 21 --size 256 --output DIR

Each is the face of a random code, with stronger features, a head turned by up to 57 degrees, lids from wide open to
closed, a mouth from pressed to wide open, one side of the face unlike the other, eyes that look anywhere, and one hard
light. Writes what `training.scene.render_faces` writes; `z` is the code before these changes.
"""

import argparse
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from common.atomic_files import replace_atomically
from common.errors import UserError
from training.scene.face_code import FACE_ENTRIES, Light, RenderedFace, face_from_code, random_code
from training.scene.face_model import VARIABLE, face_model_folder
from training.scene.render_faces import WEBP_QUALITY
from training.scene.renderer import Renderer

# Expressions of the model that no control of `Expression` reaches, each drawn for itself and for each side.
STRAY = (
    *("browDown", "browInnerUp", "browOuterUp", "cheekPuff", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown"),
    *("mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer"),
)
STRAY_WHOLE = (
    *("jawForward", "jawLeft", "jawRight", "mouthFunnel", "mouthLeft", "mouthRight", "mouthPucker"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
)


def wide_face(code: np.ndarray, rng: Generator) -> RenderedFace:
    """The face of a code, (64,) or longer, going further than codes go."""
    face = face_from_code(code)
    yaw = rng.normal(0, 0.25) if rng.random() < 0.65 else rng.uniform(-1.0, 1.0)
    expression = replace(
        face.expression,
        blink=float(rng.choice([0.0, rng.uniform(0, 1), 1.0], p=[0.55, 0.2, 0.25])),
        gaze_x=rng.normal(0, 0.5),
        gaze_y=rng.normal(0, 0.35),
        brow=rng.normal(0, 0.5),
    )
    if rng.random() < 0.5:
        expression = replace(expression, jaw=rng.uniform(0, 1.8), smile=rng.uniform(0, 0.6) * (rng.random() < 0.5))
    return replace(
        face,
        identity=(face.identity * rng.uniform(0.9, 1.4)).astype(np.float32),
        expression=expression,
        yaw=float(yaw),
        pitch=float(np.clip(rng.normal(0, 0.16), -0.45, 0.45)),
        light=_hard_light(face.light, rng) if rng.random() < 0.35 else face.light,
    )


def stray_expressions(rng: Generator) -> dict[str, float]:
    """Blendshapes on top of a face's expression: most faces have a few, and not the same on both sides."""
    weights: dict[str, float] = {}
    for name in STRAY:
        if rng.random() < 0.15:
            both = rng.uniform(0, 0.8)
            for side in "LR":
                weights[f"{name}_{side}"] = both * rng.uniform(0.2, 1.0)
    weights |= {name: rng.uniform(0, 0.7) for name in STRAY_WHOLE if rng.random() < 0.1}
    return weights


class WideRenderer(Renderer):
    """A renderer whose faces may have blendshapes on top of their expression: see `stray`."""

    stray: dict[str, float]

    def _moved(self, face: RenderedFace) -> np.ndarray:
        moved: np.ndarray = super()._moved(face) + self.model.deformation(self.stray)
        return moved


def render_wide(face_model: Path, count: int, seed: int, size: int, output: Path) -> None:
    """Make a folder of renders; what `seed` and a face's number make is the same whatever the count.

    Raises:
        UserError: the face model is incomplete, or this machine cannot render.
    """
    renderer = WideRenderer(face_model, size, supersample=1 if size >= 256 else 2)
    pictures, codes, landmarks, poses = [], [], [], []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        code = random_code(rng)[:FACE_ENTRIES].astype(np.float16)
        face = wide_face(code.astype(np.float64), rng)
        renderer.stray = stray_expressions(rng)
        rendering = renderer.render(face)
        pictures.append(cv2.imencode(".webp", rendering.image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])[1])
        codes.append(code)
        landmarks.append(rendering.landmarks.astype(np.float32))
        poses.append((face.yaw, face.pitch, face.roll))
    output.mkdir(parents=True, exist_ok=True)
    with replace_atomically(output / "faces.tar") as temporary, tarfile.open(temporary, "w") as archive:
        for number, picture in enumerate(pictures):
            member = tarfile.TarInfo(f"{number:06d}.webp")
            member.size = picture.nbytes
            archive.addfile(member, io.BytesIO(picture.tobytes()))
    with replace_atomically(output / "faces.npz") as temporary, temporary.open("wb") as stream:
        np.savez(stream, z=np.stack(codes), lm=np.stack(landmarks), pose_yaw_pitch_roll=np.array(poses, np.float32))


def _hard_light(light: Light, rng: Generator) -> Light:
    """A strong lamp from anywhere before the face, and little beside it."""
    aside, above = rng.uniform(-1.4, 1.4), rng.uniform(-0.4, 1.2)
    towards = np.array([np.sin(aside) * np.cos(above), np.sin(above), np.cos(aside) * np.cos(above)])
    key = light.key * rng.uniform(1.2, 2.2) * (1 + rng.normal(0, 0.12, 3))
    rest = rng.uniform(0.15, 0.6)
    return replace(light, direction=towards, key=key, sky=light.sky * rest, ground=light.ground * rest)


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--count", type=int, required=True, help="how many faces")
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--size", type=int, default=256, help="side of the images in pixels")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        render_wide(face_model_folder(options.face_model), options.count, options.seed, options.size, options.output)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")


if __name__ == "__main__":
    main()
