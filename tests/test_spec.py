"""`MelSpec`: what it refuses, what it warns of, its identity, and the arithmetic of frames and samples.

The fingerprints of all dialects are frozen in `fingerprints.json`; a change of one breaks every file
that was ever
written. After a deliberate change, or for a new dialect, write the file again with::

    python -c "from tests.test_spec import freeze; freeze()"
"""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from melpact.contract.dialect import dialect, dialects
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    Percentile,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
)
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecError, SpecWarning
from melpact.core.records import canonical_json

FROZEN = Path(__file__).with_name("fingerprints.json")
FIELDS: dict[str, Any] = {
    "sample_rate": 22050,
    "n_fft": 1024,
    "win_length": 1024,
    "hop_length": 256,
    "padding": "centre",
    "pad_mode": "reflect",
    "power": 1,
    "n_mels": 80,
    "f_max": 8000.0,
    "mel_scale": "slaney",
    "mel_norm": "slaney",
    "bank_sample_rate": 22050,
    "log": "ln",
    "floor": 1e-5,
    "floor_kind": "clamp",
}


def spec(**changes: Any) -> MelSpec:
    return MelSpec(**{**FIELDS, **changes})


def current_fingerprints() -> dict[str, str]:
    return {d.name: d.spec.fingerprint for d in dialects().values() if not d.asks}


def freeze() -> None:
    """Write the fingerprints of this working tree; see the docstring of this file."""
    FROZEN.write_text(json.dumps(current_fingerprints(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


# what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_fft": 1023, "win_length": 1000}, "n_fft must be even; got 1023"),
        ({"win_length": 1025}, "win_length 1025 does not fit into n_fft 1024"),
        ({"hop_length": 600, "win_length": 512}, "hop_length 600 exceeds win_length 512"),
        ({"f_max": 11026.0}, "f_max 11026 Hz lies beyond Nyquist, 11025 Hz at 22050 Hz"),
        ({"f_max": 8001.0, "bank_sample_rate": 16000}, "beyond Nyquist, 8000 Hz at 16000 Hz"),
        ({"f_min": 8000.0}, "f_min 8000 Hz must lie below f_max 8000 Hz"),
        ({"padding": "none"}, "padding 'none' does not go with pad_mode 'reflect'"),
        ({"pad_mode": "none"}, "padding 'centre' does not go with pad_mode 'none'"),
        ({"pad_left": 1}, "pad_left and pad_right belong to padding 'explicit'"),
        ({"pad_value": 1.0}, "pad_value belongs to pad_mode 'constant'"),
        ({"preemphasis": 0.97}, "preemphasis and preemphasis_kind must be given together"),
        ({"preemphasis_kind": "filter"}, "preemphasis and preemphasis_kind must be given together"),
        ({"epsilon": 1e-9}, "epsilon and epsilon_kind must be given together"),
        ({"epsilon_kind": "clamp"}, "epsilon and epsilon_kind must be given together"),
        ({"epsilon": 1e-9, "epsilon_kind": "outside", "power": 2}, "needs a root: power 1"),
        ({"floor": 0.0}, "floor and floor_kind must be given together"),
        ({"floor_kind": "none"}, "floor and floor_kind must be given together"),
        ({"floor": 0.0, "floor_kind": "none"}, "a log needs a floor (clamp or add)"),
        ({"log": "none", "reference": 20.0}, "a reference level needs a log"),
        ({"scaling": BandAffine(scale=(1.0, 2.0), shift=(0.0, 0.0))}, "has 2 bands, the mel has 80"),
    ],
)
def test_contradictions_are_refused_with_their_numbers(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec(**changes)
    assert message in str(caught.value) and str(caught.value).startswith("MelSpec")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("n_fft", -1024),
        ("n_mels", 80.5),
        ("f_max", math.nan),
        ("f_max", math.inf),
        ("f_min", -1.0),
        ("waveform_scale", 0.0),
        ("preemphasis", 1.0),
        ("power", 3),
        ("window", "kaiser"),
        ("log", "log2"),
        ("mel_scale", "bark"),
        ("padding", "center"),
        ("drop_last", -1),
        ("floor", -1e-5),
        ("epsilon", "much"),
        ("colour", "blue"),
    ],
)
def test_values_out_of_range_are_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(SpecError) as caught:
        spec(**{field: value})
    assert caught.value.where == f"MelSpec.{field}" and repr(value) == caught.value.got


