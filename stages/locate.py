"""The anchors' first pass: all faces of each frame. Which of them is the clip's, `stages.track` decides over time."""

import pickle
from dataclasses import dataclass, field
from typing import Any

from stages.models import ModelFiles, Models


@dataclass(frozen=True)
class LocateSettings:
    """What `Locate` needs: the model's files."""

    model: ModelFiles = field(default_factory=ModelFiles)


class Locate:
    """Columns `index`, `frame` (H, W, 3 uint8) -> `index`, `located` (a pickled list of `stages.detect.Face`)."""

    def __init__(self, settings: LocateSettings):
        self.models = Models(settings.model)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        located = [pickle.dumps(self.models.finder.find_all(frame)) for frame in batch["frame"]]
        return {"index": list(batch["index"]), "located": located}
