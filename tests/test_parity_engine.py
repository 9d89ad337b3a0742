"""The production engine (float32) against the float64 oracle, for every dialect and every form.

On speech-like sound it stays within 1e-3, on average 1e-5, in natural-log units: the spread that published
float32 pipelines have among themselves. Sound with nothing above 8 kHz at a higher rate is harder: the log
magnifies what float32 leaves in empty bands. There the law is that no spectral bin is off by more than 2^-22
of the loudest bin of its frame.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from laws.signals import band_limited_speech, errors, speech
from melpact.contract.dialect import dialect, dialect_for, dialects
from melpact.contract.filterbank import filterbank
from melpact.contract.scaling import NoScaling, measure
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract
from melpact.features.oracle import oracle, oracle_raw, spectrum

Floats = NDArray[np.float64]
NAMES = sorted(n for n in dialects() if n != "dac_loss_44k")
FORMS = sorted(f"{n}:{f}" for n, d in dialects().items() for f in d.member.forms)
FAMILIES = sorted({d.family_name for d in dialects().values()})


@cache
def spec_of(label: str) -> MelSpec:
    """`name` or `name:form`; per-band statistics are the sound's own, checkpoint numbers the published."""
    name, _, form = label.partition(":")
    found = dialects()[name]
    known = {a.field: float(a.known) for a in found.member.asks if a.known}
    if not form:
        return dialect_for(found.reference_id).spec
    kind = found.member.forms[form].statistics
    if kind != "none":
        raw = _raw(spec_of(name))
        a, b = (raw.mean(1), raw.std(1)) if kind == "standardise" else (raw.min(1), raw.max(1))
        known |= dict(
            zip(
                ("mean", "std") if kind == "standardise" else ("low", "high"),
                (a.tolist(), b.tolist()),
                strict=True,
            )
        )
    return dialect(label, **known).spec


@lru_cache(maxsize=8)
def _raw(spec: MelSpec) -> Floats:
    return oracle_raw(speech(spec.sample_rate), spec.replace_quietly(scaling=NoScaling()))


def _bare(spec: MelSpec) -> MelSpec:
    return spec.replace_quietly(scaling=NoScaling())


# Kaldi's pre-emphasis takes the lowest bands of a loud voice down to 1e-11 of the frame's power, where any
# float32 FFT (Kaldi's own too: 1.3e-2 on this sound) is off by more than 1e-3; there the limits hold within
# 78 dB (18 nats) of the frame's loudest band.
HEARD_NATS = 18.0


@pytest.mark.parametrize("label", NAMES + FORMS)
def test_engine_equals_the_oracle_on_speech(label):
    spec = spec_of(label)
    x = speech(spec.sample_rate)
    mel = extract(x, spec, sample_rate=spec.sample_rate)
    assert mel.values.dtype == np.float32 and mel.spec == spec
    raw = _raw(spec)
    want = spec.scaling.apply(raw, measure([raw]) if spec.scaling.needs() else {})
    got = mel.values.astype(np.float64)
    if spec.window_placement == "start":
        deep = raw < raw.max(axis=0) - HEARD_NATS
        assert deep.mean() < 0.02
        got = np.where(deep, want, got)
    worst, mean = errors(got, want, raw, spec)
    assert worst <= 1e-3
    assert mean <= 1e-5


@pytest.mark.parametrize("label", NAMES)
def test_engine_rests_on_the_floor_in_silence(label):
    spec = spec_of(label)
    silent = np.zeros(spec.min_samples() + 5 * spec.hop_length, np.float32)
    got = extract(silent, spec, sample_rate=spec.sample_rate).values
    np.testing.assert_allclose(got, oracle(silent, spec), rtol=2e-6, atol=2e-6)


def _linear(raw: Floats, spec: MelSpec) -> Floats:
    return raw if spec.log_gain is None else np.exp((raw + spec.reference) / spec.log_gain)


def _bin_error(x: NDArray[np.float32], spec: MelSpec) -> float:
    """The least e such that spectral bins off by e times the frame's loudest bin explain every mel value.

    Rounding of the stored log (half a unit in the last place) and of the bank's sum (6e-7) is taken off.
    """
    want = oracle_raw(x, spec)
    got = extract(x, spec, sample_rate=spec.sample_rate).values.astype(np.float64)
    magnitude = np.sqrt(spectrum(x, spec.replace_quietly(power=2, epsilon=0.0, epsilon_kind="none")))
    bank, loudest = filterbank(spec), np.maximum(magnitude.max(axis=0), 1e-300)
    stored = 6e-8 * (1.0 if spec.log_gain is None else np.maximum(np.abs(want), 1.0) / spec.log_gain)
    here = _linear(want, spec)
    off = np.maximum(np.abs(_linear(got, spec) - here) - here * (stored + 6e-7), 0.0)
    a = np.maximum(bank.sum(axis=1, keepdims=True), 1e-300)
    if spec.power == 1:
        return float((off / (a * loudest)).max())
    b = 2.0 * (bank @ magnitude)  # a e² + b e = off
    return float((2.0 * off / np.maximum(b + np.sqrt(b * b + 4.0 * a * off), 1e-300) / loudest).max())


@pytest.mark.parametrize("head", FAMILIES)
@pytest.mark.parametrize("sound", ["speech", "16 kHz, 16 bit", "16 kHz"])
def test_engine_is_float32_exact_whatever_the_sound(head, sound):
    """No bin is off by more than 2^-22 (-132 dB) of its frame's loudest; 1e-6 behind Kaldi's pre-emphasis."""
    spec = dialects()[head].family.spec
    bits = 16 if sound.endswith("bit") else None
    x = speech(spec.sample_rate) if sound == "speech" else band_limited_speech(spec.sample_rate, bits)
    assert _bin_error(x, spec) <= (1e-6 if spec.window_placement == "start" else 2.0**-22)


@pytest.mark.heavy
def test_report_of_the_hard_signals(capsys):
    """Prints the table of float32 errors on band-limited speech: `pytest -m heavy -s -k hard_signals`."""
    rows = []
    for name in NAMES:
        spec = spec_of(name)
        if dialects()[name].alias_of or dialects()[name].variant_of:
            continue
        row = []
        for bits in (16, None):
            x = band_limited_speech(spec.sample_rate, bits)
            raw = oracle_raw(x, _bare(spec))
            row += errors(extract(x, _bare(spec), sample_rate=spec.sample_rate).values, raw, raw, _bare(spec))
        rows.append((name, *row))
    with capsys.disabled():
        print("\ndialect                       16 bit: max      mean   unquantised: max      mean")
        for name, *row in sorted(rows, key=lambda r: -r[1]):
            print(f"{name:32s} {row[0]:8.1e} {row[1]:9.1e}          {row[2]:8.1e} {row[3]:9.1e}")
