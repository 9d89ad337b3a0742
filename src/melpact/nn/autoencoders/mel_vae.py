"""The variational autoencoder of mels: residual convolutions over frames and bands, attention in the middle.

One network for melpact's own sizes and for the published family of AudioLDM, whose weights it holds under their own names.
What is trained on it and what its numbers mean is not known here.

Sources: Kingma and Welling 2014, "Auto-Encoding Variational Bayes", section 3; Rombach et al. 2022, "High-Resolution Image
Synthesis with Latent Diffusion Models", section 3.1 and appendix G (blocks, attention, order of layers); for mels Liu et al.
2023, "AudioLDM", section 3.3; the folding of neighbours into channels is that of Shi et al. 2016, "Real-Time Single Image
and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", section 2.2.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.reach import Span, samples_of_frame

Pair = tuple[PositiveInt, PositiveInt]
Norm = Literal["groups", "frames"]
Attention = Literal["all", "bands", "none"]
KERNEL = 3
EPS = 1e-6
LOWEST, HIGHEST = -30.0, 20.0
"""Between which the logarithm of a variance is kept."""


class MelVaeConfig(Record):
    """Sizes.

    Args:
        channels: of each level. strides: (frames, bands) by which each level but the last is shortened, 1 or 2.
        patch: (frames, bands) that are folded into channels before the first level and unfolded behind the last.
        layers: residual blocks of a level of the encoder; the decoder has one more. middle: whether there are two blocks and
            the attention between them at the coarsest level.
        attention: over all of the coarsest level's positions ("all"), over the bands of each frame ("bands"), or none.
        norm: "groups" of channels over the whole mel, or all channels and bands of each frame ("frames").
        groups: of channels, for the first of these.
        latent_convs: (encoder, decoder), whether the latent passes a convolution of one position.
    """

    n_mels: PositiveInt
    latent_channels: PositiveInt = 8
    channels: tuple[PositiveInt, ...] = (48, 96)
    strides: tuple[Pair, ...] = ((2, 2),)
    patch: Pair = (2, 2)
    layers: PositiveInt = 1
    middle: bool = True
    attention: Attention = "bands"
    norm: Norm = "frames"
    groups: NonNegativeInt = 0
    latent_convs: tuple[bool, bool] = (True, True)

    @model_validator(mode="after")
    def _check(self) -> MelVaeConfig:
        if len(self.strides) != len(self.channels) - 1:
            raise ValueError("strides are one fewer than the levels (channels)")
        if any(step > 2 for pair in self.strides for step in pair):
            raise ValueError("a level's strides are 1 or 2")
        if self.norm == "groups" and (not self.groups or any(n % self.groups for n in self.channels)):
            raise ValueError("groups must divide the channels of every level")
        if self.n_mels % self.stride[1]:
            raise ValueError(f"{self.n_mels} bands are no multiple of the {self.stride[1]} that become one")
        return self

    @property
    def stride(self) -> tuple[int, int]:
        """Frames and bands that become one position of the latent."""
        frames, bands = (math.prod(one) for one in zip(self.patch, *self.strides, strict=True))
        return frames, bands

    @property
    def positions(self) -> int:
        """Bands of the latent."""
        return self.n_mels // self.stride[1]


class _FrameNorm(nn.Module):
    """All channels and bands of each frame to mean 0 and variance 1, then a line per channel; [B, C, T, P]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        away = x - x.mean((1, 3), keepdim=True)
        made = away * torch.rsqrt(away.square().mean((1, 3), keepdim=True) + EPS)
        return made * self.weight[:, None, None] + self.bias[:, None, None]


def _norm(config: MelVaeConfig, channels: int) -> nn.Module:
    return nn.GroupNorm(config.groups, channels, eps=EPS) if config.norm == "groups" else _FrameNorm(channels)


