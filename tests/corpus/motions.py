"""Clips by what they show: one motion of one person from rest, or something else; rendered faces, through ffmpeg."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from stages.look_at_clip import ClipLook, look_at_clip
from stages.media.open_clip import open_clip
from stages.models import ModelSettings
from tests.corpus.kinds import Kind, Outcome, ffmpeg

DEMO = Path(__file__).parents[2] / "weights/bundled/demo"
SMILE = DEMO / "smile.mp4"
OTHER = DEMO / "faces/face_16.jpg"
SIDE, RATE = 256, 6  # pixels, frames a second
LENGTH = 1.0  # seconds: the smile is at its widest
SMALL = f"trim=end={LENGTH},fps={RATE},scale={SIDE}:{SIDE}"
STILL = ("-loop", "1", "-r", str(RATE), "-t", str(LENGTH), "-i", OTHER)


def read(path: Path) -> tuple[ClipLook, Iterable[str]]:
    """What a clip shows, as `plan` sees it, and the sentences on what is doubtful."""
    look = look_at_clip(open_clip(path, max_anchors=RATE), ModelSettings(), iterations=1)
    return look, look.doubts


def filtered(
    name: str,
    graph: str,
    *inputs: object,
    outcome: Outcome = "read",
    says: str = "",
    right: Callable[[ClipLook], bool] = lambda look: True,
) -> Kind:
    """A kind that ffmpeg's filters make of the smile, or of other inputs."""

    def made(folder: Path) -> Path:
        sources = inputs or ("-i", SMILE)
        ffmpeg(*sources, "-filter_complex", graph, "-c:v", "libx264", "-crf", "12", folder / "c.mp4")
        return folder / "c.mp4"

    return Kind(name, made, outcome, right, says)


def smiles(look: ClipLook) -> bool:
    """Whether the face that was followed is the one that moves: a still's crops are one another's, noise aside."""
    first, *_, last = (crop.astype(np.float32) for crop in look.crops)
    return float(np.abs(first - last)[160:220, 80:176].mean()) > 5  # about the mouth


MOTIONS = [
    filtered("One motion of one person from rest", SMALL, right=smiles),
    filtered(
        "A larger face that keeps still, beside the one that moves",
        f"[0]{SMALL}[moving];[1]scale=320:320[still];[moving]pad={SIDE}:320:0:32[low];[low][still]hstack",
        "-i",
        SMILE,
        *STILL,
        right=smiles,
    ),
    filtered(
        "A motion that runs back to rest",
        f"{SMALL},reverse",
        outcome="warned",
        says="does not seem to be at rest",
    ),
    filtered(
        "Another person in one of six frames",
        f"[0]{SMALL},trim=end_frame=5[first];[1]scale={SIDE}:{SIDE},trim=end_frame=1[second];[first][second]concat",
        "-i",
        SMILE,
        *STILL,
        outcome="warned",
        says="another person at",
    ),
    filtered(
        "A cut to another person",
        f"[0]{SMALL},trim=end_frame=3[first];[1]scale={SIDE}:{SIDE},trim=end_frame=3[second];[first][second]concat",
        "-i",
        SMILE,
        *STILL,
        outcome="refused",
        says="another person is seen from 0.50 s on",
    ),
    filtered("A frozen clip", f"scale={SIDE}:{SIDE}", *STILL, outcome="refused", says="keeps still"),
    filtered(
        "A frozen clip under noise",
        f"scale={SIDE}:{SIDE},noise=alls=8:allf=t:all_seed=1",
        *STILL,
        outcome="refused",
        says="keeps still",
    ),
    filtered(
        "A clip without a face",
        f"color=gray:size={SIDE}x{SIDE}:rate={RATE}:duration={LENGTH}",
        "-f",
        "lavfi",
        "-i",
        "nullsrc=d=0.1",
        outcome="refused",
        says="a face is seen in 0 of 6 frames",
    ),
]
