"""`diff` and `convert`: what separates two mels, held against published facts and against the float64
oracle."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from melpact.contract.dialect import dialect, dialects
from melpact.contract.diff import SpecDiff, diff
from melpact.contract.mel import Mel
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    Percentile,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
    measure,
)
from melpact.contract.spec import MelSpec
from melpact.core.errors import MissingUtterance, SpecMismatch
from melpact.features.oracle import oracle, oracle_raw

HIFIGAN = dialect("hifigan_22k").spec
TACOTRON = dialect("tacotron_20k").spec
VOCOS = dialect("vocos_24k").spec
BARE = VOCOS.replace(f_max=12000.0)  # no epsilon, floor 1e-7
INSIDE = {"epsilon": 1e-6, "epsilon_kind": "inside"}


def signal(sample_rate: int, seconds: float = 0.4) -> np.ndarray:
    """Silence, noise that rises from -140 dB, and a loud sweep: every floor and every clip is reached."""
    n = int(seconds * sample_rate)
    t = np.arange(n) / sample_rate
    noise = np.random.default_rng(5).standard_normal(n) * 10 ** np.linspace(-7, -1, n) * 0.3
    x = noise + 0.9 * np.sin(2 * np.pi * (100 + 2000 * t) * t) * np.linspace(0, 1, n) ** 4
    x[: n // 6] = 0.0
    return x


def mel_of(spec: MelSpec) -> Mel:
    x = signal(spec.sample_rate)
    statistics = measure([oracle_raw(x, spec)]) if spec.scaling.needs() else {}
    return Mel(oracle(x, spec).astype(np.float32), spec, statistics, {"n_samples": x.size})


def error_after(d: SpecDiff) -> float:
    """Largest difference of the converted mel to the oracle's, against the size of its values."""
    wanted = oracle(signal(d.b.sample_rate), d.b)
    got = d.convert(mel_of(d.a)).values
    assert got.shape == wanted.shape
    return float(np.abs(got - wanted).max() / max(1.0, float(np.abs(wanted).max())))


def kinds(d: SpecDiff) -> dict[str, str]:
    return {f.name: f.kind for f in d.changed}


# published facts


def test_hifigan_and_tacotron2_stand_half_a_hop_apart() -> None:
    d = diff("tacotron2_22k", "hifigan_22k")
    assert kinds(d) == {"padding": "lossy", "epsilon": "lossy"}
    assert "half a hop, 128 samples (5.8 ms) later" in d["padding"].why
    assert "one frame fewer" in d["padding"].why
    back = diff("hifigan_22k", "tacotron2_22k")["padding"].why
    assert "128 samples (5.8 ms) earlier" in back and "one frame more" in back
    assert not d.algebraic


def test_vocos_and_bigvgan_are_not_interchangeable() -> None:
    d = diff("vocos_24k", "bigvgan_24k")
    assert {"padding", "mel_scale", "mel_norm"} <= set(kinds(d)) and d.worst == "lossy" and not d.algebraic
    assert d["floor"].kind == "exact" and d["sample_rate"].kind == d["n_mels"].kind == "same"


def test_vocos_floor_may_rise_but_not_sink() -> None:
    up = diff("vocos_24k", "f5tts_24k")
    assert kinds(up) == {"floor": "exact"} and up.algebraic
    down = diff("f5tts_24k", "vocos_24k")
    assert kinds(down) == {"floor": "lossy"} and down.algebraic
    why = down["floor"].why
    assert "1e-05" in why and "4.605 nat" in why and "-16.12" in why  # ln(1e-5 / 1e-7), ln 1e-7


def test_pwg_and_speecht5_are_one() -> None:
    d = diff("pwg_16k", "speecht5_16k")
    assert d.same and d.worst == "same" and d.changed == () and "same mel" in d.summary()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("diffsinger_44k", "diffsinger_44k_log10"),
        ("diffsinger_44k_log10", "diffsinger_44k"),
        ("matcha_22k_ljspeech", "hifigan_22k"),
        ("hifigan_22k", "matcha_22k_ljspeech"),
        ("matcha_22k_vctk", "matcha_22k_ljspeech"),
        ("vocos_24k", "f5tts_24k"),
        ("nemo_fastpitch_22k", "nemo_waveglow_22k"),
        ("kaldi_fbank", "torchaudio_kaldi_fbank"),
        ("pwg_22k_nolimit", "coqui_22k"),
    ],
)
def test_published_pairs_that_algebra_joins(a: str, b: str) -> None:
    d = diff(a, b)
    assert d.worst == "exact" and d.algebraic
    assert error_after(d) < 1e-6


