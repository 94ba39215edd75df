"""ReStyle: from a face to its W+ code, by steps that each correct the last rendering.

Alaluf et al., "ReStyle: A Residual-Based StyleGAN Encoder via Iterative Refinement" (ICCV 2021). The encoder sees the
face and the current rendering side by side and says how the code should change; it starts from the average face.
Parameter names are those of the published `BackboneEncoder` and `ProgressiveBackboneEncoder`, which are the same.
Encoders that see the face alone (`weights.networks.pyramid`) take one step.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.fingerprint import fingerprint
from weights.networks.irse import IR_SE_50, Body, body_layers, input_layer
from weights.networks.running import RunnableNetwork
from weights.networks.stylegan2 import EqualLinear, Generator
from weights.networks.usual_distance import drawn_in, usual_distance

FACE_SIZE = 256  # what an inverter is given, whatever its decoder's resolution


class MapToStyle(nn.Module):
    """One style out of the last feature map: convolutions down to one place, then a linear layer."""

    def __init__(self, inputs: int, width: int, side: int, style_dim: int = 512):
        super().__init__()
        layers: list[nn.Module] = []
        for step in range(int(math.log2(side))):
            layers += [nn.Conv2d(width if step else inputs, width, 3, 2, 1), nn.LeakyReLU()]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(width, style_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).flatten(1))  # (B, 512)


class StyleEncoder(RunnableNetwork):
    """What every encoder has: an IR-SE body under heads that give styles.

    Args:
        inputs: channels of its input: 6 for face and rendering, 3 for the face alone.
        body: size of the body.
        size: height and width of its input in pixels.
        head_width: channels inside the heads.
        offsets: whether the first style is the base and the others count from it, as in encoder4editing.
    """

    def __init__(self, inputs: int, body: Body, size: int, head_width: int, offsets: bool):
        super().__init__()
        self.inputs, self.body_size, self.size, self.head_width = inputs, body, size, head_width
        self.offsets = offsets
        self.input_layer = input_layer(inputs, body)
        self.body = body_layers(body)

    def compute(self, batch: Tensor) -> Tensor:
        """(B, inputs, S, S) -> (B, L, 512)."""
        codes: Tensor = self(batch)
        return codes

    def example(self, count: int) -> Tensor:
        """Pictures of noise."""
        return torch.randn(count, self.inputs, self.size, self.size, generator=torch.Generator().manual_seed(0))


class BackboneEncoder(StyleEncoder):
    """IR-SE body and one head for each style, all reading the last map.

    Args:
        styles: L, how many styles the decoder takes.
        offsets: whether the first style is the base and the others count from it, as in ReStyle over encoder4editing.
        body: size of the body; IR-SE-50 as published by default.
        size: height and width of its input in pixels; 256 as published.
        head_width: channels inside the heads; 512 as published.
    """

    def __init__(
        self, styles: int, body: Body = IR_SE_50, size: int = 256, head_width: int = 512, offsets: bool = False
    ):
        super().__init__(6, body, size, head_width, offsets)
        side = size // 2 ** len(body.widths)
        self.styles = nn.ModuleList(MapToStyle(body.widths[-1], head_width, side) for _ in range(styles))

    def forward(self, pairs: Tensor) -> Tensor:
        features = self.body(self.input_layer(pairs))  # (B, C, side, side)
        codes = torch.stack([style(features) for style in self.styles], dim=1)  # (B, L, 512)
        return styles_of_offsets(codes) if self.offsets else codes


def styles_of_offsets(codes: Tensor) -> Tensor:
    """(B, L, 512), the first style and what the others add to it -> (B, L, 512), every style itself."""
    return torch.cat([codes[:, :1], codes[:, :1] + codes[:, 1:]], dim=1)


class Inverter(nn.Module):
    """An encoder with the decoder and the average code that it was trained with.

    Args:
        encoder: reads (B, 6, S, S), or (B, 3, S, S) if it sees the face alone.
        decoder: the generator in whose W+ the codes lie.
        latent_avg: (L, 512), where every inversion starts.
        radius: how far from there a step may lead a layer, in the usual distances of the decoder's own codes; None, as
            published, is anywhere. An encoder that has seen few kinds of images answers an unusual one with a code
            whose rendering is no face, and each further step makes of that something worse.
    """

    latent_avg: Tensor

    def __init__(self, encoder: StyleEncoder, decoder: Generator, latent_avg: Tensor, radius: float | None = None):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.radius = radius
        self.register_buffer("latent_avg", latent_avg)
        self._average: Tensor | None = None  # (1, 3, S, S), what every inversion starts from: rendered once

    @property
    def fingerprint(self) -> str:
        """`sha256:…` of encoder, decoder and average code."""
        kind = f" {type(self.encoder).__name__} offsets" if self.encoder.offsets else ""
        kind += f" radius={self.radius:g}" if self.radius else ""
        return fingerprint(self.state_dict(), f"restyle{kind} {self.decoder.fingerprint}")

    @property
    def single_pass(self) -> bool:
        """Whether the encoder sees the face alone, so that there is nothing to refine."""
        return self.encoder.inputs == 3

    def render(self, codes: Tensor) -> Tensor:
        """(B, L, 512) -> (B, 3, 256, 256): the decoder's image at the size of the inverter's input."""
        return F.adaptive_avg_pool2d(self.decoder.synthesize(codes), FACE_SIZE)

    def refine(self, images: Tensor, renderings: Tensor, codes: Tensor) -> Tensor:
        """One step: the codes, corrected by what the encoder sees between images and renderings.

        Args:
            images, renderings: (B, 3, 256, 256) float32 in [-1, 1], or at the encoder's size already.
            codes: (B, L, 512).

        Returns:
            (B, L, 512).
        """
        pairs = torch.cat([self._seen(images), self._seen(renderings)], dim=1)  # (B, 6, S, S)
        return self._within_radius(codes + self.encoder.run(pairs))

    def _within_radius(self, codes: Tensor) -> Tensor:
        if self.radius is None:
            return codes
        return drawn_in(codes, self.latent_avg, self.radius * usual_distance(self.decoder))

    def _seen(self, images: Tensor) -> Tensor:
        """(B, 3, N, N) -> (B, 3, S, S), as the encoder sees them."""
        size = self.encoder.size
        return images if images.shape[-1] == size else F.adaptive_avg_pool2d(images, size)

    @torch.no_grad()
    def invert(self, images: Tensor, iterations: int = 5) -> Tensor:
        """The codes of aligned faces.

        Args:
            images: (B, 3, 256, 256) float32, RGB in [-1, 1], in the FFHQ crop.
            iterations: refinement steps, at least 1; the paper uses 5. A single-pass encoder takes one.

        Returns:
            (B, L, 512) float32.

        Raises:
            ValueError: `images` has another shape, or `iterations` is below 1.
        """
        if images.ndim != 4 or images.shape[1:] != (3, FACE_SIZE, FACE_SIZE):
            raise ValueError(f"images: expected (B, 3, {FACE_SIZE}, {FACE_SIZE}), found {tuple(images.shape)}")
        if iterations < 1:
            raise ValueError(f"iterations: expected at least 1, found {iterations}")
        codes = self.latent_avg.expand(len(images), -1, -1)  # (B, L, 512)
        if self.single_pass:
            return self._within_radius(codes + self.encoder.run(self._seen(images)))
        images = self._seen(images)  # once for all steps
        if self._average is None or self._average.device != images.device:
            self._average = self._seen(self.decoder.synthesize(codes[:1]))
        renderings = self._average.expand(len(images), -1, -1, -1)  # every face starts at the average
        for step in range(iterations):
            if step:
                renderings = self._seen(self.decoder.synthesize(codes))
            codes = self.refine(images, renderings, codes)
        return codes
