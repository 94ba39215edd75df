"""One person's photograph moved both ways and measured: what `benchmarks.truth.pixels` does with each of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.truth.bench import Bench
from benchmarks.truth.corruption import Level
from benchmarks.truth.data import DATA, clip_extent, load_truth
from benchmarks.truth.frames import Figures, measure_aligned, measure_in_photograph
from benchmarks.truth.methods import Anchors, default_motion
from benchmarks.truth.photographs import PHOTOGRAPHS, load_photographs
from benchmarks.truth.pixels_report import Result
from benchmarks.truth.sheets import draw_strip
from common.atomic_files import replace_atomically
from stages.faces.align import align_face, face_quad
from stages.invert import invert_face
from stages.media.compose import paste
from stages.media.encode import render_frames
from stages.models import Models, ModelSettings
from stages.motion.displacement import fit_displacement
from stages.motion.micromotion import Micromotion
from stages.picture.mover import picture_frames
from weights.networks.fingerprint import fingerprint

ANCHORS = 32
TRACKS = ("seen", "shown", "skin", "shown_skin")  # of `Anchors`


@dataclass(frozen=True)
class Settings:
    """What a worker needs.

    Attributes:
        photographs, clips: the files of `benchmarks.truth.photographs` and `benchmarks.truth.data`.
        device: as `ModelSettings` has it.
        cache: folder where inverted clips are kept for the next run; None keeps none.
        strips: whether images for the eye are drawn.
    """

    photographs: Path = PHOTOGRAPHS
    clips: Path = DATA
    device: str = "cpu"
    cache: Path | None = None
    strips: bool = False


class Worker:
    """Measures one person after another."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._models = Models(ModelSettings(device=settings.device))
        self._photographs = load_photographs(settings.photographs)

    @cached_property
    def _bench(self) -> Bench:
        return Bench(load_truth(self._settings.clips), self._models)

    def motion(self, name: str) -> Micromotion:
        """What the default makes of the actor's clip."""
        return default_motion(self._anchors(name))

    def _anchors(self, motion: str) -> Anchors:
        """The inverted clip, from the cache where these very networks made it."""
        if self._settings.cache is None:
            return self._inverted(motion)
        networks = self._models.inverter.fingerprint + fingerprint(self._models.landmarks.state_dict())
        file = self._settings.cache / f"{motion}-{fingerprint({}, networks + ' '.join(TRACKS))[7:23]}.npz"
        if file.is_file():
            with np.load(file) as kept:
                return Anchors(torch.from_numpy(kept["codes"]), **{name: kept[name] for name in TRACKS})
        anchors = self._inverted(motion)
        with replace_atomically(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, codes=anchors.codes.numpy(), **{name: getattr(anchors, name) for name in TRACKS})
        return anchors

    def _inverted(self, motion: str) -> Anchors:
        return self._bench.anchors(self._bench.truth.motions.index(motion), ANCHORS, Level(0.0), 0)

    def measure(self, number: int, motions: dict[str, Micromotion]) -> Iterator[tuple[Result, np.ndarray | None]]:
        """One person's motions; with each result its strip of images, where they are asked for."""
        found: dict[bytes, tuple[np.ndarray, Tensor]] = {}
        for name, motion in motions.items():
            place = self._photographs.motions.index(name), self._photographs.people.index(number)
            true, landmarks = self._photographs.frames(*place), self._photographs.landmarks[place]
            still = true[0]
            if still.tobytes() not in found:
                found[still.tobytes()] = self._invert(still)
            seen, code = found[still.tobytes()]
            # A motion's whole length is the clip's, which ends a little beyond the photographs where its sway adds.
            progress = torch.from_numpy(self._photographs.progress / clip_extent(name)).to(code.dtype)  # (K,)
            codes = code + progress[:, None, None] * motion.direction  # (K, L, 512)
            started = time.monotonic()
            made = np.concatenate(list(render_frames(self._models.generator, codes)))  # (K, S, S, 3)
            rendered = time.monotonic()
            moved = np.stack(list(picture_frames(self._models, still, seen, code, codes, fit_displacement(motion))))
            seconds = {"generator": rendered - started, "picture": time.monotonic() - rendered}
            pasted = np.stack([paste(still, frame, face_quad(seen)) for frame in made])
            ways: dict[str, Figures] = {
                "generator, aligned": measure_aligned(self._models, made, true, landmarks),
            }
            photographs = {
                "still": np.repeat(still[None], len(true), axis=0),
                "generator, pasted": pasted,
                "picture": moved,
                "truth": true,
            }
            for way, frames in photographs.items():
                ways[way] = measure_in_photograph(self._models, frames, true, landmarks)
            strip = draw_strip(true, pasted, moved) if self._settings.strips else None
            yield Result(number, name, ways, seconds), strip

    def _invert(self, still: np.ndarray) -> tuple[np.ndarray, Tensor]:
        """The face in a still, as a run finds it: its landmarks (68, 2) in pixels and its code (L, 512)."""
        landmarks = self._models.finder.find(still).landmarks
        return landmarks, invert_face(self._models.inverter, align_face(still, landmarks)).code
