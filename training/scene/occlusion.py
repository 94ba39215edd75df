"""Bake how much of the sky each vertex of the head sees: ambient occlusion, darkening nostrils, lids and the mouth.

    python -m training.scene.occlusion --face-model DIR

Writes `ao.npy` beside the model, (V,) float32 from 0 (closed in) to 1 (open). The head is drawn as a depth map from 220
directions spread evenly over the sphere; a vertex sees the sky in a direction where nothing lies before it.
"""

import argparse
import os
from pathlib import Path

import moderngl
import numpy as np

from common.errors import UserError
from training.scene.face_model import (
    FACE,
    GUMS_AND_TEETH,
    MODEL_FILE,
    MOUTH_SOCKET,
    OCCLUSION_FILE,
    UNSEEN,
    VARIABLE,
    FaceModel,
    Material,
    load_face_model,
)
from training.scene.opengl import index_buffer, open_context, program_of, set_uniforms

DIRECTIONS = 220
GOLDEN_ANGLE = 2.399963
DEPTH_SIZE = 1024
CENTRE = np.array([0, -2.0, 2.0])  # of the head with its shoulders, centimetres
HALF_WIDTH, HALF_DEPTH = 22.0, 26.0  # of the box around it
LIFT, BIAS = 0.06, 0.0012  # off the surface, in centimetres and in depth, so that no vertex hides itself
OPEN_JAW = 0.45


def bake(file: Path) -> np.ndarray:
    """Occlusion of every vertex of a model's neutral head.

    Args:
        file: the face model, as `training.scene.convert_ict` writes it.

    Returns:
        (V,) float32 in [0, 1].

    Raises:
        UserError: the file is no face model, or this machine offers no OpenGL without a screen.
    """
    model = load_face_model(file)
    with np.load(file) as stored:
        # Teeth as published: widened as they are drawn, they would stand in each other's shade.
        closed = stored["neutral"].astype(np.float64)
    opened = closed + model.deformation({"jawOpen": OPEN_JAW})
    context = open_context()
    at_rest, speaking = (_sky_seen(context, head, _hiding(model)) for head in (closed, opened))
    # Inside a closed mouth all is black; what is seen there is seen when the mouth is open.
    for inside in (MOUTH_SOCKET, GUMS_AND_TEETH):
        at_rest[inside] = speaking[inside]
    x, y, _ = closed[FACE].T
    lips = np.flatnonzero((np.abs(x) < 3) & (y < -1.2) & (y > -5.5))
    at_rest[lips] = np.maximum(at_rest[lips], 0.6 * speaking[lips] + 0.4 * at_rest[lips])
    return at_rest


def _hiding(model: FaceModel) -> np.ndarray:
    """(T, 3) the triangles that can hide something: all that is solid and drawn."""
    faces = model.faces[~np.isin(model.material, [*UNSEEN, Material.EYE_SHADE, Material.LASHES])]
    return np.concatenate([faces[:, :3], faces[faces[:, 3] >= 0][:, [0, 2, 3]]])


def _sky_seen(context: moderngl.Context, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V,) float32: the share of the hemisphere over each vertex that is open, weighted by the cosine."""
    program = program_of(context, "shadow")
    places = context.buffer(vertices.astype(np.float32).tobytes())
    head = context.vertex_array(program, [(places, "3f", "position")], index_buffer(context, triangles))
    depth_map = context.depth_texture((DEPTH_SIZE, DEPTH_SIZE))
    target = context.framebuffer(depth_attachment=depth_map)
    context.enable(moderngl.DEPTH_TEST)
    target.use()
    normals = _normals(vertices, triangles)
    lifted = vertices + LIFT * normals
    seen, weight = np.zeros(len(vertices)), np.zeros(len(vertices))
    for direction in _directions():
        view = _view_from(direction)
        target.clear(depth=1.0)
        set_uniforms(program, {"shadow_matrix": view.T})
        head.render()
        nearest = np.frombuffer(depth_map.read(), np.float32).reshape(DEPTH_SIZE, DEPTH_SIZE)
        place = (lifted @ view[:3, :3].T + view[:3, 3]) * 0.5 + 0.5  # (V, 3), 0 to 1
        column, row = np.clip((place[:, :2] * DEPTH_SIZE).astype(int), 0, DEPTH_SIZE - 1).T
        cosine = np.clip(normals @ direction, 0, 1)
        seen += cosine * (place[:, 2] - BIAS <= nearest[row, column])
        weight += cosine
    share: np.ndarray = (seen / np.maximum(weight, 1e-6)).astype(np.float32)
    return share


def _normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3), unit, weighted by the area of the triangles around each vertex."""
    first, second, third = (vertices[triangles[:, corner]] for corner in range(3))
    of_triangle = np.cross(second - first, third - first)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], of_triangle)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    return normals


def _directions() -> np.ndarray:
    """(D, 3) unit vectors on a spiral from pole to pole, each with the same share of the sphere."""
    number = np.arange(DIRECTIONS)
    y = 1 - 2 * (number + 0.5) / DIRECTIONS
    radius, angle = np.sqrt(1 - y * y), number * GOLDEN_ANGLE
    return np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1)


def _view_from(direction: np.ndarray) -> np.ndarray:
    """(4, 4), the box around the head as seen from far away in `direction`."""
    up = np.array([0, 1, 0.0]) if abs(direction[1]) < 0.9 else np.array([1, 0, 0.0])
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    view = np.eye(4)
    view[0, :3], view[1, :3] = right / HALF_WIDTH, np.cross(direction, right) / HALF_WIDTH
    view[2, :3] = -direction / HALF_DEPTH
    view[:3, 3] = -view[:3, :3] @ CENTRE
    return view


def main() -> None:
    """The command line; `--help` shows the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    named = os.environ.get(VARIABLE)
    parser.add_argument("--face-model", type=Path, default=named, required=not named, help=f"folder with {MODEL_FILE}")
    options = parser.parse_args()
    try:
        occlusion = bake(options.face_model / MODEL_FILE)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    np.save(options.face_model / OCCLUSION_FILE, occlusion)
    print(options.face_model / OCCLUSION_FILE)


if __name__ == "__main__":
    main()
