"""Identification: with the sound it is exact, without it as good as the values allow; what cannot be told is said."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.samples import load, path
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import AudioError, AxisError, ContractError
from melpact.diagnose.identify import identify
from melpact.diagnose.identify.alike import Low, why_alike
from melpact.diagnose.identify.catalogue import by_bands, hypotheses, silence
from melpact.diagnose.identify.compare import analysis_of
from melpact.diagnose.identify.contour import framings, free_hop
from melpact.diagnose.identify.listen import Sound, exact
from melpact.diagnose.identify.rounding import like_rounding
from melpact.diagnose.identify.scorer import resynthesis_error, score
from melpact.diagnose.identify.traits import floor_evidence
from melpact.diagnose.identify.utterance import follows, self_scaled
from melpact.diagnose.identify.workbench import Bench, readings
from melpact.features.analysis import extract
from melpact.verbs.identify import identify as identify_file


def two_seconds(name: str = "en_noservice") -> Audio:
    return Audio.of(load(name).samples[0, :32000], 16000)


WITH_SOUND = [
    "hifigan_22k", "tacotron2_22k", "nemo_waveglow_22k", "vocos_24k", "vocos_24k_same", "whisper_16k_80", "rvc_48k_2026",
    "tacotron2_rayhane_22k", "styletts2_24k", "xtts_v1_cond_22k", "campplus_fbank_16k", "librosa_default", "myxtts_22k",
    "nemo_22k_log1p", "gptsovits_v4_32k", "nemo_asr_16k:normalised", "audioldm2_48k",
]  # fmt: skip


@pytest.mark.parametrize("name", WITH_SOUND)
def test_with_the_sound_the_dialect_is_named(name: str) -> None:
    audio = two_seconds()
    found = identify(extract(audio, name).values, audio=audio)
    assert name == found.dialect or name in found.same_values_as
    assert found.residual_nat is not None and found.residual_nat < 1e-3
    assert found.candidates[0].probability >= found.candidates[-1].probability
    assert sum(c.probability for c in found.candidates) <= 1 + 1e-9


def test_every_hypothesis_has_one_description_and_every_dialect_with_numbers_is_in_one() -> None:
    prints = [h.spec.fingerprint for h in hypotheses()]
    assert len(prints) == len(set(prints))
    names = [n for h in hypotheses() for n in h.names]
    assert len(names) == len(set(names))
    assert {"hifigan_22k", "bigvgan_22k_fmax8k"} <= set(next(h for h in hypotheses() if h.name == "hifigan_22k").names)


def test_the_level_of_the_sound_is_solved_and_said() -> None:
    audio = two_seconds()
    quieter = Audio.of(audio.samples[0] * np.float32(0.5), 16000)
    found = identify(extract(audio, "hifigan_22k").values, audio=quieter)
    assert found.dialect == "hifigan_22k"
    assert found.gain_db == pytest.approx(20 * math.log10(2), abs=0.02)


def as_on_disk(audio: Audio, gain_db: float) -> Audio:
    """At another level, and rounded to 16 bits there."""
    x = audio.samples[0].astype(np.float64) * 10 ** (gain_db / 20)
    return Audio.of((np.round(x * 32767) / 32768).astype(np.float32), audio.sample_rate)


@pytest.mark.parametrize(
    "name", ["xtts_v2_cond_22k", "tortoise_cond_22k", "xtts_speaker_encoder_16k:normalised", "nemo_asr_16k:normalised"]
)
def test_the_level_is_solved_under_scalings_of_each_band(name: str) -> None:
    audio = two_seconds("en_unidentified")
    found = identify(extract(audio, name).values, audio=as_on_disk(audio, -3.7))
    assert name == found.dialect or name in found.same_values_as
    assert not found.differs
    assert found.gain_db == pytest.approx(3.7, abs=0.1)


def test_statistics_of_an_utterance_are_those_of_the_values_not_of_the_rounded_sound() -> None:
    audio = two_seconds("en_unidentified")
    spec = dialect("myxtts_22k").spec
    values = extract(audio, spec).values.astype(np.float64)
    found = identify(values, audio=as_on_disk(audio, -4.2))
    assert found.dialect == "myxtts_22k"
    assert follows(values, spec.scaling) and not follows(0.9 * values, spec.scaling)
    samples = Sound(audio).at(22050)
    gain, left = self_scaled(samples, values, spec, 0, 1e-3) or (math.nan, np.array(math.nan))
    assert gain == pytest.approx(0.0, abs=1e-9)
    assert np.quantile(np.abs(left), 0.99) < 1e-3
    assert self_scaled(samples, 0.9 * values, spec, 0, 1e-3) is None


@pytest.mark.parametrize(("changes", "as_expected"), [({}, True), ({"floor": 1e-3}, False), ({"f_max": 7950.0}, False)])
def test_what_a_dialect_leaves_is_held_against_what_rounding_leaves(changes: dict[str, float], as_expected: bool) -> None:
    audio = two_seconds("en_unidentified")
    values = extract(audio, dialect("hifigan_22k").spec.replace_quietly(**changes)).values.astype(np.float64)
    h = next(h for h in hypotheses() if h.name == "hifigan_22k")
    sound = Sound(as_on_disk(audio, -20.0))
    heard = exact(sound, values, h, 0)
    assert heard is not None
    assert np.mean(np.abs(heard.residual) > 0.01) > 0.02
    assert like_rounding(sound, values, heard) is as_expected


def test_a_mel_that_was_cut_is_found_in_its_sound() -> None:
    audio = Audio.of(load("it_noservice").samples[0, :64000], 16000)
    values = extract(audio, "bigvgan_24k").values[:, 37:237]
    found = identify(values, audio=audio)
    assert found.dialect == "bigvgan_24k"
    assert found.lag_frames == 37


def test_swapped_axes_are_read_and_said() -> None:
    audio = two_seconds()
    values = extract(audio, "vocos_24k").values
    with_sound, alone = identify(values.T, audio=audio), identify(values.T)
    assert with_sound.axes == alone.axes == "time-mel"
    assert with_sound.dialect == "vocos_24k"
    assert "transposed" in alone.evidence[0]


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("hifigan_22k", {"f_max": 7000.0}, {"f_max"}),
        ("vocos_24k", {"power": 2, "f_min": 50.0}, {"power", "f_min"}),
        ("pwg_24k", {"window": "hamming"}, {"window"}),
        ("vits_22k", {"log": "db_amplitude"}, {"log"}),
        ("hifigan_22k", {"hop_length": 300, "window": "hamming"}, {"hop_length", "window"}),
        ("vits_22k", {"preemphasis": 0.97, "preemphasis_kind": "filter"}, {"preemphasis"}),
        ("vocos_24k", {"mel_scale": "slaney", "mel_norm": "slaney", "f_max": 7600.0}, {"f_max"}),
        ("bigvgan_24k", {"floor": 1e-3}, {"floor"}),
        ("bigvgan_24k", {"padding": "centre", "pad_mode": "zero"}, {"pad_mode"}),
        ("hifigan_22k", {"hop_length": 154}, {"hop_length"}),
        ("pwg_24k", {"hop_length": 187, "win_length": 1000}, {"hop_length", "win_length"}),
        ("bigvgan_24k", {"log": "log10", "floor": 1e-2, "floor_kind": "add"}, {"log", "floor"}),
        ("nemo_22k_log1p", {"log": "log10"}, {"log"}),
    ],
)
def test_a_combination_that_no_dialect_has_is_found(name: str, changes: dict[str, object], named: set[str]) -> None:
    audio = two_seconds("en_unidentified")
    spec = dialect(name).spec.replace_quietly(**changes)
    found = identify(extract(audio, spec).values, audio=audio)
    assert found.dialect is None
    assert {k: getattr(found.spec, k) for k in changes} == changes
    assert all(any(d.startswith(field) for d in found.differs) for field in named)
    assert found.residual_nat is not None and found.residual_nat < 2e-3


def test_what_no_dialect_can_be_laid_beside_is_searched_for_all_the_same() -> None:
    audio = two_seconds("en_unidentified")
    only = next(hs[0].spec for n, hs in by_bands().items() if len(hs) == 1 and n > 100)
    spec = only.replace_quietly(hop_length=160 if only.hop_length >= 200 else 100)
    found = identify(extract(audio, spec).values, audio=audio)
    assert found.spec.hop_length / found.spec.sample_rate == pytest.approx(spec.hop_length / spec.sample_rate, rel=1e-6)
    assert found.residual_nat is not None and found.residual_nat < 2e-3


def test_the_filterbank_shows_in_how_the_bands_move() -> None:
    audio = two_seconds("en_unidentified")
    spec = dialect("hifigan_22k").spec.replace_quietly(mel_scale="htk", f_min=60.0, f_max=9000.0, preemphasis=0.97,
                                                       preemphasis_kind="filter")  # fmt: skip
    bench = Bench(Sound(audio), extract(audio, spec).values.astype(np.float64))
    plain = analysis_of(dialect("hifigan_22k").spec)
    found = bench.likely_banks(plain, 0, 0, (8000.0, 8500.0, 9000.0, 9500.0, 11025.0), (0.0, 30.0, 60.0, 90.0), 1)
    assert found == [("htk", 60.0, 9000.0)]


def test_an_added_floor_is_taken_off_before_the_line_is_fitted() -> None:
    audio = two_seconds("en_unidentified")
    spec = dialect("pwg_24k").spec.replace_quietly(power=2, floor=1e-3, floor_kind="add")
    values = extract(audio, spec).values.astype(np.float64)
    taken_off = dict(readings(values))["added:log10:0.001"]
    bare = extract(audio, spec.replace_quietly(log="ln", floor=1e-30, floor_kind="clamp")).values
    shown = taken_off > -60
    assert 0.3 < shown.mean() < 1
    np.testing.assert_allclose(taken_off[shown], bare[shown], atol=2e-3)
    assert (10.0 ** values[~shown] < 1.0201e-3).all()
    bench = Bench(Sound(audio), values)
    best = bench.score(analysis_of(spec), (0,), "line")
    assert bench.readings[best.reading][0] == "added:log10:0.001" and best.cost < -7.6


def test_a_band_that_touches_the_floor_still_counts_where_every_band_has_its_offset() -> None:
    audio = two_seconds("en_unidentified")
    spec = dialect("vocos_24k").spec.replace_quietly(floor=3e-2)
    values = extract(audio, spec).values.astype(np.float64)
    assert np.mean((values <= values.min() + 1e-6).any(axis=1)) > 0.5
    bench = Bench(Sound(audio), values)
    for fit in ("offsets", "bands"):
        assert bench.score(analysis_of(spec), (0,), fit, 0).cost < -7.6


def test_a_hop_that_no_program_is_known_for_shows_in_the_contours() -> None:
    audio = two_seconds("it_noservice")
    for hop in (154, 187, 233, 419):
        spec = dialect("vits_22k").spec.replace_quietly(hop_length=hop)
        free = free_hop(Sound(audio), extract(audio, spec).values.astype(np.float64))
        assert free is not None and free.hop_s == pytest.approx(hop / 22050, rel=6e-3)


def test_the_hop_shows_in_the_contours() -> None:
    audio = two_seconds("it_noservice")
    spec = dialect("vits_22k").spec.replace_quietly(hop_length=275)
    hops = [h / 22050 for h in (256, 268, 275, 282, 300)]
    first, *_ = framings(Sound(audio), extract(audio, spec).values.astype(np.float64), hops)
    assert first.hop_s == hops[2]
    assert first.first_s == pytest.approx(275 / 2 / 22050, abs=6e-3)


def test_values_that_no_sound_can_have_are_not_resynthesised() -> None:
    rng = np.random.default_rng(5)
    loud = 400.0 + 40.0 * rng.standard_normal((80, 60))  # e^400 as hifigan_22k: beyond float32
    assert resynthesis_error(loud, dialect("hifigan_22k").spec) is None
    assert score(loud).probability.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "name", ["rvc_40k", "whisper_16k_80", "styletts2_24k", "clap_48k_unfused", "audioldm2_16k", "vits_22k"]
)
def test_without_the_sound_a_distinct_dialect_is_named(name: str) -> None:
    audio = two_seconds("en_unidentified")
    mel = extract(audio, name)
    found = identify(mel)
    spec_of = {h.name: h.spec for h in by_bands()[mel.n_mels]}
    low = Low.of(mel.values)
    three = [c.dialect for c in found.candidates[:3]]
    assert any(why_alike(mel.spec, spec_of[n], low) is not None for n in three)
    assert not found.with_audio and found.residual_nat is None


def test_what_the_values_cannot_tell_is_said_in_words() -> None:
    found = identify(extract(two_seconds(), "pwg_22k").values)
    assert {"tensorflowtts_22k_ljspeech"} <= {found.best.dialect, *found.same_values_as}
    assert all(s.startswith("cannot tell these apart from the values alone: ") for s in found.cannot_tell)
    assert found.cannot_tell


def test_a_value_below_the_floor_rules_a_dialect_out() -> None:
    these = by_bands()[80]
    values = extract(two_seconds(), "coqui_22k_ljspeech").values.astype(np.float64)
    values = values - values.min() - 14.0  # below ln 1e-5 = -11.51, above ln 1e-8 = -18.42
    beyond = {h.name: e for h, e in zip(these, floor_evidence(values, these)[:, 0], strict=True)}
    assert beyond["hifigan_22k"] == pytest.approx(np.mean(values < math.log(1e-5) * 1.002), abs=1e-4)
    assert beyond["hifigan_22k"] > 0
    assert beyond["coqui_22k_ljspeech"] == 0
    p = dict(zip((h.name for h in these), score(values).probability, strict=True))
    assert p["hifigan_22k"] < 1e-3


def test_silence_is_the_end_of_what_a_dialect_can_give() -> None:
    rng = np.random.default_rng(3)
    noise = Audio.of((1e-4 * rng.standard_normal(24000)).astype(np.float32), 24000)
    for name in ("vits_22k", "espnet2_22k", "nemo_fastpitch_22k", "tacotron2_rayhane_22k", "rvc_40k"):
        spec = dialect(name).spec
        quiet = silence(spec)
        assert quiet is not None
        assert (extract(noise, spec).values >= quiet[:, None] - 1e-4).all()
    assert silence(dialect("hifigan_22k").spec)[0] == pytest.approx(math.log(1e-5), abs=1e-5)  # type: ignore[index]
    assert silence(dialect("whisper_16k_80").spec) is None


def test_a_sound_made_from_the_values_gives_them_back_only_in_the_right_description() -> None:
    values = extract(two_seconds("it_noservice"), "tensorflowtts_24k_libritts").values.astype(np.float64)
    right = resynthesis_error(values, dialect("tensorflowtts_24k_libritts").spec)
    for other in ("pwg_22k", "pwg_16k_cvss", "diffsinger_original_24k"):
        wrong = resynthesis_error(values, dialect(other).spec)
        assert right is not None and wrong is not None and wrong > 1.1 * right


def test_alike_follows_the_floor() -> None:
    hifigan, tacotron, coqui = (dialect(n).spec for n in ("hifigan_22k", "tacotron2_22k", "coqui_22k_ljspeech"))
    loud, quiet = Low(-8.0, -7.0), Low(-13.0, -9.0)
    assert why_alike(tacotron, coqui, loud) is not None
    assert why_alike(tacotron, coqui, quiet) is None
    assert why_alike(hifigan, tacotron, loud) is not None
    assert why_alike(hifigan, dialect("hifigan_22k_loss").spec, loud) is None
    assert why_alike(hifigan, hifigan, quiet) == "the same description"


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.full((80, 50), -4.0), ContractError, "same"),
        (np.full((80, 50), np.nan), ContractError, "4000 of 4000"),
        (np.zeros((81, 77)), AxisError, r"\[81, 77\]"),
        (np.zeros((3, 80, 50)), AxisError, "two axes"),
        (np.random.default_rng(0).normal(size=(80, 3)), ContractError, "3 frames"),
    ],
)
def test_what_cannot_be_identified_is_refused_with_the_reason(
    values: np.ndarray, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        identify(values)


def test_an_array_of_sound_needs_its_rate() -> None:
    audio = two_seconds()
    values = extract(audio, "hifigan_22k").values
    with pytest.raises(AudioError, match="sample rate"):
        identify(values, audio=audio.samples[0])
    assert identify(values, audio=audio.samples[0], sample_rate=16000).dialect == "hifigan_22k"


def test_another_recording_is_not_taken_for_the_sound() -> None:
    values = extract(two_seconds("ru_nocallback"), "hifigan_22k").values
    found = identify(values, audio=two_seconds("it_noservice"))
    assert found.residual_nat is not None and found.residual_nat > 0.3
    assert any("No description makes these values from this sound" in s for s in found.evidence)


def test_files_of_others_and_of_ours(tmp_path) -> None:  # type: ignore[no-untyped-def]
    audio = Audio.of(load("en_noservice").samples[0], 16000)
    mel = extract(audio, "bigvgan_24k")
    np.save(tmp_path / "mel.npy", mel.values[None])
    np.savez(tmp_path / "mel.npz", mel=mel.values, f0=np.zeros(mel.n_frames))
    for name in ("mel.npy", "mel.npz"):
        found = identify_file(tmp_path / name, audio="sample:en_noservice")
        assert found.found.dialect == "bigvgan_24k" and found.claimed is None
        json.dumps(found.to_json())
    lie = Mel(mel.values, dialect("vocos_24k").spec)
    told = identify_file(lie.save(tmp_path / "lie.mel"), audio=path("en_noservice"))
    assert told.claimed == "vocos_24k" and told.agrees is False
    truth = identify_file(mel.save(tmp_path / "true.mel"), audio=path("en_noservice"))
    assert truth.claimed == "bigvgan_24k" and truth.agrees is True