def test_tacotron_windows_cut_at_different_levels() -> None:
    d = diff("tacotron_20k", "tacotron_20k_pre2018")
    assert kinds(d) == {"reference": "exact", "scaling": "lossy"} and d.algebraic
    assert "below -100 dB (linear 0.0001)" in d["scaling"].why  # -100 dB behind 20 dB of reference is 1e-4
    back = diff("tacotron_20k_pre2018", "tacotron_20k")
    assert "above 0 dB (linear 1)" in back["scaling"].why and "below" not in back["scaling"].why
    assert error_after(d) > 0.1


def test_styletts2_and_facodec_differ_in_the_rate_of_the_bank() -> None:
    d = diff("styletts2_24k", "facodec_24k")
    assert "bank_sample_rate" in kinds(d) and not d.algebraic and d.worst == "lossy"
    assert "16000" in d["bank_sample_rate"].why and "24000" in d["bank_sample_rate"].why
    assert d["f_max"].kind == "same"  # 8000 of 16000 and 12000 of 24000 are one frequency


def test_what_was_never_heard_cannot_be_made() -> None:
    d = diff("hifigan_22k", "bigvgan_v2_22k")
    assert kinds(d) == {"f_max": "impossible"} and d.worst == "impossible"
    slaney = 15 + 27 * np.log(np.array([8.0, 11.025])) / math.log(6.4)  # mel of 8000 and 11025 Hz
    centres = np.arange(1, 81) * slaney[1] / 81
    assert d["f_max"].why.startswith(f"{np.count_nonzero(centres > slaney[0])} of 80 bands")
    assert kinds(diff("bigvgan_v2_22k", "hifigan_22k")) == {"f_max": "lossy"}


def test_gptsovits_scaling_is_exact_and_its_epsilon_is_not() -> None:
    assert kinds(diff("gptsovits_v3_24k", "bigvgan_24k")) == {"epsilon": "lossy", "scaling": "exact"}


def test_rvc_silence_differs_by_half_the_log_of_five() -> None:
    d = diff("rvc_32k", "rvc_32k_2026")
    assert d["epsilon"].kind == "lossy" and f"{0.5 * math.log(5):.3g} nat" in d["epsilon"].why
    assert d["floor"].kind == "exact" and "never acts" in d["floor"].why


def test_wavernn_and_rtvc_share_a_window_but_not_its_level() -> None:
    d = diff("wavernn_22k", "rtvc_synth_16k")
    assert (
        d["reference"].kind == "exact" and d["scaling"].kind == "lossy" and "above 0 dB" in d["scaling"].why
    )
    assert d["sample_rate"].kind == "lossy" and not d.algebraic


# laws


def test_every_dialect_is_itself() -> None:
    for found in dialects().values():
        if not found.asks:
            d = diff(found, found)
            assert d.same and d.algebraic and all(f.kind == "same" for f in d.fields), found.name


def test_order_of_fields_is_the_order_of_the_computation() -> None:
    names = [f.name for f in diff(HIFIGAN, HIFIGAN).fields]
    assert names == [n for n in MelSpec.model_fields if n in names]
    left_out = set(MelSpec.model_fields) - set(names)
    assert left_out == {
        "preemphasis_kind",
        "epsilon_kind",
        "floor_kind",
        "pad_left",
        "pad_right",
        "pad_value",
    }


def test_exact_means_exact_for_every_pair_of_dialects() -> None:
    """Whatever `diff` calls exact algebra is what the oracle computes in the target description."""
    specs = {d.spec.fingerprint: d.spec for d in dialects().values() if not d.asks}
    joined = 0
    for a in specs.values():
        for b in specs.values():
            if a is b or a.sample_rate != b.sample_rate:
                continue
            d = diff(a, b)
            if d.algebraic and d.worst in ("same", "exact"):
                assert error_after(d) < 1e-5, d.summary()
                joined += 1
    assert joined >= 20


