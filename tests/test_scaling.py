"""Fitting scalings to a corpus, putting them on and taking them off."""

from __future__ import annotations

import importlib.util
import math
import re
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    NoScaling,
    Percentile,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
    measure,
    scalings,
)
from melpact.core.errors import ContractError, MissingUtterance, SpecError, StatsWarning
from melpact.features.oracle import spectrum
from melpact.features.window import stft_bound
from melpact.normalise import Stats, apply, fit, kinds, undo

SPEC = dialect("hifigan_22k").spec
FLOOR = math.log(1e-5)


def corpus(seed: int = 0, files: int = 3, frames: int = 1200) -> list[Mel]:
    rng = np.random.default_rng(seed)
    tilt = np.linspace(1.0, -4.0, 80)[:, None]
    return [
        Mel(np.maximum(rng.normal(-4, 2, (80, frames)) + tilt, FLOOR).astype(np.float32), SPEC)
        for _ in range(files)
    ]


MELS = corpus()
STATS = Stats.of(MELS)
X = np.concatenate([m.values for m in MELS], axis=1).astype(np.float64)

EXAMPLES = {
    "none": [NoScaling()],
    "affine": [Affine(scale=0.25, shift=1.5), Affine(scale=-2.0), Affine.standardise(-5.5, 2.1)],
    "band_affine": [
        BandAffine.standardise(np.linspace(-3, -8, 80), np.linspace(2, 1, 80)),
        BandAffine.divide(np.linspace(1, 5, 80)),
    ],
    "window": [
        Window(low=-12, high=2, out_low=-4, out_high=4),
        Window.clipping(-9, 0),
        Window(low=-9, high=0, clip_low=-0.1),
    ],
    "percentile": [Percentile(low=-9, high=0, clip=False), Percentile(low=-9, high=0, out_low=-1)],
    "tanh": [Tanh(centre=-5, width=5), Tanh(centre=-5, width=6, amplitude=4)],
    "dynamic_range": [DynamicRange(range=6.0), DynamicRange(range=100.0)],
    "utterance_min_max": [UtteranceMinMax(), UtteranceMinMax(out_low=-1)],
    "utterance_standard": [
        UtteranceStandard(),
        UtteranceStandard(spread="added", epsilon=1e-5, ddof=1),
        UtteranceStandard(spread="inside", epsilon=1e-5),
    ],
}
ALL = [pytest.param(s, id=f"{kind}-{i}") for kind, group in EXAMPLES.items() for i, s in enumerate(group)]


def test_every_class_has_an_example() -> None:
    assert {c.model_fields["kind"].default for c in scalings()} == set(EXAMPLES)


@pytest.mark.parametrize("scaling", ALL)
def test_round_trip(scaling) -> None:
    mel = MELS[0]
    scaled, clipped = apply(mel, scaling)
    back = undo(scaled)
    assert scaled.spec == SPEC.replace(scaling=scaling) and back.spec == SPEC
    free = np.ones(mel.values.shape, bool)
    if isinstance(scaling, Window | Percentile):
        low, high = scaling.bounds()
        line = mel.values.astype(np.float64)
        line = (line - scaling.low) / (scaling.high - scaling.low) * (
            scaling.out_high - scaling.out_low
        ) + scaling.out_low
        free = (line > low) & (line < high)
    elif isinstance(scaling, DynamicRange):
        free = mel.values > mel.values.max() - scaling.range + 1e-5
    span = float(np.ptp(mel.values))
    assert abs(back.values - mel.values)[free].max() <= 1e-6 * span
    assert clipped.total == mel.values.size and abs(clipped.below + clipped.above - (~free).sum()) <= 1
    if clipped.below == 0 and clipped.above == 0:
        assert free.all()
    twice, _ = apply(back, scaling)
    assert abs(twice.values - scaled.values).max() <= 1e-6 * max(1.0, float(np.ptp(scaled.values)))


@pytest.mark.parametrize("scaling", ALL)
def test_round_trip_in_float64(scaling) -> None:
    x = np.linspace(-8.5, -0.5, 80 * 50).reshape(80, 50)
    x = np.random.default_rng(1).permuted(x)
    facts = measure([x]) if scaling.needs() else {}
    back = scaling.undo(scaling.apply(x, facts), facts)
    kept = x > x.max() - 6.0 + 1e-9 if scaling == DynamicRange(range=6.0) else np.ones(x.shape, bool)
    assert abs(back - x)[kept].max() <= 1e-12 * np.ptp(x)


