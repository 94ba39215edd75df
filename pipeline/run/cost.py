"""How long a job will take on this machine: the formula and the constants of docs/performance.md.

Constants are seconds of one idle core of a server with AVX-512; those that were measured on a slower or busy core are
divided by its slowness at that moment. How much slower the cores here are is measured before the constants are used.
For GPUs no times are known.
"""

import statistics
import time
from bisect import bisect_left

import numpy as np

from common.formatting import duration
from pipeline.cluster.sizing import WorkerLayout
from pipeline.job.checks import Checked
from pipeline.output.existing import ExistingResults
from stages.model_files import BUNDLED

# An image of the generator, by its resolution: bundled widths at 128 px, published ones above.
RENDER = {128: 0.011, 256: 0.43, 512: 0.57, 1024: 0.72}
# One run of each other network, bundled and published: an inversion's encoder, landmarks, identity.
ENCODE, LANDMARKS, IDENTITY = (0.0045, 0.30), (0.0205, 0.21), (0.0045, 0.055)
# Reading an image, finding its face and aligning it, besides looks at its landmarks; and those.
PREPARE, LOOKS = 0.06, 3
# Set-up of an image's own pixels, besides the key frames that are rendered and located for it; and those.
SET_UP, KEY_FRAMES = 0.28, 7
# A frame and a megapixel of it: moved, and encoded by x264.
MOVE, MOVE_MEGAPIXEL = 0.0095, 0.045
VIDEO, VIDEO_MEGAPIXEL = 0.0003, 0.008
# Ray, its workers and their networks.
START = 15.0
USUAL_SIDE = 384  # of a face's crop at its image's own resolution: a guess, for a plan opens no images
# So many products of two square matrices of so many rows on the core of the constants; how often they are timed here.
# They are small enough for every library to multiply them on one core.
PRODUCTS, MATRIX, PRODUCTS_SECONDS, TIMES = 32, 64, 0.000102, 101


def distinct_frames(frames: int, path: str) -> int:
    """How many frames of a path are not shown before: half of those that come back."""
    return (frames + 1) // 2 if path == "pingpong" else frames


def render_seconds(resolution: int) -> float:
    """One image of the generator."""
    known = sorted(RENDER)
    return RENDER[known[min(bisect_left(known, resolution), len(known) - 1)]]


def core_slowness() -> float:
    """How many times as long this machine's core takes as the one of the constants; what else runs on it counts."""
    many, one, spent = np.ones((PRODUCTS, MATRIX, MATRIX), np.float32), np.ones((MATRIX, MATRIX), np.float32), []
    product = np.empty_like(many)
    for _ in range(TIMES):
        started = time.process_time()
        np.matmul(many, one, out=product)
        spent.append(time.process_time() - started)
    return statistics.median(spent) / PRODUCTS_SECONDS


def row_seconds(checked: Checked) -> float:
    """Seconds that one row takes the core of the constants."""
    job, size, files = checked.job, checked.model.resolution, checked.model.files
    video = job.video
    own = video.pixels == "picture"
    encode = ENCODE[files.inverter != BUNDLED.inverter]
    locate = LANDMARKS[files.landmarks != BUNDLED.landmarks]
    identify = IDENTITY[files.identity != BUNDLED.identity]
    prepare = PREPARE + LOOKS * locate
    side = min(USUAL_SIDE, video.longest) if own else size
    megapixels = side**2 / 1e6 * (2 if video.layout == "side_by_side" else 1)
    encoding = video.frames * (VIDEO + megapixels * VIDEO_MEGAPIXEL)
    if job.rehearsal:
        return prepare + encoding
    new = distinct_frames(video.frames, video.path)
    render = render_seconds(size)
    inversion = job.iterations * (encode + render)
    keys = min(KEY_FRAMES, new) * (render + locate)
    # The inversion has rendered the face at rest.
    showing = SET_UP + keys + new * (MOVE + megapixels * MOVE_MEGAPIXEL) if own else (new - 1) * render
    # Measured frames are spread evenly, so that those of a way back show what was measured on the way there.
    measured = min(new, -(-video.measured_frames * new // video.frames)) * (locate + identify)
    return prepare + inversion + showing + encoding + measured


def describe_time(checked: Checked, existing: ExistingResults, layout: WorkerLayout) -> str:
    """How long the rows to come will take, for a person; empty where nothing is known of it."""
    rows = len(checked.manifest) - len(existing.kept) - len(existing.failed)
    if layout.render.gpus or not rows:
        return ""
    slowness = core_slowness()
    each = slowness * row_seconds(checked)
    total = slowness * START + rows * each / layout.cores
    return f"time: about {duration(total)} ({each:.1f} s of one core for each video, {layout.cores:.2g} cores)"