def _spelled(**changes: object) -> MelSpec:
    return BARE.replace(**changes)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({}, {"log": "log10"}),
        ({"log": "db_power"}, {"log": "db_amplitude", "reference": 16.0}),
        ({"log": "none", "floor": 0.0, "floor_kind": "none"}, {}),
        ({"scaling": Affine(scale=0.25, shift=1.0)}, {"log": "log10", "scaling": Affine(scale=0.4)}),
        ({}, {"mel_norm": "slaney", "floor": 1e-6}),
        ({}, {"drop_last": 2}),
        ({}, {"waveform_scale": 0.5}),
        ({"waveform_scale": 32768.0}, {}),
        ({"power": 2, "waveform_scale": 32768.0}, {"power": 2}),
        ({"floor": 1e-7, "floor_kind": "add"}, {"floor": 1e-6, "floor_kind": "clamp"}),
        ({"floor": 1e-7, "floor_kind": "add"}, {"floor": 1e-5, "floor_kind": "add"}),
        ({}, {"scaling": Window.clipping(-10.0, 1.0)}),
        ({"scaling": Window.clipping(-10.0, 1.0)}, {"scaling": Window.clipping(-9.0, 0.0, -4.0, 4.0)}),
        ({}, {"scaling": Percentile(low=-9.0, high=0.0)}),
        ({}, {"scaling": DynamicRange(range=5.0)}),
        ({"scaling": DynamicRange(range=6.0)}, {"scaling": DynamicRange(range=5.0)}),
        ({"scaling": UtteranceMinMax()}, {"scaling": UtteranceStandard(spread="added", epsilon=1e-5)}),
        ({"scaling": UtteranceStandard()}, {"log": "log10", "scaling": UtteranceMinMax(out_low=-1.0)}),
        ({"scaling": BandAffine(scale=(0.5,) * 100, shift=tuple(range(100)))}, {"drop_last": 1}),
        ({"scaling": Tanh(centre=-7.0, width=12.0)}, {}),
        (
            {"epsilon": 1e-9, "epsilon_kind": "inside"},
            {"epsilon": 4e-9, "epsilon_kind": "inside", "waveform_scale": 2.0},
        ),
    ],
)
def test_exact_conversions_agree_with_the_oracle(a: dict[str, object], b: dict[str, object]) -> None:
    d = diff(_spelled(**a), _spelled(**b))
    assert d.worst == "exact" and d.algebraic, d.summary()
    assert error_after(d) < 1e-5


@pytest.mark.parametrize(
    ("field", "a", "b"),
    [
        ("floor", {"floor": 1e-5}, {"floor": 1e-5, "floor_kind": "add"}),
        ("floor", {"floor": 0.5, "floor_kind": "add"}, {"floor": 1e-9, "floor_kind": "clamp"}),
        ("waveform_scale", {}, {"waveform_scale": 2.0}),
        ("waveform_scale", INSIDE, {**INSIDE, "waveform_scale": 0.5}),
        ("mel_norm", {"mel_norm": "slaney"}, {"mel_norm": "none"}),
        ("power", {}, {"power": 2}),
        ("drop_last", {"drop_last": 1}, {}),
        ("scaling", {"scaling": Window.clipping(-9.0, 0.0)}, {}),
        ("scaling", {"scaling": Percentile(low=-9.0, high=0.0)}, {}),
        ("scaling", {"scaling": DynamicRange(range=5.0)}, {}),
        ("scaling", {"scaling": Tanh(centre=-4.0, width=1.0)}, {}),
        ("pad_mode", {}, {"pad_mode": "zero"}),
        ("preemphasis", {}, {"preemphasis": 0.97, "preemphasis_kind": "filter"}),
        ("remove_dc", {}, {"remove_dc": True}),
        ("n_fft", {}, {"n_fft": 2048, "win_length": 1024}),
        ("win_length", {}, {"win_length": 800}),
        ("hop_length", {}, {"hop_length": 300}),
        ("window", {}, {"window": "hamming"}),
        ("window_periodic", {}, {"window_periodic": False}),
        ("n_mels", {}, {"n_mels": 80}),
        ("mel_triangles", {}, {"mel_triangles": "mel"}),
        ("f_min", {}, {"f_min": 90.0}),
        ("f_max", {}, {"f_max": 8000.0}),
    ],
)  # fmt: skip
def test_lossy_differences_are_said_and_real(field: str, a: dict[str, object], b: dict[str, object]) -> None:
    d = diff(_spelled(**a), _spelled(**b))
    assert d[field].kind == "lossy" and d[field].why and d.worst == "lossy", d.summary()
    if d.a.n_mels == d.b.n_mels and d.a.hop_length == d.b.hop_length and d.a.drop_last == d.b.drop_last:
        mels = [oracle(signal(24000), s) for s in (d.a, d.b)]
        assert np.abs(mels[0] - mels[1]).max() > 1e-3
        if d.algebraic:
            assert error_after(d) > 1e-5


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"scaling": Affine(scale=0.25, shift=1.0)}, {"scaling": Window(low=-4.0, high=0.0)}),
        ({"log": "log10"}, {"scaling": Affine(scale=1 / math.log(10))}),
        ({"reference": 2.0, "scaling": Window.clipping(-9.0, 0.0)}, {"scaling": Window.clipping(-7.0, 2.0)}),
        ({"scaling": Percentile(low=-9.0, high=0.0)}, {"scaling": Window.clipping(-9.0, 0.0)}),
        ({"scaling": Affine(scale=2.0)}, {"scaling": BandAffine(scale=(2.0,) * 100, shift=(0.0,) * 100)}),
        ({"scaling": UtteranceMinMax()}, {"scaling": UtteranceMinMax(), "reference": 3.0}),
        (
            {"log": "log10", "scaling": Tanh(centre=-2.0, width=1.0)},
            {"log": "db_power", "scaling": Tanh(centre=-20.0, width=10.0)},
        ),
        (
            {"log": "log10", "scaling": DynamicRange()},
            {"log": "db_power", "scaling": DynamicRange(range=80.0, shift=40.0, divisor=40.0)},
        ),
        (
            {"log": "log10", "scaling": UtteranceStandard(spread="added", epsilon=1e-5)},
            {"log": "db_power", "scaling": UtteranceStandard(spread="added", epsilon=1e-4)},
        ),
        ({}, {"window_placement": "start"}),
        ({"pad_mode": "zero"}, {"pad_mode": "constant", "pad_value": 0.0}),
        ({}, {"padding": "explicit", "pad_left": 512, "pad_right": 512}),
        ({}, {"bank_drops": "nyquist"}),
        ({"window": "ones"}, {"window": "ones", "window_periodic": False}),
    ],
)  # fmt: skip
def test_two_spellings_of_one_mel_are_the_same(a: dict[str, object], b: dict[str, object]) -> None:
    d = diff(_spelled(**a), _spelled(**b))
    assert d.same and d.algebraic, d.summary()
    assert any("spelled" in f.why or f.why for f in d.fields)
    assert error_after(d) < 1e-6


