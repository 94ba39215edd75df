"""Finding the faces of an image, and the landmarks of each.

A detector proposes boxes. The landmark network looks at each twice: in the detector's box, then in the box of the
landmarks that it found. A candidate is a face if the network is sure of it, finds the same landmarks in its mirror
image, and a classifier takes it for a person's face; so a detector may propose too much. If no face is found, the image
is turned: cascades miss heads that lean by 20 degrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from common.errors import FaceTooSmall, NoFace
from stages.execution.executor import accelerated
from stages.faces.align import landmark_crop
from stages.faces.detectors import OVERLAP, area, make_detector, overlap
from stages.faces.face_check import looks_human
from stages.faces.windows import cut_window, rotate
from weights.load_small_networks import load_face_check
from weights.networks.fan import MIRRORED, LandmarkNetwork

# What a face is: the network is sure of it (the median heatmap peak, mean of a crop and its mirror image), and sees it
# in the same place in the mirror (mean distance as a share of that between the outer corners of the eyes). Measured
# with the bundled network on 190 pictures: filmed and painted faces leaning by up to 40 degrees, a dog, animals,
# textures, and the same images with their faces covered. Faces: 0.69 and more, 0.10 and less. Of what the cascades
# took for faces, what is as sure (a dog's snout, 0.66) moves by 0.22, what moves as little (an engine, 0.11) has 0.63.
SURE = 0.66
SAME_IN_A_MIRROR = 0.11
# A dog's portrait passes both (0.80, 0.057), as eyes, nose and mouth are where a person's are. The classifier's logit
# of it is -4.3 in each of six views (mirrored, leaning, grey, small, dark, blurred), of another dog -3.2, of a drawn
# penguin -2.6. People: -0.9 and more in 96 images and frames, -1.0 and more in eight views of 28 of them; the lowest
# are of one man who shouts, the median is 2.2.
HUMAN = -2.4
# Below this confidence more is asked: fur at 0.68 has -0.7, a muzzle at 0.74 has -1.9, a painted face at 0.73 has 4.5.
DOUBTFUL, HUMAN_IN_DOUBT = 0.76, 0.0
BESIDE = 0.85  # of the clearest face's peak: beside a face at 0.86, painted hills at 0.69 are none
WORTH_A_MIRROR = 0.5  # the peak below which the second look is not worth its time
TURNS = (-35.0, 35.0)  # degrees
# Of a face's boxes in two frames, intersection over union: from here on a look in the first sees all of the second.
STAYS = 0.6


@dataclass(frozen=True)
class Face:
    """One face of an image.

    Attributes:
        landmarks: (68, 2) float32, x and y in pixels, pixel centres at .5.
        box: (4,) float64, x0, y0, x1, y1 of the landmarks, from brows to chin.
        confidence: the median peak of its heatmaps, mean of two looks; about 0.85 for a clear face.
        others: how many further faces the image shows.
        human: how surely it is a person's, as `looks_human` has it.
    """

    landmarks: np.ndarray
    box: np.ndarray
    confidence: float
    others: int
    human: float = 0.0


class FaceFinder:
    """Finds faces with a detector and a landmark network.

    Args:
        network: on the device that it is to use.
        detector: `haar` (OpenCV's cascades, nothing to download), or the weights file of one of face-alignment's, as
            `stages.faces.detectors.make_detector` takes it.
        min_face: height in pixels, from brows to chin, below which a face is too small to work with.

    Raises:
        CheckpointError: no such detector, or no such file.
    """

    def __init__(self, network: LandmarkNetwork, detector: str = "haar", min_face: int = 48):
        self.network = network
        self.min_face = min_face
        self._device = next(network.parameters()).device
        self._detect = make_detector(detector, str(self._device))
        self._check = accelerated(load_face_check(device=str(self._device)), str(self._device))

    def find(self, image: np.ndarray) -> Face:
        """The largest face of an image, (H, W, 3) uint8 RGB.

        Raises:
            NoFace: none is found.
            FaceTooSmall: the largest has too few pixels.
        """
        faces = self.find_all(image)
        if not faces:
            raise NoFace("no face was found. Use an image in which one face is seen from the front.")
        height = faces[0].box[3] - faces[0].box[1]
        if height < self.min_face:
            raise FaceTooSmall(
                f"the largest face is {height:.0f} pixels high from brows to chin: expected at least {self.min_face}. "
                "Use a larger image."
            )
        return faces[0]

    def find_all(self, image: np.ndarray, thorough: bool = True) -> list[Face]:
        """Every face of an image, (H, W, 3) uint8 RGB, the largest first.

        Args:
            thorough: also look at what the detector proposes only later, before the image is turned. It takes as long
                again, where no face is found.
        """
        points, confidence, human = self._upright_faces(image, thorough)
        for degrees in TURNS:
            if not len(points):
                picture, matrix = rotate(image, degrees)
                points, confidence, human = self._upright_faces(picture, thorough=False)
                points = ((points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T).astype(np.float32)
        return _distinct_faces(points, confidence, human)

    def find_again(self, image: np.ndarray, before: Sequence[Face]) -> list[Face]:
        """The faces of a video's frame, looked for where the frame before it showed them.

        The whole frame is searched where one of them is not surely there, or none was: it has left, or jumped.

        Args:
            image: (H, W, 3) uint8 RGB.
            before: the faces of a frame of the same size. Where one of them stays, a new one beside it is not noticed.
        """
        if before:
            points, confidence = self._look(image, np.stack([face.box for face in before]))
            found = _distinct_faces(*self._sure_faces(image, points, confidence))
            if all(any(overlap(face.box, again.box) >= STAYS for again in found) for face in before):
                return found
        return self.find_all(image)

    def _upright_faces(self, image: np.ndarray, thorough: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Faces that a detector proposes, first or, where there are none, later; as `_sure_faces` has them."""
        sure = self._sure_faces(image, *self._look(image, np.zeros((0, 4))))
        for boxes in islice(self._detect(image), None if thorough else 1):
            points = _finite(self._look(image, _finite(boxes))[0])
            sure = self._sure_faces(image, *self._look(image, _boxes_of(points)))
            if len(sure[0]):
                return sure
        return sure

    def _sure_faces(
        self, image: np.ndarray, points: np.ndarray, confidence: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of what may be faces, those that surely are.

        Args:
            image: (H, W, 3) uint8 RGB.
            points: (N, 68, 2), as `_look` found them. confidence: (N,).

        Returns:
            Landmarks (N, 68, 2) float32, confidence (N,), and how human it looks (N,). One face may come twice.
        """
        worth = (confidence >= WORTH_A_MIRROR) & np.isfinite(points).all(axis=(1, 2))
        points, confidence = points[worth], confidence[worth]
        if not len(points):
            return points, confidence, np.zeros(0, np.float32)
        again, second = self._look(image, _boxes_of(points), mirrored=True)
        confidence = (confidence + second) / 2
        between_eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)  # (N,)
        moved = np.linalg.norm(points - again, axis=2).mean(axis=1)  # (N,)
        sure = (confidence >= SURE) & (moved <= SAME_IN_A_MIRROR * between_eyes)
        points, confidence = (
            (points[sure] + again[sure]) / 2,
            confidence[sure],
        )  # what two looks see differently is noise
        human = looks_human(self._check, image, points)
        person = human >= np.where(confidence < DOUBTFUL, HUMAN_IN_DOUBT, HUMAN)
        return points[person], confidence[person], human[person]

    def _look(self, image: np.ndarray, boxes: np.ndarray, mirrored: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks (N, 68, 2) float32 and confidence (N,) in boxes (N, 4); the network may be shown mirror images."""
        if not len(boxes):
            return np.zeros((0, 68, 2), np.float32), np.zeros(0, np.float32)
        size = self.network.input_size
        windows, corners, scales = [], [], []
        for box in boxes:
            centre, side = landmark_crop(box)
            window, corner, scale = cut_window(image, centre, max(side, 8.0), size)
            windows.append(window[:, ::-1] if mirrored else window)
            corners.append(corner)
            scales.append(scale)
        pixels = torch.from_numpy(np.stack(windows)).to(self._device).permute(0, 3, 1, 2).float() / 255  # (N, 3, S, S)
        located, confidence = self.network.locate(pixels)
        points = located.cpu().numpy()
        if mirrored:
            points = (points * (-1, 1) + (size, 0))[:, MIRRORED]
        found = points / np.array(scales)[:, None, None] + np.stack(corners)[:, None]
        return found.astype(np.float32), confidence.cpu().numpy()


def _distinct_faces(points: np.ndarray, confidence: np.ndarray, human: np.ndarray) -> list[Face]:
    """What `_sure_faces` gives, each face once, the largest first; what is unclear beside the clearest is left out."""
    boxes = _boxes_of(points)
    kept: list[int] = []
    for index in np.argsort(-confidence):
        clear = confidence[index] >= BESIDE * confidence.max()
        if clear and all(overlap(boxes[index], boxes[other]) < OVERLAP for other in kept):
            kept.append(int(index))
    kept.sort(key=lambda index: -area(boxes[index]))
    return [
        Face(points[index], boxes[index], float(confidence[index]), len(kept) - 1, float(human[index]))
        for index in kept
    ]


def _finite(values: np.ndarray) -> np.ndarray:
    """Those of N boxes or sets of points in which every number is one: a network may give others."""
    return values[np.isfinite(values).all(axis=tuple(range(1, values.ndim)))]


def _boxes_of(points: np.ndarray) -> np.ndarray:
    """(N, 68, 2) -> (N, 4)."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float64)
