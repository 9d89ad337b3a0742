"""Every dialect against what was published about it: a worked value, silence, frame count, relatives."""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pytest

from laws.signals import speech
from melpact.contract.dialect import Dialect, dialect, dialect_for, dialects, name_of
from melpact.contract.filterbank import filterbank
from melpact.contract.scaling import BandAffine, NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort, DialectError, MissingFact, SpecWarning, UnknownDialect
from melpact.core.records import canonical_json
from melpact.features.oracle import oracle, oracle_raw

PUBLISHED = json.loads((Path(__file__).parents[1] / "dialect_vectors.json").read_text())
NAMES = sorted(dialects())
FAMILIES = sorted({d.family_name for d in dialects().values()})
FORMS = [(n, f) for n in NAMES for f in dialects()[n].member.forms]
SEVEN = [32, 64, 128, 256, 512, 1024, 2048]
# Published silence is rounded to four digits.
HALF_DIGIT = 0.5e-4 * 1.02

# What the survey found to be the same numbers up to the log ("equivalence classes"); every other record is
# alone.
CLASSES = """
hifigan-22k-80 = bigvgan-22k-80-fmax8k = matcha-ljspeech = matcha-vctk = matcha-hificaptain-en-f = cosyvoice1-22k-80 = seedvc-22k-80-fmax8k
hifigan-22k-80-loss = bigvgan-v2-22k-80 = seedvc-22k-80
bigvgan-24k-100 = f5tts-bigvgan-24k-100 = univnet-24k-100 = amphion-vocoder-24k-100
bigvgan-v2-44k-128-512x = seedvc-44k-128
amphion-fs2-22k-80 = tacotron2-nvidia-22k-80 = waveglow-22k-80 = fastspeech2-ming024-22k-80 = speechbrain-hifigan-22k-80
vits-22k-80 = coqui-vits-22k-80
pwg-ljspeech-22k-80 = tensorflowtts-ljspeech-22k-80
pwg-24k-80 = tensorflowtts-baker-24k-80
pwg-16k-80 = speecht5-16k-80
pwg-melspec-loss = espnet2-tts-ljspeech-22k-80
vocos-mel-24k-100 = indextts1-cond-24k-100
tortoise-cond-22k-80 = xtts-dvae-22k-80
styletts2-24k-80 = starganv2vc-24k-80
keithito-tacotron-20k-80 = keithito-tacotron-20k-80-pre2018
diffsinger-openvpi-44k-128 = diffsinger-openvpi-44k-128-log10
sovits41-diffusion-44k-128 = ddspsvc-44k-128
nemo-hifigan-22k-80 = nemo-tacotron2-22k-80
kaldi-fbank-default = torchaudio-kaldi-fbank
campplus-fbank-80 = hf-seamless-fbank-80
"""  # noqa: E501


def checked_spec(name: str) -> MelSpec:
    """The description as the record was checked; the largest scale of the one that is seven mels at once."""
    if name == "dac_loss_44k":
        return dialects()[name].family.spec
    return dialect_for(dialects()[name].reference_id).spec


def quietly(**facts: object) -> MelSpec:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpecWarning)
        return MelSpec(**facts)


# --- a formula in words: ints, L, hop, + - * /, floor( ), ceil( ) ---------------------------------


def parse_formula(text: str) -> Callable[[int, int], int]:
    """ "1 + floor(L/256)" → f(L, hop). A closing remark in parentheses is dropped; all else is an error."""
    bare = re.sub(r"\s+\([A-Za-z_ ]+\)$", "", text.strip())
    return _compile(ast.parse(bare, mode="eval").body)


def _compile(node: ast.expr) -> Callable[[int, int], Fraction | int]:
    match node:
        case ast.Constant(value=int() as number):
            return lambda L, hop: number
        case ast.Name(id="L"):
            return lambda L, hop: L
        case ast.Name(id="hop"):
            return lambda L, hop: hop
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _compile(left), _compile(right)
            match op:
                case ast.Add():
                    return lambda L, hop: a(L, hop) + b(L, hop)
                case ast.Sub():
                    return lambda L, hop: a(L, hop) - b(L, hop)
                case ast.Mult():
                    return lambda L, hop: a(L, hop) * b(L, hop)
                case ast.Div():
                    return lambda L, hop: Fraction(a(L, hop)) / b(L, hop)
        case ast.Call(func=ast.Name(id=("floor" | "ceil") as name), args=[inside], keywords=[]):
            whole, value = (math.floor if name == "floor" else math.ceil), _compile(inside)
            return lambda L, hop: whole(value(L, hop))
    raise ValueError(f"not a frame formula: {ast.unparse(node)}")


