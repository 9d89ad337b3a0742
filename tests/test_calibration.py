"""Calibration: the arithmetic of each strategy, what counts as skill, the two rebuilt cases, files and folders."""

from __future__ import annotations

import importlib.util
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from melpact.cli.main import main
from melpact.contract.artifact import Artifact, read, read_header, write
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec
from melpact.core.errors import (
    ArtifactError,
    BatchError,
    ContractError,
    MelpactError,
    NoSkill,
    NotAnArtifact,
    SpecMismatch,
)
from melpact.normalise.calibration import Calibration, Pair, Report, compare, pair, parts, stored, strategies, strategy
from melpact.normalise.calibration.base import Params, Strategy, Values, thinned
from melpact.normalise.calibration.strategies.isotonic import rising
from melpact.verbs import calibrate

CASES = Path(__file__).parents[1] / "benchmarks" / "calibration_cases.py"
HIFI = dialect("hifigan_22k").spec
BANDS = 6


def spec(**changes: object) -> MelSpec:
    fields = dict(
        sample_rate=16000, n_fft=512, hop_length=128, padding="centre", pad_mode="reflect", power=1,
        n_mels=BANDS, mel_scale="htk", mel_norm="none", log="ln", floor=1e-5, floor_kind="clamp",
    )  # fmt: skip
    return MelSpec(**{**fields, **changes})


def mel(values: object, of: MelSpec | None = None, **provenance: object) -> Mel:
    return Mel(np.asarray(values, np.float32), of or spec(), provenance=provenance)


def truth(rng: np.random.Generator, frames: int = 60) -> np.ndarray:
    """Something like a mel: bands of different level, a loudness they share, and values of their own."""
    level = np.linspace(-4, -6, BANDS)[:, None]
    return level + rng.normal(0, 1.2, (1, frames)) + rng.normal(0, 0.8, (BANDS, frames))


def many(make: object, count: int = 8, seed: int = 0, frames: int = 60) -> list[Pair]:
    """Pairs whose prediction is `make(target, rng)`."""
    rng = np.random.default_rng(seed)
    targets = [truth(rng, frames) for _ in range(count)]
    return [pair(f"u{i}", mel(make(t, rng)), mel(t)) for i, t in enumerate(targets)]  # type: ignore[operator]


@pytest.fixture(scope="module")
def cases() -> ModuleType:
    loader = importlib.util.spec_from_file_location("calibration_cases", CASES)
    assert loader and loader.loader
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def blind(cases: ModuleType) -> Report:
    return compare(cases.pairs(cases.no_signal()))


# the arithmetic of the strategies


def used(name: str, x: Values, t: Values, on: Values | None = None) -> Values:
    s = strategy(name)
    params = s.fit(x, t)
    s.check(params, x.shape[0])
    return s.apply(params, x if on is None else on)


def test_a_line_explains_r_squared_and_no_more() -> None:
    rng = np.random.default_rng(3)
    x, t = rng.normal(2, 3, (BANDS, 500)), rng.normal(-5, 2, (BANDS, 500))
    t += 0.2 * x
    slope, offset = np.polyfit(x.ravel(), t.ravel(), 1)
    made = used("global_affine", x, t)
    assert made == pytest.approx(slope * x + offset, abs=1e-9)
    explained = 1 - ((made - t) ** 2).mean() / t.var()
    assert explained == pytest.approx(np.corrcoef(x.ravel(), t.ravel())[0, 1] ** 2, abs=1e-12)
    for scale, shift in ((slope * 1.1, offset), (slope, offset + 0.1)):
        assert ((scale * x + shift - t) ** 2).mean() > ((made - t) ** 2).mean()


@pytest.mark.parametrize("r", [0.0, 0.3, 0.9])
def test_matching_moments_costs_twice_what_is_not_shared(r: float) -> None:
    rng = np.random.default_rng(4)
    t = rng.normal(-5, 2, (BANDS, 400))
    z = (t - t.mean()) / t.std()
    noise = rng.normal(size=z.shape)
    noise -= noise.mean() + z * (noise * z).mean()
    x = 3 + 0.1 * (r * z + math.sqrt(1 - r * r) * (noise / noise.std()))
    made = used("moment_match", x, t)
    assert (made.mean(), made.std()) == pytest.approx((t.mean(), t.std()))
    noise_left = np.sqrt(((made - t) ** 2).mean())
    assert noise_left == pytest.approx(math.sqrt(2 * (1 - np.corrcoef(x.ravel(), t.ravel())[0, 1])) * t.std())
    if r == 0:
        assert noise_left == pytest.approx(math.sqrt(2) * t.std(), rel=1e-3)