def test_log10_is_not_diffsingers_rounded_factor() -> None:
    rounded = _spelled(scaling=Affine(scale=0.434294))
    assert diff(rounded, _spelled(log="log10")).worst == "exact"


# figures


def test_norm_constants_are_the_half_widths_of_the_bands() -> None:
    d = diff(BARE, BARE.replace(mel_norm="slaney", floor=1e-5))
    mel = 2595 * math.log10(1 + 12000 / 700) / 101
    corners = 700 * (10 ** (np.arange(102) * mel / 2595) - 1)
    offsets = np.log((corners[2:] - corners[:-2]) / 2)
    assert f"{offsets.min():.2f} … {offsets.max():.2f} nat lower" in d["mel_norm"].why


def test_gain_is_given_in_nat() -> None:
    loud = diff(BARE.replace(waveform_scale=32768.0, power=2), BARE.replace(power=2))
    assert f"{-2 * math.log(32768):.4g} nat" in loud["waveform_scale"].why
    why = diff("torchaudio_kaldi_fbank", "kaldi_fbank")["waveform_scale"].why
    assert "+20.79 nat" in why and "gone" in why


def test_padding_reaches_two_frames_at_each_end() -> None:
    assert "first 2 and last 2 frames" in diff(BARE, BARE.replace(pad_mode="zero"))["pad_mode"].why
    reflect, zero = (oracle(signal(24000)[6000:], BARE.replace(pad_mode=m)) for m in ("reflect", "zero"))
    touched = np.flatnonzero(np.abs(reflect - zero).max(axis=0) > 1e-9)
    assert set(touched) <= {0, 1, reflect.shape[1] - 2, reflect.shape[1] - 1} and touched.size >= 3


def test_floors_are_compared_after_the_gain() -> None:
    d = diff(BARE, BARE.replace(waveform_scale=0.5, floor=5e-8))
    assert d.worst == "exact" and error_after(d) < 1e-6
    assert diff(BARE, BARE.replace(waveform_scale=0.5, floor=4e-8))["floor"].kind == "lossy"


def test_a_floor_under_the_clip_of_the_target_is_no_loss() -> None:
    a = BARE.replace(floor=1e-5)
    clipped = BARE.replace(scaling=Window.clipping(math.log(1e-4), 0.0))
    assert diff(a, clipped)["floor"].kind == "exact" and error_after(diff(a, clipped)) < 1e-6


def test_a_clamp_beside_a_loud_bin_is_not_hidden_by_the_floor() -> None:
    """Power below the epsilon is raised also in a band whose other bins are loud."""
    a = dialect("coqui_tortoise_univnet_24k").spec
    assert diff(a, "tortoise_univnet_24k")["epsilon"].kind == "lossy"


