"""Train all seven networks of the family, one after another, in a stated time; the generator in two steps.

    python -m training.train.family --renders DIR [DIR ...] --output DIR --minutes 25 --device cuda --batches 8

Each network has its share of the time, from nothing or from where an interrupted run of it stopped: the same command
resumes. `OUTPUT` receives a folder for each network, and in `OUTPUT/bundled` what is shipped. On a
CPU leave `--batches` out and give it a night.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from training.train.checkpoint import training_options

# Shares of the time. The generator decides how everything looks, and the inverter cannot be better than it.
SHARES = {
    "landmarks": 0.08,
    "face_check": 0.05,
    "eye_outlines": 0.05,
    "identity": 0.12,
    "generator": 0.30,
    "finishing": 0.08,
    "inverter": 0.22,
    "contrastive": 0.10,
}
NEEDS = {
    "finishing": ("--start", "{output}/bundled/generator.safetensors"),
    "contrastive": ("--generator", "{output}/bundled/generator.safetensors"),
    "inverter": (
        "--generator",
        "{output}/bundled/generator.safetensors",
        "--identity",
        "{output}/bundled/identity.safetensors",
    ),
}


def commands(
    renders: list[Path], output: Path, minutes: float, device: str, batches: int, threads: int
) -> dict[str, list[str]]:
    """What is run for each network, in order."""
    shared = ["--renders", *map(str, renders), "--device", device, "--batches", str(batches), "--threads", str(threads)]
    return {
        name: [
            *(sys.executable, "-m", f"training.train.{name}", *shared),
            *("--output", str(output / name), "--minutes", f"{share * minutes:g}"),
            *(argument.format(output=output) for argument in NEEDS.get(name, ())),
        ]
        for name, share in SHARES.items()
    }


def main() -> None:
    """The command line; `--help` shows the module's text."""
    options = training_options(__doc__, minutes=25).parse_args()
    bundled = options.output / "bundled"
    bundled.mkdir(parents=True, exist_ok=True)
    made = commands(options.renders, options.output, options.minutes, options.device, options.batches, options.threads)
    for name, command in made.items():
        print(name, flush=True)
        subprocess.run(command, check=True)
        if name == "contrastive":
            shutil.copytree(options.output / name / "clip", bundled / "clip", dirs_exist_ok=True)
        else:
            network = "generator" if name == "finishing" else name
            shutil.copy(options.output / name / f"{network}.safetensors", bundled)


if __name__ == "__main__":
    main()