def test_medians_withstand_wild_values_on_either_side() -> None:
    rng = np.random.default_rng(5)
    t = rng.normal(-5, 2, (BANDS, 500))
    x = (t - 1) / 3 + rng.normal(0, 0.02, t.shape)
    wild = rng.random(t.shape)
    x = np.where(wild < 0.05, 1e4, x)
    t = np.where(wild > 0.95, -400.0, t)
    params = strategy("robust_affine").fit(x, t)
    assert params["slope"][0] == pytest.approx(3, rel=0.02) and params["offset"][0] == pytest.approx(1, abs=0.1)
    assert abs(strategy("global_affine").fit(x, t)["slope"][0]) < 0.1
    four = strategy("robust_affine").fit(np.array([[10.0, 0, 2, 1]]), np.array([[20.0, 0, 5, 1]]))
    slope = (5 / 2 + 19 / 9) / 2
    assert four["slope"][0] == pytest.approx(slope)
    assert four["offset"][0] == pytest.approx(np.median([20 - 10 * slope, 0, 5 - 2 * slope, 1 - slope]))


def test_a_large_corpus_is_thinned_evenly() -> None:
    x = np.arange(3 << 20, dtype=float).reshape(3, -1)
    thin, same = thinned(x, x)
    assert thin.size == 3 * ((1 << 21) // 3) and (thin == same).all()
    assert [(thin // (1 << 20) == band).mean() for band in range(3)] == pytest.approx([1 / 3] * 3)
    assert thin.mean() == pytest.approx(x.mean(), rel=1e-5) and (thin.min(), thin.max()) == (0, x.max())


def test_bands_get_their_own_lines_and_a_still_band_its_mean() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(BANDS, 200))
    slopes, offsets = np.linspace(0.5, 3, BANDS), np.linspace(-8, -2, BANDS)
    t = slopes[:, None] * x + offsets[:, None]
    x[2] = 7.0
    params = strategy("band_affine").fit(x, t)
    others = [0, 1, 3, 4, 5]
    assert params["slope"][others] == pytest.approx(slopes[others])
    assert params["offset"][others] == pytest.approx(offsets[others])
    assert (params["slope"][2], params["offset"][2]) == (0, pytest.approx(t[2].mean()))


def test_neighbouring_bands_are_unmixed() -> None:
    rng = np.random.default_rng(7)
    t = rng.normal(-5, 2, (BANDS, 4000))
    mixed = t.copy()
    mixed[1:] += 0.6 * t[:-1]
    left = ((used("band_ridge", mixed, t) - t) ** 2).mean()
    assert left < 0.04 * t.var()
    assert ((used("band_affine", mixed, t) - t) ** 2).mean() > 5 * left
    params = strategy("band_ridge").fit(mixed, t)["weights"]
    expected = np.linalg.lstsq(np.vstack([mixed[1:6], np.ones(4000)]).T, t[3], rcond=None)[0]
    assert params[3] == pytest.approx(expected[:5], abs=0.01)
    assert (params[0, :2] == 0).all() and (params[-1, -2:] == 0).all()


def test_curves_are_undone_by_both_monotone_strategies() -> None:
    rng = np.random.default_rng(8)
    t = rng.uniform(-9, -1, (BANDS, 3000))
    x = np.exp(0.4 * t)
    for name, worst in (("isotonic", 0.05), ("quantile_match", 0.05), ("global_affine", 9.0)):
        error = np.sqrt(((used(name, x, t) - t) ** 2).mean())
        assert error < worst
    assert np.sqrt(((used("global_affine", x, t) - t) ** 2).mean()) > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_rising_is_the_max_min_of_means(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=12), rng.integers(1, 5, 12).astype(float)
    best = [
        max(min(np.average(values[i : j + 1], weights=weights[i : j + 1]) for j in range(k, 12)) for i in range(k + 1))
        for k in range(12)
    ]
    assert rising(values, weights) == pytest.approx(best)


@pytest.mark.parametrize("s", strategies(), ids=lambda s: s.name)
def test_a_strategy_survives_a_constant_prediction_and_one_frame(s: Strategy) -> None:
    t = truth(np.random.default_rng(0), 40)
    for x, y in ((np.full_like(t, 3.0), t), (t[:, :1], t[:, :1])):
        params = s.fit(x, y)
        s.check(params, BANDS)
        assert np.isfinite(s.apply(params, x)).all()
        if s.name in ("global_affine", "isotonic", "moment_match", "constant") and x is not t[:, :1]:
            assert s.apply(params, x).mean() == pytest.approx(y.mean())


# what counts as skill


class _Spy(Strategy):
    """Remembers whose values it was fitted to: utterance i is the constant i."""

    name, note, complexity, verdict = "spy", "spies", 9, "spied"
    seen: list[tuple[set[float], float]]

    def fit(self, prediction: Values, target: Values) -> Params:
        return {"known": np.unique(prediction)}

    def apply(self, params: Params, prediction: Values) -> Values:
        self.seen.append((set(params["known"].tolist()), float(prediction[0, 0])))
        return prediction

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {"known": (None,)}


def test_folds_leave_out_whole_utterances_each_once() -> None:
    spy = _Spy()
    spy.seen = []
    rng = np.random.default_rng(0)
    pairs = [pair(f"u{i}", mel(np.full((BANDS, 9), i)), mel(truth(rng, 9))) for i in range(11)]
    report = compare(pairs, only=[spy], folds=4)
    own, shuffled = spy.seen[:11], spy.seen[11:]
    assert report.folds == 4 and sorted(value for _, value in own) == list(range(11))
    assert all(value not in known for known, value in own)
    assert {len(known) for known, _ in own} == {8, 9}
    assert len(shuffled) == 11


def test_errors_are_those_of_a_plain_leave_one_out_loop() -> None:
    pairs = many(lambda t, rng: 0.3 * t + rng.normal(0, 0.5, t.shape), count=4)
    report = compare(pairs, folds=4)
    errors: dict[str, list[np.ndarray]] = {"global_affine": [], "constant": [], "band_mean": [], "zero": []}
    for left in pairs:
        x = np.concatenate([p.prediction for p in pairs if p is not left], axis=1).astype(float)
        t = np.concatenate([p.target for p in pairs if p is not left], axis=1).astype(float)
        slope, offset = np.polyfit(x.ravel(), t.ravel(), 1)
        made = {"global_affine": slope * left.prediction + offset, "constant": t.mean(), "zero": 0.0}
        made["band_mean"] = t.mean(axis=1, keepdims=True)
        for name, value in made.items():
            errors[name].append(np.asarray(value - left.target))
    spread = np.concatenate([p.target for p in pairs], axis=1).astype(float).var()
    rmse = {name: np.sqrt((np.concatenate(e, axis=1) ** 2).mean()) for name, e in errors.items()}
    for name, pieces in errors.items():
        row = report.row(name, null=name != "global_affine")
        assert row.mae == pytest.approx(np.abs(np.concatenate(pieces, axis=1)).mean(), rel=1e-6)
        assert row.rmse == pytest.approx(rmse[name], rel=1e-6)
        assert row.r_squared == pytest.approx(1 - rmse[name] ** 2 / spread, rel=1e-6)
    assert report.best_null == min(
        ("zero", "constant", "band_mean", "shuffled"), key=lambda n: report.row(n, null=True).rmse
    )
    best = min(rmse["band_mean"], rmse["constant"], report.row("shuffled", null=True).rmse)
    assert report.row("global_affine").skill == pytest.approx(1 - rmse["global_affine"] / best, rel=1e-6)


def test_the_interval_is_over_utterances_not_values() -> None:
    rng = np.random.default_rng(1)
    biases = rng.normal(0, 1, 40)
    pairs = [pair(f"u{i:02}", mel(t + b), mel(t)) for i, b in enumerate(biases) for t in [truth(rng, 50)]]
    row = compare(pairs).row("none")
    mean, deviation = (biases**2).mean(), (biases**2).std() / math.sqrt(40)
    expected = [math.sqrt(mean - 1.96 * deviation), math.sqrt(mean + 1.96 * deviation)]
    assert list(row.rmse_interval) == pytest.approx(expected, rel=0.08)


def test_a_good_prediction_is_left_alone() -> None:
    made = Calibration.fit(many(lambda t, rng: t + rng.normal(0, 0.2, t.shape)))
    assert (made.strategy, made.report.finding) == ("none", None)
    prediction = mel(truth(np.random.default_rng(9)))
    assert (made.apply(prediction).values == prediction.values).all()


@pytest.mark.parametrize(
    ("make", "taken", "finding"),
    [
        (lambda t, rng: 2.5 * t - 3 + rng.normal(0, 0.3, t.shape), "global_affine", "scale_offset"),
        (lambda t, rng: t + np.linspace(-3, 3, BANDS)[:, None] + rng.normal(0, 0.1, t.shape), "band_affine", "band_offset"),
        (lambda t, rng: t + 0.9 * np.roll(t, 1, axis=0) * (np.arange(BANDS) > 0)[:, None], "band_ridge", None),
        (lambda t, rng: np.exp(t / 2 + 2), "quantile_match", "scale_offset"),
    ],
)
def test_the_simplest_sufficient_strategy_is_taken(make: object, taken: str, finding: str) -> None:
    report = compare(many(make, count=12, frames=200))
    assert (report.chosen, report.finding) == (taken, finding)


def test_knowing_which_bands_are_loud_is_no_skill() -> None:
    pairs = many(lambda t, rng: np.linspace(-4, -6, BANDS)[:, None] + rng.normal(0, 0.1, t.shape))
    with pytest.raises(NoSkill, match="no signal") as caught:
        Calibration.fit(pairs)
    report = caught.value.report
    assert isinstance(report, Report)
    assert report.correlation > 0.3 and abs(report.band_correlation) < 0.1


def test_speech_of_another_utterance_is_no_skill(cases: ModuleType) -> None:
    items = cases.speech()
    wrong = [pair(name, items[(i + 5) % len(items)][1], target) for i, (name, target) in enumerate(items)]
    assert not compare(wrong).skilled


def test_chance_among_few_utterances_is_undecided_not_no_signal() -> None:
    rng = np.random.default_rng(2)
    targets = [truth(rng) for _ in range(4)]
    made = [t + rng.normal(0, 0.1, t.shape) + (2.6 if i == 3 else 0) for i, t in enumerate(targets)]
    pairs = [pair(f"u{i}", mel(x), mel(t)) for i, (x, t) in enumerate(zip(made, targets))]
    report = compare(pairs, only=[strategy("none")])
    best = report.row(report.best)
    assert not report.skilled and best.skill > 0.01 and best.skill_interval[0] < 0
    assert report.finding is None and report.verdict.startswith("undecided")
    with pytest.raises(NoSkill, match="Give more utterances"):
        report.check()


def test_targets_that_stand_still_decide_nothing() -> None:
    pairs = [pair(f"u{i}", mel(truth(np.random.default_rng(i))), mel(np.full((BANDS, 60), -5))) for i in range(4)]
    report = compare(pairs)
    assert not report.skilled and report.row("none").r_squared is None and "do not vary" in report.verdict


# the two rebuilt cases


def test_the_published_repair_is_a_constant(cases: ModuleType, blind: Report) -> None:
    x, t = (np.concatenate([item[i].values for item in cases.no_signal()], axis=1).astype(float) for i in (1, 2))
    r = np.corrcoef(x.ravel(), t.ravel())[0, 1]
    line = np.polyval(np.polyfit(x.ravel(), t.ravel(), 1), x)
    before, after = np.abs(x - t).mean(), np.abs(line - t).mean()
    assert (before, after, r) == pytest.approx((5.073, 1.678, 0.009), abs=5e-4)
    assert 1 - after / before == pytest.approx(0.67, abs=0.005)
    assert before / (after / t.std()) == pytest.approx(6.28, abs=0.01)
    assert np.abs(t.mean() - t).mean() == pytest.approx(after, abs=5e-4)
    assert 1 - ((line - t) ** 2).mean() / t.var() == pytest.approx(8.1e-5, rel=0.01)
    assert blind.affine_r_squared == pytest.approx(8.1e-5, rel=0.01)
    affine, constant = blind.row("global_affine"), blind.row("constant", null=True)
    assert affine.mae == pytest.approx(constant.mae, abs=0.002) and affine.mae == pytest.approx(1.678, abs=0.02)
    worse = math.sqrt(2 * (1 - 0.009)) * t.std()
    assert blind.row("moment_match").rmse == pytest.approx(worse, rel=0.01)
    assert blind.row("moment_match").rmse > 1.38 * constant.rmse


def test_the_published_repair_is_refused(cases: ModuleType, blind: Report) -> None:
    assert (blind.chosen, blind.finding) == (None, "no_signal")
    with pytest.raises(NoSkill) as caught:
        Calibration.fit(cases.pairs(cases.no_signal()))
    text = str(caught.value)
    assert caught.value.report == blind
    for part in ("no signal", "R² = 8.1e-05", "r = +0.009", "band_mean", "No rescaling can help", "normalised targets"):
        assert part in text
    with pytest.raises(NoSkill):
        Calibration.fit(cases.pairs(cases.no_signal()), only=["global_affine"])


def test_the_honest_counterpart_is_scale_only_and_restored(cases: ModuleType) -> None:
    made = Calibration.fit(cases.pairs(cases.scale_only()))
    report = made.report
    assert report.affine_r_squared > 0.9 and (report.row("none").r_squared or 0) < -3
    assert made.strategy == "global_affine" and report.verdict.startswith("scale only")
    assert made.params["slope"][0] == pytest.approx(1 / cases.SCALE, rel=0.04)
    errors = np.concatenate([made.apply(x).values - t.values for _, x, t in cases.scale_only()], axis=1)
    mae, rmse = cases.ceiling()
    assert rmse == pytest.approx(cases.ERROR_NAT, rel=1e-3)
    assert np.sqrt((errors**2).mean()) < 1.02 * rmse and np.abs(errors).mean() < 1.02 * mae
    held_out = report.row("global_affine")
    assert held_out.rmse < 1.02 * rmse and held_out.mae < 1.02 * mae


NUMBER = re.compile(r"\d+(?:\.(\d+))?")


def test_the_page_says_what_the_program_computes(cases: ModuleType) -> None:
    page = cases.PAGE.read_text(encoding="utf-8")
    said = dict(re.findall(r"<!-- figures: (.*?) -->\n(.*?)\n<!-- end -->", page, re.DOTALL))
    made = cases.figures()
    assert list(said) and set(said) == set(made)
    for name, block in made.items():
        skeleton = [NUMBER.sub("#", re.sub(r"[+-](?=\d)", "", text)) for text in (block, said[name])]
        assert skeleton[0] == skeleton[1], name
        for ours, theirs in zip(NUMBER.finditer(block), NUMBER.finditer(said[name])):
            last = 10.0 ** -len(theirs[1] or "")
            assert abs(float(ours[0]) - float(theirs[0])) <= 2.01 * last, (name, ours[0], theirs[0])


# pairs


@pytest.mark.parametrize(("frames", "extra", "fits"), [(50, 2, True), (50, 3, False), (300, 6, True), (300, 7, False)])
def test_lengths_may_differ_by_two_frames_or_two_percent(frames: int, extra: int, fits: bool) -> None:
    t = truth(np.random.default_rng(0), frames)
    longer = np.concatenate([t, np.full((BANDS, extra), -11.0)], axis=1)
    for x, y in ((longer, t), (t, longer)):
        if fits:
            made = pair("a", mel(x), mel(y))
            assert (made.prediction == t.astype(np.float32)).all() and (made.target == t.astype(np.float32)).all()
            assert f"0 frame(s) at its start and {extra} at its end" in made.notes[0]
        else:
            with pytest.raises(ContractError, match=f"^a: .*{x.shape[1]} and {y.shape[1]} frames"):
                pair("a", mel(x), mel(y))


def test_the_surplus_may_be_at_the_start() -> None:
    t = truth(np.random.default_rng(0), 100)
    longer = np.concatenate([np.full((BANDS, 2), -11.0), t], axis=1)
    made = pair("a", mel(3 * t + 1), mel(longer))
    assert (made.target == t.astype(np.float32)).all() and "2 frame(s) at its start and 0" in made.notes[0]
    for seed in range(10):
        rng = np.random.default_rng(seed)
        noise, longer = rng.normal(size=(BANDS, 400)), truth(rng, 402)
        assert "0 frame(s) at its start and 2" in pair("a", mel(noise), mel(longer)).notes[0]


def test_a_target_in_another_unit_is_converted_and_in_another_bank_refused() -> None:
    t = truth(np.random.default_rng(0))
    decades = mel(t / math.log(10), spec(log="log10"))
    made = pair("a", mel(t), decades)
    assert made.target == pytest.approx(t, abs=1e-5) and "converted" in made.notes[0]
    with pytest.raises(SpecMismatch, match=r"^a: .*mel_scale"):
        pair("a", mel(t), mel(t, spec(mel_scale="slaney")))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_pair_is_refused_by_name(value: float) -> None:
    t = truth(np.random.default_rng(0))
    bad = t.copy()
    bad[1, 3] = value
    with pytest.raises(ContractError, match=r"^here: the prediction holds NaN or infinity; got 1 of 360"):
        pair("here", mel(bad), mel(t))
    with pytest.raises(ContractError, match=r"^here: the target is not one utterance"):
        pair("here", mel(t), mel(t[None]))
    with pytest.raises(ContractError, match="not one utterance"):
        pair("here", mel(t[:, :0]), mel(t))


def test_too_few_twice_named_and_mixed_pairs_are_refused() -> None:
    pairs = many(lambda t, rng: t)
    with pytest.raises(ContractError, match="at least 3 utterances, or 60 frames of one"):
        compare([pair("short", mel(np.zeros((BANDS, 59))), mel(np.zeros((BANDS, 59))))])
    with pytest.raises(ContractError, match="no pairs"):
        compare([])
    with pytest.raises(ContractError, match="two pairs have one name"):
        compare([*pairs, pairs[0]])
    t = truth(np.random.default_rng(0))
    with pytest.raises(SpecMismatch, match="another description than u0"):
        compare([*pairs, pair("x", mel(t, spec(mel_scale="slaney")), mel(t, spec(mel_scale="slaney")))])
    with pytest.raises(ContractError, match="robust_affine"):
        Calibration.fit(pairs, only=["linear"])


def test_the_data_fingerprint_follows_names_and_values_not_their_order() -> None:
    pairs = many(lambda t, rng: 2 * t)
    data = compare(pairs, only=[strategy("none")]).data
    assert compare(pairs[::-1], only=[strategy("none")]).data == data
    x = pairs[0].prediction.copy()
    x[0, 0] = np.nextafter(x[0, 0], np.float32(9))
    target = mel(pairs[0].target)
    changed = [pair("u0", mel(x), target), *pairs[1:]]
    renamed = [pair("v0", mel(pairs[0].prediction), target), *pairs[1:]]
    assert len({compare(p, only=[strategy("none")]).data for p in (pairs, changed, renamed)}) == 3


def test_scaled_mels_are_compared_in_the_unit_before_scaling() -> None:
    rng = np.random.default_rng(0)
    z = spec(scaling=Affine.standardise(-5.0, 2.0))
    targets = [truth(rng) for _ in range(6)]
    raw = [pair(f"u{i}", mel(0.5 * t + rng.normal(0, 0.1, t.shape)), mel(t)) for i, t in enumerate(targets)]
    scaled = [pair(p.name, mel((p.prediction + 5) / 2, z), mel((p.target + 5) / 2, z)) for p in raw]
    a, b = compare(raw), compare(scaled)
    assert b.unit == "nat" and b.row("global_affine").rmse == pytest.approx(a.row("global_affine").rmse, rel=1e-5)
    assert b.row("zero", null=True).rmse == pytest.approx(
        math.sqrt(np.mean([(p.target.astype(float) + 5) ** 2 for p in raw])), rel=1e-5
    )
    made = Calibration.fit(scaled)
    given = mel((raw[0].prediction + 5) / 2, z)
    expected = Calibration.fit(raw).apply(mel(raw[0].prediction)).values
    assert made.apply(given).spec == z and made.apply(given).raw().values == pytest.approx(expected, abs=1e-4)


# the calibration and its file


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return Calibration.fit(many(lambda t, rng: 2.5 * t - 3 + rng.normal(0, 0.3, t.shape)), model="step 7")


def test_a_file_gives_the_same_calibration(fitted: Calibration, tmp_path: Path) -> None:
    for name in [s.name for s in strategies()]:
        s = strategy(name)
        t = truth(np.random.default_rng(3))
        made = Calibration(fitted.spec, name, s.fit(2 * t, t), fitted.report, "m")
        again = Calibration.load(made.save(tmp_path / f"{name}.cal"))
        assert (again.fingerprint, again.model, again.report) == (made.fingerprint, "m", made.report)
        prediction = mel(2 * t + 0.1)
        assert (again.apply(prediction).values == made.apply(prediction).values).all()
    header = read_header(tmp_path / "none.cal")
    assert header.kind == "calibration" and header.spec == fitted.spec and header.config["report"]["data"] == fitted.data


def test_the_fingerprint_names_everything_that_matters(fitted: Calibration) -> None:
    slope = {"slope": np.array([2.0]), "offset": fitted.params["offset"]}
    others = [
        Calibration(fitted.spec, "global_affine", slope, fitted.report, "step 7"),
        Calibration(fitted.spec, "moment_match", fitted.params, fitted.report, "step 7"),
        Calibration(fitted.spec, "global_affine", fitted.params, fitted.report, "step 8"),
        Calibration(spec(log="log10"), "global_affine", fitted.params, fitted.report, "step 7"),
    ]
    assert len({c.fingerprint for c in (fitted, *others)}) == 5
    with pytest.raises(ValueError, match="read-only"):
        fitted.params["slope"][0] = 1


def test_apply_keeps_axes_marks_the_mel_and_stays_above_the_floor(fitted: Calibration) -> None:
    values = np.stack([truth(np.random.default_rng(i)) for i in range(3)])
    values[0, 0, 0] = -500
    made = fitted.apply(mel(values, audio="a.wav"), model="step 7")
    slope, offset = fitted.params["slope"][0], fitted.params["offset"][0]
    assert made.values == pytest.approx(np.maximum(slope * values + offset, math.log(1e-5)), abs=1e-5)
    assert made.values[0, 0, 0] == np.float32(math.log(1e-5)) and made.spec == fitted.spec
    assert made.provenance["audio"] == "a.wav" and made.provenance["calibration"]["data"] == fitted.data
    with pytest.raises(ContractError, match="nothing is calibrated twice"):
        fitted.apply(made)


def test_apply_refuses_what_it_was_not_fitted_to(fitted: Calibration) -> None:
    t = truth(np.random.default_rng(0))
    with pytest.raises(SpecMismatch, match="f_max"):
        fitted.apply(mel(t, spec(f_max=7000.0)))
    with pytest.raises(ContractError, match="another model; got step 8; wanted step 7"):
        fitted.apply(mel(t), model="step 8")
    t[0, 0] = np.nan
    with pytest.raises(ContractError, match="NaN"):
        fitted.apply(mel(t))


def test_files_that_are_no_calibration_are_refused(fitted: Calibration, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "a.cal")
    whole = read(path)
    bad = {
        "no spec": Artifact("calibration", whole.tensors, None, whole.config),
        "no report": Artifact("calibration", whole.tensors, whole.spec, {"strategy": "none", "model": None}),
        "strategy": Artifact("calibration", whole.tensors, whole.spec, {**whole.config, "strategy": "spline"}),
        "params": Artifact("calibration", {"slope": whole.tensors["slope"]}, whole.spec, whole.config),
        "shape": Artifact("calibration", {**whole.tensors, "slope": np.ones(3)}, whole.spec, whole.config),
        "nan": Artifact("calibration", {**whole.tensors, "slope": np.array([np.nan])}, whole.spec, whole.config),
    }
    for name, artifact in bad.items():
        with pytest.raises(NotAnArtifact, match="not a complete calibration"):
            Calibration.load(write(tmp_path / f"{name}.cal", artifact))
    with pytest.raises(ArtifactError, match="holds something else"):
        Calibration.load(mel(truth(np.random.default_rng(0))).save(tmp_path / "a.mel"))
    with pytest.raises(ArtifactError, match="cut short"):
        (tmp_path / "short.cal").write_bytes(path.read_bytes()[:-4])
        Calibration.load(tmp_path / "short.cal")


# folders


def folders(root: Path, make: object, count: int = 6) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    for i in range(count):
        t = truth(rng)
        for side, values in (("p", make(t, rng)), ("t", t)):  # type: ignore[operator]
            folder = root / side / ("x" if i % 2 else "y")
            folder.mkdir(parents=True, exist_ok=True)
            mel(values).save(folder / f"u{i}.mel")
    return root / "p", root / "t"


def scaled(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(2.5 * t - 3 + rng.normal(0, 0.3, t.shape))


def test_folders_are_paired_by_name_and_bad_pairs_are_listed(tmp_path: Path) -> None:
    p, t = folders(tmp_path, scaled)
    mel(truth(np.random.default_rng(1))).save(p / "alone.mel")
    mel(truth(np.random.default_rng(1))).save(t / "x" / "lonely.mel")
    broken = np.full((BANDS, 60), np.nan)
    for name, values in (("nan", broken), ("long", np.zeros((BANDS, 90)))):
        mel(values).save(p / f"{name}.mel")
        mel(truth(np.random.default_rng(2))).save(t / f"{name}.mel")
    (p / "cut.mel").write_bytes((p / "nan.mel").read_bytes()[:-100])
    mel(truth(np.random.default_rng(2))).save(t / "cut.mel")
    for side in (p, t):
        mel(truth(np.random.default_rng(3)), spec(mel_scale="slaney")).save(side / "z_other.mel")
    done = calibrate.fit(p, t, tmp_path / "new" / "a.cal", model="m1")
    assert [(m.name, m.side) for m in done.missing] == [("alone", "prediction"), ("x/lonely", "target")]
    assert {f.item: f.error for f in done.failed} == {
        "nan": "ContractError",
        "long": "ContractError",
        "cut": "Truncated",
        "z_other": "SpecMismatch",
    }
    assert done.report.utterances == 6 and done.path == tmp_path / "new" / "a.cal"
    told = json.loads(json.dumps(done.to_json()))
    assert told["chosen"] == "global_affine" and told["model"] == "m1" and told["skill"] is True
    assert {row["name"] for row in told["nulls"]} == {"zero", "constant", "band_mean", "shuffled"}
    assert len(told["strategies"]) == 9 and len(told["missing"]) == 2 and len(told["failed"]) == 4
    alone = calibrate.compare(p, t)
    assert alone.report == done.report and alone.path is None

    applied = calibrate.apply([p / "x", p / "nan.mel"], done.path, tmp_path / "out", model="m1")
    assert [f.item for f in applied.failed] == [str(p / "nan.mel")] and len(applied.done) == 3
    source, target = applied.done[0]
    expected = Calibration.load(done.path).apply(Mel.load(source))
    assert (Mel.load(target).values == expected.values).all() and Mel.load(target).spec == spec()


def test_a_folder_without_skill_writes_nothing(tmp_path: Path) -> None:
    p, t = folders(tmp_path, lambda t, rng: rng.normal(size=t.shape))
    with pytest.raises(NoSkill) as caught:
        calibrate.fit(p, t, tmp_path / "a.cal")
    assert not (tmp_path / "a.cal").exists()
    assert isinstance(caught.value.outcome, calibrate.Compared)
    assert caught.value.outcome.to_json()["skill"] is False
    assert calibrate.compare(p, t).report == caught.value.report


def test_foreign_files_need_a_dialect(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for side in ("p", "t"):
        (tmp_path / side).mkdir()
    for i in range(4):
        t = rng.normal(-5, 2, (80, 50)).astype(np.float32)
        np.save(tmp_path / "p" / f"{i}.npy", (3 * t + 1).T)
        Mel(t, HIFI).save(tmp_path / "t" / f"{i}.mel")
    with pytest.raises(MelpactError, match="no such files"):
        calibrate.compare(tmp_path / "p", tmp_path / "t")
    done = calibrate.fit(tmp_path / "p", tmp_path / "t", tmp_path / "a.cal", dialect="hifigan_22k")
    assert done.calibration is not None
    assert done.calibration.params["slope"][0] == pytest.approx(1 / 3, rel=1e-5)
    assert done.calibration.spec == HIFI


def test_folders_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    p, t = folders(tmp_path, scaled, count=3)
    with pytest.raises(MelpactError, match="same files"):
        calibrate.compare(p, p)
    for path in t.rglob("*.mel"):
        path.write_bytes(b"no mel")
    (t / "y" / "u0.mel").unlink()
    with pytest.raises(ContractError, match=r"0 of 3; without a partner: y/u0; failed: x/u1, y/u2.*first failure: .*u1"):
        calibrate.compare(p, t)
    other = tmp_path / "other"
    other.mkdir()
    (p / "x" / "u1.mel").rename(other / "u9.mel")
    with pytest.raises(MelpactError, match="no prediction has a target"):
        calibrate.compare(other, t)
    with pytest.raises(ArtifactError, match="does not exist"):
        calibrate.compare(tmp_path / "nowhere", t)
    assert not issubclass(NoSkill, BatchError)


# few and many


def test_one_recording_is_cut_into_blocks_of_time_and_says_so() -> None:
    rng = np.random.default_rng(4)
    t = truth(rng, 400)
    x = 2.0 * t + 1 + rng.normal(0, 0.2, t.shape)
    report = compare([pair("only", mel(x), mel(t))], folds=5)
    assert (report.utterances, report.blocks, report.folds) == (1, 10, 5)
    assert "one recording" in report.caution and "n = 1" in report.caution and "10 blocks of 1 recording" in report.counted
    # neighbouring blocks are left out together: fitted to 320 frames, scored on the 80 in one piece that are left
    errors = []
    for start in range(0, 400, 80):
        keep = np.r_[0:start, start + 80 : 400]
        a, b = np.polyfit(x.astype(np.float32)[:, keep].ravel(), t.astype(np.float32)[:, keep].ravel(), 1)
        errors.append(a * x[:, start : start + 80] + b - t[:, start : start + 80])
    expected = math.sqrt(np.mean(np.concatenate(errors, axis=1) ** 2))
    assert report.row("global_affine").rmse == pytest.approx(expected, rel=1e-4)
    assert compare(many(lambda t, rng: t)).caution == ""


def test_one_recording_of_nothing_has_no_skill_either() -> None:
    rng = np.random.default_rng(5)
    t = truth(rng, 400)
    with pytest.raises(NoSkill, match="10 blocks of 1 recording"):
        Calibration.fit([pair("only", mel(rng.normal(-5, 1, t.shape)), mel(t))])


def test_two_files_that_were_named_are_a_pair_whatever_they_are_called(tmp_path: Path) -> None:
    t = truth(np.random.default_rng(6), 400)
    mel(3 * t + 1).save(tmp_path / "prediction.mel")
    mel(t).save(tmp_path / "truth.mel")
    done = calibrate.fit(tmp_path / "prediction.mel", tmp_path / "truth.mel", tmp_path / "a.cal")
    assert done.calibration is not None and done.calibration.params["slope"][0] == pytest.approx(1 / 3, rel=1e-5)
    assert Calibration.load(tmp_path / "a.cal").report.caution == done.report.caution != ""


def test_pairs_that_are_read_again_give_the_same_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p, t = folders(tmp_path, scaled, count=6)
    held = calibrate.compare(p, t).report
    monkeypatch.setattr(calibrate, "HELD_BYTES", 0)
    assert calibrate.compare(p, t).report == held
    assert calibrate.fit(p, t, tmp_path / "a.cal").report == held


def test_files_that_change_meanwhile_are_noticed() -> None:
    first, other = many(lambda t, rng: t)[:2]
    with pytest.raises(ContractError, match="changed while"):
        stored(first, lambda: other).values()
    assert stored(first, lambda: first).values()[1] is first.target


def test_many_frames_are_thinned_for_fitting_and_all_counted_for_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = many(lambda t, rng: 2 * t - 1 + rng.normal(0, 0.3, t.shape), count=12, frames=200)
    whole = compare(pairs)
    monkeypatch.setattr(parts, "MOST_FRAMES", 600)
    thin = compare(pairs)
    assert (whole.stride, thin.stride) == (1, 4)
    assert (thin.frames, thin.values) == (2400, 2400 * BANDS)
    for name in ("zero", "constant", "band_mean"):
        assert thin.row(name, null=True).rmse == pytest.approx(whole.row(name, null=True).rmse, rel=0.01)
    assert thin.row("none").rmse == whole.row("none").rmse
    assert thin.row("global_affine").rmse == pytest.approx(whole.row("global_affine").rmse, rel=0.01)
    assert thin.row("global_affine").rmse != whole.row("global_affine").rmse
    assert thin.correlation == whole.correlation


def test_moments_in_one_look_are_those_of_all_values() -> None:
    rng = np.random.default_rng(7)
    x, t = rng.normal(-5, 2, (2, BANDS, 300)) + np.arange(BANDS)[:, None]
    moments = parts.Moments()
    for first in range(0, 300, 70):
        moments.add(x[:, first : first + 70], t[:, first : first + 70])
    assert moments.spread() == pytest.approx((x.var(), t.var(), np.cov(x.ravel(), t.ravel(), bias=True)[0, 1]), rel=1e-9)
    assert moments.correlation(bands=False) == pytest.approx(np.corrcoef(x.ravel(), t.ravel())[0, 1], rel=1e-9)
    a, b = (v - v.mean(axis=1, keepdims=True) for v in (x, t))
    assert moments.correlation() == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1], rel=1e-9)
    still = parts.Moments()
    still.add(np.full((BANDS, 50), -11.5129254), t[:, :50])
    assert still.correlation() == 0.0


def test_every_strategy_names_a_code_of_the_doctor_or_none() -> None:
    from melpact.diagnose.finding import CODES

    named = {s.name: s.finding for s in strategies()}
    assert named["band_ridge"] is None and named["band_affine"] == "band_offset"
    assert {f for f in named.values() if f is not None} <= set(CODES)


def test_the_json_has_error_null_and_skill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    p, t = folders(tmp_path, scaled, count=4)
    assert main(["calibrate", "compare", str(p), str(t), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    best = min(row["error"] for row in plain["nulls"])
    for row in plain["strategies"]:
        assert row["null"] == best and row["error"] == row["rmse"]
        assert row["skill"] == pytest.approx(1 - row["error"] / row["null"])
    assert plain["measure"] == "rmse" and plain["unit"] == "nat"
    assert [row["name"] for row in plain["strategies"]] == [s.name for s in strategies()]
    assert main(["calibrate", "compare", str(p), str(tmp_path / "nothing"), "--json"]) == 2
    assert set(json.loads(capsys.readouterr().out)["error"]) == {"type", "what", "where", "got", "wanted", "next", "message"}
