"""Phase from magnitude without iterations: phase gradient heap integration.

Lives here: the gradient relations and the integration. Not here: the STFT itself, the iterations that refine
the result. Source: Z. Prusa, P. Balazs, P. Sondergaard 2017, "A noniterative method for reconstruction of
phase from STFT magnitude", IEEE/ACM TASLP 25(5), eq. 11-12 (gradients), algorithm 1 (integration). Instead of
a heap the frontier is kept in buckets of equal log magnitude: same order up to the width of a bucket,
constant time a step. Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from melpact.features.gaussian_window import window_centre, window_gamma

_TWO_PI = np.float32(2 * np.pi)
_LEVELS = 1024
"""Buckets between the loudest bin and the tolerance."""


def phase_from_magnitude(
    magnitude: NDArray[np.float32],
    *,
    n_fft: int,
    window: NDArray[np.float64],
    hop_length: int,
    rng: np.random.Generator,
    tolerance: float = 1e-5,
    known: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Phase whose gradients agree with those that the magnitude implies.

    Args:
        magnitude: float32 `[frames, bins]`, frames first.
        n_fft: transform length; bins is n_fft // 2 + 1.
        window: float64 `[n_fft]`, zero-padded to the transform length wherever the analysis puts it.
        hop_length: samples between frames.
        rng: draws the phase of bins below the tolerance.
        tolerance: bins below this share of the loudest bin are not integrated.
        known: float32 `[k, bins]`, k < frames: phase of the first frames, which the integration continues.

    Returns:
        float32 `[frames, bins]` in radians within (-pi, pi], the phase of a DFT that starts at the frame's
        first sample.
    """
    frames, bins = magnitude.shape
    phase = np.asarray(rng.random((frames, bins), dtype=np.float32))
    phase *= _TWO_PI
    phase -= np.float32(np.pi)
    loudest = float(magnitude.max(initial=0.0))
    if known is not None:
        phase[: len(known)] = known
    if loudest <= 0:
        return phase
    log_magnitude = np.log(np.maximum(magnitude, np.float32(max(loudest * tolerance, 1e-37))))
    gamma = window_gamma(window)
    turn = (np.arange(bins, dtype=np.int64) * hop_length) % n_fft
    advance = ((2 * np.pi / n_fft) * turn).astype(np.float32)
    _integrate(
        log_magnitude,
        phase,
        0 if known is None else len(known),
        np.float32(np.log(loudest)),
        np.float32(-_LEVELS / np.log(tolerance)),
        np.float32(hop_length * n_fft / gamma),
        advance,
        np.float32(-gamma / (hop_length * n_fft)),
        np.float32(-2 * np.pi * window_centre(window) / n_fft),
    )
    return phase


@njit(cache=True, nogil=True, inline="always")
def _time_slope(x, t, k, bins, factor):  # type: ignore[no-untyped-def]
    """Phase advance to the next frame beyond the bin's own frequency: factor x (d log magnitude / d bin)."""
    if k == 0:
        return factor * (x[t, 1] - x[t, 0])
    if k == bins - 1:
        return factor * (x[t, k] - x[t, k - 1])
    return factor * np.float32(0.5) * (x[t, k + 1] - x[t, k - 1])


@njit(cache=True, nogil=True, inline="always")
def _bin_slope(x, t, k, frames, factor):  # type: ignore[no-untyped-def]
    """Phase step to the next bin beyond the window's centre: factor x (d log magnitude / d frame)."""
    if frames == 1:
        return np.float32(0)
    if t == 0:
        return factor * (x[1, k] - x[0, k])
    if t == frames - 1:
        return factor * (x[t, k] - x[t - 1, k])
    return factor * np.float32(0.5) * (x[t + 1, k] - x[t - 1, k])


@njit(cache=True, nogil=True)
def _integrate(x, phase, known, top, per_level, time_factor, advance, bin_factor, bin_step):  # type: ignore[no-untyped-def]
    """Spread phase from loud bins to their neighbours, loudest first; overwrites `phase` above the
    tolerance."""
    frames, bins = x.shape
    half = np.float32(0.5)
    size = frames * bins
    level = np.empty(size, np.int16)
    flat = x.ravel()
    out = phase.ravel()
    count = np.zeros(_LEVELS + 2, np.int64)
    for i in range(size):
        l = min(int((top - flat[i]) * per_level), _LEVELS)
        level[i] = l
        count[l + 1] += 1
    for l in range(_LEVELS + 1):
        count[l + 1] += count[l]
    # `order` lists the bins from loud to quiet: where to start each time the frontier runs out
    order = np.empty(count[_LEVELS], np.int32)
    for i in range(size):
        l = level[i]
        if l < _LEVELS:
            order[count[l]] = i
            count[l] += 1
    below = np.empty(size, np.int32)  # bucket lists: the entry below this one
    bucket = np.full(_LEVELS + 1, -1, np.int32)
    lowest = _LEVELS
    done = np.zeros(size, np.uint8)
    for i in range(size):
        if level[i] == _LEVELS:
            done[i] = 1
    for i in range(known * bins):
        if done[i] == 0:
            done[i] = 1
            if i >= (known - 1) * bins:
                l = level[i]
                below[i] = bucket[l]
                bucket[l] = i
                lowest = min(lowest, l)
    seed = 0
    while True:
        while lowest < _LEVELS and bucket[lowest] < 0:
            lowest += 1
        if lowest == _LEVELS:
            while seed < order.size and done[order[seed]] != 0:
                seed += 1
            if seed == order.size:
                break
            i = order[seed]
            done[i] = 1
        else:
            i = bucket[lowest]
            bucket[lowest] = below[i]
        t = i // bins
        k = i - t * bins
        here = out[i]
        along = _time_slope(x, t, k, bins, time_factor)
        across = _bin_slope(x, t, k, frames, bin_factor)
        for direction in range(4):
            if direction == 0:
                if t + 1 == frames or done[i + bins]:
                    continue
                j = i + bins
                value = here + half * (along + _time_slope(x, t + 1, k, bins, time_factor)) + advance[k]
            elif direction == 1:
                if t == 0 or done[i - bins]:
                    continue
                j = i - bins
                value = here - half * (along + _time_slope(x, t - 1, k, bins, time_factor)) - advance[k]
            elif direction == 2:
                if k + 1 == bins or done[i + 1]:
                    continue
                j = i + 1
                value = here + half * (across + _bin_slope(x, t, k + 1, frames, bin_factor)) + bin_step
            else:
                if k == 0 or done[i - 1]:
                    continue
                j = i - 1
                value = here - half * (across + _bin_slope(x, t, k - 1, frames, bin_factor)) - bin_step
            out[j] = value - _TWO_PI * np.round(value / _TWO_PI)
            done[j] = 1
            l = level[j]
            below[j] = bucket[l]
            bucket[l] = j
            lowest = min(lowest, l)
