"""Digests of everything that decides a motion or a row's video: equal digests, equal results."""

import hashlib
import json
from dataclasses import asdict

from pipeline.job.model import Model
from pipeline.job.spec import JobSpec, VideoSpec
from stages.motion.micromotion import Micromotion
from stages.video_settings import VideoSettings
from weights.load_head import BUNDLED as HEAD
from weights.store import sha256

# Bump when the pipeline changes its output: earlier results are then made again.
RECIPE = 2


def target_digest(motion: Micromotion | None, job: JobSpec, model: Model) -> str:
    """Hash of all that decides a row's video besides its picture and strength; a rehearsal shows no movement."""
    if job.rehearsal:
        shown = {"frames", "fps", "pixels", "longest", "layout", "crf"}
        return digest_of(
            {
                "recipe": RECIPE,
                "rehearsal": True,
                "landmarks": model.hashes["landmarks"],
                "detector": model.files.detector,
                "video": job.video.model_dump(include=shown),
            }
        )
    assert motion is not None
    return digest_of(
        {
            "recipe": RECIPE,
            "motion": motion.fingerprint,
            "model": dict(model.hashes),
            "detector": model.files.detector,
            "iterations": job.iterations,
            "head": sha256(HEAD) if job.video.pixels == "picture" else "",
            "video": asdict(video_settings(job.video)),
        }
    )


def video_settings(spec: VideoSpec) -> VideoSettings:
    """The job's `video` as the stage takes it; the strength travels with each row."""
    return VideoSettings(**spec.model_dump(exclude={"strength"}))


def digest_of(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
