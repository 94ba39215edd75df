"""The StyleGAN2 generator, in the layout in which its PyTorch weights are published.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (CVPR 2020). Parameter names are those
of the widely used PyTorch checkpoints (`style.*`, `input.input`, `conv1.*`, `convs.*`, `to_rgbs.*`, `noises.*`),
so that one class serves them and our own small models; only widths and the mapping's depth differ.

A style scales a convolution's input channels, and demodulation its output channels. Both are applied to the
activations around one shared convolution: the same mathematics as a kernel for each sample, without the grouped
convolutions that are slow on CPUs and for batches.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from weights.networks.fingerprint import fingerprint
from weights.networks.running import RunnableNetwork

SQRT2 = math.sqrt(2.0)
BLUR = (1.0, 3.0, 3.0, 1.0)
# From this resolution on an image at a time is as fast as several, and takes less memory.
ALONE = 256


def published_channels(resolution: int, multiplier: int = 2) -> dict[int, int]:
    """Feature maps at each resolution of the published models (config F has multiplier 2)."""
    widths = {4: 512, 8: 512, 16: 512, 32: 512}
    widths |= {size: 16384 // size * multiplier for size in (64, 128, 256, 512, 1024)}
    return {size: width for size, width in widths.items() if size <= resolution}


def layer_count(resolution: int) -> int:
    """How many styles a generator of this resolution takes: 12 at 128, 14 at 256, 18 at 1024."""
    return 2 * int(math.log2(resolution)) - 2


class PixelNorm(nn.Module):
    """Scales each code to unit root mean square."""

    def forward(self, codes: Tensor) -> Tensor:
        return codes * torch.rsqrt(codes.square().mean(dim=1, keepdim=True) + 1e-8)


class EqualLinear(nn.Module):
    """A linear layer whose weights are scaled at run time, so that all layers learn at one rate."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, lr_mul: float = 1.0, activate: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_mul)
        self.bias = nn.Parameter(torch.full((outputs,), float(bias)))
        self.scale = lr_mul / math.sqrt(inputs)
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return F.leaky_relu(y, 0.2) * SQRT2 if self.activate else y


class Blur(nn.Module):
    """Holds the 4 × 4 low-pass kernel under its published name."""

    kernel: Tensor

    def __init__(self, gain: float):
        super().__init__()
        taps = torch.tensor(BLUR)
        kernel = torch.outer(taps, taps)
        self.register_buffer("kernel", kernel / kernel.sum() * gain)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style, and whose outputs are brought back to unit variance."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, style_dim: int, upsample: bool = False, demodulate: bool = True
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = EqualLinear(style_dim, inputs, bias=1.0)
        self.scale = 1.0 / math.sqrt(inputs * kernel * kernel)
        self.demodulate = demodulate
        self.blur = Blur(gain=4.0) if upsample else None  # gain 4: an upsampled signal has three zeros to each value

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        style = self.modulation(code)  # (B, C)
        weight = self.weight[0] * self.scale  # (O, C, k, k)
        x = x * style[:, :, None, None]
        if self.blur is None:
            y = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        else:
            # Transposed convolution, then a depthwise blur: on CPUs faster than the two fused into one kernel.
            y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # (B, O, 2H + 1, 2W + 1)
            taps = self.blur.kernel.flip(0, 1).expand(y.shape[1], 1, 4, 4)
            y = F.conv2d(y, taps, padding=1, groups=y.shape[1])  # (B, O, 2H, 2W)
        if self.demodulate:
            energy = style.square() @ weight.square().sum(dim=(2, 3)).t()  # (B, O)
            y = y * torch.rsqrt(energy + 1e-8)[:, :, None, None]
        return y


class NoiseInjection(nn.Module):
    """How strongly a layer's noise image is added."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class Activation(nn.Module):
    """A layer's bias, under its published name."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, upsample: bool = False):
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style_dim, upsample)
        self.noise = NoiseInjection()
        self.activate = Activation(outputs)

    def forward(self, x: Tensor, code: Tensor, noise: Tensor) -> Tensor:
        y = self.conv(x, code)
        y = y + (self.noise.weight * noise + self.activate.bias[None, :, None, None])
        return F.leaky_relu(y, 0.2) * SQRT2


class ToRGB(nn.Module):
    """Adds a layer's share to the image, which is doubled in size on the way."""

    def __init__(self, inputs: int, style_dim: int, upsample: bool = True):
        super().__init__()
        self.conv = ModulatedConv(inputs, 3, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.upsample = Blur(gain=4.0) if upsample else None

    def forward(self, x: Tensor, code: Tensor, skip: Tensor | None = None) -> Tensor:
        image = self.conv(x, code) + self.bias  # (B, 3, H, W)
        if skip is None or self.upsample is None:
            return image
        taps = self.upsample.kernel.expand(3, 1, 4, 4)
        return image + F.conv_transpose2d(skip, taps, stride=2, padding=1, groups=3)


class ConstantInput(nn.Module):
    """The learned 4 × 4 start of every image."""

    def __init__(self, channels: int):
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))


