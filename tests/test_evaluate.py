"""The bench: nulls, ceilings, intervals, laws, the cache, the workers and the command, against figures worked out apart."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact
from melpact.audio import files, samples
from melpact.audio.audio import Audio
from melpact.bench import bootstrap, laws
from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import Shelf, decoded, encoded
from melpact.bench.metric import Metric, mean, metrics
from melpact.bench.report import Report
from melpact.bench.run import Entry, Plan, bench, tasks
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, dialect_for
from melpact.bench.suites import SUITES, suite
from melpact.bench.task import HABITS, METRICS, Settings, Task
from melpact.bench.totals import skill
from melpact.bench.workers import run as run_tasks
from melpact.cli.main import main
from melpact.core.errors import MelpactError
from melpact.core.plugins import plugins
from melpact.verbs import pairing
from melpact.verbs.evaluate import evaluate
from melpact.verbs.metrics import habits

RATE = 16000
CHEAP = ("loudness_difference", "mel_mae")


def _pieces() -> dict[str, Audio]:
    """Eight originals: the two halves of the shipped recordings' first 2.4 s."""
    found = {}
    for name in samples.names():
        x = samples.load(name).samples[0][4000 : 4000 + 2 * 19200]
        for i in range(2):
            found[f"{name}_{i}"] = Audio(x[i * 19200 : (i + 1) * 19200][None].copy(), RATE)
    return found


def _noisy(audio: Audio, snr_db: float, seed: int) -> Audio:
    x = audio.samples.astype(np.float64)
    noise = np.random.default_rng(seed).standard_normal(x.shape)
    gain = math.sqrt(float((x * x).sum() / (noise * noise).sum())) * 10 ** (-snr_db / 20)
    return Audio((x + gain * noise).astype(np.float32), audio.sample_rate)


@pytest.fixture(scope="module")
def originals() -> dict[str, Audio]:
    return _pieces()


@pytest.fixture(scope="module")
def entries(originals: dict[str, Audio]) -> list[Entry]:
    return [
        Entry(name, audio, {"good": _noisy(audio, 25, i), "bad": _noisy(audio, 15, i + 100)})
        for i, (name, audio) in enumerate(originals.items())
    ]


@pytest.fixture(scope="module")
def report(entries: list[Entry]) -> Report:
    return bench(entries, ["good", "bad"], Plan(metrics=CHEAP, laws=False))


