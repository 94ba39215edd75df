"""How fast the generator renders, beside the published formulation of the same layers and beside the 20 f/s floor.

    python -m benchmarks.render_speed [--model synthface] [--threads 1 2] [--repeats 9]

The peer builds a kernel for each sample and convolves in groups, as the published PyTorch code does; weights, sizes
and threads are the same, and the two take turns, so that a busy machine disturbs both alike. Medians are printed.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.networks.stylegan2 import ModulatedConv
from weights import load_generator

FLOOR = 20.0  # frames a second on two CPU cores


def grouped(conv: ModulatedConv, x: Tensor, code: Tensor) -> Tensor:
    """A modulated convolution as a grouped one: (B, C, H, W) -> (B, O, H', W')."""
    batch, channels, height, width = x.shape
    weight = conv.weight * conv.scale * conv.modulation(code)[:, None, :, None, None]  # (B, O, C, k, k)
    if conv.demodulate:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    outputs, size = weight.shape[1], weight.shape[-1]
    x = x.reshape(1, batch * channels, height, width)
    if conv.blur is None:
        y = F.conv2d(x, weight.flatten(0, 1), padding=size // 2, groups=batch)
        return y.reshape(batch, outputs, height, width)
    y = F.conv_transpose2d(x, weight.transpose(1, 2).flatten(0, 1), stride=2, groups=batch)
    y = y.reshape(batch, outputs, 2 * height + 1, 2 * width + 1)
    return F.conv2d(y, conv.blur.kernel.flip(0, 1).expand(outputs, 1, 4, 4), padding=1, groups=outputs)


def frames_a_second(render: Callable[[], Tensor], frames: int) -> float:
    """Of one call."""
    started = time.perf_counter()
    render()
    return frames / (time.perf_counter() - started)


@torch.inference_mode()
def main() -> None:
    """Print one line for each number of threads and batch size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="synthface")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    generator = load_generator(options.model)
    ours = ModulatedConv.forward
    print(f"{options.model}, {generator.resolution} px, median frames/s of {options.repeats} turns; floor {FLOOR:g}")
    for threads in options.threads:
        torch.set_num_threads(threads)
        for batch in options.batches:
            codes = generator.map(torch.randn(batch, 512))
            speeds: dict[str, list[float]] = {"ours": [], "grouped": []}
            pictures = {}
            for _ in range(options.repeats + 1):
                for name, formulation in (("ours", ours), ("grouped", grouped)):
                    ModulatedConv.forward = formulation  # type: ignore[method-assign, assignment]
                    pictures[name] = generator.synthesize(codes)
                    speeds[name].append(frames_a_second(lambda: generator.synthesize(codes), batch))  # noqa: B023
            ModulatedConv.forward = ours  # type: ignore[method-assign]
            difference = (pictures["ours"] - pictures["grouped"]).abs().max().item()
            own, peer = (statistics.median(speeds[name][1:]) for name in ("ours", "grouped"))
            print(
                f"threads {threads}  batch {batch:2d}  ours {own:6.1f}  grouped {peer:6.1f}  "
                f"ratio {own / peer:4.2f}  over the floor {own / FLOOR:4.1f} x  largest difference {difference:.1e}"
            )


if __name__ == "__main__":
    main()
