"""A head that any face can be: the morphable shape whose vertices carry an image's pixels.

Li et al., "Learning Formation of Physically-Based Face Attributes" (CVPR 2020), reduced by
`training.scene.head_shape`. Only its geometry is used: colours are the image's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from weights.networks.dentition import Dentition, dentition_of

# How much a displacement fades away from the points that are held: biharmonic near them, still far from all.
FADING = 2e-4
# Of the head that turns and the trunk that stays: heights in centimetres, between which the neck is twisted.
TRUNK, SKULL = -18.0, -9.0
OPEN, CLOSED = 0.5, 1.5  # centimetres from an opening's rim that are still lid or lip, and that are skin like any other
ALL = slice(None)


@dataclass(frozen=True)
class Rims:
    """The edges of one opening, from the corner at the image's left to the one at its right: vertex numbers."""

    upper: np.ndarray
    lower: np.ndarray


@dataclass(frozen=True, eq=False)
class Head:
    """Lengths are centimetres, y is up, z towards the viewer; the origin lies between the ears.

    Attributes:
        neutral: (V, 3) float32, the mean head at rest.
        triangles: (T, 3) int64, anticlockwise as seen from outside.
        landmarks: (68,) int64, the vertices of the 68 landmarks.
        identity: (M, V, 3) float32, for one standard deviation of each mode.
        expression: (E, V, 3) float32, each in full.
        names: of the expressions.
        left_eye, right_eye, mouth: the openings, left and right as the viewer sees them.
        dentition: its teeth and gums.
    """

    neutral: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    names: tuple[str, ...]
    left_eye: Rims
    right_eye: Rims
    mouth: Rims
    dentition: Dentition

    def shape(self, identity: np.ndarray, expression: np.ndarray, of: np.ndarray | slice = ALL) -> np.ndarray:
        """(M,) and (E,) coefficients -> (V, 3) vertices, or those of them that are asked for."""
        who = np.tensordot(identity, self.identity[:, of], 1)
        does = np.tensordot(expression, self.expression[:, of], 1)
        shape: np.ndarray = self.neutral[of] + who + does
        return shape

    @cached_property
    def held(self) -> np.ndarray:
        """(H,) the vertices that landmarks hold: the 68 themselves, then those of all rims, each once."""
        rims = [rim for eye in self.openings for rim in (eye.upper, eye.lower)]
        numbers, first = np.unique(np.concatenate([self.landmarks, *rims]), return_index=True)
        return numbers[np.argsort(first)]

    @property
    def openings(self) -> tuple[Rims, Rims, Rims]:
        """Left eye, right eye, mouth."""
        return self.left_eye, self.right_eye, self.mouth

    @cached_property
    def influence(self) -> np.ndarray:
        """(V, H) float32: how a displacement of the held vertices spreads over the skin, as a thin plate does."""
        from scipy import sparse  # takes half a second, and detection workers never move a head
        from scipy.sparse.linalg import splu

        count, held = len(self.neutral), self.held
        start, end = self.triangles.ravel(), np.roll(self.triangles, -1, axis=1).ravel()
        length = np.linalg.norm(self.neutral[start] - self.neutral[end], axis=1)
        near = sparse.coo_matrix((1 / length, (start, end)), shape=(count, count)).tocsr()
        near = near.maximum(near.T)
        weight = np.asarray(near.sum(axis=1)).ravel()
        laplacian = sparse.diags(weight) - near  # (V, V)
        area = sparse.diags(1 / weight)
        stiff = (laplacian @ area @ laplacian + FADING * sparse.diags(1 / weight)).tocsc()
        free = np.setdiff1d(np.arange(count), held)
        spread = np.zeros((count, len(held)), np.float32)
        spread[held, np.arange(len(held))] = 1
        spread[free] = splu(stiff[free][:, free]).solve(-stiff[free][:, held].toarray())
        return spread

    @cached_property
    def mixing(self) -> np.ndarray:
        """(H, 68): from the landmarks' displacements to those of the held vertices; between two of a rim, mixed."""
        mixing = np.eye(len(self.held), len(self.landmarks))
        order = np.argsort(self.held)
        numbers = {int(vertex): number for number, vertex in enumerate(self.landmarks)}
        for rims in self.openings:
            for rim in (rims.upper, rims.lower):
                stations = [place for place, vertex in enumerate(rim) if int(vertex) in numbers]
                lengths = np.linalg.norm(np.diff(self.neutral[rim], axis=0), axis=1)
                along = np.concatenate([[0.0], np.cumsum(lengths)])
                known = np.eye(len(self.landmarks))[[numbers[int(rim[place])] for place in stations]]
                mixed = [np.interp(along, along[stations], column) for column in known.T]
                mixing[order[np.searchsorted(self.held, rim, sorter=order)]] = np.column_stack(mixed)
        return mixing

    @cached_property
    def closed(self) -> np.ndarray:
        """(V,) float32: 0 on lids and lips, 1 where there is skin and no opening near."""
        rims = self.neutral[np.concatenate([part for rims in self.openings for part in (rims.upper, rims.lower)])]
        away = np.linalg.norm(self.neutral[:, None] - rims, axis=2).min(axis=1)
        return np.asarray(np.clip((away - OPEN) / (CLOSED - OPEN), 0, 1), np.float32)

    @cached_property
    def turning(self) -> np.ndarray:
        """(V,) float32: 1 for vertices that turn with the skull, 0 for the trunk's, between in the neck."""
        share = np.clip((self.neutral[:, 1] - TRUNK) / (SKULL - TRUNK), 0, 1)
        smooth: np.ndarray = share * share * (3 - 2 * share)
        return smooth


def head_of(arrays: Mapping[str, np.ndarray]) -> Head:
    """A head from the arrays of its file, as `training.scene.head_shape` writes them."""
    scale = arrays["identity_scale"][:, None, None]
    counts = arrays["expression_counts"]
    rows = np.repeat(np.arange(len(counts)), counts)
    moves = arrays["expression_moves"] * arrays["expression_scale"][rows, None]
    expression = np.zeros((len(counts), *arrays["neutral"].shape), np.float32)
    expression[rows, arrays["expression_vertices"].astype(int)] = moves
    rims = {name: arrays[f"rim_{name}"].astype(int) for name in RIM_NAMES}
    return Head(
        neutral=arrays["neutral"],
        triangles=arrays["triangles"].astype(int),
        landmarks=arrays["landmarks"].astype(int),
        identity=arrays["identity"] * scale.astype(np.float32),
        expression=expression,
        names=tuple(arrays["expressions"].tobytes().decode().split("\n")),
        left_eye=Rims(rims["left_eye_upper"], rims["left_eye_lower"]),
        right_eye=Rims(rims["right_eye_upper"], rims["right_eye_lower"]),
        mouth=Rims(rims["mouth_upper"], rims["mouth_lower"]),
        dentition=dentition_of(arrays),
    )


RIM_NAMES = tuple(f"{place}_{side}" for place in ("left_eye", "right_eye", "mouth") for side in ("upper", "lower"))
