"""StyleGAN2's synthesis written as the published PyTorch code writes it: the peer of speed measurements.

A kernel is made for each sample and convolved in groups; what is upsampled is filtered by a general
upsample-filter-downsample in plain operations; noise, bias and activation each stand alone. Parameters are our
generator's own, so that both compute the same image.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from weights.networks.stylegan2 import SQRT2, Generator, ModulatedConv, StyledConv, ToRGB


def published_synthesis(generator: Generator, codes: Tensor) -> Tensor:
    """(B, L, 512) -> (B, 3, H, W), as `Generator.synthesize`."""
    x = generator.input.input.repeat(len(codes), 1, 1, 1)  # (B, C, 4, 4)
    x = _styled(generator.conv1, x, codes[:, 0], generator.noises.layer(0))
    image = _rgb(generator.to_rgb1, x, codes[:, 1], None)
    for block, to_rgb in enumerate(generator.to_rgbs):
        first, second = generator.convs[2 * block], generator.convs[2 * block + 1]
        assert isinstance(first, StyledConv) and isinstance(second, StyledConv) and isinstance(to_rgb, ToRGB)
        layer = 2 * block + 1
        x = _styled(first, x, codes[:, layer], generator.noises.layer(layer))
        x = _styled(second, x, codes[:, layer + 1], generator.noises.layer(layer + 1))
        image = _rgb(to_rgb, x, codes[:, layer + 2], image)
    return image


def modulated(conv: ModulatedConv, x: Tensor, code: Tensor) -> Tensor:
    """A modulated convolution as a grouped one: (B, C, H, W) -> (B, O, H', W')."""
    batch, channels, height, width = x.shape
    style = conv.modulation(code).view(batch, 1, channels, 1, 1)
    weight = conv.scale * conv.weight * style  # (B, O, C, k, k)
    outputs, size = weight.shape[1], weight.shape[-1]
    if conv.demodulate:
        weight = weight * torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8).view(batch, outputs, 1, 1, 1)
    x = x.reshape(1, batch * channels, height, width)
    if conv.blur is None:
        weight = weight.view(batch * outputs, channels, size, size)
        return F.conv2d(x, weight, padding=size // 2, groups=batch).view(batch, outputs, height, width)
    weight = weight.transpose(1, 2).reshape(batch * channels, outputs, size, size)
    y = F.conv_transpose2d(x, weight, padding=0, stride=2, groups=batch)
    y = y.view(batch, outputs, 2 * height + 1, 2 * width + 1)
    return upfirdn(y, conv.blur.kernel, up=1, pad=(1, 1))


def upfirdn(x: Tensor, kernel: Tensor, up: int, pad: tuple[int, int]) -> Tensor:
    """Zeros between pixels, a border, and a filter: (B, C, H, W) -> (B, C, H', W')."""
    batch, channels, height, width = x.shape
    out = x.reshape(-1, height, 1, width, 1, 1)
    out = F.pad(out, [0, 0, 0, up - 1, 0, 0, 0, up - 1]).view(-1, height * up, width * up, 1)
    out = F.pad(out, [0, 0, *pad, *pad]).permute(0, 3, 1, 2)
    out = out.reshape(-1, 1, height * up + sum(pad), width * up + sum(pad))
    out = F.conv2d(out, kernel.flip(0, 1)[None, None])
    return out.reshape(batch, channels, out.shape[-2], out.shape[-1])


def _styled(layer: StyledConv, x: Tensor, code: Tensor, noise: Tensor) -> Tensor:
    y = modulated(layer.conv, x, code)
    y = y + layer.noise.weight * noise
    return F.leaky_relu(y + layer.activate.bias.view(1, -1, 1, 1), negative_slope=0.2) * SQRT2


def _rgb(layer: ToRGB, x: Tensor, code: Tensor, skip: Tensor | None) -> Tensor:
    image = modulated(layer.conv, x, code) + layer.bias
    if skip is None or layer.upsample is None:
        return image
    return image + upfirdn(skip, layer.upsample.kernel, up=2, pad=(2, 1))
