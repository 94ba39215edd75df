"""What several identities' anchors have in common."""

import pytest
import torch
import torch.nn.functional as F

from stages.motion.identities import agreement, average_identities


def anchors(own: float, seeds: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(S, 11, 4, 512) of faces that share a way (4, 512), each with a way of its own, `own` times as long."""
    rng = torch.Generator().manual_seed(seed)
    way = F.normalize(torch.randn(4, 512, generator=rng).flatten(), dim=0).reshape(4, 512)
    ways = F.normalize(torch.randn(seeds, 4 * 512, generator=rng), dim=1).reshape(seeds, 4, 512)
    degrees = torch.linspace(0, 1, 11)[None, :, None, None]
    starts = torch.randn(seeds, 1, 4, 512, generator=rng)
    return starts + degrees * (5 * way + own * 5 * ways[:, None]), way


def direction(codes: torch.Tensor) -> torch.Tensor:
    return F.normalize((codes[-1] - codes[0]).flatten(), dim=0)


def test_one_identity_is_left_as_it_is():
    codes, _ = anchors(own=0.5, seeds=1)
    torch.testing.assert_close(average_identities(codes), codes[0])


def test_what_is_one_identitys_own_falls_out():
    codes, way = anchors(own=1.0)
    alone = direction(codes[0]) @ way.flatten()
    together = direction(average_identities(codes)) @ way.flatten()
    assert alone < 0.75 and together > 0.88


def test_the_first_anchor_is_the_identities_mean_at_rest():
    codes, _ = anchors(own=0.3)
    torch.testing.assert_close(average_identities(codes)[0], codes[:, 0].mean(dim=0))


def test_identities_that_agree_say_so_and_strangers_ways_do_not():
    assert agreement(anchors(own=0.0)[0]) == pytest.approx(1, abs=1e-4)
    assert 0.4 < agreement(anchors(own=1.0)[0]) < 0.6
    assert agreement(anchors(own=0.0, seeds=1)[0]) == 1
    unrelated = torch.randn(4, 11, 4, 512)
    assert abs(agreement(unrelated)) < 0.1
