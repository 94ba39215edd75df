"""Convert the published ICT-FaceKit face model into the one small file that the renderer reads.

    git clone https://github.com/ICT-VGL/ICT-FaceKit
    python -m training.scene.convert_ict ICT-FaceKit/FaceXModel --output FACE_MODEL/ict_face_q30.npz

Each published OBJ file is a whole head of the same 26,719 vertices: the mean head, the mean head moved by one identity
mode, or the mean head making one full expression. Displacements from the mean are kept as int16 with a scale for each
mode: the error stays under 0.001 mm.

Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.progress import track

from common.errors import UserError

NEUTRAL = "generic_neutral_mesh"
VERTICES = 26719
IDENTITY_MODES = 30  # of 100; they hold 95.5 % of the variance
SOURCE = (
    "ICT-VGL/ICT-FaceKit (ICT Face Model Light), https://github.com/ICT-VGL/ICT-FaceKit, Copyright (c) 2020 USC "
    "Institute for Creative Technologies, MIT licence"
)
# The vertices of the 68 landmarks of Multi-PIE, in the published model's numbering: jaw, brows, nose, eyes, lips.
LANDMARKS = (
    *(1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443),
    *(268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509),
    *(978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360),
    *(1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732),
    *(5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841),
    *(5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966),
)


def convert(folder: Path) -> dict[str, np.ndarray]:
    """Everything that `training.scene.face_model.load_face_model` reads.

    Args:
        folder: `FaceXModel` of ICT-FaceKit.

    Returns:
        Arrays by name: `neutral` (V, 3) float32, centimetres; `identity_q` (30, V, 3) and `expression_q` (E, V, 3)
        int16 with `identity_scale` (30,) and `expression_scale` (E,) float32, centimetres for one step;
        `expression_names` (E,); `faces` and `faces_uv` (F, 4) int32, -1 where a triangle has no fourth corner;
        `face_mat` (F,) uint8; `materials` (M,); `uv` (U, 2) float32; `landmarks68` (68,) int32; `license`, `source`
        and `units`, text.

    Raises:
        UserError: a file is missing, or is not a head of this model.
    """
    neutral = read_head(folder / f"{NEUTRAL}.obj")
    names = sorted(file.stem for file in folder.glob("*.obj"))
    expressions = [name for name in names if not name.startswith(("identity", NEUTRAL))]
    identities = [name for name in names if name.startswith("identity")][:IDENTITY_MODES]
    if len(identities) < IDENTITY_MODES or not expressions:
        raise UserError(
            f"{folder} is not ICT-FaceKit's FaceXModel folder: expected at least {IDENTITY_MODES} files "
            f"identity*.obj and some expressions, found {len(identities)} and {len(expressions)}."
        )
    licence = folder.parent / "LICENSE"
    if not licence.is_file():
        raise UserError(f"{licence} is missing: its text has to travel with the model. Give the whole ICT-FaceKit.")
    heads = track([*identities, *expressions], "reading heads", transient=True)
    moves = np.stack([read_head(folder / f"{name}.obj") - neutral for name in heads])  # (30 + E, V, 3)
    identity_q, identity_scale = _quantised(moves[:IDENTITY_MODES])
    expression_q, expression_scale = _quantised(moves[IDENTITY_MODES:])
    return {
        "neutral": neutral.astype(np.float32),
        "identity_q": identity_q,
        "identity_scale": identity_scale,
        "expression_q": expression_q,
        "expression_scale": expression_scale,
        "expression_names": np.array(expressions),
        **_topology(folder / f"{NEUTRAL}.obj"),
        "landmarks68": np.array(LANDMARKS, np.int32),
        "license": np.array(licence.read_text()),
        "source": np.array(SOURCE),
        "units": np.array("centimetres"),
    }


def read_head(file: Path) -> np.ndarray:
    """The vertices of one OBJ file: (V, 3) float64, centimetres.

    Raises:
        UserError: the file cannot be read, or has another number of vertices.
    """
    numbers = " ".join(line[2:] for line in _lines(file) if line.startswith("v ")).split()
    if len(numbers) != 3 * VERTICES:
        raise UserError(
            f"{file} is not a head of ICT-FaceKit: expected {VERTICES} vertices, found {len(numbers) / 3:g}."
        )
    return np.array(numbers, float).reshape(-1, 3)


def _topology(file: Path) -> dict[str, np.ndarray]:
    """Polygons, their materials and their places in the texture, which all heads share."""
    uv: list[list[float]] = []
    corners: list[list[list[int]]] = []
    materials: list[str] = []
    material_of: list[int] = []
    for line in _lines(file):
        kind, _, rest = line.partition(" ")
        if kind == "vt":
            uv.append([float(number) for number in rest.split()[:2]])
        elif kind == "usemtl":
            if (name := rest.strip()) not in materials:
                materials.append(name)
            current = materials.index(name)
        elif kind == "f":
            # OBJ counts from 1, so that the 0 put for a triangle's fourth corner becomes -1.
            polygon = [[int(number) for number in corner.split("/")[:2]] for corner in rest.split()]
            corners.append(polygon if len(polygon) == 4 else [*polygon, [0, 0]])
            material_of.append(current)
    both = np.array(corners, np.int32) - 1  # (F, 4, 2)
    return {
        "faces": both[..., 0],
        "faces_uv": both[..., 1],
        "face_mat": np.array(material_of, np.uint8),
        "materials": np.array(materials),
        "uv": np.array(uv, np.float32),
    }


def _quantised(moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, V, 3) float64 -> (M, V, 3) int16 and (M,) float32, so that `q * scale` gives the moves again."""
    scale = np.abs(moves).max(axis=(1, 2)) / np.iinfo(np.int16).max
    return np.round(moves / scale[:, None, None]).astype(np.int16), scale.astype(np.float32)


def _lines(file: Path) -> Iterator[str]:
    try:
        yield from file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise UserError(f"{file} cannot be read: {unreadable}. Give ICT-FaceKit's FaceXModel folder.") from unreadable


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="FaceXModel of a copy of ICT-FaceKit")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    options = parser.parse_args()
    try:
        arrays = convert(options.folder)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with options.output.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    print(f"{options.output}: {IDENTITY_MODES} identity modes, {len(arrays['expression_names'])} expressions")


if __name__ == "__main__":
    main()
