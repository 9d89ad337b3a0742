"""Spectral convergence, log magnitudes and mels of several resolutions from one transform each: what a small vocoder is
trained on without a discriminator, at the least cost."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.nn.losses.pairs import same_shape
from melpact.nn.mel_spectrum import CentredSpectrum, Tables, full_precision

RESOLUTIONS = ((256, 20), (512, 40), (1024, 100), (2048, 160))
"""n_fft and bands."""
_POWER_FLOOR = 1e-9
_LOG_FLOOR = 1e-4
_QUIET = 1e-3


class SpectralDistance(NamedTuple):
    """Scalars, means over the resolutions; 0 on identical samples. `log_magnitude` and `mel` in nepers."""

    convergence: Tensor
    log_magnitude: Tensor
    mel: Tensor


class _Resolution(nn.Module):
    def __init__(self, n_fft: int, n_mels: int, sample_rate: int) -> None:
        super().__init__()
        self.spectrum = CentredSpectrum(n_fft, n_fft // 4, n_fft)
        spec = dialect("hifigan_22k").spec.replace_quietly(
            sample_rate=sample_rate, bank_sample_rate=sample_rate, n_fft=n_fft, win_length=n_fft, hop_length=n_fft // 4,
            n_mels=n_mels, f_max=min(8500.0, sample_rate / 2),
        )  # fmt: skip
        self.tables = _Bank(bank=filterbank(spec))

    def forward(self, samples: Tensor) -> Tensor:
        transform = self.spectrum(samples)
        return torch.sqrt(transform.real.square() + transform.imag.square() + _POWER_FLOOR)


class _Bank(Tables):
    bank: Tensor


class SpectralLoss(nn.Module):
    """Samples [B, N] of generator and recording → `SpectralDistance`.

    Sources: Arik, Jun and Diamos 2018, "Fast Spectrogram Inversion Using Multi-Head Convolutional Neural Networks", section
    3.3 (convergence, log magnitudes), at several resolutions as in Yamamoto, Song and Kim 2020, "Parallel WaveGAN"; the mels
    as in Kong, Kim and Bae 2020, "HiFi-GAN", equation 3. Logarithms begin at -80 dB of full scale, so that what is too quiet
    to hear does not count.

    Args:
        sample_rate: Hz, of both.
        log_magnitudes_to: highest n_fft whose log magnitudes count.
    """

    def __init__(self, sample_rate: int, log_magnitudes_to: int = 1024) -> None:
        super().__init__()
        self.resolutions = nn.ModuleList(_Resolution(n_fft, bands, sample_rate) for n_fft, bands in RESOLUTIONS)
        self.log_magnitudes_to = log_magnitudes_to

    def forward(self, generated: Tensor, real: Tensor) -> SpectralDistance:
        same_shape(generated, real)
        convergence, logs, mels = [], [], []
        with full_precision(generated.device):
            for one in self.resolutions:
                assert isinstance(one, _Resolution)
                made, true = one(generated), one(real)
                square = (made - true).square().sum((1, 2)) / (true.square().sum((1, 2)) + _QUIET)
                convergence.append(torch.sqrt(square + _POWER_FLOOR).mean())
                bank = one.tables.bank
                mels.append((_log(bank @ made) - _log(bank @ true)).abs().mean())
                if one.spectrum.n_fft <= self.log_magnitudes_to:
                    logs.append((_log(made) - _log(true)).abs().mean())
        return SpectralDistance(*(torch.stack(parts).mean() for parts in (convergence, logs, mels)))


def _log(x: Tensor) -> Tensor:
    return torch.log(x + _LOG_FLOOR)
