"""What a mel of a description shows of a flat harmonic sound, by its pitch: the ripple that harmonics leave on the bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

from melpact.contract.spec import MelSpec
from melpact.features.analysis import analyse

Floats = NDArray[np.float32]
LOWEST_HZ, HIGHEST_HZ = 40.0, 1400.0
STEPS_PER_OCTAVE = 48
ENVELOPE = 14
"""Numbers of a frame's cepstrum that hold its envelope; what is left is the ripple."""


def harmonic_ripple(f0_hz: Floats, spec: MelSpec) -> Floats:
    """The ripple of each frame, float32 [n_mels, T], in the unit of the values before scaling; 0 where unvoiced.

    All harmonics up to the Nyquist frequency have one amplitude. What varies slowly along the bands is taken out, so that
    loudness and floor do not matter.

    Args:
        f0_hz: Hz [T], 0 where unvoiced; held within `LOWEST_HZ` and `HIGHEST_HZ`.
    """
    table = _table(spec)
    voiced = f0_hz > 0
    octaves = np.log2(np.clip(np.where(voiced, f0_hz, LOWEST_HZ), LOWEST_HZ, HIGHEST_HZ) / LOWEST_HZ) * STEPS_PER_OCTAVE
    low = np.minimum(octaves.astype(np.int64), len(table) - 2)
    part = (octaves - low).astype(np.float32)[:, None]
    made = table[low] + part * (table[low + 1] - table[low])
    return np.ascontiguousarray((made * voiced[:, None]).T, np.float32)


@lru_cache(maxsize=8)
def _table(spec: MelSpec) -> Floats:
    """[steps, n_mels], read-only."""
    count = int(np.ceil(np.log2(HIGHEST_HZ / LOWEST_HZ) * STEPS_PER_OCTAVE)) + 1
    pitches = LOWEST_HZ * 2.0 ** (np.arange(count) / STEPS_PER_OCTAVE)
    rows = np.stack([_flat(float(hz), spec) for hz in pitches])
    made = dct(rows, axis=1, norm="ortho")
    made[:, :ENVELOPE] = 0
    table = np.asarray(idct(made, axis=1, norm="ortho"), np.float32)
    table.flags.writeable = False
    return table


def _flat(hz: float, spec: MelSpec) -> Floats:
    """The mean over the inner frames of the mel of a flat harmonic sound, [n_mels].

    Its phases make no peak (Schroeder 1970, "Synthesis of low-peak-factor signals and binary sequences with low
    autocorrelation").
    """
    reach = max(spec.n_fft, spec.min_samples())
    time = np.arange(3 * reach + 8 * spec.hop_length) / spec.sample_rate
    orders = np.arange(1, int(spec.sample_rate / 2 / hz) + 1)
    spread = np.pi * orders * (orders - 1) / max(1, orders.size)
    turns = np.exp(2j * np.pi * hz * time)
    power, sound = np.ones_like(turns), np.zeros(time.size)
    for phase in spread:
        power = power * turns
        sound += (power * np.exp(1j * phase)).real
    sound *= 0.3 / np.abs(sound).max()
    mel = analyse(sound.astype(np.float32), spec)[0]
    first = -(-reach // spec.hop_length)
    inner = mel[:, first : max(first + 1, mel.shape[1] - first)]
    return np.asarray(inner.mean(1), np.float32)
