"""Voices: moments, files, pitch moved in the sound, bad references, the command; against numbers known before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from laws.converters import SPEC, pitch, speechlike, voice
from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.samples import load
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, AudioError, AudioTooShort, ContractError, SpecMismatch
from melpact.features.analysis import to_rate
from melpact.features.octaves import Repairs, joined, repaired
from melpact.features.pitch import track_pitch
from melpact.features.second_pitch import second_track, sure_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert import Blend, Converting, Voice, converter
from melpact.models.convert.learning import learn
from melpact.models.refine import refiner
from melpact.normalise.exponential import ExponentialStats
from melpact.normalise.stats import Stats
from melpact.verbs.voice_learning import parsed, voice_learn
from melpact.verbs.voice_references import heard, modes, noise_db
from melpact.verbs.voice_sounding import key_between, moved, sung

RATE = 22050


def tone(seconds: float, hz: float, centre_hz: float = 900.0, vibrato: float = 0.0) -> np.ndarray:
    """Harmonics under one resonance, with a vibrato of 5 Hz in semitones."""
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(hz * 2 ** (vibrato / 12 * np.sin(2 * np.pi * 5 * t))) / RATE
    made = sum(np.exp(-(((k * hz - centre_hz) / 400) ** 2)) * np.cos(k * phase + k * k) for k in range(1, int(7000 / hz)))
    return (0.2 * made / np.abs(made).max()).astype(np.float32)


# moments


def test_the_running_mean_is_too_small_by_beta_to_the_n_and_debiasing_takes_that_away() -> None:
    one = ExponentialStats(SPEC, half_life_s=1.0)
    one.update(Mel(np.full((80, 50), -4.0, np.float32), SPEC))
    beta = 0.5 ** (256 / 22050)
    missing = beta**50
    assert one.decay == pytest.approx(beta, rel=1e-12) and one.missing_share == pytest.approx(missing, rel=1e-12)
    np.testing.assert_allclose(one.band_mean(debiased=False), -4.0 * (1 - missing), rtol=1e-12)
    np.testing.assert_allclose(one.band_mean(), -4.0, rtol=1e-12)
    np.testing.assert_allclose(one.band_std(debiased=False), 4.0 * np.sqrt(missing * (1 - missing)), rtol=1e-9)
    np.testing.assert_allclose(one.band_std(), 0.0, atol=1e-6)


def test_debiased_moments_are_those_of_weighted_frames_in_blocks_as_in_the_whole() -> None:
    mel = speechlike(400, 3)
    whole, parts = ExponentialStats(SPEC, 2.0), ExponentialStats(SPEC, 2.0)
    whole.update(mel)
    for begin in range(0, 400, 37):
        parts.update(Mel(mel.values[:, begin : begin + 37], SPEC))
    weights = (0.5 ** (256 / 22050 / 2.0)) ** np.arange(399, -1, -1)
    mean = np.average(mel.values.astype(float), axis=1, weights=weights)
    square = np.average((mel.values.astype(float) - mean[:, None]) ** 2, axis=1, weights=weights)
    for one in (whole, parts):
        np.testing.assert_allclose(one.band_mean(), mean, rtol=1e-10)
        np.testing.assert_allclose(one.band_std(), np.sqrt(square), rtol=1e-8)
        assert one.effective_frames == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-9)


def test_over_many_draws_the_debiased_mean_is_right_and_the_running_one_is_not() -> None:
    debiased, running = [], []
    for seed in range(40):
        one = ExponentialStats(SPEC, half_life_s=0.5)
        one.update(Mel(np.random.default_rng(seed).normal(-5.0, 1.0, (80, 20)).astype(np.float32), SPEC))
        debiased.append(one.band_mean().mean())
        running.append(one.band_mean(debiased=False).mean())
    missing = 0.5 ** (20 * 256 / 22050 / 0.5)
    assert np.mean(debiased) == pytest.approx(-5.0, abs=0.02)
    assert np.mean(running) == pytest.approx(-5.0 * (1 - missing), abs=0.02) and missing > 0.7


def test_what_running_moments_refuse() -> None:
    with pytest.raises(ContractError, match="half-life"):
        ExponentialStats(SPEC, 0.0)
    with pytest.raises(ContractError, match="no frames"):
        ExponentialStats(SPEC).band_mean()
    with pytest.raises(SpecMismatch):
        ExponentialStats("speecht5_16k").update(speechlike(3))


# the statistics method and voices


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_statistics_gives_the_targets_moments_by_the_ratio(ratio: float) -> None:
    mel = speechlike(600, 8)
    made = converter("statistics")(mel, voice(), Converting(ratio=ratio)).values.astype(float)
    wanted_mean = (1 - ratio) * mel.values.mean(axis=1) + ratio * voice().frames.mels.mean(axis=1)
    wanted_std = (1 - ratio) * mel.values.std(axis=1) + ratio * voice().frames.mels.std(axis=1)
    np.testing.assert_allclose(made.mean(axis=1), wanted_mean, atol=0.01)
    np.testing.assert_allclose(made.std(axis=1), wanted_std, rtol=0.01)


def test_envelope_gives_the_targets_envelope_its_moments_and_leaves_what_stands_on_it() -> None:
    from scipy.fft import dct

    comb = np.where(np.arange(80) % 3 == 0, 1.5, -0.75)[:, None]
    mel = Mel((speechlike(500, 8).values + comb).astype(np.float32), SPEC)
    made = converter("envelope")(mel, voice()).values.astype(float)
    change = dct(made - mel.values, axis=0, norm="ortho")
    # a frame that reaches the ceiling is cut there
    assert (np.abs(change[14:]).max(axis=0) < 1e-4).mean() > 0.97 and np.abs(change[:3]).max() > 1
    found, wanted = (dct(x.astype(float), axis=0, norm="ortho")[:7] for x in (made, voice().frames.mels))
    np.testing.assert_allclose(found.mean(axis=1), wanted.mean(axis=1), atol=0.02)
    half = converter("envelope")(mel, voice(), Converting(ratio=0.5)).values
    whole = (np.abs(change[14:]).max(axis=0) < 1e-4) & (made > SPEC.floor_value + 0.01).all(axis=0)
    np.testing.assert_allclose(half[:, whole], ((made + mel.values) / 2)[:, whole], atol=1e-4)


def test_envelope_moves_what_is_voiced_and_what_is_not_each_to_its_own() -> None:
    """The target's unvoiced frames are 3 nat brighter at the top; the source has as many of either, at other places."""
    from scipy.fft import dct

    f0_hz = np.where(np.arange(600) % 100 < 60, 120.0, 0.0).astype(np.float32)
    bright = np.linspace(0, 3, 80)[:, None] * (f0_hz == 0)
    target = learn([Mel((speechlike(600, 3).values + bright).astype(np.float32), SPEC)], [f0_hz])
    own_hz = np.where(np.arange(500) % 200 < 100, 150.0, 0.0).astype(np.float32)
    made = converter("envelope")(speechlike(500, 4), target, f0_hz=own_hz).values

    def tilt(mel: np.ndarray, frames: np.ndarray) -> float:
        return float(dct(mel.astype(float), axis=0, norm="ortho")[1, frames].mean())

    inner = np.abs(np.arange(500) % 100 - 50) < 40
    for voiced in (True, False):
        wanted = tilt(target.frames.mels, (f0_hz > 0) == voiced)
        assert tilt(made, ((own_hz > 0) == voiced) & inner) == pytest.approx(wanted, abs=0.6)
    apart = tilt(target.frames.mels, f0_hz > 0) - tilt(target.frames.mels, f0_hz == 0)
    assert apart > 5


