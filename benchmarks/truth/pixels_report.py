"""The figures of `benchmarks.truth.pixels` as tables, as a verdict and as a file."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.truth.frames import FIGURES, Figures
from common.atomic_files import replace_atomically
from common.errors import UserError

# What the picture should reach at the extreme: dB above the generator, and CSIM to the true frame.
GAIN = {"smile": 4.0, "eyes_closed": 4.0, "head_turn": 2.0, "ageing": 4.0}
LEAST_CSIM = 0.92
CONVENTIONS = "generator, aligned", "generator, pasted"
WAYS = ("still", *CONVENTIONS, "picture", "truth")
LOW_IS_GOOD = ("landmarks", "shape", "jitter")
UNITS: dict[str, Callable[[float], str]] = {
    "psnr": "{:.1f}".format,
    "psnr_face": "{:.1f}".format,
    "psnr_moving": "{:.1f}".format,
    "ssim": "{:.3f}".format,
    "ssim_face": "{:.3f}".format,
    "csim": "{:.3f}".format,
    "landmarks": "{:.2%}".format,
    "shape": "{:.2%}".format,
    "jitter": "{:.3%}".format,
}
SPANS = "extreme", "motion"
BEGINS, ENDS = "<!-- benchmarks.truth.pixels begins -->", "<!-- benchmarks.truth.pixels ends -->"


@dataclass(frozen=True)
class Result:
    """One person making one motion.

    Attributes:
        person: number.
        motion: name.
        ways: for each of `WAYS`, what `benchmarks.truth.frames` measures.
        seconds: that the frames of `generator` and `picture` took.
    """

    person: int
    motion: str
    ways: dict[str, Figures]
    seconds: dict[str, float]

    def figure(self, way: str, name: str, span: str) -> float:
        """A figure at the `extreme`, or its mean over the `motion`: all moments but rest. Jitter is the motion's."""
        values = self.ways[way][name]
        return values[-1] if span == "extreme" or name == "jitter" else float(np.mean(values[1:]))


def better_convention(results: Sequence[Result]) -> str:
    """Of the two in which the generator's frames can be compared, that with the higher median PSNR at the extreme."""
    return max(CONVENTIONS, key=lambda way: _median(results, way, "psnr", "extreme"))


def print_report(results: Sequence[Result]) -> None:
    """Tables at the extreme and over all moments: medians over the people, the worst one in brackets; the verdict."""
    motions = list(dict.fromkeys(result.motion for result in results))
    for span, title in zip(SPANS, ("at the extreme", "mean over all moments but rest"), strict=True):
        people = len({result.person for result in results})
        print(f"\n{title}: median (worst) over {people} people; * is the convention that suits the generator better")
        names = [name for name in (*FIGURES, "jitter") if span == "motion" or name != "jitter"]
        print(f"{'motion':12s} {'way':20s}" + "".join(f"{name:>16s}" for name in names))
        for motion in motions:
            chosen = [result for result in results if result.motion == motion]
            best = better_convention(chosen)
            for way in WAYS:
                cells = [_cell(chosen, way, name, span) for name in names]
                print(f"{motion:12s} {way + ' *' * (way == best):20s}" + "".join(f"{cell:>16s}" for cell in cells))
    seconds = {way: np.median([result.seconds[way] for result in results]) for way in results[0].seconds}
    print("\nseconds a motion: " + ", ".join(f"{way} {value:.2f}" for way, value in seconds.items()))
    print("\nthe picture against its targets, at the extreme where nothing else is said")
    for sentence, met in verdict(results):
        print(f"{'met   ' if met else 'MISSED'} {sentence}")


