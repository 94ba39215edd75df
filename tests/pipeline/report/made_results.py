"""Rows of results, and a little video."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pyarrow as pa

from pipeline.output.ledger import RESULT_FIELDS
from pipeline.report.metrics import FIGURES

SCHEMA = pa.schema([*RESULT_FIELDS.items(), ("image", pa.string()), ("nation", pa.string())])


def done(id: str, **fields: object) -> dict[str, object]:
    figures = {figure.column: 0.9 for figure in FIGURES}
    known = {"id": id, "status": "done", "motion": "smile", "video": f"videos/{id}.mp4", "bytes": 1000, "seconds": 1.5}
    return {**known, "frames": 9, "width": 64, "height": 64, "fps": 30.0, **figures, **fields}


def failed(id: str, reason: str = "no_face", message: str = "no face was found") -> dict[str, object]:
    return {"id": id, "status": "failed", "reason": reason, "message": message, "video": ""}


def make_video(path: Path, size: str = "64x64", frames: int = 9) -> Path:
    """A real little video; its image changes from frame to frame."""
    path.parent.mkdir(exist_ok=True)
    source = f"testsrc=size={size}:rate=30"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-frames:v", str(frames), "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
    return path
