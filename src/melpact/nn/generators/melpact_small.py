"""melpact small: a network that corrects the spectrum of the mel's own inversion, at the frame rate.

The inversion (`melpact.vocoders.griffin_lim.estimate`) gives a sound whose mel is nearly right; its spectrum enters beside
the mel, and what leaves is a gain and a turn of every bin, then an inverse STFT. ConvNeXt blocks as in Siuzdak 2023,
"Vocos", section 3; an inversion to start from as in Lv et al. 2024, "FreeV: Free Lunch For Vocoders Through Pseudo Inversed
Mel Filter", section 3, which takes its magnitude alone.
"""

from __future__ import annotations

import math

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.convnext import EPS, KERNEL_SIZE, ConvNeXtBlock
from melpact.nn.blocks.inverse_stft import InverseSTFT, Padding, frames_read
from melpact.nn.blocks.reach import samples_of_frame
from melpact.nn.mel_spectrum import full_precision

MOST_DOWN, MOST_UP = -6.0, 3.0
"""Range of the gain, in nepers."""
QUIET = 1e-5
"""Magnitudes and mels are seen from this level on."""
FIRST_STD = 1e-3


class MelpactSmallConfig(Record):
    """Sizes.

    Args:
        padding: frame t lies on sample t * hop_length ("center") or half a hop later ("same"), as the mel's frames do.
        phase_bins: lowest bins whose phase is seen, as its steps from frame to frame and from bin to bin.
        mel_floor: of the mel's magnitudes, whose natural logarithm enters.
        start_iterations: of fast Griffin-Lim in the inversion that is its start, in training as in use.
    """

    n_mels: PositiveInt
    dim: PositiveInt
    intermediate_dim: PositiveInt
    num_layers: PositiveInt
    n_fft: PositiveInt
    hop_length: PositiveInt
    padding: Padding
    phase_bins: PositiveInt
    mel_floor: PositiveFloat = QUIET
    start_iterations: NonNegativeInt = 32

    @property
    def bins(self) -> int:
        """Of the spectrum."""
        return self.n_fft // 2 + 1

    @model_validator(mode="after")
    def _check(self) -> MelpactSmallConfig:
        if self.n_fft % self.hop_length or self.n_fft % 2 or self.n_fft < 4 * self.hop_length:
            raise ValueError("n_fft must be even and a multiple of hop_length, at least four of it")
        if self.padding == "same" and (self.n_fft - self.hop_length) % 2:
            raise ValueError("padding 'same' needs an even n_fft - hop_length")
        if not 1 < self.phase_bins <= self.bins or self.n_mels > self.bins:
            raise ValueError("phase_bins and n_mels are at most the bins of n_fft")
        return self


class MelpactSmall(nn.Module):
    """mel [B, n_mels, T] (natural logarithm of magnitudes), start [B, 2 * bins, T] → samples [B, T * hop].

    `start` is the spectrum of the inversion, real parts above imaginary parts, each frame's transform beginning at its first
    sample. `bank` [n_mels, bins] is the mel's filterbank, kept with the weights: the start's own mel is compared to the one
    wanted.
    """

    bank: Tensor
    advance: Tensor

    def __init__(self, config: MelpactSmallConfig) -> None:
        super().__init__()
        self.config = config
        bins = config.bins
        rows = torch.arange(bins) * config.n_mels // bins
        self.register_buffer("bank", functional.one_hot(rows, config.n_mels).T.to(torch.get_default_dtype()))
        angle = 2 * math.pi * (torch.arange(config.phase_bins) * config.hop_length % config.n_fft) / config.n_fft
        self.register_buffer("advance", torch.stack([angle.cos(), angle.sin()])[:, :, None], persistent=False)
        self.embed = nn.Conv1d(2 * config.n_mels + bins + 4 * config.phase_bins, config.dim, 1)
        self.norm = nn.LayerNorm(config.dim, eps=EPS)
        blocks = (
            ConvNeXtBlock(config.dim, config.intermediate_dim, 1 / config.num_layers) for _ in range(config.num_layers)
        )
        self.blocks = nn.ModuleList(blocks)
        self.final_norm = nn.LayerNorm(config.dim, eps=EPS)
        self.out = nn.Linear(config.dim, 2 * bins)
        nn.init.normal_(self.out.weight, std=FIRST_STD)
        nn.init.zeros_(self.out.bias)
        self.istft = InverseSTFT(config.n_fft, config.hop_length, config.padding)

    def forward(self, mel: Tensor, start: Tensor) -> Tensor:
        real, imaginary = start.chunk(2, dim=1)
        with full_precision(mel.device):
            seen = self._seen(mel, real, imaginary)
        x = self.norm(self.embed(seen).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        gain, turn = self.out(self.final_norm(x.transpose(1, 2))).transpose(1, 2).to(real.dtype).chunk(2, dim=1)
        with full_precision(mel.device):
            gain = torch.exp(gain.clamp(MOST_DOWN, MOST_UP))
            cos, sin = gain * torch.cos(turn), gain * torch.sin(turn)
            samples: Tensor = self.istft(real * cos - imaginary * sin, real * sin + imaginary * cos)
        return samples

    def _seen(self, mel: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        """What enters the first layer, [B, channels, T], each channel of about unit size."""
        size = torch.sqrt(real.square() + imaginary.square() + QUIET**2)
        own_mel = torch.log((self.bank @ size).clamp(min=self.config.mel_floor))
        low = slice(0, self.config.phase_bins)
        cos, sin = real[:, low] / size[:, low], imaginary[:, low] / size[:, low]
        before_cos, before_sin = (functional.pad(x[:, :, :-1], (1, 0)) for x in (cos, sin))
        in_time = self._turned(cos * before_cos + sin * before_sin, sin * before_cos - cos * before_sin)
        below_cos, below_sin = (functional.pad(x[:, :-1], (0, 0, 1, 0)) for x in (cos, sin))
        in_bins = (cos * below_cos + sin * below_sin, sin * below_cos - cos * below_sin)
        return torch.cat([(mel + 5) / 2, own_mel - mel, (torch.log(size) + 4) / 2, *in_time, *in_bins], dim=1)

    def _turned(self, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        """A phase step from frame to frame, less that of the bin's centre frequency over a hop."""
        along, across = self.advance[0], self.advance[1]
        return cos * along + sin * across, sin * along - cos * across


def hop(config: MelpactSmallConfig) -> int:
    """Samples per frame."""
    return config.hop_length


def start_channels(config: MelpactSmallConfig) -> int:
    """Rows of the input "start"."""
    return 2 * config.bins


def receptive_field(config: MelpactSmallConfig) -> tuple[int, int]:
    """Frames of both inputs to the left and right that a frame's samples depend on, exactly."""
    span = frames_read(samples_of_frame(config.hop_length), config.n_fft, config.hop_length, config.padding)
    for _ in range(config.num_layers):
        span = span.conv(KERNEL_SIZE)
    left, right = span.around_frame()
    return left + 1, right


def published_names(config: MelpactSmallConfig, layout: str) -> dict[str, str]:
    """Names in melpact's own files, which are those here."""
    if layout != "melpact":
        raise KeyError(layout)
    inner = (f"blocks.{i}.{name}" for i in range(config.num_layers) for name in ("dwconv", "norm", "pwconv1", "pwconv2"))
    scales = (f"blocks.{i}.gamma" for i in range(config.num_layers))
    return {name: name for name in ("embed", "norm", *inner, *scales, "final_norm", "out", "bank")}
