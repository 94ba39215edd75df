"""Detectors: where an image may show a face.

`haar` needs no weights. The others are face-alignment's own, with weights from a file that is never downloaded:

| detector | published file |
|---|---|
| `sfd` | `s3fd-619a316812.pth` |
| `retinaface` | `retinaface_mobilenet0.25.pth`; needs torchvision |
| `yunet` | `face_detection_yunet_2023mar.onnx` |
"""

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np

from common.errors import CheckpointError
from common.install_hints import PIP
from weights.file_kinds import not_a_checkpoint
from weights.read_checkpoint import read_checkpoint

# Boxes are looked for in images of at most this size: a face of interest is never under a twentieth of the image.
LONGEST_SIDE = 960
# Each with the number of neighbouring hits that make a face: few, for the network decides.
CASCADES = {"haarcascade_frontalface_default.xml": 3, "haarcascade_frontalface_alt2.xml": 2}
OVERLAP = 0.4  # of two boxes, intersection over union: from here on they are one face

# Where an image (H, W, 3) uint8 RGB may show a face: boxes of landmarks (N, 4), left, top, right, bottom, and then
# others for whoever finds no face in those.
Detector = Callable[[np.ndarray], Iterator[np.ndarray]]
PUBLISHED = ("sfd", "retinaface", "yunet")
# A tensor that only this detector's file holds.
TOLD_BY = {"conv3_3_norm_mbox_conf.weight": "sfd", "BboxHead.0.conv1x1.weight": "retinaface"}


def make_detector(name: str, device: str) -> Detector:
    """The detector of a name.

    Raises:
        CheckpointError: no such detector, or no such file.
    """
    if name == "haar":
        return HaarDetector()
    kind, colon, file = name.partition(":")
    if kind not in PUBLISHED:
        kind, file = "", name  # the kind is told from the file
    if not os.path.isfile(file):  # noqa: PTH113 (Path's own raises over long names)
        if not colon and "." not in name:
            raise CheckpointError(
                f'detector "{name}": expected haar, a weights file, or one of {", ".join(PUBLISHED)} with a colon and '
                "its weights file."
            )
        raise CheckpointError(f'detector "{name}": there is no file "{file}". It is never downloaded: put it there.')
    return PublishedDetector(kind or detector_kind(Path(file)), file, device)


def detector_kind(file: Path) -> str:
    """Which published detector a weights file is of, recognised by its contents.

    Raises:
        CheckpointError: of none.
    """
    with file.open("rb") as opened:
        start = opened.read(64)
    if start[:1] == b"\x08" and (b"pytorch" in start or b"onnx" in start):  # ONNX: a version, then who wrote it
        return "yunet"
    content, _ = read_checkpoint(file)
    names = {name.removeprefix("module.") for name in content}
    for name, kind in TOLD_BY.items():
        if name in names:
            return kind
    raise CheckpointError(f"{file}: expected the weights of {', '.join(PUBLISHED)}, found none of them.")


class HaarDetector:
    """OpenCV's cascades for frontal faces (Viola and Jones, 2001), which come with its package."""

    # From a cascade's square, which reaches from the forehead to the chin, to the landmarks' box: measured on renders.
    INSET = np.array([0.10, 0.25, -0.10, 0.03])

    def __init__(self) -> None:
        folder = Path(cv2.__file__).parent / "data"  # where the package keeps them
        self._cascades = [(cv2.CascadeClassifier(str(folder / name)), hits) for name, hits in CASCADES.items()]

    def __call__(self, image: np.ndarray) -> Iterator[np.ndarray]:
        scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        # A face that fills its image is found only with some room around it.
        margin = round(0.15 * max(grey.shape))
        # Equalising the whole image flattens a dark face before a light background; equalising each region does not.
        for evened in (cv2.equalizeHist, cv2.createCLAHE(3.0, (4, 4)).apply):
            room = cv2.copyMakeBorder(evened(grey), margin, margin, margin, margin, cv2.BORDER_REPLICATE)
            squares = self._squares(room, max(24, round(0.05 * max(size))))
            boxes = [(square - margin + self.INSET * (square[2] - square[0])) / scale for square in squares]
            yield np.array(boxes).reshape(-1, 4)

    def _squares(self, grey: np.ndarray, smallest: int) -> list[np.ndarray]:
        """What the cascades take for faces in a grey image, each (4,) once: x0, y0, x1, y1."""
        squares: list[np.ndarray] = []
        for cascade, hits in self._cascades:
            found = cascade.detectMultiScale(grey, 1.1, hits, minSize=(smallest, smallest))
            for x, y, width, height in found:
                square = np.array([x, y, x + width, y + height], np.float64)
                if all(overlap(square, other) < OVERLAP for other in squares):
                    squares.append(square)
        return squares


class PublishedDetector:
    """One of face-alignment's detectors, with weights from a file."""

    def __init__(self, kind: str, file: str, device: str):
        try:
            published = import_module(f"face_alignment.detection.{kind}").FaceDetector
        except ModuleNotFoundError as missing:
            raise CheckpointError(
                f"detector {kind}: it needs {missing.name}, which is not installed: {PIP} {missing.name}, of the "
                "release that goes with the installed torch."
            ) from missing
        try:
            self._detector = published(device=device, path_to_detector=file)
        except Exception as error:  # torch, OpenCV and pickle each have exceptions of their own
            other = not_a_checkpoint(Path(file)) if Path(file).is_file() else ""
            if other and not (kind == "yunet" and "ONNX" in other):  # which it is
                raise CheckpointError(f"detector {kind}: {file}: {other}") from error
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(f"detector {kind}: {file} does not hold its weights ({reason}).") from error

    def __call__(self, image: np.ndarray) -> Iterator[np.ndarray]:
        scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        found = self._detector.detect_from_image(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        boxes = np.asarray(found, np.float64).reshape(len(found), -1)[:, :4] / scale
        # These boxes begin at the forehead; face-alignment moves their centre up by 12 % of the height.
        shift = 0.12 * (boxes[:, 3] - boxes[:, 1])
        yield boxes - np.stack([0 * shift, shift, 0 * shift, shift], axis=1)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    common = float(np.prod(np.maximum(high - low, 0)))
    return common / (area(first) + area(second) - common + 1e-9)


def area(box: np.ndarray) -> float:
    """Of a box (left, top, right, bottom), in square pixels."""
    return float((box[2] - box[0]) * (box[3] - box[1]))