def test_envelopes_spread_as_the_targets_do_and_pauses_and_a_blends_weights_are_minded() -> None:
    from scipy.fft import dct

    def low(mel: np.ndarray, frames: slice | np.ndarray = slice(None)) -> np.ndarray:
        return np.asarray(dct(mel.astype(float), axis=0, norm="ortho")[:6, frames])

    mel, wide = speechlike(600, 8), learn([speechlike(600, 3, spread=1.2)], [np.zeros(600, np.float32)])
    found = low(converter("envelope")(mel, wide).values)
    np.testing.assert_allclose(found.std(axis=1), low(wide.frames.mels).std(axis=1), rtol=0.12)
    paused = Mel(np.concatenate([mel.values, np.full((80, 300), SPEC.floor_value, np.float32)], axis=1), SPEC)
    after = learn([paused], [np.zeros(900, np.float32)])
    np.testing.assert_allclose(low(converter("envelope")(paused, wide).values, slice(0, 600)), found, atol=1e-3)
    np.testing.assert_allclose(converter("envelope")(mel, after).values, mel.values, atol=1e-3)
    other = learn([speechlike(600, 4, tilt=2.0)], [np.zeros(600, np.float32)])
    both = low(converter("envelope")(mel, Blend.of([(wide, 1), (other, 3)])).values).mean(axis=1)
    parts = [low(one.frames.mels).mean(axis=1) for one in (wide, other)]
    np.testing.assert_allclose(both, 0.25 * parts[0] + 0.75 * parts[1], atol=0.05)