class _Resnet(nn.Module):
    """x + two convolutions of the normalised x; [B, C, T, P] → [B, C', T, P]."""

    def __init__(self, config: MelVaeConfig, channels: int, out: int) -> None:
        super().__init__()
        self.norm1 = _norm(config, channels)
        self.conv1 = nn.Conv2d(channels, out, KERNEL, padding=1)
        self.norm2 = _norm(config, out)
        self.conv2 = nn.Conv2d(out, out, KERNEL, padding=1)
        self.conv_shortcut = nn.Conv2d(channels, out, 1) if channels != out else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.silu(self.norm1(x)))
        y = self.conv2(functional.silu(self.norm2(y)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + y


class _Attention(nn.Module):
    """x + attention with one head over its positions."""

    def __init__(self, config: MelVaeConfig, channels: int) -> None:
        super().__init__()
        self.within_frames = config.attention == "bands"
        self.group_norm = _norm(config, channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, frames, bands = x.shape
        y = self.group_norm(x).permute(0, 2, 3, 1)
        y = y.reshape(batch * frames, bands, channels) if self.within_frames else y.reshape(batch, frames * bands, channels)
        weights = torch.softmax(self.to_q(y) @ self.to_k(y).transpose(1, 2) * channels**-0.5, dim=-1)
        y = self.to_out[0](weights @ self.to_v(y)).reshape(batch, frames, bands, channels)
        return x + y.permute(0, 3, 1, 2)


class _Middle(nn.Module):
    def __init__(self, config: MelVaeConfig, channels: int) -> None:
        super().__init__()
        attends = config.attention != "none"
        self.attentions = nn.ModuleList([_Attention(config, channels)] if attends else [])
        self.resnets = nn.ModuleList(_Resnet(config, channels, channels) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.resnets[0](x)
        for attention in self.attentions:
            x = attention(x)
        made: Tensor = self.resnets[1](x)
        return made


class _Down(nn.Module):
    """One value for `stride` of them, by a convolution whose edge is at the end."""

    def __init__(self, channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.edges = [edge for step in reversed(stride) for edge in ((0, 1) if step == 2 else (1, 1))]
        self.conv = nn.Conv2d(channels, channels, KERNEL, stride)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.conv(functional.pad(x, self.edges))
        return made


class _Up(nn.Module):
    """Each value held for `stride` of them, then a convolution."""

    def __init__(self, channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(channels, channels, KERNEL, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for axis, step in zip((2, 3), self.stride, strict=True):
            if step > 1:
                x = x.repeat_interleave(step, dim=axis)
        made: Tensor = self.conv(x)
        return made


class _Level(nn.Module):
    """Residual blocks, and what changes the resolution behind them."""

    def __init__(self, config: MelVaeConfig, channels: int, out: int, layers: int) -> None:
        super().__init__()
        widths = [channels] + [out] * layers
        self.resnets = nn.ModuleList(_Resnet(config, a, b) for a, b in pairwise(widths))
        self.downsamplers, self.upsamplers = nn.ModuleList(), nn.ModuleList()

    def forward(self, x: Tensor) -> Tensor:
        for module in (*self.resnets, *self.downsamplers, *self.upsamplers):
            x = module(x)
        return x


class _Encoder(nn.Module):
    """[B, 1, T, n_mels] → [B, 2 · latent_channels, T / stride, P]."""

    def __init__(self, config: MelVaeConfig) -> None:
        super().__init__()
        self.patch = config.patch
        widths = config.channels
        self.conv_in = nn.Conv2d(math.prod(config.patch), widths[0], KERNEL, padding=1)
        self.down_blocks = nn.ModuleList()
        for i, width in enumerate(widths):
            level = _Level(config, widths[max(0, i - 1)], width, config.layers)
            if i < len(config.strides):
                level.downsamplers.append(_Down(width, config.strides[i]))
            self.down_blocks.append(level)
        self.mid_block = _Middle(config, widths[-1]) if config.middle else nn.Identity()
        self.conv_norm_out = _norm(config, widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, KERNEL, padding=1)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.conv_in(folded(mel, self.patch))
        for level in self.down_blocks:
            x = level(x)
        made: Tensor = self.conv_out(functional.silu(self.conv_norm_out(self.mid_block(x))))
        return made


class _Decoder(nn.Module):
    """[B, latent_channels, T / stride, P] → [B, 1, T, n_mels]."""

    def __init__(self, config: MelVaeConfig) -> None:
        super().__init__()
        self.patch = config.patch
        widths, strides = config.channels[::-1], config.strides[::-1]
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], KERNEL, padding=1)
        self.mid_block = _Middle(config, widths[0]) if config.middle else nn.Identity()
        self.up_blocks = nn.ModuleList()
        for i, width in enumerate(widths):
            level = _Level(config, widths[max(0, i - 1)], width, config.layers + 1)
            if i < len(strides):
                level.upsamplers.append(_Up(width, strides[i]))
            self.up_blocks.append(level)
        self.conv_norm_out = _norm(config, widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], math.prod(config.patch), KERNEL, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.mid_block(self.conv_in(latent))
        for level in self.up_blocks:
            x = level(x)
        return unfolded(self.conv_out(functional.silu(self.conv_norm_out(x))), self.patch)


class MelVae(nn.Module):
    """mel [B, 1, T, n_mels] ↔ latent [B, latent_channels, T / stride, P]; T is a multiple of the stride along frames."""

    def __init__(self, config: MelVaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = _Encoder(config), _Decoder(config)
        size = config.latent_channels
        self.quant_conv = nn.Conv2d(2 * size, 2 * size, 1) if config.latent_convs[0] else None
        self.post_quant_conv = nn.Conv2d(size, size, 1) if config.latent_convs[1] else None

    def encode(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the posterior, each the latent's shape."""
        said = self.encoder(mel)
        mean, log_variance = (said if self.quant_conv is None else self.quant_conv(said)).chunk(2, dim=1)
        return mean, log_variance.clamp(LOWEST, HIGHEST)

    def decode(self, latent: Tensor) -> Tensor:
        """The mel of a latent."""
        mel: Tensor = self.decoder(latent if self.post_quant_conv is None else self.post_quant_conv(latent))
        return mel

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """(rebuilt mel, mean, log variance); with standard normal noise of the latent's shape it is drawn, else the mean."""
        mean, log_variance = self.encode(mel)
        latent = mean if noise is None else mean + torch.exp(0.5 * log_variance) * noise
        return self.decode(latent), mean, log_variance


def folded(x: Tensor, patch: tuple[int, int]) -> Tensor:
    """[B, 1, T, F] → [B, t·f, T/t, F/f]: neighbours become channels."""
    t, f = patch
    if t == f == 1:
        return x
    batch, _, frames, bands = x.shape
    return (
        x.reshape(batch, frames // t, t, bands // f, f).permute(0, 2, 4, 1, 3).reshape(batch, t * f, frames // t, bands // f)
    )


def unfolded(x: Tensor, patch: tuple[int, int]) -> Tensor:
    """The inverse of `folded`."""
    t, f = patch
    if t == f == 1:
        return x
    batch, _, frames, bands = x.shape
    return x.reshape(batch, t, f, frames, bands).permute(0, 3, 1, 4, 2).reshape(batch, 1, frames * t, bands * f)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of N(mean, variance) from N(0, 1) of every value, nats; same shape.

    Source: Kingma and Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


def receptive_fields(config: MelVaeConfig) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """(encoder, decoder): latent frames to the left and right whose mel frames a latent frame is made from, and whose
    latents the mel frames of one are made from, exactly; None where every frame depends on all."""
    if config.norm == "groups" or config.attention == "all":
        return None
    stride = config.stride[0]
    one = samples_of_frame(1)
    return _latents(_encoded(one, config), stride), _decoded(samples_of_frame(stride), config).around_frame()


def _blocks(span: Span, count: int) -> Span:
    for _ in range(2 * count):
        span = span.conv(KERNEL)
    return span


def _encoded(span: Span, config: MelVaeConfig) -> Span:
    span = _blocks(span.conv(KERNEL), 2 if config.middle else 0)
    for i in reversed(range(len(config.channels))):
        if i < len(config.strides):
            step = config.strides[i][0]
            span = span.conv(KERNEL, stride=step, padding=0 if step == 2 else 1)
        span = _blocks(span, config.layers)
    span, fold = span.conv(KERNEL), config.patch[0]
    return Span(span.first * fold, (span.last + 1) * fold - 1)


def _decoded(span: Span, config: MelVaeConfig) -> Span:
    span = span.held(config.patch[0]).conv(KERNEL)
    for i in reversed(range(len(config.channels))):
        if i < len(config.strides):
            span = span.conv(KERNEL).held(config.strides[::-1][i][0])
        span = _blocks(span, config.layers + 1)
    return _blocks(span, 2 if config.middle else 0).conv(KERNEL)


def _latents(frames: Span, stride: int) -> tuple[int, int]:
    return Span(frames.first // stride, frames.last // stride).around_frame()
