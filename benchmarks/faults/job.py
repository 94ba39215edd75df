"""What runs are broken on: the demo faces, two bad images, and the job that makes videos of them."""

import shutil
from pathlib import Path

import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
FACES = ROOT / "weights/bundled/demo/faces"
CLIP = ROOT / "weights/bundled/demo/smile.mp4"
# What has to become of the two bad images.
BAD = {"wall": "no_face", "torn": "unreadable_image"}


def write_fault_job(folder: Path, rows: int = 36, rehearsal: bool = True, frames: int = 60) -> Path:
    """A job of so many good rows and two bad ones among them, with all its files in `folder`.

    Args:
        folder: made if it is not there.
        rows: good rows; from the 25th on the same faces stand under other ids.
        rehearsal: videos of the faces at rest, quickly made; else the whole way, the motion included.
        frames: of each video.

    Returns:
        The job file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    faces = sorted(FACES.glob("*.jpg"))
    for face in faces:
        shutil.copyfile(face, folder / face.name)
    Image.new("RGB", (256, 256), "grey").save(folder / "wall.png")
    (folder / "torn.jpg").write_bytes(faces[0].read_bytes()[:600])
    lines = [f"row_{index:04},{faces[index % len(faces)].name}" for index in range(rows)]
    lines.insert(rows // 3, "wall,wall.png")
    lines.insert(2 * rows // 3, "torn,torn.jpg")
    (folder / "faces.csv").write_text("\n".join(["id,image", *lines, ""]), encoding="utf-8")
    job = {
        "name": "faults",
        "motion": {"clip": str(CLIP), "max_anchors": 8},
        "manifest": "faces.csv",
        "rehearsal": rehearsal,
        "iterations": 2,
        "video": {"frames": frames, "measured_frames": 2},
        "output": "out",
    }
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump(job), encoding="utf-8")
    return path
