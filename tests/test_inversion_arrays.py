"""Mel to waveform on bare arrays: magnitudes from a mel, harmonics, phase, Griffin-Lim.

Expected numbers come from direct float64 transforms written here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from melpact.core.errors import AxisError, ContractError
from melpact.features.gaussian_window import window_centre, window_gamma
from melpact.features.harmonic_track import track_harmonics
from melpact.features.inversion import bands_of, mel_to_magnitude
from melpact.vocoders.griffin_lim import griffin_lim
from melpact.vocoders.griffin_lim.phase_gradient import phase_from_magnitude
from melpact.vocoders.griffin_lim.targets import MelTarget

RATE = 16000
N_FFT = 512
HOP = 128
PAD = 256
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
RNG = np.random.default_rng


def triangles(n_mels: int = 60, *, low_hz: float = 60.0, high_hz: float = 7000.0) -> np.ndarray:
    """HTK-spaced triangles of height 1, [n_mels, bins]."""
    mel = np.linspace(*(1127 * np.log1p(np.array([low_hz, high_hz]) / 700)), n_mels + 2)
    edges = 700 * np.expm1(mel / 1127)
    hz = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    up = (hz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - hz) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(up, down))


def stft(signal: np.ndarray, *, hop: int = HOP, pad: int = PAD, window: np.ndarray = HANN) -> np.ndarray:
    """Complex [bins, frames] in float64, zeros around."""
    padded = np.pad(signal.astype(np.float64), pad)
    rows = np.lib.stride_tricks.sliding_window_view(padded, window.size)[::hop]
    return np.fft.rfft(rows * window).T


def voice(seconds: float = 1.0, *, f0: float = 180.0, glide: float = 0.15) -> np.ndarray:
    """Gliding harmonics under two formants, with a little breath."""
    t = np.arange(int(seconds * RATE)) / RATE
    frequency = f0 * (1 + glide * np.sin(2 * np.pi * 1.3 * t))
    turn = 2 * np.pi * np.cumsum(frequency) / RATE
    signal = np.zeros_like(t)
    for h in range(1, 35):
        hz = h * frequency
        level = np.exp(-(((hz - 600) / 400) ** 2)) + 0.4 * np.exp(-(((hz - 2200) / 900) ** 2)) + 0.01
        signal += np.where(hz < 6800, level * np.cos(h * turn + h * h), 0)
    signal += 0.01 * RNG(3).standard_normal(t.size)
    return (0.1 * signal).astype(np.float32)


def invert(mel: np.ndarray, bank: np.ndarray, samples: int, *, power: int = 1, **options: object) -> np.ndarray:
    magnitude = mel_to_magnitude(mel, bank, power=power)
    settings: dict[str, object] = {
        "iterations": 16,
        "target": MelTarget.of(mel, bank, power=power),
        **options,
    }
    return griffin_lim(magnitude, n_fft=N_FFT, window=HANN, hop_length=HOP, left_pad=PAD, n_samples=samples, **settings)


def divergence(mel: np.ndarray, bank: np.ndarray, magnitude: np.ndarray) -> float:
    """Kullback-Leibler divergence of the bands' mean levels."""
    weights = bank / bank.sum(axis=1, keepdims=True)
    wanted = mel / bank.sum(axis=1)[:, None]
    got = weights @ magnitude.astype(np.float64)
    return float((wanted * np.log(wanted / got) - wanted + got).sum())


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(a, dtype=np.float64)) / np.mean(np.square(b, dtype=np.float64))))


def convergence_db(signal: np.ndarray, magnitude: np.ndarray) -> float:
    got = np.abs(stft(signal))
    return float(20 * np.log10(np.linalg.norm(got - magnitude) / np.linalg.norm(magnitude)))


# --- magnitudes


def test_every_update_lowers_the_divergence():
    bank = triangles()
    mel = bank @ np.abs(stft(voice()))
    trace = [divergence(mel, bank, mel_to_magnitude(mel, bank, power=1, iterations=n)) for n in (0, 1, 2, 4, 8, 16, 32)]
    assert all(later < earlier for earlier, later in pairwise(trace))
    assert trace[-1] < 0.01 * trace[0]


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("area_norm", [False, True])
def test_magnitude_has_the_mel_it_came_from(power, area_norm):
    bank = triangles()
    if area_norm:
        bank = bank / bank.sum(axis=1, keepdims=True) * 0.02
    mel = bank @ np.abs(stft(voice())) ** power
    magnitude = mel_to_magnitude(mel, bank, power=power).astype(np.float64)
    error_db = 10 * (2 / power) * np.abs(np.log10((bank @ magnitude**power) / mel))
    loud = mel > 1e-3**power * mel.max()
    assert error_db[loud].mean() < 0.15
    totals = [(x / bank.sum(axis=1)[:, None]).sum(axis=0) for x in (bank @ magnitude**power, mel)]
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-4)