def test_pauses_do_not_count_for_the_moments_of_a_voice() -> None:
    mel = speechlike(200, 1)
    paused = np.concatenate([mel.values, np.full((80, 300), np.log(1e-5), np.float32)], axis=1)
    made = learn([Mel(paused, SPEC)], [pitch(500)])
    np.testing.assert_allclose(made.moments()[0], mel.values.mean(axis=1), atol=1e-4)
    assert made.stats.frames == 200 and made.frames.active.sum() == 200 and made.frames.lengths == (500,)


def test_a_blend_moves_moments_and_pitch_between_its_voices() -> None:
    low, high = voice(hz=110.0), voice(seed=20, tilt=0.0, spread=0.8, hz=220.0)
    mix = Blend.of([(low, 7), (high, 3)])
    assert [weight for _, weight in mix.parts] == pytest.approx([0.7, 0.3])
    for i in (0, 1):
        np.testing.assert_allclose(mix.moments()[i], 0.7 * low.moments()[i] + 0.3 * high.moments()[i], rtol=1e-12)
    assert low.pitch and high.pitch and mix.pitch
    assert mix.pitch.median_hz == pytest.approx(low.pitch.median_hz**0.7 * high.pitch.median_hz**0.3)
    for bad in ([], [(low, -1.0)], [(low, 0.0)], [(low, float("nan"))]):
        with pytest.raises(ContractError):
            Blend.of(bad)


def test_a_voice_comes_back_from_its_file_and_a_broken_one_is_told(tmp_path: Path) -> None:
    path = voice().save(tmp_path / "anna.voice")
    again = Voice.load(path)
    assert again.fingerprint == voice().fingerprint and again.pitch == voice().pitch
    assert again.stats == voice().stats and again.seconds == voice().seconds
    np.testing.assert_array_equal(again.recent.band_std(), voice().recent.band_std())
    np.testing.assert_array_equal(again.frames.mels, voice().frames.mels)
    assert again.save(tmp_path / "again.voice").read_bytes() == path.read_bytes()
    (tmp_path / "cut.voice").write_bytes(path.read_bytes()[:-100])
    Stats.of([speechlike(9)]).save(tmp_path / "stats.voice")
    for name in ("cut", "stats"):
        with pytest.raises(ArtifactError):
            Voice.load(tmp_path / f"{name}.voice")


# pitch


def test_a_stretch_in_the_wrong_octave_is_put_right_and_a_leap_stays() -> None:
    track = np.full(600, 200.0, np.float32)
    track[100:115], track[300:500] = 100.0, 400.0
    made, found = repaired(track, 0.005)
    assert (made[90:130] == 200).all() and (made[300:500] == 400).all()
    assert found == Repairs(voiced=600, octaves=15)
    assert repaired(np.zeros(9, np.float32), 0.005)[1] == Repairs()


