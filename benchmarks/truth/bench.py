"""The truth benchmark's data in codes and pictures, each made once, when first needed."""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks.truth.corruption import Level, corrupt, hit_anchors
from benchmarks.truth.data import SEED, Truth
from benchmarks.truth.methods import Anchors
from stages.faces.crop_landmarks import landmarks_in_crops
from stages.invert import invert_crops
from stages.media.encode import render_frames
from stages.models import Models
from stages.motion.skin_tones import sample_skin
from stages.quality.metrics import csim
from stages.quality.video import embed_frames

INVERT_BATCH = 16


@dataclass
class Bench:
    """The data in codes and pictures, each made once, when first needed."""

    truth: Truth
    models: Models
    _codes: dict[bytes, Tensor] = field(default_factory=dict)
    _still_frames: dict[bytes, np.ndarray] = field(default_factory=dict)
    _anchors: dict[tuple[int, int, Level, int], Anchors] = field(default_factory=dict)

    def codes(self, pictures: np.ndarray) -> Tensor:
        """(n, S, S, 3) uint8, FFHQ-aligned -> their codes (n, L, 512)."""
        keys = [picture.tobytes() for picture in pictures]
        new = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in self._codes}
        crops = [cv2.resize(picture, (256, 256), interpolation=cv2.INTER_LINEAR) for picture in new.values()]
        for start in range(0, len(crops), INVERT_BATCH):
            found = invert_crops(self.models.inverter, np.stack(crops[start : start + INVERT_BATCH])).codes
            self._codes.update(zip(list(new)[start : start + INVERT_BATCH], found, strict=True))
        return torch.stack([self._codes[key] for key in keys])

    def rest(self, still: np.ndarray) -> np.ndarray:
        """What the generator makes of a still's code, (S, S, 3) uint8."""
        key = still.tobytes()
        if key not in self._still_frames:
            self._still_frames[key] = self.render(self.codes(still[None]))[0]
        return self._still_frames[key]

    def render(self, codes: Tensor) -> np.ndarray:
        """(n, L, 512) -> (n, S, S, 3) uint8."""
        return np.concatenate(list(render_frames(self.models.generator, codes)))

    @cached_property
    def true_drops(self) -> np.ndarray:
        """(M, N): by how much the true extreme is less like the still than the still itself."""
        drops = []
        for people in self.truth.frames:  # (N, K, S, S, 3)
            stills, extremes = (embed_frames(self.models, people[:, moment]) for moment in (0, -1))
            drops.append([1 - float(csim(pair[0][None], pair[1])) for pair in zip(extremes, stills, strict=True)])
        return np.array(drops)

    def anchors(self, motion: int, count: int, level: Level, draw: int) -> Anchors:
        """The clip's anchors, evenly chosen, corrupted before they are inverted and before landmarks are looked for."""
        key = (motion, count, level, draw)
        if key not in self._anchors:
            pictures = self._corrupted(motion, count, level, draw)
            codes = self.codes(pictures)
            both = pictures, self.render(codes)
            seen, shown = (landmarks_in_crops(self.models.landmarks, some) for some in both)
            skin = [sample_skin(list(some), points) for some, points in zip(both, (seen, shown), strict=True)]
            self._anchors[key] = Anchors(codes, seen, shown, *skin)
        return self._anchors[key]

    def _corrupted(self, motion: int, count: int, level: Level, draw: int) -> np.ndarray:
        """(count, S, S, 3) uint8."""
        places = np.linspace(0, len(self.truth.clip_progress) - 1, count).round().astype(int)
        pictures = self.truth.clips[motion][places].copy()  # (count, S, S, 3)
        rng = np.random.default_rng((SEED, motion, count, round(100 * level.share), level.last, draw))
        for anchor, kind in hit_anchors(count, level, draw, rng).items():
            pictures[anchor] = corrupt(pictures[anchor], kind, self.truth.strangers, rng)
        return pictures
