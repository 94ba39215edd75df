"""What the benchmark's clips show beside the motion itself."""

import numpy as np
import pytest

from benchmarks.truth.data import ACTOR, CLIP_FRAMES, MOTIONS, clip_extent, person, swaying


@pytest.mark.parametrize("motion", [motion for motion in MOTIONS if motion != "head_turn"])
def test_a_clip_ends_where_its_motion_does_but_for_a_turns_sway(motion: str) -> None:
    assert clip_extent(motion) == 1


def test_the_last_frame_of_a_turn_is_turned_by_its_sway_as_well() -> None:
    end = person(ACTOR, "head_turn", 1.0)
    shown = swaying(end, (CLIP_FRAMES - 1) / 30).yaw
    assert shown > end.yaw
    assert clip_extent("head_turn") * 0.3 == pytest.approx(shown)
    assert np.degrees(shown - end.yaw) < 1.21
