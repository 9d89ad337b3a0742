"""The pitch of a voice in a waveform: Hz per frame, 0 where there is none. Importing this module imports numba.

Not here: the harmonics behind a mel (`harmonic_track`); F0 for metrics, which is WORLD's.

Every 5 ms the sound to either side of that moment is correlated with itself at every lag of a pitch period, normalised by
the energy of the two stretches (the normalised cross-correlation of Talkin 1995, "A robust algorithm for pitch tracking",
laid symmetrically about the moment, so that a glide does not bias it). The peaks are candidates; the best path through them
and through silence has the costs of Boersma 1993, "Accurate short-term analysis of the fundamental frequency": for low
pitches, jumps, and changes between voiced and unvoiced.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.spec import MelSpec

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 55.0, 1100.0
STEP_S = 0.005
_RATE_HZ = 16000
_PASS_HZ = (50.0, 2000.0)
"""The sound is reduced to this band: rumble and most of the breath lie outside."""
_WINDOW_S = 0.03
_CANDIDATES = 8
_LEAST = 0.25
"""Peaks of a smaller correlation are no candidates."""
_VOICING, _SILENCE = 0.45, 0.01
"""Correlation from which a frame counts as voiced, and level (of the loudest) below which it seldom does."""
_OCTAVE_COST, _JUMP_COST, _CHANGE_COST = 0.05, 0.35, 0.25
"""Per octave of the period, per octave of a jump within 10 ms, and of a change between voiced and unvoiced."""
_CHUNK_FRAMES = 4096


def pitch(
    source: str | Path | Audio | NDArray[Any], spec: MelSpec | Dialect | str, *, sample_rate: int | None = None
) -> Float32:
    """The pitch at the frames of a mel: what a vocoder that is driven by pitch takes beside it.

    Args:
        source: a sound file, an `Audio`, or an array [time] or [channels, time]; channels are averaged.
        spec: the description of the mel, a dialect or its name: it says how many frames there are and where they lie.
        sample_rate: Hz, of an array.

    Returns:
        Hz per frame, float32 [frames]; 0 where unvoiced. 55 to 1100 Hz.

    Raises:
        AudioError, DialectError: see `melpact.core.errors`.
    """
    from melpact.features.analysis import as_audio, to_rate
    from melpact.features.framing import check_length

    target = as_spec(spec)
    sound = to_rate(as_audio(source, sample_rate), target.sample_rate)
    check_length(target, sound.n_samples)
    return pitch_at(sound.samples[0], target.sample_rate, frame_times_s(target, target.frames(sound.n_samples)))


def frame_times_s(spec: MelSpec, frames: int) -> Float64:
    """The moment in the middle of what each frame reads, seconds from the first sample."""
    first = spec.frame_length / 2 - spec.left_pad
    return (first + spec.hop_length * np.arange(frames)) / spec.sample_rate


def pitch_at(samples: Float32, sample_rate: int, times_s: Float64) -> Float32:
    """Hz at some moments of a mono waveform, float32 like `times_s`; 0 where unvoiced."""
    track = track_pitch(samples, sample_rate)
    return at_times(np.arange(track.size, dtype=np.float64) * STEP_S, track, times_s)


def track_pitch(samples: Float32, sample_rate: int, loud: float | None = None) -> Float32:
    """Hz every `STEP_S` from time 0 on, float32; 0 where unvoiced.

    Args:
        samples: mono, float32 [time].
        loud: `loudness` of more of the same sound, against which pauses are told; by default these samples' own.
    """
    frames = int(samples.size / sample_rate / STEP_S) + 1
    x = _reduced(samples, sample_rate)
    level = float(np.abs(x).max(initial=0.0))
    if level < 1e-5:
        return np.zeros(frames, np.float32)
    window = round(_WINDOW_S * _RATE_HZ)
    shortest, longest = int(_RATE_HZ / HIGHEST_HZ), int(np.ceil(_RATE_HZ / LOWEST_HZ))
    margin = window + longest + 2
    padded = np.pad(x, margin)
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    centres = margin + np.rint(np.arange(frames) * STEP_S * _RATE_HZ).astype(np.int64)
    lags = np.zeros((frames, _CANDIDATES), np.float32)
    fits = np.zeros((frames, _CANDIDATES), np.float32)
    for begin in range(0, frames, _CHUNK_FRAMES):
        part = slice(begin, min(begin + _CHUNK_FRAMES, frames))
        _candidates(padded, energy, centres[part], window, shortest, longest, _LEAST, lags[part], fits[part])
    rms = np.sqrt((energy[centres + window // 2] - energy[centres - window // 2]) / window)
    most = np.quantile(rms, 0.98) if loud is None else loud
    quiet = np.maximum(0.0, 2.0 - rms / (most * _SILENCE / (1 + _VOICING)))
    unvoiced = (_VOICING + quiet).astype(np.float32)
    period = lags / np.float32(_RATE_HZ)
    score = np.where(lags > 0, fits - _OCTAVE_COST * np.log2(np.maximum(period, 1e-9) * HIGHEST_HZ), -9.0)
    scale = 0.010 / STEP_S
    octave = np.log2(np.maximum(lags, 1e-9))
    path = _path(octave, score.astype(np.float32), unvoiced, _JUMP_COST * scale, _CHANGE_COST * scale)
    chosen = lags[np.arange(frames), np.maximum(path, 0)]
    return np.where(path >= 0, _RATE_HZ / np.maximum(chosen, 1.0), 0.0).astype(np.float32)


def loudness(samples: Float32, sample_rate: int) -> float:
    """How loud a sound's loud stretches are in the band that carries pitch: the 98 % quantile of its RMS over 30 ms."""
    x, window = _reduced(samples, sample_rate), round(_WINDOW_S * _RATE_HZ)
    if x.size < window:
        return 0.0
    energy = np.concatenate([[0.0], np.cumsum(np.square(x, dtype=np.float64))])
    return float(np.sqrt(np.quantile(np.maximum(energy[window:] - energy[:-window], 0.0), 0.98) / window))


