"""Periodic activations between an upsampling and a downsampling filter, so that their harmonics do not alias.

Sources: Ziyin et al., "Neural Networks Fail to Learn Periodic Functions and How to Fix It" (2020), equation 3; Lee et al.,
"BigVGAN" (2023), section 3.2 and appendix (filters as Kaiser-windowed sincs, kernel 12, ratio 2).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from melpact.nn.blocks.reach import Span

RATIO = 2
KERNEL_SIZE = 12
DIVISOR_FLOOR = 1e-9


def kaiser_sinc(cutoff: float, half_width: float, kernel_size: int) -> NDArray[np.float64]:
    """A low pass of unit sum, [kernel_size]; `cutoff` and `half_width` (of the transition) in cycles per sample.

    Kaiser's rules give the attenuation that the length affords and the window's β.
    """
    half = kernel_size // 2
    attenuation_db = 2.285 * (half - 1) * np.pi * 4 * half_width + 7.95
    if attenuation_db > 50:
        beta = 0.1102 * (attenuation_db - 8.7)
    elif attenuation_db >= 21:
        beta = 0.5842 * (attenuation_db - 21) ** 0.4 + 0.07886 * (attenuation_db - 21)
    else:
        beta = 0.0
    time = np.arange(kernel_size) - half + (0.5 if kernel_size % 2 == 0 else 0.0)
    taps = np.kaiser(kernel_size, beta) * np.sinc(2 * cutoff * time)
    return taps / taps.sum()


class Snake(nn.Module):
    """x + sin²(αx)/α, or with its own magnitude x + sin²(αx)/β ("snakebeta"); α, β per channel, plain or logarithms."""

    def __init__(self, channels: int, *, own_magnitude: bool, logscale: bool) -> None:
        super().__init__()
        start = 0.0 if logscale else 1.0
        self.logscale = logscale
        self.alpha = nn.Parameter(torch.full((channels,), start))
        self.beta = nn.Parameter(torch.full((channels,), start)) if own_magnitude else None

    def forward(self, x: Tensor) -> Tensor:
        alpha = self.alpha[:, None]
        beta = alpha if self.beta is None else self.beta[:, None]
        if self.logscale:
            alpha, beta = torch.exp(alpha), torch.exp(beta)
        return x + torch.sin(x * alpha) ** 2 / (beta + DIVISOR_FLOOR)


class _Filter(nn.Module):
    """The taps of one resampling filter; a buffer, because published checkpoints hold them."""

    filter: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        taps = kaiser_sinc(0.5 / RATIO, 0.6 / RATIO, KERNEL_SIZE)
        self.register_buffer("filter", torch.tensor(taps, dtype=torch.get_default_dtype())[None, None])

    def taps(self) -> Tensor:
        """[channels, 1, KERNEL_SIZE]"""
        return self.filter.expand(self.channels, -1, -1)


class _Upsample(_Filter):
    """[B, C, T] → [B, C, 2·T]; the outermost values are repeated beyond the edges."""

    def forward(self, x: Tensor) -> Tensor:
        edge = KERNEL_SIZE // RATIO - 1
        x = functional.pad(x, (edge, edge), mode="replicate")
        cut = edge * RATIO + (KERNEL_SIZE - RATIO) // 2
        y = functional.conv_transpose1d(x, self.taps(), stride=RATIO, padding=cut, groups=self.channels)
        return RATIO * y


class _Downsample(nn.Module):
    """[B, C, 2·T] → [B, C, T]; the outermost values are repeated beyond the edges."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lowpass = _Filter(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (KERNEL_SIZE // 2 - 1, KERNEL_SIZE // 2), mode="replicate")
        return functional.conv1d(x, self.lowpass.taps(), stride=RATIO, groups=self.lowpass.channels)


class AntiAliased(nn.Module):
    """An activation at twice the rate: upsample, activate, downsample; [B, C, T] → [B, C, T]."""

    def __init__(self, activation: nn.Module, channels: int) -> None:
        super().__init__()
        self.act = activation
        self.upsample = _Upsample(channels)
        self.downsample = _Downsample(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.downsample(self.act(self.upsample(x)))
        return y


def anti_aliased_reads(outputs: Span) -> Span:
    """What an anti-aliased activation reads for these outputs."""
    up = outputs.conv(KERNEL_SIZE, stride=RATIO, padding=KERNEL_SIZE // 2 - 1)
    return up.transposed(KERNEL_SIZE, RATIO, (KERNEL_SIZE - RATIO) // 2)