def test_a_file_keeps_what_undo_needs(tmp_path) -> None:
    for scaling in (
        UtteranceStandard(spread="inside", epsilon=1e-5),
        UtteranceMinMax(),
        Tanh(centre=-5, width=5),
    ):
        scaled, _ = apply(MELS[1], scaling)
        again = Mel.load(scaled.save(tmp_path / "m.safetensors"))
        np.testing.assert_array_equal(undo(again).values, undo(scaled).values)
        if scaling.needs():
            with pytest.raises(MissingUtterance, match="not kept"):
                undo(Mel(scaled.values, scaled.spec))


def test_standardise() -> None:
    scaling = fit(STATS, "standardise")
    assert scaling.scale == pytest.approx(1 / X.std(), rel=1e-12)
    scaled = Stats.of(apply(m, scaling)[0] for m in MELS)
    assert abs(scaled.mean()) < 1e-6 and abs(scaled.std() - 1) < 1e-6
    assert fit(STATS, "standardise", ddof=1).scale == pytest.approx(1 / X.std(ddof=1), rel=1e-12)


def test_standardise_bands() -> None:
    scaling = fit(STATS, "standardise-bands")
    np.testing.assert_allclose(scaling.scale, 1 / X.std(axis=1), rtol=1e-12)
    scaled = Stats.of(apply(m, scaling)[0] for m in MELS)
    assert abs(scaled.band_mean()).max() < 1e-6 and abs(scaled.band_std() - 1).max() < 1e-6


def test_a_band_that_never_moves_is_only_shifted() -> None:
    values = [m.values.copy() for m in MELS]
    for v in values:
        v[3] = FLOOR
    stats = Stats.of(Mel(v, SPEC) for v in values)
    with pytest.warns(StatsWarning, match="never move.*3"):
        scaling = fit(stats, "standardise_bands")
    assert scaling.scale[3] == 1.0 and scaling.shift[3] == -float(np.float32(FLOOR))


def test_min_max() -> None:
    scaling = fit(STATS, "min_max", out_low=-1, out_high=1)
    scaled = Stats.of(apply(m, scaling)[0] for m in MELS)
    assert (scaled.min(), scaled.max()) == (-1.0, 1.0)
    louder, clipped = apply(Mel(MELS[0].values + 3, SPEC), scaling)
    assert louder.values.max() > 1 and clipped == (0, 0, 96000)
    _, clipped = apply(Mel(MELS[0].values + 3, SPEC), fit(STATS, "min-max", clip=True))
    assert clipped.above == np.count_nonzero(MELS[0].values + 3 >= STATS.max())


def test_percentile() -> None:
    scaling = fit(STATS, "percentile", p_low=2, p_high=98)
    assert [scaling.low, scaling.high] == pytest.approx(np.quantile(X, [0.02, 0.98]), rel=2**-12)
    counts = [apply(m, scaling)[1] for m in MELS]
    assert sum(c.below for c in counts) / X.size == pytest.approx(0.02, abs=5e-4)
    assert sum(c.above for c in counts) / X.size == pytest.approx(0.02, abs=5e-4)
    assert apply(MELS[0], fit(STATS, "percentile", clip=False))[1] == (0, 0, 96000)
    with pytest.raises(ContractError, match="out of order"):
        fit(STATS, "percentile", p_low=90, p_high=10)


def test_window() -> None:
    scaling = fit(STATS, "window", low=-10, high=0, out_low=-4, out_high=4)
    assert scaling == Window(low=-10, high=0, out_low=-4, out_high=4, clip_low=-4, clip_high=4)
    with pytest.raises(ContractError, match=r"does not touch.*nat"):
        fit(STATS, "window", low=-100, high=-20)
    with pytest.warns(StatsWarning, match="holds only"):
        fit(STATS, "window", low=-6.5, high=-6)
    with pytest.raises(ContractError, match="low < high"):
        fit(STATS, "window", low=0, high=-10)


def test_tanh() -> None:
    scaling = fit(STATS, "tanh")
    assert (scaling.centre, scaling.width) == (
        pytest.approx(X.mean(), rel=1e-12),
        pytest.approx(2 * X.std(), rel=1e-12),
    )
    assert fit(STATS, "tanh", widths=3, amplitude=4).amplitude == 4


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_fits_applies_and_undoes(kind: str) -> None:
    options = {"low": -11.0, "high": 4.0} if kind == "window" else {}
    scaling = fit(STATS, kind, **options)
    scaled, clipped = apply(MELS[2], scaling)
    error = abs(undo(scaled).values - MELS[2].values)
    changed = int(np.count_nonzero(error > 1e-6 * np.ptp(MELS[2].values)))
    assert changed <= clipped.below + clipped.above
    if kind in ("none", "standardise", "standardise_bands", "min_max", "tanh"):
        assert changed == 0


