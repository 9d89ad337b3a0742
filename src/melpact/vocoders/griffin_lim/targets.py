"""What Griffin-Lim restores after every projection onto consistent spectra: a fixed magnitude, or only a mel.

Lives here: the two targets and their kernels. Not here: the projection onto consistent spectra (`fast`), the
start. Importing this module imports numba.

A mel fixes a weighted sum of magnitudes in each band and says nothing about how they share it. Restoring a
magnitude that was guessed once keeps the guess's errors; restoring the mel alone lets every bin move to where
the overlapping frames agree, so structure that the bands blurred (harmonics above 1 kHz) comes back as the
iteration goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from melpact.features.inversion import Bands, bands_of, checked_mel


class Target(Protocol):
    """A set of spectra that the iteration alternates with the consistent ones."""

    def restore(
        self,
        consistent: NDArray[np.complex64],
        previous: NDArray[np.complex64],
        spectrum: NDArray[np.complex64],
        *,
        begin: int,
        alpha: float,
    ) -> None:
        """Write the target's point near `consistent + alpha (consistent - previous)` to `spectrum` and
        `consistent` to `previous`; all are frames `begin ..` of the whole, `[frames, bins]`."""


@dataclass(frozen=True)
class FixedMagnitude:
    """Spectra of one magnitude, float32 `[frames, bins]`: only the phase moves."""

    magnitude: NDArray[np.float32]

    def restore(
        self,
        consistent: NDArray[np.complex64],
        previous: NDArray[np.complex64],
        spectrum: NDArray[np.complex64],
        *,
        begin: int,
        alpha: float,
    ) -> None:
        _restore_magnitude(
            consistent.view(np.float32),
            previous.view(np.float32),
            self.magnitude[begin : begin + len(consistent)],
            spectrum.view(np.float32),
            np.float32(alpha),
        )


@dataclass(frozen=True)
class MelTarget:
    """Spectra of one mel: each magnitude moves by one multiplicative update towards it, the phase as before.

    The update is that of `melpact.features.inversion`, started from the magnitude of the consistent spectrum.
    Bins that no band covers are zero (left free, those below f_min fill with audible rumble).
    """

    level: NDArray[np.float32]
    """`[frames, n_mels]`: each band's mean over its bins of |X| ** power."""
    bands: Bands
    power: int

    @classmethod
    def of(cls, linear_mel: ArrayLike, bank: ArrayLike | Bands, *, power: int) -> MelTarget:
        """From a linear mel `[n_mels, frames]` and its bank `[n_mels, bins]`; power 1 if it acted on |X|, 2
        on |X|^2."""
        bands = bands_of(bank)
        mel = checked_mel(linear_mel, bands, power)
        inverse = np.divide(1.0, bands.row_sum, out=np.zeros_like(bands.row_sum), where=bands.row_sum > 0)
        return cls(np.ascontiguousarray((mel * inverse[:, None]).T, dtype=np.float32), bands, power)

    def part(self, begin: int, end: int, *, scale: float) -> MelTarget:
        """Frames begin .. end of a waveform `scale` times as loud."""
        factor = np.float32(scale**self.power)
        return MelTarget(self.level[begin:end] * factor, self.bands, self.power)

    def restore(
        self,
        consistent: NDArray[np.complex64],
        previous: NDArray[np.complex64],
        spectrum: NDArray[np.complex64],
        *,
        begin: int,
        alpha: float,
    ) -> None:
        _restore_mel(
            consistent.view(np.float32),
            previous.view(np.float32),
            self.level[begin : begin + len(consistent)],
            self.bands.weights,
            self.bands.first,
            self.bands.stop,
            self.bands.inverse_column_sum,
            self.power == 2,
            spectrum.view(np.float32),
            np.float32(alpha),
        )


# In both kernels spectra are real and imaginary parts in turn: [frames, 2 x bins].


@njit(cache=True, nogil=True, fastmath=True)
def _restore_magnitude(consistent, previous, magnitude, spectrum, alpha):  # type: ignore[no-untyped-def]
    frames, bins = magnitude.shape
    one = np.float32(1)
    tiny = np.float32(1e-30)
    for t in range(frames):
        now = consistent[t]
        before = previous[t]
        size = magnitude[t]
        out = spectrum[t]
        for k in range(bins):
            re = now[2 * k] + alpha * (now[2 * k] - before[2 * k])
            im = now[2 * k + 1] + alpha * (now[2 * k + 1] - before[2 * k + 1])
            factor = size[k] * (one / np.sqrt(re * re + im * im + tiny))
            out[2 * k] = re * factor
            out[2 * k + 1] = im * factor
            before[2 * k] = now[2 * k]
            before[2 * k + 1] = now[2 * k + 1]


@njit(cache=True, nogil=True, fastmath=True)
def _restore_mel(  # type: ignore[no-untyped-def]
    consistent, previous, level, weights, first, stop, inverse_column_sum, squared, spectrum, alpha
):
    frames, n_mels = level.shape
    bins = inverse_column_sum.size
    one = np.float32(1)
    tiny = np.float32(1e-30)
    size = np.empty(bins, np.float32)
    unit = np.empty(bins, np.float32)
    gain = np.empty(bins, np.float32)
    for t in range(frames):
        now = consistent[t]
        before = previous[t]
        out = spectrum[t]
        for k in range(bins):
            re = now[2 * k]
            im = now[2 * k + 1]
            square = re * re + im * im + tiny
            size[k] = square if squared else np.sqrt(square)
            re += alpha * (re - before[2 * k])
            im += alpha * (im - before[2 * k + 1])
            before[2 * k] = now[2 * k]
            before[2 * k + 1] = now[2 * k + 1]
            out[2 * k] = re
            out[2 * k + 1] = im
            unit[k] = one / np.sqrt(re * re + im * im + tiny)
        gain[:] = 0
        for band in range(n_mels):
            estimate = tiny
            row = weights[band]
            for k in range(first[band], stop[band]):
                estimate += row[k] * size[k]
            ratio = level[t, band] / estimate
            for k in range(first[band], stop[band]):
                gain[k] += row[k] * ratio
        for k in range(bins):
            restored = size[k] * gain[k] * inverse_column_sum[k]
            factor = unit[k] * (np.sqrt(restored) if squared else restored)
            out[2 * k] *= factor
            out[2 * k + 1] *= factor
