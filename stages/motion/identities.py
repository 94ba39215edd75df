"""What several identities' anchors have in common: the motion itself.

Each identity is led to the same prompts from a start of its own. The change that the prompts ask for is the same for
all of them; besides, each identity changes in whatever way raises CLIP's score for its own image. The mean over
identities keeps what they share: unrelated changes shrink by the root of their number. (Robust PCA over all
displacements at once was tried in the mean's place. With few anchors it assigns most of the motion to the sparse part:
`stages.motion.debias`.)
"""

import torch.nn.functional as F
from torch import Tensor


def average_identities(codes: Tensor) -> Tensor:
    """One row of anchors for all identities: the mean of their codes, degree by degree.

    Its displacements from rest are the mean of the identities' own.

    Args:
        codes: (S, D, L, 512), D degrees of S identities, S >= 1.

    Returns:
        (D, L, 512).
    """
    return codes.mean(dim=0)


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
