"""The ripple of harmonics on the bands of a mel, against sounds made here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct, idct

from melpact.contract.dialect import dialect
from melpact.features.analysis import analyse
from melpact.features.harmonic_mel import ENVELOPE, harmonic_ripple

SPEC = dialect("hifigan_22k").spec


def voice(hz: float, slope: float) -> np.ndarray:
    """A harmonic sound whose amplitudes fall by a power, with phases of chance."""
    rng = np.random.default_rng(int(hz))
    t = np.arange(SPEC.sample_rate) / SPEC.sample_rate
    orders = np.arange(1, int(SPEC.sample_rate / 2 / hz))
    y = sum(k**-slope * np.cos(2 * np.pi * k * hz * t + rng.uniform(0, 2 * np.pi)) for k in orders)
    return (0.3 * y / np.abs(y).max()).astype(np.float32)


def rippling(mel: np.ndarray) -> np.ndarray:
    made = dct(mel, axis=0, norm="ortho")
    made[:ENVELOPE] = 0
    return idct(made, axis=0, norm="ortho")


@pytest.mark.parametrize("hz", [110.0, 196.0, 311.0])
def test_a_voice_of_that_pitch_shows_it_and_one_of_another_does_not(hz: float) -> None:
    mel = analyse(voice(hz, 0.7), SPEC)[0][:, 10:-10].mean(1)
    seen = rippling(mel[:, None])[:40, 0]
    frames = np.array([hz, hz * 2 ** (1 / 12), 0.0], np.float32)
    said = harmonic_ripple(frames, SPEC)
    assert np.corrcoef(seen, said[:40, 0])[0, 1] > 0.95
    assert np.corrcoef(seen, said[:40, 1])[0, 1] < 0.7
    assert not said[:, 2].any()


def test_loudness_leaves_no_trace_and_pitch_moves_it_steadily() -> None:
    hz = np.geomspace(90, 110, 41).astype(np.float32)
    made = harmonic_ripple(hz, SPEC)
    steps = np.abs(np.diff(made, axis=1)).max(0)
    assert steps.max() < 0.25 * np.abs(made).max()
    assert np.abs(dct(made, axis=0, norm="ortho")[:ENVELOPE]).max() < 1e-4