def verdict(results: Sequence[Result]) -> list[tuple[str, bool]]:
    """Each target in a sentence, and whether it is met; the generator in the convention that suits it better."""
    unmoved = sum(result.ways["picture"]["psnr"][0] == float("inf") for result in results)
    sentence = f"at rest the picture is the photograph in every pixel: {unmoved} of {len(results)}"
    found = [(sentence, unmoved == len(results))]
    for motion in dict.fromkeys(result.motion for result in results):
        chosen = [result for result in results if result.motion == motion]
        generator = better_convention(chosen)
        for span, where in zip(SPANS, ("", " over all moments"), strict=True):
            gains = {name: _gains(chosen, generator, name, span) for name in ("psnr", "csim")}
            gain, likeness = float(np.median(gains["psnr"])), _median(chosen, "picture", "csim", span)
            sentence = f"{motion}{where}: PSNR {gain:+.1f} dB against the generator, at least {GAIN[motion]:+.0f}"
            found.append((sentence, gain >= GAIN[motion]))
            sentence = f"{motion}{where}: CSIM to the true frame {likeness:.3f}, at least {LEAST_CSIM}"
            found.append((sentence, likeness >= LEAST_CSIM))
            for name, unit in (("psnr", "+.1f"), ("csim", "+.3f")):
                worst = int(np.argmin(gains[name]))
                sentence = f"{motion}{where}: {name.upper()} of the worst person ({chosen[worst].person})"
                sentence += f" {gains[name][worst]:{unit}} against that person's generator, at least 0"
                found.append((sentence, gains[name][worst] >= 0))
        # A photograph that stands still comes near to its motion's truth too: what moves it should come nearer.
        for name, unit in (("psnr_moving", "+.1f"), ("psnr", "+.1f"), ("csim", "+.3f")):
            gain = float(np.median(_gains(chosen, "still", name, "extreme")))
            found.append((f"{motion}: {name} {gain:{unit}} against the unmoved photograph, above 0", gain > 0))
        gain = float(np.median(_gains(chosen, generator, "psnr_moving", "extreme")))
        found.append((f"{motion}: psnr_moving {gain:+.1f} dB against the generator, above 0", gain > 0))
        for name in LOW_IS_GOOD:
            ours, theirs = (_median(chosen, way, name, "extreme") for way in ("picture", generator))
            sentence = f"{motion}: {name} {UNITS[name](ours)}, at most the generator's {UNITS[name](theirs)}"
            found.append((sentence, ours <= theirs))
    return found


def write_json(results: Sequence[Result], path: Path) -> None:
    """Every figure of every frame: a list of results; the PSNR of equal images, which has no bound, is null."""
    rows = [asdict(result) for result in results]
    for row in rows:
        for figures in row["ways"].values():
            for name, values in figures.items():
                figures[name] = [value if np.isfinite(value) else None for value in values]
    with replace_atomically(path) as temporary:
        temporary.write_text(json.dumps(rows, indent=1, allow_nan=False))


def markdown_table(results: Sequence[Result]) -> str:
    """The documentation's table: medians over the people at the extreme, and what is missed."""
    names = {
        "psnr": "PSNR, dB",
        "psnr_face": "of the face",
        "psnr_moving": "of what moves",
        "ssim": "SSIM",
        "csim": "CSIM",
        "landmarks": "landmark error",
        "jitter": "jitter",
    }
    lines = [f"| motion | way | {' | '.join(names.values())} |", "|---|---|" + "---|" * len(names)]
    for motion in dict.fromkeys(result.motion for result in results):
        chosen = [result for result in results if result.motion == motion]
        generator = better_convention(chosen)
        for way in ("still", generator, "picture", "truth"):
            cells = [_median(chosen, way, name, "extreme") for name in names]
            shown = [UNITS[name](cell) if np.isfinite(cell) else "" for name, cell in zip(names, cells, strict=True)]
            lines.append(f"| {motion.replace('_', ' ')} | {way} | {' | '.join(shown)} |")
    missed = [sentence for sentence, met in verdict(results) if not met]
    return "\n".join([*lines, "", f"Missed: {'; '.join(missed) or 'nothing'}."])


def fill_page(page: Path, table: str) -> None:
    """Put a table between the page's two markers.

    Raises:
        UserError: the page does not hold both, in their order.
    """
    text = page.read_text()
    before, begins, rest = text.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise UserError(f'{page}: expected "{BEGINS}" and, after it, "{ENDS}". Put both where the table belongs.')
    with replace_atomically(page) as temporary:
        temporary.write_text(f"{before}{begins}\n{table}\n{ends}{after}")


def _values(results: Sequence[Result], way: str, name: str, span: str) -> np.ndarray:
    return np.array([result.figure(way, name, span) for result in results])


def _median(results: Sequence[Result], way: str, name: str, span: str) -> float:
    return float(np.median(_values(results, way, name, span)))


def _gains(results: Sequence[Result], way: str, name: str, span: str) -> np.ndarray:
    """(N,), by how much each person's picture is above another way's figure of the same person."""
    return _values(results, "picture", name, span) - _values(results, way, name, span)


def _cell(results: Sequence[Result], way: str, name: str, span: str) -> str:
    values = _values(results, way, name, span)
    if not np.isfinite(values).all():
        return "-"
    worst = values.max() if name in LOW_IS_GOOD else values.min()
    return f"{UNITS[name](float(np.median(values)))} ({UNITS[name](float(worst))})"