@cache
def formula(name: str) -> Callable[[int, int], int]:
    """The published frame count of the mel call itself."""
    count = parse_formula(PUBLISHED[dialects()[name].reference_id]["frames"])
    # FACodec cuts one frame behind the mel call: "floor(L/300) (cut)", and its vector was counted before
    # the cut (81, not 80).
    return (lambda L, hop: 1 + count(L, hop)) if name == "facodec_24k" else count


def test_formula_reader_knows_its_words_and_nothing_else():
    cases = [
        ("floor(L/256)", 256, 1),
        ("1 + floor((L-400)/160)", 719, 2),
        ("1 + floor((L-400)/160)", 720, 3),
        ("ceil(L/256)", 257, 2),
        ("floor((L+80)/160) (snip_edges False)", 240, 2),
        ("1 + floor(L/hop) (center)", 23, 3),
    ]
    for text, length, want in cases:
        assert parse_formula(text)(length, 8) == want, text
    for text in ("__import__('os')", "L ** 2", "round(L/3)", "L.real", "floor(L, 2)", "x + 1"):
        with pytest.raises(ValueError):
            parse_formula(text)


# --- the folder -----------------------------------------------------------------------------------


def test_the_folder_is_complete():
    ids = Counter(d.reference_id for d in dialects().values())
    assert set(ids) == set(PUBLISHED) and set(ids.values()) == {1}
    assert len(dialects()) == 113 and len(FAMILIES) == 83
    prints = {dialects()[head].family.spec.analysis_fingerprint for head in FAMILIES}
    assert len(prints) == 83, "two families describe the same analysis"
    for name, found in dialects().items():
        assert PUBLISHED[found.reference_id]["name"] == name == found.name


def test_families_are_the_surveyed_equivalence_classes():
    classes = [line.split(" = ") for line in CLASSES.strip().splitlines()]
    together = {frozenset(ids) for ids in classes}
    alone = set(PUBLISHED) - {i for ids in classes for i in ids}
    together |= {frozenset([i]) for i in alone}
    found: dict[str, set[str]] = {}
    for d in dialects().values():
        found.setdefault(d.family_name, set()).add(d.reference_id)
    assert {frozenset(ids) for ids in found.values()} == together


@pytest.mark.parametrize("name", NAMES)
def test_names_and_citations(name):
    found = dialects()[name]
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    for form in found.member.forms:
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", form)
    assert found.member.system and found.member.role and found.member.confidence
    assert found.member.sources
    for source in found.member.sources:
        assert source.repo and source.path, source
        pinned = re.fullmatch(r"[0-9a-f]{10,40}", source.commit) or re.search(r"==\d", source.repo)
        assert pinned or re.match(r"tags? v\d", source.commit), f"{source} names neither commit nor version"
    module = inspect.getmodule(next(m for m in _modules() if found.family is m.PLUGIN))
    line = (module.__doc__ or "").strip().splitlines()
    assert line and len(line[0]) > 20 and f"{found.family.spec.sample_rate} Hz" in line[0]


@lru_cache(maxsize=1)
def _modules():
    import importlib

    return [importlib.import_module(f"melpact.contract.dialects.{head}") for head in FAMILIES]


def test_a_module_is_named_after_the_head_of_its_family():
    for module in _modules():
        assert module.__name__.rsplit(".", 1)[1] == module.PLUGIN.members[0].name


# --- relatives ------------------------------------------------------------------------------------


def test_same_description_exactly_where_an_alias_is_declared():
    specs = {n: checked_spec(n) for n in NAMES}
    groups: dict[MelSpec, list[str]] = {}
    for name, spec in specs.items():
        groups.setdefault(spec, []).append(name)
    assert len({s.fingerprint for s in groups}) == len(groups), "two descriptions share a fingerprint"
    for members in groups.values():
        heads = [n for n in members if dialects()[n].alias_of is None]
        assert len(heads) == 1, f"{members} are one description and need one head"
        assert all(dialects()[n].alias_of == heads[0] for n in members if n != heads[0])
    for name, spec in specs.items():
        found = dialects()[name]
        if found.variant_of is not None:
            head = specs[found.variant_of]
            assert found.variant_of == found.family_name and spec != head
            assert spec.analysis_fingerprint == head.analysis_fingerprint
        if found.alias_of is None and found.variant_of is None:
            assert name == found.family_name