@pytest.mark.parametrize(
    "field",
    ["sample_rate", "n_fft", "hop_length", "padding", "power", "n_mels", "mel_scale", "mel_norm", "log"],
)
def test_what_programs_disagree_on_has_no_default(field: str) -> None:
    fields = {n: v for n, v in FIELDS.items() if n not in {field, "bank_sample_rate", "win_length", "f_max"}}
    with pytest.raises(SpecError, match="no default"):
        MelSpec(**fields)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Window(low=0.0, high=0.0),
        lambda: Window(low=0.0, high=1.0, clip_low=1.0, clip_high=0.0),
        lambda: Affine(scale=0.0),
        lambda: BandAffine(scale=(1.0,), shift=(0.0, 1.0)),
        lambda: BandAffine(scale=(0.0,), shift=(0.0,)),
        lambda: Percentile(low=1.0, high=0.0),
        lambda: Tanh(centre=0.0, width=0.0),
        lambda: DynamicRange(range=0.0),
    ],
)
def test_scalings_that_cannot_be_undone_anywhere_are_refused(make: Any) -> None:
    with pytest.raises(ValueError):
        make()


def test_left_out_fields_follow_their_neighbours() -> None:
    fields = {n: v for n, v in FIELDS.items() if n not in {"win_length", "bank_sample_rate", "f_max"}}
    made = MelSpec(**fields)
    assert (made.win_length, made.bank_sample_rate, made.f_max) == (1024, 22050, 11025.0)
    assert MelSpec(**{**fields, "sample_rate": 22050.0}) == made


# what is warned of


def test_empty_bands_are_named_in_a_warning() -> None:
    with pytest.warns(SpecWarning, match="hold no FFT bin") as caught:
        made = spec(
            sample_rate=16000,
            bank_sample_rate=16000,
            n_fft=400,
            win_length=400,
            hop_length=160,
            n_mels=128,
            mel_scale="htk",
        )
    step = 2595 * math.log10(1 + 8000 / 700) / 129
    corners = 700 * (10 ** (np.arange(130) * step / 2595) - 1) / 40.0  # in bins of 40 Hz
    empty = [m for m in range(128) if not any(corners[m] < k < corners[m + 2] for k in range(201))]
    text = str(caught[0].message)
    assert made.empty_bands == tuple(empty) and f"{len(empty)} of 128" in text
    assert "band " + ", ".join(map(str, empty)) in text and "40.0 Hz apart" in text
    assert made.weaknesses == (text,)


def test_replace_quietly_is_quiet_and_replace_is_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = dialect("torchaudio_default").spec
        assert known.replace_quietly(drop_last=1).drop_last == 1
        with pytest.raises(SpecWarning):
            known.replace(drop_last=1)
    with pytest.raises(SpecError):
        known.replace_quietly(n_fft=401)


# identity


def test_frozen_and_hashable() -> None:
    a = spec()
    with pytest.raises(ValueError):
        a.hop_length = 300  # type: ignore[misc]
    assert a == spec() and hash(a) == hash(spec()) and len({a, spec(), spec(n_mels=64)}) == 2
    assert pickle.loads(pickle.dumps(a)) == a