def test_clip_counts_at_the_bounds() -> None:
    values = np.full((80, 2), -5.0, np.float32)
    values[0, 0], values[1, 0], values[2, 0] = -8.0, -7.999, -9.0
    values[0, 1], values[1, 1] = -2.0, 3.0
    scaled, clipped = apply(Mel(values, SPEC), Window.clipping(-8, -2, out_low=-4, out_high=4))
    assert clipped == (2, 2, 160)  # on the bound and beyond it; a value a little above it survives
    assert scaled.values[1, 0] > -4
    assert undo(scaled).values[2, 0] == -8.0


def test_nothing_is_scaled_twice() -> None:
    once, _ = apply(MELS[0], fit(STATS, "standardise"))
    other, _ = apply(once, fit(STATS, "min_max"))
    direct, _ = apply(MELS[0], fit(STATS, "min_max"))
    np.testing.assert_allclose(other.values, direct.values, atol=1e-6)
    assert other.spec == direct.spec
    with pytest.raises(ContractError, match=r"already scaled.*mel\.raw\(\)"):
        fit(Stats.of([once]), "standardise")


def test_thin_statistics_warn() -> None:
    with pytest.warns(StatsWarning, match=r"1 file\(s\) of 58\.0 s"):
        fit(Stats.of(corpus(files=1, frames=4998)), "standardise")
    with pytest.warns(StatsWarning, match="too little"):
        fit(Stats.of(corpus(files=3, frames=100)), "tanh")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Stats.of(corpus(files=1, frames=10)), "none")
        fit(STATS, "standardise")


def test_bad_requests_say_what_there_is() -> None:
    with pytest.raises(ContractError, match=r"got 'zscore'; wanted none, standardise, .*tanh"):
        fit(STATS, "zscore")
    with pytest.raises(ContractError, match=r"no option p_low.*wanted ddof"):
        fit(STATS, "standardise", p_low=3)
    with pytest.raises(ContractError, match="no spread"):
        fit(Stats.of([Mel(np.full((80, 3000), -5.0, np.float32), SPEC)] * 2), "standardise")
    with pytest.raises(SpecError, match="2 bands"):
        apply(MELS[0], BandAffine(scale=(1.0, 1.0), shift=(0.0, 0.0)))


FIGURES = Path(__file__).parents[1] / "benchmarks" / "normalise_figures.py"
NUMBER = re.compile(r"\d+(?:\.(\d+))?")


def numbers(text: str) -> list[tuple[float, float]]:
    """The numbers of a text, each with one unit of its last digit."""
    return [(float(m[0]), 10.0 ** -len(m[1] or "")) for m in NUMBER.finditer(text)]


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    loader = importlib.util.spec_from_file_location("normalise_figures", FIGURES)
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return module


def test_the_page_says_what_the_program_computes(figures: ModuleType) -> None:
    page = figures.PAGE.read_text(encoding="utf-8")
    printed, said = figures.tables(figures.shipped()), figures.in_page(page)
    assert list(said) == list(printed)
    for name, table in printed.items():
        for row, quoted in zip(table, said[name], strict=True):
            assert [NUMBER.sub("#", cell) for cell in row] == [NUMBER.sub("#", cell) for cell in quoted], name
            for (made, unit), (told, _) in zip(
                numbers(" ".join(row)), numbers(" ".join(quoted)), strict=True
            ):
                assert abs(made - told) <= 1.01 * unit, (name, row, quoted)
    cells = {cell for table in said.values() for row in table for cell in row}
    quoted = re.findall(r"\*\*(-?[\d.]+(?: %)?)\*\*", page)
    assert len(quoted) >= 8 and set(quoted) <= cells


def test_the_bound_of_the_stft_is_the_sum_of_the_window() -> None:
    plain = dialect("hifigan_22k").spec.replace_quietly(epsilon=0.0, epsilon_kind="none")
    emphasised = dialect("tacotron_20k").spec
    time = np.arange(16384)
    assert stft_bound(plain) == pytest.approx(512) and stft_bound(emphasised) == pytest.approx(500)
    inner = slice(8, -8)
    assert spectrum(np.ones(16384), plain)[0, inner] == pytest.approx(512)
    assert spectrum(np.sin(2 * np.pi * 64 * time / 1024), plain)[64, inner] == pytest.approx(256, rel=1e-6)
    square = np.where(time % 128 < 64, 1.0, -1.0)
    assert spectrum(square, plain)[8, inner].max() == pytest.approx(512 * 2 / np.pi, rel=1e-3)
    assert spectrum((-1.0) ** time, emphasised)[1024, inner] == pytest.approx(500 * 1.97)
    noise = np.sign(np.random.default_rng(0).normal(size=16384))
    assert spectrum(noise, emphasised).max() < 500 * 1.97
