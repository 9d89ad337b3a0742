"""Fast Griffin-Lim on arrays: consistent phase by iteration.

Lives here: the framing (overlap-add and its inverse) and the iteration, by scipy's transforms where `lanes` has no code
for the size. Not here: the fast iteration (`lanes`), where the first phase comes from, what is restored (`targets`),
splitting of long input. Sources: D. Griffin, J. Lim 1984, "Signal estimation from modified short-time Fourier transform"
(the least-squares synthesis, eq. 6); N. Perraudin, P. Balazs, P. Sondergaard 2013, "A fast Griffin-Lim algorithm"
(algorithm 2, the momentum). Importing this module imports numba and scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from melpact.vocoders.griffin_lim.lanes import LaneIterations, supports
from melpact.vocoders.griffin_lim.targets import FixedMagnitude, MelTarget

_BLOCK = 64
"""Frames transformed together: small enough for the block to stay in a core's cache."""

_NORMALISER_FLOOR = 0.1
"""Where the summed squared window falls below this share of its maximum, the output fades instead of being
amplified."""


@dataclass(frozen=True)
class Framing:
    """Frame t covers samples t * hop_length .. t * hop_length + n_fft of the padded signal, whose first
    `left_pad` samples (and whatever follows the output on the right) are padding: estimated like the rest,
    then cut off."""

    n_fft: int
    window: NDArray[np.float32]
    hop_length: int
    left_pad: int
    frames: int
    scale: NDArray[np.float32]
    """Inverse of the summed squared window over the padded signal."""

    @classmethod
    def of(cls, *, n_fft: int, window: NDArray[np.float64], hop_length: int, left_pad: int, frames: int) -> Framing:
        """Framing for `frames` frames; the window is float64 [n_fft], zero-padded."""
        length = (frames - 1) * hop_length + n_fft
        total = np.zeros(length, dtype=np.float64)
        square = np.asarray(window, dtype=np.float64) ** 2
        # the sum is periodic but for the first and last n_fft samples
        for j in range(0, n_fft, hop_length):
            part = square[j : j + hop_length]
            rows = _rows(total[j:], frames, hop_length, part.size)
            rows += part
        scale = 1 / np.maximum(total, _NORMALISER_FLOOR * total.max())
        return cls(n_fft, window.astype(np.float32), hop_length, left_pad, frames, scale.astype(np.float32))

    def synthesise(self, spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Least-squares padded signal of a spectrum `[frames, bins]`."""
        signal = np.zeros(self.scale.size, dtype=np.float32)
        for begin in range(0, self.frames, _BLOCK):
            block = fft.irfft(spectrum[begin : begin + _BLOCK], n=self.n_fft, axis=1)
            block *= self.window
            target = signal[begin * self.hop_length :]
            for j in range(0, self.n_fft, self.hop_length):
                part = block[:, j : j + self.hop_length]
                rows = _rows(target[j:], len(block), self.hop_length, part.shape[1])
                rows += part
        signal *= self.scale
        return signal

    def analyse(self, signal: NDArray[np.float32], begin: int, end: int) -> NDArray[np.complex64]:
        """Spectrum `[end - begin, bins]` of frames begin .. end of a padded signal."""
        rows = _rows(signal[begin * self.hop_length :], end - begin, self.hop_length, self.n_fft)
        spectrum: NDArray[np.complex64] = fft.rfft(rows * self.window, axis=1)
        return spectrum


def _rows(signal: NDArray, count: int, step: int, width: int) -> NDArray:  # type: ignore[type-arg]
    """Writable view `[count, width]` of rows that start every `step` samples."""
    need = (count - 1) * step + width
    if need > signal.size:
        raise ValueError(f"{count} rows of {width} every {step} need {need} samples, got {signal.size}")
    stride = signal.strides[0]
    return np.lib.stride_tricks.as_strided(signal, (count, width), (step * stride, stride))


def refine(
    spectrum: NDArray[np.complex64],
    target: FixedMagnitude | MelTarget,
    framing: Framing,
    *,
    iterations: int,
    momentum: float,
    settling: int = 0,
    keep_from: int | None = None,
) -> NDArray[np.float32]:
    """Run fast Griffin-Lim.

    Args:
        spectrum: complex64 `[frames, bins]`, the start; used up.
        target: what every iteration restores.
        framing: where the frames lie.
        iterations: number of projections onto the consistent spectra.
        momentum: alpha of the 2013 paper; 0 is the 1984 algorithm.
        settling: iterations at the end without momentum.
        keep_from: frames from this one on hold the result afterwards: on the target, consistent with the signal.

    Returns:
        The padded signal.
    """
    alphas = [momentum if 0 < n < iterations - settling else 0.0 for n in range(iterations)]
    if alphas and supports(framing.n_fft):
        state = LaneIterations(framing, target, framing.synthesise(spectrum))
        for alpha in alphas[:-1]:
            state.run(alpha)
        kept = state.run(alphas[-1], keep_from=keep_from)
        if kept is not None:
            spectrum[keep_from:] = kept
        return state.signal
    previous = np.zeros_like(spectrum) if alphas else spectrum
    for alpha in alphas:
        signal = framing.synthesise(spectrum)
        for begin in range(0, framing.frames, _BLOCK):
            end = min(begin + _BLOCK, framing.frames)
            now = framing.analyse(signal, begin, end)
            target.restore(now, previous[begin:end], spectrum[begin:end], begin=begin, alpha=alpha)
    return framing.synthesise(spectrum)
