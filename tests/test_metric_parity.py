"""Our metrics against what others compute: reference packages, or the paper's formula typed once more in its plainest form.

Sounds are the shipped speech and degraded versions of it. `benchmarks/metric_parity.py` prints the same over a folder.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.metric import metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound, dialect_for

_FILE = Path(__file__).parents[1] / "benchmarks" / "metric_references.py"
_SPEC = importlib.util.spec_from_file_location("metric_references", _FILE)
references = sys.modules["metric_references"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(references)

KINDS = ("noise", "muffled", "clipped")


def _pair(name: str, kind: str, rate: int = 16000) -> Pair:
    original = Sound(samples.load(name), rate)
    return references.degraded(original, kind, seed=3)


def _value(name: str, compared: Pair) -> float:
    metric = metrics()[name]
    if reason := metric.missing():
        pytest.skip(reason)
    return metric.value([metric.measure(compared)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", references.REFERENCES)
def test_a_metric_agrees_with_its_reference(name, kind):
    reference = references.REFERENCES[name]
    for clip in samples.names()[:2]:
        compared = _pair(clip, kind)
        try:
            want = reference.compute(compared)
        except ImportError as error:
            pytest.skip(str(error))
        assert _value(name, compared) == pytest.approx(want, abs=reference.tolerance), clip


@pytest.mark.parametrize("rate", [22050, 48000])
@pytest.mark.parametrize("name", ["stoi", "estoi", "stft_distance", "spectral_convergence", "mel_mae", "mcd"])
def test_a_metric_agrees_at_other_rates(name, rate):
    compared = _pair("it_noservice", "noise", rate)
    reference = references.REFERENCES[name]
    assert _value(name, compared) == pytest.approx(reference.compute(compared), abs=reference.tolerance)


def test_known_values_of_the_waveform_metrics():
    """From arithmetic alone: noise at 20 dB that is orthogonal to the sound."""
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 32000))
    x, noise = x - x.mean(), noise - noise.mean()
    noise -= x * (noise @ x) / (x @ x)
    noise *= 0.1 * np.sqrt((x @ x) / (noise @ noise))
    original = Sound(Audio((0.1 * x).astype(np.float32)[None], 16000), 16000)
    made = pair(original, Audio((-0.03 * (x + noise)).astype(np.float32)[None], 16000))
    assert _value("si_sdr", made) == pytest.approx(20.0, abs=1e-4)
    assert _value("snr", made) == pytest.approx(10 * np.log10(1 + 100), abs=1e-4)
    assert made.gain < 0


def test_known_values_of_the_spectral_metrics():
    """Half the level: 6.02 dB of log spectrum, half a spectral convergence, ln 2 of a mel that lies above its floor."""
    rng = np.random.default_rng(1)
    x = (0.1 * rng.standard_normal(44100)).astype(np.float32)
    original = Sound(Audio(x[None], 22050), 22050)
    half = pair(original, Audio((x * np.float32(0.5))[None], 22050))
    assert _value("log_spectral_distance", half) == pytest.approx(20 * np.log10(2), abs=1e-3)
    assert _value("spectral_convergence", half) == pytest.approx(0.5, abs=1e-6)
    assert _value("mel_mae", half) == pytest.approx(np.log(2), abs=1e-3)
    assert _value("mel_rmse", half) == pytest.approx(np.log(2), abs=1e-3)
    assert _value("mcd", half) == pytest.approx(0.0, abs=0.02)


def _harmonic(f0_hz: np.ndarray, rate: int = 16000) -> Audio:
    """A voice-like tone that follows F0, and half a second of silence around it."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    wave = sum(np.sin(k * phase) / k for k in range(1, 12)) * 0.1
    return Audio(np.pad(wave, rate // 2).astype(np.float32)[None], rate)


def test_known_values_of_the_pitch_metrics():
    """A voice a quarter tone higher for all its length, and one that jumps up a fifth for a quarter of it."""
    glide = np.linspace(110, 165, 32000)
    original = Sound(_harmonic(glide), 16000)
    higher = pair(original, _harmonic(glide * 2 ** (50 / 1200)), max_lag_s=0)
    assert _value("f0_rmse", higher) == pytest.approx(50, abs=1.5)
    assert _value("f0_correlation", higher) == pytest.approx(1.0, abs=2e-3)
    assert _value("voicing_f1", higher) == pytest.approx(1.0, abs=0.02)
    assert _value("gross_pitch_error", higher) == pytest.approx(0.0, abs=0.5)
    jump = np.where(np.arange(32000) < 8000, 1.5, 1.0) * glide
    assert _value("gross_pitch_error", pair(original, _harmonic(jump), max_lag_s=0)) == pytest.approx(25, abs=3)


def test_voiced_frames_are_counted_in_the_reason():
    original = Sound(_harmonic(np.full(16000, 120.0)), 16000)
    hiss = np.random.default_rng(2).standard_normal(original.wave.size).astype(np.float32) * 0.05
    with pytest.raises(NotMeasured, match=r"\d+ frames of 5 ms are voiced on both sides \(\d{3} in the original, \d+ in"):
        _value("f0_rmse", pair(original, Audio(hiss[None], 16000)))


def test_the_share_of_a_voice_that_is_kept_decides_the_voicing_score():
    """Half of the voiced time silenced: recall one half, precision one."""
    original = Sound(_harmonic(np.full(32000, 120.0)), 16000)
    halved = original.wave.copy()
    halved[original.wave.size // 2 :] = 0
    assert _value("voicing_f1", pair(original, Audio(halved[None], 16000))) == pytest.approx(2 / 3, abs=0.03)


def test_periodicity_tells_a_tone_from_hiss():
    from melpact.bench.metrics.periodicity_error import periodicity

    tone = periodicity(Sound(_harmonic(np.full(32000, 150.0)), 16000))[60:180]
    hiss = np.random.default_rng(2).standard_normal(32000).astype(np.float32) * 0.1
    noise = periodicity(Sound(Audio(hiss[None], 16000), 16000))
    assert tone.min() > 0.95
    assert noise.max() < 0.35


def test_warping_constants_are_the_usual_ones():
    """SPTK's manual gives .42 at 16 kHz, .455 at 22.05, .466 at 24, .544 at 44.1 and .554 at 48."""
    from melpact.bench.metrics._cepstrum import warping

    usual = {16000: 0.41, 22050: 0.455, 24000: 0.466, 44100: 0.544, 48000: 0.554}
    for rate, alpha in usual.items():
        assert warping(rate) == pytest.approx(alpha, abs=0.012)


def test_one_matrix_is_sptks_recursion():
    from melpact.bench.metrics._cepstrum import frequency_transform

    cepstrum = np.random.default_rng(0).standard_normal(65)
    np.testing.assert_allclose(
        frequency_transform(65, 24, 0.41) @ cepstrum, references.freqt(cepstrum, 24, 0.41), rtol=0, atol=1e-12
    )


def test_warped_time_costs_nothing():
    """The original with its frames held for different times has a warped distance of 0; full DTW is computed plainly."""
    from melpact.bench.metrics._dtw import mean_distance

    rng = np.random.default_rng(4)
    x = np.cumsum(rng.standard_normal((60, 5)), axis=0)
    held = np.repeat(x, rng.integers(1, 4, 60), axis=0)
    assert mean_distance(x, held, 200) == pytest.approx(0.0, abs=1e-6)
    y = held + 0.3 * rng.standard_normal(held.shape)
    assert mean_distance(x, y, 200) == pytest.approx(references.dtw_mean(x, y), abs=1e-4)
    assert mean_distance(x[:1], y, 0) == pytest.approx(np.linalg.norm(x[0] - y, axis=1).mean(), abs=1e-4)


def test_long_sound_does_not_break_pesq():
    """The reference program crashes beyond 50 utterances; this is 64 of them, in pieces of at most 20 s."""
    clip = samples.load("en_noservice").samples[0][8000:19200]
    utterance = np.concatenate([clip, np.zeros(6400, np.float32)])
    noise = 0.003 * np.random.default_rng(0).standard_normal(64 * utterance.size)
    long = np.tile(utterance, 64)

    def compared(count: int) -> Pair:
        x = long[: count * utterance.size]
        return pair(Sound(Audio(x[None].copy(), 16000), 16000), Audio((x + noise[: x.size]).astype(np.float32)[None], 16000))

    assert _value("pesq_wb", compared(64)) == pytest.approx(_value("pesq_wb", compared(16)), abs=0.15)


def test_the_mel_of_a_comparison_is_that_of_its_rate():
    assert dialect_for(16000).log == "log10"
    assert {rate: dialect_for(rate).n_mels for rate in (8000, 22050, 24000, 32000, 44100, 48000)} == {
        8000: 80, 22050: 80, 24000: 100, 32000: 128, 44100: 128, 48000: 128,
    }  # fmt: skip
    assert dialect_for(48000).sample_rate == 44100
