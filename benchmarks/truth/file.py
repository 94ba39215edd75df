"""The truth benchmark's files: compressed NumPy archives whose images are WebP, each stored once."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from common.errors import UserError


class ImagePool:
    """Images that are encoded as they come; equal ones are stored once.

    Args:
        quality: of WebP, 0 to 100.
    """

    def __init__(self, quality: int) -> None:
        self._quality = quality
        self._places: dict[bytes, int] = {}
        self._encoded: list[np.ndarray] = []

    def add(self, images: np.ndarray) -> np.ndarray:
        """(..., S, S, 3) uint8 RGB -> (...) int32, the place of each in the pool."""
        places = []
        for image in images.reshape(-1, *images.shape[-3:]):
            key = image.tobytes()
            if key not in self._places:
                self._places[key] = len(self._encoded)
                quality = [cv2.IMWRITE_WEBP_QUALITY, self._quality]
                self._encoded.append(cv2.imencode(".webp", image[..., ::-1], quality)[1])
            places.append(self._places[key])
        return np.array(places, np.int32).reshape(images.shape[:-3])

    @property
    def webp(self) -> np.ndarray:
        """(bytes,) uint8, all images one after another."""
        return np.concatenate(self._encoded).reshape(-1)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) int32, how many bytes belong to each."""
        return np.array([len(one) for one in self._encoded], np.int32)


def read_arrays(path: Path, expected: str, command: str) -> dict[str, np.ndarray]:
    """The arrays of a file; nothing in it is executed.

    Args:
        path: the file.
        expected: what its array `format` should hold.
        command: how to make the file.

    Raises:
        UserError: missing, damaged, or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise UserError(f"{path}: not found. Make it with: {command}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: not readable as truth data: {error}. Make or fetch it again.") from error
    if "format" not in arrays or str(arrays["format"]) != expected:
        raise UserError(f'{path}: expected "{expected}", found {arrays.get("format", "an archive of something else")}.')
    return arrays


def split_images(arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The encoded images of a file with the arrays `webp` and `lengths`, in the pool's order."""
    return np.split(arrays["webp"], np.cumsum(arrays["lengths"])[:-1])


def decode_images(encoded: list[np.ndarray], path: Path) -> np.ndarray:
    """(n, S, S, 3) uint8 RGB of images of one size.

    Raises:
        UserError: one of them is damaged.
    """
    images = [cv2.imdecode(one, cv2.IMREAD_COLOR) for one in encoded]
    if broken := [number for number, image in enumerate(images) if image is None]:
        raise UserError(f"{path}: image {broken[0] + 1} of {len(images)} is damaged. Make or fetch the file again.")
    return np.ascontiguousarray(np.stack([image for image in images if image is not None])[..., ::-1])
