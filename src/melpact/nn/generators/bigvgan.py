"""BigVGAN, versions 1 and 2: HiFi-GAN's upsampling with anti-aliased periodic activations.

Sources: Lee et al. 2023, "BigVGAN: A Universal Neural Vocoder with Large-Scale Training", section 3; version 2 (2024) is the
same network without tanh and without the last bias, clipped to [-1, 1].
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.blocks.reach import samples_of_frame
from melpact.nn.blocks.snake import AntiAliased, Snake, anti_aliased_reads

KERNEL_SIZE = 7
INIT_STD = 0.01


class BigVganConfig(Record):
    """Sizes. `resblock` "1" has a second convolution behind each dilated one, "2" has not.

    Args:
        activation: "snake" has one number per channel, "snakebeta" one for the frequency and one for the magnitude.
        snake_logscale: whether these are logarithms.
        use_tanh_at_final: tanh at the end; else clipped to [-1, 1].
    """

    n_mels: PositiveInt
    upsample_rates: tuple[PositiveInt, ...]
    upsample_kernel_sizes: tuple[PositiveInt, ...]
    upsample_initial_channel: PositiveInt
    resblock: Literal["1", "2"] = "1"
    resblock_kernel_sizes: tuple[PositiveInt, ...]
    resblock_dilation_sizes: tuple[tuple[PositiveInt, ...], ...]
    activation: Literal["snake", "snakebeta"]
    snake_logscale: bool
    use_tanh_at_final: bool = True
    use_bias_at_final: bool = True

    @model_validator(mode="after")
    def _check(self) -> BigVganConfig:
        if not self.upsample_rates or len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError("upsample_rates and upsample_kernel_sizes must be of one length")
        if not self.resblock_kernel_sizes or len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError("resblock_kernel_sizes and resblock_dilation_sizes must be of one length")
        for kernel, rate in zip(self.upsample_kernel_sizes, self.upsample_rates, strict=True):
            if kernel < rate or (kernel - rate) % 2:
                raise ValueError(
                    f"an upsampling by {rate} needs a kernel of {rate}, {rate + 2}, … ({kernel} changes the length)"
                )
        if any(kernel % 2 == 0 for kernel in self.resblock_kernel_sizes):
            raise ValueError("kernel sizes of convolutions that keep the length are odd")
        if self.upsample_initial_channel % 2 ** len(self.upsample_rates):
            raise ValueError("upsample_initial_channel is halved at every upsampling and must stay whole")
        return self


def _periodic(channels: int, config: BigVganConfig) -> AntiAliased:
    act = Snake(channels, own_magnitude=config.activation == "snakebeta", logscale=config.snake_logscale)
    return AntiAliased(act, channels)


class _Block(nn.Module):
    """Dilated convolutions behind periodic activations, each with a way around it ("AMP"); [B, channels, N] → the same."""

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...], config: BigVganConfig) -> None:
        super().__init__()

        def conv(dilation: int) -> nn.Conv1d:
            return nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=dilation * (kernel_size - 1) // 2)

        self.convs1 = nn.ModuleList(conv(dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(conv(1) for _ in dilations) if config.resblock == "1" else None
        per_dilation = 2 if config.resblock == "1" else 1
        self.activations = nn.ModuleList(_periodic(channels, config) for _ in range(len(dilations) * per_dilation))

    def forward(self, x: Tensor) -> Tensor:
        for i, first in enumerate(self.convs1):
            if self.convs2 is None:
                x = x + first(self.activations[i](x))
            else:
                inner = first(self.activations[2 * i](x))
                x = x + self.convs2[i](self.activations[2 * i + 1](inner))
        return x


class BigVgan(nn.Module):
    """mel [B, n_mels, T] → samples [B, T * hop] in [-1, 1]."""

    def __init__(self, config: BigVganConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.n_mels, channels, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2))
            channels //= 2
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.resblocks.append(_Block(channels, size, dilations, config))
        self.activation_post = _periodic(channels, config)
        self.conv_post = nn.Conv1d(channels, 1, KERNEL_SIZE, padding=KERNEL_SIZE // 2, bias=config.use_bias_at_final)
        for part in (self.ups, self.resblocks, self.conv_post):
            for module in part.modules():
                if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                    nn.init.normal_(module.weight, std=INIT_STD)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.conv_pre(mel)
        branches = len(self.config.resblock_kernel_sizes)
        for i, up in enumerate(self.ups):
            x = up(x)
            total = self.resblocks[i * branches](x)
            for block in self.resblocks[i * branches + 1 : (i + 1) * branches]:
                total = total + block(x)
            x = total / branches
        x = self.conv_post(self.activation_post(x))[:, 0]
        return torch.tanh(x) if self.config.use_tanh_at_final else x.clamp(-1, 1)


def hop(config: BigVganConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.upsample_rates)


def receptive_field(config: BigVganConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame's samples depend on, exactly."""
    span = anti_aliased_reads(samples_of_frame(hop(config)).conv(KERNEL_SIZE))
    for rate, kernel in reversed(list(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True))):
        reads = []
        for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
            branch = span
            for dilation in reversed(dilations):
                if config.resblock == "1":
                    branch = anti_aliased_reads(branch.conv(size))
                branch = anti_aliased_reads(branch.conv(size, dilation))
            reads.append(branch)
        span = span.with_(*reads).transposed(kernel, rate, (kernel - rate) // 2)
    return span.conv(KERNEL_SIZE).around_frame()


def published_names(config: BigVganConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours.

    "original" is the authors': an upsampling stands in a list of one, and resblocks of kind 2 call their convolutions
    `convs`.
    """
    if layout != "original":
        raise KeyError(layout)
    names = {"conv_pre": "conv_pre", "conv_post": "conv_post"} | _activation_names("activation_post", config)
    for i in range(len(config.upsample_rates)):
        names[f"ups.{i}.0"] = f"ups.{i}"
        for j, dilations in enumerate(config.resblock_dilation_sizes):
            block = f"resblocks.{i * len(config.resblock_dilation_sizes) + j}"
            kinds = ("convs1", "convs2") if config.resblock == "1" else ("convs",)
            for kind in kinds:
                for k in range(len(dilations)):
                    names[f"{block}.{kind}.{k}"] = f"{block}.{'convs1' if kind == 'convs' else kind}.{k}"
            for k in range(len(dilations) * len(kinds)):
                names |= _activation_names(f"{block}.activations.{k}", config)
    return names


def _activation_names(at: str, config: BigVganConfig) -> dict[str, str]:
    tensors = ["act.alpha", "upsample.filter", "downsample.lowpass.filter"]
    if config.activation == "snakebeta":
        tensors.append("act.beta")
    return {f"{at}.{tensor}": f"{at}.{tensor}" for tensor in tensors}