def test_fingerprint_ignores_order_and_spelling() -> None:
    a = spec(scaling=Window(low=-100.0, high=0.0))
    backwards = MelSpec(**dict(reversed({**FIELDS, "scaling": Window(low=-100, high=0)}.items())))
    assert backwards.fingerprint == a.fingerprint
    floats = spec(
        sample_rate=22050.0,
        f_max=8000,
        n_mels=np.int64(80),
        floor=np.float64(1e-5),
        scaling=Window(low=-100, high=0),
    )
    assert floats == a and floats.fingerprint == a.fingerprint
    assert spec(preemphasis=0, reference=0, f_min=0).fingerprint == spec().fingerprint
    assert len(a.fingerprint) == 16 and set(a.fingerprint) <= set("0123456789abcdef")


SCALINGS = [
    Affine(scale=1.0),
    BandAffine(scale=(1.0,) * 80, shift=(0.0,) * 80),
    Window(low=-1.0, high=1.0),
    Percentile(low=-1.0, high=1.0),
    Tanh(centre=0.0, width=1.0),
    DynamicRange(),
    UtteranceMinMax(),
    UtteranceStandard(),
]


def test_every_field_moves_the_fingerprint() -> None:
    changed: list[dict[str, Any]] = [
        {"sample_rate": 24000}, {"waveform_scale": 2.0}, {"preemphasis": 0.9, "preemphasis_kind": "filter"},
        {"preemphasis": 0.9, "preemphasis_kind": "frame"},
        {"remove_dc": True}, {"n_fft": 2048}, {"win_length": 1000},
        {"hop_length": 255}, {"window": "povey"}, {"window_periodic": False}, {"window_placement": "start"},
        {"padding": "same"}, {"pad_mode": "zero"}, {"pad_mode": "constant", "pad_value": 1.0},
        {"padding": "explicit"}, {"padding": "explicit", "pad_left": 1},
        {"padding": "explicit", "pad_right": 1},
        {"drop_last": 1}, {"power": 2}, {"epsilon": 1e-9, "epsilon_kind": "inside"},
        {"epsilon": 1e-9, "epsilon_kind": "clamp"}, {"n_mels": 64}, {"f_min": 1.0}, {"f_max": 7999.0},
        {"mel_scale": "htk"}, {"mel_norm": "none"}, {"mel_triangles": "mel"}, {"bank_sample_rate": 16000},
        {"bank_drops": "dc"}, {"log": "log10"}, {"floor": 1e-6}, {"floor_kind": "add"}, {"reference": 1.0},
        *({"scaling": s} for s in SCALINGS),
    ]  # fmt: skip
    prints = [spec().fingerprint, *(spec(**c).fingerprint for c in changed)]
    assert len(set(prints)) == len(prints)


def test_analysis_fingerprint_is_blind_to_gain_reference_and_scaling() -> None:
    a = spec()
    other = spec(waveform_scale=2.0, reference=20.0, scaling=Affine(scale=2.0))
    assert a.analysis_fingerprint == other.analysis_fingerprint != spec(floor=1e-6).analysis_fingerprint


def test_facts_survive_json() -> None:
    for found in dialects().values():
        if found.asks:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpecWarning)
            again = MelSpec(**json.loads(canonical_json(found.spec.facts())))
        assert again == found.spec and again.fingerprint == found.spec.fingerprint, found.name
    for scaling in SCALINGS:
        made = spec(scaling=scaling)
        assert MelSpec(**made.facts()) == made and type(MelSpec(**made.facts()).scaling) is type(scaling)


def test_fingerprints_are_frozen() -> None:
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    now = current_fingerprints()
    assert {n: p for n, p in now.items() if n in frozen} == frozen, "see the docstring of this file"
    assert set(now) == set(frozen), "freeze the fingerprints of new dialects"


def test_fingerprint_does_not_depend_on_the_process() -> None:
    code = "from melpact.contract.dialect import dialect; print(dialect('whisper_16k_80').spec.fingerprint)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {dialect("whisper_16k_80").spec.fingerprint}


# frames and samples


