"""What one utterance's sound is like, in numbers: decoded once and measured. What is wrong with it is in `checks`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from melpact.audio.files import probe, read
from melpact.core.errors import MelpactError
from melpact.corpus.fingerprints import Words, words_of_sound
from melpact.corpus.manifest import Manifest, Utterance, file_hash

Float32 = NDArray[np.float32]

_FRAME_S = 0.02
_QUIET_DB, _SILENT_DB = 40.0, -66.0
_SPECTRUM = 2048
_STEP_HZ, _BELOW_HZ, _GAP_HZ = 50.0, 500.0, 150.0
_LEAST_DROP_DB = 25.0
_RUN = 3


@dataclass(frozen=True)
class Inspected:
    """One utterance as it is now.

    Attributes:
        problem: why it cannot be read; everything else is then empty.
        sample_rate, n_samples, channels, sha256: of the whole file.
        peak: largest absolute sample, 1 is full scale.
        rms_db: re full scale.
        dc: mean of the samples.
        clipped: share of samples in runs of three or more at the peak.
        lead_s, tail_s: silence before the first and behind the last sound.
        top_hz: where the spectrum falls off a cliff; half the rate where it does not.
        drop_db: how deep that cliff is; 0 where there is none.
        words: what it is recognised by.
    """

    id: str
    problem: str = ""
    sample_rate: int = 0
    n_samples: int = 0
    channels: int = 0
    sha256: str = ""
    peak: float = 0.0
    rms_db: float = -np.inf
    dc: float = 0.0
    clipped: float = 0.0
    lead_s: float = 0.0
    tail_s: float = 0.0
    top_hz: float = 0.0
    drop_db: float = 0.0
    words: Words = field(default_factory=lambda: np.zeros(0, np.uint32))

    @property
    def silent(self) -> bool:
        """Nothing to hear in it."""
        return not self.problem and self.rms_db < _SILENT_DB


def inspect(manifest: Manifest, utterance: Utterance) -> Inspected:
    """Decode an utterance and measure it; a file that cannot be read is a result, too."""
    path = manifest.path_of(utterance)
    try:
        info = probe(path)
        begin = min(utterance.offset_samples, info.n_samples - 1)
        count = min(utterance.n_samples, info.n_samples - begin)
        audio = read(path, start_s=begin / info.sample_rate, duration_s=count / info.sample_rate)
        hashed = file_hash(path)
    except (MelpactError, OSError) as error:
        return Inspected(utterance.id, problem=str(error))
    rate, samples = audio.sample_rate, audio.mono().samples[0]
    lead, tail = edges(samples, rate)
    top, drop = bandwidth(samples, rate)
    return Inspected(
        utterance.id, "", info.sample_rate, info.n_samples, info.channels, hashed, audio.peak, audio.rms_db,
        float(samples.mean(dtype=np.float64)), clipped_share(audio.samples), lead, tail, top, drop,
        words_of_sound(samples, rate),
    )  # fmt: skip


def clipped_share(samples: Float32) -> float:
    """The share of samples [channels, time] in runs of three or more of one value within one 16-bit step of the peak."""
    total = 0
    for row in samples:
        for ceiling, sign in ((float(row.max()), 1), (float(-row.min()), -1)):
            if ceiling <= 0:
                continue
            at = np.concatenate([[0], (sign * row >= ceiling - 1 / 32768).astype(np.int8), [0]])
            change = np.diff(at)
            lengths = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
            total += int(lengths[lengths >= _RUN].sum())
    return total / samples.size


def edges(samples: Float32, sample_rate: int) -> tuple[float, float]:
    """Seconds before the first and behind the last frame of 20 ms within 40 dB of the loud ones; all of it where silent."""
    size = max(1, round(_FRAME_S * sample_rate))
    count = -(-samples.size // size)
    frames = np.pad(samples, (0, count * size - samples.size)).reshape(count, size)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loud = np.quantile(power, 0.95)
    heard = np.flatnonzero(power > max(loud * 10 ** (-_QUIET_DB / 10), 1e-12))
    whole = samples.size / sample_rate
    if heard.size == 0:
        return whole, whole
    return heard[0] * size / sample_rate, max(0.0, whole - (heard[-1] + 1) * size / sample_rate)


def bandwidth(samples: Float32, sample_rate: int) -> tuple[float, float]:
    """(Hz, dB): where the mean spectrum drops at once and stays down, and how far; (half the rate, 0) where it does not.

    The level just below a frequency is compared with the highest level anywhere above it: a recording's own decay is
    gradual, what an anti-aliasing filter of a lower rate or a codec leaves is a cliff.
    """
    nyquist = sample_rate / 2
    if samples.size < 2 * _SPECTRUM:
        return nyquist, 0.0
    frames = samples[: samples.size // _SPECTRUM * _SPECTRUM].reshape(-1, _SPECTRUM)
    power = np.abs(rfft(frames * np.hanning(_SPECTRUM).astype(np.float32), axis=1)).astype(np.float64) ** 2
    mean = power.mean(axis=0)
    if mean.max() <= 0:
        return nyquist, 0.0
    width = sample_rate / _SPECTRUM
    smooth = np.convolve(mean, np.full(9, 1 / 9), "same")
    level = 10 * np.log10(smooth + 1e-12 * smooth.max())
    above = np.maximum.accumulate(level[::-1])[::-1]
    found, deepest = nyquist, 0.0
    for edge in np.arange(1000.0, 0.96 * nyquist - _GAP_HZ, _STEP_HZ):
        low, here, high = round((edge - _BELOW_HZ) / width), round(edge / width), round((edge + _GAP_HZ) / width)
        drop = float(level[low:here].mean() - above[min(high, above.size - 1)])
        if drop > deepest:
            found, deepest = edge, drop
    return (found, deepest) if deepest >= _LEAST_DROP_DB else (nyquist, 0.0)
