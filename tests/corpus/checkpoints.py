"""Checkpoints of every kind that people bring, in small."""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from tests.corpus.kinds import Kind, Outcome, write
from tests.weights.small import OPTIONS, generator_state, identity_state, inverter_state, landmarks_state
from weights.load_networks import load_generator, load_identity, load_inverter, load_landmarks
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator

State = dict[str, Tensor]


def read(path: Path) -> tuple[Any, Iterable[str]]:
    """A network of the part that the file's name begins with; warnings say what was mended."""
    loaders = {"g": load_generator, "e": load_inverter, "i": load_identity, "l": load_landmarks}
    return loaders[path.name[0]](path), ()


def of_16_pixels(found: Generator) -> bool:
    """Whether a generator is the small one, whole and finite."""
    with torch.no_grad():
        image = found.synthesize(found.map(torch.zeros(1, 512)))
    return image.shape == (1, 3, 16, 16) and bool(torch.isfinite(image).all())


def inverts(found: Inverter) -> bool:
    """Whether an inverter is the small one."""
    return found.decoder.num_layers == 6


def saved(content: Any, **options: Any) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def kind(
    name: str,
    file: str,
    content: Callable[[], Any],
    outcome: Outcome = "read",
    says: str = "",
    right: Callable[[Any], bool] | None = None,
) -> Kind:
    """A kind: what `content` gives is saved by torch.save unless it is bytes."""

    def made(folder: Path) -> Path:
        found = content()
        return write(file, found if isinstance(found, bytes) else saved(found))(folder)

    usual: dict[str, Callable[[Any], bool]] = {"g": of_16_pixels, "e": inverts}
    return Kind(name, made, outcome, right or usual.get(file[0], bool), says)


def prefixed(state: State, prefix: str) -> State:
    """A state with something before each name."""
    return {prefix + name: value for name, value in state.items()}


def under(key: str) -> dict[str, State]:
    """A generator's state under some name."""
    return {key: generator_state()}


def renamed(prefix: str) -> dict[str, Any]:
    """A generator's checkpoint whose names begin with something more."""
    return g(prefixed(generator_state(), prefix))


def without(state: State, *parts: str) -> State:
    """A state without the tensors whose names hold some text."""
    return {name: value for name, value in state.items() if not any(part in name for part in parts)}


def g(state: State | None = None, **more: Any) -> dict[str, Any]:
    """A generator's checkpoint as rosinality's trainer saves it."""
    return {"g_ema": generator_state() if state is None else state, "latent_avg": torch.zeros(512), **more}


def e(state: State | None = None, **more: Any) -> dict[str, Any]:
    """An inverter's checkpoint as pSp's trainer saves it."""
    state = inverter_state() if state is None else state
    return {"state_dict": state, "latent_avg": torch.zeros(6, 512), "opts": OPTIONS, **more}


def changed(name: str, value: Any) -> State:
    """A generator's state with one tensor replaced."""
    return generator_state() | {name: value}


