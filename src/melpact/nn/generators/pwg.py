"""Parallel WaveGAN: noise at the sample rate through dilated gated convolutions, conditioned on the upsampled mel.

Source: Yamamoto, Song and Kim 2020, "Parallel WaveGAN", section 3.1, with the conditioning of the public implementation of
that name (a convolution over frames, then steps smoothed by convolutions). Its HiFi-GAN and MelGAN are in those families.
"""

from __future__ import annotations

import math

import torch
from pydantic import NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.reach import samples_of_frame


class PwgConfig(Record):
    """Sizes.

    Args:
        layers, stacks: dilated convolutions, and how often their dilations 1, 2, 4, … begin again.
        aux_context_window: frames to each side that the first convolution over the mel sees.
        freq_axis_kernel_size: bands that the smoothing convolutions see.
    """

    n_mels: PositiveInt
    kernel_size: PositiveInt = 3
    layers: PositiveInt
    stacks: PositiveInt
    residual_channels: PositiveInt
    gate_channels: PositiveInt
    skip_channels: PositiveInt
    aux_context_window: NonNegativeInt
    upsample_scales: tuple[PositiveInt, ...]
    freq_axis_kernel_size: PositiveInt = 1

    @model_validator(mode="after")
    def _check(self) -> PwgConfig:
        if self.layers % self.stacks:
            raise ValueError("layers must be a multiple of stacks")
        if self.gate_channels % 2:
            raise ValueError("gate_channels is split in two and must be even")
        if self.kernel_size % 2 == 0 or self.freq_axis_kernel_size % 2 == 0:
            raise ValueError("kernel sizes of convolutions that keep the length are odd")
        if not self.upsample_scales:
            raise ValueError("upsample_scales is empty")
        return self

    def dilations(self) -> list[int]:
        """Of every layer, in order."""
        return [2 ** (layer % (self.layers // self.stacks)) for layer in range(self.layers)]


class _Upsampling(nn.Module):
    """[B, n_mels, T] → [B, n_mels, T * hop]."""

    def __init__(self, config: PwgConfig) -> None:
        super().__init__()
        self.scales, self.context = config.upsample_scales, config.aux_context_window
        self.conv_in = nn.Conv1d(config.n_mels, config.n_mels, 2 * self.context + 1, bias=False)
        bands = config.freq_axis_kernel_size
        self.smoothing = nn.ModuleList(
            nn.Conv2d(1, 1, (bands, 2 * scale + 1), padding=(bands // 2, scale), bias=False) for scale in self.scales
        )
        for conv in self.smoothing:
            nn.init.constant_(conv.weight, 1 / conv.weight.numel())

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.pad(mel, (self.context, self.context), mode="replicate") if self.context else mel
        x = self.conv_in(x)[:, None]
        for scale, conv in zip(self.scales, self.smoothing, strict=True):
            x = conv(functional.interpolate(x, scale_factor=(1.0, float(scale)), mode="nearest"))
        return x[:, 0]


class _Layer(nn.Module):
    """x [B, residual, N], mel [B, n_mels, N] → (x for the next layer, None behind the last one; [B, skip, N])."""

    def __init__(self, config: PwgConfig, dilation: int, last: bool) -> None:
        super().__init__()
        padding, gates = dilation * (config.kernel_size - 1) // 2, config.gate_channels
        residual = config.residual_channels
        self.conv = nn.Conv1d(residual, gates, config.kernel_size, dilation=dilation, padding=padding)
        self.conv1x1_aux = nn.Conv1d(config.n_mels, gates, 1, bias=False)
        self.conv1x1_out = None if last else nn.Conv1d(gates // 2, residual, 1)
        self.conv1x1_skip = nn.Conv1d(gates // 2, config.skip_channels, 1)

    def forward(self, x: Tensor, mel: Tensor) -> tuple[Tensor | None, Tensor]:
        value, gate = (self.conv(x) + self.conv1x1_aux(mel)).chunk(2, dim=1)
        y = torch.tanh(value) * torch.sigmoid(gate)
        following = None if self.conv1x1_out is None else (self.conv1x1_out(y) + x) * math.sqrt(0.5)
        return following, self.conv1x1_skip(y)


class Pwg(nn.Module):
    """mel [B, n_mels, T] and standard normal noise [B, hop, T] → samples [B, T * hop], not bounded."""

    def __init__(self, config: PwgConfig) -> None:
        super().__init__()
        self.config = config
        self.upsample_net = _Upsampling(config)
        self.first_conv = nn.Conv1d(1, config.residual_channels, 1)
        dilations = config.dilations()
        self.conv_layers = nn.ModuleList(_Layer(config, d, i == len(dilations) - 1) for i, d in enumerate(dilations))
        self.last_conv1 = nn.Conv1d(config.skip_channels, config.skip_channels, 1)
        self.last_conv2 = nn.Conv1d(config.skip_channels, 1, 1)

    def forward(self, mel: Tensor, noise: Tensor) -> Tensor:
        condition = self.upsample_net(mel)
        x = self.first_conv(noise.transpose(1, 2).flatten(1)[:, None])
        total: Tensor | None = None
        for layer in self.conv_layers:
            x, skip = layer(x, condition)
            total = skip if total is None else total + skip
        assert total is not None
        y = self.last_conv1(functional.relu(total * math.sqrt(1 / self.config.layers)))
        samples: Tensor = self.last_conv2(functional.relu(y))[:, 0]
        return samples


def noise_channels(config: PwgConfig) -> int:
    """Standard normal numbers per frame: one per sample, in time order."""
    return hop(config)


def hop(config: PwgConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.upsample_scales)


def receptive_field(config: PwgConfig) -> tuple[int, int]:
    """Frames of mel and noise to the left and right that a frame's samples depend on, exactly."""
    span = samples_of_frame(hop(config))
    reads = [span]
    for dilation in reversed(config.dilations()):
        reads.append(span)
        span = span.conv(config.kernel_size, dilation)
    noise, mel = span.held(hop(config)), reads[-1]
    for scale in reversed(config.upsample_scales):
        mel = mel.conv(2 * scale + 1).held(scale)
    return mel.conv(2 * config.aux_context_window + 1).with_(noise).around_frame()


def published_names(config: PwgConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours; "pwg" is the public implementation's, which counts every layer of a list."""
    if layout != "pwg":
        raise KeyError(layout)
    names = {"first_conv": "first_conv", "upsample_net.conv_in": "upsample_net.conv_in"}
    names |= {"last_conv_layers.1": "last_conv1", "last_conv_layers.3": "last_conv2"}
    for i in range(len(config.upsample_scales)):
        names[f"upsample_net.upsample.up_layers.{2 * i + 1}"] = f"upsample_net.smoothing.{i}"
    for i in range(config.layers):
        parts = ["conv", "conv1x1_aux", "conv1x1_out", "conv1x1_skip"]
        names |= {f"conv_layers.{i}.{part}": f"conv_layers.{i}.{part}" for part in parts}
    del names[f"conv_layers.{config.layers - 1}.conv1x1_out"]
    return names


def unused_names(config: PwgConfig, layout: str) -> tuple[str, ...]:
    """Modules of a published checkpoint that no sample depends on: the last layer hands nothing on."""
    return (f"conv_layers.{config.layers - 1}.conv1x1_out",)
