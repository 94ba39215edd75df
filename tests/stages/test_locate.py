"""The anchors' first pass."""

import pickle
from pathlib import Path

import numpy as np

from stages.ingest import decode_image
from stages.locate import Locate, LocateSettings
from stages.models import ModelFiles


def test_every_frame_comes_back_with_its_faces_or_with_none(repository: Path) -> None:
    frame = decode_image((repository / "weights/bundled/demo/faces/face_02.jpg").read_bytes())
    locate = Locate(LocateSettings(ModelFiles(device="cpu")))
    rows = locate({"index": [5, 6], "frame": [frame, np.zeros_like(frame)]})
    assert rows["index"] == [5, 6]
    faces, nothing = (pickle.loads(row) for row in rows["located"])
    assert len(faces) == 1
    assert faces[0].landmarks.shape == (68, 2)
    assert nothing == []
