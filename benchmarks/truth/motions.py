"""Ways to find a motion, against the truth: what each makes of 24 people, beside their own true motion.

    python -m benchmarks.truth.motions [--data FILE] [--output DIR] [--quick] [--device cpu]

A motion is taken from a rendered clip of one person, put on the inverted codes of people who are not in it, and each
frame compared with the true rendering of that person making that motion. Three tables: methods with 0, 10 and 30 %
of the anchors corrupted, with the last one spared and with it among them; ranks, and numbers of anchors, on the first
eight people, with no anchor corrupted and with 30 %, the last one spared. Then the targets, each met or missed. `DIR`
receives `truth.csv`, every figure of every row, and plots.

Figures are medians over the people, the worst one in brackets. `benchmarks.truth.measures` defines them,
`benchmarks.truth.methods` holds what is compared, `benchmarks.truth.data` says how to make the data.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.truth.bench import Bench
from benchmarks.truth.corruption import Level
from benchmarks.truth.data import DATA, Truth, load_truth
from benchmarks.truth.measures import Fidelity, displacements, landmark_fidelity, picture_fidelity, small_pictures
from benchmarks.truth.methods import BASELINE, DEFAULT, METHODS, Method, joint_pcp
from benchmarks.truth.report import Row, print_table, print_verdict, write_csv
from common.errors import UserError
from stages.faces.crop_landmarks import interocular, landmarks_in_crops
from stages.models import Models, ModelSettings
from stages.quality.metrics import csim, jitter
from stages.quality.video import embed_frames

# Motions that landmarks hardly show.
IN_PICTURES = ("ageing",)
CLEAN, SOME, MANY, MANY_AND_LAST = Level(0.0), Level(0.1), Level(0.3), Level(0.3, last=True)
# Each draw of corrupted anchors serves every fourth person.
DRAWS = 4


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        levels: of corruption, for the main table.
        people: how many, for the main table.
        dense, sparse: every how many-th of the true moments is compared, with clean anchors in the main table and
            elsewhere.
        anchors: of the clip, for the main table and the ranks.
        swept: people for the ranks and numbers of anchors.
        ranks, counts: what is swept; empty for none.
        tracked: people whose jitter is measured.
        bounds: people on whom the bounds are measured: the ruler alone, and inverted true frames.
    """

    levels: tuple[Level, ...] = (CLEAN, SOME, MANY, MANY_AND_LAST)
    people: int = 24
    dense: int = 1
    sparse: int = 2
    anchors: int = 32
    swept: int = 8
    ranks: tuple[int, ...] = (1, 2, 4, 8)
    counts: tuple[int, ...] = (4, 8, 16, 32, 64)
    tracked: int = 2
    bounds: int = 24


QUICK = Plan(
    levels=(CLEAN, MANY, MANY_AND_LAST), people=4, dense=2, swept=4, ranks=(1, 4), counts=(8,), tracked=1, bounds=2
)


def moves_at(moves: Tensor, reached: np.ndarray, wanted: np.ndarray) -> Tensor:
    """Displacements between anchors.

    Args:
        moves: (T, L, 512), at the anchors.
        reached: (T,), rising, how far each anchor has truly gone.
        wanted: (K,), from 0 to 1.

    Returns:
        (K, L, 512), interpolated linearly.
    """
    after = np.clip(np.searchsorted(reached, wanted), 1, len(reached) - 1)  # (K,)
    share = (wanted - reached[after - 1]) / (reached[after] - reached[after - 1])
    weight = torch.from_numpy(share).to(moves.dtype)[:, None, None]  # (K, 1, 1)
    return (1 - weight) * moves[after - 1] + weight * moves[after]


def measure_frames(bench: Bench, motion: int, person: int, moments: np.ndarray, frames: np.ndarray) -> Fidelity:
    """A person's made frames (K, S, S, 3) against the true ones at `moments`, numbers of the data's moments."""
    truth = bench.truth
    if truth.motions[motion] in IN_PICTURES:
        made, true = small_pictures(frames), small_pictures(truth.frames[motion, person, moments])
        return picture_fidelity(made - made[0], true - true[0])
    track = landmarks_in_crops(bench.models.landmarks, frames).astype(np.float64)  # (K, 68, 2)
    return landmark_fidelity(displacements(track), displacements(truth.landmarks[motion, person, moments]))


def measure_identity(bench: Bench, motion: int, person: int, frames: np.ndarray) -> tuple[float, float]:
    """How much less like the still (CSIM) the last frame is than the first, and the drop of the true renderings."""
    still = bench.truth.frames[motion, person, 0]
    reference, rest, extreme = embed_frames(bench.models, np.stack([still, frames[0], frames[-1]]))
    similarity = csim(torch.stack([rest, extreme]), reference)
    return float(similarity[0] - similarity[1]), float(bench.true_drops[motion, person])


def measure_jitter(bench: Bench, motion: int, person: int, moves: Tensor, reached: np.ndarray) -> tuple[float, float]:
    """Of the motion's landmarks at even moments, and of the true ones, in shares of the inter-ocular distance."""
    true = bench.truth.tracks[motion, person]  # (F, 68, 2)
    code = bench.codes(bench.truth.frames[motion, person, :1])  # (1, L, 512)
    frames = bench.render(code + moves_at(moves, reached, np.linspace(0, 1, len(true))))
    track = landmarks_in_crops(bench.models.landmarks, frames)
    return jitter(track) / interocular(track[0]), jitter(true) / interocular(true[0])