def test_two_trackers_agree_or_continuity_decides() -> None:
    glide = (200 * 2 ** np.linspace(0, 0.5, 600)).astype(np.float32)
    first, second = glide.copy(), (glide * 2 ** (20 / 1200)).astype(np.float32)
    made, found = joined(first, second, 0.005)
    assert np.array_equal(made, first) and found == Repairs(600, 0, 0, 0, "second")  # 20 cents apart is the same
    first[100:200] /= 2  # half a second, which one track alone takes for a leap
    second[300:400] *= 2
    made, found = joined(first, second, 0.005)
    cents = 1200 * np.log2(made / glide)
    assert np.abs(cents).max() < 21 and found == Repairs(600, 100, 0, 0, "second")
    assert (repaired(first, 0.005)[0][100:200] < glide[100:200] * 0.6).all()
    both = glide.copy()
    both[300:] *= 2  # what both say is a leap
    assert np.array_equal(joined(both, both, 0.005)[0], both)


def test_voicing_is_what_both_say_and_what_goes_on_from_it() -> None:
    first, second = np.zeros(400, np.float32), np.zeros(400, np.float32)
    first[50:150] = second[50:150] = 220.0
    second[150:156] = 222.0  # goes on for 30 ms
    first[100:104] = 0.0  # a gap that the second fills
    first[200:206], second[300:306] = 150.0, 500.0  # 30 ms that one says alone
    made, found = joined(first, second, 0.005)
    assert (made[50:156] > 0).all() and (made[:50] == 0).all() and (made[156:] == 0).all()
    assert found == Repairs(voiced=106, octaves=0, gained=10, lost=6, second="second")
    first[200:240] = 150.0  # 200 ms last
    assert (joined(first, second, 0.005)[0][200:240] == 150).all()
    nothing = np.zeros(9, np.float32)
    assert joined(nothing, nothing, 0.005)[1].voiced == 0