def test_fingerprint_leads_back_to_the_name():
    for name in NAMES:
        found = dialects()[name]
        if not found.asks:
            assert name_of(found.spec) == (found.alias_of or name)


@pytest.mark.parametrize("name", NAMES)
def test_plain_member_keeps_the_analysis_of_its_family(name):
    found = dialects()[name]
    assert checked_spec(name).analysis_fingerprint == found.family.spec.analysis_fingerprint


def every_buildable() -> list[str]:
    return [n for n in NAMES if n != "dac_loss_44k"] + [f"{n}:{f}" for n, f in FORMS]


@cache
def built(label: str) -> MelSpec:
    """The description behind `name` or `name:form`; asked statistics get values that are all different."""
    name, _, form = label.partition(":")
    found = dialects()[name]
    facts = {a.field: float(a.known) for a in found.member.asks if a.known}
    if form and found.member.forms[form].statistics != "none":
        first, second = ("mean", "std") if found.member.forms[form].statistics == "standardise" else ("low", "high")
        m = np.arange(found.family.spec.n_mels)
        facts[first] = (-6.0 + 0.01 * m).tolist()
        facts[second] = (1.0 + 0.02 * m).tolist()
    return dialect(label, **facts).spec if form else dialect_for(found.reference_id).spec


@pytest.mark.parametrize("label", every_buildable())
def test_json_round_trip(label):
    spec = built(label)
    again = quietly(**json.loads(canonical_json(spec.facts())))
    assert again == spec and hash(again) == hash(spec)
    assert again.fingerprint == spec.fingerprint and again.analysis_fingerprint == spec.analysis_fingerprint
    assert quietly(**json.loads(spec.model_dump_json())) == spec


def test_fingerprints_tell_every_description_and_form_apart():
    first: dict[str, str] = {}
    for label in (n for n in every_buildable() if not n.startswith("dac_loss_44k")):
        other = first.setdefault(built(label).fingerprint, label)
        assert built(other) == built(label), f"{label} and {other} differ and share a fingerprint"


# --- published numbers ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tone_raw() -> dict[str, np.ndarray]:
    """Family head → unscaled oracle of 1 s of 0.5 sin(2π 1000 n / sr), no waveform scale or reference."""
    found = {}
    for head in FAMILIES:
        spec = _bare(checked_spec(head))
        n = np.arange(spec.sample_rate)
        found[head] = oracle_raw(0.5 * np.sin(2 * np.pi * 1000 * n / spec.sample_rate), spec)
    return found


@pytest.fixture(scope="session")
def speech_raw() -> dict[str, np.ndarray]:
    """Family head → unscaled float64 oracle of speech-like sound, without waveform scale and reference."""
    return {h: oracle_raw(speech(checked_spec(h).sample_rate), _bare(checked_spec(h))) for h in FAMILIES}


def _bare(spec: MelSpec) -> MelSpec:
    return spec.replace_quietly(waveform_scale=1.0, reference=0.0, scaling=NoScaling())


def _scaled(raw: np.ndarray, spec: MelSpec) -> np.ndarray:
    from melpact.contract.scaling import measure

    values = raw - spec.reference
    return spec.scaling.apply(values, measure([values]) if spec.scaling.needs() else {})


@pytest.mark.parametrize("name", [n for n in NAMES if n != "dac_loss_44k"])
def test_published_test_vector(name, tone_raw):
    found = dialects()[name]
    vector, raw = PUBLISHED[found.reference_id]["vector"], tone_raw[found.family_name]
    values = _scaled(raw, checked_spec(name))
    assert values.shape == (checked_spec(name).n_mels, vector["n_frames"])
    assert vector["frame"] == vector["n_frames"] // 2
    value = values[vector["bin"], vector["frame"]]
    peak = values[:, vector["frame"]]
    # the loudest bin, taken after the scaling (ties where it clips; Tortoise's divisors are negative)
    assert vector["bin"] in (raw[:, vector["frame"]].argmax(), peak.argmax(), peak.argmin())
    assert abs(value - vector["value"]) <= 2e-5 * max(1.0, abs(vector["value"]))