def measure_method(
    bench: Bench,
    motion: int,
    method: Method,
    level: Level = CLEAN,
    anchors: int = 32,
    people: int = 24,
    stride: int = 1,
    tracked: int = 0,
) -> dict[str, list[float]]:
    """One method on one motion: for each person, every figure by its name in `Row`.

    Raises:
        ValueError: the method's displacements have another shape than the codes it was given.
    """
    truth = bench.truth
    moments = np.arange(0, len(truth.progress), stride)
    reached = truth.clip_progress[np.linspace(0, len(truth.clip_progress) - 1, anchors).round().astype(int)]
    fitted: dict[int, Tensor] = {}
    figures: dict[str, list[float]] = {name: [] for name in Row.FIGURES}
    for person in range(min(people, truth.frames.shape[1])):
        draw = person % DRAWS if level.share else 0
        if draw not in fitted:
            given = bench.anchors(motion, anchors, level, draw)
            fitted[draw] = method(given)
            if fitted[draw].shape != given.codes.shape:
                wanted, found = tuple(given.codes.shape), tuple(fitted[draw].shape)
                raise ValueError(f"the method should give {wanted}, found {found}")
        moves = moves_at(fitted[draw], reached, truth.progress[moments])  # (K, L, 512)
        still = truth.frames[motion, person, 0]
        made = bench.render(bench.codes(still[None]) + moves[1:])
        frames = np.concatenate([bench.rest(still)[None], made])  # (K, S, S, 3)
        _append(figures, measure_frames(bench, motion, person, moments, frames))
        drop, true_drop = measure_identity(bench, motion, person, frames)
        figures["csim_drop"].append(drop)
        figures["true_drop"].append(true_drop)
        if person < min(tracked, truth.tracks.shape[1]):
            trembles = measure_jitter(bench, motion, person, fitted[draw], reached)
            figures["jitter"].append(trembles[0])
            figures["true_jitter"].append(trembles[1])
    return figures


def measure_bounds(bench: Bench, motion: int, people: int, stride: int) -> dict[str, dict[str, list[float]]]:
    """What no method can be expected to beat: true frames as the landmark network sees them, and after inversion."""
    moments = np.arange(0, len(bench.truth.progress), stride)
    bounds: dict[str, dict[str, list[float]]] = {
        name: {figure: [] for figure in Row.FIGURES} for name in ("(true frames)", "(true frames, inverted)")
    }
    for person in range(people):
        true = bench.truth.frames[motion, person, moments]  # (K, S, S, 3)
        for figures, frames in zip(bounds.values(), (true, bench.render(bench.codes(true))), strict=True):
            _append(figures, measure_frames(bench, motion, person, moments, frames))
            drop, true_drop = measure_identity(bench, motion, person, frames)
            figures["csim_drop"].append(drop)
            figures["true_drop"].append(true_drop)
    return bounds


def run(
    truth: Truth,
    models: Models,
    plan: Plan = Plan(),
    methods: Mapping[str, Method] = METHODS,
    tell: Callable[[str], object] = lambda line: None,
) -> list[Row]:
    """Measure everything.

    Args:
        truth: the data.
        models: whose generator, inverter, landmark and identity networks are used.
        plan: how much.
        methods: what to compare in the main table, by name; the sweeps are of the default.
        tell: called with a line for each row that is ready.
    """
    bench, rows = Bench(truth, models), list[Row]()

    def add(table: str, motion: int, method: str, level: Level, anchors: int, figures: dict[str, list[float]]) -> None:
        rows.append(Row(table, truth.motions[motion], method, str(level), level.share, level.last, anchors, figures))
        tell(f"{table}: {truth.motions[motion]}, {method}, {level}, {anchors} anchors")

    for motion in range(len(truth.motions)):
        for name, figures in measure_bounds(bench, motion, plan.bounds, plan.sparse).items():
            add("methods", motion, name, CLEAN, 0, figures)
        for level in plan.levels:
            stride = plan.sparse if level.share else plan.dense
            tracked = plan.tracked if level in (CLEAN, MANY) else 0
            for name, method in methods.items():
                measured = measure_method(bench, motion, method, level, plan.anchors, plan.people, stride, tracked)
                add("methods", motion, name, level, plan.anchors, measured)
        swept = partial(measure_method, bench, motion, people=plan.swept, stride=plan.sparse)
        for level in (CLEAN, MANY):
            for rank in plan.ranks:
                limited = partial(joint_pcp, rank=rank)
                figures = swept(method=limited, level=level, anchors=plan.anchors)
                add("ranks", motion, f"rank {rank}", level, plan.anchors, figures)
            for count in plan.counts:
                figures = swept(method=METHODS[DEFAULT], level=level, anchors=count)
                add("anchors", motion, DEFAULT, level, count, figures)
    return rows


def _append(figures: dict[str, list[float]], found: Fidelity) -> None:
    for name in ("correlation", "amplitude", "leak", "error"):
        figures[name].append(getattr(found, name))


def main() -> None:
    """Measure, print and, where asked for, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="as benchmarks.truth.data writes it")
    parser.add_argument("--output", type=Path, help="folder for truth.csv and the plots")
    parser.add_argument("--quick", action="store_true", help="4 people and fewer settings: a look, no result")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto")
    options = parser.parse_args()
    try:
        truth = load_truth(options.data)
        if options.output:
            options.output.mkdir(parents=True, exist_ok=True)
        models = Models(ModelSettings(device=options.device))
        rows = run(truth, models, QUICK if options.quick else Plan(), tell=lambda line: print(f"  {line}", flush=True))
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    print_table(rows)
    print_verdict(rows, BASELINE, DEFAULT)
    if options.output:
        from benchmarks.truth.plots import write_plots

        write_csv(rows, options.output / "truth.csv")
        write_plots(rows, options.output)


if __name__ == "__main__":
    main()
