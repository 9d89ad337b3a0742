"""A loudness loss: how differently loud two sounds are to the ear, band by band, after the model of P.862."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from melpact.nn.losses.pairs import same_shape
from melpact.nn.mel_spectrum import Tables, batch_of_samples, full_precision

_BANDS = 49
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 7800.0
_FRAME_S = 0.032
_LEVEL_DB = 79.0
"""Sound pressure level that the louder half of a recording is taken to have."""
_EXPONENT = 0.23
_SCALE = 0.1866
_DEAD_ZONE = 0.25
"""Differences below this part of the quieter of the two loudnesses are masked."""
_QUIETEST = 1e-6
_WINDOW, _NORM, _LEAST = 20, 6.0, 1e-4
"""Frames whose norm is taken together; the norm; what keeps its gradient finite."""


class LoudnessDistance(NamedTuple):
    """Scalars, 0 on identical samples: `both` counts every difference, `added` what the generator put in."""

    both: Tensor
    added: Tensor


class LoudnessLoss(nn.Module):
    """Samples [B, N] of generator and recording → `LoudnessDistance`.

    Sources: ITU-T P.862 (2001), section 10.2 (band powers, loudness after Zwicker with exponent 0.23, the dead zone of
    masking, the asymmetry factor, norm 6 over a third of a second), as a loss in Martín-Doñas et al. 2018, "A Deep Learning
    Loss Function Based on the Perceptual Evaluation of the Speech Quality". Simplified: triangular bands, equally wide in
    Bark; the absolute threshold of Terhardt 1979; neither alignment nor equalisation; no weights of frames. It is a loss,
    not a measurement of PESQ.

    Args:
        sample_rate: Hz, of both.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.frame = 2 * round(_FRAME_S * sample_rate / 2)
        self.tables = _Ear(**_tables(sample_rate, self.frame))

    def forward(self, generated: Tensor, real: Tensor) -> LoudnessDistance:
        same_shape(generated, real)
        dtype = self.tables.window.dtype
        made, true = batch_of_samples(generated, dtype), batch_of_samples(real, dtype)
        with full_precision(made.device):
            gain = self._gain(true)
            power, loudness = self._heard(made, gain)
            true_power, true_loudness = self._heard(true, gain)
            away = loudness - true_loudness
            masked = _DEAD_ZONE * torch.minimum(loudness, true_loudness)
            size = torch.relu(away.abs() - masked)
            both = torch.sqrt(size.square().mean(1) + _QUIETEST)
            ratio = ((power + 50) / (true_power + 50)) ** 1.2
            ratio = torch.where(ratio < 3, torch.zeros_like(ratio), ratio.clamp(max=12))
            return LoudnessDistance(_worst(both - _QUIETEST**0.5), _worst((size * ratio).mean(1)))

    def _gain(self, true: Tensor) -> Tensor:
        """[B, 1, 1]: power of full scale at the assumed level, from the louder half of the recording's frames."""
        frames = true.unfold(-1, self.frame, self.frame // 2).square().mean(-1)
        louder = frames.topk((frames.shape[1] + 1) // 2, dim=1).values.mean(1)
        return (10 ** (_LEVEL_DB / 10) / louder.clamp(min=_QUIETEST))[:, None, None]

    def _heard(self, samples: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """Power and loudness [B, bands, frames]."""
        tables = self.tables
        frames = samples.unfold(-1, self.frame, self.frame // 2) * tables.window
        spectrum = torch.fft.rfft(frames).transpose(-1, -2)
        power = tables.bands @ (spectrum.real.square() + spectrum.imag.square()) * gain
        inner = (0.5 + 0.5 * power / tables.threshold + _QUIETEST) ** tables.exponent - 1
        return power, tables.scale * torch.relu(inner)


def _worst(frames: Tensor) -> Tensor:
    """[B, frames] → one number: norm 6 over windows of 20 frames (the worst of them count), norm 2 over the windows."""
    length = min(_WINDOW, frames.shape[1])
    windows = (frames.unfold(-1, length, max(1, length // 2)) + _LEAST).pow(_NORM).mean(-1).pow(1 / _NORM)
    return torch.sqrt(windows.square().mean()) - _LEAST


class _Ear(Tables):
    window: Tensor
    bands: Tensor
    threshold: Tensor
    exponent: Tensor
    scale: Tensor


def _tables(sample_rate: int, frame: int) -> dict[str, NDArray[np.float64]]:
    """Window [frame]; bands [49, bins] that turn squared spectra into power; per band [49, 1] the rest."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    edges = np.linspace(_bark(np.array(_LOWEST_HZ)), _bark(np.array(_HIGHEST_HZ)), _BANDS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    distance = np.abs(_bark(np.arange(frame // 2 + 1) * sample_rate / frame) - centres[:, None]) / (edges[1] - edges[0])
    bands = np.maximum(0, 1 - distance) * 2 / (frame * (window**2).sum())
    khz = 0.65 * np.sinh(centres / 7)
    threshold_db = 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    threshold = 10 ** (threshold_db / 10)
    low = np.where(centres < 4, np.minimum(2, 6 / (centres + 2)), 1.0) ** 0.15
    exponent = _EXPONENT * low
    scale = _SCALE * (threshold / 0.5) ** exponent
    return {"window": window, "bands": bands, "threshold": threshold[:, None], "exponent": exponent[:, None],
            "scale": scale[:, None]}  # fmt: skip


def _bark(hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Schroeder, Atal and Hall 1979: 7 asinh(f / 650 Hz)."""
    return 7 * np.arcsinh(np.asarray(hz, np.float64) / 650)
