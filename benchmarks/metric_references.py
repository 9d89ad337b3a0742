"""What our metrics are compared with: other packages, or the formula of the paper in its plainest form, loop by loop.

Nothing here is fast, and nothing is shared with the metrics themselves but the aligned pair that they are given.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.sound import Pair, Sound

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """One reference.

    Attributes:
        compute: aligned pair → the value.
        by: the package or the form.
        tolerance: largest difference that is taken for agreement.
    """

    compute: Callable[[Pair], float]
    by: str
    tolerance: float


def degraded(original: Sound, kind: str, seed: int) -> Pair:
    """The pair of a sound and a worse version: "noise" at 15 dB, "muffled" (and late, and upside down), or "clipped"."""
    x = original.wave.astype(np.float64)
    if kind == "noise":
        noise = np.random.default_rng(seed).standard_normal(x.size)
        y = x + noise * np.sqrt(np.square(x).mean() / np.square(noise).mean()) * 10 ** (-15 / 20)
    elif kind == "muffled":
        kernel = np.hanning(max(5, 2 * (original.rate // 5000) + 1))
        y = -0.7 * np.convolve(x, kernel / kernel.sum())
        y = np.concatenate([np.zeros(int(0.007 * original.rate)), y])
    else:
        y = np.clip(3 * x / np.abs(x).max(), -1, 1) / 3 * np.abs(x).max()
    return pair(original, Audio(y.astype(np.float32)[None], original.rate))


def _both(compared: Pair, rate: int | None = None) -> tuple[Floats, Floats]:
    sides = (compared.original, compared.made)
    x, y = (sound.wave if rate is None else sound.at(rate) for sound in sides)
    return x.astype(np.float64), y.astype(np.float64)


# waveform


def snr(compared: Pair) -> float:
    x, y = _both(compared)
    r = float(x @ y) / math.sqrt(float(x @ x) * float(y @ y))
    return -10 * math.log10(1 - r * r)


def si_sdr(compared: Pair) -> float:
    x, y = _both(compared)
    r = float(np.corrcoef(x, y)[0, 1])
    return 10 * math.log10(r * r / (1 - r * r))


def segmental_snr(compared: Pair) -> float:
    x, y = _both(compared)
    y = y * (float(x @ y) / float(y @ y))
    length, hop = round(0.030 * compared.rate), round(0.0075 * compared.rate)
    window = 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, length + 1) / (length + 1)))
    signal, values = [], []
    for start in range(0, x.size - length + 1, hop):
        a, b = x[start : start + length] * window, y[start : start + length] * window
        signal.append(float(a @ a))
        values.append(10 * math.log10(max(signal[-1], 1e-300) / max(float((a - b) @ (a - b)), 1e-300)))
    top = max(signal)
    return float(np.mean([min(35.0, max(-10.0, v)) for s, v in zip(signal, values, strict=True) if s >= top * 1e-4]))


# packages of their own


def pesq_wb(compared: Pair) -> float:
    from pesq import pesq

    return float(pesq(16000, *_both(compared, 16000), "wb"))


def pesq_nb(compared: Pair) -> float:
    """With another resampler."""
    from pesq import pesq
    from scipy.signal import resample_poly

    step = math.gcd(8000, compared.rate)
    x, y = (resample_poly(wave, 8000 // step, compared.rate // step) for wave in _both(compared))
    return float(pesq(8000, x, y, "nb"))


def _stoi(compared: Pair, extended: bool) -> float:
    from pystoi import stoi

    return float(stoi(*_both(compared), compared.rate, extended=extended))


# spectra


def stft_distance(compared: Pair) -> float:
    """The loss as the paper states it, in torch."""
    import torch

    x, y = (torch.from_numpy(wave) for wave in _both(compared))
    total = 0.0
    for n_fft, hop, win in ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)):
        window = torch.hann_window(win, dtype=torch.float64)
        spectra = [torch.stft(w, n_fft, hop, win, window, return_complex=True) for w in (x, y)]
        a, b = (torch.sqrt(torch.clamp(s.real**2 + s.imag**2, min=1e-7)) for s in spectra)
        convergence = torch.linalg.norm(a - b) / torch.linalg.norm(a)
        total += float(convergence + torch.nn.functional.l1_loss(torch.log(b), torch.log(a)))
    return total / 3


def _librosa_magnitudes(compared: Pair) -> tuple[Floats, Floats]:
    import librosa

    n_fft = 1024 if compared.rate < 30000 else 2048
    x, y = (np.abs(librosa.stft(w, n_fft=n_fft, hop_length=n_fft // 4, pad_mode="reflect")) for w in _both(compared))
    return x, y


def spectral_convergence(compared: Pair) -> float:
    x, y = _librosa_magnitudes(compared)
    return float(np.linalg.norm(x - y, "fro") / np.linalg.norm(x, "fro"))


def log_spectral_distance(compared: Pair) -> float:
    import librosa

    x, y = _librosa_magnitudes(compared)
    amin = float(np.square(x).max()) * 1e-8
    a, b = (librosa.power_to_db(np.square(m), ref=1.0, amin=amin, top_db=None) for m in (x, y))
    return float(np.mean([math.sqrt(np.mean((a[:, t] - b[:, t]) ** 2)) for t in range(a.shape[1])]))


def _librosa_mels(compared: Pair) -> tuple[Floats, Floats]:
    import librosa

    spec = compared.mel_spec
    bank = librosa.filters.mel(
        sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.f_min, fmax=spec.f_max, dtype=np.float64
    )
    values = []
    for wave in _both(compared, spec.sample_rate):
        side = (spec.n_fft - spec.hop_length) // 2 if spec.padding == "same" else spec.n_fft // 2
        spectrum = librosa.stft(
            np.pad(wave, side, mode="reflect"), n_fft=spec.n_fft, hop_length=spec.hop_length,
            win_length=spec.win_length, center=False,
        )  # fmt: skip
        mel = bank @ np.sqrt(np.abs(spectrum) ** 2 + spec.epsilon)
        values.append(np.log(np.maximum(mel, spec.floor)) / (math.log(10) if spec.log == "log10" else 1.0))
    return values[0], values[1]


def mel_mae(compared: Pair) -> float:
    x, y = _librosa_mels(compared)
    return float(np.abs(x - y).mean())


def mel_rmse(compared: Pair) -> float:
    x, y = _librosa_mels(compared)
    return float(np.sqrt(((x - y) ** 2).mean()))


# voice


def _world() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld

    return pyworld


def world_f0(wave: Floats, rate: int) -> tuple[Floats, Floats]:
    """F0 and the times of its frames, as WORLD's manual does it."""
    f0, times = _world().dio(wave, rate, f0_floor=71.0, f0_ceil=800.0, frame_period=5.0)
    return _world().stonemask(wave, f0, times, rate), times