@st.composite
def framings(draw: st.DrawFn) -> MelSpec:
    n_fft = 2 * draw(st.integers(16, 600))
    win_length = draw(st.integers(8, n_fft))
    padding = draw(st.sampled_from(["centre", "same", "none", "explicit", "end", "nearest"]))
    extra: dict[str, Any] = {
        "pad_mode": "none" if padding == "none" else draw(st.sampled_from(["reflect", "zero"]))
    }
    if padding == "explicit":
        extra |= {"pad_left": draw(st.integers(0, n_fft)), "pad_right": draw(st.integers(0, n_fft))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpecWarning)
        return spec(
            n_fft=n_fft,
            win_length=win_length,
            hop_length=draw(st.integers(1, win_length)),
            padding=padding,
            window_placement=draw(st.sampled_from(["centre", "start"])),
            drop_last=draw(st.integers(0, 2)),
            n_mels=4,
            **extra,
        )


def frames_by_cutting(made: MelSpec, n: int) -> int:
    """Frames counted one by one: while a whole frame fits into the padded audio, or, by rule, one per hop."""
    if made.padding in ("end", "nearest"):
        count = sum(1 for _ in range(0, n, made.hop_length))
        if made.padding == "nearest":
            count = math.floor(n / made.hop_length + 0.5)
    else:
        pads = {
            "centre": 2 * (made.n_fft // 2),
            "same": 2 * ((made.n_fft - made.hop_length) // 2),
            "none": 0,
            "explicit": made.pad_left + made.pad_right,
        }
        length = made.n_fft if made.window_placement == "centre" else made.win_length
        count, start = 0, 0
        while start + length <= n + pads[made.padding]:
            count, start = count + 1, start + made.hop_length
    return max(0, count - made.drop_last)


@settings(max_examples=150, deadline=None)
@given(framings(), st.integers(1, 4000))
def test_frames_counts_what_fits(made: MelSpec, n: int) -> None:
    assert made.frames(n) == frames_by_cutting(made, n)
    assert made.frames(n + 1) >= made.frames(n)


@settings(max_examples=150, deadline=None)
@given(framings(), st.integers(1, 300))
def test_frames_of_samples_of_t_is_t(made: MelSpec, t: int) -> None:
    assume(made.frames(1) <= t)  # else the padding alone already holds more
    n = made.samples(t)
    assert made.frames(n) == t
    assert made.samples(0) == 0 and made.frames(0) == 0


@settings(max_examples=60, deadline=None)
@given(framings(), st.integers(1, 200))
def test_one_more_frame_is_one_more_hop(made: MelSpec, t: int) -> None:
    if made.samples(t) > 1:
        assert made.samples(t + 1) - made.samples(t) == made.hop_length


def test_published_frame_counts() -> None:
    assert dialect("hifigan_22k").spec.frames(22050) == 22050 // 256
    assert dialect("tacotron2_22k").spec.frames(22050) == 1 + 22050 // 256
    assert dialect("kaldi_fbank").spec.frames(16000) == 1 + (16000 - 400) // 160
    assert dialect("lhotse_fbank_16k").spec.frames(16000) == (16000 + 80) // 160
    assert dialect("whisper_16k_80").spec.frames(480000) == 3000
    assert dialect("myxtts_22k").spec.frames(22050) == math.ceil(22050 / 256)


def test_derived_numbers() -> None:
    a = spec(log="db_amplitude", reference=20.0)
    assert a.floor_value == pytest.approx(-120.0) and a.log_gain == pytest.approx(20 / math.log(10))
    assert (a.n_bins, a.frame_length, a.frame_rate_hz) == (513, 1024, 22050 / 256)
    styletts = dialect("styletts2_24k").spec
    assert styletts.physical_f_max_hz == 12000.0
    assert spec(log="none", floor=0.0, floor_kind="none").floor_value == 0.0
    assert spec(padding="same").left_pad == 384 and spec(padding="same").min_samples() == 385
