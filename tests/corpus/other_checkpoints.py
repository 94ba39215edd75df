"""Checkpoints that other programs wrote or that something happened to, and files that are none."""

import io
import lzma
import tarfile
import zipfile
from functools import partial
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import nn

from tests.corpus.checkpoints import BIAS, changed, g, kind, prefixed, saved
from tests.weights.made_nvidia import generator as nvidia_generator
from tests.weights.small import CHANNELS, generator_state, identity_state, inverter_state, landmarks_state
from tests.weights.test_nvidia_pickle import stream
from weights.networks.fan import LandmarkNetwork
from weights.networks.stylegan2 import Generator


class Pickled(Generator):
    """A network that is saved whole, with the name of its class."""


class Running:
    """What would run a program if it were unpickled."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit",)


def typed(kind_: torch.dtype) -> dict[str, Any]:
    """A generator's checkpoint in another type of numbers."""
    return g({name: value.to(kind_) for name, value in generator_state().items()})


def traced(network: nn.Module, side: int) -> bytes:
    """A TorchScript archive."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(network.eval(), torch.zeros(1, 3, side, side), strict=False), buffer)
    return buffer.getvalue()


def zipped() -> bytes:
    """A ZIP archive around a checkpoint."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("models/stylegan2.pt", saved(g()))
    return buffer.getvalue()


def tarred() -> bytes:
    """A tar archive around a checkpoint."""
    buffer, content = io.BytesIO(), saved(g())
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("stylegan2.pt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def arrays() -> bytes:
    """NumPy's .npz."""
    buffer = io.BytesIO()
    np.savez(buffer, mean=np.zeros(3))
    return buffer.getvalue()


def safetensors() -> bytes:
    """A generator's state as safetensors, without a word on what it is."""
    return save_safetensors({name: value.contiguous() for name, value in generator_state().items()})


READ = [
    *(
        kind(f"StyleGAN2 in {name}", "g.pt", partial(typed, dtype))
        for name, dtype in (("bfloat16", torch.bfloat16), ("double precision", torch.float64))
    ),
    kind("StyleGAN2-ADA, NVIDIA's .pkl", "g.pkl", lambda: stream({"G_ema": nvidia_generator(16, 2, "ada")}, 4)),
    kind("A network saved whole, as STIT does", "g.pt", lambda: {"generator": Pickled(16, channels=CHANNELS)}),
    kind("Safetensors without a word on what they are", "g.safetensors", safetensors),
    kind("An inverter under params_ema", "e.pt", lambda: {"params_ema": inverter_state()}, "converted", "latent_avg"),
    kind(
        "ArcFace under state_dict, names with module.",
        "i.pt",
        lambda: {"state_dict": prefixed(identity_state(), "module.")},
    ),
    kind("FAN under state_dict", "l.pt", lambda: {"state_dict": landmarks_state(4)}),
    kind("FAN, traced", "l.zip", lambda: traced(LandmarkNetwork(4, 64).network, 64)),
]
REFUSED = [
    kind("A network of another kind, traced", "l.zip", lambda: traced(nn.Conv2d(3, 4, 3), 8), "refused", "TorchScript"),
    kind(
        "Stable Diffusion", "g.pt", lambda: {"state_dict": {"model.diffusion_model.a.weight": torch.ones(3)}}, "refused"
    ),
    kind(
        "A pickle that would run a program",
        "g.pt",
        lambda: {"g_ema": Running()},
        "refused",
        "without executing code from it",
    ),
    kind("Numbers for names", "g.pt", lambda: {"g_ema": {1: torch.ones(3)}}, "refused"),
    kind("Complex numbers", "g.pt", lambda: g(changed(BIAS, torch.ones(8, dtype=torch.complex64))), "refused", BIAS),
    kind(
        "Numbers of 8 bits", "g.pt", lambda: g(changed(BIAS, torch.ones(8, dtype=torch.float8_e4m3fn))), "refused", BIAS
    ),
    kind("A ZIP archive around it", "g.pt", zipped, "refused", "around models/stylegan2.pt. Unpack it"),
    kind("A tar archive around it", "g.pt", tarred, "refused", "a tar archive. Unpack it"),
    kind("An xz archive", "g.pt", lambda: lzma.compress(saved(g())), "refused", "an xz archive. Unpack it"),
    kind(
        "Cut short, in the older format",
        "g.pt",
        lambda: saved(g(), _use_new_zipfile_serialization=False)[:9000],
        "refused",
    ),
    kind("NumPy arrays (.npz)", "g.pt", arrays, "refused", "NumPy arrays"),
    *(
        kind(name, "g.pt", partial(bytes, content), "refused", says)
        for name, content, says in (
            ("A RAR archive", b"Rar!\x1a\x07\x01\x00" + bytes(100), "a RAR archive. Unpack it"),
            ("TensorFlow", b"\x08\x01\x12\xa6\xf2\x03\n", "a TensorFlow model"),
            ("A picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "an image"),
            ("A server's error as text", b"Invalid username or password.", "a text"),
            (
                "An object store's error in XML",
                b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>",
                "a web page",
            ),
            ("Zeros", bytes(100_000), "are zeros"),
        )
    ),
]
OTHER_CHECKPOINTS = [*READ, *REFUSED]
