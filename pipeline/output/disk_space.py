"""How much room the videos to come will take, and whether the output has it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from common.formatting import size
from pipeline.job.checks import Checked, folder_of_videos
from pipeline.output.existing import ExistingResults
from stages.faces.align import CROP_SIZE

# Of faces at x264's quality 18, as measured on the demo (0.012 to 0.016); photographs pasted back take more.
BYTES_PER_PIXEL = 0.015
PASTED_BYTES_PER_PIXEL = 0.05
# Six steps of x264's quality double or halve a file.
USUAL_CRF, DOUBLING_CRF = 18, 6
# The side of an image into which a face is pasted back, for want of knowing it.
PASTED_SIDE = 1024
# The side of a face's crop at its image's own resolution, likewise.
OWN_SIDE = 512
# What a row takes besides its video: container, ledger, results, log.
BYTES_PER_ROW = 3072
SPARE = 1.1


@dataclass(frozen=True)
class Space:
    """Bytes that the rows to come take (`needed`) and that `folder` has (`free`); `each` is what a video takes."""

    folder: Path
    needed: int
    free: int
    each: int

    @property
    def enough(self) -> bool:
        """Whether they fit, with a tenth to spare."""
        return self.needed * SPARE < self.free

    @property
    def sentence(self) -> str:
        """Both, for a person."""
        videos = f" for the videos to come ({size(self.each)} each)" if self.each else ""
        return f"about {size(self.needed)}{videos}, {size(self.free)} free"


def space_for(checked: Checked, existing: ExistingResults) -> Space:
    """Room for all rows that are neither kept nor known to fail, estimated from finished videos or by experience.

    Where the videos go into a folder of their own, its disk counts: what else a row takes is next to nothing.
    """
    folder = folder_of_videos(checked.job)
    each = 0.0 if folder is None else existing.video_bytes or _by_experience(checked)
    rows, there = len(checked.manifest) - len(existing.kept) - len(existing.failed), folder or checked.job.output
    return Space(there, round(rows * (each + BYTES_PER_ROW)), shutil.disk_usage(_there(there)).free, round(each))


def _by_experience(checked: Checked) -> float:
    """Bytes of a video of the job's size, length and quality."""
    video = checked.job.video
    side = CROP_SIZE if checked.job.rehearsal else checked.model.resolution
    if video.pixels == "picture":
        side = min(OWN_SIDE, video.longest)
    share, pixels = BYTES_PER_PIXEL, side**2
    if video.layout == "side_by_side":
        pixels *= 2
    elif video.layout == "paste":
        share, pixels = PASTED_BYTES_PER_PIXEL, PASTED_SIDE**2
    return share * pixels * video.frames * 2 ** ((USUAL_CRF - video.crf) / DOUBLING_CRF)


def _there(folder: Path) -> Path:
    """A folder, or the nearest one above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
