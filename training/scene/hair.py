"""Hair as ribbons that grow from the scalp, are combed, fall, and lie on the head.

Strands grow on the mean head at rest, step by step, and then move with the person's own skull: a face's expression
moves no hair.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from training.scene.face_model import SKIN, FaceModel

CLUMPS = 260
MESSINESS = 0.3
GATHERING = 0.7  # share of the way to the middle of its lock that a strand's tip goes
STIFFNESS = 0.42
HIGHEST_HAIRLINE = 12.2
# A grid of distances to the head; half a centimetre is finer than the layers of hair.
GRID_ORIGIN = np.array([-15, -22, -14.0])
GRID_STEP = 0.5
GRID_SIZE = np.array([60, 82, 58])
HEAD_CENTRE = np.array([0, 4.0, -1.0])
VERTEX_FLOATS = 13  # position, tangent, (side, place, chance, openness), outward


@dataclass(frozen=True)
class HairStyle:
    """How hair is cut and combed. Lengths are centimetres.

    Attributes:
        top, side, back: length of the hair there.
        volume: 0 flat to 1 full.
        parting: where it parts, to the face's left of the middle.
        fringe: -0.6 combed back to 0 combed forward.
        curl: 0 straight to 1.
        hairline: height of the hairline over the brow.
    """

    top: float
    side: float
    back: float
    volume: float
    parting: float
    fringe: float
    curl: float
    hairline: float


class Scalp:
    """Where strands grow, and what they must not pass through; the same for every face.

    Args:
        model: the head.
        strands: how many.
        points: points along each strand.
    """

    def __init__(self, model: FaceModel, strands: int, points: int) -> None:
        rng = np.random.default_rng(3)  # every render of the family has the same roots
        self._points = points
        normals, _ = model.normals(model.neutral)
        self._corners, self._shares = _roots(model, strands, rng)
        self._root = (model.neutral[self._corners] * self._shares[:, :, None]).sum(axis=1)  # (S, 3)
        outward = (normals[self._corners] * self._shares[:, :, None]).sum(axis=1)  # (S, 3)
        self._normal = outward / np.linalg.norm(outward, axis=1, keepdims=True)
        self._chance = rng.random((strands, 6)).astype(np.float32)  # (S, 6), each strand's own
        middles = self._root[rng.choice(strands, CLUMPS, replace=False)]
        nearest = cKDTree(middles).query(self._root)[1]
        self._clump = rng.random((CLUMPS, 4)).astype(np.float32)[nearest]  # (S, 4), its clump's
        self._lock = sparse.csr_array((np.ones(strands, np.float32), (nearest, np.arange(strands))))  # (CLUMPS, S)
        self._lock_of = nearest
        self._distance = _distance_grid(model, normals)
        self._away = np.stack(np.gradient(self._distance, GRID_STEP), axis=-1).astype(np.float32)

    def grow(self, style: HairStyle, displacement: np.ndarray) -> np.ndarray:
        """The ribbons of a hairstyle on a person's head.

        Args:
            style: the cut.
            displacement: (V, 3), from the mean head to the person's, `FaceModel.displacement`.

        Returns:
            (S, P, 2, 13) float32, both edges of each point: position, tangent, (side, place along the strand, the
            strand's random number, openness), and the direction outward.
        """
        length, alive = self._cut(style)
        layer = 0.35 * self._chance[:, 4] + 0.65 * self._clump[:, 1]  # (S,), locks lie over each other
        depth = 0.12 + 0.85 * layer * (0.35 + style.volume)  # (S,), how far over the skin it lies
        paths = self._gathered(self._fall(style, length, depth), length, alive)  # (S, P, 3)
        paths = paths + (displacement[self._corners] * self._shares[:, :, None]).sum(axis=1)[:, None]
        place = np.linspace(0, 1, self._points)
        deepest = 0.12 + 0.85 * (0.35 + style.volume)
        openness = 0.45 + 0.55 * np.clip((depth / deepest)[:, None] * 0.6 + 0.4 * place, 0, 1)  # (S, P)
        outward = paths - HEAD_CENTRE
        outward[..., 1] = np.where(outward[..., 1] < 0, outward[..., 1] * 0.3, outward[..., 1])
        ribbons = np.empty((len(paths), self._points, 2, VERTEX_FLOATS), np.float32)
        ribbons[..., 0:3] = paths[:, :, None]
        ribbons[..., 3:6] = np.gradient(paths, axis=1)[:, :, None]
        ribbons[..., 6] = (-1, 1)
        ribbons[..., 7] = place[:, None]
        ribbons[..., 8] = (0.35 * self._chance[:, 0] + 0.65 * self._clump[:, 0])[:, None, None]
        ribbons[..., 9] = openness[:, :, None]
        ribbons[..., 10:13] = outward[:, :, None]
        # A strand that does not grow shrinks to its root: the buffers keep their size.
        ribbons[~alive, :, :, 0:3] = ribbons[~alive, :1, :1, 0:3]
        return ribbons

    def triangles(self) -> np.ndarray:
        """(T, 3) int32, the triangles of all ribbons, indices into the vertices of `grow`, flattened."""
        strands = len(self._root)
        start = 2 * np.arange(strands * self._points).reshape(strands, self._points)[:, :-1].ravel()
        quads = np.stack([start, start + 1, start + 2, start + 1, start + 3, start + 2], axis=-1)
        return quads.reshape(-1, 3).astype(np.int32)

    def _gathered(self, paths: np.ndarray, length: np.ndarray, alive: np.ndarray) -> np.ndarray:
        """Strands, (S, P, 3), drawn to the middle of their lock, the more the longer and the nearer to the tip."""
        growing = np.where(alive, 1.0, 0.0)
        count = np.maximum(self._lock @ growing, 1)  # (CLUMPS,)
        middle = (self._lock @ (paths * growing[:, None, None]).reshape(len(paths), -1)) / count[:, None]
        middle = middle.reshape(-1, *paths.shape[1:])[self._lock_of]  # (S, P, 3)
        pull = GATHERING * np.minimum(1, length / 5)[:, None] * np.linspace(0, 1, self._points) ** 0.7  # (S, P)
        return paths + pull[..., None] * (middle - paths)

    def _on_top(self) -> np.ndarray:
        """(S,) 0 at the sides to 1 on the crown."""
        return np.clip((self._root[:, 1] - 5) / 5, 0, 1)

    def _cut(self, style: HairStyle) -> tuple[np.ndarray, np.ndarray]:
        """Each strand's length, (S,), and whether it grows at all, (S,) bool."""
        x, y, z = self._root.T
        inside = over_hairline(self._root, style.hairline)
        around_ear = (np.abs(x) > 5.2) & (z > -5.0) & (y < np.where(z > -3.4, 3.6, 1.8)) & (style.side < 6)
        alive = (inside > -0.2 + 0.5 * (self._chance[:, 2] - 0.5)) & ~around_ear
        top = self._on_top()
        back = np.clip(-z / 5, 0, 1) * (1 - 0.6 * top)
        side = np.clip(1 - top - back, 0, 1)
        length = top * style.top + back * style.back + side * style.side
        length = length * (0.85 + 0.15 * self._chance[:, 0] + 0.35 * (self._clump[:, 0] - 0.5))
        return np.maximum(length, 0.25) * np.clip((inside + 0.6) / 1.2, 0.25, 1), alive

    def _comb(self, style: HairStyle, length: np.ndarray, side: np.ndarray) -> np.ndarray:
        """(S, 3), the unit direction in which each strand leaves the scalp."""
        top, z = self._on_top(), self._root[:, 2]
        front = np.clip((z - 2) / 5, 0, 1) * top
        along = np.stack(
            [
                side * (0.55 + 0.8 * top),
                np.full(len(z), -0.15),
                -0.75 + front * (0.75 + style.fringe * 1.6),
            ],
            axis=1,
        )
        along += 0.5 * (self._clump[:, 1:4] - 0.5) * MESSINESS + 0.14 * (self._chance[:, 1:4] - 0.5)
        flat = _unit(along - self._normal * (along * self._normal).sum(axis=1, keepdims=True))
        lift = ((0.12 + style.volume * (0.75 * top + 0.22)) * np.where(length > 7, 0.75, 1.0))[:, None]
        return _unit(flat * (1 - 0.35 * lift) + self._normal * lift)

    def _fall(self, style: HairStyle, length: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """(S, P, 3), the strands on the mean head, grown point by point."""
        side = np.tanh((self._root[:, 0] - style.parting) * 1.2)
        heading = self._comb(style, length, side)
        step = (length / (self._points - 1))[:, None]
        gravity = step * np.array([0, -1.0, 0]) * (STIFFNESS * np.clip(length / 5, 0.25, 1.0))[:, None]
        phase = 6.28 * (0.2 * self._chance[:, 5] + self._clump[:, 3])
        point = self._root - self._normal * 0.05
        points = [point]
        for index in range(1, self._points):
            heading = heading + gravity * (1 + 0.25 * index)
            if style.curl > 0:
                turn = phase + index * 1.5
                heading = heading + style.curl * 0.55 * np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
            heading = _unit(heading, 0.0)
            point = point + heading * step
            point, heading = _off_the_face(point, heading, side, step[:, 0])
            cover = depth * min(1, index / 2.5) * np.minimum(1, length / 3) + 0.08
            point, heading = self._out_of_the_head(point, heading, cover)
            points.append(point)
        return np.stack(points, axis=1)  # (S, P, 3)

    def _out_of_the_head(
        self, point: np.ndarray, heading: np.ndarray, cover: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points pushed out to `cover` centimetres over the skin, and headings that no longer go inward there."""
        cell = np.clip(((point - GRID_ORIGIN) / GRID_STEP + 0.5).astype(int), 0, GRID_SIZE - 1)  # (S, 3)
        rows = cell[:, 0], cell[:, 1], cell[:, 2]
        away = _unit(self._away[rows])
        push = np.clip(cover - self._distance[rows], 0, 1.5)
        inward = np.minimum((heading * away).sum(axis=1), 0)
        # A strand brought to rest would have no direction left: hence the trifle.
        return point + away * push[:, None], heading - away * (inward * (push > 0))[:, None] * 0.9 + 1e-6


def over_hairline(points: np.ndarray, hairline: float) -> np.ndarray:
    """How far points of the mean head at rest lie over the hairline, as `shaders/face.frag.glsl` has it.

    Args:
        points: (N, 3).
        hairline: its height over the brow.

    Returns:
        (N,), centimetres; above 0 on the scalp.
    """
    x, y, z = points.T
    temple = 2.5 + (hairline - 3.6 - 2.5) * (z - 2.8) / 2.7
    nape = -4.5 + 4.0 * np.clip((z + 8) / 6.2, 0, 1)
    line = np.select(
        [z > 8, z > 5.5, z > 2.8, z > 1.6, z > -1.8],
        [hairline - 0.02 * x * x, hairline - 3.6 + 3.3 * (z - 5.5) / 2.5, temple, 1.0, 4.5],
        nape,
    )
    return y - line


def _off_the_face(
    point: np.ndarray, heading: np.ndarray, side: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Strands that hang before the face are drawn aside and back."""
    around = ((point - np.array([0, 1.0, 8.5])) / np.array([6.6, 8.6, 6.5])) ** 2  # (S, 3)
    within = np.clip(1.15 - around.sum(axis=1), 0, 1)
    way = np.where(np.abs(point[:, 0]) < 1.5, side, np.sign(point[:, 0]))
    aside = np.stack([way, np.full_like(way, 0.12), np.full_like(way, -0.35)], axis=1)
    turned = np.stack([way, np.zeros_like(way), np.full_like(way, -0.4)], axis=1)
    return (
        point + (within * np.minimum(1.2, step * 1.3))[:, None] * aside,
        heading + (within * 0.8)[:, None] * turned,
    )


def _roots(model: FaceModel, strands: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Roots spread evenly over the scalp: the corners of each one's polygon, (S, 4), and their shares, (S, 4)."""
    faces = model.faces[model.visible]
    faces = faces[(faces[:, 3] >= 0) & (faces.max(axis=1) < SKIN.stop)]
    corner = model.neutral[faces]  # (F, 4, 3)
    x, y, z = corner.mean(axis=1).T
    area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1)
    ear = (np.abs(x) > 6.9) & (z < 2.3) & (z > -3.4) & (y < 5.0)
    hairy = (over_hairline(corner.mean(axis=1), HIGHEST_HAIRLINE) > -0.4) & ~ear
    chosen = rng.choice(len(faces), strands, p=area * hairy / (area * hairy).sum())
    return faces[chosen], rng.dirichlet([1, 1, 1, 1], strands).astype(np.float32)


def _distance_grid(model: FaceModel, normals: np.ndarray) -> np.ndarray:
    """Signed distance to the smoothed mean head on a grid, float32, below 0 inside."""
    axes = [GRID_ORIGIN[axis] + GRID_STEP * np.arange(GRID_SIZE[axis]) for axis in range(3)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    skin = (model.smoothing @ (model.smoothing @ model.neutral))[SKIN]
    distance, nearest = cKDTree(skin).query(grid)
    side = np.sign(((grid - skin[nearest]) * normals[SKIN][nearest]).sum(axis=1))
    return (distance * side).reshape(GRID_SIZE).astype(np.float32)


def _unit(vectors: np.ndarray, guard: float = 1e-6) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + guard)
