import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.motion.robust_pca import NotConverged, robust_pca


def mixture(rows: int, columns: int, rank: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A random low-rank matrix, and a sparse one whose entries are as large."""
    random = torch.Generator().manual_seed(seed)
    left = torch.randn(rows, rank, dtype=torch.float64, generator=random)
    right = torch.randn(rank, columns, dtype=torch.float64, generator=random)
    mask = torch.rand(rows, columns, dtype=torch.float64, generator=random) < share
    sparse = mask * torch.randn(rows, columns, dtype=torch.float64, generator=random) * 5
    return left @ right, sparse


def objective(low_rank: torch.Tensor, sparse: torch.Tensor) -> float:
    price = 1 / math.sqrt(max(low_rank.shape))
    return float(torch.linalg.svdvals(low_rank).sum() + price * sparse.abs().sum())


@settings(max_examples=20)
@given(st.integers(40, 80), st.integers(40, 80), st.integers(1, 2), st.floats(0, 0.05), st.integers(0, 10**6))
def test_a_low_rank_matrix_is_recovered_exactly_from_under_gross_errors(rows, columns, rank, share, seed):
    low_rank, sparse = mixture(rows, columns, rank, share, seed)
    found, rest = robust_pca(low_rank + sparse)
    assert (found - low_rank).norm() < 1e-5 * low_rank.norm()
    assert (rest - sparse).norm() <= 1e-5 * (sparse.norm() + low_rank.norm())


def test_a_wide_matrix_of_anchors_is_recovered_exactly():
    low_rank, sparse = mixture(64, 2048, 3, 0.05, seed=1)
    found, _ = robust_pca(low_rank + sparse)
    assert (found - low_rank).norm() < 1e-5 * low_rank.norm()


@settings(max_examples=15)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 10**6))
def test_no_other_split_of_any_matrix_is_cheaper(rows, columns, seed):
    random = torch.Generator().manual_seed(seed)
    matrix = torch.randn(rows, columns, dtype=torch.float64, generator=random)
    found, _ = robust_pca(matrix)
    least = objective(found, matrix - found)
    for scale in (1e-3, 1e-2, 1e-1, 1.0):
        for _ in range(5):
            left = torch.randn(rows, 1, dtype=torch.float64, generator=random)
            other = found + scale * left @ torch.randn(1, columns, dtype=torch.float64, generator=random)
            assert least <= objective(other, matrix - other) * (1 + 1e-4)
    assert least <= min(objective(matrix, 0 * matrix), objective(0 * matrix, matrix)) * (1 + 1e-4)


def test_the_truth_is_not_cheaper_than_what_is_found_where_it_cannot_be_recovered():
    low_rank, sparse = mixture(40, 40, 15, 0.3, seed=2)
    found, _ = robust_pca(low_rank + sparse)
    assert objective(found, low_rank + sparse - found) <= objective(low_rank, sparse) * (1 + 1e-6)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(1e-200, 1e200))
@pytest.mark.slow
def test_scaling_transposing_and_permuting_commute_with_the_split(seed, scale):
    low_rank, sparse = mixture(20, 30, 2, 0.1, seed)
    matrix = low_rank + sparse
    found, rest = robust_pca(matrix)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(robust_pca(matrix * scale)[0] / scale, found, rtol=0, atol=1e-5)
    torch.testing.assert_close(robust_pca(matrix.T)[0], found.T, rtol=0, atol=1e-5)
    torch.testing.assert_close(robust_pca(matrix[:, order])[1], rest[:, order], rtol=0, atol=1e-5)
    torch.testing.assert_close(robust_pca(-matrix)[0], -found, rtol=0, atol=1e-5)


@settings(max_examples=15)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6))
def test_the_two_parts_make_the_matrix(rows, columns, seed):
    matrix = torch.randn(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    low_rank, sparse = robust_pca(matrix)
    assert (low_rank + sparse - matrix).norm() < 1e-6 * matrix.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_parts_have_the_type_of_the_matrix(dtype):
    low_rank, sparse = robust_pca(torch.randn(6, 8).to(dtype))
    assert low_rank.dtype == sparse.dtype == dtype


def test_an_array_is_split_as_a_tensor_is():
    matrix = np.random.default_rng(0).normal(size=(6, 8))
    torch.testing.assert_close(robust_pca(matrix)[0], robust_pca(torch.from_numpy(matrix))[0])


def test_the_matrix_is_left_as_it_is():
    matrix = torch.randn(5, 7)
    before = matrix.clone()
    robust_pca(matrix)
    assert torch.equal(matrix, before)


def test_zero_is_split_into_zero_and_zero():
    low_rank, sparse = robust_pca(torch.zeros(4, 5))
    assert not low_rank.any()
    assert not sparse.any()


def test_a_single_row_is_sparse():
    """For one row the nuclear norm is the Euclidean one, which is never below lambda times the L1 norm."""
    row = torch.randn(1, 50, dtype=torch.float64)
    _, sparse = robust_pca(row)
    torch.testing.assert_close(sparse, row, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (torch.zeros(3), r"found shape \(3,\)"),
        (torch.zeros(0, 3), r"found shape \(0, 3\)"),
        (torch.tensor([[1.0, math.nan], [math.inf, 0.0]]), "found 2 that are not"),
    ],
)
def test_what_is_no_finite_matrix_is_refused(matrix, said):
    with pytest.raises(ValueError, match=said):
        robust_pca(matrix)


def test_it_says_when_it_did_not_converge_and_how_far_it_came():
    with pytest.warns(NotConverged, match=r"6 x 8 matrix did not converge in 3 steps: relative residual \d"):
        robust_pca(torch.randn(6, 8), max_iterations=3)