def test_dense_bank_works():
    bank = 0.05 + RNG(0).random((20, N_FFT // 2 + 1))
    mel = bank @ np.abs(stft(voice(0.3)))
    magnitude = mel_to_magnitude(mel, bank, power=1, iterations=200)
    np.testing.assert_allclose(bank @ magnitude, mel, rtol=0.04)


def test_empty_bands_and_uncovered_bins():
    bank = triangles(low_hz=300, high_hz=6000)
    bank[7] = 0
    mel = bank @ np.abs(stft(voice(0.3)))
    magnitude = mel_to_magnitude(mel, bank, power=1)
    hz = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    assert np.isfinite(magnitude).all()
    assert (magnitude[(hz <= 300) | (hz >= 6000)] == 0).all()
    bank[8:12] = 0  # now a gap without any band
    gap = (bank.sum(axis=0) == 0) & (hz > 300) & (hz < 6000)
    assert gap.any()
    magnitude = mel_to_magnitude(mel * (bank.sum(axis=1) > 0)[:, None], bank, power=1)
    k = np.flatnonzero(gap)
    edge = magnitude[[k[0] - 1, k[-1] + 1]]
    assert (magnitude[k] >= edge.min(axis=0) * 0.999).all()
    assert (magnitude[k] <= edge.max(axis=0) * 1.001).all()
    assert not mel_to_magnitude(mel, np.zeros_like(bank), power=1).any()


@pytest.mark.parametrize("power", [1, 2])
def test_units_do_not_matter(power):
    bank = triangles()
    mel = (bank @ np.abs(stft(voice(0.3))) ** power).astype(np.float32)
    small = mel_to_magnitude(mel, bank, power=power)
    np.testing.assert_array_equal(mel_to_magnitude(mel * np.float32(32768.0**power), bank, power=power), small * 32768)
    tiny = mel_to_magnitude(mel * np.float32(2.0**-40), bank, power=power)
    np.testing.assert_array_equal(tiny, small * np.float32(2.0 ** (-40 / power)))
    one = invert(mel, bank, 4800, power=power, iterations=3)
    loud = invert(mel * np.float32(32768.0**power), bank, 4800, power=power, iterations=3)
    np.testing.assert_array_equal(loud, one * 32768)


def test_levels_from_1e_minus_12_to_1e6_in_one_frame():
    bank = triangles()
    mel = np.logspace(-12, 6, 60, dtype=np.float32)[:, None]
    for power in (1, 2):
        magnitude = mel_to_magnitude(mel, bank, power=power)
        assert np.isfinite(magnitude).all()
        loudest = slice(40, 60)
        np.testing.assert_allclose((bank @ magnitude.astype(np.float64) ** power)[loudest], mel[loudest], rtol=0.1)


def test_refuses_what_is_not_a_linear_mel():
    bank = triangles()
    with pytest.raises(ContractError, match="Undo the logarithm"):
        mel_to_magnitude(np.full((60, 3), -1.0), bank, power=1)
    with pytest.raises(ContractError, match="NaN"):
        mel_to_magnitude(np.full((60, 3), np.nan), bank, power=1)
    with pytest.raises(AxisError):
        mel_to_magnitude(np.ones((3, 60)), bank, power=1)
    with pytest.raises(ContractError, match="filterbank"):
        bands_of(-bank)
    with pytest.raises(ValueError, match="power"):
        mel_to_magnitude(np.ones((60, 3)), bank, power=3)


# --- harmonics


def test_track_follows_a_gliding_voice_and_not_noise():
    bank = triangles(80, low_hz=0, high_hz=8000)
    settings = {"power": 1, "sample_rate": RATE, "n_fft": N_FFT, "hop_length": HOP, "window": HANN}
    track = track_harmonics(bank @ np.abs(stft(voice())), bank, **settings)
    time_s = np.arange(track.fundamental_hz.size) * HOP / RATE
    true_hz = 180 * (1 + 0.15 * np.sin(2 * np.pi * 1.3 * time_s))
    inside = slice(4, -4)
    assert np.median(np.abs(track.fundamental_hz / true_hz - 1)[inside]) < 0.01
    noise = track_harmonics(bank @ np.abs(stft(RNG(0).standard_normal(RATE))), bank, **settings)
    assert track.strength[inside].mean() > noise.strength.mean() + 0.3


def test_harmonics_bring_the_start_closer_to_the_true_magnitude():
    bank = triangles(50, low_hz=0, high_hz=8000)
    true = np.abs(stft(voice(f0=220)))
    mel = bank @ true
    track = track_harmonics(mel, bank, power=1, sample_rate=RATE, n_fft=N_FFT, hop_length=HOP, window=HANN)
    plain = mel_to_magnitude(mel, bank, power=1)
    sharp = mel_to_magnitude(mel, bank, power=1, harmonics=track)
    assert np.linalg.norm(sharp - true) < 0.8 * np.linalg.norm(plain - true)


# --- phase


def test_gaussian_of_a_hann_window_and_of_a_gaussian():
    np.testing.assert_allclose(window_gamma(HANN) / N_FFT**2, 0.25645, rtol=1e-2)
    n = np.arange(N_FFT)
    np.testing.assert_allclose(window_gamma(np.exp(-np.pi * (n - 200.0) ** 2 / 9000)), 9000, rtol=1e-3)
    assert window_centre(HANN) == pytest.approx(N_FFT / 2)
    assert window_centre(np.pad(np.hanning(401), (0, 111))) == pytest.approx(200)


@pytest.mark.parametrize("hz", [440.0, 1003.7, 3333.3])
@pytest.mark.parametrize("left", [PAD, 0])
def test_phase_gradient_finds_the_frequency_of_a_sinusoid(hz, left):
    signal = np.cos(2 * np.pi * hz * np.arange(RATE) / RATE)
    magnitude = np.abs(stft(signal, pad=left)).T.astype(np.float32)
    phase = phase_from_magnitude(magnitude, n_fft=N_FFT, window=HANN, hop_length=HOP, rng=RNG(0))
    k = round(hz * N_FFT / RATE)
    step = np.diff(phase[10:-10, k].astype(np.float64))
    expected = 2 * np.pi * hz * HOP / RATE
    error = np.angle(np.exp(1j * (step - expected)))
    assert np.abs(error.mean()) / (2 * np.pi * HOP / RATE) < 3  # hertz


def test_phase_gradient_puts_a_click_where_it_was():
    signal = np.zeros(4000)
    signal[2111] = 1.0
    magnitude = np.abs(stft(signal)).astype(np.float32)
    got = griffin_lim(magnitude, n_fft=N_FFT, window=HANN, hop_length=HOP, left_pad=PAD, n_samples=4000, iterations=0)
    near = np.square(got[2111 - 40 : 2111 + 41]).sum()
    assert near > 0.9 * np.square(got).sum()


# --- Griffin-Lim


@pytest.mark.parametrize("start", ["phase_gradient", "random"])
def test_iterations_improve_on_the_start(start):
    magnitude = np.abs(stft(voice())).astype(np.float32)
    settings = {
        "n_fft": N_FFT,
        "window": HANN,
        "hop_length": HOP,
        "left_pad": PAD,
        "n_samples": RATE,
        "start": start,
    }
    errors = [convergence_db(griffin_lim(magnitude, iterations=n, **settings), magnitude) for n in (0, 4, 32)]
    assert errors[1] < errors[0] - 1
    assert errors[2] < errors[1] - 0.5
    assert errors[2] < -20


@pytest.mark.parametrize("power", [1, 2])
def test_mel_target_gives_back_the_mel_and_its_loudness(power):
    bank = triangles(low_hz=0, high_hz=8000)
    signal = voice()
    mel = bank @ np.abs(stft(signal)) ** power
    again = {}
    for name, target in {"mel": MelTarget.of(mel, bank, power=power), "magnitude": None}.items():
        got = invert(mel, bank, signal.size, power=power, target=target)
        assert got.dtype == np.float32
        assert got.shape == signal.shape
        assert abs(decibels(got, signal)) < 0.8
        ratio = (bank @ np.abs(stft(got)) ** power) / mel
        loud = mel > 1e-2**power * mel.max()
        again[name] = float(np.mean(np.abs(20 / power * np.log10(ratio[loud]))))
    assert again["mel"] < 0.4
    assert again["mel"] < 0.7 * again["magnitude"]


@pytest.mark.parametrize("left", [0, 192, 256])
@pytest.mark.parametrize("hop", [128, 160, 256, 300])
def test_true_spectrum_comes_back_at_any_framing(hop, left):
    """With the true phase given, synthesis is exact wherever the windows do not vanish."""
    from melpact.vocoders.griffin_lim.fast import Framing

    signal = voice(0.5)
    spectrum = stft(signal, hop=hop, pad=left).T
    framing = Framing.of(n_fft=N_FFT, window=HANN, hop_length=hop, left_pad=left, frames=len(spectrum))
    got = framing.synthesise(spectrum.astype(np.complex64))[left : left + signal.size]
    inner = slice(300 if left == 0 else 60, (len(spectrum) - 1) * hop)
    np.testing.assert_allclose(got[inner], signal[: got.size][inner], atol=2e-5)
    assert np.abs(got).max() <= np.abs(signal).max() * 1.01


@pytest.mark.parametrize("left", [0, 192, 256])
@pytest.mark.parametrize("hop", [128, 200, 256])
def test_length_is_exact_and_edges_are_calm(hop, left):
    bank = triangles()
    signal = voice(0.4)
    mel = bank @ np.abs(stft(signal, hop=hop, pad=left))
    for samples in (signal.size, signal.size - 77, signal.size + 5000):
        got = griffin_lim(
            mel_to_magnitude(mel, bank, power=1),
            n_fft=N_FFT, window=HANN, hop_length=hop, left_pad=left, n_samples=samples, iterations=8,
            target=MelTarget.of(mel, bank, power=1),
        )  # fmt: skip
        assert got.shape == (samples,)
        assert np.isfinite(got).all()
        assert np.abs(got).max() < 2 * np.abs(signal).max()
    assert not got[signal.size + 2 * N_FFT :].any()


def test_silence_is_silent():
    bank = triangles()
    assert not invert(np.zeros((60, 9), np.float32), bank, 1000).any()
    signal = voice(0.6)
    signal[4000:] = 0
    mel = bank @ np.abs(stft(signal))
    got = invert(mel, bank, signal.size)
    assert not got[4000 + N_FFT + HOP :].any()
    assert got[:4000].any()


def test_one_frame():
    bank = triangles()
    mel = bank @ np.abs(stft(voice(0.2))[:, 10:11])
    got = griffin_lim(
        mel_to_magnitude(mel, bank, power=1),
        n_fft=N_FFT, window=HANN, hop_length=HOP, left_pad=0, n_samples=N_FFT, iterations=4,
        target=MelTarget.of(mel, bank, power=1),
    )  # fmt: skip
    assert np.isfinite(got).all()
    assert got.std() > 0


def test_seed_fixes_the_output():
    magnitude = np.abs(stft(voice(0.3))).astype(np.float32)
    settings = {
        "n_fft": N_FFT,
        "window": HANN,
        "hop_length": HOP,
        "left_pad": PAD,
        "n_samples": 4800,
        "iterations": 4,
    }
    for start in ("random", "phase_gradient"):
        one, two, other = (griffin_lim(magnitude, rng=RNG(seed), start=start, **settings) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, two)
        assert (one != other).any()


@pytest.mark.parametrize("start", ["phase_gradient", "random"])
def test_segments_join_without_a_seam(start):
    bank = triangles(low_hz=0, high_hz=8000)
    signal = voice(6.0)
    mel = bank @ np.abs(stft(signal))
    loud = mel > 1e-2 * mel.max()
    error = {}
    for name, segment_frames in {"whole": 4096, "split": 150}.items():
        got = invert(mel, bank, signal.size, segment_frames=segment_frames, start=start)
        distance_db = np.abs(20 * np.log10((bank @ np.abs(stft(got))) / mel))
        error[name] = np.where(loud, distance_db, 0).sum(axis=0) / loud.sum(axis=0)
        level_db = [decibels(got[i : i + 800], signal[i : i + 800]) for i in range(800, signal.size - 800, 400)]
        assert np.abs(level_db).max() < 2.5
    assert (error["whole"] != error["split"]).any()
    # segments begin every 102 frames; the last frames that the next one takes over end 44 frames later
    for first, last in ((4, 44), (38, 50)):
        frames = np.concatenate([np.arange(b + first, b + last) for b in range(102, mel.shape[1] - 60, 102)])
        assert error["split"][frames].mean() < 1.1 * error["whole"][frames].mean()


def test_refuses_arrays_that_do_not_fit():
    magnitude = np.ones((N_FFT // 2 + 1, 5), np.float32)
    settings = {"hop_length": HOP, "left_pad": 0, "n_samples": 500, "iterations": 1}
    with pytest.raises(AxisError, match="n_fft"):
        griffin_lim(magnitude, n_fft=1024, window=np.ones(1024), **settings)
    with pytest.raises(AxisError, match="window"):
        griffin_lim(magnitude, n_fft=N_FFT, window=np.ones(400), **settings)
    with pytest.raises(AxisError, match="target"):
        goal = MelTarget.of(np.ones((60, 6)), triangles(), power=1)
        griffin_lim(magnitude, n_fft=N_FFT, window=HANN, target=goal, **settings)