def test_a_higher_rate_is_impossible_only_where_bands_lie_beyond() -> None:
    low = BARE.replace(sample_rate=16000, bank_sample_rate=16000, f_max=8000.0)
    assert diff(low, BARE)["sample_rate"].kind == diff(low, BARE)["f_max"].kind == "impossible"
    narrow = BARE.replace(f_max=8000.0)
    assert diff(low, narrow)["sample_rate"].kind == "lossy" and diff(low, narrow)["f_max"].kind == "same"
    assert diff(BARE, low)["sample_rate"].kind == diff(BARE, low)["f_max"].kind == "lossy"
    believing = diff(BARE.replace(f_max=8000.0), BARE.replace(bank_sample_rate=16000, f_max=8000.0))
    assert believing["bank_sample_rate"].kind == "impossible"  # its 8000 Hz are 12000 Hz of the audio


def test_raised_f_min_hides_low_bands() -> None:
    d = diff(BARE.replace(f_min=90.0), BARE)
    step = 2595 * math.log10(1 + 12000 / 700) / 101
    below = np.count_nonzero(700 * (10 ** (np.arange(1, 101) * step / 2595) - 1) < 90)
    assert d["f_min"].kind == "impossible" and d["f_min"].why.startswith(f"{below} of 100")


# converting


def test_convert_keeps_where_it_came_from() -> None:
    mel = mel_of(BARE)
    got = mel.as_(BARE.replace(log="log10"))
    assert got.provenance["converted_from"] == BARE.fingerprint and got.n_samples == mel.n_samples
    assert mel.as_(BARE) is mel


def test_there_and_back_again() -> None:
    mel = mel_of(HIFIGAN)
    for b in (
        dialect("matcha_22k_ljspeech").spec,
        HIFIGAN.replace(scaling=UtteranceStandard(spread="inside", epsilon=1e-7)),
    ):
        again = mel.as_(b).as_(HIFIGAN)
        assert np.abs(again.values - mel.values).max() < 1e-5


def test_a_batch_converts_as_its_members_do() -> None:
    one = mel_of(BARE)
    batch = Mel(np.stack([one.values, one.values]), BARE)
    target = BARE.replace(log="log10", drop_last=1)
    assert np.array_equal(batch.as_(target).values[1], one.as_(target).values)


def test_convert_refuses_what_is_not_algebra() -> None:
    with pytest.raises(SpecMismatch, match="padding same → centre"):
        diff("hifigan_22k", "tacotron2_22k").convert(mel_of(HIFIGAN))
    with pytest.raises(SpecMismatch, match="other descriptions"):
        diff("hifigan_22k", "matcha_22k_ljspeech").convert(mel_of(BARE))
    with pytest.raises(SpecMismatch, match="clamp 1e-05 → clamp 1e-07"):
        mel_of(dialect("f5tts_24k").spec).as_("vocos_24k")


def test_convert_needs_the_statistics_of_the_utterance() -> None:
    scaled = mel_of(BARE.replace(scaling=UtteranceMinMax()))
    with pytest.raises(MissingUtterance):
        Mel(scaled.values, scaled.spec).as_(BARE)


def test_a_lossy_conversion_leaves_lost_values_at_the_old_floor() -> None:
    d = diff("f5tts_24k", "vocos_24k")
    got = d.convert(mel_of(d.a)).values
    assert got.min() == pytest.approx(math.log(1e-5), abs=1e-6)


# presentation


def test_summary_table_and_json() -> None:
    d = diff("hifigan_22k", "bigvgan_24k")
    assert "\n" not in d.summary() and d.summary().index("impossible") < d.summary().index("lossy")
    assert "f_max 8000 → 12000 Hz (impossible)" in d.summary()
    rows = d.table()
    assert [r[0] for r in rows] == [f.name for f in d.changed] and all(r[5] for r in rows)
    assert len(d.table(every=True)) == len(d.fields)
    said = json.loads(json.dumps(d.to_json(), allow_nan=False))
    assert said["worst"] == "impossible" and said["a"]["dialect"] == "hifigan_22k" and not said["same"]
    with pytest.raises(KeyError):
        d["colour"]


def test_every_sentence_holds_figures_or_words_but_no_nan() -> None:
    names = [
        "hifigan_22k",
        "kaldi_fbank",
        "whisper_16k_80",
        "styletts2_24k",
        "myxtts_22k",
        "rmvpe_16k",
        "librosa_default",
    ]
    for a in names:
        for b in dialects().values():
            if b.asks:
                continue
            for f in diff(a, b).fields:
                assert (f.kind == "same") or f.why
                assert "nan" not in f.why.split() and "inf" not in f.why, (a, b.name, f)
                json.dumps([f.a, f.b], allow_nan=False)
