"""The FFHQ crop: where in an image a face generator expects eyes and mouth.

Karras et al., "A Style-Based Generator Architecture for GANs" (CVPR 2019), appendix A, in the form that the ReStyle
and pSp encoders were trained with: the crop is sampled at its final size, after shrinking by whole numbers.
"""

import cv2
import numpy as np
from PIL import Image

from common.errors import NoFace

CROP_SIZE = 256  # pixels a side, of the crop that is inverted and measured
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)  # of 68 landmarks; left and right as the viewer sees them
LEFT_MOUTH, RIGHT_MOUTH = 48, 54
TAILS = 4.0  # standard deviations over which a blur reads, as published


def face_quad(landmarks: np.ndarray) -> np.ndarray:
    """The corners of a face's crop.

    Args:
        landmarks: (68, 2), x and y in pixels.

    Returns:
        (4, 2) float64: top left, bottom left, bottom right, top right, in pixels of the same image.

    Raises:
        NoFace: eyes and mouth are in one point, or nowhere: no crop follows from them.
    """
    points = np.asarray(landmarks, np.float64)
    if not np.isfinite(points).all():
        raise NoFace("what was taken for a face has its eyes and mouth nowhere. Use an image in which both are seen.")
    left, right = points[LEFT_EYE].mean(axis=0), points[RIGHT_EYE].mean(axis=0)
    eyes = (left + right) * 0.5
    between_eyes = right - left
    to_mouth = (points[LEFT_MOUTH] + points[RIGHT_MOUTH]) * 0.5 - eyes
    across = between_eyes - np.flipud(to_mouth) * [-1, 1]  # the eyes' line, corrected by the nose's, turned
    length = np.hypot(*across)
    if length == 0:
        raise NoFace("what was taken for a face has eyes and mouth in one point. Use an image in which both are seen.")
    across /= length
    across *= max(np.hypot(*between_eyes) * 2.0, np.hypot(*to_mouth) * 1.8)
    down = np.flipud(across) * [-1, 1]
    centre = eyes + to_mouth * 0.1
    return np.stack([centre - across - down, centre - across + down, centre + across + down, centre + across - down])


