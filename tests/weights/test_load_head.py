"""The bundled head's file."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from common.errors import CheckpointError
from weights.load_head import BUNDLED, load_head


def test_the_bundled_head_is_whole() -> None:
    head = load_head()
    count = len(head.neutral)
    assert head.triangles.min() == 0 and head.triangles.max() == count - 1
    assert head.landmarks.shape == (68,) and len(set(head.landmarks)) == 68
    assert head.identity.shape[1:] == head.expression.shape[1:] == (count, 3)
    assert len(head.names) == len(head.expression) and len(set(head.names)) == len(head.names)
    assert all(np.isfinite(part).all() for part in (head.neutral, head.identity, head.expression))
    assert {"eyeBlink_L", "eyeBlink_R", "jawOpen", "mouthSmile_L", "mouthSmile_R"} <= set(head.names)


def test_it_is_a_head_in_centimetres_with_no_inner_edge_but_the_openings() -> None:
    head = load_head()
    assert 15 < np.ptp(head.neutral[:, 0]) < 30 and 25 < np.ptp(head.neutral[:, 1]) < 40
    sides = np.sort(np.concatenate([head.triangles[:, [0, 1]], head.triangles[:, [1, 2]], head.triangles[:, [2, 0]]]))
    edges, times = np.unique(sides, axis=0, return_counts=True)
    border = np.unique(edges[times == 1])
    rims = np.concatenate([rim for opening in head.openings for rim in (opening.upper, opening.lower)])
    face = head.neutral[:, 2] > 4
    strays = np.setdiff1d(border[face[border]], rims)
    assert (head.neutral[strays, 1] < -8).all()  # the neck's own end


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a head shape that can be read.*Install the package again."):
        load_head(tmp_path / "head.safetensors")


@pytest.mark.parametrize("kept", [0, 7, 5_000])
def test_a_file_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "head.safetensors"
    path.write_bytes(BUNDLED.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="head.safetensors"):
        load_head(path)


@pytest.mark.parametrize("without", ["neutral", "rim_mouth_upper", "expression_moves"])
def test_a_file_that_lacks_a_part_is_refused(tmp_path: Path, without: str) -> None:
    arrays = load_file(BUNDLED)
    del arrays[without]
    path = tmp_path / "other.safetensors"
    save_file(arrays, path)
    with pytest.raises(CheckpointError, match=without):
        load_head(path)
