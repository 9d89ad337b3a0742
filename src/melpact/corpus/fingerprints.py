"""What two copies of one recording share after resampling, coding, another level or cut ends, and who shares it.

A word of 32 bits every 32 ms says which differences between neighbouring bands grew and which fell (after Haitsma and
Kalker, "A Highly Robust Audio Fingerprinting System", 2002: 33 bands from 300 Hz on; two recordings are one where fewer than
35 % of the bits differ).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft

Words = NDArray[np.uint32]

_BANDS, _LOW_HZ, _HIGH_HZ = 33, 300.0, 3000.0
_WINDOW_S, HOP_S = 0.256, 0.032
_APART = 4
_QUIET_DB = 40.0
_CROWD = 64
_VOTES = 2
_MOST_ERRORS = 0.30
_LEAST_FRAMES, _LEAST_SHARE = 12, 0.6


@dataclass(frozen=True)
class Twins:
    """Two utterances that are one recording: the share of bits that differ, and of the shorter one that both hold."""

    a: str
    b: str
    errors: float
    overlap: float


def words_of_sound(samples: NDArray[np.float32], sample_rate: int) -> Words:
    """A word every 32 ms, [words]; 0 where there is nothing to hear. Empty for less than about half a second."""
    size, hop = round(_WINDOW_S * sample_rate), HOP_S * sample_rate
    count = int((samples.size - size) // hop) + 1
    if count <= _APART:
        return np.zeros(0, np.uint32)
    starts = np.rint(np.arange(count) * hop).astype(np.int64)
    starts = starts[starts + size <= samples.size]
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)
    shape = np.hanning(size).astype(np.float32)
    n_fft = next_fast_len(size, real=True)
    edges = _LOW_HZ * (_HIGH_HZ / _LOW_HZ) ** (np.arange(_BANDS + 1) / _BANDS)
    bins = np.unique(np.rint(edges * n_fft / sample_rate).astype(np.int64))
    if bins.size != _BANDS + 1 or bins[-1] > n_fft // 2:
        return np.zeros(0, np.uint32)
    level = np.empty((starts.size, _BANDS))
    for first in range(0, starts.size, 64):
        power = np.abs(rfft(windows[starts[first : first + 64]] * shape, n_fft, axis=1)) ** 2
        level[first : first + 64] = np.add.reduceat(power, bins, axis=1)[:, :_BANDS]
    loudness = level.sum(axis=1)
    slope = np.diff(np.log(level + 1e-9 * loudness.max() + 1e-30), axis=1)
    grew = slope[_APART:] > slope[:-_APART]
    heard = loudness[_APART:] > loudness.max() * 10 ** (-_QUIET_DB / 10)
    bits = np.packbits(grew, axis=1).view(">u4")[:, 0].astype(np.uint32)
    return np.where(heard & (loudness.max() > 0), bits, np.uint32(0))


def twins(words: Mapping[str, Words]) -> list[Twins]:
    """Every two utterances that are one recording, the surest first."""
    names = [name for name in words if words[name].size]
    if len(names) < 2:
        return []
    lengths = np.array([words[name].size for name in names])
    every = np.concatenate([words[name] for name in names])
    file = np.repeat(np.arange(len(names)), lengths)
    frame = np.concatenate([np.arange(n) for n in lengths])
    telling = (_ones(every) > 4) & (_ones(every) < 28)
    every, file, frame = every[telling], file[telling], frame[telling]
    order = np.lexsort((frame, file, every))
    every, file, frame = every[order], file[order], frame[order]
    votes: Counter[tuple[int, int, int]] = Counter()
    ends = np.concatenate([[0], np.flatnonzero(np.diff(every)) + 1, [every.size]])
    shared = (np.diff(ends) > 1) & (np.diff(ends) <= _CROWD)
    for first, last in zip(ends[:-1][shared].tolist(), ends[1:][shared].tolist(), strict=True):
        for i in range(first, last):
            for j in range(i + 1, last):
                if file[i] != file[j]:
                    votes[int(file[i]), int(file[j]), int(frame[i] - frame[j])] += 1
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for (a, b, lag), count in votes.items():
        if count > best.get((a, b), (0, 0))[0]:
            best[a, b] = (count, lag)
    found = []
    for (a, b), (count, lag) in best.items():
        if count >= _VOTES and (pair := _compared(words[names[a]], words[names[b]], lag)) is not None:
            found.append(Twins(names[a], names[b], *pair))
    return sorted(found, key=lambda pair: (pair.errors, pair.a, pair.b))


def _ones(words: Words) -> NDArray[np.int64]:
    """How many bits of each word are set."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 4)
    count: NDArray[np.int64] = np.unpackbits(octets, axis=1).sum(axis=1, dtype=np.int64)
    return count


def _compared(a: Words, b: Words, lag: int) -> tuple[float, float] | None:
    """(share of bits that differ, share of the shorter that both hold), None where they are not one recording."""
    start, stop = max(lag, 0), min(a.size, b.size + lag)
    x, y = a[start:stop], b[start - lag : stop - lag]
    heard = (x != 0) & (y != 0)
    least = max(_LEAST_FRAMES, _LEAST_SHARE * min(np.count_nonzero(a), np.count_nonzero(b)))
    if heard.sum() < min(least, min(a.size, b.size)):
        return None
    errors = float(_ones(x[heard] ^ y[heard]).mean() / 32)
    overlap = float(heard.sum() / max(1, min(np.count_nonzero(a), np.count_nonzero(b))))
    return (errors, min(overlap, 1.0)) if errors <= _MOST_ERRORS else None
