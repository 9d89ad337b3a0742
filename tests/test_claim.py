"""Whether the values alone can be what they claim: traits, the distance between two mels, and what `examine` says of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.diagnose.claim.apart import UNTOLD_NATS, apart_nats
from melpact.diagnose.claim.bank import FAMILIES, leanings, near, patterns
from melpact.diagnose.claim.expected import analysed, expected
from melpact.diagnose.claim.network import MOST, clean_factors
from melpact.diagnose.claim.traits import BLOCKS, cells, traits
from melpact.diagnose.confusion_table import Row, table
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.examine import examine
from melpact.features.analysis import extract

NAME = "hifigan_22k"


@lru_cache(maxsize=1)
def clip() -> Audio:
    """A prompt that the claim's own expectation is not made of."""
    return samples.load("it_noservice").mono()


def made(gain: float = 1.0, **change: Any) -> Mel:
    """That prompt in the dialect with some fields changed, read as the dialect."""
    right = dialect(NAME).spec
    sound = Audio.of(np.float32(gain) * clip().samples, clip().sample_rate)
    return Mel(extract(sound, right.replace(**change) if change else right).values, right)


def seen(mel: Mel) -> np.ndarray:
    found = traits(Evidence(mel))
    assert found is not None
    return found


def test_the_blocks_cover_the_traits_without_a_gap() -> None:
    ends = [0, *(part.stop for part in BLOCKS.values())]
    assert [part.start for part in BLOCKS.values()] == ends[:-1]
    assert ends[-1] == seen(made()).size


def test_a_gain_moves_the_level_and_not_the_texture() -> None:
    loud, soft = seen(made()), seen(made(0.7))
    level = BLOCKS["level and floor"]
    quantiles = slice(level.start + 6, level.start + 14)
    assert np.allclose((soft - loud)[quantiles], np.log(0.7), atol=0.03)
    pace = BLOCKS["pace and texture over time"]
    assert np.nanmax(np.abs((soft - loud)[pace])) < 0.1


def test_traits_do_not_depend_on_the_unit() -> None:
    """ln and 20 log10 of the same bands, each read as what it is."""
    ln = made()
    spec = ln.spec.replace(log="db_amplitude")
    db = Mel((ln.values * 20 / np.log(10)).astype(np.float32), spec)
    assert (
        np.nanmax(
            np.abs(
                seen(db)[: BLOCKS["pace and texture over time"].stop] - seen(ln)[: BLOCKS["pace and texture over time"].stop]
            )
        )
        < 1e-3
    )


def test_the_distance_is_half_the_squared_mahalanobis_distance() -> None:
    right, wrong = made(), made(hop_length=300)
    spread, factors, own = clean_factors()
    z = np.clip(np.nan_to_num(seen(wrong) - seen(right)) / spread, -MOST, MOST)
    direct = 0.5 * z @ np.linalg.inv(factors @ factors.T + np.diag(own)) @ z
    assert apart_nats(right, wrong) == pytest.approx(direct, rel=1e-6)
    assert apart_nats(right, right) == pytest.approx(0.0, abs=1e-9)
    assert abs(UNTOLD_NATS - 2.576**2 / 2) < 0.05


def test_the_distance_grows_with_the_fault() -> None:
    right = made()
    apart = [apart_nats(right, made(f_max=f)) or 0.0 for f in (8100.0, 8700.0, 11025.0)]
    assert apart[0] < apart[1] < apart[2]


def test_the_patterns_of_a_bank_are_those_of_white_noise() -> None:
    """Heights against the bank itself; scatter and correlations against noise that was analysed."""
    spec = dialect(NAME).spec.replace(log="none", floor=0.0, floor_kind="none", power=2, epsilon=0.0, epsilon_kind="none")
    one = np.ones(1)
    found = patterns(spec, near(spec), spec.f_min * one, spec.f_max * one, spec.bank_sample_rate * one)[0]
    shown = np.isfinite(found[2])
    assert shown[:40].all()
    heights = np.log(filterbank(spec).sum(axis=1)) / 2
    assert np.allclose(found[0][shown], heights[shown], atol=1e-9)
    noise = np.random.default_rng(3).standard_normal(spec.sample_rate * 40).astype(np.float32) * 0.1
    bands = extract(Audio.of(noise, spec.sample_rate), spec).values.astype(np.float64)
    next_one = np.array([np.corrcoef(bands[k], bands[k + 1])[0, 1] for k in range(40)])
    assert np.abs(found[2][1:40] - next_one[1:]).max() < 0.06
    scatter = np.log(bands.std(axis=1) / bands.mean(axis=1))
    assert np.abs(found[1][1:40] - scatter[1:40]).max() < 0.06


def leaning(mel: Mel) -> np.ndarray:
    found = cells(Evidence(mel))
    assert found is not None
    return leanings(found.level, found.live, mel.spec)


@pytest.mark.parametrize("f_max", [7360.0, 7600.0])
def test_the_true_f_max_is_read_off_the_bank(f_max: float) -> None:
    found = leaning(made(f_max=f_max))
    assert found[8 + FAMILIES.index("f_max")] > np.arcsinh(2.0)
    assert found[-3] == pytest.approx(np.log(f_max / 8000.0), abs=0.012)


def test_a_finding_says_where_the_bank_ends() -> None:
    one = next(f for f in examine(made(f_max=7360.0)) if f.code == "f_max")
    assert "f_max near 73" in one.sentence


def test_a_right_mel_leans_to_no_other_bank() -> None:
    found = leaning(made())
    assert found[8 : 8 + len(FAMILIES)].max() < np.arcsinh(1.5)
    assert found[0] > 0.7


def test_the_kept_expectation_is_what_the_prompts_give() -> None:
    for name in (NAME, "whisper_16k_80"):
        spec = dialect(name).spec
        kept, fresh = expected(spec), analysed(spec)
        assert kept is not None and fresh is not None
        assert np.array_equal(np.isfinite(kept), np.isfinite(fresh))
        assert np.nanmax(np.abs(kept - fresh)) < 1e-3


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("f_max", {"f_max": 7360.0}),
        ("f_min", {"f_min": 40.0}),
        ("hop", {"hop_length": 512}),
        ("n_fft", {"n_fft": 4096, "win_length": 4096}),
        ("window_length", {"win_length": 512}),
        ("mel_norm", {"mel_norm": "none"}),
        ("mel_scale", {"mel_scale": "htk"}),
        ("bank_rate", {"bank_sample_rate": 44100}),
    ],
)
def test_one_wrong_field_is_named_from_the_values_alone(code: str, change: dict[str, Any]) -> None:
    found = examine(made(**change))
    assert code in [f.code for f in found[:2]]
    one = next(f for f in found if f.code == code)
    assert one.measured > one.null
    assert "nat" in one.unit or code in ("mel_norm", "f_min")


def test_what_is_too_near_to_tell_is_counted_apart_and_only_where_it_was_missed() -> None:
    rows = [
        Row("a", "f_min", 20.0, "values", NAME, "x", (), apart_nats=0.5),
        Row("b", "f_min", 20.0, "values", NAME, "x", (), apart_nats=50.0),
        Row("c", "f_min", 20.0, "values", NAME, "x", (("f_min", 0.5),), apart_nats=0.5),
    ]
    counted = table(rows)["faults"]["f_min"]
    assert (counted["n"], counted["second"], counted["untold"]) == (3, 1, 1)
