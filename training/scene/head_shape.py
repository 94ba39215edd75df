"""The morphable head reduced to what moving a photograph needs, as `weights/bundled/head.safetensors`.

    python -m training.scene.head_shape --face-model DIR --output weights/bundled/head.safetensors

Kept are the skin from forehead to neck with its holes at eyes and mouth, thinned to a few thousand vertices (all of
those on the rims of lids and lips), thirty identity modes and the expressions that a face shows to a camera. A vertex
that goes is merged into the nearest one that stays, along the skin, so that lips and lids never grow together. Teeth
and gums are kept as far as they are seen.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from common.errors import UserError
from training.scene.face_model import MODEL_FILE, SKIN, VARIABLE, FaceModel, face_model_folder, load_face_model
from training.scene.reduced_teeth import reduced_teeth
from weights.write_checkpoint import save_weights

# Of 68 landmarks: those along each rim, from the corner at the image's left to the one at its right.
RIMS = {
    "left_eye_upper": (36, 37, 38, 39),
    "left_eye_lower": (36, 41, 40, 39),
    "right_eye_upper": (42, 43, 44, 45),
    "right_eye_lower": (42, 47, 46, 45),
    "mouth_upper": (60, 61, 62, 63, 64),
    "mouth_lower": (60, 67, 66, 65, 64),
}
# What no landmark shows, or what moves no skin.
UNUSED = ("PupilDilate", "eyeLook", "jawForward")
# Spacing of the vertices in centimetres: at a landmark of eyes, nose and mouth, and how much it grows for each
# centimetre away from the nearest of them.
FINEST, GROWTH, COARSEST = 0.14, 0.14, 1.6
# Ears stand out of the head's outline: their spacing at most, and where they are, from (x, y, z) on and up to.
EARS, EARS_FROM, EARS_TO = 0.6, (6.6, -4.0, -4.5), (12.0, 5.0, 1.5)
STILL = 0.003  # centimetres: an expression that moves a vertex less does not move it


def reduced_head(model: FaceModel) -> dict[str, np.ndarray]:
    """The arrays of a `head` file, as `weights.networks.head.Head` describes them."""
    triangles = _triangles(model)
    graph = _edges(triangles, model.neutral[SKIN])
    rims = {name: _path(graph, [int(model.landmarks[number]) for number in chain]) for name, chain in RIMS.items()}
    triangles = _outside(triangles, np.concatenate([*rims.values()]), model)
    stay = _thinned(model, np.unique(triangles), np.unique(np.concatenate([model.landmarks, *rims.values()])))
    nearest = _nearest(_edges(triangles, model.neutral[SKIN]), stay)
    merged = nearest[triangles]  # (T, 3)
    whole = (merged[:, 0] != merged[:, 1]) & (merged[:, 1] != merged[:, 2]) & (merged[:, 2] != merged[:, 0])
    merged = merged[whole]
    merged = merged[np.unique(np.sort(merged, axis=1), axis=0, return_index=True)[1]]
    number = np.full(SKIN.stop, -1)
    number[stay] = np.arange(len(stay))
    names = [name for name in model.expression_rows if not name.startswith(UNUSED)]
    rows = [model.expression_rows[name] for name in names]
    moves = model.expression.reshape(len(model.expression), -1, 3)[rows][:, stay]  # (E, V, 3)
    identity = model.identity.reshape(len(model.identity), -1, 3)[:, stay]  # (M, V, 3)
    return {
        "neutral": model.neutral[stay].astype(np.float32),
        "triangles": number[merged].astype(np.int16),
        "landmarks": number[model.landmarks].astype(np.int16),
        **_scaled("identity", identity, np.int8),
        **_moved(moves),
        **{f"rim_{name}": number[path].astype(np.int16) for name, path in rims.items()},
        "expressions": np.frombuffer("\n".join(names).encode(), np.uint8).copy(),
        **reduced_teeth(model, names),
    }


def _triangles(model: FaceModel) -> np.ndarray:
    """(T, 3) triangles of the skin, turned as the model's polygons are."""
    polygons = model.faces[model.faces.max(axis=1) < SKIN.stop]
    square = polygons[polygons[:, 3] >= 0]
    return np.concatenate([polygons[:, :3], square[:, [0, 2, 3]]])


def _edges(triangles: np.ndarray, points: np.ndarray) -> sparse.csr_matrix:
    """(V, V) lengths of the edges."""
    start, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    length = np.linalg.norm(points[start] - points[end], axis=1)
    graph = sparse.coo_matrix((length, (start, end)), shape=(len(points), len(points))).tocsr()
    return graph.maximum(graph.T)


