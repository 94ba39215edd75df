"""What a report says of how long a motion is."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.report.motions import describe_motions
from stages.motion.attenuation import MOST
from stages.motion.load_micromotion import load_micromotion
from stages.motion.micromotion import Micromotion

SMILE = Micromotion(
    direction=torch.ones(12, 512),
    basis=torch.full((1, 12, 512), 1 / math.sqrt(12 * 512)),
    coefficients=math.sqrt(12 * 512) * torch.linspace(0, 1, 6)[:, None],
    neutral=torch.zeros(12, 512),
    source="sha256:1",
    generator="sha256:2",
    explained=1.0,
    fps=10.0,
)


def extent(motion: Micromotion, output: Path) -> str:
    motion.save(output / "motion.safetensors")
    (shown,) = describe_motions(output, {})
    return dict(shown.facts)["Extent"]


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        (math.nan, "that of the anchors' codes"),
        (0.83, "the clip's; the anchors' codes reach 83 % of it"),
        (1 / MOST, "1.5 times that of the anchors' codes, the limit; the clip's is longer"),
        (MOST, "that of the anchors' codes divided by 1.5, the limit; the clip's is shorter"),
    ],
    ids=["not known", "known", "held longer", "held shorter"],
)
def test_the_extent_says_what_was_made_of_the_anchors_way(reach: float, said: str, tmp_path: Path) -> None:
    assert extent(replace(SMILE, reach=reach), tmp_path) == said


def test_a_published_direction_has_no_anchors_to_speak_of(tmp_path: Path) -> None:
    torch.save(0.01 * torch.ones(1, 12, 512), tmp_path / "smile.pt")
    assert extent(load_micromotion(tmp_path / "smile.pt"), tmp_path) == "the published direction's, at its scale 5"
