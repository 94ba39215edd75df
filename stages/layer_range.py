"""A range of the generator's layers, as settings have it."""

from typing import Annotated

from pydantic import AfterValidator


def _check(layers: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= layers[0] < layers[1]:
        raise ValueError("expected [first, last + 1] with 0 <= first < last + 1")
    return layers


# First and last + 1.
LayerRange = Annotated[tuple[int, int], AfterValidator(_check)]
