"""MelGAN: the first of the GAN vocoders; mirrored edges at every convolution.

Source: Kumar et al. 2019, "MelGAN: Generative Adversarial Networks for Conditional Waveform Synthesis", section 2.1 and
appendix A.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.edges import mirrored
from melpact.nn.blocks.reach import samples_of_frame


class MelGanConfig(Record):
    """Sizes.

    Args:
        channels: of the first convolution; halved at every upsampling.
        stack_kernel_size: of the dilated convolutions; their dilations are its powers.
        stacks: residual blocks behind each upsampling.
    """

    n_mels: PositiveInt
    channels: PositiveInt
    kernel_size: PositiveInt = 7
    upsample_scales: tuple[PositiveInt, ...]
    stack_kernel_size: PositiveInt = 3
    stacks: PositiveInt
    leaky_relu_slope: float = Bounded(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> MelGanConfig:
        if not self.upsample_scales or self.channels % 2 ** len(self.upsample_scales):
            raise ValueError("channels is halved at every upsampling (upsample_scales) and must stay whole")
        if 1 in self.upsample_scales:
            raise ValueError("an upsampling by 1 (upsample_scales) cannot keep the length with a kernel of 2")
        if self.kernel_size % 2 == 0 or self.stack_kernel_size % 2 == 0:
            raise ValueError("kernel sizes of convolutions that keep the length are odd")
        return self


class _Stack(nn.Module):
    """A dilated and a pointwise convolution beside a pointwise way around them: [B, channels, N] → the same shape."""

    def __init__(self, channels: int, kernel_size: int, dilation: int, slope: float) -> None:
        super().__init__()
        self.slope, self.edge = slope, dilation * (kernel_size - 1) // 2
        self.dilated = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.pointwise = nn.Conv1d(channels, channels, 1)
        self.shortcut = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.dilated(mirrored(functional.leaky_relu(x, self.slope), self.edge))
        shortcut: Tensor = self.shortcut(x)
        return shortcut + self.pointwise(functional.leaky_relu(y, self.slope))


class MelGan(nn.Module):
    """mel [B, n_mels, T] → samples [B, T * hop] in [-1, 1]."""

    def __init__(self, config: MelGanConfig) -> None:
        super().__init__()
        self.config = config
        channels, slope = config.channels, config.leaky_relu_slope
        self.input_conv = nn.Conv1d(config.n_mels, channels, config.kernel_size)
        self.ups, self.stacks = nn.ModuleList(), nn.ModuleList()
        for scale in config.upsample_scales:
            padding = scale // 2 + scale % 2
            up = nn.ConvTranspose1d(channels, channels // 2, 2 * scale, scale, padding, output_padding=scale % 2)
            self.ups.append(up)
            channels //= 2
            for j in range(config.stacks):
                self.stacks.append(_Stack(channels, config.stack_kernel_size, config.stack_kernel_size**j, slope))
        self.output_conv = nn.Conv1d(channels, 1, config.kernel_size)

    def forward(self, mel: Tensor) -> Tensor:
        config = self.config
        x = self.input_conv(mirrored(mel, config.kernel_size // 2))
        for i, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, config.leaky_relu_slope))
            for stack in self.stacks[i * config.stacks : (i + 1) * config.stacks]:
                x = stack(x)
        x = mirrored(functional.leaky_relu(x, config.leaky_relu_slope), config.kernel_size // 2)
        return torch.tanh(self.output_conv(x))[:, 0]


def hop(config: MelGanConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.upsample_scales)


def receptive_field(config: MelGanConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame's samples depend on, exactly."""
    span = samples_of_frame(hop(config)).conv(config.kernel_size)
    for scale in reversed(config.upsample_scales):
        for j in reversed(range(config.stacks)):
            span = span.conv(config.stack_kernel_size, config.stack_kernel_size**j)
        span = span.transposed(2 * scale, scale, scale // 2 + scale % 2)
    return span.conv(config.kernel_size).around_frame()


def published_names(config: MelGanConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours. Both count every layer, activations and edges, too, in one list.

    "original" (the authors') calls it `model`, "pwg" (ParallelWaveGAN) `melgan`; the blocks' parts are named differently.
    """
    top, block, shortcut = {"original": ("model", "block", "shortcut"), "pwg": ("melgan", "stack", "skip_layer")}[layout]
    names, at = {f"{top}.1": "input_conv"}, 3
    for i in range(len(config.upsample_scales)):
        names[f"{top}.{at}"] = f"ups.{i}"
        for j in range(config.stacks):
            there, ours = f"{top}.{at + 1 + j}", f"stacks.{i * config.stacks + j}"
            names[f"{there}.{block}.2"] = f"{ours}.dilated"
            names[f"{there}.{block}.4"] = f"{ours}.pointwise"
            names[f"{there}.{shortcut}"] = f"{ours}.shortcut"
        at += config.stacks + 2
    names[f"{top}.{at + 1}"] = "output_conv"
    return names
