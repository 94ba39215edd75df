"""Digests of everything that decides a motion or a row's video: equal digests, equal results."""

import hashlib
import json

from pipeline.job.model import Model
from pipeline.job.spec import JobSpec
from weights.load_head import BUNDLED as HEAD
from weights.store import EYE_OUTLINES, sha256

# Bump when the pipeline changes its output: earlier results are then made again.
RECIPE = 11
# What a picture's own pixels are moved with, besides the job's model.
PICTURE_FILES = (HEAD, EYE_OUTLINES)


def target_digest(motion: str | None, job: JobSpec, model: Model) -> str:
    """Hash of all that decides a row's video besides its image and strength.

    Args:
        motion: its fingerprint; None in a rehearsal, which shows no motion.
        job: its settings of the videos. model: found and checked.
    """
    if job.rehearsal:
        shown = {"frames", "fps", "pixels", "longest", "layout", "crf"}
        return digest_of(
            {
                "recipe": RECIPE,
                "rehearsal": True,
                "landmarks": model.hashes["landmarks"],
                "detector": model.detector,
                "video": job.video.model_dump(include=shown),
            }
        )
    assert motion is not None
    return digest_of(
        {
            "recipe": RECIPE,
            "motion": motion,
            "model": dict(model.hashes),
            "detector": model.detector,
            "iterations": job.iterations,
            "picture": [sha256(path) for path in PICTURE_FILES] if job.video.pixels == "picture" else [],
            "video": job.video.model_dump(exclude={"strength"}),  # it travels with each row,
        }
    )


def digest_of(content: object) -> str:
    """SHA-256 in hex of plain values, whatever the order of their names."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
