"""The face model as triangles for a graphics card: one vertex for each pair of place and texture place."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from training.scene.face_model import SKIN, FaceModel, Material


@dataclass(frozen=True)
class FaceMesh:
    """Triangles of everything that is drawn, by how it is drawn.

    Attributes:
        source: (N,) int32, the model's vertex behind each vertex of the mesh.
        uv: (N, 2) float32, within the material's own tile.
        material: (N,) float32, a `Material` each.
        triangles: (T, 3) int32.
        triangle_material: (T,).
        neutral: (N, 3) float32, place on the mean head.
    """

    source: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    triangles: np.ndarray
    triangle_material: np.ndarray
    neutral: np.ndarray

    @cached_property
    def opaque(self) -> np.ndarray:
        """(T, 3), less the back of the mouth, which nobody sees and which would show through a turned neck."""
        solid = self.triangles[~np.isin(self.triangle_material, [Material.EYE_SHADE, Material.LASHES])]
        inside = self.source[solid].min(axis=1) >= SKIN.stop
        return solid[~(inside & (self.neutral[solid][:, :, 2].max(axis=1) < 4.0))]

    @cached_property
    def casting(self) -> np.ndarray:
        """(T, 3), what throws shadows: the skin alone."""
        return self.opaque[self.source[self.opaque].max(axis=1) < SKIN.stop]

    def of(self, material: Material) -> np.ndarray:
        """(T, 3), the triangles of one material."""
        return self.triangles[self.triangle_material == material]


def face_mesh(model: FaceModel) -> FaceMesh:
    """Split the model's polygons into triangles over unified vertices."""
    faces, faces_uv = model.faces[model.visible], model.faces_uv[model.visible]
    material = model.material[model.visible]
    material = np.where(material == Material.RIGHT_EYE, Material.EYE, material)
    quad, span = faces[:, 3] >= 0, len(model.uv) + 1
    pairs = faces.astype(np.int64) * span + faces_uv  # (F, 4)
    pairs[faces < 0] = pairs[0, 0]  # a triangle's missing corner must not become a vertex
    unique, corners = np.unique(pairs, return_inverse=True)
    corners = corners.reshape(faces.shape)  # (F, 4)
    vertex_material = np.zeros(len(unique), np.float32)
    for corner in range(4):
        there = faces[:, corner] >= 0
        vertex_material[corners[there, corner]] = material[there]
    source = (unique // span).astype(np.int32)
    uv = model.uv[unique % span].astype(np.float32)
    tile = np.select([vertex_material == Material.BACK_OF_HEAD, vertex_material == Material.LASHES], [1, 6], 0)
    uv[:, 0] -= tile
    return FaceMesh(
        source=source,
        uv=uv,
        material=vertex_material,
        triangles=np.concatenate([corners[:, :3], corners[quad][:, [0, 2, 3]]]).astype(np.int32),
        triangle_material=np.concatenate([material, material[quad]]),
        neutral=model.neutral[source],
    )
