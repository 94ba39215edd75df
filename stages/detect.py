"""Finding the faces of a picture, and the landmarks of each.

A detector proposes boxes, the landmark network looks at each twice: once in the detector's box, once in the box of the
landmarks that it found. What it is not sure of is no face, so that a detector may propose too much.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from stages.align import landmark_crop
from stages.errors import CheckpointError, FaceTooSmall, NoFace
from stages.networks.fan import LandmarkNetwork

# The median heatmap peak. Measured with the bundled network: renders 0.90 and more, portrait paintings and filmed
# faces 0.70 and more; a dog 0.41, ornaments that the cascade took for faces up to 0.51.
SURE = 0.6
# Boxes are looked for in pictures of at most this size: a face of interest is never under a twentieth of the picture.
LONGEST_SIDE = 960
CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml")
OVERLAP = 0.4  # of two boxes, intersection over union: from here on they are one face

Detector = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Face:
    """One face of a picture.

    Attributes:
        landmarks: (68, 2) float32, x and y in pixels, pixel centres at .5.
        box: (4,) float64, x0, y0, x1, y1 of the landmarks, from brows to chin.
        confidence: the median peak of its heatmaps, about 1 for a clear face.
        others: how many further faces the picture shows.
    """

    landmarks: np.ndarray
    box: np.ndarray
    confidence: float
    others: int


class FaceFinder:
    """Finds faces with a detector and a landmark network.

    Args:
        network: on the device that it is to use.
        detector: `haar` (OpenCV's cascades, nothing to download), or one of face-alignment's with its weights file:
            `sfd:FILE`, `yunet:FILE`.
        min_face: height in pixels, from brows to chin, below which a face is too small to work with.

    Raises:
        CheckpointError: no such detector, or no such file.
    """

    def __init__(self, network: LandmarkNetwork, detector: str = "haar", min_face: int = 48):
        self.network = network
        self.min_face = min_face
        self._device = next(network.parameters()).device
        self._detect = make_detector(detector, str(self._device))

    def find(self, image: np.ndarray) -> Face:
        """The largest face of a picture, (H, W, 3) uint8 RGB.

        Raises:
            NoFace: none is found.
            FaceTooSmall: the largest has too few pixels.
        """
        faces = self.find_all(image)
        if not faces:
            raise NoFace("no face was found. Use a picture in which one face is seen from the front.")
        height = faces[0].box[3] - faces[0].box[1]
        if height < self.min_face:
            raise FaceTooSmall(
                f"the largest face is {height:.0f} pixels high from brows to chin: expected at least {self.min_face}. "
                "Use a larger picture."
            )
        return faces[0]

    def find_all(self, image: np.ndarray) -> list[Face]:
        """Every face of a picture, (H, W, 3) uint8 RGB, the largest first."""
        boxes = self._detect(image)
        if not len(boxes):
            return []
        points, _ = self._look(image, boxes)
        points, confidence = self._look(image, _boxes_of(points))
        boxes = _boxes_of(points)
        kept: list[int] = []
        for index in np.argsort(-confidence):
            alone = all(overlap(boxes[index], boxes[other]) < OVERLAP for other in kept)
            if confidence[index] >= SURE and alone:
                kept.append(int(index))
        kept.sort(key=lambda index: -_area(boxes[index]))
        return [Face(points[index], boxes[index], float(confidence[index]), len(kept) - 1) for index in kept]

    def _look(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks (N, 68, 2) float32 and confidence (N,) in boxes (N, 4)."""
        size = self.network.input_size
        windows, corners, scales = [], [], []
        for box in boxes:
            centre, side = landmark_crop(box)
            window, corner, scale = cut_window(image, centre, max(side, 8.0), size)
            windows.append(window)
            corners.append(corner)
            scales.append(scale)
        pixels = torch.from_numpy(np.stack(windows)).to(self._device).permute(0, 3, 1, 2).float() / 255  # (N, 3, S, S)
        points, confidence = self.network.locate(pixels)
        found = points.cpu().numpy() / np.array(scales)[:, None, None] + np.stack(corners)[:, None]
        return found.astype(np.float32), confidence.cpu().numpy()


def cut_window(image: np.ndarray, centre: np.ndarray, side: float, size: int) -> tuple[np.ndarray, np.ndarray, float]:
    """A square of a picture at another size, black beyond the picture's borders.

    Args:
        image: (H, W, 3) uint8.
        centre, side: the square, in pixels.
        size: height and width of the result.

    Returns:
        (size, size, 3) uint8; the square's top left corner (2,) in the picture; result pixels to a picture pixel.
    """
    scale = size / side
    corner = np.asarray(centre) - side / 2
    shrink = int(side / size)
    if shrink > 1:  # average first: the warp below reads only four pixels for each of its own
        low = np.maximum(np.floor(corner).astype(int), 0)
        high = np.minimum(np.ceil(corner + side).astype(int), image.shape[1::-1])
        part = image[low[1] : high[1], low[0] : high[0]]
        if min(part.shape[:2]) < shrink:
            return np.zeros((size, size, 3), np.uint8), corner, scale
        height, width = part.shape[0] // shrink * shrink, part.shape[1] // shrink * shrink
        smaller = cv2.resize(part[:height, :width], (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
        window, _, _ = cut_window(smaller, (np.asarray(centre) - low) / shrink, side / shrink, size)
        return window, corner, scale
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    matrix[:, 2] = scale * (0.5 - corner) - 0.5  # OpenCV counts pixel centres as whole numbers
    return cv2.warpAffine(np.ascontiguousarray(image), matrix, (size, size), flags=cv2.INTER_LINEAR), corner, scale


def make_detector(name: str, device: str) -> Detector:
    """From a detector's name to a function: (H, W, 3) uint8 RGB -> (N, 4) boxes of landmarks, x0, y0, x1, y1.

    Raises:
        CheckpointError: no such detector, or no such file.
    """
    kind, _, file = name.partition(":")
    if kind == "haar" and not file:
        return HaarDetector()
    if kind not in ("sfd", "yunet"):
        raise CheckpointError(f'detector "{name}": expected haar, sfd:FILE or yunet:FILE.')
    if not Path(file).is_file():
        raise CheckpointError(f'detector "{name}": there is no file "{file}". It is never downloaded: put it there.')
    return PublishedDetector(kind, file, device)


class HaarDetector:
    """OpenCV's cascades for frontal faces (Viola and Jones, 2001), which come with its package."""

    # From a cascade's square, which reaches from the forehead to the chin, to the landmarks' box: measured on renders.
    INSET = np.array([0.10, 0.25, -0.10, 0.03])

    def __init__(self) -> None:
        folder = Path(cv2.__file__).parent / "data"  # where the package keeps them
        self._cascades = [cv2.CascadeClassifier(str(folder / name)) for name in CASCADES]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        # A face that fills its picture is found only with some room around it.
        margin = round(0.15 * max(grey.shape))
        grey = cv2.copyMakeBorder(cv2.equalizeHist(grey), margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        smallest = max(24, round(0.05 * max(size)))
        squares: list[np.ndarray] = []
        for cascade in self._cascades:
            found = cascade.detectMultiScale(grey, 1.1, 4, minSize=(smallest, smallest))
            for x, y, width, height in found:
                square = np.array([x, y, x + width, y + height], np.float64)
                if all(overlap(square, other) < OVERLAP for other in squares):
                    squares.append(square)
        boxes = [(square - margin + self.INSET * (square[2] - square[0])) / scale for square in squares]
        return np.stack(boxes) if boxes else np.zeros((0, 4))


class PublishedDetector:
    """One of face-alignment's detectors, with weights from a file."""

    def __init__(self, kind: str, file: str, device: str):
        if kind == "sfd":
            from face_alignment.detection.sfd import FaceDetector
        else:
            from face_alignment.detection.yunet import FaceDetector
        try:
            self._detector = FaceDetector(device=device, path_to_detector=file)
        except Exception as error:  # torch, OpenCV and pickle each have exceptions of their own
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"detector {kind}: {file} does not hold its weights ({reason}).") from error

    def __call__(self, image: np.ndarray) -> np.ndarray:
        found = self._detector.detect_from_image(image)
        if not len(found):
            return np.zeros((0, 4))
        boxes = np.asarray(found, np.float64)[:, :4]
        # These boxes begin at the forehead; face-alignment moves their centre up by 12 % of the height.
        shift = 0.12 * (boxes[:, 3] - boxes[:, 1])
        return boxes - np.stack([0 * shift, shift, 0 * shift, shift], axis=1)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    common = float(np.prod(np.maximum(high - low, 0)))
    return common / (_area(first) + _area(second) - common + 1e-9)


def _area(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _boxes_of(points: np.ndarray) -> np.ndarray:
    """(N, 68, 2) -> (N, 4)."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float64)