def at_times(times_s: Float64, hz: Float32, wanted_s: Float64) -> Float32:
    """A track at other times: along the logarithm between two voiced neighbours, else as the nearer one.

    Args:
        times_s: growing. hz: of as many values, 0 where unvoiced.
    """
    if times_s.size == 1:
        return np.full(wanted_s.shape, hz[0], np.float32)
    after = np.clip(np.searchsorted(times_s, wanted_s), 1, times_s.size - 1)
    share = np.clip((wanted_s - times_s[after - 1]) / (times_s[after] - times_s[after - 1]), 0.0, 1.0)
    low, high = hz[after - 1].astype(np.float64), hz[after].astype(np.float64)
    both = (low > 0) & (high > 0)
    glide = np.exp((1 - share) * np.log(np.where(both, low, 1.0)) + share * np.log(np.where(both, high, 1.0)))
    return np.where(both, glide, np.where(share < 0.5, low, high)).astype(np.float32)


def _reduced(samples: Float32, sample_rate: int) -> Float32:
    """The sound at 16 kHz, without what lies outside the band that carries pitch; no phase is shifted."""
    from scipy.signal import sosfiltfilt

    from melpact.audio.resample import resample

    x = samples
    if sample_rate != _RATE_HZ:
        x = resample(Audio.of(samples, sample_rate), _RATE_HZ).samples[0]
    if x.size < 64:
        return np.zeros(x.size, np.float32)
    filtered = sosfiltfilt(_band(), x.astype(np.float64))
    return np.asarray(filtered, np.float32)


@lru_cache(maxsize=1)
def _band() -> Float64:
    from scipy.signal import butter

    made: Float64 = butter(2, _PASS_HZ, "bandpass", fs=_RATE_HZ, output="sos")
    return made


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _candidates(x, energy, centres, window, shortest, longest, least, lags, fits):  # type: ignore[no-untyped-def]
    """The highest peaks of the normalised correlation per frame, between the lags by a parabola; 0 where there are fewer."""
    count = longest - shortest + 3
    phi = np.zeros(count, np.float32)
    for t in range(centres.size):
        for k in range(count):
            lag = shortest - 1 + k
            first = centres[t] - (window + lag) // 2
            total = np.float32(0.0)
            a, b = x[first : first + window], x[first + lag : first + lag + window]
            for i in range(window):
                total += a[i] * b[i]
            size = (energy[first + window] - energy[first]) * (energy[first + lag + window] - energy[first + lag])
            phi[k] = total / np.sqrt(size + 1e-12)
        for k in range(1, count - 1):
            low, here, high = phi[k - 1], phi[k], phi[k + 1]
            if here < least or here < low or here <= high:
                continue
            bend = low - 2 * here + high
            shift = np.float32(0.5) * (low - high) / bend if bend < 0 else np.float32(0.0)
            value = here - np.float32(0.25) * (low - high) * shift
            worst = 0
            for j in range(1, fits.shape[1]):
                if fits[t, j] < fits[t, worst]:
                    worst = j
            if value > fits[t, worst]:
                fits[t, worst] = value
                lags[t, worst] = shortest - 1 + k + shift


@njit(cache=True, nogil=True)
def _path(octave, score, unvoiced, jump, change):  # type: ignore[no-untyped-def]
    """Candidate per frame (-1: unvoiced) on the path with the greatest sum of scores less the costs between frames."""
    frames, count = score.shape
    came = np.zeros((frames, count + 1), np.int16)
    total = np.empty(count + 1, np.float64)
    total[:count] = score[0]
    total[count] = unvoiced[0]
    best = np.empty(count + 1, np.float64)
    for t in range(1, frames):
        for j in range(count + 1):
            top, source = -1e30, count
            for i in range(count + 1):
                cost = 0.0
                if (i == count) != (j == count):
                    cost = change
                elif i < count:
                    cost = jump * abs(octave[t, j] - octave[t - 1, i])
                if total[i] - cost > top:
                    top, source = total[i] - cost, i
            came[t, j] = source
            best[j] = top + (unvoiced[t] if j == count else score[t, j])
        total[:] = best
    path = np.empty(frames, np.int64)
    at = int(np.argmax(total))
    for t in range(frames - 1, -1, -1):
        path[t] = at if at < count else -1
        at = came[t, at]
    return path
