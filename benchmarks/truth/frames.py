"""How near made frames come to the true ones: figures for one way of moving one person's photograph.

Two conventions. In the *photograph* the camera stands still: a frame is compared inside the still's FFHQ crop, wherever
the face has gone. *Aligned*, a frame is an FFHQ crop of its own face, as face generators draw it, and is compared with
the true photograph cut to the true face's own FFHQ crop.
"""

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from benchmarks.truth.photographs import CROP, STILL_CROP
from stages.faces.align import align_face, face_quad
from stages.faces.crop_landmarks import interocular, landmarks_in_crops
from stages.models import Models
from stages.quality.metrics import csim, jitter
from stages.quality.video import embed_frames

# One figure a moment, in the order of the tables.
FIGURES = ("psnr", "psnr_face", "psnr_moving", "ssim", "ssim_face", "csim", "landmarks", "shape")
BROWS, NOSE_BASE = slice(17, 27), 33
FOREHEAD = 0.6
# What changes by more levels than this in the true motion, and what lies within so many pixels of it, is moving.
CHANGED, AROUND = 12, 3
# `align_face` samples half a pixel to the right of and below the quad.
ALIGN_SHIFT = 0.5

Figures = dict[str, list[float]]


def measure_in_photograph(models: Models, frames: np.ndarray, true: np.ndarray, landmarks: np.ndarray) -> Figures:
    """Frames under the still's camera.

    Args:
        models: whose landmark and identity networks look.
        frames, true: (K, SIDE, SIDE, 3) uint8, photographs at the same moments.
        landmarks: (K, 68, 2), true ones in pixels of `true`.

    Returns:
        K values for each of `FIGURES`, and one for `jitter`. PSNR is dB, infinite for equal images: of the whole crop,
        of the face, and of what moves in truth; SSIM is that of luminance, at most 1; `csim` compares the identity of
        both frames, each aligned; `landmarks` is the mean distance of the landmarks seen in a frame from the true
        ones, `shape` the same with each set in its own FFHQ crop, so that place, size and lean of the face do not
        count, `jitter` their distance from their own smoothed track: shares of the inter-ocular distance.
    """
    corner = np.array([STILL_CROP[1].start, STILL_CROP[0].start])
    inside = (slice(None), *STILL_CROP)
    figures = compare_images(frames[inside], true[inside], landmarks - corner)
    # The network reads aligned faces; where a made face stands a little elsewhere, it finds that.
    seen = locate_in_photographs(models, frames, landmarks)
    own = np.stack([align_face(*pair) for pair in zip(frames, seen, strict=True)])
    figures["csim"] = _similarity(models, own, _aligned(true, landmarks))
    size = np.array([interocular(points) for points in landmarks])  # (K,)
    figures["landmarks"] = (_distances(seen, landmarks) / size).tolist()
    return figures | _compare_tracks(seen, landmarks)


def measure_aligned(models: Models, frames: np.ndarray, true: np.ndarray, landmarks: np.ndarray) -> Figures:
    """A generator's own frames, (K, S, S, 3) uint8, FFHQ-aligned; everything else as in `measure_in_photograph`.

    `landmarks` counts in the crop, where the photograph's counts in the photograph.
    """
    large = np.stack([cv2.resize(frame, (CROP, CROP), interpolation=cv2.INTER_CUBIC) for frame in frames])
    aligned = _aligned(true, landmarks)
    in_crop = np.stack([photograph_to_crop(points, face_quad(points)) for points in landmarks]) * CROP
    figures = compare_images(large, aligned, in_crop)
    figures["csim"] = _similarity(models, large, aligned)
    seen = landmarks_in_crops(models.landmarks, frames).astype(np.float64) * CROP
    size = np.array([interocular(points) for points in in_crop])
    figures["landmarks"] = (_distances(seen, in_crop) / size).tolist()
    return figures | _compare_tracks(seen, landmarks)


