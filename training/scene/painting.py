"""The brushes with which `training.scene.face_masks` paints, and the canvas: the face's texture."""

import cv2
import numpy as np
from scipy.interpolate import griddata, splev, splprep

from training.scene.face_model import FACE, FaceModel, Material

SIZE = 1024  # side of the texture in pixels; every length below is in these pixels


class Canvas:
    """The face's texture: where points of the neutral head lie in it.

    Args:
        model: whose texture.

    Attributes:
        head: (9409, 3), the face's vertices on the neutral head, centimetres.
        places: (9409, 2), the same in the texture, pixels.
        landmarks: (68, 2), pixels.
        up: 1 or -1, the sign of a step up the face.
    """

    def __init__(self, model: FaceModel) -> None:
        of_face = model.material == Material.FACE
        faces, faces_uv = model.faces[of_face], model.faces_uv[of_face]
        places = np.zeros((len(model.neutral), 2))
        places[faces[faces >= 0]] = model.uv[faces_uv[faces >= 0]]
        self.head, self.places = model.neutral[FACE], places[FACE] * SIZE
        self.landmarks = places[model.landmarks] * SIZE
        self.up = float(np.sign(self.landmarks[19, 1] - self.landmarks[37, 1]))

    def at(self, x: float, y: float) -> np.ndarray:
        """(2,) pixels of the foremost of the six vertices nearest to (x, y) as seen from the front."""
        front = np.flatnonzero(self.head[:, 2] > 0)
        away = (self.head[front, 0] - x) ** 2 + (self.head[front, 1] - y) ** 2
        near = front[np.argsort(away)[:6]]
        found: np.ndarray = self.places[near[np.argmax(self.head[near, 2])]]
        return found

    def spread(self, values: np.ndarray) -> np.ndarray:
        """(9409,) one value a vertex -> (SIZE, SIZE) float32, interpolated."""
        coarse = np.arange(0, SIZE, 4)
        grid = np.stack(np.meshgrid(coarse, coarse), axis=-1).reshape(-1, 2)
        painted = griddata(self.places, values, grid, method="linear", fill_value=0)
        painted = painted.reshape(len(coarse), len(coarse)).astype(np.float32)
        return cv2.resize(painted, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def curve(points: np.ndarray, count: int, closed: bool = False) -> np.ndarray:
    """(N, 2) -> (count, 2), a smooth curve through all points."""
    through = np.vstack([points, points[:1]]) if closed else points
    spline, _ = splprep(through.T, s=0, per=closed, k=min(3, len(through) - 1))
    return np.array(splev(np.linspace(0, 1, count), spline)).T


def blank() -> np.ndarray:
    """An empty map: (SIZE, SIZE) float32."""
    return np.zeros((SIZE, SIZE), np.float32)


def filled(outline: np.ndarray) -> np.ndarray:
    """The inside of an outline, (N, 2): 1, all else 0."""
    return cv2.fillPoly(blank(), [np.round(outline).astype(np.int32)], 1.0)


def stroke(canvas: np.ndarray, points: list[np.ndarray], strength: float) -> None:
    """A thin line through `points`, drawn into `canvas` to an eighth of a pixel."""
    eighths = np.round(np.array(points) * 8).astype(np.int32)
    cv2.polylines(canvas, [eighths], False, float(strength), 1, cv2.LINE_AA, 3)


def spot(centre: np.ndarray, across: float, down: float) -> np.ndarray:
    """A soft ellipse, 1 in its middle and 1/e at `across` and `down` pixels from it."""
    ys, xs = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    spot: np.ndarray = np.exp(-(((xs - centre[0]) / across) ** 2 + ((ys - centre[1]) / down) ** 2)).astype(np.float32)
    return spot


def noise(rng: np.random.Generator) -> np.ndarray:
    """A normal deviate in every pixel."""
    return rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32)


def blurred(image: np.ndarray, width: float) -> np.ndarray:
    """A Gaussian blur of `width` pixels."""
    return cv2.GaussianBlur(image, (0, 0), width)


def standardised(image: np.ndarray) -> np.ndarray:
    """Scaled to a standard deviation of 1."""
    scaled: np.ndarray = image / image.std()
    return scaled


def pixel(place: np.ndarray) -> list[int]:
    """The pixel nearest to a place, as OpenCV takes it."""
    pixel: list[int] = np.round(place).astype(int).tolist()
    return pixel


def channels(*maps: np.ndarray) -> np.ndarray:
    """Four maps, 0 to 1, as one (SIZE, SIZE, 4) uint8."""
    return np.stack([np.clip(each * 255, 0, 255).astype(np.uint8) for each in maps], axis=-1)
