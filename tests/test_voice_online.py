"""Another voice while the sound is still coming: what was promised of latency, length and bits; moments that run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from laws.converters import SPEC, converter, pitch, speechlike, voice
from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.samples import load
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.features.analysis import extract, to_rate
from melpact.features.pitch import loudness, track_pitch
from melpact.models.convert.learning import learn
from melpact.models.convert.online import CONTEXT_FRAMES, KNOWN_S, OnlineConverter
from melpact.models.convert.opening import METHODS
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Blend
from melpact.verbs.voice_live import online_sound
from melpact.verbs.voice_online import OnlineNetwork, OnlineVoice
from melpact.vocoders.griffin_lim.online import OnlineInversion

RATE = 22050
every = pytest.mark.parametrize("method", list(METHODS))


def sound(name: str = "ru_nocallback") -> np.ndarray:
    made: np.ndarray = to_rate(load(name), RATE).samples[0]
    return made


def through(flow: OnlineConverter, values: np.ndarray, f0_hz: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    made, at = [], 0
    for size in sizes:
        made.append(flow.push(values[:, at : at + size], f0_hz[at : at + size]))
        at += size
    return [*made, flow.finish()]


# the converter


@every
def test_frames_come_after_the_look_ahead_and_none_is_lost(method: str) -> None:
    mel, hz = speechlike(120, 4).values, pitch(120)
    flow = OnlineConverter(converter(method), voice(), look_ahead_frames=10)
    parts = through(flow, mel, hz, [8] * 15)
    assert [part.shape[1] for part in parts] == [0, 6, *[8] * 13, 10]
    made = np.concatenate(parts, axis=1)
    assert made.dtype == np.float32 and np.isfinite(made).all() and (made >= SPEC.floor_value).all()
    assert not np.allclose(made, mel, atol=0.1)
    nothing = OnlineConverter(converter(method), voice(), Converting(ratio=0.0), look_ahead_frames=3)
    assert np.array_equal(np.concatenate(through(nothing, mel, hz, [50, 70]), axis=1), mel)
    silent = np.full((80, 40), SPEC.floor_value, np.float32)
    flow = OnlineConverter(converter(method), voice(), look_ahead_frames=3)
    assert np.array_equal(np.concatenate(through(flow, silent, hz[:40], [40]), axis=1), silent)


@every
def test_a_frame_at_a_time_after_a_voice_of_any_length(method: str) -> None:
    mel, hz = speechlike(3, 4).values, pitch(3)
    for frames in (60, 61):
        short = learn([speechlike(frames, 5)], [pitch(frames)])
        flow = OnlineConverter(converter(method), short, look_ahead_frames=0)
        assert [part.shape[1] for part in through(flow, mel, hz, [1, 1, 1])] == [1, 1, 1, 0]


@every
def test_what_comes_later_than_the_look_ahead_changes_nothing(method: str) -> None:
    mel, hz = speechlike(100, 5).values, pitch(100)
    other = mel.copy()
    other[:, 60:] = speechlike(40, 9).values
    made = []
    for values in (mel, other):
        flow = OnlineConverter(converter(method), voice(), look_ahead_frames=6)
        made.append(np.concatenate(through(flow, values, hz, [10] * 10), axis=1))
    assert np.array_equal(made[0][:, :54], made[1][:, :54]) and not np.array_equal(made[0][:, 54:], made[1][:, 54:])


def test_the_moments_run_and_are_debiased() -> None:
    hop_s, half_life = 256 / 22050, 2.0
    frames, known = 700, round(KNOWN_S / hop_s)
    mel = speechlike(frames, 3).values
    flow = OnlineConverter(converter("statistics"), voice(), look_ahead_frames=0, half_life_s=half_life)
    made = flow.push(mel[:, :-1])
    made = flow.push(mel[:, -1:])
    # the target's own frames stand in for a source that nobody has heard; then every frame of it (all sound)
    kept = voice().frames
    best = int(np.argmax(np.convolve(kept.active, np.ones(known), "valid")))
    whole = np.concatenate([kept.mels[:, best : best + known], mel], axis=1).astype(float)
    beta = 0.5 ** (hop_s / half_life)
    weights = beta ** np.arange(whole.shape[1])[::-1]
    mean = np.average(whole, axis=1, weights=weights)
    std = np.sqrt(np.average((whole - mean[:, None]) ** 2, axis=1, weights=weights))
    np.testing.assert_allclose(flow.moments.band_mean(), mean, rtol=1e-5)
    assert flow.moments.missing_share == pytest.approx(beta ** whole.shape[1], rel=1e-9)
    wanted_mean, wanted_std = voice().moments()
    line = wanted_mean + wanted_std * (mel[:, -1] - mean) / std
    inside = (line > SPEC.floor_value) & (line < mel.max(axis=1))
    assert inside.sum() > 70
    np.testing.assert_allclose(made[inside, 0], line[inside], atol=2e-3)


def test_a_source_that_is_the_target_is_hardly_moved_from_its_first_frame_on() -> None:
    flow = OnlineConverter(converter("statistics"), voice(), look_ahead_frames=0)
    own = voice().frames.mels[:, :40]
    assert np.abs(flow.push(own) - own).mean() < 0.15
    far = OnlineConverter(converter("statistics"), voice(), look_ahead_frames=0)
    assert np.abs(far.push(own - 3.0) - (own - 3.0)).mean() > 0.3


def test_hours_are_kept_in_bounded_memory() -> None:
    flow = OnlineConverter(converter("statistics"), voice(), look_ahead_frames=4)
    mel = speechlike(200).values
    sizes = {flow._raw.shape[1] for _ in range(12) if flow.push(mel).size}
    assert max(sizes) <= round(4 * 22050 / 256) + 200 + CONTEXT_FRAMES


def test_what_the_online_converter_refuses() -> None:
    flow = OnlineConverter(converter("statistics"), voice(), look_ahead_frames=1)
    for bad in (np.zeros((3, 4)), np.full((80, 2), np.nan)):
        with pytest.raises(ContractError, match="takes"):
            flow.push(bad.astype(np.float32))
    with pytest.raises(ContractError, match="pitch"):
        flow.push(np.zeros((80, 4), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ContractError, match="negative"):
        OnlineConverter(converter("statistics"), voice(), look_ahead_frames=-1)


# the inversion


def test_the_inversion_of_frames_that_still_come_is_nearly_that_of_the_whole() -> None:
    x = sound()
    mel = extract(Audio.of(x, RATE), SPEC)
    flow = OnlineInversion(SPEC, block_frames=8, ahead_frames=6)
    parts = [flow.push(mel.values[:, at : at + 8]) for at in range(0, mel.n_frames, 8)]
    assert sum(part.size for part in parts[:5]) == (40 - 8) * 256 - 384  # of 40 frames 32 had 6 behind them
    y = np.concatenate([*parts, flow.finish()])
    assert y.size >= x.size - 256
    again = extract(Audio.of(y[: x.size], RATE), SPEC).values
    loud = mel.values[:, : again.shape[1]] > -7
    assert np.abs(again - mel.values[:, : again.shape[1]])[loud].mean() < 0.08
    silence = Mel(np.full((80, 60), SPEC.floor_value, np.float32), SPEC).values
    other = OnlineInversion(SPEC)
    assert np.abs(np.concatenate([other.push(silence), other.finish()])).max() < 1e-3


# the sound


def test_however_it_is_cut_the_same_comes_out_as_early_as_promised() -> None:
    x, asked = sound()[: 3 * RATE], Converting(key_semitones=-2.0)
    made = []
    for size in (441, 5000):
        flow = OnlineVoice(converter("statistics"), voice(), asked)
        given, parts = 0, []
        total = flow.latency.total_ms * RATE / 1000
        assert flow.latency.look_ahead_ms <= 300
        for at in range(0, x.size, size):
            parts.append(flow.push(x[at : at + size]))
            given += parts[-1].size
            assert given >= min(at + size, x.size) - total - 1
        parts.append(flow.finish())
        made.append(np.concatenate(parts))
        assert made[-1].size == x.size and len(flow.spent_ms) > 20
    assert np.array_equal(made[0], made[1])


def test_samples_later_than_the_look_ahead_change_nothing() -> None:
    x = sound()[: 2 * RATE]
    other = x.copy()
    cut = 30000
    other[cut:] = sound("it_noservice")[: x.size - cut]
    made = []
    for samples in (x, other):
        flow = OnlineVoice(converter("envelope"), voice(), Converting(key_semitones=3.0))
        made.append(np.concatenate([flow.push(samples), flow.finish()]))
        ahead = flow.latency.look_ahead_ms * RATE / 1000
    assert np.array_equal(made[0][: cut - round(ahead) - 8 * 256], made[1][: cut - round(ahead) - 8 * 256])
    assert not np.array_equal(made[0][cut:], made[1][cut:])


def test_nothing_to_convert_gives_the_sound_itself_but_for_the_inversion() -> None:
    x = sound()
    flow = OnlineVoice(converter("statistics"), voice(), Converting(ratio=0.0, key_semitones=0.0))
    y = np.concatenate([flow.push(x), flow.finish()])
    given, made = (extract(Audio.of(one, RATE), SPEC).values for one in (x, y))
    assert np.abs(given - made)[given > -7].mean() < 0.08
    flow = OnlineVoice(converter("statistics"), voice(), Converting(ratio=0.0, key_semitones=5.0))
    y = np.concatenate([flow.push(x), flow.finish()])
    before, after = track_pitch(x, RATE), track_pitch(y, RATE)
    on = (before > 0) & (after > 0)
    assert on.mean() > 0.35 and abs(np.median(1200 * np.log2(after[on] / before[on])) - 500) < 15


def test_the_key_is_chosen_when_enough_was_heard() -> None:
    x = sound()
    flow = OnlineVoice(converter("statistics"), voice(hz=110.0))
    flow.push(x[:RATE])
    assert flow.key_semitones is None
    flow.push(x[RATE:])
    assert flow.key_semitones is not None
    assert flow.key_semitones == pytest.approx(12 * np.log2(110 / 217), abs=3.1)  # 217 Hz is the median of the whole


def test_a_pause_is_no_voice_though_it_is_all_there_is_in_a_window() -> None:
    x = sound()
    hum = 0.002 * np.sin(2 * np.pi * 120 * np.arange(RATE) / RATE).astype(np.float32)
    loud = loudness(x, RATE)
    assert (track_pitch(hum, RATE) > 0).mean() > 0.9
    assert (track_pitch(hum, RATE, 20 * loud) > 0).mean() < 0.1
    assert loudness(hum, RATE) == pytest.approx(0.002 / np.sqrt(2), rel=0.03)


def test_a_network_that_takes_frames_alone_and_one_that_does_not() -> None:
    class Fake:
        inputs, spec, receptive_field, hop_length, look_ahead_s = ("mel",), SPEC, (3, 5), 256, 0.058

        def open_stream(self, block_frames: int):  # type: ignore[no-untyped-def]
            from melpact.nn.running import Network, Stream

            class Mean:
                name, in_batches = "mean", False

                def run(self, inputs):  # type: ignore[no-untyped-def]
                    return np.repeat(inputs[0].mean(axis=1), 256, axis=1) / 100

            return Stream(Network(Mean(), 256, (3, 5)), block_frames)

    made = OnlineVoice(converter("statistics"), voice(), sound=OnlineNetwork(Fake(), SPEC))  # type: ignore[arg-type]
    assert made.latency.sound_ms == pytest.approx(5 * 256 / 22.05) and made.latency.look_ahead_ms <= 300
    x = sound()[:RATE]
    assert np.concatenate([made.push(x), made.finish()]).size == x.size
    with pytest.raises(ContractError, match="still coming"):
        online_sound("melpact_small", SPEC)


# the command


def test_the_command_says_what_a_sample_waits_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["voice", "sample:ru_nocallback", "--to", "sample:en_noservice", "--lookahead-ms"]
    assert main([*words, "300", "-o", str(tmp_path / "a.wav"), "--json"]) == 0
    live = json.loads(capsys.readouterr().out)["done"][0]["live"]
    of = live["latency"]
    parts = of["pitch_ms"] + of["mel_ms"] + of["converter_ms"] + of["sound_ms"]
    assert (
        of["look_ahead_ms"] == pytest.approx(parts)
        and 200 < parts <= 300
        and of["block_ms"] == pytest.approx(92.88, abs=0.1)
    )
    assert 0 < live["block_p50_ms"] <= live["block_p95_ms"] and 0.8 < live["missing_share"] < 1
    assert read(tmp_path / "a.wav").duration_s == pytest.approx(load("ru_nocallback").duration_s, abs=1e-3)
    assert main([*words, "100", "-o", str(tmp_path / "b.wav")]) == 2
    assert "(pitch)" in capsys.readouterr().err
    assert main([*words, "300", "--trace", str(tmp_path), "-o", str(tmp_path / "b.wav")]) == 2
    both = np.stack([load("en_noservice").samples[0][:32000], load("it_noservice").samples[0][:32000]])
    write(tmp_path / "both.wav", Audio.of(both, 16000))
    capsys.readouterr()
    assert main(["voice", str(tmp_path / "both.wav"), *words[2:], "300", "-o", str(tmp_path / "c.wav")]) == 2
    assert "--key" in capsys.readouterr().err


def test_a_blend_is_met_online_as_its_parts_are() -> None:
    mel = speechlike(60, 2).values
    flows = [
        OnlineConverter(converter("statistics"), one, look_ahead_frames=2) for one in (voice(), Blend.of([(voice(), 3)]))
    ]
    made = [np.concatenate([flow.push(mel), flow.finish()], axis=1) for flow in flows]
    np.testing.assert_allclose(made[0], made[1], atol=1e-5)
