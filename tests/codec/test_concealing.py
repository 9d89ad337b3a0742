"""A lost packet goes on as the sound did."""

from __future__ import annotations

import numpy as np
import pytest

from melpact.models.codec.concealing import HIGHEST_HZ, HISTORY_S, LOWEST_HZ, continued, period


@pytest.mark.parametrize("hz", [80.0, 117.0, 200.0, 333.0])
@pytest.mark.parametrize("sample_rate", [16000, 24000])
def test_the_period_of_a_harmonic_sound(hz: float, sample_rate: int) -> None:
    t = np.arange(round(HISTORY_S * sample_rate) + 1) / sample_rate
    sound = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, 8))
    lag, alike = period(sound, sample_rate)
    assert abs(lag - sample_rate / hz) <= 1 and alike > 0.97
    goes_on = continued(sound, lag, sample_rate // 100)
    later = (np.arange(sample_rate // 100) + len(t)) / sample_rate
    want = sum(np.sin(2 * np.pi * hz * k * later + k) / k for k in range(1, 8))
    assert np.corrcoef(goes_on, want)[0, 1] > 0.95


def test_noise_has_no_period_and_silence_none() -> None:
    rng = np.random.default_rng(0)
    found = [period(rng.standard_normal(600), 16000)[1] for _ in range(20)]
    assert np.median(found) < 0.35
    assert period(np.zeros(600), 16000)[1] == 0
    assert period(np.ones(100), 16000) == (1, 0.0)


def test_a_period_lies_within_a_voice_s() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        lag, _ = period(rng.standard_normal(600).cumsum(), 16000)
        assert 16000 / HIGHEST_HZ <= lag <= round(16000 / LOWEST_HZ)


def test_continuing_repeats_exactly() -> None:
    assert continued(np.arange(10.0), 3, 7).tolist() == [7, 8, 9, 7, 8, 9, 7]
