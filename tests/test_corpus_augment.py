"""Augmentations keep their laws (nothing at strength 0, one seed one sound, no clipping, length kept) and do as they say."""

from __future__ import annotations

import numpy as np
import pytest

from melpact.audio import synthetic
from melpact.core.errors import CorpusError
from melpact.corpus.augment import augmentation, augmentations
from melpact.corpus.augment._stft import stretched
from melpact.corpus.augment.speed import played

RATE = 22050
NAMES = sorted(augmentations())


def speech(seconds: float = 1.2) -> np.ndarray:
    return synthetic.speech_like(seconds, RATE, seed=7).samples[0]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def level_db(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / RATE)
    return float(10 * np.log10(power[(frequencies >= low_hz) & (frequencies < high_hz)].sum() + 1e-30))


@pytest.mark.parametrize("name", NAMES)
def test_the_laws(name: str) -> None:
    sound = speech()
    change = augmentation(name)
    for seed in range(6):
        made = change(sound, RATE, rng(seed))
        assert made.dtype == np.float32 and made.shape == sound.shape and np.isfinite(made).all()
        np.testing.assert_array_equal(made, change(sound, RATE, rng(seed)))
    assert not np.array_equal(change(sound, RATE, rng(1)), change(sound, RATE, rng(2)))
    assert not np.array_equal(change(sound, RATE, rng(1)), sound)
    np.testing.assert_array_equal(augmentation(name, strength=0)(sound, RATE, rng()), sound)
    np.testing.assert_array_equal(augmentation(name, chance=0)(sound, RATE, rng()), sound)
    assert change.facts()["kind"] == name
    assert change.facts() != augmentation(name, chance=0.5).facts()


@pytest.mark.parametrize("name", NAMES)
def test_a_small_strength_is_a_small_change(name: str) -> None:
    sound = speech()
    for seed in range(3):
        made = augmentation(name, strength=1e-4)(sound, RATE, rng(seed)).astype(np.float64)
        assert np.sqrt(np.mean((made - sound) ** 2) / np.mean(sound**2)) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_pushed_beyond_full_scale(name: str) -> None:
    loud = speech() / np.abs(speech()).max()
    for seed in range(6):
        assert np.abs(augmentation(name)(loud.astype(np.float32), RATE, rng(seed))).max() <= 1
    beyond = (1.5 * loud).astype(np.float32)
    assert np.abs(augmentation(name)(beyond, RATE, rng(1))).max() <= 1.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 50, 1000])
def test_any_length_and_silence(name: str, n: int) -> None:
    assert augmentation(name)(np.full(n, 0.1, np.float32), RATE, rng()).shape == (n,)
    np.testing.assert_array_equal(augmentation(name)(np.zeros(n, np.float32), RATE, rng()), 0)


def test_the_chance_is_how_often() -> None:
    change, sound = augmentation("gain", chance=0.3), speech(0.1)
    changed = sum(not np.array_equal(change(sound, RATE, rng(seed)), sound) for seed in range(400))
    assert abs(changed - 120) < 4 * np.sqrt(400 * 0.3 * 0.7)


def test_gain_is_its_decibels() -> None:
    sound = speech()
    made = augmentation("gain", low_db=-6, high_db=-6)(sound, RATE, rng())
    np.testing.assert_allclose(made, sound * 10 ** (-6 / 20), rtol=1e-6)


def test_noise_has_its_ratio_to_the_sound() -> None:
    sound = speech()
    for snr, steepest in ((20, 0.0), (30, 2.0)):
        made = augmentation("noise", low_snr_db=snr, high_snr_db=snr, steepest=steepest)(sound, RATE, rng(3))
        noise = made.astype(np.float64) - sound
        assert 10 * np.log10(np.mean(sound.astype(np.float64) ** 2) / np.mean(noise**2)) == pytest.approx(snr, abs=0.05)


def test_a_band_limit_leaves_nothing_above_and_all_below() -> None:
    white = (0.1 * rng(1).standard_normal(RATE)).astype(np.float32)
    for seed in range(8):
        made = augmentation("band_limit", lowest_top_hz=4000, highest_bottom_hz=0)(white, RATE, rng(seed))
        density = [level_db(made, f, f + 250) - level_db(white, f, f + 250) for f in range(500, 10500, 250)]
        kept = [f for f, change in zip(range(500, 10500, 250), density) if change > -3]
        assert kept == list(range(500, kept[-1] + 1, 250)) and kept[-1] >= 3750
        assert all(change < -40 for f, change in zip(range(500, 10500, 250), density) if f > 1.06 * (kept[-1] + 250) + 100)


