"""HiFi-GAN's generator, with the sizes of any of its descendants: the original, Parallel WaveGAN's, SpeechT5's, AudioLDM's.

Source: Kong, Kim and Bae 2020, "HiFi-GAN", section 2.2 and appendix A. The layouts in which weights are published differ in
names and in the padding of the upsampling; both are options here. Discriminators and losses live elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from melpact.core.records import Record
from melpact.nn.blocks.reach import samples_of_frame


class HifiGanConfig(Record):
    """Sizes. `resblock` "1" has a second convolution behind each dilated one, "2" has not.

    Args:
        upsample_padding: "kernel": (kernel - stride) // 2 each side (the original); "stride": stride // 2, with one more
            and an output padding of one where the stride is odd (Parallel WaveGAN).
        normalize_before: the network holds a mean and a scale per band and standardises its input itself (SpeechT5).
    """

    n_mels: PositiveInt
    upsample_rates: tuple[PositiveInt, ...]
    upsample_kernel_sizes: tuple[PositiveInt, ...]
    upsample_initial_channel: PositiveInt
    resblock: Literal["1", "2"] = "1"
    resblock_kernel_sizes: tuple[PositiveInt, ...]
    resblock_dilation_sizes: tuple[tuple[PositiveInt, ...], ...]
    kernel_size: PositiveInt = 7
    leaky_relu_slope: float = Field(default=0.1, ge=0, lt=1)
    upsample_padding: Literal["kernel", "stride"] = "kernel"
    normalize_before: bool = False
    bias: bool = True

    @model_validator(mode="after")
    def _check(self) -> HifiGanConfig:
        if not self.upsample_rates or len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError("upsample_rates and upsample_kernel_sizes must be of one length")
        if not self.resblock_kernel_sizes or len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError("resblock_kernel_sizes and resblock_dilation_sizes must be of one length")
        if any(k < r for k, r in zip(self.upsample_kernel_sizes, self.upsample_rates, strict=True)):
            raise ValueError("an upsampling kernel shorter than its stride leaves samples that nothing reaches")
        if any(k % 2 == 0 for k in (self.kernel_size, *self.resblock_kernel_sizes)):
            raise ValueError("kernel sizes of convolutions that keep the length are odd")
        if self.upsample_initial_channel % 2 ** len(self.upsample_rates):
            raise ValueError("upsample_initial_channel is halved at every upsampling and must stay whole")
        return self

    def upsampling(self) -> Iterator[tuple[int, int, int, int]]:
        """(stride, kernel size, padding, output padding) of every upsampling, in order."""
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            if self.upsample_padding == "kernel":
                yield rate, kernel, (kernel - rate) // 2, 0
            else:
                yield rate, kernel, rate // 2 + rate % 2, rate % 2


class ResBlock(nn.Module):
    """Dilated convolutions, each with a way around it: [B, channels, N] → the same shape."""

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...], config: HifiGanConfig):
        super().__init__()
        self.slope = config.leaky_relu_slope

        def conv(dilation: int) -> nn.Conv1d:
            padding = dilation * (kernel_size - 1) // 2
            return nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=padding, bias=config.bias)

        self.convs1 = nn.ModuleList(conv(d) for d in dilations)
        self.convs2 = nn.ModuleList(conv(1) for _ in dilations) if config.resblock == "1" else None

    def forward(self, x: Tensor) -> Tensor:
        for i, first in enumerate(self.convs1):
            inner = first(F.leaky_relu(x, self.slope))
            if self.convs2 is not None:
                inner = self.convs2[i](F.leaky_relu(inner, self.slope))
            x = x + inner
        return x


class HifiGan(nn.Module):
    """mel [B, n_mels, T] → samples [B, T * hop] in [-1, 1]."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: HifiGanConfig):
        super().__init__()
        self.config = config
        channels = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.n_mels, channels, config.kernel_size, padding=config.kernel_size // 2)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for stride, kernel, padding, output_padding in config.upsampling():
            self.ups.append(
                nn.ConvTranspose1d(channels, channels // 2, kernel, stride, padding, output_padding, bias=config.bias)
            )
            channels //= 2
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.resblocks.append(ResBlock(channels, size, dilations, config))
        self.conv_post = nn.Conv1d(channels, 1, config.kernel_size, padding=config.kernel_size // 2)
        if config.normalize_before:
            self.register_buffer("mean", torch.zeros(config.n_mels))
            self.register_buffer("scale", torch.ones(config.n_mels))

    def forward(self, mel: Tensor) -> Tensor:
        config = self.config
        frames = mel.shape[-1]
        if config.normalize_before:
            mel = (mel - self.mean[:, None]) / self.scale[:, None]
        x = self.conv_pre(mel)
        n_blocks = len(config.resblock_kernel_sizes)
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, config.leaky_relu_slope))
            branches = [block(x) for block in self.resblocks[i * n_blocks : (i + 1) * n_blocks]]
            x = torch.stack(branches).sum(0) / n_blocks
        samples = torch.tanh(self.conv_post(F.leaky_relu(x)))
        return samples[:, 0, : frames * hop(config)]


def hop(config: HifiGanConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.upsample_rates)


def receptive_field(config: HifiGanConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame's samples depend on."""
    span = samples_of_frame(hop(config)).conv(config.kernel_size)
    for stride, kernel, padding, _ in reversed(list(config.upsampling())):
        reads = []
        for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
            branch = span
            for dilation in reversed(dilations):
                branch = branch.conv(size).conv(size, dilation) if config.resblock == "1" else branch.conv(size, dilation)
            reads.append(branch)
        span = span.with_(*reads).transposed(kernel, stride, padding)
    return span.conv(config.kernel_size).around_frame()


def published_names(config: HifiGanConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours, for every convolution (without `.weight` and `.bias`).

    "original" resblocks of kind 2 are called `convs`; "transformers" says `upsampler`; "pwg" counts the activations, too;
    "nemo" has "original" names with a list of blocks per upsampling.
    """
    names = {}
    pre, up, post, block = {
        "original": ("conv_pre", "ups.{}", "conv_post", "resblocks.{}"),
        "nemo": ("conv_pre", "ups.{}", "conv_post", "resblocks.{}"),
        "transformers": ("conv_pre", "upsampler.{}", "conv_post", "resblocks.{}"),
        "pwg": ("input_conv", "upsamples.{}.1", "output_conv.1", "blocks.{}"),
    }[layout]
    names[pre], names[post] = "conv_pre", "conv_post"
    for i in range(len(config.upsample_rates)):
        names[up.format(i)] = f"ups.{i}"
        for j, dilations in enumerate(config.resblock_dilation_sizes):
            at = i * len(config.resblock_dilation_sizes) + j
            there = block.format(f"{i}.{j}" if layout == "nemo" else at)
            for k in range(len(dilations)):
                first = "convs" if layout in ("original", "nemo") and config.resblock == "2" else "convs1"
                tail = ".1" if layout == "pwg" else ""
                names[f"{there}.{first}.{k}{tail}"] = f"resblocks.{at}.convs1.{k}"
                if config.resblock == "1":
                    names[f"{there}.convs2.{k}{tail}"] = f"resblocks.{at}.convs2.{k}"
    return names