class Noises(nn.Module):
    """One fixed noise image a layer, as the published files carry them: `noise_0` … at (1, 1, H, W)."""

    def __init__(self, resolution: int):
        super().__init__()
        for layer in range(layer_count(resolution) - 1):
            size = 4 * 2 ** ((layer + 1) // 2)
            self.register_buffer(f"noise_{layer}", torch.randn(1, 1, size, size))

    def layer(self, index: int) -> Tensor:
        """The noise of convolution `index`, (1, 1, H, W)."""
        return self.get_buffer(f"noise_{index}")


class Generator(RunnableNetwork):
    """A StyleGAN2 generator: mapping network and synthesis.

    Args:
        resolution: output height and width in pixels, a power of two from 8 to 1024.
        style_dim: size of a code, 512 in every published model.
        mapping_layers: depth of the mapping network; 8 as published.
        mapping_lr: the mapping's learning-rate multiplier, part of its mathematics; 0.01 as published.
        channels: feature maps at each resolution; the published widths by default.
    """

    latent_avg: Tensor

    def __init__(
        self,
        resolution: int,
        style_dim: int = 512,
        mapping_layers: int = 8,
        mapping_lr: float = 0.01,
        channels: Mapping[int, int] | None = None,
    ):
        super().__init__()
        widths = dict(channels) if channels else published_channels(resolution)
        self.resolution = resolution
        self.style_dim = style_dim
        self.mapping_lr = mapping_lr
        self.channels = widths
        mapping = [EqualLinear(style_dim, style_dim, lr_mul=mapping_lr, activate=True) for _ in range(mapping_layers)]
        self.style = nn.Sequential(PixelNorm(), *mapping)
        self.input = ConstantInput(widths[4])
        self.conv1 = StyledConv(widths[4], widths[4], style_dim)
        self.to_rgb1 = ToRGB(widths[4], style_dim, upsample=False)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        size, width = 8, widths[4]
        while size <= resolution:
            self.convs.append(StyledConv(width, widths[size], style_dim, upsample=True))
            self.convs.append(StyledConv(widths[size], widths[size], style_dim))
            self.to_rgbs.append(ToRGB(widths[size], style_dim))
            width, size = widths[size], size * 2
        self.noises = Noises(resolution)
        self.register_buffer("latent_avg", torch.zeros(style_dim), persistent=False)
        self._fingerprint: str | None = None
        self.batch = 1 if resolution >= ALONE else 8

    @property
    def num_layers(self) -> int:
        """L, how many styles a W+ code holds."""
        return layer_count(self.resolution)

    @property
    def fingerprint(self) -> str:
        """`sha256:…` of everything that decides what a code looks like; the same in any file format."""
        if self._fingerprint is None:
            self._fingerprint = fingerprint(self.state_dict(), f"stylegan2 mapping_lr={self.mapping_lr:g}")
        return self._fingerprint

    def map(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """From Z to W+.

        Args:
            z: (B, 512) float32, normally distributed.
            truncation: 1.0 leaves codes as they are, 0.0 gives the average face; 0.7 is usual.

        Returns:
            (B, L, 512) float32, the same style in every layer.
        """
        w = self.style(z)  # (B, 512)
        if truncation != 1.0:
            w = self.latent_avg + truncation * (w - self.latent_avg)
        return w[:, None].expand(-1, self.num_layers, -1)  # (B, L, 512)

    def synthesize(self, codes: Tensor, resolution: int | None = None) -> Tensor:
        """The images of W+ codes, with the checkpoint's fixed noise.

        Args:
            codes: (B, L, 512) float32.
            resolution: stop at this size, for a preview or a growing training; the full size by default.

        Returns:
            (B, 3, H, W) float32, RGB, nominally in [-1, 1], not clipped.

        Raises:
            ValueError: `codes` has another shape.
        """
        if codes.ndim != 3 or codes.shape[1:] != (self.num_layers, self.style_dim):
            raise ValueError(f"codes: expected (B, {self.num_layers}, {self.style_dim}), found {tuple(codes.shape)}")
        if resolution is not None and resolution != self.resolution:
            return self._synthesize(codes, resolution)
        return self.run(codes)

    def compute(self, batch: Tensor) -> Tensor:
        """(B, L, 512) codes -> (B, 3, H, W) images at the full size."""
        return self._synthesize(batch, self.resolution)

    def example(self, count: int) -> Tensor:
        """Codes of `count` images."""
        return torch.randn(count, self.num_layers, self.style_dim, generator=torch.Generator().manual_seed(0))

    def _synthesize(self, codes: Tensor, resolution: int) -> Tensor:
        x = self.input.input.expand(codes.shape[0], -1, -1, -1)  # (B, C, 4, 4)
        x = self.conv1(x, codes[:, 0], self.noises.layer(0))
        image = self.to_rgb1(x, codes[:, 1])  # (B, 3, 4, 4)
        for block, to_rgb in enumerate(self.to_rgbs):
            if 4 * 2**block == resolution:
                break
            first = 2 * block + 1  # a block's last style is shared with the next block's first convolution
            x = self.convs[2 * block](x, codes[:, first], self.noises.layer(first))  # (B, C', 2H, 2W)
            x = self.convs[2 * block + 1](x, codes[:, first + 1], self.noises.layer(first + 1))
            image = to_rgb(x, codes[:, first + 2], image)  # (B, 3, 2H, 2W)
        return image

    @torch.no_grad()
    def measure_latent_avg(self, samples: int = 4096, seed: int = 0) -> Tensor:
        """Set and return the average style, (512,), from `samples` mapped codes: the same for the same seed."""
        z = torch.randn(samples, self.style_dim, generator=torch.Generator().manual_seed(seed))
        self.latent_avg = self.style(z.to(self.input.input.device)).mean(dim=0)  # (512,)
        return self.latent_avg