def test_mixed_rates_lose_what_lies_above_the_lower_rate() -> None:
    white = (0.1 * rng(1).standard_normal(RATE)).astype(np.float32)
    made = augmentation("mixed_rate", rates_hz=(8000,))(white, RATE, rng(2))
    assert level_db(made, 4300, 10000) < level_db(white, 4300, 10000) - 40
    assert abs(level_db(made, 200, 3000) - level_db(white, 200, 3000)) < 0.5
    same = augmentation("mixed_rate", rates_hz=(48000,))(white, RATE, rng(2))
    np.testing.assert_array_equal(same, white)


def test_a_tilt_raises_one_end_and_lowers_the_other() -> None:
    white = (0.05 * rng(1).standard_normal(RATE)).astype(np.float32)
    for seed in range(5):
        made = augmentation("equaliser", tilt_db_per_octave=3, peaks=0)(white, RATE, rng(seed))
        steps = [level_db(made, f, 1.2 * f) - level_db(white, f, 1.2 * f) for f in (125, 250, 500, 1000, 2000, 4000, 8000)]
        slopes = np.diff(steps)
        assert np.ptp(slopes) < 0.5 and 0 < abs(slopes.mean()) < 3.1


def tones(*frequencies: float, seconds: float = 2.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return sum(0.1 * np.sin(2 * np.pi * f * t) for f in frequencies)


def strongest(samples: np.ndarray, count: int) -> list[float]:
    size = 1 << 17
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size), size))
    found: list[float] = []
    for _ in range(count):
        top = int(power.argmax())
        found.append(top * RATE / size)
        power[max(0, top - 200) : top + 200] = 0
    return sorted(found)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_stretching_keeps_pitch_level_and_middle(factor: float) -> None:
    sound = tones(440, 1000, 3000)
    made = stretched(sound, factor, round(sound.size * factor), RATE)[6000:-6000]
    np.testing.assert_allclose(strongest(made, 3), [440, 1000, 3000], atol=1)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.02)
    burst = np.zeros(20000)
    burst[10000:10400] = np.hanning(400)
    assert abs(int(np.abs(stretched(burst, factor, round(20000 * factor), RATE)).argmax()) - 10000 * factor - 200) < 220


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_faster_tape_has_a_higher_pitch(factor: float) -> None:
    made = played(tones(440, 1000), RATE, factor)
    np.testing.assert_allclose(strongest(made, 2), [440 * factor, 1000 * factor], atol=1)
    assert made.size == 2 * RATE


def test_pitch_moves_and_the_tempo_does_not() -> None:
    sound = tones(300, 1000).astype(np.float32)
    sound[:RATE] *= 0.01
    for seed in range(3):
        made = augmentation("pitch_shift", semitones=4)(sound, RATE, rng(seed))
        low, high = strongest(made, 2)
        assert high / low == pytest.approx(1000 / 300, rel=0.003)
        assert 2 ** (-4 / 12) <= high / 1000 <= 2 ** (4 / 12) and abs(high - 1000) > 5
        loud = np.flatnonzero(np.abs(made) > 0.1)[0]
        assert abs(loud - RATE) < 0.03 * RATE


def test_formants_move_and_the_pitch_does_not() -> None:
    # a voice of 120 Hz whose envelope is one resonance at 1200 Hz
    t = np.arange(2 * RATE) / RATE
    harmonics = np.arange(1, 80) * 120.0
    gains = np.exp(-0.5 * ((harmonics - 1200) / 300) ** 2) + 0.003
    sound = (0.02 * (gains[:, None] * np.sin(2 * np.pi * harmonics[:, None] * t)).sum(axis=0)).astype(np.float32)
    moved = []
    for seed in range(4):
        made = augmentation("formant_shift", semitones=4)(sound, RATE, rng(seed))[4000:-4000]
        power = np.abs(np.fft.rfft(made * np.hanning(made.size))) ** 2
        frequencies = np.fft.rfftfreq(made.size, 1 / RATE)
        near = np.abs(frequencies / 120 - np.rint(frequencies / 120)) < 0.05
        assert power[near].sum() / power.sum() > 0.98
        moved.append(float((power * frequencies).sum() / power.sum()))
    # semitones of seeds 0 .. 3 as the change draws them, behind the number for its chance
    drawn = [4 * (2 * np.random.default_rng(seed).random(2)[1] - 1) for seed in range(4)]
    np.testing.assert_allclose(np.log2(np.array(moved) / 1200) * 12, drawn, atol=0.8)


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(CorpusError, match="no such augmentation"):
        augmentation("reverse")
    with pytest.raises(CorpusError, match="loudness"):
        augmentation("gain", loudness=3)
    with pytest.raises(CorpusError, match="chance"):
        augmentation("gain", chance=2)
