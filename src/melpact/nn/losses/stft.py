"""The multi-resolution STFT loss: spectral convergence and log magnitudes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.losses.pairs import same_shape
from melpact.nn.mel_spectrum import CentredSpectrum


class StftLossConfig(Record):
    """Resolutions; the defaults are the published ones (Yamamoto, Song and Kim 2020, table 1), for 24 kHz.

    Args:
        power_floor: least |STFT|², so that silence has a logarithm and a norm.
    """

    n_ffts: tuple[PositiveInt, ...] = (1024, 2048, 512)
    hop_lengths: tuple[PositiveInt, ...] = (120, 240, 50)
    win_lengths: tuple[PositiveInt, ...] = (600, 1200, 240)
    power_floor: float = Bounded(default=1e-7, gt=0)

    @model_validator(mode="after")
    def _check(self) -> StftLossConfig:
        if not self.n_ffts or not len(self.n_ffts) == len(self.hop_lengths) == len(self.win_lengths):
            raise ValueError("n_ffts, hop_lengths and win_lengths must be of one length")
        if any(w > n for w, n in zip(self.win_lengths, self.n_ffts, strict=True)):
            raise ValueError("a window (win_lengths) does not fit into its transform (n_ffts)")
        return self


class StftDistance(NamedTuple):
    """The two parts of the loss, each the mean over resolutions and items."""

    convergence: Tensor
    log_magnitude: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.convergence + self.log_magnitude


class MultiResolutionStftLoss(nn.Module):
    """Samples [B, N] of generator and recording → `StftDistance`; both parts are 0 on identical samples.

    For each resolution and item, with S the magnitudes √max(|STFT|², power_floor):

    - convergence: ‖S - Ŝ‖_F / ‖S‖_F;
    - log_magnitude: mean of |ln S - ln Ŝ|.

    What lies under the floor has the gradient 0, so that silence meets no infinite slope.

    Source: Yamamoto, Song and Kim 2020, "Parallel WaveGAN", section 2.2 (the L_sc and L_mag of each resolution, then
    their mean); both parts after Arık, Jun and Diamos 2018, "Fast spectrogram inversion using multi-head convolutional
    neural networks". The norm is taken per item, which makes the loss of a batch the mean of its items' losses.
    """

    def __init__(self, config: StftLossConfig | None = None) -> None:
        super().__init__()
        self.config = config or StftLossConfig()
        sizes = zip(self.config.n_ffts, self.config.hop_lengths, self.config.win_lengths, strict=True)
        self.spectra = nn.ModuleList(CentredSpectrum(n_fft, hop, win) for n_fft, hop, win in sizes)

    def forward(self, generated: Tensor, real: Tensor) -> StftDistance:
        same_shape(generated, real)
        convergence, logs = [], []
        for spectrum in self.spectra:
            ours, theirs = self._magnitudes(spectrum(generated)), self._magnitudes(spectrum(real))
            away = torch.linalg.vector_norm(theirs - ours, dim=(1, 2))
            convergence.append((away / torch.linalg.vector_norm(theirs, dim=(1, 2))).mean())
            logs.append((theirs.log() - ours.log()).abs().mean())
        return StftDistance(torch.stack(convergence).mean(), torch.stack(logs).mean())

    def _magnitudes(self, transform: Tensor) -> Tensor:
        power = transform.real.square() + transform.imag.square()
        return power.clamp(min=self.config.power_floor).sqrt()
