"""Draws faces with OpenGL, off screen: on a GPU, or in software where there is none.

Landmarks, pose and expression of every image are known exactly, because they made it.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import moderngl
import numpy as np

from training.scene.camera import Crop, ffhq_crop, head_turn, model_view, on_image_plane, projection
from training.scene.expression import blendshapes
from training.scene.face_code import RenderedFace
from training.scene.face_mesh import face_mesh
from training.scene.face_model import (
    MASKS_FILE,
    MODEL_FILE,
    OCCLUSION_FILE,
    SKIN,
    Material,
    face_model_folder,
    load_face_model,
)
from training.scene.glasses import OVER_EAR, mesh, triangles, wires
from training.scene.hair import VERTEX_FLOATS, Scalp
from training.scene.opengl import index_buffer, mask_texture, open_context, program_of, set_texture_unit, set_uniforms

SHADOW_UNIT = 3  # the three masks lie in texture units 0 to 2
SUNK_UNDER_LIDS = 0.14  # centimetres: the model's lids close through the cornea
STILL_ATTRIBUTES = ("uv", "material", "openness", "rest")


@dataclass(frozen=True)
class Rendering:
    """An image and where its landmarks lie.

    Attributes:
        image: (S, S, 3) uint8, RGB.
        landmarks: (68, 2) float64, x and y in pixels, the first pixel's centre at 0.5.
    """

    image: np.ndarray
    landmarks: np.ndarray


class Renderer:
    """Draws one face after another, all of one size.

    Args:
        face_model_dir: the face model folder, as `face_model_folder` wants it.
        size: side of the images in pixels.
        supersample: images are drawn this many times larger and averaged.
        strands: hairs on the head.
        segments: points along each hair.
        strand_width: centimetres; fewer strands have to be wider.
        shadow: side of the shadow map in pixels.

    Raises:
        UserError: the folder is no face model, or this machine offers no OpenGL without a screen.
    """

    def __init__(
        self,
        face_model_dir: Path,
        size: int,
        supersample: int = 2,
        strands: int = 2600,
        segments: int = 6,
        strand_width: float = 0.19,
        shadow: int = 384,
    ) -> None:
        folder = face_model_folder(face_model_dir)
        self.model = load_face_model(folder / MODEL_FILE)
        self._size, self._supersample, self._strand_width = size, supersample, strand_width
        self._scalp = Scalp(self.model, strands, segments)
        eyes = self.model.faces[np.isin(self.model.material, [Material.EYE, Material.RIGHT_EYE])]
        self._eyeballs = np.unique(eyes[eyes >= 0])
        skin = self.model.neutral[SKIN]
        beside = [np.linalg.norm(skin - OVER_EAR * (side, 1, 1), axis=1) for side in (-1, 1)]
        self._over_ears = np.argmin(beside, axis=1)  # (2,)
        self._context = open_context()
        programs = ("face", "hair", "glasses", "background", "shadow")
        self._programs = {name: program_of(self._context, name) for name in programs}
        self._upload_head(np.load(folder / OCCLUSION_FILE))
        self._upload_hair(strands * segments * 2)
        self._upload_glasses()
        corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
        self._wall = self._context.vertex_array(
            self._programs["background"], [(self._context.buffer(corners), "2f", "corner")]
        )
        with np.load(folder / MASKS_FILE) as masks:
            self._textures = [mask_texture(self._context, masks[name]) for name in "ABC"]
        self._picture = self._context.framebuffer(
            [self._context.texture((self._drawn, self._drawn), 4)],
            self._context.depth_renderbuffer((self._drawn, self._drawn)),
        )
        self._shadow_map = self._context.depth_texture((shadow, shadow))
        self._shadow_map.compare_func = ""
        self._shadow_map.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadow_map)

    def crop_of(self, face: RenderedFace) -> Crop:
        """The crop that `render` gives this face: hand it to other renders to hold the camera still."""
        displacement = self.model.displacement(face.identity)
        vertices = self.model.neutral + displacement + self._moved(face)
        return ffhq_crop(self._landmarks(vertices, face))

    def render(self, face: RenderedFace, crop: Crop | None = None) -> Rendering:
        """Draw a face.

        Args:
            face: all that is to be seen.
            crop: the part of the view that becomes the image; by default FFHQ's alignment of this very face.
        """
        displacement = self.model.displacement(face.identity)
        vertices = self.model.neutral + displacement + self._moved(face)  # (V, 3)
        landmarks = self._landmarks(vertices, face)
        crop = crop or ffhq_crop(landmarks)
        normal, soft_normal = self.model.normals(vertices)
        drawn = self._source
        moving = np.concatenate([vertices[drawn], normal[drawn], soft_normal[drawn]], axis=1)  # (N, 9)
        with self._context:  # another renderer's may be the current one
            self._moving.write(moving.astype("f4"))
            self._strands.write(self._scalp.grow(face.hair, displacement))
            self._wire.write(self._glasses_of(face, displacement))
            self._set_scene(face, crop)
            self._draw(worn=face.glasses.wire > 0)
            image = self._read()
        return Rendering(image, crop.pixels(landmarks, self._size))

    @property
    def _drawn(self) -> int:
        return self._size * self._supersample

    def _moved(self, face: RenderedFace) -> np.ndarray:
        """(V, 3), what the expression moves; skin slackens ever faster."""
        moved = self.model.deformation(blendshapes(face.expression, face.age * (0.35 + 0.65 * face.age)))
        moved[self._eyeballs, 2] -= SUNK_UNDER_LIDS * face.expression.blink
        return moved

    def _glasses_of(self, face: RenderedFace, displacement: np.ndarray) -> np.ndarray:
        """(V, 6) float32, the spectacles as this head wears them; an expression does not move them."""
        head = self.model.neutral + displacement
        return mesh(wires(face.glasses, head[self.model.landmarks], head[self._over_ears]), face.glasses.wire)

    def _landmarks(self, vertices: np.ndarray, face: RenderedFace) -> np.ndarray:
        turn = head_turn(face.yaw, face.pitch, face.roll)
        return on_image_plane(vertices[self.model.landmarks], turn)  # (68, 2)

    def _set_scene(self, face: RenderedFace, crop: Crop) -> None:
        turn = head_turn(face.yaw, face.pitch, face.roll)
        light = face.light.direction.astype(np.float32)
        light = light / np.linalg.norm(light)
        window = np.eye(3)
        window[:2, :2], window[:2, 2] = crop.matrix, crop.offset
        shadow_matrix = _shadow_matrix(turn.T @ light)
        shared: dict[str, np.ndarray | float] = {
            "model_view": model_view(turn).T,
            "projection": projection().T,
            "crop": window.T,
            "shadow_matrix": shadow_matrix.T,
            "light_direction": light,
            "light_colour": face.light.key,
            "sky_colour": face.light.sky,
            "ground_colour": face.light.ground,
            "exposure": face.light.exposure,
        }
        hair: dict[str, np.ndarray | float] = {"hair_colour": face.hair_colour, "greyness": face.greyness}
        skin = face.skin
        set_uniforms(
            self._programs["face"],
            shared
            | hair
            | {"melanin": skin.melanin, "haemoglobin": skin.haemoglobin, "flush": skin.flush}
            | {"under_eyes": skin.under_eyes, "freckles": skin.freckles, "age": face.age}
            | {"brows": face.brows, "beard": face.beard, "makeup": face.makeup, "hairline": face.hair.hairline}
            | {"smile": face.expression.smile, "brow_move": face.expression.brow}
            | {"iris_colour": face.iris_colour, "brow_colour": face.brow_colour}
            | {"cloth_colour": face.cloth_colour, "lip_colour": face.lip_colour},
        )
        set_uniforms(self._programs["hair"], shared | hair | {"strand_width": self._strand_width})
        set_uniforms(self._programs["glasses"], shared | {"frame_colour": face.glasses.colour})
        set_uniforms(self._programs["shadow"], {"shadow_matrix": shadow_matrix.T})
        set_uniforms(self._programs["background"], {"patch_colour": face.background})

    def _draw(self, worn: bool) -> None:
        context = self._context
        context.enable(moderngl.DEPTH_TEST)
        context.disable(moderngl.BLEND | moderngl.CULL_FACE)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._head_shadow.render()
        self._hair_shadow.render()

        self._picture.use()
        self._picture.clear(0, 0, 0, 1, depth=1.0)
        context.disable(moderngl.DEPTH_TEST)
        self._wall.render(moderngl.TRIANGLE_STRIP)
        context.enable(moderngl.DEPTH_TEST)
        for unit, texture in enumerate(self._textures):
            texture.use(unit)
        self._shadow_map.use(SHADOW_UNIT)
        context.enable(moderngl.CULL_FACE)
        self._solid.render()
        context.disable(moderngl.CULL_FACE)
        self._hair.render()
        if worn:
            self._glasses.render()
        # Veils last: they show what lies behind them, and hide nothing.
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._picture.depth_mask = False
        for veil in self._veils:
            veil.render()
        self._picture.depth_mask = True

    def _read(self) -> np.ndarray:
        """(S, S, 3) uint8, what was drawn, at the size asked for."""
        stored = self._picture.read(components=3, alignment=1)
        drawn = np.frombuffer(stored, np.uint8).reshape(self._drawn, self._drawn, 3)[::-1]
        if self._supersample == 1:
            return drawn.copy()
        return cv2.resize(drawn, (self._size, self._size), interpolation=cv2.INTER_AREA)

    def _upload_head(self, openness: np.ndarray) -> None:
        """Buffers of the head; `openness` is (V,), the baked occlusion."""
        mesh, context = face_mesh(self.model), self._context
        self._source = mesh.source
        self._moving = context.buffer(reserve=len(mesh.source) * 9 * 4, dynamic=True)
        still = [mesh.uv, mesh.material[:, None], openness[mesh.source][:, None], mesh.neutral]
        layout = [
            (self._moving, "3f 3f 3f", "position", "normal", "soft_normal"),
            (context.buffer(np.concatenate(still, axis=1).astype("f4")), "2f 1f 1f 3f", *STILL_ATTRIBUTES),
        ]
        program = self._programs["face"]
        self._solid = context.vertex_array(program, layout, index_buffer(context, mesh.opaque))
        self._veils = [
            context.vertex_array(program, layout, index_buffer(context, mesh.of(material)))
            for material in (Material.EYE_SHADE, Material.LASHES)
        ]
        shadow_layout = [(self._moving, "3f 24x", "position")]
        casting = index_buffer(context, mesh.casting)
        self._head_shadow = context.vertex_array(self._programs["shadow"], shadow_layout, casting)
        for unit, name in enumerate(("mask_a", "mask_b", "mask_c")):
            set_texture_unit(program, name, unit)
        for lit in (program, self._programs["hair"]):
            set_texture_unit(lit, "shadow_map", SHADOW_UNIT)

    def _upload_hair(self, vertices: int) -> None:
        context = self._context
        self._strands = context.buffer(reserve=vertices * VERTEX_FLOATS * 4, dynamic=True)
        indices = index_buffer(context, self._scalp.triangles())
        layout = [(self._strands, "3f 3f 4f 3f", "position", "tangent", "strand", "outward")]
        self._hair = context.vertex_array(self._programs["hair"], layout, indices)
        self._hair_shadow = context.vertex_array(
            self._programs["shadow"], [(self._strands, "3f 40x", "position")], indices
        )

    def _upload_glasses(self) -> None:
        corners = triangles()
        self._wire = self._context.buffer(reserve=(int(corners.max()) + 1) * 6 * 4, dynamic=True)
        self._glasses = self._context.vertex_array(
            self._programs["glasses"],
            [(self._wire, "3f 3f", "position", "normal")],
            index_buffer(self._context, corners),
        )
        set_texture_unit(self._programs["glasses"], "shadow_map", SHADOW_UNIT)


def _shadow_matrix(light: np.ndarray) -> np.ndarray:
    """(4, 4): the head as the light sees it, in a box of 30 x 34 x 56 cm.

    Args:
        light: (3,) unit direction towards the light, in the head's own axes.
    """
    up = np.array([0, 1, 0.0]) if abs(light[1]) < 0.95 else np.array([1, 0, 0.0])
    right = np.cross(up, light)
    right /= np.linalg.norm(right)
    above = np.cross(light, right)
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3], matrix[2, :3] = right / 15, above / 17, -light / 28
    matrix[1, 3] = -2 * above[2] / 17
    return matrix
