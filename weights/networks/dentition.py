"""The teeth and gums of a head: what a generator of few pixels blurs into one band.

They are bone: a person's shape moves them as one piece, and so does the lower jaw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Dentition:
    """Lengths are centimetres, places are the head's.

    Attributes:
        neutral: (N, 3) float32, of the mean head at rest.
        triangles: (T, 3) int64, anticlockwise as seen from outside.
        colours: (N, 3) float32, 0 to 1 as shown, beside an incisor's, which is grey.
        lower: (N,) bool, what the lower jaw carries.
        incisal_edge: (2,) int64, the vertices at which the two upper middle incisors end.
        identity: (M, 4, 3) float32, how one standard deviation of each mode moves a point (x, y, z, 1).
        jaw: (E, 4, 3) float32, how each expression in full moves one of the lower jaw.
    """

    neutral: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    lower: np.ndarray
    incisal_edge: np.ndarray
    identity: np.ndarray
    jaw: np.ndarray

    def shape(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """(M,) and (E,) coefficients -> (N, 3) vertices."""
        places = np.column_stack([self.neutral, np.ones(len(self.neutral))])
        moved: np.ndarray = self.neutral + places @ np.tensordot(identity, self.identity, 1)
        moved[self.lower] += places[self.lower] @ np.tensordot(expression, self.jaw, 1)
        return moved


def dentition_of(arrays: Mapping[str, np.ndarray]) -> Dentition:
    """The teeth from the arrays of a head's file, as `training.scene.head_shape` writes them."""
    return Dentition(
        neutral=arrays["teeth_neutral"],
        triangles=arrays["teeth_triangles"].astype(int),
        colours=arrays["teeth_colours"].astype(np.float32) / 255,
        lower=arrays["teeth_lower"].astype(bool),
        incisal_edge=arrays["teeth_incisal_edge"].astype(int),
        identity=arrays["teeth_identity"],
        jaw=arrays["teeth_jaw"],
    )
