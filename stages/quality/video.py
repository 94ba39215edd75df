"""How well one video makes the motion and keeps the face: the metrics of its row."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from stages.faces.crop_landmarks import interocular, locate_in_crops
from stages.faces.hold_still import hold_still
from stages.models import Models, images_to_tensor
from stages.motion.displacement import fit_displacement
from stages.motion.micromotion import Micromotion
from stages.quality.metrics import akd, csim, identity_crop, jitter, motion_gain, share_found

# Over strengths from 0 to 3 in steps of three motions of the bundled model, clearness stays above 0.98 of the frame at
# rest's; from 8 on it falls, and black or glaring frames have 0.2 to 0.6.
LEAST_CLEARNESS, DOUBTFUL_CLEARNESS = 0.8, 0.97
# Share of the inter-ocular distance, mean over the landmarks: what is asked to move less is lost in their noise.
LEAST_ASKED = 0.01
# The mean likeness of two people's embeddings is about this.
STRANGERS = 0.0


@dataclass(frozen=True)
class MotionQuality:
    """A video against its still and against the anchors.

    Attributes:
        csim_mean, csim_min: cosine similarity of identity embeddings, frames against the still.
        motion_correlation: over time, between how far the landmarks and how far the code have moved; NaN at rest.
        motion_amplitude: how far the landmarks move for what the anchors' landmarks move; 1 is as far.
        akd: mean L1 distance of the landmarks' displacement from the anchors', share of the inter-ocular distance.
        jitter: distance of the landmarks from their smoothed track, share of the inter-ocular distance.
        clearness_min: how clearly the least clear frame shows a face, as a share of the frame at rest; 1 is as clearly,
            and a frame that the generator can no longer draw (black, glaring, torn) has less than `LEAST_CLEARNESS`.
        motion_found: how far the landmarks move of what the image's landmarks were to move; 1 is all. NaN where the
            frames are the generator's, and where hardly any motion was asked.
    """

    csim_mean: float
    csim_min: float
    motion_correlation: float
    motion_amplitude: float
    akd: float
    jitter: float
    clearness_min: float
    motion_found: float = float("nan")


@torch.inference_mode()
def measure_video(
    models: Models,
    motion: Micromotion,
    still: np.ndarray,
    frames: np.ndarray,
    progress: np.ndarray,
    asked: np.ndarray | None = None,
    shown: np.ndarray | None = None,
) -> MotionQuality:
    """Measure frames of one video.

    Args:
        models: whose identity and landmark networks look.
        motion: the micromotion that was applied; without the anchors' landmarks, what compares with them is NaN.
        still: (256, 256, 3) uint8, the aligned target.
        frames: (D, S, S, 3) uint8, aligned, the first one at rest; frames that come again need to be there only once.
        progress: (F,) how far each frame's code has moved along the motion: 0 at rest, 1 at the anchors' extreme.
        asked: (F, 68, 2) where each frame's landmarks are to be, shares of the crop's side, where that is known.
        shown: (F,) which of `frames` each moment shows; by default one after the other.
    """
    faces = embed_frames(models, frames)  # (D, 512)
    at_rest = faces[0] if np.array_equal(frames[0], still) else embed_frames(models, still[None])[0]
    similarity = csim(faces, at_rest).numpy()  # (D,)
    track, clearness = locate_in_crops(models.landmarks, frames)  # (D, 68, 2), (D,)
    if shown is not None:
        similarity, track, clearness = similarity[shown], track[shown], clearness[shown]  # (F,), (F, 68, 2), (F,)
    correlation = amplitude = distance = float("nan")
    if (displacement := fit_displacement(motion)) is not None:
        held = hold_still(track)
        moved = (held - held[0]) / interocular(held[0])  # (F, 68, 2)
        correlation, amplitude = motion_gain(moved, displacement.field, progress)
        distance = akd(moved, progress[:, None, None] * displacement.field)
    found = float("nan")
    if asked is not None:
        wanted = (asked - asked[0]) / interocular(track[0])  # (F, 68, 2)
        if np.linalg.norm(wanted, axis=-1).mean(axis=1).max() >= LEAST_ASKED:
            found = share_found((track - track[0]) / interocular(track[0]), wanted)
    return MotionQuality(
        float(similarity.mean()),
        float(similarity.min()),
        correlation,
        amplitude,
        distance,
        jitter(track) / interocular(track[0]),
        float(clearness.min() / clearness[0]) if clearness[0] > 0 else float("nan"),
        found,
    )


def describe_breakdown(clearness_min: float, csim_min: float, strength: float) -> str:
    """Whether a video's frames leave what the generator can draw, as a sentence for its row; else nothing.

    Args:
        clearness_min, csim_min: as `MotionQuality` has them. strength: of the row.
    """
    lower = f"Lower the strength, which is {strength:g}"
    if clearness_min < LEAST_CLEARNESS:
        return f"at the furthest its frames show no clear face any more ({clearness_min:.2f} of the rest's). {lower}."
    if clearness_min < DOUBTFUL_CLEARNESS and csim_min < STRANGERS:
        return f"at the furthest its frames show another face, less clearly ({csim_min:.2f} alike). {lower}."
    return ""


def embed_frames(models: Models, frames: np.ndarray, batch: int = 16) -> torch.Tensor:
    """(F, S, S, 3) uint8 aligned faces -> (F, 512) identity embeddings."""
    parts = []
    for start in range(0, len(frames), batch):
        images = images_to_tensor(frames[start : start + batch], models.device)  # (B, 3, S, S)
        images = F.interpolate(images, size=(256, 256), mode="bilinear", antialias=True)
        parts.append(models.identity.embed(identity_crop(images)).cpu())
    return torch.cat(parts)