def compare_images(made: np.ndarray, true: np.ndarray, landmarks: np.ndarray) -> Figures:
    """PSNR and SSIM over whole images, inside the face's outline, and where the truth moves.

    Args:
        made, true: (K, S, S, 3) uint8, the first one at rest.
        landmarks: (K, 68, 2), true ones in pixels of `true`.

    Returns:
        K values each of `psnr`, `psnr_face`, `psnr_moving`, `ssim`, `ssim_face`.
    """
    figures: Figures = {name: [] for name in ("psnr", "psnr_face", "psnr_moving", "ssim", "ssim_face")}
    for image, reference, points in zip(made, true, landmarks, strict=True):
        face = face_mask(points, len(reference))
        squares = np.square(image.astype(np.float64) - reference).mean(axis=2)  # (S, S)
        grey = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (image, reference))
        # Wang et al. (2004): a Gaussian of 1.5 pixels, biased covariances.
        _, alike = structural_similarity(
            *grey, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
        )
        figures["psnr"].append(_decibels(squares.mean()))
        figures["psnr_face"].append(_decibels(squares[face].mean()))
        moving = moving_mask(true[0], reference)
        figures["psnr_moving"].append(_decibels(squares[moving].mean()) if moving.any() else float("inf"))
        figures["ssim"].append(float(alike.mean()))
        figures["ssim_face"].append(float(alike[face].mean()))
    return figures


def face_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """The face from chin to hairline, (size, size) bool: the hull of (68, 2) landmarks in pixels, and of the forehead.

    The forehead above the brows is taken to be 0.6 of the way from them to the nose's base.
    """
    brows = landmarks[BROWS]
    forehead = brows + FOREHEAD * (brows.mean(axis=0) - landmarks[NOSE_BASE])
    hull = cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.float32)) - 0.5
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, hull.round().astype(np.int32), 1)
    return mask.astype(bool)


def moving_mask(rest: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Where a true frame differs from the one at rest, and its surroundings: (S, S, 3) uint8 each -> (S, S) bool."""
    changed = (cv2.absdiff(rest, frame).max(axis=2) > CHANGED).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))  # single pixels are WebP's noise
    return cv2.dilate(changed, np.ones((2 * AROUND + 1, 2 * AROUND + 1), np.uint8)).astype(bool)


def locate_in_photographs(models: Models, frames: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Landmarks (K, 68, 2) float64 of faces in photographs, in pixels; they are looked for around those `near`."""
    found = landmarks_in_crops(models.landmarks, _aligned(frames, near))
    return np.stack([crop_to_photograph(one, face_quad(points)) for one, points in zip(found, near, strict=True)])


def photograph_to_crop(points: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Pixels of a photograph -> shares of the crop that `align_face` cuts at a quad: (68, 2) -> (68, 2)."""
    edges = np.stack([quad[3] - quad[0], quad[1] - quad[0]])  # across, down
    shares: np.ndarray = (points - ALIGN_SHIFT - quad[0]) @ np.linalg.inv(edges)
    return shares


def crop_to_photograph(shares: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The other way round."""
    edges = np.stack([quad[3] - quad[0], quad[1] - quad[0]])
    points: np.ndarray = shares @ edges + quad[0] + ALIGN_SHIFT
    return points


def _compare_tracks(seen: np.ndarray, true: np.ndarray) -> Figures:
    """`shape` and `jitter` of landmarks (K, 68, 2), in any unit each."""
    own, wanted = (np.stack([photograph_to_crop(one, face_quad(one)) for one in track]) for track in (seen, true))
    size = np.array([interocular(points) for points in wanted])
    shape = (_distances(own, wanted) / size).tolist()
    return {"shape": shape, "jitter": [jitter(seen) / interocular(seen[0])]}


def _aligned(photographs: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    return np.stack([align_face(*pair, CROP) for pair in zip(photographs, landmarks, strict=True)])


def _similarity(models: Models, first: np.ndarray, second: np.ndarray) -> list[float]:
    pairs = zip(embed_frames(models, first), embed_frames(models, second), strict=True)
    return [float(csim(one[None], other)) for one, other in pairs]


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    distances: np.ndarray = np.linalg.norm(points - others, axis=2).mean(axis=1)  # (K,)
    return distances


def _decibels(error: float) -> float:
    return float(10 * np.log10(255**2 / error)) if error > 0 else float("inf")