def sung_tone(seconds: float, hz: float, subharmonic: float) -> tuple[np.ndarray, np.ndarray]:
    """Vibrato with every other period louder, and its true pitch every 5 ms."""
    t = np.arange(round(seconds * RATE)) / RATE
    f0_hz = hz * 2 ** (0.4 / 12 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    x = sum(np.cos(k * phase + 2 * k * k) / k for k in range(1, int(7000 / hz)))
    x = x * (1 + subharmonic * np.cos(phase / 2 + 1))
    x = 0.3 * x / np.abs(x).max() + np.random.default_rng(1).normal(0, 0.001, x.size)
    at = (np.arange(int(t.size / RATE / 0.005) + 1) * 0.005 * RATE).astype(int)
    return x.astype(np.float32), f0_hz[np.minimum(at, t.size - 1)]


def test_a_second_tracker_is_asked_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyworld")
    x, true = sung_tone(1.5, 230.0, 0.2)
    other = second_track(x, RATE)
    assert other is not None and other.shape == true.shape == track_pitch(x, RATE).shape
    found = sure_pitch(x, RATE)
    on = found.taken[20:-20] > 0
    assert on.mean() > 0.95 and np.abs(1200 * np.log2(found.taken[20:-20][on] / true[20:-20][on])).max() < 50
    assert found.repairs.second is not None and "DIO" in found.repairs.second
    assert second_track(np.zeros(3000, np.float32), RATE).shape == (int(3000 / RATE / 0.005) + 1,)  # type: ignore[union-attr]
    monkeypatch.setattr("melpact.features.second_pitch.find_spec", lambda name: None)
    alone = sure_pitch(x, RATE)
    assert alone.second is None and alone.repairs.second is None
    assert np.array_equal(alone.taken, repaired(track_pitch(x, RATE), 0.005)[0])


@pytest.mark.parametrize("semitones", [-7.0, -3.0, 4.0, 9.0])
def test_the_pitch_moves_and_length_loudness_and_vibrato_stay(semitones: float) -> None:
    x = tone(1.0, 180.0, vibrato=0.7)
    made = shifted(x, RATE, track_pitch(x, RATE), semitones=semitones)
    before, after = track_pitch(x, RATE)[20:-20], track_pitch(made, RATE)[20:-20]
    assert made.shape == x.shape and (after > 0).mean() > 0.98
    on = after > 0
    cents = 1200 * np.log2(after[on] / before[on]) - 100 * semitones
    assert abs(np.median(cents)) < 3 and np.median(np.abs(cents)) < 12
    assert np.corrcoef(np.log(before[on]), np.log(after[on]))[0, 1] > 0.95
    assert 20 * np.log10(made[2000:-2000].std() / x[2000:-2000].std()) == pytest.approx(0.0, abs=0.5)


def resonance_hz(x: np.ndarray) -> float:
    """Centre of gravity of the power spectrum."""
    power = np.abs(np.fft.rfft(x[2000:-2000] * np.hanning(x.size - 4000))) ** 2
    return float((power * np.fft.rfftfreq(x.size - 4000, 1 / RATE)).sum() / power.sum())


def test_formants_stay_with_another_pitch_and_move_without_one() -> None:
    x = tone(1.0, 110.0, centre_hz=1100.0)
    track = track_pitch(x, RATE)
    assert resonance_hz(shifted(x, RATE, track, semitones=5)) == pytest.approx(resonance_hz(x), rel=0.05)
    for factor in (0.8, 1.25):
        made = shifted(x, RATE, track, formant=factor)
        assert resonance_hz(made) == pytest.approx(factor * resonance_hz(x), rel=0.05)
        after = track_pitch(made, RATE)[20:-20]
        assert np.median(after) == pytest.approx(110.0, rel=0.005)


def test_what_has_no_voice_and_what_is_not_to_move_is_passed_on() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    silent = np.zeros(201, np.float32)
    assert shifted(noise, RATE, silent, semitones=5) is noise
    x = tone(0.5, 200.0)
    assert shifted(x, RATE, track_pitch(x, RATE)) is x
    joined = np.concatenate([noise[:11025], x])
    track = track_pitch(joined, RATE)
    track[:95] = 0
    made = shifted(joined, RATE, track, semitones=4)
    np.testing.assert_allclose(made[500:9500], joined[500:9500], atol=2e-3)
    with pytest.raises(ContractError, match="formants"):
        shifted(x, RATE, silent, formant=3.0)


def test_windows_of_a_long_sound_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    import melpact.verbs.voice_sounding as home

    parts = [tone(0.8, 150.0), np.zeros(4410, np.float32)] * 5
    x = np.concatenate(parts)
    track = track_pitch(x, RATE)
    whole = moved(x, RATE, track, semitones=3, formant=1.0)
    monkeypatch.setattr(home, "WINDOW_S", 1.5)
    monkeypatch.setattr(home, "SEARCH_S", 0.6)
    split = moved(x, RATE, track, semitones=3, formant=1.0)
    assert len(home.quiet_borders(x, RATE, home.WINDOW_S, home.SEARCH_S)) == 2
    assert split.shape == x.shape
    after = [track_pitch(one, RATE) for one in (whole, split)]
    on = (after[0] > 0) & (after[1] > 0)
    assert on.mean() > 0.7 and np.median(np.abs(1200 * np.log2(after[0][on] / after[1][on]))) < 3
    assert split.std() == pytest.approx(whole.std(), rel=0.02)
    same = np.ones(x.size, np.float32) * 0.1
    monkeypatch.setattr(home, "shifted", lambda samples, *a, **k: samples)
    np.testing.assert_allclose(moved(same, RATE, track, semitones=3, formant=1.0), same, atol=1e-7)


def test_the_key_is_whole_semitones_between_the_medians() -> None:
    low, high = voice(hz=110.0).pitch, voice(hz=220.0).pitch
    assert low and high
    assert key_between(low, high) == 12.0 and key_between(high, low) == -12.0 and key_between(None, low) == 0.0


# references


def test_the_noise_of_a_reference_is_estimated(tmp_path: Path) -> None:
    x = to_rate(load("en_noservice"), RATE).samples[0]
    rng = np.random.default_rng(1)
    for wanted in (5.0, 15.0):
        noise = rng.normal(0, x.std() / 10 ** (wanted / 20), x.size)
        found = noise_db(Audio.of((x + noise).astype(np.float32), RATE))
        assert found == pytest.approx(wanted, abs=2.0)
    write(tmp_path / "noisy.wav", Audio.of((x + 0.5 * x.std() * rng.normal(0, 1, x.size)).astype(np.float32), RATE))
    assert any("noisy" in note for note in heard(tmp_path / "noisy.wav", SPEC).notes)
    assert heard_sample("en_noservice").notes == ()


def heard_sample(name: str):  # type: ignore[no-untyped-def]
    from melpact.audio.samples import path

    return heard(path(name), SPEC)


def test_references_that_are_no_good_are_told(tmp_path: Path) -> None:
    x = to_rate(load("en_noservice"), RATE).samples[0]
    write(tmp_path / "silent.wav", Audio.of(np.zeros(RATE, np.float32), RATE))
    write(tmp_path / "hiss.wav", Audio.of(np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32), RATE))
    write(tmp_path / "short.wav", Audio.of(x[15000:28000], RATE))
    write(tmp_path / "clipped.wav", Audio.of(np.clip(8 * x, -0.9, 0.9), RATE))
    (tmp_path / "broken.wav").write_bytes(b"RIFF and nothing else")
    for name, said in (("silent", "silent"), ("hiss", "no voice")):
        with pytest.raises(AudioError, match=said):
            voice_learn([tmp_path / f"{name}.wav"])
    with pytest.raises(AudioTooShort, match="too little voice"):
        voice_learn([tmp_path / "short.wav"])
    assert any("clipped" in note for note in heard(tmp_path / "clipped.wav", SPEC).notes)
    report = voice_learn([tmp_path], tmp_path / "all.voice")
    assert {Path(f.item).name for f in report.failed} == {"silent.wav", "hiss.wav", "broken.wav"}
    assert Voice.load(tmp_path / "all.voice").fingerprint == report.voice.fingerprint


