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

_ALONG, _ACROSS, _PHASE, _LINK = 0, 1, 2, 3
"""A bin's record: its phase advance to the next frame beyond its own frequency, its phase step to the next bin beyond the
window's centre, its phase, and an integer: -2 - its bucket before it is reached, then the entry below it in that bucket."""


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
    bin_step = -2 * np.pi * window_centre(window) / n_fft
    record = np.empty((frames, bins, 4), np.float32)
    links = record.view(np.int32)
    _prepare(
        log_magnitude,
        phase,
        np.float32(np.log(loudest)),
        np.float32(-_LEVELS / np.log(tolerance)),
        np.float32(hop_length * n_fft / gamma),
        np.float32(-gamma / (hop_length * n_fft)),
        record,
        links,
    )
    reached = 0 if known is None else len(known)
    _integrate(record.reshape(-1, 4), links.reshape(-1, 4), bins, reached, advance, np.float32(bin_step))
    phase[:] = record[:, :, _PHASE]
    return phase


@njit(cache=True, nogil=True)
def _prepare(x, phase, top, per_level, time_factor, bin_factor, record, links):  # type: ignore[no-untyped-def]
    """Fill the records from log magnitudes x: what the integration needs of a bin lies in one place, because it jumps."""
    frames, bins = x.shape
    half, whole = np.float32(0.5), np.float32(1)
    for t in range(frames):
        before, after = max(t - 1, 0), min(t + 1, frames - 1)
        across = bin_factor * (half if after - before == 2 else whole)
        for k in range(bins):
            record[t, k, _ACROSS] = across * (x[after, k] - x[before, k])
            record[t, k, _PHASE] = phase[t, k]
            level = min(int((top - x[t, k]) * per_level), _LEVELS)
            links[t, k, _LINK] = -2 - level if level < _LEVELS else -1
        for k in range(1, bins - 1):
            record[t, k, _ALONG] = time_factor * half * (x[t, k + 1] - x[t, k - 1])
        record[t, 0, _ALONG] = time_factor * (x[t, 1] - x[t, 0])
        record[t, bins - 1, _ALONG] = time_factor * (x[t, bins - 1] - x[t, bins - 2])


@njit(cache=True, nogil=True)
def _integrate(record, links, bins, known, advance, bin_step):  # type: ignore[no-untyped-def]
    """Spread phase from loud bins to their neighbours, loudest first; overwrites the phase in the records of bins above the
    tolerance."""
    half = np.float32(0.5)
    size = len(record)
    # `order` lists the bins from loud to quiet: where to start each time the frontier runs out
    count = np.zeros(_LEVELS + 1, np.int64)
    for i in range(size):
        link = links[i, _LINK]
        if link < -1:
            count[-1 - link] += 1
    for l in range(_LEVELS):
        count[l + 1] += count[l]
    order = np.empty(count[_LEVELS], np.int32)
    for i in range(size):
        link = links[i, _LINK]
        if link < -1:
            order[count[-2 - link]] = i
            count[-2 - link] += 1
    bucket = np.full(_LEVELS + 1, -1, np.int32)
    lowest = _LEVELS
    for i in range(known * bins):
        link = links[i, _LINK]
        if link < -1:
            links[i, _LINK] = -1
            if i >= (known - 1) * bins:
                l = -2 - link
                links[i, _LINK] = bucket[l]
                bucket[l] = i
                lowest = min(lowest, l)
    seed = 0
    while True:
        while lowest < _LEVELS and bucket[lowest] < 0:
            lowest += 1
        if lowest == _LEVELS:
            while seed < order.size and links[order[seed], _LINK] >= -1:
                seed += 1
            if seed == order.size:
                break
            i = order[seed]
            links[i, _LINK] = -1
        else:
            i = bucket[lowest]
            bucket[lowest] = links[i, _LINK]
        k = i % bins
        here, along, across = record[i, _PHASE], record[i, _ALONG], record[i, _ACROSS]
        for direction in range(4):
            if direction == 0:
                j = i + bins
                if j >= size or links[j, _LINK] >= -1:
                    continue
                value = here + half * (along + record[j, _ALONG]) + advance[k]
            elif direction == 1:
                j = i - bins
                if j < 0 or links[j, _LINK] >= -1:
                    continue
                value = here - half * (along + record[j, _ALONG]) - advance[k]
            elif direction == 2:
                j = i + 1
                if k + 1 == bins or links[j, _LINK] >= -1:
                    continue
                value = here + half * (across + record[j, _ACROSS]) + bin_step
            else:
                j = i - 1
                if k == 0 or links[j, _LINK] >= -1:
                    continue
                value = here - half * (across + record[j, _ACROSS]) - bin_step
            record[j, _PHASE] = value - _TWO_PI * np.round(value / _TWO_PI)
            l = -2 - links[j, _LINK]
            links[j, _LINK] = bucket[l]
            bucket[l] = j
            lowest = min(lowest, l)
