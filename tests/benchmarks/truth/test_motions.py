"""The truth benchmark: its measures, methods, corruption and file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.truth.bench import Bench
from benchmarks.truth.corruption import KINDS, Level, corrupt, hit_anchors
from benchmarks.truth.data import DATA, Truth, load_truth, save_truth
from benchmarks.truth.measures import landmark_fidelity, picture_fidelity
from benchmarks.truth.methods import METHODS, Anchors
from benchmarks.truth.motions import QUICK, moves_at, run
from benchmarks.truth.report import Row, verdict, write_csv
from common.errors import UserError
from stages.models import Models, ModelSettings

PER_MOTION = ("clips", "frames", "landmarks", "tracks")

motions = arrays(np.float64, (5, 68, 2), elements=st.floats(-1, 1, width=32)).map(lambda moves: moves - moves[0])


def moving(moves: np.ndarray) -> bool:
    return bool(np.ptp(np.einsum("kpc,pc->k", moves, moves[-1])) > 1e-3)


@given(motions.filter(moving), st.sampled_from((0.5, 1.0, 1.3)))
@pytest.mark.slow
def test_the_truth_at_another_size_has_full_correlation_and_that_amplitude(true: np.ndarray, size: float) -> None:
    found = landmark_fidelity(size * true, true)
    assert found.amplitude == pytest.approx(size)
    assert found.correlation == pytest.approx(1)
    if size == 1:
        assert found.error == 0
        assert found.leak == 0 or np.isnan(found.leak)


def test_what_moves_and_should_not_is_leak() -> None:
    true = np.zeros((3, 68, 2))
    true[:, :10, 0] = np.array([0, 0.1, 0.2])[:, None]
    made = true.copy()
    made[1:, 50:, 1] = 0.05
    found = landmark_fidelity(made, true)
    assert found.amplitude == pytest.approx(1)
    assert found.leak == pytest.approx(0.05 * np.sqrt(18 / 58))


def test_landmarks_that_hardly_move_do_not_count_for_the_amplitude() -> None:
    true = np.zeros((3, 68, 2))
    true[:, :10, 0] = np.array([0, 0.1, 0.2])[:, None]
    true[:, 10:, 0] = 0.2 * true[:, :1, 0]  # a fifth of the farthest way
    made = true.copy()
    made[:, 10:] = 0
    found = landmark_fidelity(made, true)
    assert found.amplitude == pytest.approx(1)
    assert found.leak > 0.02


def test_pictures_count_what_lies_aside_of_the_true_change_as_leak() -> None:
    true = np.outer([0, 0.5, 1], [3.0, 0, 0])
    found = picture_fidelity(true + np.outer([0, 1, 1], [0, 1.5, 0]), true)
    assert found.amplitude == pytest.approx(1)
    assert found.leak == pytest.approx(0.5)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.slow
def test_every_method_finds_a_straight_even_motion(name: str) -> None:
    torch.manual_seed(0)
    rest, way = torch.randn(12, 512), torch.randn(12, 512)
    codes = rest + torch.linspace(0, 1, 16)[:, None, None] * way
    still = np.random.default_rng(0).random((1, 68, 2), np.float32).repeat(16, axis=0)  # landmarks that tell nothing
    moves = METHODS[name](Anchors(codes, still, still, still, still))
    assert moves.shape == codes.shape
    assert moves[0].norm() < 0.02 * way.norm()
    assert (moves[-1] - way).norm() < 0.1 * way.norm()
    assert (moves[8] - way * 8 / 15).norm() < 0.1 * way.norm()


@given(st.integers(4, 64), st.sampled_from((0.1, 0.3)), st.booleans(), st.integers(0, 3))
def test_the_stated_share_is_hit_and_the_first_anchor_never(count: int, share: float, last: bool, draw: int) -> None:
    hit = hit_anchors(count, Level(share, last), draw, np.random.default_rng(1))
    assert len(hit) == min(round(share * count), count - 2)
    assert 0 not in hit
    if hit:
        assert (count - 1 in hit) == last
    assert set(hit.values()) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_corrupted_picture_is_another_one_and_the_given_one_is_left(kind: str) -> None:
    rng = np.random.default_rng(2)
    picture, strangers = (rng.integers(0, 256, shape, np.uint8) for shape in ((64, 64, 3), (2, 64, 64, 3)))
    kept = picture.copy()
    changed = corrupt(picture, kind, strangers, rng)
    assert changed.shape == picture.shape and changed.dtype == np.uint8
    assert (changed != picture).mean() > 0.05
    np.testing.assert_array_equal(picture, kept)


def test_displacements_between_anchors_are_interpolated() -> None:
    moves = torch.arange(3.0)[:, None, None] * torch.ones(3, 2, 4)
    reached = np.array([0, 0.5, 1.0])
    between = moves_at(moves, reached, np.array([0, 0.25, 0.5, 1.0]))
    torch.testing.assert_close(between[:, 0, 0], torch.tensor([0, 0.5, 1.0, 2.0]))


def tiny() -> Truth:
    rng = np.random.default_rng(3)

    def smooth(*shape: int) -> np.ndarray:
        return np.broadcast_to(rng.integers(30, 220, (*shape, 1, 1, 3)), (*shape, 16, 16, 3)).astype(np.uint8)

    return Truth(
        motions=("smile",),
        clip_progress=np.linspace(0, 1, 4),
        clips=smooth(1, 4),
        progress=np.linspace(0, 1, 3),
        frames=smooth(1, 2, 3),
        landmarks=rng.random((1, 2, 3, 68, 2)),
        tracks=rng.random((1, 2, 5, 68, 2)),
        strangers=smooth(2),
    )


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    truth = tiny()
    save_truth(truth, tmp_path / "truth.npz")
    again = load_truth(tmp_path / "truth.npz")
    assert again.motions == truth.motions
    np.testing.assert_array_equal(again.progress, truth.progress)
    np.testing.assert_allclose(again.landmarks, truth.landmarks, atol=1e-4)
    for name in ("clips", "frames", "strangers"):
        assert np.abs(getattr(again, name).astype(int) - getattr(truth, name)).max() < 12


def test_a_file_of_something_else_is_refused_in_one_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UserError, match='expected "micromotion-truth 1", found'):
        load_truth(tmp_path / "other.npz")
    with pytest.raises(UserError, match="not found"):
        load_truth(tmp_path / "missing.npz")


def row(method: str, share: float, error: float, last: bool = False) -> Row:
    figures = {name: [error] for name in Row.FIGURES} | {"correlation": [0.97], "amplitude": [0.9]}
    figures |= {"csim_drop": [0.10], "true_drop": [0.06]}
    return Row("methods", "smile", method, "", share, last, 8, figures)


def test_the_verdict_says_what_is_met_and_what_is_missed(tmp_path: Path) -> None:
    rows = [row("ours", 0.0, 0.1), row("ours", 0.3, 0.1), row("theirs", 0.3, 0.15), row("ours", 0.3, 0.1, last=True)]
    rows.append(row("theirs", 0.3, 0.4, last=True))
    assert [met for _, met in verdict(rows, "theirs", "ours")] == [True, True, True, False, True]
    write_csv(rows, tmp_path / "truth.csv")
    assert len((tmp_path / "truth.csv").read_text().splitlines()) == 1 + len(rows)


@pytest.mark.slow
def test_a_look_at_the_bundled_family_runs_from_end_to_end(tmp_path: Path) -> None:
    from benchmarks.truth.plots import write_plots  # imports Matplotlib

    truth = load_truth(DATA)
    at = truth.motions.index("eyes_closed")
    closing = replace(
        truth, motions=("eyes_closed",), **{name: getattr(truth, name)[at : at + 1] for name in PER_MOTION}
    )
    one = replace(closing, frames=closing.frames[:, :1], landmarks=closing.landmarks[:, :1])
    one = replace(one, tracks=closing.tracks[:, :1, ::8])
    plan = replace(QUICK, people=1, swept=1, anchors=8, bounds=1, ranks=(1,))
    chosen = {name: METHODS[name] for name in ("last minus first", "joint PCP")}
    rows = run(one, Models(ModelSettings(device="cpu")), plan, chosen)
    best = next(row for row in rows if row.method == "joint PCP" and row.share == 0)
    assert best.median("correlation") > 0.8
    assert 0.5 < best.median("amplitude") < 2
    write_plots(rows, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"truth_methods.png", "truth_sweeps.png"}


@pytest.mark.slow
def test_a_picture_is_inverted_once_and_comes_back_in_the_order_asked_for() -> None:
    bench = Bench(tiny(), Models(ModelSettings(device="cpu")))
    first = bench.codes(bench.truth.strangers)
    bench.models.__dict__.pop("inverter")  # whatever is inverted again has to load it again
    again = bench.codes(bench.truth.strangers[::-1])
    torch.testing.assert_close(again, first.flip(0))
    assert "inverter" not in bench.models.__dict__
