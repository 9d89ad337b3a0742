"""The harmonics behind a mel: fundamental frequency and strength per frame, read off the low bands.

Lives here: the track and the comb that it puts into an inversion's start. Not here: pitch of a waveform, the
inversion. Importing this module imports numba.

Below about 1 kHz a mel's bands are narrow enough to resolve the harmonics of a voice; above they blur them.
The track fits the low bands of each frame by what the window's main lobes at multiples of a candidate would
give, and joins the frames by dynamic programming. The comb then carries the harmonics up to where the bands
cannot show them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from melpact.features.gaussian_window import window_gamma
from melpact.features.inversion import Bands, bands_of, checked_mel

_LOWEST_HZ, _HIGHEST_HZ, _STEP = 60.0, 800.0, 0.01
"""Candidates for the fundamental; the step is relative."""
_BANDS_HZ = (50.0, 1200.0)
"""Centres of the bands that are fitted."""
_TILT_TERMS = 4
"""Cosines over those bands whose part is removed: the envelope of the voice."""
_LOUDNESS_RANGE = 10 ** (-50 / 20)
"""Bands this far below a frame's loudest count as this level."""
_TEMPLATE_DEPTH, _COMB_DEPTH = 3.0, 4.0
"""Deepest valley between harmonics, in nepers: of the fitted templates, of the comb."""
_SPREAD = 0.004
"""Relative width by which a harmonic is blurred: error of the track and movement of the voice inside a
window."""
_FULL_STRENGTH = 0.9
"""Fit (a normalised correlation) from which the comb has its full depth."""
_GLIDE_PER_S = 5.0
"""Fastest glide of the fundamental, in nepers a second; faster changes are jumps."""
_GLIDE_COST, _JUMP_COST = 0.058, 1.0
"""Of a glide of one neper a second during a second; of a jump."""
_CHUNK_FRAMES = 8192
"""Frames tracked together, so that memory does not grow."""


@dataclass(frozen=True)
class HarmonicTrack:
    """Fundamental and strength of the harmonics, frame by frame."""

    fundamental_hz: NDArray[np.float32]
    """`[frames]`; meaningless where the strength is zero."""
    strength: NDArray[np.float32]
    """`[frames]`, 0 (none) to 1."""
    sample_rate: int
    n_fft: int
    lobe_hz: float
    """Standard deviation of the Gaussian nearest to the window's main lobe."""

    def log_comb(self, begin: int, end: int, *, bins: int) -> NDArray[np.float32]:
        """Log magnitude (0 at a harmonic, negative between) of frames begin .. end: float32 `[bins,
        frames]`."""
        frequency = np.arange(bins, dtype=np.float32) * np.float32(self.sample_rate / self.n_fft)
        comb = _log_comb(frequency, self.fundamental_hz[begin:end], self.lobe_hz, _COMB_DEPTH)
        return comb * self.strength[begin:end]


@dataclass(frozen=True)
class Tracker:
    """What the harmonics of any number of mels of one bank and one framing are found with."""

    bands: Bands
    power: int
    sample_rate: int
    n_fft: int
    lobe_hz: float
    low: NDArray[np.int64]
    """The bands that are fitted."""
    candidates: NDArray[np.float32]
    template: NDArray[np.float32]
    """`[low bands, candidates]`"""
    tilt: NDArray[np.float32]
    reach: int
    cost: np.float32

    @classmethod
    def of(
        cls,
        bank: ArrayLike | Bands,
        *,
        power: int,
        sample_rate: int,
        n_fft: int,
        hop_length: int,
        window: NDArray[np.float64],
    ) -> Tracker:
        """Arguments and errors as for `track_harmonics`."""
        bands = bands_of(bank)
        lobe_hz = sample_rate / float(np.sqrt(2 * np.pi * window_gamma(window)))
        frequency = np.arange(bands.covered.size, dtype=np.float32) * np.float32(sample_rate / n_fft)
        centre = bands.weights @ frequency
        low = np.flatnonzero((centre > _BANDS_HZ[0]) & (centre < _BANDS_HZ[1]) & (bands.row_sum > 0))
        candidates = np.exp(np.arange(np.log(_LOWEST_HZ), np.log(_HIGHEST_HZ), _STEP)).astype(np.float32)
        template, tilt = np.zeros((low.size, candidates.size), np.float32), np.zeros((low.size, _TILT_TERMS), np.float32)
        if low.size > 2 * _TILT_TERMS:
            lobes = np.exp(power * _log_comb(frequency, candidates, lobe_hz, _TEMPLATE_DEPTH))
            position = (centre[low] - centre[low[0]]) / (centre[low[-1]] - centre[low[0]])
            tilt = np.linalg.qr(np.cos(np.pi * np.outer(position, np.arange(_TILT_TERMS))))[0].astype(np.float32)
            template = np.log(bands.weights[low] @ lobes) / np.float32(power)
            template -= tilt @ (tilt.T @ template)
            size = np.linalg.norm(template, axis=0)
            template /= np.maximum(size, np.float32(0.3) * size.max())
        hop_s = hop_length / sample_rate
        reach = max(1, round(_GLIDE_PER_S * hop_s / _STEP))
        cost = np.float32(_GLIDE_COST * _STEP / hop_s)
        return cls(bands, power, sample_rate, n_fft, lobe_hz, low, candidates, template, tilt, reach, cost)

    def track(self, linear_mel: ArrayLike) -> HarmonicTrack:
        """The harmonics of a mel `[n_mels, frames]`.

        Raises:
            ContractError: it is negative, not finite or does not fit the bank.
        """
        mel = checked_mel(linear_mel, self.bands, self.power)
        frames, low = mel.shape[1], self.low
        fundamental = np.full(frames, _LOWEST_HZ, dtype=np.float32)
        strength = np.zeros(frames, dtype=np.float32)
        for begin in range(0, frames if low.size > 2 * _TILT_TERMS else 0, _CHUNK_FRAMES):
            part = slice(begin, min(begin + _CHUNK_FRAMES, frames))
            score = self.template.T @ _shape(mel[low, part] / self.bands.row_sum[low, None], self.tilt, self.power)
            path = _best_path(score, self.reach, self.cost, np.float32(_JUMP_COST))
            fundamental[part], fit = _refined(score, path, self.candidates)
            strength[part] = np.clip(fit / _FULL_STRENGTH, 0, 1)
        return HarmonicTrack(fundamental, strength, self.sample_rate, self.n_fft, self.lobe_hz)