BIAS, CONV = "conv1.activate.bias", "convs.0.conv.weight"
READ = [
    kind("StyleGAN2, rosinality's", "g.pt", g),
    kind("The same, saved by an old PyTorch", "g.pt", lambda: saved(g(), _use_new_zipfile_serialization=False)),
    kind("The same, in half precision", "g.pt", lambda: g({k: v.half() for k, v in generator_state().items()})),
    *(
        kind(f"Its state under {key}", "g.pt", partial(under, key))
        for key in ("state_dict", "params_ema", "ema", "G_ema")
    ),
    kind("Its state alone", "g.pt", generator_state),
    *(
        kind(f"Names that begin with {prefix}", "g.pt", partial(renamed, prefix))
        for prefix in ("module.", "_orig_mod.")
    ),
    kind("Without blur kernels", "g.pt", lambda: g(without(generator_state(), "kernel"))),
    kind("Without noise images", "g.pt", lambda: g(without(generator_state(), "noises.")), "converted", "noise images"),
    kind(
        "Trained weights alone, without their average",
        "g.pt",
        lambda: {"g": generator_state()},
        "converted",
        "no average of its training",
    ),
    kind("A trainer's extras beside it", "g.pt", lambda: g(args={"path": Path("x")}, loss=np.float64(0.3))),
    kind("pSp or ReStyle", "e.pt", e),
    kind("The same without latent_avg", "e.pt", lambda: {**e(), "latent_avg": None}, "converted", "latent_avg"),
    kind("The same without its options", "e.pt", lambda: {**e(), "opts": None}, "converted", "which encoder"),
    kind("The same, names that begin with module.", "e.pt", lambda: e(prefixed(inverter_state(), "module."))),
    kind("ArcFace IR-SE-50", "i.pth", identity_state),
    kind("FAN", "l.pth.tar", lambda: landmarks_state(4)),
]
REFUSED = [
    kind("A tensor is missing", "g.pt", lambda: g(without(generator_state(), CONV)), "refused", CONV),
    kind(
        "The last of its layers is missing",
        "g.pt",
        lambda: g(without(generator_state(), "style.8.")),
        "refused",
        "missing",
    ),
    kind("A tensor of another shape", "g.pt", lambda: g(changed(CONV, torch.ones(8))), "refused", CONV),
    kind(
        "Whole numbers for weights",
        "g.pt",
        lambda: g(changed(BIAS, torch.ones(8, dtype=torch.int64))),
        "refused",
        "int64",
    ),
    kind(
        "A sparse tensor", "g.pt", lambda: g(changed("style.1.weight", torch.eye(512).to_sparse())), "refused", "sparse"
    ),
    kind(
        "Values that are not finite",
        "g.pt",
        lambda: g(changed(BIAS, torch.full((8,), float("nan")))),
        "refused",
        "not finite",
    ),
    kind(
        "An average that is not finite",
        "g.pt",
        lambda: g(latent_avg=torch.full((512,), float("nan"))),
        "refused",
        "latent_avg",
    ),
    kind("An inverter for a generator", "g.pt", e, "refused", "inverter"),
    kind("A generator for an inverter", "e.pt", g, "refused", "generator"),
    kind("An encoder that is not known", "e.pt", lambda: e(opts={"encoder_type": "ResNet"}), "refused", "ResNet"),
    kind("A generator under no known name", "g.pt", lambda: {"g_ema": [1, 2]}, "refused", "no state"),
    kind(
        "Safetensors of another model",
        "g.safetensors",
        lambda: save_safetensors({"a": torch.ones(1)}, {"architecture": "sdxl"}),
        "refused",
        "sdxl",
    ),
    kind("A byte that changed", "g.pt", lambda: _flipped(saved(g())), "refused", "checksum"),
    kind("Cut short", "g.pt", lambda: saved(g())[:-5000], "refused"),
    *(
        kind(name, "g.pt", partial(bytes, content), "refused", says)
        for name, content, says in (
            ("An empty file", b"", "an empty file"),
            ("A web page", b"<!DOCTYPE html><html><title>Quota exceeded</title></html>", "a web page"),
            ("A server's error in JSON", b'{"error": "Repository not found"}', "JSON"),
            ("A Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
            ("A gzip archive", gzip.compress(bytes(500)), "a gzip archive"),
            ("A 7-Zip archive", b"7z\xbc\xaf\x27\x1c" + bytes(100), "7-Zip"),
            ("ONNX", b"\x08\x08\x12\x07pytorch\x1a\x051.13.", "ONNX"),
            ("Keras (HDF5)", b"\x89HDF\r\n\x1a\n" + bytes(200), "HDF5"),
        )
    ),
]


def _flipped(content: bytes) -> bytes:
    """A checkpoint with one byte of its largest tensor changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if "/data/" in entry.filename]
        place = content.index(archive.read(max(entries, key=lambda entry: entry.file_size)))
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


CHECKPOINTS = [*READ, *REFUSED]