def test_vectors_go_through_the_public_oracle():
    """The fixture shares work inside a family; six members are also computed from end to end."""
    for name in (
        "matcha_22k_vctk",
        "tacotron_20k_pre2018",
        "whisper_16k_128",
        "seamless_fbank_16k",
        "xtts_v2_cond_22k",
        "myxtts_22k",
    ):
        spec = checked_spec(name).replace_quietly(waveform_scale=1.0)
        vector = PUBLISHED[dialects()[name].reference_id]["vector"]
        n = np.arange(spec.sample_rate)
        value = oracle(0.5 * np.sin(2 * np.pi * 1000 * n / spec.sample_rate), spec)[vector["bin"], vector["frame"]]
        assert abs(value - vector["value"]) <= 2e-5 * max(1.0, abs(vector["value"])), name


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_the_published_range_and_the_floor(name):
    spec = checked_spec(name)
    low, high = PUBLISHED[dialects()[name].reference_id]["silence"]
    silent = np.zeros(spec.min_samples() + 3 * spec.hop_length)
    raw, values = oracle_raw(silent, spec), oracle(silent, spec)
    assert abs(values.min() - low) <= HALF_DIGIT and abs(values.max() - high) <= HALF_DIGIT
    # the same from the definition: what epsilon leaves in a band, then the floor
    left = spec.epsilon ** (spec.power / 2) * filterbank(spec).sum(axis=1)
    linear = np.maximum(left, spec.floor) if spec.floor_kind == "clamp" else left + spec.floor
    expected = linear if spec.log_gain is None else spec.log_gain * np.log(linear) - spec.reference
    np.testing.assert_allclose(raw, np.repeat(expected[:, None], raw.shape[1], axis=1), rtol=1e-12, atol=1e-12)
    assert raw.min() >= spec.floor_value - 1e-12
    if spec.epsilon * filterbank(spec).sum(axis=1).max() ** 2 < spec.floor**2 or spec.epsilon == 0:
        np.testing.assert_allclose(raw, spec.floor_value, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_lies_below_the_floor_or_outside_the_bounds(name, speech_raw):
    spec = checked_spec(name)
    raw = speech_raw[dialects()[name].family_name]
    assert raw.shape == (spec.n_mels, spec.frames(speech(spec.sample_rate).size))
    assert np.isfinite(raw).all() and raw.min() - spec.reference >= spec.floor_value - 1e-9
    low, high = spec.scaling.bounds()
    values = _scaled(raw, spec)
    assert low <= values.min() and values.max() <= high
    full = tuple(m for m in range(spec.n_mels) if m not in spec.empty_bands)
    assert np.ptp(raw[list(full)], axis=1).min() > 0, "a band with bins never moves"
    if spec.empty_bands:
        assert np.ptp(raw[list(spec.empty_bands)]) == 0


# --- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_frame_formula_for_every_length(name):
    spec, count = checked_spec(name), formula(name)
    hop, start = spec.hop_length, spec.min_samples()
    lengths = {n for k in range(60) for d in (-1, 0, 1, hop // 2 - 1, hop // 2) if (n := start + k * hop + d) >= start}
    lengths |= {n for k in range(1, 4000, 37) for d in (-1, 0, 1) if (n := k * hop + d) >= start}
    lengths |= set(range(start, start + 2 * hop + 2))
    for n in lengths:
        assert spec.frames(n) == count(n, hop), f"{n} samples"


@pytest.mark.parametrize("head", FAMILIES)
def test_real_frames_of_the_oracle(head):
    spec, count = checked_spec(head), formula(head)
    hop, start = spec.hop_length, spec.min_samples()
    first = -(-start // hop) * hop
    x = speech(spec.sample_rate)
    for n in sorted(
        {start, start + 1, *(first + k * hop + d for k in (0, 1, 2, 5) for d in (-1, 0, 1, hop // 2))} - {start - 1}
    ):
        if n >= start:
            assert oracle_raw(x[:n], spec).shape == (spec.n_mels, count(n, hop)), f"{n} samples"
    with pytest.raises(AudioTooShort):
        oracle_raw(x[: start - 1], spec)
    for t in (1, 2, 7, 100):
        assert spec.frames(spec.samples(t)) == t and spec.frames(spec.samples(t) - 1) < t + 1


# --- asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sovits_diffusion_44k", "ddspsvc_44k"])
def test_checkpoint_edges_are_asked_for(name):
    for facts in ({}, {"f_min": 40}, {"f_max": 16000}):
        with pytest.raises(MissingFact, match="f_min" if "f_min" not in facts else "f_max"):
            _ = dialect(name, **facts).spec
        with pytest.raises(MissingFact):
            _ = dialect(f"{name}:diffusion", **facts).spec
    spec = dialect(name, f_min=20, f_max=11025).spec
    assert (spec.f_min, spec.f_max) == (20.0, 11025.0)
    diffusion = dialect(f"{name}:diffusion", f_min=40, f_max=16000).spec
    values = diffusion.scaling.apply(np.array([[-12.0, -5.0, 2.0, 3.0]] * 128))
    np.testing.assert_allclose(values[0], [-1.0, 0.0, 1.0, 8 / 7], atol=1e-12)
    with pytest.raises(DialectError):
        dialect(name, n_fft=1024)


def test_the_seven_mel_loss_asks_for_its_scale():
    with pytest.raises(MissingFact, match="n_fft"):
        _ = dialect("dac_loss_44k").spec
    assert [int(f) for f in dialects()["dac_loss_44k"].member.forms] == SEVEN
    for scale, bands in zip(SEVEN, [5, 10, 20, 40, 80, 160, 320], strict=True):
        spec = dialect(f"dac_loss_44k:{scale}").spec
        assert (spec.n_fft, spec.win_length, spec.hop_length, spec.n_mels) == (
            scale,
            scale,
            scale // 4,
            bands,
        )
        for n in range(spec.min_samples(), spec.min_samples() + 3 * spec.hop_length):
            assert spec.frames(n) == parse_formula("1 + floor(L/hop) (center)")(n, spec.hop_length)
        assert oracle(np.zeros(44100), spec).shape == (bands, 1 + 44100 // (scale // 4))


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_forms_build_or_ask_for_their_statistics(name, form):
    label, kind = f"{name}:{form}", dialects()[name].member.forms[form].statistics
    if kind == "none":
        assert dialects()[name].member.forms[form].note
        assert built(label) != (built(name) if name != "dac_loss_44k" else None)
        return
    first, second = ("mean", "std") if kind == "standardise" else ("low", "high")
    for facts in ({}, {first: [0.0] * dialects()[name].n_mels}):
        with pytest.raises(MissingFact, match=f"{first}.*{second}"):
            _ = dialect(label, **facts).spec
    spec = built(label)
    m = np.arange(spec.n_mels)
    a, b = -6.0 + 0.01 * m, 1.0 + 0.02 * m
    assert isinstance(spec.scaling, BandAffine) and spec.analysis_fingerprint == built(name).analysis_fingerprint
    got = spec.scaling.apply(np.stack([a, b], axis=1))
    want = np.stack([0 * m, (b - a) / b], axis=1) if kind == "standardise" else np.stack([-1.0 + 0 * m, 1.0 + 0 * m], axis=1)
    np.testing.assert_allclose(got, want, atol=1e-12)
    wrong = {first: a[:-1].tolist(), second: b[:-1].tolist()}
    with pytest.raises(Exception, match="bands"):
        _ = dialect(label, **wrong).spec


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("hifigan_22", "hifigan_22k"), ("hifgan_22k", "hifigan_22k"), ("whisper_16k", "whisper_16k_80"),
     ("vocos", "vocos_24k"),
     ("tacotron2", "tacotron2_22k"), ("bigvgan_v2_44k", "bigvgan_v2_44k_512x"), ("kaldi", "kaldi_fbank")],
)  # fmt: skip
def test_a_typo_is_answered_with_the_near_name(typed, meant):
    with pytest.raises(UnknownDialect) as caught:
        dialect(typed)
    assert meant in str(caught.value) and "melpact dialects" in str(caught.value)


def test_names_are_found_by_id_case_and_dashes():
    for name, found in dialects().items():
        for spelling in (found.reference_id, name.upper(), name.replace("_", "-"), f" {name} "):
            assert dialect(spelling).name == name
    assert isinstance(dialect("HiFiGAN 22k"), Dialect)
    with pytest.raises(UnknownDialect, match="no form"):
        dialect("pwg_24k:normalized")