def track_harmonics(
    linear_mel: ArrayLike,
    bank: ArrayLike | Bands,
    *,
    power: int,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    window: NDArray[np.float64],
) -> HarmonicTrack:
    """Find the harmonics of a voice (60 to 800 Hz) in a linear mel.

    Args:
        linear_mel: `[n_mels, frames]`, the logarithm and any scaling already undone.
        bank: `[n_mels, bins]`.
        power: 1 if the bank acted on |X|, 2 if on |X|^2.
        sample_rate, n_fft, hop_length: of the analysis.
        window: float64 `[n_fft]`, zero-padded.

    Raises:
        ContractError: a mel that is negative, not finite or does not fit the bank.
    """
    made = Tracker.of(
        bank, power=power, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop_length, window=window
    )  # fmt: skip
    return made.track(linear_mel)


def _log_comb(
    frequency: NDArray[np.float32], fundamental: NDArray[np.float32], lobe_hz: float, depth: float
) -> NDArray[np.float32]:
    """Main lobes at the multiples of each fundamental, in nepers: `[len(frequency), len(fundamental)]`."""
    column = frequency[:, None]
    multiple = np.maximum(np.round(column / fundamental), np.float32(1))
    multiple *= fundamental
    multiple -= column
    np.square(multiple, out=multiple)
    variance = lobe_hz**2 + (_SPREAD * column) ** 2
    multiple *= (-0.5 / variance).astype(np.float32)
    return np.maximum(multiple, np.float32(-depth), out=multiple)


def _shape(level: NDArray[np.float64], tilt: NDArray[np.float32], power: int) -> NDArray[np.float32]:
    """Log levels of the low bands without their envelope, at most of unit norm: `[bands, frames]`."""
    magnitude = level ** (1 / power)
    floor = np.maximum(magnitude.max(axis=0) * _LOUDNESS_RANGE, 1e-30)
    shape = np.log(np.maximum(magnitude, floor)).astype(np.float32)
    shape -= tilt @ (tilt.T @ shape)
    # flat frames stay small instead of being scaled up to look like a voice
    size = np.maximum(np.linalg.norm(shape, axis=0), 0.15 * np.sqrt(len(shape)))
    return np.asarray(shape / size, dtype=np.float32)


def _refined(
    score: NDArray[np.floating], path: NDArray[np.int64], candidates: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Fundamental between the candidates, by a parabola through the scores, and the score on the path."""
    frame = np.arange(path.size)
    middle = np.clip(path, 1, candidates.size - 2)
    below, here, above = score[middle - 1, frame], score[middle, frame], score[middle + 1, frame]
    curvature = np.minimum(below - 2 * here + above, np.float32(-1e-6))
    offset = np.clip(0.5 * (below - above) / curvature, -1, 1)
    return candidates[middle] * np.exp(np.float32(_STEP) * offset), score[path, frame]


@njit(cache=True, nogil=True)
def _best_path(score, reach, cost, jump):  # type: ignore[no-untyped-def]
    """Candidate per frame with the greatest sum of scores less the costs of moving; `score` is [candidates,
    frames]."""
    count, frames = score.shape
    total = score[:, 0].copy()
    came_from = np.empty((frames, count), np.int16)
    best = np.empty(count, np.float32)
    for t in range(1, frames):
        top = 0
        for i in range(1, count):
            if total[i] > total[top]:
                top = i
        for i in range(count):
            source = top
            value = total[top] - jump
            for j in range(max(0, i - reach), min(count, i + reach + 1)):
                glided = total[j] - cost * np.float32(abs(i - j))
                if glided > value:
                    value = glided
                    source = j
            best[i] = value + score[i, t]
            came_from[t, i] = source
        for i in range(count):
            total[i] = best[i]
    path = np.empty(frames, np.int64)
    last = 0
    for i in range(1, count):
        if total[i] > total[last]:
            last = i
    path[frames - 1] = last
    for t in range(frames - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path
