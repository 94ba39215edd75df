"""How much of the codes' change of tones the clip confirms.

A direction carries more than its motion. Of a filmed face, of which the encoder knows less than of rendered ones, it
may darken skin or fade hair although neither changed. So the skin's tones are followed at the same places of the face
through the clip and through the images of the anchors' codes.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.motion.attenuation import FEWEST_ANCHORS
from stages.motion.micromotion import Micromotion

# Skin between two landmarks, and the share of the way from the first: cheeks, chin, the bridge of the nose.
CHEEKS = [(1, 31), (2, 31), (3, 31), (4, 31), (15, 35), (14, 35), (13, 35), (12, 35)]
SPOTS = [(*pair, share) for pair in CHEEKS for share in (0.4, 0.65)]
SPOTS += [(jaw, 57, 0.5) for jaw in (6, 8, 10)] + [(27, 30, share) for share in (0.3, 0.6, 1.0)]
# As far above the brows as the brows are above the eyes there is forehead.
BROWS, EYES = [18, 19, 21, 22, 24, 25], slice(36, 48)
BLUR = 0.012  # of a crop's side: a spot of skin, not a pore
# Of the logarithms, root mean square over a whole motion: so much the two differ on rendered faces, whose encoder errs
# little. On filmed ones the images of the codes change by twice that, of which the clip shows a quarter.
NOISE = 0.04
DARK = 10.0  # added to grey levels before their logarithm


def sample_skin(images: Sequence[np.ndarray], landmarks: np.ndarray) -> np.ndarray:
    """The tones of a face's skin at fixed places.

    Args:
        images: T of (S, S, 3) uint8, aligned faces.
        landmarks: (T, 68, 2) in them, shares of the side.

    Returns:
        (T, N, 3) float32, logarithms.
    """
    return np.stack([_sample(image, points) for image, points in zip(images, landmarks, strict=True)])


def confirm_tones(motion: Micromotion, skin: np.ndarray, shown: np.ndarray) -> float:
    """The share of the change of tones in the images of the anchors' codes that the anchors show too.

    Args:
        motion: fitted to these anchors.
        skin, shown: (T, N, 3), of the anchors and of the images of their codes.

    Returns:
        0 to 1, by least squares over all anchors that are not stray; a change within the noise is believed. NaN if
        these are fewer than six.
    """
    sound = np.setdiff1d(np.arange(len(motion.coefficients)), motion.stray)
    course = motion.progress.double().numpy()[sound]
    course = course - course.mean()
    if len(sound) < FEWEST_ANCHORS or not course.any():
        return float("nan")
    along = course / np.square(course).sum()
    in_clip, in_images = (np.einsum("t,tnc->nc", along, tones[sound].astype(np.float64)) for tones in (skin, shown))
    common, size = (float((in_images * other).mean()) for other in (in_clip, in_images))
    return float(np.clip((common + NOISE**2) / (size + NOISE**2), 0, 1))


def _sample(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(S, S, 3) and (68, 2) -> (N, 3)."""
    first, second, share = (np.array(column) for column in zip(*SPOTS, strict=True))
    between = landmarks[first] + share[:, None] * (landmarks[second] - landmarks[first])
    rise = landmarks[BROWS, 1:] - landmarks[EYES, 1].mean()  # (6, 1)
    forehead = landmarks[BROWS] + rise * (0, 1)
    places = (np.concatenate([between, forehead]) * len(image) - 0.5).astype(np.float32)  # OpenCV counts from centres
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), BLUR * len(image))
    tones = cv2.remap(soft, places[:, :1], places[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    return np.log(tones + DARK)
