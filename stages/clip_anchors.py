"""The steps from a clip to its motion that need all frames at once.

A run detects and inverts in workers, the library and a look at a clip in their own process; these steps lie between and
after, and are the same for all.
"""

from pathlib import Path

import numpy as np

from common.errors import ClipError
from stages.detect_faces import SeenFace
from stages.faces.track import track_face
from stages.motion.attenuation import compensate_attenuation
from stages.motion.fit import fit_micromotion
from stages.motion.micromotion import Micromotion


def follow_face(
    frames: list[list[SeenFace]], times: np.ndarray, path: Path | str
) -> tuple[list[np.ndarray], np.ndarray]:
    """One face through a clip, aligned.

    Args:
        frames: the faces of each frame, the largest first.
        times: (N,) of the frames, seconds.
        path: of the clip, for messages.

    Returns:
        Crops, (256, 256, 3) uint8 each, and their times, (T,); frames without the face are left out.

    Raises:
        ClipError: it is seen in fewer than two frames.
    """
    track = track_face([[seen.face for seen in frame] for frame in frames], times)
    found = np.flatnonzero(track.found)
    if len(found) < 2:
        raise ClipError(
            f"{path}: a face is seen in {len(found)} of {len(frames)} frames, and a motion needs at least 2. "
            "Use a clip in which one face stays in view."
        )
    crops = [frames[index][track.which[index]].aligned(track.steadied[index]) for index in found]
    return crops, times[found]


def fit_anchors(
    codes: np.ndarray,
    landmarks: np.ndarray,
    rendered: np.ndarray,
    times: np.ndarray,
    *,
    source: str,
    generator: str,
    rank: int | None = None,
    energy: float = 0.95,
    per_layer: bool = False,
) -> Micromotion:
    """The motion of a clip's anchors, with the extent that the clip shows.

    Args:
        codes: (T, L, 512).
        landmarks: (T, 68, 2), of the crops. rendered: of the codes' renderings; both in shares of the side.
        times: (T,) seconds.
        source: hash of the clip. generator: fingerprint of the one that the codes are of.
        rank, energy, per_layer: as `fit_micromotion` takes them.

    Raises:
        ClipError: too few anchors show the motion.
    """
    motion = fit_micromotion(
        codes,
        rank=rank,
        energy=energy,
        per_layer=per_layer,
        source=source,
        generator=generator,
        fps=float((len(times) - 1) / max(times[-1] - times[0], 1e-9)),
        landmarks=landmarks,
        times=times,
    )
    return compensate_attenuation(motion, rendered)
