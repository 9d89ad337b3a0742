"""HiFi-GAN's body for its relatives: upsamplings and residual blocks, with room for something added after each upsampling.

The head (what comes out of the last convolution) and whatever is added belong to the relatives. Source: Kong, Kim and Bae
2020, section 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.nn.blocks.reach import Span
from melpact.nn.generators.hifigan import HifiGanConfig, ResBlock


class TrunkConfig(HifiGanConfig):
    """HiFi-GAN's sizes where every upsampling gives exactly its rate, and the mel comes as it is."""

    @model_validator(mode="after")
    def _check_lengths(self) -> TrunkConfig:
        if self.normalize_before:
            raise ValueError("only HiFi-GAN itself can hold a mean and a scale (normalize_before)")
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            if self.upsample_padding == "kernel" and (kernel - rate) % 2:
                raise ValueError(
                    f"upsample_kernel_sizes: {kernel} for a rate of {rate} changes the length; their difference is even"
                )
        return self


class Trunk(nn.Module):
    """The layers before the head, under HiFi-GAN's names; heads are subclasses that add `conv_post`."""

    def __init__(self, config: TrunkConfig, out_channels: int) -> None:
        super().__init__()
        self.config = config
        channels = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.n_mels, channels, config.kernel_size, padding=config.kernel_size // 2)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for stride, kernel, padding, output_padding in config.upsampling():
            up = nn.ConvTranspose1d(channels, channels // 2, kernel, stride, padding, output_padding, bias=config.bias)
            self.ups.append(up)
            channels //= 2
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.resblocks.append(ResBlock(channels, size, dilations, config))
        self.conv_post = nn.Conv1d(channels, out_channels, config.kernel_size, padding=config.kernel_size // 2)

    def features(self, mel: Tensor, added: Sequence[Tensor] = ()) -> Tensor:
        """mel [B, n_mels, T] → [B, channels, T · rates] before the last activation; `added` joins after each upsampling."""
        x = self.conv_pre(mel)
        branches = len(self.config.resblock_kernel_sizes)
        for i, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, self.config.leaky_relu_slope))
            if added:
                x = x + added[i]
            blocks = self.resblocks[i * branches : (i + 1) * branches]
            x = torch.stack([block(x) for block in blocks]).sum(0) / branches
        return x


def trunk_reads(span: Span, config: TrunkConfig) -> tuple[Span, list[Span]]:
    """What the features in `span` read: frames of the mel, and of what is added after each upsampling, first to last."""
    added: list[Span] = []
    for stride, kernel, padding, _ in reversed(list(config.upsampling())):
        branches = []
        for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
            branch = span
            for dilation in reversed(dilations):
                branch = branch.conv(size).conv(size, dilation) if config.resblock == "1" else branch.conv(size, dilation)
            branches.append(branch)
        span = span.with_(*branches)
        added.append(span)
        span = span.transposed(kernel, stride, padding)
    return span.conv(config.kernel_size), added[::-1]


def trunk_names(config: TrunkConfig) -> dict[str, str]:
    """The original's module paths → ours; its resblocks of kind 2 call their convolutions `convs`."""
    names = {"conv_pre": "conv_pre", "conv_post": "conv_post"}
    for i in range(len(config.upsample_rates)):
        names[f"ups.{i}"] = f"ups.{i}"
        for j, dilations in enumerate(config.resblock_dilation_sizes):
            block = f"resblocks.{i * len(config.resblock_dilation_sizes) + j}"
            for k in range(len(dilations)):
                if config.resblock == "1":
                    names |= {f"{block}.{kind}.{k}": f"{block}.{kind}.{k}" for kind in ("convs1", "convs2")}
                else:
                    names[f"{block}.convs.{k}"] = f"{block}.convs1.{k}"
    return names
