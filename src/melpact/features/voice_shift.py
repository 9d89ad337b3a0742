"""A voice at another pitch and with another vocal tract, in the waveform; its length, pauses and loudness stay.

Pitch-synchronous overlap and add (Moulines and Charpentier 1990, "Pitch-synchronous waveform processing techniques"): marks
one period apart are laid through every voiced stretch, each where the wave is most like it was at the mark before; two
periods around a mark are cut out and laid down again at the wanted distance. The envelope of each piece stays, so the
formants do; reading the pieces faster or slower moves the formants without the pitch. What is unvoiced is passed on. A mel
is no place to do this: above about 1 kHz its bands hold several harmonics each, and which of them is gone.

Finding the pitch is in `pitch`, putting its octaves right in `octaves`. Importing this module imports numba.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.features.pitch import STEP_S

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_UNVOICED_S = 0.005
_TAPS, _PHASES = 12, 512
"""Of the interpolation: samples on either side, and places between two samples at which it is known."""
_LOUDNESS_S, _MOST_GAIN = 0.02, 2.0
_SEARCH = 0.15
"""A mark may lie this share of a period off where the pitch says."""
_SHORTEST_PERIODS = 3.0


def shifted(samples: Float32, sample_rate: int, f0_hz: Float32, *, semitones: float = 0.0, formant: float = 1.0) -> Float32:
    """The voice moved; the same array where nothing is to move or nothing is voiced.

    Args:
        samples: mono, float32 [time].
        f0_hz: its pitch every `pitch.STEP_S` from time 0 on (`pitch.track_pitch`), 0 where unvoiced.
        semitones: of the pitch.
        formant: factor on the frequencies of the envelope, 0.5 to 2.

    Returns:
        float32 of the same length.

    Raises:
        ContractError: a formant outside its range.
    """
    if not 0.5 <= formant <= 2.0:
        raise ContractError("formants move by a factor", where="formant", got=formant, wanted="0.5 to 2")
    ratio = 2.0 ** (semitones / 12)
    if (ratio == 1.0 and formant == 1.0) or samples.size == 0 or (formant == 1.0 and not (f0_hz > 0).any()):
        return samples
    x = samples.astype(np.float64)
    at, period, voiced = _marks(x, sample_rate, f0_hz)
    place, source, before, behind = _laid(at, period, voiced, ratio)
    kernels = _kernels(min(1.0, 1.0 / formant))
    made = _overlapped(x, at[source], place, before, behind, voiced[source], formant, kernels)
    return np.asarray(_as_loud(made, x, sample_rate), np.float32)


def _marks(x: Float64, sample_rate: int, f0_hz: Float32) -> tuple[Float64, Float64, NDArray[np.bool_]]:
    """Where the pieces are cut, growing: positions, periods (in samples) and whether the voice is on."""
    at, period, voiced = list[float](), list[float](), list[bool]()
    step = _UNVOICED_S * sample_rate

    def fill(end: float) -> None:
        begin = at[-1] if at else -step
        count = max(1, round((end - begin) / step))
        for i in range(1, count):
            at.append(begin + i * (end - begin) / count)
            period.append((end - begin) / count)
            voiced.append(False)

    on = np.concatenate([[0], (f0_hz > 0).astype(np.int8), [0]])
    change = np.diff(on)
    for first, last in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
        begin, end = max(0.0, (first - 0.5) * STEP_S * sample_rate), min(x.size - 1.0, (last - 0.5) * STEP_S * sample_rate)
        track = sample_rate / f0_hz[first:last].astype(np.float64)
        if end - begin < _SHORTEST_PERIODS * float(np.median(track)):
            continue
        found = _through(x, begin, end, track, first * STEP_S * sample_rate, STEP_S * sample_rate, _SEARCH)
        if found.size < 2:
            continue
        fill(float(found[0]))
        gaps = np.diff(found)
        at += found.tolist()
        period += [*gaps.tolist(), float(gaps[-1])]
        voiced += [True] * found.size
    fill(x.size + step)
    return np.array(at), np.array(period), np.array(voiced)


def _laid(
    at: Float64, period: Float64, voiced: NDArray[np.bool_], ratio: float
) -> tuple[Float64, NDArray[np.int64], Float64, Float64]:
    """Where which piece is laid down: place, source, and the reach of its window to both sides, in samples."""
    place, source = list[float](), list[int]()
    edges = np.flatnonzero(np.diff(np.concatenate([[-1], voiced.astype(np.int8), [-1]]))).tolist()
    for begin, end in pairwise(edges):
        if not voiced[begin]:
            place += at[begin:end].tolist()
            source += range(begin, end)
            continue
        here, last, i = at[begin], at[end - 1], begin
        while here <= last + 0.25 * period[end - 1] / ratio:
            while i + 1 < end and abs(at[i + 1] - here) <= abs(at[i] - here):
                i += 1
            place.append(here)
            source.append(i)
            here += period[i] / ratio
    where, taken = np.array(place), np.array(source, np.int64)
    gaps = np.diff(where)
    before, behind = np.concatenate([gaps[:1], gaps]), np.concatenate([gaps, gaps[-1:]])
    own, on = period[taken], voiced[taken]
    left, right = np.concatenate([[False], on[:-1]]), np.concatenate([on[1:], [False]])
    return where, taken, np.where(on & left, own, before), np.where(on & right, own, behind)


@njit(cache=True, nogil=True)
def _through(x, begin, end, track, track_begin, track_step, search):  # type: ignore[no-untyped-def]
    """Marks through one voiced stretch, from its strongest moment to both ends."""

    size = int(end - begin) + 1
    first = int(begin)
    middle = int(np.median(track))
    quarter = max(1, middle // 8)
    best, start = -1.0, begin
    total = 0.0
    # where the energy within a quarter of a period is greatest, the glottis has just closed
    for k in range(size):
        n = first + k
        if n + quarter < x.size:
            total += x[n + quarter] * x[n + quarter]
        if n - quarter - 1 >= 0:
            total -= x[n - quarter - 1] * x[n - quarter - 1]
        if total > best and n > begin + middle and n < end - middle:
            best, start = total, float(n)
    if best < 0:
        start = 0.5 * (begin + end)
    found = [start]
    for direction in (1, -1):
        here = start
        one = [0.0][:0]
        while True:
            index = round((here - track_begin) / track_step)
            index = min(max(index, 0), track.size - 1)
            period = track[index]
            guess = here + direction * period
            if guess > end or guess < begin:
                break
            reach = int(period)
            margin = max(1, int(search * period))
            top, lag = -2.0, 0
            scores = np.empty(2 * margin + 1)
            base, aim = round(here), round(guess)
            for d in range(-margin, margin + 1):
                dot, a2, b2 = 0.0, 1e-12, 1e-12
                for k in range(-reach // 2, reach // 2 + 1):
                    i, j = base + k, aim + d + k
                    if i < 0 or j < 0 or i >= x.size or j >= x.size:
                        continue
                    dot += x[i] * x[j]
                    a2 += x[i] * x[i]
                    b2 += x[j] * x[j]
                score = dot / np.sqrt(a2 * b2) - 0.1 * (d / period) ** 2
                scores[d + margin] = score
                if score > top:
                    top, lag = score, d
            offset = 0.0
            k = lag + margin
            if 0 < k < 2 * margin:
                bend = scores[k - 1] - 2 * scores[k] + scores[k + 1]
                if bend < 0:
                    offset = 0.5 * (scores[k - 1] - scores[k + 1]) / bend
            moved = aim + lag + offset + (here - base)
            if abs(moved - here) < 0.5 * period:
                moved = guess
            if moved > end or moved < begin:
                break
            one.append(moved)
            here = moved
        if direction == 1:
            found = found + one
        else:
            found = one[::-1] + found
    return np.array(found)


def _kernels(low: float) -> Float64:
    """Interpolation at `_PHASES` places between two samples, below `low` of half the rate: [_PHASES + 1, 2·_TAPS]."""
    distance = np.arange(1 - _TAPS, _TAPS + 1) - np.arange(_PHASES + 1)[:, None] / _PHASES
    made: Float64 = low * np.sinc(low * distance) * np.cos(np.pi / 2 * distance / (_TAPS + 0.5)) ** 2
    return made


def _as_loud(made: Float64, x: Float64, sample_rate: int) -> Float64:
    """The loudness of the original within `_LOUDNESS_S`, by a gain of at most `_MOST_GAIN`."""
    from scipy.ndimage import uniform_filter1d

    size = max(1, round(_LOUDNESS_S * sample_rate))
    power = [uniform_filter1d(uniform_filter1d(y * y, size, mode="constant"), size, mode="constant") for y in (x, made)]
    quiet = 1e-10 + 1e-6 * float(power[0].max())
    gain = np.sqrt((np.maximum(power[0], 0) + quiet) / (np.maximum(power[1], 0) + quiet))
    louder: Float64 = made * np.clip(gain, 1 / _MOST_GAIN, _MOST_GAIN)
    return louder


@njit(cache=True, nogil=True)
def _overlapped(x, cut, place, before, behind, voiced, formant, kernels):  # type: ignore[no-untyped-def]
    """Pieces around `cut` laid down around `place`, under Hann halves that reach `before` and `behind`."""
    made = np.zeros(x.size)
    phases, taps = kernels.shape[0] - 1, kernels.shape[1] // 2
    for p in range(cut.size):
        shrink = formant if voiced[p] else 1.0
        left, right = before[p] / shrink, behind[p] / shrink
        for n in range(max(0, int(np.ceil(place[p] - left))), min(x.size, int(np.floor(place[p] + right)) + 1)):
            tau = n - place[p]
            side = tau / (left if tau < 0 else right)
            where = cut[p] + tau * formant
            middle = int(np.floor(where))
            phase = round((where - middle) * phases)
            value = 0.0
            for k in range(2 * taps):
                i = middle + k - taps + 1
                if 0 <= i < x.size:
                    value += x[i] * kernels[phase, k]
            made[n] += (0.5 + 0.5 * np.cos(np.pi * side)) * value
    return made
