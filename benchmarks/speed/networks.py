"""How fast networks run here: one table, each figure with its peer or limit in the same run.

    python -m benchmarks.speed.networks [--sizes 256 1024] [--repeats 5]

| row | peer or limit |
|---|---|
| generator, published widths, random weights, float32 | the published formulation, proven equal first |
| share of peak | the best 3x3 convolution that the same runtime reaches here |
| inverter's encoder, identity, landmarks (bundled) | PyTorch |

Times are of the processor, on one thread, in turns, so that a busy machine disturbs them little; medians count.
`benchmarks.speed.workers` has several workers side by side.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.models.published_generator import published_synthesis
from benchmarks.speed.figures import Row, print_table
from stages.execution.executor import accelerated, chosen_executor
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.networks.running import RunnableNetwork
from weights.networks.stylegan2 import Generator

SPEEDUP = {256: 2.2, 1024: 4.0}  # wanted over the published formulation
SHARE = {256: 0.85, 1024: 0.75}  # wanted of the peak
ACCURACY = 1e-5  # of the largest value
PEAK_SHAPES = ((256, 64), (512, 32), (256, 128))  # channels and side of convolutions that run at full speed


class Convolution(RunnableNetwork):
    """A plain 3x3 convolution: what nothing here can be faster than."""

    batch = 1

    def __init__(self, channels: int, side: int):
        super().__init__()
        self.layer, self.channels, self.side = nn.Conv2d(channels, channels, 3, padding=1, bias=False), channels, side

    def compute(self, batch: Tensor) -> Tensor:
        """The convolution."""
        result: Tensor = self.layer(batch)
        return result

    def example(self, count: int) -> Tensor:
        """Noise."""
        return torch.randn(count, self.channels, self.side, self.side)

    @property
    def operations(self) -> float:
        """Additions and multiplications of one run."""
        return 2.0 * 9 * self.channels**2 * self.side**2


def operations_of(generator: Generator) -> float:
    """Additions and multiplications of the convolutions that make one image; a transposed one counts its inputs."""
    widths = generator.channels
    count, size, width = 2.0 * 9 * widths[4] ** 2 * 16, 8, widths[4]
    while size <= generator.resolution:
        count += 2.0 * 9 * width * widths[size] * (size // 2) ** 2 + 2.0 * 9 * widths[size] ** 2 * size**2
        width, size = widths[size], size * 2
    return count


def seconds_in_turns(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each call; the first round is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            started = time.process_time()
            call()
            spent[name].append(time.process_time() - started)
    return {name: statistics.median(times[1:]) for name, times in spent.items()}


def prove_equal(found: Tensor, expected: Tensor) -> None:
    """Refuse to time what computes something else.

    Raises:
        ValueError: a value differs by more than `ACCURACY` of the largest.
    """
    error = float((found - expected).abs().max() / expected.abs().max())
    if not error <= ACCURACY:
        raise ValueError(f"expected equal images to {ACCURACY:g} of the largest value, found {error:.1e}")


def peak_speed(repeats: int) -> float:
    """The most operations a second that one core reaches in a 3x3 convolution."""
    layers = [accelerated(Convolution(*shape).eval().requires_grad_(False), "cpu") for shape in PEAK_SHAPES]
    calls = {str(number): partial(layer.run, layer.example(1)) for number, layer in enumerate(layers)}
    spent = seconds_in_turns(calls, repeats)
    return max(layer.operations / spent[str(number)] for number, layer in enumerate(layers))


def generator_rows(size: int, peak: float, repeats: int) -> list[Row]:
    """The generator of published widths against the published formulation, and against the peak."""
    torch.manual_seed(0)
    generator = accelerated(Generator(size).eval().requires_grad_(False), "cpu")
    codes = generator.map(torch.randn(1, 512))
    expected = published_synthesis(generator, codes)
    prove_equal(generator.compute(codes), expected)
    prove_equal(generator.synthesize(codes), expected)
    spent = seconds_in_turns(
        {"ours": lambda: generator.synthesize(codes), "published": lambda: published_synthesis(generator, codes)},
        repeats,
    )
    ours, published = spent["ours"], spent["published"]
    speed = operations_of(generator) / ours
    return [
        Row(
            f"generator {size} px, s", f"{ours:.3f}", f"published {published:.3f}", published / ours, SPEEDUP.get(size)
        ),
        Row(
            f"generator {size} px, GFLOP/s",
            f"{speed / 1e9:.0f}",
            f"peak {peak / 1e9:.0f}",
            speed / peak,
            SHARE.get(size),
        ),
    ]


def network_rows(sizes: Sequence[int], repeats: int) -> Iterator[Row]:
    """All lines, as they come."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        peak = peak_speed(repeats)
        for size in sizes:
            yield from generator_rows(size, peak, repeats)
        yield from bundled_rows(repeats)


def bundled_rows(repeats: int) -> list[Row]:
    """The bundled networks in batches of eight, against PyTorch."""
    networks: dict[str, RunnableNetwork] = {
        "generator 128 px": load_generator("synthface"),
        "inverter's encoder": load_inverter("synthface").encoder,
        "identity": load_identity("synthface"),
        "landmarks": load_landmarks("synthface"),
    }
    rows = []
    for name, network in networks.items():
        batch = network.example(8)
        accelerated(network, "cpu")
        prove_equal(network.run(batch), network.compute(batch))
        calls = {"ours": partial(network.run, batch), "torch": partial(network.compute, batch)}
        spent = {who: 1000 * seconds / 8 for who, seconds in seconds_in_turns(calls, repeats).items()}
        ratio = spent["torch"] / spent["ours"]
        rows.append(Row(f"bundled {name}, ms", f"{spent['ours']:.1f}", f"PyTorch {spent['torch']:.1f}", ratio))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"networks on the CPU run in {chosen_executor()}; one thread")
    print_table(network_rows(options.sizes, options.repeats))


if __name__ == "__main__":
    main()
