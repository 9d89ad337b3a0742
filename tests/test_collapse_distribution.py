"""Chapter 1 of the laboratory against scipy and against numbers that follow from the construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from melpact.audio import synthetic
from melpact.bench.collapse.distribution import (
    compared,
    distributions,
    modulation,
    modulation_hz,
    moments,
    smirnov,
    wasserstein,
)
from melpact.bench.collapse.parts import Clip, Treatment, average_pool, nats, unchanged
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError

SPEC = dialect("hifigan_22k").spec


def clips() -> list[Clip]:
    return [Clip.of(f"c{seed}", synthetic.speech_like(1.5, 22050, seed=seed), SPEC) for seed in (1, 2)]


def test_moments_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=(3, 400))
    mean, std, skewness, kurtosis = moments(values)
    assert (mean, std) == pytest.approx((values.mean(), values.std()))
    assert skewness == pytest.approx(stats.skew(values, axis=None))
    assert kurtosis == pytest.approx(stats.kurtosis(values, axis=None))
    assert moments(np.full((2, 5), 3.0)) == (3.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("frames", [(50, 50), (50, 73), (7, 200)])
def test_distances_are_those_of_scipy(frames: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((4, frames[0])), rng.standard_normal((4, frames[1])) * 1.7 + 0.3
    assert wasserstein(a, b) == pytest.approx([stats.wasserstein_distance(x, y) for x, y in zip(a, b)])
    assert smirnov(a, b) == pytest.approx([stats.ks_2samp(x, y).statistic for x, y in zip(a, b)])


def test_a_movement_shows_at_its_frequency() -> None:
    hz = modulation_hz(SPEC)
    wanted = float(hz[5])
    time = np.arange(600) / SPEC.frame_rate_hz
    moving = np.tile(np.sin(2 * np.pi * wanted * time), (SPEC.n_mels, 1))
    power = modulation([moving], SPEC)
    assert power.shape == (SPEC.n_mels, hz.size) and (power.argmax(axis=1) == 5).all()
    twice = modulation([2 * moving], SPEC)
    assert twice[0, 5] / power[0, 5] == pytest.approx(4.0)


def test_a_change_that_is_known_gives_its_own_numbers() -> None:
    natural = [nats(clip.mel) for clip in clips()]
    ceiling = np.concatenate(natural, axis=1).max(axis=1)
    moved = compared(natural, [one + 0.25 for one in natural], SPEC, ceiling)
    assert moved["wasserstein"] == pytest.approx(0.25) and moved["variance_db"] == pytest.approx(0.0, abs=1e-9)
    assert moved["above_ceiling"] > 0 and moved["below_floor"] == 0
    centres = [one.mean(axis=1, keepdims=True) for one in natural]
    halves = [centre + (one - centre) / 2 for one, centre in zip(natural, centres)]
    halved = compared(natural, halves, SPEC, ceiling)
    assert halved["variance_db"] == pytest.approx(20 * math.log10(0.5), abs=1e-6)
    assert halved["modulation_db"] == pytest.approx(20 * math.log10(2.0), abs=0.05)
    sunk = compared(natural, [np.full_like(one, math.log(1e-5) - 1.0) for one in natural], SPEC, ceiling)
    assert sunk["below_floor"] == 1.0


def test_the_average_pool_is_its_formula() -> None:
    clip = clips()[0]
    x = clip.mel.values.astype(np.float64)
    wanted = np.empty_like(x)
    for band in range(x.shape[0]):
        place = band / (x.shape[0] - 1)
        gain = 1 + 0.25 * math.sin(math.pi * place) - 0.15 * place
        smooth = np.convolve(x[band], np.full(5, 0.2), mode="same")
        wanted[band] = gain * (0.7 * x[band] + 0.3 * smooth)
    assert average_pool().apply(clip.mel).values == pytest.approx(wanted, abs=1e-4)


def test_rows_have_their_nulls_and_a_failure_is_a_reason() -> None:
    held = clips()

    def breaks(mel: Mel) -> Mel:
        raise ContractError("cannot be refined")

    rows = distributions(held, [unchanged(), average_pool(), Treatment("broken", "", "", breaks)], {})
    by_name = {row.refiner: row for row in rows}
    assert by_name["original"].wasserstein == by_name["original"].moved == by_name["original"].modulation_db == 0.0
    assert by_name["other sentences"].kind == by_name["constant mel"].kind == "null"
    assert by_name["constant mel"].wasserstein > by_name["other sentences"].wasserstein > 0
    assert by_name["broken"].reason == "cannot be refined"
    pool = by_name["average_pool"]
    moved = np.concatenate([nats(average_pool().apply(c.mel)) - nats(c.mel) for c in held], axis=1)
    assert pool.moved == pool.error == pytest.approx(np.abs(moved).mean(), rel=1e-6)
