"""Deterministic test signals, computed in float64: tones, noise, impulses, silence, speech-like sound.

Every tone is a sum of sines below the Nyquist frequency, so nothing aliases. Recorded human speech is in
`samples`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.core.errors import AudioError

Colour = Literal["white", "pink", "brown"]
Floats = NDArray[np.float64]

# Centre frequencies of the first four formants, Hz: male averages of Peterson & Barney 1952 (F4 assumed).
VOWELS: dict[str, tuple[float, float, float, float]] = {
    "i": (270.0, 2290.0, 3010.0, 3700.0),
    "e": (530.0, 1840.0, 2480.0, 3500.0),
    "a": (730.0, 1090.0, 2440.0, 3400.0),
    "o": (570.0, 840.0, 2410.0, 3300.0),
    "u": (300.0, 870.0, 2240.0, 3300.0),
}
_BANDWIDTHS_HZ = (70.0, 90.0, 130.0, 200.0, 250.0)
_INAUDIBLE = 1e-6


def silence(seconds: float, sample_rate: int, channels: int = 1) -> Audio:
    """Exact zeros."""
    return Audio(np.zeros((channels, _length(seconds, sample_rate)), np.float32), sample_rate)


def sine(
    frequency_hz: float, seconds: float, sample_rate: int, amplitude: float = 0.5, phase: float = 0.0
) -> Audio:
    """amplitude · sin(2π·frequency_hz·t + phase), phase in radians.

    Raises:
        AudioError: a frequency that is not below half the sample rate.
    """
    _below_nyquist(frequency_hz, sample_rate)
    time = np.arange(_length(seconds, sample_rate)) / sample_rate
    return _audio(amplitude * np.sin(2.0 * np.pi * frequency_hz * time + phase), sample_rate)


def sweep(low_hz: float, high_hz: float, seconds: float, sample_rate: int, amplitude: float = 0.5) -> Audio:
    """Exponential sine sweep from low_hz to high_hz (Farina 2000): equal frequency ratios in equal times."""
    _below_nyquist(high_hz, sample_rate)
    if not 0.0 < low_hz < high_hz:
        raise AudioError(
            "a sweep goes upwards from above 0 Hz",
            where="sweep",
            got=f"{low_hz} to {high_hz} Hz",
            wanted="0 < low_hz < high_hz",
        )
    n = _length(seconds, sample_rate)
    rate = math.log(high_hz / low_hz) / (n / sample_rate)
    phase = 2.0 * np.pi * low_hz * np.expm1(np.arange(n) / sample_rate * rate) / rate
    return _audio(amplitude * np.sin(phase), sample_rate)


def impulses(seconds: float, sample_rate: int, every_s: float = 0.1, amplitude: float = 0.9) -> Audio:
    """Single samples of `amplitude`, the first at 0, one every `every_s` (to the sample), else zeros."""
    samples = np.zeros(_length(seconds, sample_rate))
    samples[:: max(1, round(every_s * sample_rate))] = amplitude
    return _audio(samples, sample_rate)


def noise(
    rng: np.random.Generator,
    seconds: float,
    sample_rate: int,
    colour: Colour = "white",
    rms: float = 0.1,
    channels: int = 1,
) -> Audio:
    """Gaussian noise with power per Hz as 1 (white), 1/f (pink) or 1/f² (brown), no DC, scaled to `rms`."""
    exponents = {"white": 0.0, "pink": 0.5, "brown": 1.0}
    if colour not in exponents:
        raise AudioError(
            "no such colour of noise", where="noise", got=repr(colour), wanted=", ".join(exponents)
        )
    n = _length(seconds, sample_rate)
    samples = rng.standard_normal((channels, n))
    if n > 1:
        spectrum = np.fft.rfft(samples)
        bins = np.arange(spectrum.shape[1], dtype=np.float64)
        spectrum[:, 1:] *= bins[1:] ** -exponents[colour]
        spectrum[:, 0] = 0.0
        samples = np.fft.irfft(spectrum, n)
    return _audio(samples * (rms / np.sqrt(np.mean(samples * samples))), sample_rate)


def harmonic_voice(
    f0_hz: float = 120.0,
    formants_hz: Sequence[float] = VOWELS["a"],
    seconds: float = 1.0,
    sample_rate: int = 22050,
    *,
    vibrato_hz: float = 5.0,
    vibrato_cents: float = 30.0,
    pauses: Sequence[tuple[float, float]] = (),
    amplitude: float = 0.7,
) -> Audio:
    """A sung vowel: harmonics of f0, falling 12 dB per octave, through formant resonances.

    Args:
        f0_hz: mean fundamental frequency.
        formants_hz: up to five resonance frequencies.
        seconds: length.
        sample_rate: Hz; harmonics stay below half of it.
        vibrato_hz: how often f0 swings per second.
        vibrato_cents: by how much, to each side; 0 gives a strictly periodic sound.
        pauses: (start_s, end_s) spans that are exactly silent, with 10 ms ramps inside the voice.
        amplitude: of the loudest sample.
    """
    if f0_hz <= 0.0:
        raise AudioError(
            "a voice has a positive fundamental frequency", where="f0_hz", got=f0_hz, wanted="Hz, such as 120"
        )
    _below_nyquist(f0_hz * 2.0 ** (abs(vibrato_cents) / 1200.0), sample_rate)
    n = _length(seconds, sample_rate)
    time = np.arange(n) / sample_rate
    f0 = f0_hz * 2.0 ** (vibrato_cents / 1200.0 * np.sin(2.0 * np.pi * vibrato_hz * time))
    formants = np.repeat(np.array([list(formants_hz)], np.float64), 2, axis=0)
    voice = _voiced(f0, formants, np.array([0.0, float(n)]), sample_rate)
    gate = np.ones(n)
    for start_s, end_s in pauses:
        outside = np.maximum(start_s - time, time - end_s)
        gate = np.minimum(gate, 0.5 - 0.5 * np.cos(np.pi * np.clip(outside / 0.010, 0.0, 1.0)))
    return _audio(_to_peak(voice * gate, amplitude), sample_rate)


def speech_like(
    seconds: float, sample_rate: int, seed: int | np.random.Generator = 0, *, f0_hz: float | None = None
) -> Audio:
    """Sound with the make-up of speech: gliding vowels, fricatives, bursts, stops, pauses, a noise floor.

    Runs of 4 to 9 syllables (a fricative, a burst or nothing, then a vowel) stand between pauses of 0.2 to
    0.5 s. About a fifth of the time is silent but for a floor near -72 dB; frame levels span 55 dB; the
    peak is 0.7. No words.

    Args:
        seconds: length.
        sample_rate: Hz.
        seed: an int or a Generator; equal seeds give equal sound.
        f0_hz: mean fundamental frequency; drawn between 90 and 230 Hz if None.
    """
    rng = np.random.default_rng(seed)
    n = _length(seconds, sample_rate)
    mean_f0 = float(rng.uniform(90.0, 230.0)) if f0_hz is None else f0_hz
    stretch = (mean_f0 / 120.0) ** 0.25
    times: list[float] = [0.0]
    targets: list[tuple[float, ...]] = [VOWELS["a"]]
    voiced, fricative = np.zeros(n), np.zeros(n)
    centres: list[tuple[int, int, float]] = []
    at = 0.0
    syllables_left = int(rng.integers(4, 10))
    while at < seconds:
        kind = rng.choice(["fricative", "burst", "none"], p=[0.4, 0.3, 0.3])
        if kind == "fricative":
            length = float(rng.uniform(0.06, 0.14))
            _add_envelope(fricative, at, length, float(rng.uniform(0.05, 0.2)), sample_rate)
            centres.append(
                (
                    round(at * sample_rate),
                    round((at + length) * sample_rate),
                    float(rng.uniform(2500.0, 7000.0)),
                )
            )
            at += length
        elif kind == "burst":
            gap, length = float(rng.uniform(0.03, 0.07)), 0.015
            _add_envelope(fricative, at + gap, length, float(rng.uniform(0.1, 0.3)), sample_rate)
            centres.append(
                (
                    round((at + gap) * sample_rate),
                    round((at + gap + length) * sample_rate),
                    float(rng.uniform(1000.0, 5000.0)),
                )
            )
            at += gap + length
        length = float(rng.uniform(0.09, 0.24))
        _add_envelope(voiced, at, length, float(10.0 ** rng.uniform(-0.8, 0.0)), sample_rate)
        for part in (0.25, 0.75):
            times.append((at + part * length) * sample_rate)
            targets.append(VOWELS[str(rng.choice(list(VOWELS)))])
        at += length
        syllables_left -= 1
        if syllables_left == 0:
            at += float(rng.uniform(0.2, 0.5))
            syllables_left = int(rng.integers(4, 10))
    time = np.arange(n) / sample_rate
    drift = np.sin(2.0 * np.pi * 0.4 * time + rng.uniform(0.0, 6.28)) + 0.4 * np.sin(
        2.0 * np.pi * 1.7 * time + rng.uniform(0.0, 6.28)
    )
    f0 = mean_f0 * 2.0 ** (drift * 0.18)
    formants = np.array(targets) * stretch
    voice = _voiced(f0, formants, np.array(times), sample_rate)
    hiss = rng.standard_normal(n)
    fricatives = np.zeros(n)
    for start, end, centre in centres:
        fricatives[start:end] = _band(hiss[start:end], min(centre, 0.4 * sample_rate), sample_rate)
    floor = 10.0 ** (-70.0 / 20.0) * rng.standard_normal(n)
    total = _to_peak(voice, 1.0) * voiced + fricatives * fricative + floor
    return _audio(_to_peak(total, 0.7), sample_rate)


def _voiced(f0: Floats, formants: Floats, knots: Floats, sample_rate: int) -> Floats:
    """Harmonics of f0 [n], through formants [k, m] that move linearly between the samples `knots` [k]."""
    n = len(f0)
    phase = 2.0 * np.pi * np.cumsum(f0) / sample_rate
    grid = np.arange(0.0, n + 1.0, max(1.0, 0.005 * sample_rate))
    moving = np.stack([np.interp(grid, knots, formants[:, i]) for i in range(formants.shape[1])], axis=1)
    grid_f0 = np.interp(grid, np.arange(n), f0)
    total = np.zeros(n)
    position = np.arange(n)
    turn = np.exp(1j * phase)
    harmonic = np.ones(n, np.complex128)
    largest = 0.0
    for k in range(1, int(0.5 * sample_rate / f0.min()) + 1):
        harmonic *= turn
        gains = _formant_gain(k * grid_f0, moving) / k
        largest = max(largest, float(gains.max()))
        if gains.max() < _INAUDIBLE * largest and k * f0.min() > formants.max():
            break
        gain = np.interp(position, grid, gains)
        total += np.where(k * f0 < 0.48 * sample_rate, gain, 0.0) * harmonic.imag
    return total


def _formant_gain(frequency: Floats, formants: Floats) -> Floats:
    """|H| of cascaded two-pole resonators, unit gain at 0 Hz (Fant 1960): frequency [k], formants [k, m]."""
    gain = np.ones_like(frequency)
    for i in range(formants.shape[1]):
        centre, half = formants[:, i], 0.5 * _BANDWIDTHS_HZ[min(i, len(_BANDWIDTHS_HZ) - 1)]
        whole = centre**2 + half**2
        gain *= whole / np.sqrt(((frequency - centre) ** 2 + half**2) * ((frequency + centre) ** 2 + half**2))
    return gain


def _band(samples: Floats, centre_hz: float, sample_rate: int) -> Floats:
    """Noise shaped to a bell of two octaves around centre_hz, at unit power."""
    if len(samples) < 2:
        return samples
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1.0 / sample_rate)
    spectrum *= np.exp(-0.5 * np.log2(np.maximum(frequency, 1.0) / centre_hz) ** 2 * 4.0)
    shaped = np.fft.irfft(spectrum, len(samples))
    return shaped / max(float(np.sqrt(np.mean(shaped * shaped))), 1e-12)


def _add_envelope(into: Floats, start_s: float, length_s: float, level: float, sample_rate: int) -> None:
    start, end = round(start_s * sample_rate), min(len(into), round((start_s + length_s) * sample_rate))
    if end > start:
        into[start:end] = (
            level
            * np.sin(np.pi * (np.arange(end - start) + 0.5) / (round(length_s * sample_rate) + 1)) ** 0.5
        )


def _to_peak(samples: Floats, peak: float) -> Floats:
    largest = float(np.abs(samples).max())
    return samples * (peak / largest) if largest > 0.0 else samples


def _length(seconds: float, sample_rate: int) -> int:
    n = round(seconds * sample_rate)
    if n < 1:
        raise AudioError(
            "a signal has at least one sample",
            where="seconds",
            got=f"{seconds} s at {sample_rate} Hz",
            wanted="1 sample or more",
        )
    return n


def _below_nyquist(frequency_hz: float, sample_rate: int) -> None:
    if not 0.0 <= frequency_hz < sample_rate / 2:
        raise AudioError(
            "this frequency does not exist at this sample rate",
            where="frequency_hz",
            got=f"{frequency_hz} Hz",
            wanted=f"below {sample_rate / 2:g} Hz",
        )


def _audio(samples: Floats, sample_rate: int) -> Audio:
    return Audio(np.ascontiguousarray(np.atleast_2d(samples), dtype=np.float32), sample_rate)