def test_two_pitches_far_apart_are_told_as_perhaps_several_speakers(tmp_path: Path) -> None:
    x = to_rate(load("en_noservice"), RATE).samples[0]
    write(tmp_path / "as_is.wav", Audio.of(x, RATE))
    write(tmp_path / "lower.wav", Audio.of(shifted(x, RATE, track_pitch(x, RATE), semitones=-10), RATE))
    report = voice_learn([tmp_path])
    assert any("several speakers" in note and "semitones apart" in note for note in report.notes)
    rng = np.random.default_rng(0)
    two = np.concatenate([100 * 2 ** rng.normal(0, 0.06, 500), 200 * 2 ** rng.normal(0, 0.06, 500)]).astype(np.float32)
    apart, low, high = modes(two)
    assert apart == pytest.approx(1 / 0.06, rel=0.1) and (low, high) == (
        pytest.approx(100, rel=0.02),
        pytest.approx(200, rel=0.02),
    )
    # one Gaussian split at its middle: means ±0.798 σ, spread 0.603 σ
    assert modes((200 * 2 ** rng.normal(0, 0.1, 5000)).astype(np.float32))[0] == pytest.approx(1.596 / 0.603, rel=0.08)


# the command


def mute(mel: Mel, f0_hz: np.ndarray):  # type: ignore[no-untyped-def]
    """In place of a vocoder: the loudness of each frame, so that channels can be told apart."""
    yield np.repeat(mel.values.mean(axis=0) / 100, 256)[: mel.n_samples].astype(np.float32)