@pytest.fixture(scope="module")
def folders(originals: dict[str, Audio], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ref/*.wav, good/*.flac (one below a folder of its own), bad/*.wav with one file corrupt and one missing."""
    root = tmp_path_factory.mktemp("bench")
    for folder in ("ref/deep", "good/deep", "bad"):
        (root / folder).mkdir(parents=True)
    for i, (name, audio) in enumerate(list(originals.items())[:4]):
        place = f"deep/{name}" if i == 3 else name
        files.write(root / "ref" / f"{place}.wav", audio, "FLOAT")
        files.write(root / "good" / f"{place}.flac", _noisy(audio, 25, i))
        if i > 1:
            files.write(root / "bad" / f"{name}.wav", _noisy(audio, 15, i))
        elif i == 1:
            (root / "bad" / f"{name}.wav").write_bytes(b"RIFF not a sound at all" * 20)
    return root


def _pure(report: Report) -> dict[str, Any]:
    """Its JSON without what a clock said."""
    return {key: value for key, value in report.to_json().items() if key != "cost_ms"}


def _alike(a: Any, b: Any) -> bool:
    """Equal up to the last bits of numbers, which a package with threads of its own does not promise between processes."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return a == pytest.approx(b, rel=1e-6, abs=1e-9)
    return bool(a == b)


# scores


def _by_hand(original: Audio, made: Audio) -> float:
    """Mel MAE of two equally long, aligned sounds."""
    spec = dialect_for(RATE)
    a, b = (melpact.extract(sound, spec).values.astype(np.float64) for sound in (original, made))
    return float(np.abs(a - b).mean())


def test_a_score_stands_between_its_null_and_its_ceiling(report: Report, entries: list[Entry]) -> None:
    score = report.score("mel_mae", "good")
    value = np.mean([_by_hand(entry.original, entry.made["good"]) for entry in entries])  # type: ignore[arg-type]
    assert score.value == pytest.approx(value, rel=1e-5) and score.n == 8 and score.unit == "decade"
    gets = {name: report.anchors[name]["mel_mae"].value for name in ("silence", "shaped_noise", "constant_mel", "shuffled")}
    assert score.null == min(gets.values()) and gets[score.null_anchor] == score.null  # type: ignore[type-var, index]
    assert score.ceiling == 0.0 and score.ceiling_anchor == "identity"
    assert score.skill == pytest.approx((score.null - score.value) / score.null)  # type: ignore[operator]
    assert score.low < score.value < score.high  # type: ignore[operator]
    assert set(score.to_json()) >= {"value", "unit", "null", "ceiling", "skill", "n", "low", "high", "reason"}


@pytest.mark.parametrize(
    ("value", "null", "ceiling", "wanted"),
    [(3.0, 1.0, 5.0, 0.5), (1.0, 1.0, 5.0, 0.0), (5.0, 1.0, 5.0, 1.0), (2.0, 8.0, 0.0, 0.75), (10.0, 8.0, 0.0, -0.25)],
)
def test_skill_is_0_at_the_null_and_1_at_the_ceiling(value: float, null: float, ceiling: float, wanted: float) -> None:
    assert skill(value, null, ceiling) == wanted


def test_a_metric_without_room_has_no_skill_but_a_reason(entries: list[Entry]) -> None:
    found = bench(entries[:2], ["good"], Plan(metrics=("clipping",), laws=False)).score("clipping")
    assert found.value == 0.0 and found.skill is None and "no skill" in str(found.reason)


def test_the_shuffled_null_is_the_next_utterance(report: Report, originals: dict[str, Audio]) -> None:
    names = sorted(originals)
    after = {name: names[(i + 1) % len(names)] for i, name in enumerate(names)}
    value = np.mean([_by_hand(originals[name], originals[after[name]]) for name in names])
    assert report.anchors["shuffled"]["mel_mae"].value == pytest.approx(value, rel=1e-5)
    given = tasks([Entry(name, originals[name], {}) for name in names])
    assert all(task.other is originals[after[task.name]] for task in given)


def test_one_utterance_has_no_shuffled_pairing_and_no_interval(entries: list[Entry]) -> None:
    found = bench(entries[:1], ["good", "bad"], Plan(metrics=CHEAP, laws=False))
    assert "only one utterance" in str(found.anchors["shuffled"]["mel_mae"].reason)
    score = found.score("mel_mae")
    assert score.low is None and score.high is None and "one utterance" in str(score.warning)
    assert found.best == {} and all(difference.winner is None for difference in found.differences)


def test_the_vocoder_suite_is_held_against_the_true_phase(entries: list[Entry]) -> None:
    found = bench(entries[:2], ["good"], Plan(suite="vocoder", metrics=("mel_mae",), laws=False))
    score = found.score("mel_mae")
    assert score.ceiling_anchor == "true_phase" and score.ceiling == found.anchors["true_phase"]["mel_mae"].value


def test_a_ceiling_below_the_null_leaves_the_word_to_the_next(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    drowned = replace(anchors()["true_phase"], make=lambda scene: _noisy(scene.original, -20, 1))
    monkeypatch.setitem(plugins("melpact.bench.anchors"), "true_phase", drowned)
    found = bench(entries[:2], ["good"], Plan(suite="vocoder", metrics=("mel_mae",), laws=False))
    score = found.score("mel_mae")
    assert score.ceiling_anchor == "griffin_lim" and score.skill is not None


def test_a_waveforms_ceiling_is_not_its_cap(entries: list[Entry]) -> None:
    found = bench(entries[:2], ["good"], Plan(suite="codec", metrics=("si_sdr",), laws=False)).score("si_sdr")
    assert found.ceiling_anchor == "true_phase" and found.ceiling is not None and 0 < found.ceiling < 40
    assert found.value == pytest.approx(25, abs=0.5)


def test_the_input_becomes_a_null(entries: list[Entry]) -> None:
    with_input = [replace(e, input=e.made["good"], made={"good": _noisy(e.original, 35, 3)}) for e in entries[:2]]  # type: ignore[arg-type]
    found = bench(with_input, ["good"], Plan(metrics=("mel_mae",), laws=False))
    score = found.score("mel_mae")
    assert score.null_anchor == "unprocessed" and score.null == found.anchors["unprocessed"]["mel_mae"].value
    assert 0 < score.skill < 1  # type: ignore[operator]


def test_suites_name_only_what_is_there() -> None:
    for name, known in SUITES.items():
        chosen = suite(name).chosen(text=True)
        assert chosen and set(known.nulls) <= set(anchors())
        assert not any(metrics()[metric].heavy for metric in chosen)
    assert "si_sdr" in suite("codec").chosen(text=False) and "si_sdr" not in suite("speech").chosen(text=False)
    assert "pesq_wb" not in suite("singing").chosen(text=False) and "pesq_wb" not in suite("tts").chosen(text=False)
    with pytest.raises(MelpactError, match="no such suite"):
        suite("opera")


# anchors


def _scene(audio: Audio) -> Scene:
    return Scene(audio, None, None, dialect_for(RATE), np.random.default_rng(5))


def test_shaped_noise_has_the_spectrum_and_level_and_nothing_else(originals: dict[str, Audio]) -> None:
    audio = originals["en_noservice_0"]
    made = anchors()["shaped_noise"].make(_scene(audio))
    assert made.n_samples == audio.n_samples and made.rms_db == pytest.approx(audio.rms_db, abs=0.01)
    x, y = audio.samples[0].astype(np.float64), made.samples[0].astype(np.float64)
    assert abs(float(x @ y)) < 0.1 * float(x @ x)
    levels = []
    for wave in (x, y):
        power = np.abs(np.fft.rfft(wave)) ** 2
        bands = [power[(f >= low) & (f < 2 * low)].mean() for low in (125, 250, 500, 1000, 2000, 4000) for f in [_hz(wave)]]
        levels.append(10 * np.log10(bands))
    assert np.abs(levels[0] - levels[1]).max() < 3


def _hz(wave: Any) -> Any:
    return np.fft.rfftfreq(wave.size, 1 / RATE)


def test_a_constant_mel_does_not_move_and_the_true_phase_keeps_the_waveform(originals: dict[str, Audio]) -> None:
    audio = originals["it_noservice_0"]
    still = melpact.extract(anchors()["constant_mel"].make(_scene(audio)), dialect_for(RATE)).values[:, 5:-5]
    moving = melpact.extract(audio, dialect_for(RATE)).values[:, 5:-5]
    assert still.std(axis=1).mean() < 0.2 * moving.std(axis=1).mean()
    kept = anchors()["true_phase"].make(_scene(audio)).samples[0].astype(np.float64)
    x = audio.samples[0].astype(np.float64)
    assert float(x @ kept) / math.sqrt(float(x @ x) * float(kept @ kept)) > 0.9


# intervals


def test_intervals_cover_the_truth() -> None:
    rng, metric = np.random.default_rng(1), metrics()["mel_mae"]
    assert metric.total is mean
    hits = 0
    for i in range(300):
        low, high = bootstrap.interval(metric, list(rng.exponential(1.0, 25)), seed=i) or (0, 0)
        hits += low <= 1.0 <= high
    assert 0.88 <= hits / 300 <= 0.98


def _pooled(seed: int) -> Metric:
    def total(observations: Any) -> float:
        return sum(errors for errors, _ in observations) / sum(words for _, words in observations)

    return replace(metrics()["mel_mae"], total=total)


def test_intervals_of_totals_cover_the_truth_and_the_value() -> None:
    rng, metric, hits = np.random.default_rng(2), _pooled(0), 0
    for i in range(100):
        words = rng.integers(5, 30, 40)
        observations = [(int(rng.binomial(n, 0.2)), int(n)) for n in words]
        low, high = bootstrap.interval(metric, observations, seed=i) or (0, 0)
        assert low <= metric.value(observations) <= high
        hits += low <= 0.2 <= high
    assert hits >= 85


def test_a_paired_difference_sees_what_overlapping_intervals_hide() -> None:
    rng, metric = np.random.default_rng(3), metrics()["mel_mae"]
    hard = rng.normal(5, 2, 30)
    a, b = list(hard), list(hard + 0.3 + rng.normal(0, 0.1, 30))
    alone = [bootstrap.interval(metric, side) or (0, 0) for side in (a, b)]
    assert alone[0][1] > alone[1][0]
    value, found = bootstrap.difference(metric, a, b)
    assert found is not None and value == pytest.approx(np.mean(a) - np.mean(b))
    assert -0.35 < found[0] < value < found[1] < -0.25
    back, mirrored = bootstrap.difference(metric, b, a)
    assert mirrored is not None and back == pytest.approx(-value)
    assert mirrored == pytest.approx((-found[1], -found[0]), abs=1e-3)


def test_the_report_names_the_better_system(report: Report) -> None:
    found = next(d for d in report.differences if d.metric == "mel_mae")
    assert (found.a, found.b, found.n, found.winner) == ("good", "bad", 8, "good") and found.high < 0  # type: ignore[operator]
    assert found.value == pytest.approx(report.score("mel_mae", "good").value - report.score("mel_mae", "bad").value)  # type: ignore[operator]
    assert report.best["mel_mae"] == "good"


def test_the_order_of_systems_and_utterances_does_not_matter(report: Report, entries: list[Entry]) -> None:
    other = bench(entries[::-1], ["bad", "good"], Plan(metrics=CHEAP, laws=False))
    assert other.scores["good"] == report.scores["good"] and other.scores["bad"] == report.scores["bad"]
    assert other.anchors == report.anchors and other.best == report.best


# cache and workers


def _spied(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Names of the utterances that the metric is asked about from now on."""
    asked: list[str] = []
    metric = metrics()[name]

    def observe(pair: Pair) -> Any:
        asked.append(pair.name)
        return metric.observe(pair)

    monkeypatch.setitem(plugins(METRICS), name, replace(metric, observe=observe))
    return asked


def test_a_cache_hit_is_identical_and_asks_no_metric(
    entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(metrics=CHEAP, laws=False, cache=tmp_path)
    asked = _spied(monkeypatch, "mel_mae")
    first = bench(entries[:3], ["good"], plan)
    sides = 1 + len(first.anchors)
    assert len(asked) == 3 * sides
    asked.clear()
    again = bench(entries[:3], ["good"], plan)
    assert again.to_json() == first.to_json() and asked == []
    bench(entries[:3], ["good", "bad"], plan)
    assert len(asked) == 3
    asked.clear()
    bench(entries[:3], ["good"], replace(plan, rate=8000))
    assert len(asked) == 3 * sides


def test_a_broken_cache_file_is_measured_again(entries: list[Entry], tmp_path: Path) -> None:
    plan = Plan(metrics=CHEAP, laws=False, cache=tmp_path)
    first = bench(entries[:2], ["good"], plan)
    for path in tmp_path.rglob("*.json"):
        path.write_text(path.read_text()[:40])
    assert _pure(bench(entries[:2], ["good"], plan)) == _pure(first)


def test_observations_survive_the_cache_to_the_bit() -> None:
    value = (0.1, 3, "a", np.arange(6, dtype=np.float32).reshape(2, 3) / 7, (np.float64(1 / 3),))
    back = decoded(json.loads(json.dumps(encoded(value))))
    assert back[:3] == value[:3] and back[4] == value[4]
    assert back[3].dtype == np.float32 and back[3].tobytes() == value[3].tobytes()  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="not object"):
        encoded(object())


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shelf = Shelf(tmp_path / "file", ["a"])
    shelf.keep_facts({"seconds": 1.0})
    shelf.write()
    assert shelf.facts == {"seconds": 1.0}


def test_two_jobs_give_what_one_gives(report: Report, entries: list[Entry]) -> None:
    seen: list[int] = []
    both = bench(entries, ["good", "bad"], Plan(metrics=CHEAP, laws=False, jobs=2), advance=seen.append)
    assert _alike(_pure(both), _pure(report)) and sum(seen) == len(entries)


class _Bomb:
    """Ends the process that unpacks it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def test_a_worker_that_dies_costs_one_utterance(entries: list[Entry]) -> None:
    settings = Settings(RATE, dialect_for(RATE), ("loudness_difference",), ())
    given = [Task(e.name, e.original, {"good": e.made["good"]}) for e in entries[:3]]
    given.insert(1, Task("bomb", entries[0].original, {"good": _Bomb()}))  # type: ignore[dict-item]
    outcomes = run_tasks(given, settings, jobs=2, advance=lambda n: None)
    assert [outcome.name for outcome in outcomes] == [task.name for task in given]
    assert "code 3" in outcomes[1].failed[""]
    assert all("good" in outcome.found for i, outcome in enumerate(outcomes) if i != 1)


def test_a_metric_that_breaks_is_a_reason_and_a_failure(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    def observe(pair: Pair) -> float:
        if pair.name == entries[0].name:
            raise ZeroDivisionError("screw loose")
        return 1.0

    monkeypatch.setitem(plugins(METRICS), "mel_mae", replace(metrics()["mel_mae"], observe=observe))
    found = bench(entries[:3], ["good"], Plan(metrics=("mel_mae",), laws=False))
    assert found.score("mel_mae").n == 2 and "screw loose" in found.score("mel_mae").failed[entries[0].name]
    assert any("screw loose" in line for line in found.failed) and not found.whole


# laws


def _raw_snr(pair: Pair) -> float:
    x, y = pair.original.wave.astype(np.float64), pair.made_whole.wave[: pair.original.wave.size].astype(np.float64)
    x = x[: y.size]
    return 10 * math.log10(float(x @ x) / max(float((x - y) @ (x - y)), 1e-9))


def test_a_metric_that_breaks_its_laws_is_withheld(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    planted = replace(metrics()["mel_mae"], observe=_raw_snr, better="higher", perfect=None, ignores=("polarity",))
    monkeypatch.setitem(plugins(METRICS), "mel_mae", planted)
    found = bench(entries[:2], ["good"], Plan(metrics=CHEAP))
    assert "mel_mae" not in found.metrics and "mel_mae" not in found.scores["good"]
    assert "loudness_difference" in found.metrics
    broken = {one.law: one for one in found.withheld["mel_mae"].broken}
    assert set(broken) == {"polarity", "silence"}
    assert found.withheld["mel_mae"].values["silence"] == pytest.approx(0, abs=1e-6)
    assert found.withheld["mel_mae"].values["flipped"] == pytest.approx(-6.02, abs=0.02)
    assert "griffin lim -2" in broken["silence"].measured and "-6.02" in broken["polarity"].measured


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"perfect": 1.0}, "itself"),
        ({"better": "higher"}, "noise"),
        ({"ignores": ("gain",)}, "gain"),
    ],
)
def test_each_law_can_be_broken(change: dict[str, Any], law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins(METRICS), "mel_mae", replace(metrics()["mel_mae"], **change))
    verdict = laws.judge(["mel_mae"])["mel_mae"]
    assert law in {one.law for one in verdict.broken}


def test_a_number_for_nothing_breaks_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    class Eager(Metric):
        def measure(self, pair: Pair) -> Any:
            try:
                return self.observe(pair)
            except MelpactError:
                return 0.0

    eager = Eager(**vars(metrics()["mel_mae"]))
    monkeypatch.setitem(plugins(METRICS), "mel_mae", eager)
    verdict = laws.judge(["mel_mae"])["mel_mae"]
    assert [one.law for one in verdict.broken] == ["reason", "reason"]


def test_a_verdict_is_kept_by_the_digest_of_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert laws.kept("mel_mae", cache=tmp_path) is None
    first = laws.judge(["mel_mae"], cache=tmp_path)["mel_mae"]
    assert first.lawful and first.tried and laws.kept("mel_mae", cache=tmp_path) == first
    asked = _spied(monkeypatch, "mel_mae")
    assert laws.judge(["mel_mae"], cache=tmp_path)["mel_mae"] == first and asked == []
    monkeypatch.setattr(laws, "metric_digest", lambda *about: "another")
    assert laws.kept("mel_mae", cache=tmp_path) is None


def test_the_table_of_traps() -> None:
    rows = {row.name: row for row in habits(jobs=1)}
    values = rows["snr_unaligned"].verdict.values  # type: ignore[union-attr]
    assert values["silence"] == pytest.approx(0.0, abs=0.001)
    assert values["flipped"] == pytest.approx(-6.02, abs=0.02)
    assert values["shaped_noise"] == pytest.approx(-3.0, abs=0.4)
    assert values["noise_30_db"] - values["delay_0.5_ms"] > 20  # type: ignore[operator]
    assert values["griffin_lim"] < -1  # type: ignore[operator]
    broken = {
        name: {one.law for one in row.verdict.broken} for name, row in rows.items() if row.verdict and row.verdict.tried
    }
    assert broken["snr_unaligned"] == {"gain", "polarity", "delay", "silence", "reason"}
    assert "silence" in broken["snr_peak_normalised"] and "silence" in broken["waveform_mse"]
    assert all(broken.values())
    assert not set(rows) & set(metrics()) and set(rows) == set(plugins(HABITS))


# pairing


def test_folders_are_paired_by_name_and_what_has_no_partner_is_listed(folders: Path) -> None:
    found = evaluate(folders / "ref", folders / "good", folders / "bad", metrics=CHEAP, laws=False, cache=False, jobs=1)
    assert found.systems == ("good", "bad")
    assert found.score("mel_mae", "good").n == 4 and found.score("mel_mae", "bad").n == 2
    names = list(_pieces())[:4]
    assert found.missing == (f"{names[0]}: no partner in bad",)
    assert len(found.failed) == 1 and found.failed[0].startswith(f"{names[1]}: bad: ") and not found.whole
    compared = next(d for d in found.differences if d.metric == "mel_mae")
    assert compared.n == 2


def test_extra_files_are_listed(folders: Path, tmp_path: Path, originals: dict[str, Audio]) -> None:
    names = list(originals)
    for name in (names[0], "stranger"):
        files.write(tmp_path / f"{name}.wav", originals[names[0]])
    found = evaluate(folders / "ref", tmp_path, names=["copy"], metrics=CHEAP, laws=False, cache=False, jobs=1)
    assert "stranger: only in copy, no original" in found.missing and len(found.missing) == 4


def test_nothing_that_fits_is_a_mistake(folders: Path, tmp_path: Path, originals: dict[str, Audio]) -> None:
    files.write(tmp_path / "stranger.wav", next(iter(originals.values())))
    with pytest.raises(MelpactError, match="no sound has a partner"):
        evaluate(folders / "ref", tmp_path)


def test_a_manifest_says_it_all(folders: Path) -> None:
    names = list(_pieces())
    rows = [
        {"name": "one", "original": f"ref/{names[0]}.wav", "mine": f"good/{names[0]}.flac", "text": "a b"},
        {"name": "two", "original": f"ref/{names[2]}.wav", "mine": f"bad/{names[2]}.wav"},
        {"name": "three", "original": f"ref/{names[1]}.wav"},
    ]
    (folders / "table.json").write_text(json.dumps(rows))
    with open(folders / "table.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "original", "mine", "text"])
        writer.writeheader()
        writer.writerows(rows)
    from_json, from_csv = (pairing.manifest(folders / f"table.{kind}") for kind in ("json", "csv"))
    assert from_json == from_csv and from_json.systems == ("mine",)
    assert from_json.entries[0].text == "a b" and from_json.entries[2].missing == ("three: no partner in mine",)
    found = evaluate(folders / "table.csv", metrics=("mel_mae",), laws=False, cache=False, jobs=1)
    assert found.score("mel_mae").n == 2 and found.utterances[0].text == "a b"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "name,text\nx.wav,one two\ny,three\n"),
        ("a.tsv", "x\tone two\ny\tthree\n"),
        ("a.txt", "x|one two|ONE TWO\ny|three|THREE\n"),
        ("a.json", '{"x": "one two", "y": "three"}'),
        ("a.jsonl", '{"name": "x", "text": "one two"}\n{"name": "y", "text": "three"}\n'),
    ],
)
def test_texts_are_read_in_the_usual_forms(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert pairing.texts(tmp_path / name) == {"x": "one two", "y": "three"}


# what is said of the sounds


def test_delay_polarity_and_rates_are_found_and_said(originals: dict[str, Audio]) -> None:
    from melpact.audio.resample import resample

    given = list(originals.values())[:2]
    late = [Audio(np.pad(-0.5 * a.samples, ((0, 0), (160, 0))).astype(np.float32), RATE) for a in given]
    found = melpact.evaluate([resample(a, 22050) for a in given], late, metrics=CHEAP, laws=False, cache=False, jobs=1)
    assert found.rate == RATE and "lowest" in found.rate_why
    said = " | ".join(found.warnings)
    assert "22050 Hz" in said and "delay of 10.0 ms" in said and "polarity is flipped in 2 of 2" in said
    side = found.utterances[0].sides["system"]
    assert side.lag_s == pytest.approx(0.01, abs=1e-4) and side.gain_db == pytest.approx(6.02, abs=0.05) and side.flipped


def test_narrow_systems_are_named(originals: dict[str, Audio]) -> None:
    from melpact.audio.resample import resample

    given = list(originals.values())[:2]
    narrow = [resample(resample(a, 8000), RATE) for a in given]
    found = melpact.evaluate(given, narrow, metrics=CHEAP, laws=False, cache=False, jobs=1)
    assert any("holds nothing above" in line for line in found.warnings)


def test_one_call_in_python_whatever_was_imported_before(originals: dict[str, Audio]) -> None:
    import melpact.bench.score

    audio = originals["en_noservice_0"]
    found = melpact.evaluate(audio, _noisy(audio, 20, 1), metrics=["snr"], laws=False, cache=False)
    assert isinstance(found, Report) and found.score("snr").value == pytest.approx(20, abs=0.5)
    assert melpact.bench.score.NotMeasured is NotMeasured
    with pytest.raises(MelpactError, match="lists of different lengths"):
        melpact.evaluate([audio, audio], [audio])


# files and the command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*argv: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


FAST = ("--metrics", ",".join(CHEAP), "--no-laws", "--no-cache", "-j", "1")


def test_the_command_prints_and_writes(run: Any, folders: Path, tmp_path: Path) -> None:
    code, out, err = run("evaluate", folders / "ref", folders / "good", *FAST, "-o", tmp_path)
    assert code == 0 and err == ""
    for word in ("mel MAE", "↓", "95 % interval", "skill", "identity", "n = 4"):
        assert word in out
    saved = json.loads((tmp_path / "report.json").read_text())
    assert Report.model_validate(saved).to_json() == saved
    score = saved["scores"]["good"]["mel_mae"]
    summary = list(csv.DictReader(io.StringIO((tmp_path / "summary.csv").read_text())))
    row = next(row for row in summary if row["system"] == "good" and row["metric"] == "mel_mae")
    assert float(row["value"]) == score["value"] and float(row["skill"]) == score["skill"] and row["null_anchor"]
    lines = list(csv.DictReader(io.StringIO((tmp_path / "utterances.csv").read_text())))
    assert len(lines) == 4 and np.mean([float(line["mel_mae"]) for line in lines]) == pytest.approx(score["value"])
    table = (tmp_path / "table.tex").read_text()
    assert table.count("\\toprule") == table.count("\\bottomrule") == 1 and "mel MAE" in table
    rows = [line for line in table.splitlines() if line.endswith("\\\\")]
    assert len({line.count("&") for line in rows}) == 1 and len(rows) == 1 + len(CHEAP)


def test_the_command_says_what_failed_with_exit_1(run: Any, folders: Path) -> None:
    code, out, err = run("evaluate", folders / "ref", folders / "good", folders / "bad", *FAST, "--json")
    found = json.loads(out)
    assert code == 1 and len(found["failed"]) == 1 and len(found["missing"]) == 1
    assert err.count("melpact: failed: ") == 1 and err.count("melpact: missing: ") == 1
    wanted = {"value", "unit", "null", "ceiling", "skill", "n", "low", "high", "reason"}
    assert all(wanted <= set(score) for scores in found["scores"].values() for score in scores.values())


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["evaluate"], "needs REF"),
        (["evaluate", "--suite", "speech"], "--sources DIR --references DIR"),
        (["evaluate", "REFERENCE"], "no system was given"),
        (["evaluate", "REFERENCE", "nowhere"], "no such file"),
        (["evaluate", "REFERENCE", "REFERENCE", "--metrics", "pesq"], "Did you mean pesq_"),
        (["evaluate", "REFERENCE", "REFERENCE", "--rate", "3"], "no rate to compare at"),
        (["evaluate", "REFERENCE", "REFERENCE", "--suite", "opera"], "--suite"),
        (["metrics", "nothing_like_it_at_all"], "no such metric"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(run: Any, folders: Path, argv: list[str], part: str) -> None:
    code, out, err = run(*[str(folders / "ref") if word == "REFERENCE" else word for word in argv])
    assert code == 2 and out == "" and err.count("\n") == 1 and part in err


def test_metrics_are_explained(run: Any) -> None:
    code, out, _ = run("metrics", "mel_mae", "-j", "1")
    assert code == 0 and metrics()["mel_mae"].meaning.split(",")[0] in out and "Laws: obeyed" in out
    code, out, _ = run("metrics", "--json")
    rows = json.loads(out)
    assert code == 0 and {row["name"] for row in rows} == set(metrics())