def freqt(cepstrum: Floats, order: int, alpha: float) -> Floats:
    """A cepstrum on the warped axis, by SPTK's recursion, from the last coefficient to the first."""
    warped = np.zeros(order + 1)
    for value in cepstrum[::-1]:
        previous = warped.copy()
        warped[0] = value + alpha * previous[0]
        if order >= 1:
            warped[1] = (1 - alpha**2) * previous[0] + alpha * previous[1]
        for m in range(2, order + 1):
            warped[m] = previous[m - 1] + alpha * (previous[m] - warped[m - 1])
    return warped


def _warping(rate: int) -> float:
    """The constant whose warped axis is closest to mel, by trying them all."""
    frequency = np.linspace(0, rate / 2, 1001)
    mel = np.log2(1 + frequency / 1000)
    omega = 2 * np.pi * frequency / rate
    errors = []
    for step in range(901):
        alpha = step / 1000
        warped = np.angle(np.exp(1j * omega) * (1 - alpha * np.exp(-1j * omega)) / (1 - alpha * np.exp(1j * omega)))
        warped[-1] = np.pi
        errors.append(float(np.mean((np.abs(warped) / np.pi - mel / mel[-1]) ** 2)))
    return int(np.argmin(errors)) / 1000


def _cepstra(wave: Floats, low: Floats, rate: int) -> Floats:
    world = _world()
    f0, times = world_f0(low, min(16000, rate))
    power = world.cheaptrick(wave, f0, times, rate, fft_size=world.get_cheaptrick_fft_size(rate, 71.0))
    alpha, found = _warping(rate), []
    for frame in power:
        cepstrum = np.fft.irfft(np.log(frame))[: frame.size]
        cepstrum[0] /= 2
        found.append(cepstrum)
    return _freqt_all(np.array(found), 24, alpha)


def _freqt_all(cepstra: Floats, order: int, alpha: float) -> Floats:
    """`freqt` of every row, the loop over rows done by numpy."""
    warped = np.zeros((len(cepstra), order + 1))
    for value in cepstra.T[::-1]:
        previous = warped.copy()
        warped[:, 0] = value + alpha * previous[:, 0]
        warped[:, 1] = (1 - alpha**2) * previous[:, 0] + alpha * previous[:, 1]
        for m in range(2, order + 1):
            warped[:, m] = previous[:, m - 1] + alpha * (previous[:, m] - warped[:, m - 1])
    return warped


def _loud(wave: Floats, rate: int, frames: int) -> NDArray[np.bool_]:
    half, power = round(0.0125 * rate), []
    for t in range(frames):
        centre = int(np.rint(t * 0.005 * rate))
        part = wave[max(0, centre - half) : max(0, min(wave.size, centre + half))]
        power.append(float(part @ part))
    return np.array(power) >= max(power) * 1e-4


def _cepstra_of_both(compared: Pair) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    (x, y), (low_x, low_y), rate = _both(compared), _both(compared, min(16000, compared.rate)), compared.rate
    a, b = _cepstra(x, low_x, rate), _cepstra(y, low_y, rate)
    return a, b, _loud(x, rate, len(a)), _loud(y, rate, len(b))


