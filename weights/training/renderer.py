"""Draw a face: geometry on the CPU, pixels by OpenGL without a screen (EGL), in software where there is no GPU.

    renderer = Renderer(face_model_folder(), size=256)
    picture = renderer.render(face_from_code(random_code(rng)))
    picture.image, picture.landmarks

One picture takes a shadow map, the background, the opaque head, the hair, then the shade on the eyes and the lashes.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import moderngl
import numpy as np

from stages.errors import UserError
from weights.training.camera import Crop, ffhq_crop, head_turn, model_view, on_image_plane, projection
from weights.training.expression import blendshapes
from weights.training.face_code import Face
from weights.training.face_mesh import face_mesh
from weights.training.face_model import MASKS_FILE, MODEL_FILE, OCCLUSION_FILE, Material, load_face_model
from weights.training.hair import FLOATS_PER_VERTEX, Hair

SHADERS = Path(__file__).parent / "shaders"
RIM_LIGHT, RIM_DIRECTION = np.full(3, 0.3), np.array([0.85, 0.25, -0.45])
# x, y and radius of the background's patches, in pictures from -1 to 1.
PATCHES = np.array([[-0.8, 0.8, 0.9], [0.7, 0.6, 0.9], [0.8, -0.5, 0.9], [-0.8, -0.6, 0.9], [0, 0, 0.7], [0, 0.9, 0.7]])
SHADOW_UNIT = 3  # the texture unit after the three masks'


@dataclass(frozen=True)
class Rendering:
    """A picture and what is true of it.

    Attributes:
        image: (S, S, 3) uint8, RGB.
        landmarks: (68, 2) float32, x and y in pixels; the first pixel's centre is at 0.5.
    """

    image: np.ndarray
    landmarks: np.ndarray


class Renderer:
    """Holds the model, the hair's roots and the graphics context; its pictures depend on nothing else.

    Args:
        folder: a face model folder, see `weights.training.face_model`.
        size: side of the pictures in pixels.
        strands: hairs, each a ribbon `hair_width` centimetres wide on either side of its middle. The bundled networks
            were trained on the defaults.
        joints: points along a hair.
        shadow_size: side of the shadow map in pixels.
        supersampling: pictures are drawn this many times larger and averaged.

    Raises:
        UserError: the folder is incomplete, or this machine gives no EGL context.
    """

    def __init__(
        self,
        folder: Path,
        size: int = 128,
        strands: int = 2600,
        joints: int = 6,
        hair_width: float = 0.19,
        shadow_size: int = 384,
        supersampling: int = 2,
    ) -> None:
        self.size, self.supersampling, self.hair_width = size, supersampling, hair_width
        self.model = load_face_model(folder / MODEL_FILE)
        self.mesh = face_mesh(self.model)
        self._hair = Hair(self.model, strands, joints)
        self._context = _context()
        self._open_targets(size * supersampling, shadow_size)
        self._open_masks(folder / MASKS_FILE)
        self._open_geometry(np.load(folder / OCCLUSION_FILE))

    def crop(self, face: Face, zoom: float = 1.0) -> Crop:
        """The square that FFHQ's alignment cuts around this face.

        Hold one crop over a clip and it behaves like a fixed camera, before which the head moves.

        Args:
            face: for example the clip's first.
            zoom: above 1 shows more around the face; up to 1.6 the bust fills the picture's lower edge.
        """
        return ffhq_crop(self._landmarks(self._vertices(face), face), zoom)

    def render(self, face: Face, crop: Crop | None = None) -> Rendering:
        """One picture.

        Args:
            face: what to draw.
            crop: which part of the camera's view; as FFHQ aligns this very face if left out.
        """
        displacement = self.model.displacement(face.identity)
        vertices = self._vertices(face)
        normals, soft_normals = self.model.normals(vertices)
        plane = self._landmarks(vertices, face)
        crop = crop or ffhq_crop(plane)
        source = self.mesh.source
        moving = np.concatenate([vertices[source], normals[source], soft_normals[source]], axis=1)  # (N, 9)
        self._moving.write(moving.astype(np.float32).tobytes())
        self._ribbons.write(self._hair.grow(face.hair, displacement).tobytes())
        self._set_uniforms(face, crop)
        self._draw()
        drawn = self.size * self.supersampling
        pixels = np.frombuffer(self._target.read(components=3, alignment=1), np.uint8).reshape(drawn, drawn, 3)
        image = cv2.resize(pixels[::-1], (self.size, self.size), interpolation=cv2.INTER_AREA)
        return Rendering(image, crop.pixels(plane, self.size).astype(np.float32))

    def _vertices(self, face: Face) -> np.ndarray:
        """(V, 3), the head of this person making this expression, not yet turned."""
        moved = self.model.deformation(blendshapes(face.expression, slackness=face.age**2))
        return self.model.neutral + self.model.displacement(face.identity) + moved

    def _landmarks(self, vertices: np.ndarray, face: Face) -> np.ndarray:
        """(68, 2) on the image plane."""
        turn = head_turn(face.yaw, face.pitch, face.roll)
        return on_image_plane(vertices[self.model.landmarks], turn)

    def _open_targets(self, size: int, shadow_size: int) -> None:
        """What is drawn into."""
        context = self._context
        colour = context.texture((size, size), 4)
        self._target = context.framebuffer([colour], context.depth_renderbuffer((size, size)))
        self._shadow_map = context.depth_texture((shadow_size, shadow_size))
        self._shadow_map.compare_func = ""
        self._shadow_map.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow_target = context.framebuffer(depth_attachment=self._shadow_map)

    def _open_masks(self, file: Path) -> None:
        self._masks = []
        with np.load(file) as painted:
            for name in "ABC":
                height, width, channels = painted[name].shape
                texture = self._context.texture((width, height), channels, painted[name].tobytes())
                texture.build_mipmaps()
                texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
                self._masks.append(texture)

    def _open_geometry(self, occlusion: np.ndarray) -> None:
        """Programs, buffers, and what is drawn from which."""
        context, mesh = self._context, self.mesh
        self._face_program = self._program("face", "lighting")
        self._hair_program = self._program("hair", "lighting")
        self._background_program = self._program("background")
        self._depth_program = self._program("depth")
        fixed = np.concatenate(
            [mesh.uv, mesh.material[:, None], occlusion[mesh.source][:, None], mesh.neutral], axis=1
        )  # (N, 7)
        fixed_buffer = context.buffer(fixed.astype(np.float32).tobytes())
        self._moving = context.buffer(reserve=len(mesh.source) * 9 * 4, dynamic=True)
        content = [
            (self._moving, "3f 3f 3f", "place", "normal", "soft_normal"),
            (fixed_buffer, "2f 1f 1f 3f", "uv", "material", "open_sky", "place_neutral"),
        ]

        def drawn(triangles: np.ndarray) -> moderngl.VertexArray:
            return context.vertex_array(self._face_program, content, context.buffer(triangles.tobytes()))

        self._opaque = drawn(mesh.opaque)
        self._eye_shade, self._lashes = drawn(mesh.of(Material.EYE_SHADE)), drawn(mesh.of(Material.LASHES))
        casting = context.buffer(mesh.casting.tobytes())
        self._casting = context.vertex_array(self._depth_program, [(self._moving, "3f 24x", "place")], casting)

        hair = self._hair
        vertices = hair.strands * hair.joints * 2
        self._ribbons = context.buffer(reserve=vertices * FLOATS_PER_VERTEX * 4, dynamic=True)
        strips = context.buffer(hair.indices().tobytes())
        layout = (self._ribbons, "3f 3f 4f 3f", "place", "tangent", "strand", "outward")
        self._hair_drawn = context.vertex_array(self._hair_program, [layout], strips)
        shadow_layout = (self._ribbons, "3f 40x", "place")
        self._hair_casting = context.vertex_array(self._depth_program, [shadow_layout], strips)

        corners = context.buffer(np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32).tobytes())
        self._background = context.vertex_array(self._background_program, [(corners, "2f", "corner")])

    def _program(self, name: str, *included: str) -> moderngl.Program:
        """A shader pair; its fragment shader may use what `included` files define."""
        head = "#version 330\n"
        shared = "".join((SHADERS / f"{file}.glsl").read_text() for file in included)
        return self._context.program(
            vertex_shader=head + (SHADERS / f"{name}.vert.glsl").read_text(),
            fragment_shader=head + shared + (SHADERS / f"{name}.frag.glsl").read_text(),
        )

    def _set_uniforms(self, face: Face, crop: Crop) -> None:
        turn = head_turn(face.yaw, face.pitch, face.roll)
        to_light = _light_view(turn.T @ face.light.direction)
        square = np.eye(3, dtype=np.float32)
        square[:2, :2], square[:2, 2] = crop.matrix, crop.offset
        scene: dict[str, Any] = {
            "model_view": model_view(turn).T,  # OpenGL reads columns first
            "projection": projection().T,
            "crop": square.T,
            "to_light": to_light.T,
            "light_direction": face.light.direction,
            "key_light": face.light.key,
            "sky": face.light.sky,
            "ground": face.light.ground,
            "rim_light": RIM_LIGHT,
            "rim_direction": RIM_DIRECTION,
            "hair_colour": face.hair_colour,
            "exposure": face.light.exposure,
        }
        person = {
            "pigment": [face.skin.melanin, face.skin.haemoglobin],
            "age": face.age,
            "brows": face.brows,
            "beard": face.beard,
            "makeup": face.makeup,
            "freckles": face.skin.freckles,
            "under_eyes": face.skin.under_eyes,
            "flush": face.skin.flush,
            "hairline": face.hair.hairline,
            "iris_colour": face.iris_colour,
            "brow_colour": face.brow_colour,
            "cloth_colour": face.cloth_colour,
            "lip_colour": face.lip_colour,
        }
        _set(self._depth_program, {"to_light": to_light.T})
        _set(self._background_program, {"colours": face.background, "patches": PATCHES})
        _set(self._face_program, scene | person)
        _set(self._hair_program, scene | {"width": self.hair_width, "greyness": face.greyness})
        for unit, name in enumerate(("mask_a", "mask_b", "mask_c")):
            self._face_program[name].value = unit
        for program in (self._face_program, self._hair_program):
            program["shadow_map"].value = SHADOW_UNIT

    def _draw(self) -> None:
        context = self._context
        context.disable(moderngl.BLEND | moderngl.CULL_FACE)
        context.enable(moderngl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._casting.render()
        self._hair_casting.render()

        self._target.use()
        self._target.clear(0, 0, 0, 1, depth=1.0)
        context.disable(moderngl.DEPTH_TEST)
        self._background.render(moderngl.TRIANGLE_STRIP)
        context.enable(moderngl.DEPTH_TEST)
        for unit, mask in enumerate(self._masks):
            mask.use(unit)
        self._shadow_map.use(SHADOW_UNIT)
        context.enable(moderngl.CULL_FACE)
        self._opaque.render()
        context.disable(moderngl.CULL_FACE)
        self._hair_drawn.render()
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._target.depth_mask = False
        self._eye_shade.render()
        self._lashes.render()
        self._target.depth_mask = True


def _context() -> moderngl.Context:
    """A graphics context without a screen, or a sentence saying that there is none."""
    # Mesa's software renderer starts a thread for each core; several rendering processes then fight over them.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    try:
        return moderngl.create_standalone_context(backend="egl")
    except Exception as failure:  # moderngl raises plain exceptions
        raise UserError(
            f"no EGL context for rendering without a screen: {failure}. Install Mesa's EGL (libEGL.so.1) or a GPU "
            "driver that brings one."
        ) from failure


def _light_view(direction: np.ndarray) -> np.ndarray:
    """(4, 4) float32, an orthographic view of the head from the key light, for its shadow map."""
    up = np.array([0, 1.0, 0]) if abs(direction[1]) < 0.95 else np.array([1.0, 0, 0])
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    above = np.cross(direction, right)
    view = np.eye(4)
    # Half extents in centimetres that hold any head with its hair.
    view[0, :3], view[1, :3], view[2, :3] = right / 15, above / 17, -direction / 28
    view[1, 3] = -(above @ np.array([0, 0, 2.0])) / 17
    return view.astype(np.float32)


def _set(program: moderngl.Program, values: dict[str, Any]) -> None:
    """Write uniforms; one that the compiler found unused is passed over."""
    for name, value in values.items():
        if name in program:
            uniform = program[name]
            assert isinstance(uniform, moderngl.Uniform)
            uniform.write(np.ascontiguousarray(np.atleast_1d(value), np.float32).tobytes())
