"""Vocos: a ConvNeXt backbone at the frame rate and an inverse STFT; only the mel version, without bandwidth conditions.

Source: Siuzdak 2023, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders for high-quality audio
synthesis", section 3. The samples are not bounded: the paper has no last activation.
"""

from __future__ import annotations

import torch
from pydantic import PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.blocks.convnext import EPS, KERNEL_SIZE, ConvNeXtBlock
from melpact.nn.blocks.inverse_stft import InverseSTFT, Padding, frames_read
from melpact.nn.blocks.reach import samples_of_frame

MAX_MAGNITUDE = 100.0
INIT_STD = 0.02


class VocosConfig(Record):
    """Sizes.

    Args:
        padding: frame t lies on sample t * hop_length ("center") or half a hop later ("same"), as the mel's frames do.
        layer_scale_init_value: the blocks' first scale; None: one over the number of layers.
    """

    n_mels: PositiveInt
    dim: PositiveInt
    intermediate_dim: PositiveInt
    num_layers: PositiveInt
    n_fft: PositiveInt
    hop_length: PositiveInt
    padding: Padding
    layer_scale_init_value: PositiveFloat | None = None

    @model_validator(mode="after")
    def _check(self) -> VocosConfig:
        if self.n_fft % self.hop_length or self.n_fft % 2 or self.n_fft < 4 * self.hop_length:
            raise ValueError("n_fft must be even and a multiple of hop_length, at least four of it")
        if self.padding == "same" and (self.n_fft - self.hop_length) % 2:
            raise ValueError("padding 'same' needs an even n_fft - hop_length")
        return self


class _Backbone(nn.Module):
    """[B, n_mels, T] → [B, T, dim]."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.embed = nn.Conv1d(config.n_mels, config.dim, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.norm = nn.LayerNorm(config.dim, eps=EPS)
        scale = config.layer_scale_init_value or 1 / config.num_layers
        blocks = (ConvNeXtBlock(config.dim, config.intermediate_dim, scale) for _ in range(config.num_layers))
        self.convnext = nn.ModuleList(blocks)
        self.final_layer_norm = nn.LayerNorm(config.dim, eps=EPS)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INIT_STD)
                nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.norm(self.embed(mel).transpose(1, 2)).transpose(1, 2)
        for block in self.convnext:
            x = block(x)
        y: Tensor = self.final_layer_norm(x.transpose(1, 2))
        return y


class _Head(nn.Module):
    """[B, T, dim] → log magnitude and phase of every bin → samples [B, T * hop_length]."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.out = nn.Linear(config.dim, config.n_fft + 2)
        self.istft = InverseSTFT(config.n_fft, config.hop_length, config.padding)

    def forward(self, x: Tensor) -> Tensor:
        log_magnitude, phase = self.out(x).transpose(1, 2).chunk(2, dim=1)
        magnitude = torch.exp(log_magnitude).clamp(max=MAX_MAGNITUDE)
        samples: Tensor = self.istft(magnitude * torch.cos(phase), magnitude * torch.sin(phase))
        return samples


class Vocos(nn.Module):
    """mel [B, n_mels, T] → samples [B, T * hop]; with padding "center" the last hop is beyond the last frame's centre."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = _Backbone(config)
        self.head = _Head(config)

    def forward(self, mel: Tensor) -> Tensor:
        samples: Tensor = self.head(self.backbone(mel))
        return samples


def hop(config: VocosConfig) -> int:
    """Samples per frame."""
    return config.hop_length


def receptive_field(config: VocosConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame's samples depend on, exactly."""
    span = frames_read(samples_of_frame(config.hop_length), config.n_fft, config.hop_length, config.padding)
    for _ in range(config.num_layers + 1):
        span = span.conv(KERNEL_SIZE)
    return span.around_frame()


def published_names(config: VocosConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours. "original" is the `vocos` package's, whose names are used here, too."""
    if layout != "original":
        raise KeyError(layout)
    linear = [
        f"backbone.convnext.{i}.{name}"
        for i in range(config.num_layers)
        for name in ("dwconv", "norm", "pwconv1", "pwconv2")
    ]
    scales = [f"backbone.convnext.{i}.gamma" for i in range(config.num_layers)]
    names = ["backbone.embed", "backbone.norm", *linear, *scales, "backbone.final_layer_norm", "head.out"]
    return {name: name for name in names}


def unused_names(config: VocosConfig, layout: str) -> tuple[str, ...]:
    """Tensors of a published checkpoint that are no weights: its analysis, which the description says, and a Hann window."""
    analysis = ("spectrogram.window", "mel_scale.fb")
    return (*(f"feature_extractor.mel_spec.{name}" for name in analysis), "head.istft.window")