def _path(graph: sparse.csr_matrix, stations: Sequence[int]) -> np.ndarray:
    """The shortest way along edges through some vertices, each vertex once."""
    found = [stations[0]]
    for start, end in pairwise(stations):
        _, before = dijkstra(graph, indices=start, return_predecessors=True)
        way = [end]
        while way[-1] != start:
            way.append(int(before[way[-1]]))
        found += way[-2::-1]
    return np.array(found)


def _outside(triangles: np.ndarray, rim: np.ndarray, model: FaceModel) -> np.ndarray:
    """The triangles that are left when what lies behind the rims is cut out: the lids' and lips' inner side.

    That is what hangs together with the edges of the model's own holes without crossing a rim.
    """
    sides = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2), axis=2)  # (T, 3, 2)
    key = sides[..., 0].astype(np.int64) * SKIN.stop + sides[..., 1]  # (T, 3)
    count = Counter(key.ravel().tolist())
    on_rim = np.zeros(SKIN.stop, bool)
    on_rim[rim] = True
    neck = model.neutral[SKIN, 1] < -10
    border = [value for value, times in count.items() if times == 1 and not neck[value % SKIN.stop]]
    behind = np.isin(key, border).any(axis=1)
    reached = np.zeros(SKIN.stop, bool)
    while True:
        before = reached.sum()
        reached[triangles[behind].ravel()] = True
        reached[on_rim] = False
        if reached.sum() == before:
            return triangles[~behind]
        behind |= reached[triangles].any(axis=1)


def _thinned(model: FaceModel, used: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The vertices that stay: `fixed`, then always the one that is farthest for the spacing wanted where it is."""
    points = model.neutral[used]
    features = model.neutral[model.landmarks[17:]]
    away = np.linalg.norm(points[:, None] - features, axis=2).min(axis=1)  # (U,)
    aside = points * np.where(points[:, :1] < 0, [-1, 1, 1], 1)  # both ears as if on one side
    ears = ((aside > EARS_FROM) & (aside < EARS_TO)).all(axis=1)
    spacing = np.minimum(FINEST + GROWTH * away, np.where(ears, EARS, COARSEST))
    chosen = np.flatnonzero(np.isin(used, fixed)).tolist()
    distance = np.full(len(used), np.inf)
    for index in chosen:
        distance = np.minimum(distance, np.linalg.norm(points - points[index], axis=1))
    while (farthest := int(np.argmax(distance / spacing))) is not None and distance[farthest] > spacing[farthest]:
        chosen.append(farthest)
        distance = np.minimum(distance, np.linalg.norm(points - points[farthest], axis=1))
    return np.sort(used[chosen])


def _nearest(graph: sparse.csr_matrix, stay: np.ndarray) -> np.ndarray:
    """(V,) for each vertex the one that it merges into; itself where it stays."""
    _, _, source = dijkstra(graph, indices=stay, return_predecessors=True, min_only=True)
    return source


def _scaled(name: str, values: np.ndarray, kind: type) -> dict[str, np.ndarray]:
    """(M, V, 3) as whole numbers with a scale for each row."""
    scale = np.abs(values).max(axis=(1, 2)) / np.iinfo(kind).max
    return {
        name: np.round(values / scale[:, None, None]).astype(kind),
        f"{name}_scale": scale.astype(np.float32),
    }


def _moved(moves: np.ndarray) -> dict[str, np.ndarray]:
    """(E, V, 3) displacements, of the vertices alone that move: most expressions are those of one part of a face."""
    far = np.linalg.norm(moves, axis=2) > STILL  # (E, V)
    scale = np.abs(moves).max(axis=(1, 2)) / np.iinfo(np.int16).max
    whole = np.round(moves / scale[:, None, None]).astype(np.int16)
    return {
        "expression_counts": far.sum(axis=1).astype(np.int32),
        "expression_vertices": np.nonzero(far)[1].astype(np.int16),
        "expression_moves": whole[far],
        "expression_scale": scale.astype(np.float32),
    }


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--face-model", type=Path, help=f"face model folder; {VARIABLE} if left out")
    parser.add_argument("--output", type=Path, default=Path("weights/bundled/head.safetensors"), help="the file")
    options = parser.parse_args()
    try:
        head = reduced_head(load_face_model(face_model_folder(options.face_model) / MODEL_FILE))
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    state = {name: torch.from_numpy(values) for name, values in head.items()}
    about = {"architecture": "head_shape", "source": "ICT-FaceKit Face Model Light, MIT", "unit": "centimetres"}
    save_weights(options.output, state, about, half=False)
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {len(head['neutral'])} vertices, {len(head['triangles'])} triangles, {size:.2f} MB")


if __name__ == "__main__":
    main()
