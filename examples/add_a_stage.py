"""A stage of one's own through the pools of a run: how large, and how frontal, each face of a folder is.

    .venv/bin/python examples/add_a_stage.py weights/bundled/demo/faces

The stage knows nothing of Ray: `FaceSize(…).process({"image": "face.jpg"})` works in a notebook.
"""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

# The repository's modules, wherever this is started from.
sys.path.insert(0, str(Path(__file__).parents[1]))

from common.errors import RowError
from common.redaction import describe_error
from micromotion import read_image
from pipeline.cluster.session import ray_session
from pipeline.cluster.sizing import PoolSize
from pipeline.engine.passes import Passes
from pipeline.job.spec import ClusterSpec
from pipeline.output.event_log import EventLog
from stages.base import Row, Stage
from stages.faces.crop_landmarks import interocular
from stages.models import Models, ModelSettings


@dataclass(frozen=True)
class FaceSizeSettings:
    """What `FaceSize` needs: the model's files. It is pickled, so it holds names, not networks."""

    model: ModelSettings = field(default_factory=ModelSettings)


class FaceSize(Stage):
    """Reads `image`; adds `interocular` (pixels; NaN where there is no face) and `message` (why there is none)."""

    def __init__(self, settings: FaceSizeSettings):
        self.models = Models(settings.model)  # once for each worker

    def process(self, row: Row) -> Row:
        """The row, with what was measured."""
        try:
            face = self.models.finder.find(read_image(row["image"]))
        except RowError as error:  # this row's fault: the others go on
            return row | {"interocular": float("nan"), "message": describe_error(error)}
        return row | {"interocular": interocular(face.landmarks), "message": ""}


def main() -> None:
    """Measure every image of a folder, with several workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    images = sorted(path for path in options.folder.iterdir() if path.is_file())
    rows: list[Row] = [{"index": index, "image": str(path)} for index, path in enumerate(images)]
    with EventLog() as events, ray_session(ClusterSpec(), cpus=options.workers):
        passes = Passes(PoolSize(options.workers, cpus=1.0), events)
        measured = passes.through("face size", rows, FaceSize, FaceSizeSettings())
    for row in measured:
        print(f"{Path(row['image']).name:20s} {row['interocular']:7.1f} px  {row['message']}".rstrip())


if __name__ == "__main__":
    main()