def align_face(image: np.ndarray, landmarks: np.ndarray, size: int = 256) -> np.ndarray:
    """A face in the FFHQ crop.

    Args:
        image: (H, W, 3) uint8, RGB.
        landmarks: (68, 2), x and y in pixels of `image`.
        size: height and width of the result.

    Returns:
        (size, size, 3) uint8. Where the crop reaches over the image's border, the image is mirrored, blurred and
        faded to its median colour, as published.

    Raises:
        NoFace: as `face_quad` does.
    """
    quad = face_quad(landmarks)
    picture, quad = _shrink(Image.fromarray(image), quad, size)
    picture, quad = _cut(picture, quad)
    picture, quad = _pad(picture, quad)
    corners = (quad + 0.5).ravel().tolist()
    aligned = picture.transform((size, size), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    return np.array(aligned)


def cut_quad(image: np.ndarray, quad: np.ndarray, size: int = 256) -> np.ndarray:
    """What `align_face` shows of a face, quickly: only the pixels around the quad are touched.

    Args:
        image: (H, W, 3) uint8.
        quad: (4, 2), as `face_quad` has it.
        size: height and width of the result.

    Returns:
        (size, size, 3) uint8. Beyond the image its border is repeated.
    """
    shrink = max(int(_side(quad) / size), 1)
    low = np.clip(np.floor(quad.min(axis=0)) - shrink, 0, np.array(image.shape[1::-1]) - 1).astype(int)
    high = np.clip(np.ceil(quad.max(axis=0)) + 2 * shrink, low + 1, image.shape[1::-1]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    if shrink > 1:  # average first: the warp below reads only four pixels for each of its own
        height, width = (max(length // shrink, 1) for length in part.shape[:2])
        part = cv2.resize(part[: height * shrink, : width * shrink], (width, height), interpolation=cv2.INTER_AREA)
    corners = ((quad[:3] + 0.5 - low) / shrink).astype(np.float32)  # top left, bottom left, bottom right
    to = np.array([[0, 0], [0, size], [size, size]], np.float32)
    matrix = cv2.getAffineTransform(corners - 0.5, to - 0.5)  # OpenCV counts pixel centres as whole numbers
    return cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def shares_of_quad(points: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """(..., 2) pixels of an image -> where they lie in the crop, as shares of its side."""
    edges = np.stack([quad[3] - quad[0], quad[1] - quad[0]])  # across and down
    shares: np.ndarray = (points - (quad[0] + 0.5)) @ np.linalg.inv(edges)
    return shares


def landmark_crop(box: np.ndarray) -> tuple[np.ndarray, float]:
    """The square that a landmark network reads.

    Args:
        box: (4,) x0, y0, x1, y1 of a face's landmarks, from brows to chin.

    Returns:
        Its centre (2,) and its side, in the box's pixels.
    """
    x0, y0, x1, y1 = (float(value) for value in box)
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2]), (x1 - x0) + (y1 - y0)


def _side(quad: np.ndarray) -> float:
    return float(np.hypot(*(quad[3] - quad[0])))


def _border(quad: np.ndarray) -> int:
    return max(int(np.rint(_side(quad) * 0.1)), 3)


def _extent(quad: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the upright box around a crop, in whole pixels."""
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _shrink(picture: Image.Image, quad: np.ndarray, size: int) -> tuple[Image.Image, np.ndarray]:
    """Both made smaller by a whole number, so that the last, bilinear step skips no pixels."""
    factor = int(np.floor(_side(quad) / size * 0.5))
    if factor <= 1:
        return picture, quad
    smaller = tuple(int(np.rint(float(length) / factor)) for length in picture.size)
    return picture.resize((smaller[0], smaller[1]), Image.Resampling.LANCZOS), quad / factor


def _cut(picture: Image.Image, quad: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The part of the image around the crop, with a border: what follows need not touch the rest."""
    border = _border(quad)
    left, top, right, bottom = _extent(quad)
    box = (
        max(left - border, 0),
        max(top - border, 0),
        min(right + border, picture.width),
        min(bottom + border, picture.height),
    )
    if box[2] - box[0] < picture.width or box[3] - box[1] < picture.height:
        return picture.crop(box), quad - box[:2]
    return picture, quad


def _pad(picture: Image.Image, quad: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The image continued beyond its borders as far as the crop reaches."""
    border = _border(quad)
    left, top, right, bottom = _extent(quad)
    missing = (
        max(-left + border, 0),
        max(-top + border, 0),
        max(right - picture.width + border, 0),
        max(bottom - picture.height + border, 0),
    )
    if max(missing) <= border - 4:
        return picture, quad
    side = _side(quad)
    left, top, right, bottom = (int(count) for count in np.maximum(missing, int(np.rint(side * 0.3))))
    pixels = np.pad(np.asarray(picture), ((top, bottom), (left, right), (0, 0)), "reflect").astype(np.float32)
    height, width, _ = pixels.shape
    ys, xs = (at.astype(np.float32) for at in np.ogrid[:height, :width])
    # 1 at the outer border, 0 where the true image begins, below 0 inside it.
    mask = np.maximum(
        1.0 - np.minimum(xs / left, (width - 1 - xs) / right),
        1.0 - np.minimum(ys / top, (height - 1 - ys) / bottom),
    )  # (H, W)
    blur = side * 0.02
    taps = 2 * int(TAILS * blur + 0.5) + 1
    softer: np.ndarray = cv2.GaussianBlur(pixels, (taps, taps), blur, borderType=cv2.BORDER_REFLECT)
    softer -= pixels
    softer *= _for_each(np.clip(mask * 3.0 + 1.0, 0.0, 1.0))
    pixels += softer
    median = np.array([np.median(channel) for channel in cv2.split(pixels)], np.float32)
    pixels += (median - pixels) * _for_each(np.clip(mask, 0.0, 1.0))
    return Image.fromarray(np.uint8(np.clip(np.rint(pixels), 0, 255))), quad + np.array([left, top])


def _for_each(share: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 3), copied: numpy multiplies equal shapes several times faster than it repeats a short axis."""
    return cv2.merge([share, share, share])