def mcd(compared: Pair) -> float:
    a, b, heard, _ = _cepstra_of_both(compared)
    values = [10 / math.log(10) * math.sqrt(2 * sum((p[1:] - q[1:]) ** 2)) for p, q in zip(a[heard], b[heard], strict=True)]
    return float(np.mean(values))


def dtw_mean(x: Floats, y: Floats) -> float:
    """Mean distance along librosa's path of least total distance."""
    import librosa

    steps = np.array([[1, 1], [0, 1], [1, 0]])
    total, path = librosa.sequence.dtw(X=x.T, Y=y.T, metric="euclidean", step_sizes_sigma=steps)
    return float(total[-1, -1] / len(path))


def mcd_dtw(compared: Pair) -> float:
    a, b, heard_a, heard_b = _cepstra_of_both(compared)
    return 10 / math.log(10) * math.sqrt(2) * dtw_mean(a[heard_a, 1:], b[heard_b, 1:])


def _tracks(compared: Pair) -> tuple[Floats, Floats]:
    rate = min(16000, compared.rate)
    x, y = _both(compared, rate)
    return world_f0(x, rate)[0], world_f0(y, rate)[0]


def _steady(x: Floats, y: Floats) -> list[int]:
    """Frames whose five neighbours are voiced on both sides."""
    return [t for t in range(2, len(x) - 2) if all(x[t - 2 : t + 3] > 0) and all(y[t - 2 : t + 3] > 0)]


def f0_rmse(compared: Pair) -> float:
    x, y = _tracks(compared)
    return math.sqrt(np.mean([(1200 * math.log2(y[t] / x[t])) ** 2 for t in _steady(x, y)]))


def f0_correlation(compared: Pair) -> float:
    from scipy.stats import pearsonr

    x, y = _tracks(compared)
    kept = _steady(x, y)
    return float(pearsonr(np.log(x[kept]), np.log(y[kept]))[0])


def voicing_f1(compared: Pair) -> float:
    from sklearn.metrics import f1_score

    x, y = _tracks(compared)
    return float(f1_score(x > 0, y > 0))


def gross_pitch_error(compared: Pair) -> float:
    x, y = _tracks(compared)
    voiced = [(a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    return 100 * sum(abs(b / a - 1) > 0.2 for a, b in voiced) / len(voiced)


def _periodicity(wave: Floats, rate: int) -> Floats:
    wave = wave - wave.mean()
    window, near, far = round(0.032 * rate), int(rate / 500), math.ceil(rate / 71)
    starts = range(0, wave.size - window - far + 1, round(0.010 * rate))
    energies = [float(wave[s : s + window] @ wave[s : s + window]) for s in starts]
    quiet, found = max(energies) * 1e-5, []
    for s, energy in zip(starts, energies, strict=True):
        best = 0.0
        for lag in range(near, far + 1):
            later = wave[s + lag : s + lag + window]
            root = math.sqrt((energy + quiet) * (float(later @ later) + quiet))
            best = max(best, float(wave[s : s + window] @ later) / root)
        found.append(min(1.0, best))
    return np.array(found)


def periodicity_error(compared: Pair) -> float:
    rate = min(16000, compared.rate)
    x, y = (_periodicity(wave, rate) for wave in _both(compared, rate))
    return float(np.sqrt(np.mean((x - y) ** 2)))


REFERENCES = {
    "snr": Reference(snr, "-10 log10(1 - r^2)", 1e-3),
    "si_sdr": Reference(si_sdr, "10 log10(r^2 / (1 - r^2))", 1e-3),
    "segmental_snr": Reference(segmental_snr, "loop over frames", 1e-3),
    "pesq_wb": Reference(pesq_wb, "pesq", 1e-5),
    "pesq_nb": Reference(pesq_nb, "pesq after scipy.signal.resample_poly", 0.02),
    "stoi": Reference(lambda compared: _stoi(compared, False), "pystoi", 1e-6),
    "estoi": Reference(lambda compared: _stoi(compared, True), "pystoi", 1e-6),
    "stft_distance": Reference(stft_distance, "torch.stft", 1e-4),
    "spectral_convergence": Reference(spectral_convergence, "librosa.stft", 1e-5),
    "log_spectral_distance": Reference(log_spectral_distance, "librosa.stft, power_to_db", 1e-3),
    "mel_mae": Reference(mel_mae, "librosa.filters.mel", 1e-4),
    "mel_rmse": Reference(mel_rmse, "librosa.filters.mel", 1e-4),
    "mcd": Reference(mcd, "pyworld and SPTK's freqt recursion", 1e-6),
    "mcd_dtw": Reference(mcd_dtw, "the same and librosa.sequence.dtw", 1e-5),
    "f0_rmse": Reference(f0_rmse, "pyworld, loop over frames", 1e-6),
    "f0_correlation": Reference(f0_correlation, "pyworld, scipy.stats.pearsonr", 1e-9),
    "voicing_f1": Reference(voicing_f1, "pyworld, sklearn.metrics.f1_score", 1e-9),
    "gross_pitch_error": Reference(gross_pitch_error, "pyworld, loop over frames", 1e-9),
    "periodicity_error": Reference(periodicity_error, "loop over lags", 1e-6),
}
