"""The generator on GPUs: float16 in its high resolutions, float32 below.

As in "Training Generative Adversarial Networks with Limited Data" (Karras et al., NeurIPS 2020): the highest four
resolutions are computed in float16 with channels last, where tensor cores are fastest. A style and a kernel are
scaled to a largest value of 1 before they meet, so that nothing overflows; demodulation takes both factors out again.
What leaves a layer is clamped, and the image is added up in float32.

TF32 is chosen for what stays in float32 while this runner is at work: low resolutions need its speed, not the last
bits, and networks that measure or invert are left as PyTorch has them.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from weights.networks.stylegan2 import SQRT2, Generator, ModulatedConv, StyledConv, ToRGB

HALF_RESOLUTIONS = 4  # how many of the highest, as published
CLAMP = 256.0  # as published: far above what a trained network has, far below what float16 holds
# Bytes of the largest maps of one image that are alive at once, as a multiple of one map in float16.
MAPS_ALIVE = 6
MEMORY_SHARE = 0.5  # of what is free: others, such as a second worker, share the card
MOST_TOGETHER = 32


class MixedPrecision:
    """Runs a generator in mixed precision, as many images at a time as fit the memory that is free.

    Gradients are left to float32, as are images for whom memory does not suffice even one at a time.

    Args:
        generator: on its device, with float32 values, which stay as they are.
        dtype: of the high resolutions; float16, or float32 where its numbers are to be compared.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float16):
        self._generator, self._dtype = generator, dtype

    def __call__(self, codes: Tensor) -> Tensor:
        if not len(codes) or (codes.requires_grad and torch.is_grad_enabled()):
            return self._generator.compute(codes)
        together = pictures_together(self._generator, free_memory(codes.device))
        while True:
            try:
                with tf32():
                    return torch.cat([self._synthesize(part) for part in codes.split(together)])
            except torch.cuda.OutOfMemoryError:
                torch.cuda.empty_cache()
                if together == 1:
                    raise
                together = max(1, together // 2)

    def _synthesize(self, codes: Tensor) -> Tensor:
        generator = self._generator
        x = generator.input.input.expand(len(codes), -1, -1, -1)  # (B, C, 4, 4)
        x = generator.conv1(x, codes[:, 0], generator.noises.layer(0))
        image = generator.to_rgb1(x, codes[:, 1])
        first_half = generator.resolution >> (HALF_RESOLUTIONS - 1)
        for block, to_rgb in enumerate(generator.to_rgbs):
            layer, size = 2 * block + 1, 8 << block
            first, second = generator.convs[2 * block], generator.convs[2 * block + 1]
            assert isinstance(first, StyledConv) and isinstance(second, StyledConv) and isinstance(to_rgb, ToRGB)
            if size < first_half:
                x = first(x, codes[:, layer], generator.noises.layer(layer))
                x = second(x, codes[:, layer + 1], generator.noises.layer(layer + 1))
                image = to_rgb(x, codes[:, layer + 2], image)
                continue
            x = x.to(self._dtype, memory_format=torch.channels_last)
            x = self._styled(first, x, codes[:, layer], generator.noises.layer(layer))
            x = self._styled(second, x, codes[:, layer + 1], generator.noises.layer(layer + 1))
            image = self._rgb(to_rgb, x, codes[:, layer + 2], image)
        return image

    def _styled(self, layer: StyledConv, x: Tensor, code: Tensor, noise: Tensor) -> Tensor:
        y = prenormalised(layer.conv, x, code)
        y = y + (layer.noise.weight * noise + layer.activate.bias[None, :, None, None]).to(self._dtype)
        return (F.leaky_relu(y, 0.2) * SQRT2).clamp(-CLAMP, CLAMP)

    def _rgb(self, layer: ToRGB, x: Tensor, code: Tensor, skip: Tensor) -> Tensor:
        style = layer.conv.modulation(code)  # (B, C)
        largest = style.abs().amax(dim=1, keepdim=True).clamp_min(1e-8)
        scaled = x * (style / largest)[:, :, None, None].to(self._dtype)
        image = F.conv2d(scaled, (layer.conv.weight[0] * layer.conv.scale).to(self._dtype)).float()
        assert layer.upsample is not None
        taps = layer.upsample.kernel.expand(3, 1, 4, 4)
        image = image * largest[:, :, None, None] + layer.bias
        return image + F.conv_transpose2d(skip, taps, stride=2, padding=1, groups=3)


def prenormalised(conv: ModulatedConv, x: Tensor, code: Tensor) -> Tensor:
    """A demodulated convolution whose style and kernels are at most 1: (B, C, H, W) in x's precision."""
    style = conv.modulation(code)  # (B, C) float32
    style = style / style.abs().amax(dim=1, keepdim=True).clamp_min(1e-8)
    weight = conv.weight[0] / conv.weight[0].abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-8)
    weight = weight / math.sqrt(weight[0].numel())  # (O, C, k, k)
    energy = style.square() @ weight.square().sum(dim=(2, 3)).t()  # (B, O)
    half = weight.to(x.dtype, memory_format=torch.channels_last)
    x = x * style[:, :, None, None].to(x.dtype)
    if conv.blur is None:
        y = F.conv2d(x, half, padding=weight.shape[-1] // 2)
    else:
        y = F.conv_transpose2d(x, half.transpose(0, 1), stride=2)
        taps = conv.blur.kernel.flip(0, 1).to(x.dtype).expand(y.shape[1], 1, 4, 4)
        y = F.conv2d(y, taps, padding=1, groups=y.shape[1])
    return y * torch.rsqrt(energy + 1e-12)[:, :, None, None].to(x.dtype)


def pictures_together(generator: Generator, free: int) -> int:
    """How many images at a time fit into so many free bytes, at least 1."""
    largest = max(width * size**2 for size, width in generator.channels.items())
    return max(1, min(MOST_TOGETHER, int(MEMORY_SHARE * free / (2 * MAPS_ALIVE * largest))))


def free_memory(device: torch.device) -> int:
    """Bytes free on a card, what PyTorch holds in reserve included; on the CPU as for a few images."""
    if device.type != "cuda":
        return 1 << 30
    reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + reserve


@contextmanager
def tf32() -> Iterator[None]:
    """TF32 in matrix products and convolutions on GPUs, and what was chosen before afterwards."""
    before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
