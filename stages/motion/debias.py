"""Fitting a low-rank model to data of which some entries are wrong.

Principal component pursuit shrinks what it keeps, and takes the peak of a motion that lives in few dimensions for
corruption: of the paper's five published directions, sampled at 11 anchors, its low-rank part loses 16 to 61 % of the
extent. So the pursuit gives the time courses, and the extent is fitted to the anchors themselves by robust regression
(Huber, 1964; the debiasing step that is usual after an L1 relaxation).
"""

import torch
from torch import Tensor

# Residuals beyond twice the median one (1.35 standard deviations of a Gaussian) lose weight.
KNEE = 2.0


def debias(data: Tensor, courses: Tensor, rounds: int = 3) -> tuple[Tensor, Tensor]:
    """The motion that has `courses` over time and explains most entries of `data`; both sides are fitted in turn.

    Args:
        data: (T, n) float64. Up to about a quarter of a column's entries may be wrong, by any amount.
        courses: (T, R) float64, how far along each direction each row lies; 2 (R + 1) <= T.
        rounds: how often the courses are fitted again to the loadings.

    Returns:
        courses (T, R), orthonormal with mean zero over time, and loadings (R, n): data ≈ offset + courses @ loadings.
    """
    rank = courses.shape[1]
    constant = torch.ones(len(data), 1, dtype=data.dtype)
    for left in reversed(range(rounds + 1)):
        # The offset takes what the neutral anchor alone has wrong, so that it is not added to all others.
        fitted = huber_regression(torch.cat([courses, constant], dim=1), data)  # (R + 1, n)
        loadings, offset = fitted[:rank], fitted[rank]
        if left:
            courses = huber_regression(loadings.T, (data - offset).T).T  # (T, R)
            courses = torch.linalg.qr(courses - courses.mean(dim=0)).Q
    return courses, loadings


def huber_regression(design: Tensor, targets: Tensor, iterations: int = 10) -> Tensor:
    """Regress every column of `targets` on `design`, with little weight for outliers.

    Iteratively reweighted least squares. Each column has its own scale, the median of its absolute residuals.

    Args:
        design: (m, k) float64, k < m.
        targets: (m, n) float64.

    Returns:
        (k, n), so that targets ≈ design @ it.
    """
    width = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).flatten(1)  # (m, k * k)
    ridge = 1e-12 * design.square().mean() * len(design) * torch.eye(width, dtype=design.dtype)
    smallest = 1e-9 * targets.abs().amax(dim=0).clamp(min=1e-30)  # (n,)
    weights = torch.ones_like(targets)
    fitted = torch.zeros(width, targets.shape[1], dtype=targets.dtype)
    for _ in range(iterations):
        normal = (weights.T @ products).unflatten(1, (width, width)) + ridge  # (n, k, k)
        moments = (weights * targets).T @ design  # (n, k)
        fitted = torch.linalg.solve(normal, moments).T  # (k, n)
        residuals = (targets - design @ fitted).abs()  # (m, n)
        scale = torch.maximum(KNEE * residuals.median(dim=0).values, smallest)
        weights = scale / torch.maximum(residuals, scale)
    return fitted
