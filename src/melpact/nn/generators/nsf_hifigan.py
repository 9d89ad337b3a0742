"""NSF-HiFi-GAN: HiFi-GAN with a source of harmonics of a given pitch; for singing.

Sources: Wang, Takaki and Yamagishi 2019, "Neural source-filter-based waveform model for statistical parametric speech
synthesis", section III-A; its join with HiFi-GAN as in the public singing vocoders (openvpi/SingingVocoders). Pitch, its
running phase and the noise are inputs at the frame rate, so that blocks equal the whole. Its variants with a source at a
lower rate are not here.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from pydantic import Field as Bounded
from pydantic import NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.nn.blocks.hifigan_trunk import Trunk, TrunkConfig, trunk_names, trunk_reads
from melpact.nn.blocks.reach import samples_of_frame

VOICED_NOISE = 0.003
"""Standard deviation of the noise where voiced."""


class NsfHifiGanConfig(TrunkConfig):
    """HiFi-GAN's sizes and the source's.

    Args:
        sampling_rate: Hz; what turns pitch into phase.
        harmonic_num: overtones above the fundamental.
        sine_amp: of every harmonic; a third of it is the noise's standard deviation where unvoiced.
        phase_seed: the overtones begin at phases drawn with it (the fundamental at zero).
    """

    sampling_rate: PositiveInt
    harmonic_num: NonNegativeInt = 8
    sine_amp: float = Bounded(default=0.1, gt=0)
    phase_seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _check_source(self) -> NsfHifiGanConfig:
        if any(stride % 2 and stride > 1 for stride in self.source_strides()):
            raise ValueError("upsample_rates: the source is brought to each stage's rate by even steps")
        return self

    def source_strides(self) -> list[int]:
        """Samples per value behind each upsampling."""
        return [math.prod(self.upsample_rates[i + 1 :]) for i in range(len(self.upsample_rates))]


class _Source(nn.Module):
    """Pitch f0 [B, T] in Hz (0 where unvoiced), phase [B, T] in cycles at each frame's start, noise → [B, 1, T * hop].

    The paper adds noise to every harmonic and then weighs and sums them. Independent normal numbers under weights w are one
    normal number times the length of w: one per sample is drawn here, for the same distribution.
    """


    def __init__(self, config: NsfHifiGanConfig) -> None:
        super().__init__()
        self.config, self.hop_length = config, hop(config)
        self.l_linear = nn.Linear(config.harmonic_num + 1, 1)
        starts = np.random.default_rng(config.phase_seed).random(config.harmonic_num + 1)
        starts[0] = 0.0
        self.starts = starts.tolist()

    def forward(self, f0: Tensor, phase: Tensor, noise: Tensor) -> Tensor:
        config = self.config
        harmonics = torch.arange(1, config.harmonic_num + 2, device=f0.device, dtype=f0.dtype)
        steps = torch.arange(1, self.hop_length + 1, device=f0.device, dtype=f0.dtype) / config.sampling_rate
        cycles = phase[..., None] + f0[..., None] * steps
        cycles = (cycles - torch.floor(cycles))[..., None] * harmonics
        cycles = cycles + torch.tensor(self.starts, device=f0.device, dtype=f0.dtype)
        voiced = (f0 > 0).to(f0.dtype)[..., None, None]
        spread = voiced[..., 0] * VOICED_NOISE + (1 - voiced[..., 0]) * (config.sine_amp / 3)
        waves = voiced * config.sine_amp * torch.sin(2 * math.pi * cycles)
        length = self.l_linear.weight.square().sum().sqrt()
        heard = self.l_linear(waves.to(length.dtype))[..., 0] + (spread * noise.transpose(1, 2)).to(length.dtype) * length
        return torch.tanh(heard).flatten(1)[:, None]


class NsfHifiGan(Trunk):
    """mel [B, n_mels, T], f0 [B, T], phase [B, T], noise [B, noise_channels, T] → samples [B, T * hop] in [-1, 1]."""

    precise = (1, 2, 3)
    """Inputs that stay float32 in a network of fewer bits: a phase of 8 bits is another sound."""

    def __init__(self, config: NsfHifiGanConfig) -> None:
        super().__init__(config, 1)
        self.m_source = _Source(config)
        self.noise_convs = nn.ModuleList()
        for up, stride in zip(self.ups, config.source_strides(), strict=True):
            kernel, padding = (1, 0) if stride == 1 else (2 * stride, stride // 2)
            self.noise_convs.append(nn.Conv1d(1, up.out_channels, kernel, stride, padding))

    def forward(self, mel: Tensor, f0: Tensor, phase: Tensor, noise: Tensor) -> Tensor:
        source = self.m_source(f0, phase, noise)
        x = self.features(mel, [conv(source) for conv in self.noise_convs])
        return torch.tanh(self.conv_post(functional.leaky_relu(x)))[:, 0]


def noise_channels(config: NsfHifiGanConfig) -> int:
    """Standard normal numbers per frame: one per sample, in time order."""
    return hop(config)


def hop(config: NsfHifiGanConfig) -> int:
    """Samples per frame: the product of the upsampling rates."""
    return math.prod(config.upsample_rates)


def receptive_field(config: NsfHifiGanConfig) -> tuple[int, int]:
    """Frames of mel, pitch and noise to the left and right that a frame's samples depend on, exactly.

    The phase sums up the pitch of all frames before; here it is an input and counts as that frame's own.
    """
    mel, added = trunk_reads(samples_of_frame(hop(config)).conv(config.kernel_size), config)
    source = []
    for span, stride in zip(added, config.source_strides(), strict=True):
        samples = span if stride == 1 else span.conv(2 * stride, stride=stride, padding=stride // 2)
        source.append(samples.held(hop(config)))
    return mel.with_(*source).around_frame()


def published_names(config: NsfHifiGanConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours; "original" has HiFi-GAN's names and the source's."""
    if layout != "original":
        raise KeyError(layout)
    source = ["m_source.l_linear", *(f"noise_convs.{i}" for i in range(len(config.upsample_rates)))]
    return trunk_names(config) | {name: name for name in source}
