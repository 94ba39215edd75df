"""How long a checkpoint takes to load and what memory it needs: as published, and imported.

    python -m benchmarks.speed.load [--resolution 1024] [--rounds 5] [--inverter]

Makes files in the published layouts with random values, imports them as `weights import` does, and loads each in a
process of its own, in turns. Printed are the median time of `load_generator` (and `load_inverter`) in
`weights.load_networks`, and how much memory the process needed beyond what it had before. Pages of a mapped file that
are touched, which the system may take back, are given beside the rest.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from weights.import_checkpoint import import_checkpoint
from weights.networks.restyle import BackboneEncoder
from weights.networks.stylegan2 import Generator

LOAD = """
import json, sys, time
import torch
import weights
from pathlib import Path

def used(name):
    status = Path("/proc/self/status").read_text()
    return int(status.split(name + ":")[1].split()[0]) / 1024

torch.set_num_threads(1)
before = used("RssAnon")
start = time.perf_counter()
network = getattr(weights, sys.argv[1])(sys.argv[2])
seconds = time.perf_counter() - start
total = sum(tensor.float().abs().mean() for tensor in network.state_dict().values())
own = used("RssAnon") - before
print(json.dumps({"seconds": seconds, "own": own, "mapped": used("RssFile"), "peak": used("VmHWM")}))
"""
# The published generator's file also carries its training's other networks, of about this many values.
DISCRIMINATOR_VALUES = 28_900_000


def published_generator(path: Path, resolution: int) -> None:
    """A file as `stylegan2-ffhq-config-f.pt` is: the average, the trained generator, and a discriminator."""
    states = [Generator(resolution).state_dict() for _ in range(2)]
    discriminator = {"weight": torch.zeros(DISCRIMINATOR_VALUES)}
    content = {"g": states[0], "d": discriminator, "g_ema": states[1], "latent_avg": torch.zeros(512)}
    torch.save(content, path)


def published_inverter(path: Path, resolution: int) -> None:
    """A file as `restyle_psp_ffhq_encode.pt` is."""
    decoder = Generator(resolution)
    state = {f"decoder.{name}": value for name, value in decoder.state_dict().items()}
    state |= {f"encoder.{name}": value for name, value in BackboneEncoder(decoder.num_layers).state_dict().items()}
    options = {"encoder_type": "BackboneEncoder", "output_size": resolution}
    torch.save({"state_dict": state, "latent_avg": torch.zeros(decoder.num_layers, 512), "opts": options}, path)


def load_once(loader: str, path: Path) -> dict[str, float]:
    """Load a file in a fresh process."""
    ran = subprocess.run(
        [sys.executable, "-c", LOAD, loader, str(path)], check=True, capture_output=True, text=True, timeout=600
    )
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


def compare(loader: str, published: Path, rounds: int) -> None:
    """Print both files of one network beside each other."""
    imported = import_checkpoint(published, published.parent)
    measured: dict[Path, list[dict[str, float]]] = {published: [], imported: []}
    for _ in range(rounds):
        for path, found in measured.items():
            found.append(load_once(loader, path))
    medians = {
        path: {name: statistics.median(one[name] for one in found) for name in found[0]}
        for path, found in measured.items()
    }
    print(f"{loader}, {rounds} rounds")
    for path, median in medians.items():
        print(
            f"  {path.suffix:13s} {path.stat().st_size / 1e6:6.0f} MB   {median['seconds']:6.2f} s   "
            f"memory: own {median['own']:5.0f} MB, mapped {median['mapped']:5.0f} MB, peak {median['peak']:5.0f} MB"
        )
    first, second = medians.values()
    print(f"  imported files load {first['seconds'] / second['seconds']:.1f} times faster (aim: 3)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolution", type=int, default=1024, help="of the generator, in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inverter", action="store_true", help="also an inverter with its decoder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generator = Path(folder) / "generator.pt"
        published_generator(generator, options.resolution)
        compare("load_generator", generator, options.rounds)
        if options.inverter:
            inverter = Path(folder) / "inverter.pt"
            published_inverter(inverter, options.resolution)
            compare("load_inverter", inverter, options.rounds)


if __name__ == "__main__":
    main()
