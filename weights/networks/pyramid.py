"""Encoders that read their styles from three scales: pixel2style2pixel's, ReStyle's like it, and encoder4editing's.

Richardson et al., "Encoding in Style: a StyleGAN Encoder for Image-to-Image Translation" (CVPR 2021); Tov et al.,
"Designing an Encoder for StyleGAN Image Manipulation" (SIGGRAPH 2021). Coarse styles come from the body's last map,
middle and fine ones from that map brought up and added to the maps before it. Parameter names are those of the
published `GradualStyleEncoder` and `Encoder4Editing`, which are the same.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.irse import IR_SE_50, Body
from weights.networks.restyle import MapToStyle, StyleEncoder, styles_of_offsets

# The first style of the middle scale, and of the fine one.
MIDDLE, FINE = 3, 7


class PyramidEncoder(StyleEncoder):
    """IR-SE body, a pyramid of three maps, one head for each style.

    Args:
        styles: L, how many styles the decoder takes.
        inputs: channels of its input: 6 for face and rendering (ReStyle), 3 for the face alone.
        offsets: whether the first style is the base and the others count from it, as in encoder4editing.
        body: of four stages; IR-SE-50 as published by default.
        size: height and width of its input in pixels; 256 as published.
        head_width: channels inside the heads; 512 as published.
    """

    def __init__(
        self, styles: int, inputs: int, offsets: bool, body: Body = IR_SE_50, size: int = 256, head_width: int = 512
    ):
        super().__init__(inputs, body, size, head_width, offsets)
        side = size // 2 ** len(body.widths)
        sides = (1 * side, 2 * side, 4 * side)
        self.styles = nn.ModuleList(
            MapToStyle(body.widths[-1], head_width, sides[(style >= MIDDLE) + (style >= FINE)])
            for style in range(styles)
        )
        self.latlayer1 = nn.Conv2d(body.widths[2], body.widths[-1], 1)
        self.latlayer2 = nn.Conv2d(body.widths[1], body.widths[-1], 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, inputs, S, S) -> (B, L, 512)."""
        maps, x = [], self.input_layer(images)
        ends = [sum(self.body_size.units[: stage + 1]) for stage in range(len(self.body_size.units))]
        for number, unit in enumerate(self.body, start=1):
            x = unit(x)
            if number in ends:
                maps.append(x)
        coarse = maps[3]  # (B, C, side, side)
        middle = _upsample_add(coarse, self.latlayer1(maps[2]))  # (B, C, 2 side, 2 side)
        fine = _upsample_add(middle, self.latlayer2(maps[1]))  # (B, C, 4 side, 4 side)
        scales = (coarse, middle, fine)
        read = [head(scales[(style >= MIDDLE) + (style >= FINE)]) for style, head in enumerate(self.styles)]
        codes = torch.stack(read, dim=1)  # (B, L, 512)
        return styles_of_offsets(codes) if self.offsets else codes


def _upsample_add(coarse: Tensor, lateral: Tensor) -> Tensor:
    """A map brought to the size of another and added to it; corners lie on corners, as published."""
    return F.interpolate(coarse, size=lateral.shape[-2:], mode="bilinear", align_corners=True) + lateral
