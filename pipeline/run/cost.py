"""How long a job will take on what it sees: the formula and the constants of docs/performance.md.

Seconds are of one core, as measured on a server's core with AVX-512; another core takes its own multiple of them, so
that the figure tells an hour from a night, not a minute from two. A GPU's seconds are not known here.
"""

from bisect import bisect_left

from common.formatting import duration
from pipeline.cluster.sizing import WorkerLayout
from pipeline.job.checks import Checked
from pipeline.output.existing import ExistingResults

# An image of the generator, by its resolution: bundled widths at 128 px, published ones above; 512 px is reckoned from
# its operations.
RENDER = {128: 0.0105, 256: 0.58, 512: 0.85, 1024: 1.09}
# One encoding of an inversion; the landmarks and the identity of one measured frame. The published networks' measuring
# is reckoned from their operations.
ENCODE_BUNDLED, ENCODE_PUBLISHED = 0.0045, 0.50
MEASURE_BUNDLED, MEASURE_PUBLISHED = 0.025, 0.6
BUNDLED = 128  # pixels, the resolution up to which networks are of the bundled sizes
# Finding a face, aligning it and reading its image.
PREPARE = 0.14
# Set-up of an image's own pixels, besides the key frames that the generator renders for it; and those.
SET_UP, KEY_FRAMES = 0.47, 7
# A frame and a megapixel of it: moved, and encoded by x264.
MOVE, MOVE_MEGAPIXEL = 0.009, 0.025
VIDEO, VIDEO_MEGAPIXEL = 0.001, 0.011
# Ray, its workers and their networks.
START = 15.0
USUAL_SIDE = 384  # of a face's crop at its image's own resolution: a guess, for a plan opens no images


def distinct_frames(frames: int, path: str) -> int:
    """How many frames of a path are not shown before: half of those that come back."""
    return (frames + 1) // 2 if path == "pingpong" else frames


def render_seconds(resolution: int) -> float:
    """One image of the generator."""
    known = sorted(RENDER)
    return RENDER[known[min(bisect_left(known, resolution), len(known) - 1)]]


def row_seconds(checked: Checked) -> float:
    """Core seconds of one row."""
    job, size = checked.job, checked.model.resolution
    video, bundled = job.video, size <= BUNDLED
    own = video.pixels == "picture"
    side = min(USUAL_SIDE, video.longest) if own else size
    megapixels = side**2 / 1e6 * (2 if video.layout == "side_by_side" else 1)
    encoding = video.frames * (VIDEO + megapixels * VIDEO_MEGAPIXEL)
    if job.rehearsal:
        return PREPARE + encoding
    new = distinct_frames(video.frames, video.path)
    render = render_seconds(size)
    steps = job.iterations
    inversion = steps * (ENCODE_BUNDLED if bundled else ENCODE_PUBLISHED) + steps * render
    moving = SET_UP + min(KEY_FRAMES, new) * render + new * (MOVE + megapixels * MOVE_MEGAPIXEL)
    showing = moving if own else new * render
    # Measured frames are spread evenly, so that those of a way back show what was measured on the way there.
    measured = min(new, -(-video.measured_frames * new // video.frames)) * (
        MEASURE_BUNDLED if bundled else MEASURE_PUBLISHED
    )
    return PREPARE + inversion + showing + encoding + measured


def describe_time(checked: Checked, existing: ExistingResults, layout: WorkerLayout) -> str:
    """How long the rows to come will take, for a person; empty where nothing is known of it."""
    rows = len(checked.manifest) - len(existing.kept) - len(existing.failed)
    if layout.render.gpus or not rows:
        return ""
    each = row_seconds(checked)
    cores = layout.render.workers * layout.render.cpus
    total = START + rows * each / cores
    return f"time: about {duration(total)} ({each:.1f} s of a core a video, on {cores:.2g} cores)"
