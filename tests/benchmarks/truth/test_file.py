"""The truth files' images: stored once, given back as they were."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.truth.file import ImagePool, decode_images, read_arrays, split_images
from common.errors import UserError


def flat(*colours: int) -> np.ndarray:
    """(n, 16, 16, 3) uint8, one grey each, which WebP keeps."""
    return np.repeat(np.array(colours, np.uint8), 16 * 16 * 3).reshape(-1, 16, 16, 3)


def test_equal_images_are_stored_once_and_all_come_back() -> None:
    pool = ImagePool(quality=92)
    first, second = pool.add(flat(40, 90, 40)), pool.add(flat(90, 200)[None])
    assert first.tolist() == [0, 1, 0]
    assert second.tolist() == [[1, 2]]
    images = decode_images(split_images({"webp": pool.webp, "lengths": pool.lengths}), Path("any"))
    assert len(images) == 3
    assert np.abs(images.astype(int) - flat(40, 90, 200)).max() <= 2


def test_channels_keep_their_order() -> None:
    red = np.zeros((1, 16, 16, 3), np.uint8)
    red[..., 0] = 200
    pool = ImagePool(quality=92)
    pool.add(red)
    mean = decode_images(split_images({"webp": pool.webp, "lengths": pool.lengths}), Path("any")).mean(axis=(0, 1, 2))
    assert mean[0] > 150 and mean[1:].max() < 40


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    pool = ImagePool(quality=92)
    pool.add(flat(40, 90))
    encoded = split_images({"webp": pool.webp, "lengths": pool.lengths})
    with pytest.raises(UserError, match="image 2 of 2 is damaged"):
        decode_images([encoded[0], encoded[1][:20]], tmp_path / "file.npz")


def test_a_truncated_file_is_refused_with_its_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "whole.npz", format=np.array("one"))
    (tmp_path / "half.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:60])
    with pytest.raises(UserError, match=r"half\.npz: not readable"):
        read_arrays(tmp_path / "half.npz", "one", "make it")
    with pytest.raises(UserError, match="not found. Make it with: make it"):
        read_arrays(tmp_path / "none.npz", "one", "make it")
    assert str(read_arrays(tmp_path / "whole.npz", "one", "make it")["format"]) == "one"
