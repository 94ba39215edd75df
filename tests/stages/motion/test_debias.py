import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.motion.debias import debias, huber_regression


@settings(max_examples=20)
@given(st.integers(20, 60), st.integers(1, 3), st.integers(0, 10**6))
def test_regression_is_exact_where_a_tenth_of_the_values_is_wrong_by_far(rows, width, seed):
    random = torch.Generator().manual_seed(seed)
    design = torch.randn(rows, width, dtype=torch.float64, generator=random)
    truth = torch.randn(width, 6, dtype=torch.float64, generator=random)
    targets = design @ truth
    targets[: rows // 10] += 100 * torch.randn(rows // 10, 6, dtype=torch.float64, generator=random)
    assert (huber_regression(design, targets, iterations=50) - truth).norm() < 1e-3 * truth.norm()


def test_regression_without_outliers_is_near_least_squares():
    design = torch.randn(200, 3, dtype=torch.float64)
    targets = design @ torch.randn(3, 5, dtype=torch.float64) + 0.1 * torch.randn(200, 5, dtype=torch.float64)
    plain = torch.linalg.lstsq(design, targets).solution
    torch.testing.assert_close(huber_regression(design, targets), plain, rtol=0, atol=0.01)


def test_courses_that_are_bent_are_straightened_by_what_the_data_say():
    course = torch.linspace(0, 1, 24, dtype=torch.float64)
    loadings = torch.randn(1, 300, dtype=torch.float64)
    bent = course.clamp(max=0.6)[:, None] - 0.4
    found, fitted = debias(course[:, None] * loadings, bent)
    torch.testing.assert_close((found[-1] - found[0]) @ fitted, loadings[0], rtol=0, atol=0.02)
    torch.testing.assert_close(found.T @ found, torch.eye(1, dtype=torch.float64))
