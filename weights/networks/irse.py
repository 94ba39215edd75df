"""IR-SE: the residual network behind ArcFace and behind the ReStyle encoders, in its published PyTorch layout.

Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (CVPR 2019); squeeze-and-excitation by
Hu et al. (CVPR 2018). IR-SE-50 has widths 64, 128, 256, 512 and 3, 4, 14, 3 units; our small networks have fewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.fingerprint import fingerprint
from weights.networks.running import RunnableNetwork


@dataclass(frozen=True)
class Body:
    """The size of an IR-SE body.

    Attributes:
        stem: channels of the first convolution.
        widths: channels of each stage; a stage halves height and width.
        units: residual units in each stage.
    """

    stem: int = 64
    widths: Sequence[int] = (64, 128, 256, 512)
    units: Sequence[int] = (3, 4, 14, 3)


IR_SE_50 = Body()


class SqueezeExcitation(nn.Module):
    """Scales channels by what the whole map shows."""

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = F.adaptive_avg_pool2d(x, 1)  # (B, C, 1, 1)
        return x * self.fc2(F.relu(self.fc1(gate))).sigmoid()


class Bottleneck(nn.Module):
    """One residual unit. The stride sits in the second convolution, as published."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.stride = stride
        self.shortcut_layer = (
            None
            if inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcitation(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        # Equal widths skip by plain subsampling, which the published code writes as a 1 × 1 max pooling.
        shortcut = self.shortcut_layer(x) if self.shortcut_layer else x[..., :: self.stride, :: self.stride]
        return self.res_layer(x) + shortcut


def input_layer(inputs: int, body: Body) -> nn.Sequential:
    """Convolution, normalisation and activation before the body."""
    convolution = nn.Conv2d(inputs, body.stem, 3, 1, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(body.stem), nn.PReLU(body.stem))


def body_layers(body: Body) -> nn.Sequential:
    """All residual units: (B, stem, H, W) -> (B, widths[-1], H / 2^stages, W / 2^stages)."""
    layers, inputs = [], body.stem
    for width, units in zip(body.widths, body.units, strict=True):
        layers += [Bottleneck(inputs, width, 2)] + [Bottleneck(width, width, 1) for _ in range(units - 1)]
        inputs = width
    return nn.Sequential(*layers)


class IdentityNetwork(RunnableNetwork):
    """ArcFace's IR-SE: whose face is it.

    Args:
        body: its size; IR-SE-50 as published by default.
    """

    def __init__(self, body: Body = IR_SE_50):
        super().__init__()
        self.body_size = body
        self.input_layer = input_layer(3, body)
        self.body = body_layers(body)
        last, side = body.widths[-1], 112 // 2 ** len(body.widths)
        # Dropout (index 1) and flattening (2) hold no weights but keep the published numbering.
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(last), nn.Dropout(0.4), nn.Flatten(), nn.Linear(last * side * side, 512), nn.BatchNorm1d(512)
        )

    @property
    def fingerprint(self) -> str:
        """`sha256:…` of the weights."""
        return fingerprint(self.state_dict(), "irse")

    def embed(self, faces: Tensor) -> Tensor:
        """Identity embeddings.

        Args:
            faces: (B, 3, 112, 112) float32, RGB in [-1, 1], cropped as `stages.quality.metrics.identity_crop` does.

        Returns:
            (B, 512) float32 of unit length; the product of two is their cosine similarity.

        Raises:
            ValueError: `faces` has another shape.
        """
        if faces.ndim != 4 or faces.shape[1:] != (3, 112, 112):
            raise ValueError(f"faces: expected (B, 3, 112, 112), found {tuple(faces.shape)}")
        return self.run(faces)

    def compute(self, batch: Tensor) -> Tensor:
        """(B, 3, 112, 112) -> (B, 512), of unit length."""
        return F.normalize(self.output_layer(self.body(self.input_layer(batch))))  # (B, 512)

    def example(self, count: int) -> Tensor:
        """Pictures of noise."""
        return torch.randn(count, 3, 112, 112, generator=torch.Generator().manual_seed(0))
