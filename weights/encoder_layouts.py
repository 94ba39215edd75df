"""Recognise the encoder in a published checkpoint by its tensors and, where those leave it open, its options.

| published class | channels | tells it | here |
|---|---|---|---|
| `BackboneEncoder` (ReStyle pSp) | 6 | no `latlayer1` | `BackboneEncoder` |
| `ProgressiveBackboneEncoder` (ReStyle e4e) | 6 | the same tensors: `opts.encoder_type` | `BackboneEncoder`, offsets |
| `GradualStyleEncoder` (pSp, ReStyle) | 3, 6 | `latlayer1` | `PyramidEncoder` |
| `Encoder4Editing` (e4e) | 3 | the same tensors: `opts.encoder_type` | `PyramidEncoder`, offsets |
"""

import warnings
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from common.errors import CheckpointError
from weights.networks.irse import IR_SE_50, Body
from weights.networks.pyramid import PyramidEncoder
from weights.networks.restyle import BackboneEncoder, StyleEncoder
from weights.skip_init import skip_init
from weights.tensors import row, shape_of

WITH_OFFSETS = ("ProgressiveBackboneEncoder", "Encoder4Editing")
PYRAMIDS = ("Encoder4Editing", "GradualStyleEncoder")
# Of IR-SE-50, -100 and -152, which have the same widths.
PUBLISHED_UNITS = ((3, 4, 14, 3), (3, 13, 30, 3), (3, 8, 36, 3))
LARGEST = 1024
KNOWN = (*WITH_OFFSETS, "BackboneEncoder", "GradualStyleEncoder")


def options_of(content: Mapping[str, Any], name: str = "opts") -> dict[str, Any]:
    """The options of a checkpoint's training: a dictionary, a namespace, or none at all."""
    options = content.get(name)
    if isinstance(options, Namespace):
        options = vars(options)
    return {str(name): value for name, value in options.items()} if isinstance(options, Mapping) else {}


def published_encoder(
    state: Mapping[str, Any], options: Mapping[str, Any], styles: int, path: Path | str
) -> StyleEncoder:
    """An empty encoder, with no values, of the kind and size that a published `encoder.*` state needs.

    Args:
        state: names without `encoder.`.
        options: as `options_of` gives them.
        styles: L, how many styles the decoder beside it takes.
        path: the file, for messages.

    Raises:
        CheckpointError: an encoder of another kind, or for a decoder of another size.
    """
    named = str(options.get("encoder_type", ""))
    if named not in ("", *KNOWN) or "styles.0.convs.0.weight" not in state or "input_layer.0.weight" not in state:
        found = named or "none of their tensors"
        raise CheckpointError(f"{path}: expected one of the encoders {', '.join(KNOWN)}, found {found}.")
    heads = row(state, r"styles\.(\d+)\.")
    if heads != styles:
        raise CheckpointError(f"{path}: its decoder takes {styles} styles, but its encoder gives {heads}.")
    inputs, pyramid = shape_of(state, "input_layer.0.weight", 4, path)[1], "latlayer1.weight" in state
    if not named:
        named = ("GradualStyleEncoder" if inputs == 6 else "Encoder4Editing") if pyramid else "BackboneEncoder"
        warnings.warn(f"{path} does not say which encoder it holds; it is taken for a {named}.", stacklevel=2)
    if pyramid != (named in PYRAMIDS):
        raise CheckpointError(
            f'{path}: its options name {named}, which {"has no" if pyramid else "has a"} "latlayer1".'
        )
    if inputs not in ((3, 6) if pyramid else (6,)):
        wanted = "3 or 6" if pyramid else "6"
        raise CheckpointError(f"{path}: expected an encoder with {wanted} input channels, found {inputs}.")
    body = _body(state, path)
    if len(body.widths) != 4:
        raise CheckpointError(f"{path}: expected an IR-SE body of 4 stages, found {len(body.widths)}.")
    # Each convolution of a head that reads the body's last map halves it, down to one place.
    steps = (row(state, r"styles\.[012]\.convs\.(\d+)\.") + 1) // 2
    size = 2 ** (steps + len(body.widths))
    if size > LARGEST:
        raise CheckpointError(f"{path}: expected an encoder for faces of at most {LARGEST} px, found {size} px.")
    width = shape_of(state, "styles.0.linear.weight", 2, path)[1]
    with skip_init():
        if pyramid:
            return PyramidEncoder(styles, inputs, named in WITH_OFFSETS, body, size, width)
        return BackboneEncoder(styles, body, size, width, offsets=named in WITH_OFFSETS)


def described_encoder(metadata: Mapping[str, Any], styles: int) -> StyleEncoder:
    """An empty encoder, with no values, as the metadata of a file of ours describe it."""
    body, size, width = Body(**metadata["body"]), metadata["size"], metadata["head_width"]
    offsets = metadata.get("offsets", False)
    with skip_init():
        if metadata.get("pyramid", False):
            return PyramidEncoder(styles, metadata["inputs"], offsets, body, size, width)
        return BackboneEncoder(styles, body, size, width, offsets)


def encoder_settings(encoder: StyleEncoder) -> dict[str, Any]:
    """The metadata from which `described_encoder` builds an encoder again."""
    settings = {
        "body": asdict(encoder.body_size),
        "size": encoder.size,
        "head_width": encoder.head_width,
        "offsets": encoder.offsets,
    }
    pyramid = {"pyramid": True, "inputs": encoder.inputs} if isinstance(encoder, PyramidEncoder) else {}
    return settings | pyramid


def _body(state: Mapping[str, Any], path: Path | str) -> Body:
    """The size of an IR-SE body: a stage is a run of units of one width."""
    units = [
        shape_of(state, f"body.{unit}.res_layer.1.weight", 4, path)[0] for unit in range(row(state, r"body\.(\d+)\."))
    ]
    stages = [(width, len(list(run))) for width, run in groupby(units)]
    widths, counts = tuple(width for width, _ in stages), tuple(count for _, count in stages)
    if widths == IR_SE_50.widths and counts not in PUBLISHED_UNITS:
        raise CheckpointError(
            f"{path}: tensors are missing: expected {IR_SE_50.units} units in the stages of its body, found {counts}."
        )
    return Body(shape_of(state, "input_layer.0.weight", 4, path)[0], widths, counts)