def test_channels_are_converted_apart_at_any_rate(tmp_path: Path) -> None:
    x = load("en_noservice").samples[0][16000:40000]
    y = load("it_noservice").samples[0][16000:40000]
    for name, rows in (("both", [x, y]), ("left", [x]), ("right", [y])):
        write(tmp_path / f"{name}.wav", to_rate_each(rows, 48000), "FLOAT")
    asked = Converting(key_semitones=2.0)
    made = {}
    for name in ("both", "left", "right"):
        found = sung(
            tmp_path / f"{name}.wav", tmp_path / "out" / f"{name}.wav", converter("statistics"), voice(), asked, mute,
            trace=tmp_path / f"trace_{name}",
        )  # fmt: skip
        made[name] = read(tmp_path / "out" / f"{name}.wav").samples
        assert found.seconds == pytest.approx(1.5, abs=0.01) and found.key_semitones == 2.0
    assert np.array_equal(made["both"][0], made["left"][0]) and np.array_equal(made["both"][1], made["right"][0])
    names = sorted(p.name for p in (tmp_path / "trace_left").iterdir())
    assert names == [
        "01_pitch.json",
        "01_source.wav",
        "02_moved.wav",
        "03_moved.mel",
        "04_converted.mel",
        "05_converted.wav",
    ]
    assert len(list((tmp_path / "trace_both").iterdir())) == 12
    said = json.loads((tmp_path / "trace_left" / "01_pitch.json").read_text())
    assert said["repairs"]["voiced"] == sum(hz > 0 for hz in said["taken_hz"]) and len(said["first_hz"]) == 301
    assert found.repairs is not None and found.repairs.voiced > 50
    assert Mel.load(tmp_path / "trace_left" / "04_converted.mel").provenance["converted"]["key_semitones"] == 2.0


