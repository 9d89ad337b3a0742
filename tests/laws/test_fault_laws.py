"""Every fault does what it says and nothing else; the laboratory that plants them tells truth from answer."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.samples import load
from melpact.contract.dialect import dialect, dialects
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.diagnose import dose_response, laboratory
from melpact.diagnose.confusion_table import CLEAN, Row, table, text
from melpact.diagnose.faults import Fault, fault, faults
from melpact.diagnose.finding import CODES, Finding
from melpact.features.analysis import extract
from melpact.verbs.inject import inject
from melpact.verbs.sensitivity import sensitivity

# plain ln, another rate, power and per-utterance range, a clipped dB window, dB without window, Kaldi's framing
DIALECTS = ("hifigan_22k", "bigvgan_24k", "whisper_16k_80", "tacotron_20k", "kaldi_fbank", "melgan_22k")
EVERY = sorted(faults())


@lru_cache(maxsize=1)
def _clip() -> Audio:
    audio = load("en_unidentified")
    return Audio.of(audio.samples[:, 8000 : 8000 + 2 * audio.sample_rate], audio.sample_rate)


@lru_cache(maxsize=32)
def _mel(name: str) -> Mel:
    return extract(_clip(), dialect(name))


def _planted(one: Fault, name: str, dose: float, seed: int = 3) -> Mel | None:
    """The wrong mel, or None where this clip in this dialect does not show the fault."""
    try:
        return one.inject(_mel(name), dose, np.random.default_rng(seed), _clip())
    except ContractError:
        return None


def _distance(one: Fault, wrong: Mel, right: Mel) -> float:
    if one.code == "not_finite":
        return float(np.count_nonzero(~np.isfinite(wrong.values)))
    if not one.keeps_frames:
        return abs(math.log(wrong.n_frames / right.n_frames))
    return float(np.sqrt(np.mean((wrong.values.astype(np.float64) - right.values) ** 2)))


def test_the_vocabulary_is_the_findings() -> None:
    assert set(EVERY) == set(CODES)
    for code, one in faults().items():
        assert one.code == code
        assert set(one.also) <= set(CODES) - {code}
        assert len(one.doses) == 3
        assert not one.variants or (one.doses == (0, 1, 2) and len(one.variants) == 3)


@pytest.mark.parametrize("code", EVERY)
def test_claims_the_same_description_and_is_deterministic(code: str) -> None:
    one, seen = fault(code), 0
    for name in DIALECTS:
        right = _mel(name)
        before = right.values.copy()
        for dose in one.doses:
            wrong = _planted(one, name, dose)
            if wrong is None:
                continue
            seen += 1
            again = _planted(one, name, dose)
            assert again is not None
            assert wrong.spec == right.spec
            assert dict(wrong.provenance) == {}, "a faulty mel must not tell on itself"
            np.testing.assert_array_equal(wrong.values, again.values)
            np.testing.assert_array_equal(right.values, before)
            if one.keeps_frames:
                assert wrong.n_frames == right.n_frames
            if code != "not_finite":
                assert np.isfinite(wrong.values).all()
            if not one.may_change_nothing and wrong.n_frames == right.n_frames:
                assert not np.array_equal(wrong.values, right.values)
    assert seen >= 3


@pytest.mark.parametrize("code", [c for c in EVERY if not faults()[c].variants])
def test_a_larger_dose_is_further_away(code: str) -> None:
    one, seen = fault(code), 0
    for name in DIALECTS:
        right = _mel(name)
        found = [_planted(one, name, dose) for dose in one.doses]
        if any(wrong is None for wrong in found):
            continue
        distances = [_distance(one, wrong, right) for wrong in found if wrong is not None]
        assert 0 < distances[0] < distances[1] < distances[2], f"{name}: {distances}"
        seen += 1
    assert seen >= 2


@pytest.mark.parametrize("code", EVERY)
def test_refuses_with_a_reason_exactly_where_it_does_not_apply(code: str) -> None:
    one = fault(code)
    refusing = [name for name in DIALECTS if not one.applies(dialect(name).spec)]
    for name in refusing:
        with pytest.raises(ContractError, match="cannot be planted here") as caught:
            one.inject(_mel(name), one.doses[1], np.random.default_rng(0), _clip())
        assert len(str(one.refuses(dialect(name).spec))) > 15
        assert str(one.refuses(dialect(name).spec)) in str(caught.value)
    usable = [found.spec for found in dialects().values() if not found.asks]
    assert sum(one.applies(spec) for spec in usable) >= 10, "hardly any dialect can have it"
    if one.needs == "audio" and one.applies(dialect("hifigan_22k").spec):
        with pytest.raises(ContractError, match="made from the sound"):
            one.inject(_mel("hifigan_22k"), one.doses[0], np.random.default_rng(0), None)


def test_kinds_are_not_sizes() -> None:
    with pytest.raises(ContractError, match="kinds, not sizes"):
        fault("log_base").inject(_mel("hifigan_22k"), 0.5, np.random.default_rng(0))
    with pytest.raises(MelpactError, match="no fault"):
        fault("gremlins")


# numbers that each fault has to give, derived by hand


def _values(code: str, dose: float, name: str = "hifigan_22k") -> tuple[np.ndarray, np.ndarray]:
    wrong = _planted(fault(code), name, dose)
    assert wrong is not None
    return wrong.values.astype(np.float64), _mel(name).values.astype(np.float64)


def test_log_faults_are_factors() -> None:
    wrong, right = _values("log_base", 0)
    np.testing.assert_allclose(wrong, right * 0.4342944819, rtol=2e-6)
    wrong, right = _values("log_base", 1)
    np.testing.assert_allclose(wrong, right * 1.442695041, rtol=2e-6)
    wrong, right = _values("log_unit_db", 0)
    np.testing.assert_allclose(wrong, right * 8.685889638, rtol=2e-6)
    wrong, right = _values("power_for_magnitude", 1)
    np.testing.assert_allclose(wrong, right * 2, rtol=2e-6)


def test_one_utterance_statistics_leave_mean_zero_and_spread_one() -> None:
    wrong, right = _values("one_utterance_statistics", 0)
    assert np.abs(wrong.mean(axis=1)).max() < 1e-4
    moving = right.std(axis=1) > np.median(right.std(axis=1)) / 2
    assert np.abs(wrong.std(axis=1)[moving] - 1).max() < 1e-4


def test_normalised_once_and_undone_twice_are_inverse() -> None:
    rng = np.random.default_rng
    mel = _mel("hifigan_22k")
    normalised = fault("not_denormalised").inject(mel, 2, rng(5)).values.astype(np.float64)
    doubled = fault("denormalised_twice").inject(mel, 2, rng(5)).values.astype(np.float64)
    np.testing.assert_allclose(normalised + doubled, 2 * mel.values.astype(np.float64), atol=1e-4)


def test_offsets_have_the_size_of_their_dose() -> None:
    wrong, right = _values("band_offset", 1.0)
    offsets = (wrong - right).mean(axis=1)
    assert np.abs(wrong - right - offsets[:, None]).max() < 1e-4
    assert math.isclose(math.sqrt(np.mean(offsets**2)), 1.0, rel_tol=1e-3)
    wrong, right = _values("scale_offset", 0.3)
    np.testing.assert_allclose(wrong, 0.7 * right + 0.3, atol=1e-5)


def test_hop_and_rate_change_the_length() -> None:
    mel = _mel("hifigan_22k")
    hop = _planted(fault("hop"), "hifigan_22k", 300 / 256 - 1)
    assert hop is not None
    assert math.isclose(mel.n_frames / hop.n_frames, 300 / 256, rel_tol=0.01)
    rate = _planted(fault("sample_rate"), "hifigan_22k", 0.5)
    assert rate is not None
    assert math.isclose(mel.n_frames / rate.n_frames, 2.0, rel_tol=0.01)


def test_shifted_dropped_and_reversed_are_index_maps() -> None:
    wrong, right = _values("frames_shifted", 3)
    np.testing.assert_array_equal(wrong[:, 3:], right[:, :-3])
    dropped = _planted(fault("frames_dropped"), "hifigan_22k", 0.25)
    assert dropped is not None
    assert dropped.n_frames == right.shape[1] - round(0.25 * right.shape[1])
    kept = {column.tobytes() for column in right.astype(np.float32).T}
    assert all(column.tobytes() in kept for column in dropped.values.T)
    wrong, right = _values("bands_reversed", 0)
    np.testing.assert_array_equal(wrong, right[::-1])
    wrong, right = _values("axes_swapped", 1)
    np.testing.assert_array_equal(np.sort(wrong.ravel()), np.sort(right.ravel()))
    np.testing.assert_array_equal(wrong.ravel()[: right.shape[0]], right[:, 0])


def test_impossible_values_lie_beyond_what_sound_can_give() -> None:
    wrong, right = _values("below_floor", 1.0)
    floor = math.log(1e-5)
    beyond = wrong < floor - 1e-4
    assert 0.03 < beyond.mean() < 0.06
    assert floor - 1.001 < wrong.min() < floor - 0.9
    np.testing.assert_array_equal(wrong[wrong == right], right[wrong == right])
    wrong, right = _values("above_ceiling", 1.0)
    loudest = Audio.of(np.sign(np.sin(np.arange(44100) * 0.05)).astype(np.float32), 22050)
    assert wrong.max() > extract(loudest, dialect("hifigan_22k")).values.max() + 0.3
    changed = wrong != right
    assert 0.005 < changed.mean() < 0.02


def test_quantised_clipped_and_silent_count() -> None:
    wrong, _ = _values("quantised", 16)
    assert np.unique(np.round(wrong, 4)).size == 16
    wrong, right = _values("clipped", 0.1)
    assert math.isclose((wrong == wrong.max()).mean(), 0.1, abs_tol=0.01)
    wrong, right = _values("silent", 0.4)
    n = round(0.4 * right.shape[1])
    assert np.abs(wrong[:, -n:] - math.log(1e-5)).max() < 1e-5
    np.testing.assert_allclose(wrong[:, :-n], right[:, :-n], atol=1e-5)


def test_a_window_spans_floor_to_top_in_any_scale() -> None:
    wrong, right = _values("window_not_undone", 1)
    np.testing.assert_allclose(wrong, -1 + 2 * (right - math.log(1e-5)) / (2 - math.log(1e-5)), atol=1e-5)
    wrong, right = _values("window_not_undone", 0, "kaldi_fbank")
    assert 0.4 < wrong.max() <= 1
    assert wrong.std() > 0.05


def test_edges_only() -> None:
    wrong, right = _values("edge_clicks", 9)
    np.testing.assert_array_equal(wrong[:, 4:-4], right[:, 4:-4])
    np.testing.assert_allclose(wrong[:, 0], right[:, 0] * 5 / 9, rtol=1e-6)


def test_no_signal_keeps_the_moments_and_loses_the_content() -> None:
    for dose in (0, 1):
        wrong, right = _values("no_signal", dose)
        np.testing.assert_allclose(wrong.mean(axis=1), right.mean(axis=1), atol=1e-3)
        np.testing.assert_allclose(wrong.std(axis=1), right.std(axis=1), atol=1e-3)
        centred = [v - v.mean(axis=1, keepdims=True) for v in (wrong, right)]
        r = (centred[0] * centred[1]).sum() / np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
        assert abs(r) < 0.35


def test_smoothing_loses_variance_and_noise_adds_it() -> None:
    right = _mel("hifigan_22k").values
    for dose, least, most in ((20.0, 0.75, 0.98), (150.0, 0.1, 0.5)):
        smooth = _values("over_smoothed", dose)[0]
        ratio = np.median(smooth.var(axis=1) / right.var(axis=1))
        assert least < ratio < most, f"{dose} ms: {ratio:.2f}"
    noisy = _values("noise_added", 0.8)[0]
    high = right > math.log(1e-5) + 4
    assert math.isclose(np.std((noisy - right)[high]), 0.8, rel_tol=0.03)
    assert noisy.min() >= math.log(1e-5) - 1e-5


def test_a_window_that_hides_a_fault_is_said() -> None:
    with pytest.raises(ContractError, match="hides the fault"):
        fault("log_base").inject(_mel("whisper_16k_80"), 0, np.random.default_rng(0))


# the laboratory


def _examiner(mel: Mel, target: Mel | None = None, audio: Audio | None = None, spec: object = None) -> Sequence[Finding]:
    """Knows one fault: a value that is not a number. Cries wolf when it gets the sound."""
    said = {"severity": 0.9, "measured": 1.0, "null": 0.0, "sentence": "s", "remedy": "r"}
    wolf = [Finding(code="hop", **said)] if audio is not None else []
    if mel.spec.power == 2:
        raise ValueError("cannot read that")
    return [*wolf, Finding(code="not_finite", **said)] if not np.isfinite(mel.values).all() else wolf


def test_confusion_counts_ranks_alarms_and_errors(tmp_path) -> None:
    lab = laboratory.Laboratory({"a": _clip()}, ["hifigan_22k", "kaldi_fbank"])
    which = [fault("not_finite"), fault("clipped"), fault("leak")]
    trials = list(lab.trials(which, doses=(1, 2), modes=("values", "audio", "target")))
    assert len({t.id for t in trials}) == len(trials)
    # per dialect and mode: a clean one and two doses of each; a leak only beside a target
    assert len(trials) == 2 * (3 + 3 * 4 + 2)
    keep = tmp_path / "rows.jsonl"
    rows = laboratory.confusion(_examiner, lab, trials, keep=keep)
    found = table(rows)
    assert [row.id for row in rows] == [t.id for t in trials]
    assert len(found["errors"]) == len([t for t in trials if t.dialect == "kaldi_fbank"])
    exact = found["faults"]["not_finite"]
    assert (exact["n"], exact["first"], exact["second"]) == (12, 4, 6)
    assert found["faults"]["clipped"]["second"] == 0
    assert found["faults"]["clipped"]["first_instead"] == {"(nothing)": 10, "hop": 2}
    assert found["clean"]["n"] == 6
    assert found["clean"]["codes"] == {"hop": 1}
    assert "not_finite" in text(found)
    json.dumps(found)

    def never(*given: object, **named: object) -> Sequence[Finding]:
        raise AssertionError("an examined case must not be examined again")

    lines = keep.read_text().splitlines()
    keep.write_text("\n".join(lines) + "\n" + lines[0][:40])
    assert laboratory.confusion(never, lab, trials, keep=keep) == rows


def test_processes_give_the_same_rows() -> None:
    lab = laboratory.Laboratory({"a": _clip()}, ["hifigan_22k"])
    trials = list(lab.trials([fault("not_finite"), fault("no_signal")], modes=("target",)))
    one, two = (laboratory.confusion(_examiner, lab, trials, jobs=jobs) for jobs in (1, 2))
    assert [(r.id, r.findings, r.skipped) for r in one] == [(r.id, r.findings, r.skipped) for r in two]


def test_cases_are_honest_predictions_beside_a_target() -> None:
    (case,) = laboratory.cases({"a": _clip()}, ["hifigan_22k"], which=[], modes=("target",))
    assert case.trial.code == CLEAN
    error = case.mel.values.astype(np.float64) - case.target.values
    assert 0.1 < np.sqrt(np.mean(error**2)) < 0.16
    (case,) = laboratory.cases({"a": _clip()}, ["bigvgan_24k"], which=[], modes=("target",))
    floor = math.log(1e-5)
    assert (case.target.values <= floor + 1e-6).mean() > 0.1
    assert case.mel.values.min() >= floor - 1e-5
    (case,) = laboratory.cases({"a": _clip()}, ["hifigan_22k"], which=[], modes=("values",))
    np.testing.assert_array_equal(case.mel.values, case.target.values)
    assert dict(case.mel.provenance) == {}


def test_a_synonym_counts_only_where_it_is_said() -> None:
    row = Row("i", "f_max", 0.3, "audio", "d", "c", findings=(("bank_rate", 0.4), ("f_max", 0.01)), also=("bank_rate",))
    assert (row.rank(), row.rank(strict=False)) == (2, 1)
    assert row.alarms(0.05) == ("bank_rate",)


# the verbs


def test_inject_writes_a_file_that_says_what_was_done(tmp_path) -> None:
    done = inject(_clip(), "frames_shifted", "gross", out=tmp_path / "late.mel", seed=2)
    loaded = Mel.load(tmp_path / "late.mel")
    assert loaded.dialect == "hifigan_22k"
    np.testing.assert_array_equal(loaded.values, done.mel.values)
    np.testing.assert_array_equal(loaded.values[:, 10:], _mel("hifigan_22k").values[:, :-10])
    said = loaded.provenance["injected"]
    assert (said["code"], said["dose"], said["seed"]) == ("frames_shifted", 10, 2)
    again = inject(tmp_path / "late.mel", "quantised", 8.0)
    assert again.path is None
    assert np.unique(np.round(again.mel.values, 4)).size == 8
    with pytest.raises(ContractError, match="made from the sound"):
        inject(tmp_path / "late.mel", "hop")
    with pytest.raises(ContractError, match="no such dose"):
        inject(_clip(), "hop", "enormous")  # type: ignore[arg-type]


def test_sensitivity_falls_with_the_dose_between_ceiling_and_nulls(tmp_path) -> None:
    report = sensitivity([_clip()], tmp_path, codes=["noise_added", "magnitude_for_power"], n_doses=3, quality=False)
    found = json.loads((tmp_path / "sensitivity.json").read_text())
    assert (tmp_path / "sensitivity.png").stat().st_size > 5000
    assert found["refused"] == {"magnitude_for_power": "it is made of the magnitude spectrum"}
    assert found["ceiling"]["pesq"] == {"reason": "not asked for"}
    distances = [p["log_spectral_distance_db"] for p in found["faults"]["noise_added"]]
    assert found["ceiling"]["log_spectral_distance_db"] < distances[0] < distances[1] < distances[2]
    assert distances[0] < found["nulls"]["noise"]["log_spectral_distance_db"]
    assert math.isclose(found["nulls"]["silence"]["spectral_convergence_db"], 0.0, abs_tol=1e-6)
    assert report.files["picture"].exists()


def test_doses_between_the_three_are_on_their_line() -> None:
    assert dose_response.doses_of(fault("noise_added"), 3) == pytest.approx((0.3, 0.8, 2.0))
    five = dose_response.doses_of(fault("noise_added"), 5)
    assert five[1] == pytest.approx(math.sqrt(0.3 * 0.8))
    assert dose_response.doses_of(fault("dc_or_hum"), 5) == pytest.approx((25, 18.5, 12, 6, 0))
    assert dose_response.doses_of(fault("log_base"), 5) == (0, 1, 2)


def test_every_fault_has_a_measured_cost() -> None:
    costs = dose_response.measured_costs()
    assert set(costs["faults"]) == set(EVERY)
    assert costs["n_clips"] >= 8
    assert "benchmarks.fault_cost" in costs["command"]
    assert all(0 <= share <= 1 for entry in costs["faults"].values() for share in entry["lost"])
    assert all(0 <= entry["severity"] <= 1 for entry in costs["faults"].values())
    worth = {code: entry["severity"] for code, entry in costs["faults"].items()}
    assert min(worth["bands_reversed"], worth["log_unit_db"], worth["hop"]) > 0.8
    assert max(worth["leak"], worth["mel_norm"]) < 0.05 < worth["frames_shifted"] < 0.4


def test_a_good_prediction_of_a_mel_on_its_log10_floor_stays_there() -> None:
    """log10(1e-10) is -10, and as nat a rounding below ln(1e-10): that is still the floor."""
    spec = dialect("pwg_24k").spec
    values = np.full((spec.n_mels, 60), -10.0, np.float32)
    values[:, 30:] = -3.0
    wrong = laboratory.honest_prediction(Mel(values, spec), np.random.default_rng(0))
    assert wrong.values.min() == pytest.approx(-10.0, abs=1e-5)
    assert np.std(wrong.values[:, 40:]) > 0.02
