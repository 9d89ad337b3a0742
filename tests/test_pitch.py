"""The pitch of waveforms: against glides of known pitch, WORLD's Harvest on speech, and the frames of a mel."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import melpact as mp
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect
from melpact.features.pitch import STEP_S, at_times, frame_times_s, pitch_at, track_pitch

RATE = 16000
GROSS = 0.2
"""A gross error: more than this part off."""


def glide(low_hz: float, high_hz: float, noise: float = 0.0, seconds: float = 2.0) -> tuple[NDArray[np.float32], Any]:
    """Harmonics through three resonances, up and down and up again with a vibrato of 50 cents; and its pitch at any time."""
    n = round(seconds * RATE)

    def f0(t: Any) -> Any:
        sweep = low_hz * (high_hz / low_hz) ** (0.5 - 0.5 * np.cos(3 * np.pi * t / seconds))
        return sweep * 2 ** (np.sin(2 * np.pi * 5.5 * t) * 50 / 1200)

    track = f0(np.arange(n) / RATE)
    phase, x = 2 * np.pi * np.cumsum(track) / RATE, np.zeros(n)
    for k in range(1, 60):
        heard = sum(1 / (1 + ((k * track - centre) / width) ** 2) for centre, width in ((500, 80), (1500, 100), (2500, 140)))
        x += (k * track < 7500) * heard / k * np.sin(k * phase)
    x *= 0.3 / np.abs(x).max()
    x += noise * np.sqrt(np.mean(x * x)) * np.random.default_rng(1).standard_normal(n)
    return x.astype(np.float32), f0


def errors(truth: NDArray[Any], found: NDArray[Any]) -> tuple[float, float]:
    """(gross pitch errors of the frames voiced in both, voicing errors of all)."""
    both = (truth > 0) & (found > 0)
    gross = np.abs(found[both] / truth[both] - 1) > GROSS
    return float(gross.mean()), float(((truth > 0) != (found > 0)).mean())


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize(("low_hz", "high_hz"), [(70, 160), (150, 400), (350, 900)])
def test_a_glide_is_followed_to_a_few_cents(low_hz: float, high_hz: float, noise: float) -> None:
    x, f0 = glide(low_hz, high_hz, noise)
    found = track_pitch(x, RATE)
    truth = f0(np.arange(found.size) * STEP_S)
    gross, voicing = errors(truth, found)
    assert gross < 0.03 and voicing < 0.02
    near = np.abs(found / truth - 1) < GROSS
    assert np.mean(np.abs(1200 * np.log2(found[near] / truth[near]))) < 5.0


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    assert np.mean(track_pitch(noise, RATE) > 0) < 0.05
    assert not track_pitch(np.zeros(RATE, np.float32), RATE).any()
    assert track_pitch(np.zeros(10, np.float32), RATE).shape == (1,)
    x, _ = glide(120, 180)
    half = np.concatenate([x, np.zeros(RATE, np.float32)])
    track = track_pitch(half, RATE)
    assert (track[: int(1.9 / STEP_S)] > 0).mean() > 0.98 and not track[int(2.05 / STEP_S) :].any()


@pytest.mark.parametrize("name", samples.names())
def test_speech_against_harvest_and_dio(name: str) -> None:
    """Where WORLD's two trackers agree on a pitch, ours agrees; its voicing is no further from Harvest's than DIO's is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyworld = pytest.importorskip("pyworld")
    x = samples.load(name).samples[0]
    wide = x.astype(np.float64)
    named: dict[str, Any] = {"f0_floor": 55.0, "f0_ceil": 1100.0, "frame_period": 1000 * STEP_S}
    harvest = pyworld.harvest(wide, RATE, **named)[0]
    dio = pyworld.stonemask(wide, *pyworld.dio(wide, RATE, **named), RATE)
    found = track_pitch(x, RATE)
    n = min(harvest.size, dio.size, found.size)
    harvest, dio, found = harvest[:n], dio[:n], found[:n]
    agreed = np.where((harvest > 0) & (dio > 0) & (np.abs(dio / np.maximum(harvest, 1) - 1) < GROSS), harvest, 0.0)
    assert errors(agreed, found)[0] < 0.015
    assert np.mean(found[agreed > 0] > 0) > 0.88
    assert errors(harvest, found)[1] <= errors(harvest, dio)[1] + 0.01


@pytest.mark.parametrize("name", ["hifigan_22k", "tacotron2_22k", "diffsinger_44k", "speecht5_16k"])
def test_one_value_per_frame_of_the_mel_at_its_own_moment(name: str) -> None:
    """A pitch that rises linearly: the frame in the middle of the sound has the pitch of the middle, in every framing."""
    spec = dialect(name).spec
    n = 3 * spec.sample_rate // 2
    f0 = 150 + 100 * np.arange(n) / n
    phase = 2 * np.pi * np.cumsum(f0) / spec.sample_rate
    x = (0.2 * sum(np.sin(k * phase) / k for k in range(1, 8))).astype(np.float32)
    track = mp.pitch(x, spec, sample_rate=spec.sample_rate)
    assert track.dtype == np.float32 and track.shape == (mp.extract(x, spec, sample_rate=spec.sample_rate).n_frames,)
    at = track.size // 2
    read = np.arange(spec.frame_length) + at * spec.hop_length - spec.left_pad
    assert track[at] == pytest.approx(f0[read].mean(), abs=0.4)


def test_another_rate_and_an_audio_give_the_same_pitch() -> None:
    x, f0 = glide(150, 300)
    times = np.linspace(0.2, 1.8, 50)
    wide = mp.Audio.of(x, RATE)
    from melpact.audio.resample import resample

    high = resample(wide, 44100)
    for sound in (wide, high):
        assert np.abs(1200 * np.log2(pitch_at(sound.samples[0], sound.sample_rate, times) / f0(times))).max() < 30
    assert np.array_equal(mp.pitch(Audio.of(x, RATE), "speecht5_16k"), mp.pitch(x, "speecht5_16k", sample_rate=RATE))


def test_between_values_along_the_logarithm_and_never_across_a_pause() -> None:
    times = np.array([0.0, 1.0, 2.0])
    hz = np.array([100.0, 400.0, 0.0], np.float32)
    got = at_times(times, hz, np.array([-1.0, 0.5, 1.4, 1.6, 3.0]))
    np.testing.assert_allclose(got, [100, 200, 400, 0, 0])
    spec = dialect("hifigan_22k").spec
    assert frame_times_s(spec, 2).tolist() == pytest.approx([128 / 22050, 384 / 22050])