def test_a_refiner_comes_last_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.wav", Audio.of(load("ru_nocallback").samples[0][20000:36000], 16000))
    words = ["voice", str(tmp_path / "a.wav"), "--to", "sample:en_noservice", "--with", "griffin_lim", "--json", "-o"]
    trace = ["--trace", str(tmp_path / "trace")]
    assert main([*words, str(tmp_path / "r.wav"), "--refine", "refine_22k_cnn", *trace]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["refiner"] == "refine_22k_cnn" and any("measured to help" in note for note in report["notes"])
    before, after = (Mel.load(tmp_path / "trace" / name) for name in ("04_converted.mel", "05_refined.mel"))
    wanted = refiner("refine_22k_cnn")(before).values
    np.testing.assert_allclose(after.values, wanted, atol=1e-4)
    assert np.abs(after.values - before.values).max() > 2e-3 and "converted" in after.provenance
    assert (tmp_path / "trace" / "06_converted.wav").exists()
    assert main([*words, str(tmp_path / "i.wav"), "--refine", "identity"]) == 0
    assert main([*words, str(tmp_path / "n.wav")]) == 0
    assert (tmp_path / "i.wav").read_bytes() == (tmp_path / "n.wav").read_bytes() != (tmp_path / "r.wav").read_bytes()
    assert main([*words, str(tmp_path / "x.wav"), "--refine", "identity", "--lookahead-ms", "300"]) == 2
    assert "--refine" in capsys.readouterr().err


def to_rate_each(rows: list[np.ndarray], rate: int) -> Audio:
    return Audio.of(np.stack([to_rate(Audio.of(row, 16000), rate).samples[0] for row in rows]), rate)


def test_a_voice_is_learnt_and_sounds_are_converted_with_a_bad_one_among_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anna = tmp_path / "anna.voice"
    assert main(["voice", "learn", "sample:en_noservice", "-o", str(anna), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert 150 < said["voice"]["pitch"]["median_hz"] < 250 and said["voice"]["exponential"]["missing_share"] > 0.5
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "good.wav", Audio.of(load("ru_nocallback").samples[0][20000:32000], 16000))
    write(folder / "hum.flac", Audio.of(np.random.default_rng(0).normal(0, 0.05, 8000).astype(np.float32), 8000))
    (folder / "bad.ogg").write_bytes(b"no sound")
    words = ["voice", str(folder), "--blend", f"{anna}:.7,{anna}:.3", "-o", str(tmp_path / "out"), "--with", "griffin_lim"]
    assert main([*words, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [Path(one["path"]).name for one in report["done"]] == ["good.wav", "hum.wav"]
    assert report["failed"][0]["source"].endswith("bad.ogg")
    assert any("no voice" in note for note in report["notes"])
    made = read(tmp_path / "out" / "good.wav")
    assert made.sample_rate == RATE and made.duration_s == pytest.approx(0.75, abs=0.01) and made.peak > 0.01
    assert not list((tmp_path / "out").glob(".*"))


def test_one_command_converts_what_ships_and_says_consent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = tmp_path / "new" / "demo.wav"
    assert main(["voice", "sample:ru_nocallback", "--to", "sample:en_noservice", "-o", str(demo)]) == 0
    assert "consent" in capsys.readouterr().out
    given, made = load("ru_nocallback"), read(demo)
    assert made.sample_rate == RATE and made.duration_s == pytest.approx(given.duration_s, abs=1e-3)
    pitches = [np.median(hz[hz > 0]) for hz in (track_pitch(x.samples[0], x.sample_rate) for x in (given, made))]
    wanted = np.median((hz := track_pitch(load("en_noservice").samples[0], 16000))[hz > 0])
    assert abs(12 * np.log2(pitches[0] / wanted)) > 2 and abs(12 * np.log2(pitches[1] / wanted)) < 0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sample:en_noservice"], "said once"),
        (["sample:en_noservice", "--to", "nowhere.wav"], "no such file"),
        (["sample:en_noservice", "--to", "sample:it_noservice", "--ratio", "2"], "--ratio"),
        (["sample:en_noservice", "--to", "sample:it_noservice", "--method", "magic"], "envelope, statistics"),
        (["sample:en_noservice", "--blend", "a.voice"], "A:.7,B:.3"),
        (["sample:en_noservice", "--to", "sample:it_noservice", "--moments", "exponential"], "--moments"),
        (["sample:en_noservice", "--to", "sample:it_noservice", "--neighbours", "3"], "--neighbours"),
        (["learn"], "references"),
        (["learn", "sample:en_noservice", "--neighbours", "3"], "--neighbours"),
        (["learn", "sample:en_noservice", "--key", "0"], "--key"),
        (["learn", "sample:en_noservice"], ".voice"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_2(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voice", *words, "-o", str(tmp_path / "x.wav")]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error and not (tmp_path / "x.wav").exists()


def test_what_is_taken_by_itself_is_asked_for_what_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.models.convert.opening.ENOUGH_S", 0.5)
    write(tmp_path / "a.wav", Audio.of(load("ru_nocallback").samples[0][20000:32000], 16000))
    words = ["voice", str(tmp_path / "a.wav"), "--to", "sample:en_noservice", "--with", "griffin_lim", "--quiet", "-o"]
    assert main([*words, str(tmp_path / "b.wav"), "--neighbours", "3"]) == 0
    assert main([*words, str(tmp_path / "c.wav"), "--moments", "exponential"]) == 2


def test_a_voice_of_another_mel_is_refused_before_any_sound_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = dialect("speecht5_16k").spec
    mel = speechlike(120, spec=other)
    anna = learn([mel], [pitch(120)]).save(tmp_path / "anna.voice")
    words = ["voice", "sample:ru_nocallback", "--to", str(anna), "--method", "retrieval", "-o", str(tmp_path / "x.wav")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "another mel" in said and "--to" in said and "16000" in said


def test_blends_are_read_and_consent_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("a.voice:.7, b:c/x.wav:0.3") == [("a.voice", 0.7), ("b:c/x.wav", 0.3)]
    assert main(["voice", "--help"]) == 0
    assert "consent" in capsys.readouterr().out
