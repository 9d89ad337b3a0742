"""The production engine (float32) against the float64 oracle, for every dialect and every form.

It stays within 1e-3, on average 1e-5, in natural-log units: on speech-like sound, and on sound with nothing above 8 kHz
at a higher rate, where the log magnifies what a float32 FFT leaves in empty bands.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from laws.signals import band_limited_speech, errors, speech
from melpact.contract.dialect import dialect, dialect_for, dialects
from melpact.contract.scaling import NoScaling, measure
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract
from melpact.features.oracle import oracle, oracle_raw

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


@pytest.mark.parametrize("label", NAMES + FORMS)
def test_engine_equals_the_oracle_on_speech(label):
    spec = spec_of(label)
    x = speech(spec.sample_rate)
    mel = extract(x, spec, sample_rate=spec.sample_rate)
    assert mel.values.dtype == np.float32 and mel.spec == spec
    raw = _raw(spec)
    want = spec.scaling.apply(raw, measure([raw]) if spec.scaling.needs() else {})
    got = mel.values.astype(np.float64)
    worst, mean = errors(got, want, raw, spec)
    assert worst <= 1e-3
    assert mean <= 1e-5


@pytest.mark.parametrize("label", NAMES)
def test_engine_rests_on_the_floor_in_silence(label):
    spec = spec_of(label)
    silent = np.zeros(spec.min_samples() + 5 * spec.hop_length, np.float32)
    got = extract(silent, spec, sample_rate=spec.sample_rate).values
    np.testing.assert_allclose(got, oracle(silent, spec), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("head", FAMILIES)
@pytest.mark.parametrize("bits", [16, None], ids=["16 bit", "unquantised"])
def test_engine_equals_the_oracle_where_the_upper_bands_are_empty(head, bits):
    """16 kHz speech at the dialect's rate: float32 alone is off by up to 2.6 there."""
    spec = _bare(dialects()[head].family.spec)
    x = band_limited_speech(spec.sample_rate, bits)
    raw = oracle_raw(x, spec)
    worst, mean = errors(extract(x, spec, sample_rate=spec.sample_rate).values, raw, raw, spec)
    assert worst <= 1e-3
    assert mean <= 1e-5
