"""What several identities' anchors have in common: the movement itself.

Each identity is led to the same sentences from a start of its own. What the sentences ask for moves all of them alike;
beside it each goes a way of its own, along whatever its own picture offers to CLIP. One fit sees all identities at
once: robust PCA over all their displacements takes out what only one of them does in a few of its coordinates, and the
mean over identities leaves of the rest what they agree on.
"""

import torch.nn.functional as F
from torch import Tensor

from stages.robust_pca import robust_pca


def shared_anchors(codes: Tensor, neutral: int = 0) -> Tensor:
    """One row of anchors for all identities.

    Args:
        codes: (S, D, L, 512), D degrees of S identities, S >= 1.
        neutral: the degree from which displacements count.

    Returns:
        (D, L, 512), of the identities' mean face.
    """
    moves = codes - codes[:, neutral : neutral + 1]  # (S, D, L, 512)
    if len(codes) > 1:
        common = robust_pca(moves.flatten(0, 1).flatten(1).double())[0].reshape(moves.shape)  # (S, D, L, 512)
        # Where robust PCA takes everything for rare, there is nothing to tell apart.
        moves = common.to(codes.dtype) if common.norm() > 1e-3 * moves.norm() else moves
    return codes[:, neutral].mean(dim=0) + moves.mean(dim=0)  # (D, L, 512)


def agreement(codes: Tensor, neutral: int = 0) -> float:
    """How alike the identities move: the mean cosine between two identities' displacements at the last degree.

    Args:
        codes: (S, D, L, 512).

    Returns:
        -1 to 1; 1 for a single identity.
    """
    ways = F.normalize((codes[:, -1] - codes[:, neutral]).flatten(1), dim=1)  # (S, L * 512)
    count = len(ways)
    if count == 1:
        return 1.0
    cosines = ways @ ways.T  # (S, S)
    return float((cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1)))
