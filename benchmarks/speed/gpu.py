"""How fast a CUDA card renders, beside plain PyTorch in float32 on the same card: one table, a few minutes.

    python -m benchmarks.speed.gpu [--sizes 256 1024] [--seconds 5]

Generators have the published widths and random weights. For each size: images a second of the product's mixed
precision and of PyTorch in float32 without TF32, the share of the best float16 convolution that the card reaches in
the same run, the PSNR of the images against float32, the share of the time that rendering and the copy of its
frames keep the card busy, and where the time of one batch goes.
"""

import argparse
import math
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.speed.figures import Row
from benchmarks.speed.networks import operations_of
from stages.execution.executor import accelerated
from stages.execution.mixed_precision import free_memory, pictures_together
from stages.media.encode import render_frames
from weights.networks.stylegan2 import Generator

SPEEDUP, SHARE, PSNR, BUSY = 3.0, 0.4, 50.0, 0.9  # wanted at least
CODES = 64
CHANNELS, SIDE = 256, 128  # of the convolution that stands for the card's peak


def rate(call: Callable[[], object], items: int, seconds: float, device: str) -> float:
    """Items a second of a call that makes so many; the first call is not counted."""
    call()
    _finish(device)
    started, count = time.monotonic(), 0
    while count == 0 or time.monotonic() - started < seconds:
        call()
        _finish(device)
        count += 1
    return count * items / (time.monotonic() - started)


def peak_speed(seconds: float, device: str) -> float:
    """Operations a second of a float16 3x3 convolution with channels last."""
    x = torch.randn(16, CHANNELS, SIDE, SIDE, device=device).half().to(memory_format=torch.channels_last)
    kernel = torch.randn(CHANNELS, CHANNELS, 3, 3, device=device).half().to(memory_format=torch.channels_last)
    operations = 2.0 * 9 * CHANNELS**2 * SIDE**2 * len(x)
    return rate(lambda: F.conv2d(x, kernel, padding=1), 1, seconds, device) * operations


def psnr(found: Tensor, expected: Tensor) -> float:
    """Decibel between images, both clipped to what a video shows, [-1, 1]."""
    error = float((found.clamp(-1, 1) - expected.clamp(-1, 1)).square().mean())
    return 10 * math.log10(4 / error) if error else math.inf


def size_rows(size: int, peak: float, seconds: float, device: str) -> list[Row]:
    """Everything of one resolution."""
    torch.manual_seed(0)
    generator = accelerated(Generator(size).eval().requires_grad_(False).to(device), device)
    codes = generator.map(torch.randn(CODES, 512, device=device), truncation=0.7)
    together = pictures_together(generator, free_memory(codes.device))
    few = codes[: min(8, together)]
    expected = generator.compute(few)
    quality = psnr(generator.synthesize(few), expected)
    plain = rate(lambda: generator.compute(few), len(few), seconds, device)
    ours = rate(lambda: generator.synthesize(codes[:together]), min(CODES, together), seconds, device)
    whole = rate(lambda: [None for _ in render_frames(generator, codes, together)], CODES, seconds, device)
    speed = ours * operations_of(generator)
    return [
        Row(f"generator {size} px, pictures/s", f"{ours:.1f}", f"PyTorch float32 {plain:.1f}", ours / plain, SPEEDUP),
        Row(f"  of {together} at a time, TFLOP/s", f"{speed / 1e12:.1f}", f"{peak / 1e12:.1f}", speed / peak, SHARE),
        Row("  PSNR against float32, dB", f"{quality:.1f}", f"{PSNR:g}", quality / PSNR, 1.0),
        Row("  with the frames' way to memory", f"{whole:.1f}", f"rendering alone {ours:.1f}", whole / ours, BUSY),
    ]


def where_time_goes(size: int, device: str) -> str:
    """The operations of one batch that take longest, as PyTorch's profiler lists them."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    activities += [torch.profiler.ProfilerActivity.CUDA] if device == "cuda" else []
    generator = accelerated(Generator(size).eval().requires_grad_(False).to(device), device)
    codes = generator.map(torch.randn(2, 512, device=device))
    generator.synthesize(codes)
    with torch.profiler.profile(activities=activities) as profile:
        generator.synthesize(codes)
        _finish(device)
    order = "self_cuda_time_total" if device == "cuda" else "self_cpu_time_total"
    return str(profile.key_averages().table(sort_by=order, row_limit=8, max_name_column_width=40))


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


@torch.inference_mode()
def main() -> None:
    """Print the table, or that there is no card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("There is no CUDA card that PyTorch sees: nothing is measured.")
    # The peer is float32 itself; TF32 is what the product chooses.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    peak = peak_speed(options.seconds, "cuda")
    for size in options.sizes:
        for row in size_rows(size, peak, options.seconds, "cuda"):
            print(row.line(), flush=True)
    print(where_time_goes(max(options.sizes), "cuda"))


if __name__ == "__main__":
    main()
