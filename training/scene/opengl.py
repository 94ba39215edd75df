"""OpenGL without a screen, and the few things that all our drawing needs of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Mesa's software renderer: threads of its own only fight with the other processes that render beside it.
os.environ.setdefault("LP_NUM_THREADS", "0")

import moderngl
import numpy as np

from common.errors import UserError

SHADERS = Path(__file__).parent / "shaders"


def open_context() -> moderngl.Context:
    """OpenGL 3.3 through EGL: on a GPU, or in software where there is none.

    Raises:
        UserError: this machine has neither.
    """
    settings: dict[str, Any] = {"standalone": True, "backend": "egl"}
    try:
        context: moderngl.Context = moderngl.create_context(**settings)
    except Exception as missing:  # each driver fails in its own way
        raise UserError(
            f"OpenGL without a screen is not to be had here ({missing}). Install EGL; without a GPU, Mesa's software "
            "renderer will do (Debian: libegl1, libgl1-mesa-dri)."
        ) from missing
    return context


def program_of(context: moderngl.Context, name: str) -> moderngl.Program:
    """The program of `shaders/NAME.vert.glsl` and `shaders/NAME.frag.glsl`, which may include the lighting."""
    vertex, fragment = (SHADERS / f"{name}.{stage}.glsl" for stage in ("vert", "frag"))
    lighting = (SHADERS / "lighting.glsl").read_text()
    return context.program(
        vertex_shader=vertex.read_text(),
        fragment_shader=fragment.read_text().replace('#include "lighting.glsl"', lighting),
    )


def index_buffer(context: moderngl.Context, triangles: np.ndarray) -> moderngl.Buffer:
    """A buffer of (T, 3) vertex numbers."""
    return context.buffer(triangles.astype(np.int32).tobytes())


def mask_texture(context: moderngl.Context, mask: np.ndarray) -> moderngl.Texture:
    """A texture of (H, W, C) uint8, row 0 at v = 0, smooth at every distance."""
    height, width, channels = mask.shape
    texture = context.texture((width, height), channels, mask.tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return texture


def set_uniforms(program: moderngl.Program, values: Mapping[str, np.ndarray | float]) -> None:
    """Write float uniforms: numbers, vectors, arrays of vectors, and matrices already laid out in columns."""
    for name, value in values.items():
        _uniform(program, name).write(np.ascontiguousarray(value, np.float32).tobytes())


def set_texture_unit(program: moderngl.Program, name: str, unit: int) -> None:
    """Say from which texture unit a sampler reads."""
    _uniform(program, name).value = unit


def _uniform(program: moderngl.Program, name: str) -> moderngl.Uniform:
    member = program[name]
    assert isinstance(member, moderngl.Uniform), f"{name} is not a uniform"
    return member
