"""`check`: a system against its baseline; what stops it, what does not, and how often it cries wolf."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.files import write
from melpact.bench.gate import FEWEST, check
from melpact.bench.metric import metrics
from melpact.bench.report import MetricFacts, Report, Side, Utterance
from melpact.bench.score import Score
from melpact.cli.main import main
from melpact.core.errors import ArtifactError, MelpactError
from melpact.verbs import check as verb
from melpact.verbs.evaluate import evaluate

CHEAP = ("snr", "mel_mae", "frechet_mel")


@lru_cache(maxsize=1)
def originals() -> dict[str, Audio]:
    """Eight pieces of one second."""
    found = {}
    for name in samples.names():
        audio = samples.load(name)
        rate = audio.sample_rate
        for i in range(2):
            found[f"{name}_{i}"] = Audio.of(audio.samples[:, (i + 1) * rate : (i + 2) * rate], rate)
    return found


def put(folder: Path, snr_db: dict[str, float] | float, seed: int = 0) -> Path:
    """The pieces with noise, each at its own level."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, (name, audio) in enumerate(originals().items()):
        level = snr_db[name] if isinstance(snr_db, dict) else snr_db
        x = audio.samples[0]
        noise = np.random.default_rng([seed, k]).standard_normal(x.size).astype(np.float32)
        noise *= np.sqrt(np.mean(x**2) / np.mean(noise**2)) * 10 ** (-level / 20) if np.isfinite(level) else 0.0
        write(folder / f"{name}.wav", Audio((x + noise)[None], audio.sample_rate), "FLOAT")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Originals, a system at 20 dB, and its baseline."""
    root = tmp_path_factory.mktemp("check")
    put(root / "ref", np.inf)
    put(root / "sys", 20.0)
    evaluate(root / "ref", root / "sys", metrics=CHEAP, out=root / "base", laws=False, cache=False, jobs=1)
    return root


def run(place: Path, system: Path, **options: object) -> verb.CheckReport:
    return verb.check(place / "base" / "report.json", place / "ref", system, jobs=1, **options)  # type: ignore[arg-type]


def test_the_same_sounds_pass_without_any_change(place: Path) -> None:
    found = run(place, place / "sys")
    assert found.passed
    assert [row.change for row in found.checked.rows] == [0.0, 0.0, 0.0]
    assert not any(row.better for row in found.checked.rows)


def test_three_decibels_more_noise_stop_it_with_the_worst_files(place: Path, tmp_path: Path) -> None:
    levels = {name: 17.0 for name in originals()}
    levels["ru_nocallback_1"] = 10.0
    found = run(place, put(tmp_path / "worse", levels))
    assert not found.passed
    rows = {row.metric: row for row in found.checked.rows}
    assert rows["snr"].worse and rows["mel_mae"].worse
    assert rows["snr"].change == pytest.approx(-(7 * 3 + 10) / 8, abs=0.3)
    assert rows["snr"].worst[0].utterance == "ru_nocallback_1"
    # the best gain takes some noise away: 10 log10(1 + 10^(10 / 10))
    assert rows["snr"].worst[0].now == pytest.approx(10.41, abs=0.05)


def test_less_noise_passes_and_is_called_better(place: Path, tmp_path: Path) -> None:
    found = run(place, put(tmp_path / "better", 24.0))
    assert found.passed
    assert {row.metric for row in found.checked.rows if row.better} >= {"snr", "mel_mae"}


def test_what_is_within_the_tolerance_passes(place: Path, tmp_path: Path) -> None:
    worse = put(tmp_path / "worse", 19.0, seed=1)
    assert not run(place, worse).passed
    rows = {row.metric: row for row in run(place, worse, tolerance={"snr": 1.5, "mel_mae": 0.2}).checked.rows}
    assert not rows["snr"].worse and not rows["mel_mae"].worse
    with pytest.raises(MelpactError, match="tolerance"):
        run(place, worse, tolerance={"pesq_wb": 1.0})


def test_a_sound_that_is_gone_stops_it(place: Path, tmp_path: Path) -> None:
    system = put(tmp_path / "lost", 20.0)
    (system / "it_noservice_0.wav").unlink()
    found = run(place, system)
    assert not found.passed
    assert len(found.checked.lost) == 1 and "it_noservice_0" in found.checked.lost[0]


def test_too_few_utterances_are_refused_because_nothing_could_fail(place: Path, tmp_path: Path) -> None:
    few = tmp_path / "ref"
    few.mkdir()
    for name in sorted(originals())[: FEWEST - 1]:
        (few / f"{name}.wav").write_bytes((place / "ref" / f"{name}.wav").read_bytes())
    with pytest.raises(MelpactError, match="too few"):
        verb.check(place / "base" / "report.json", few, place / "sys", jobs=1)


def test_the_command_says_it_with_its_exit_code(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, ref = str(place / "base" / "report.json"), str(place / "ref")
    assert main(["check", base, ref, str(place / "sys"), "-j", "1"]) == 0
    assert "passed" in capsys.readouterr().out
    worse = put(tmp_path / "worse", 14.0)
    assert main(["check", base, ref, str(worse), "-j", "1", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is False
    assert {row["metric"] for row in told["metrics"] if row["worse"]} >= {"snr", "mel_mae"}
    assert main(["check", str(place / "nothing.json"), ref, str(worse)]) == 2
    (tmp_path / "other.json").write_text("{}")
    assert main(["check", str(tmp_path / "other.json"), ref, str(worse)]) == 2
    with pytest.raises(ArtifactError, match="not a report"):
        verb.load(tmp_path / "other.json")


NAMES = tuple(name for name in ("snr", "si_sdr", "stoi", "estoi", "pesq_wb", "mel_mae", "mel_rmse", "mcd", "f0_rmse"))


def made(values: np.ndarray, rate: int = 16000) -> Report:
    """A report with given values [metric, utterance]."""
    known = {name: metrics()[name] for name in NAMES}
    utterances = tuple(
        Utterance(name=f"u{i}", seconds=1.0, sides={"s": Side(values=dict(zip(NAMES, column.tolist())))})
        for i, column in enumerate(values.T)
    )
    scores = {name: Score(value=float(row.mean()), unit="", n=row.size) for name, row in zip(NAMES, values)}
    facts = {name: MetricFacts.of(metric) for name, metric in known.items()}
    return Report(
        systems=("s",), suite="speech", dialect="speecht5_16k", rate=rate, rate_why="", seed=0, version="x", metrics=facts,
        scores={"s": scores}, anchors={}, utterances=utterances,
    )  # fmt: skip


def test_a_system_that_did_not_change_is_stopped_in_one_run_of_twenty_at_most() -> None:
    rng = np.random.default_rng(0)
    stopped = 0
    for _ in range(120):
        before = rng.standard_normal((len(NAMES), 12))
        stopped += not check(made(before), made(before + 0.3 * rng.standard_normal(before.shape))).passed
    assert stopped / 120 < 0.1  # 0.05 and what 120 runs can be off by


def test_a_change_of_one_deviation_in_one_metric_is_seen_almost_always() -> None:
    rng = np.random.default_rng(1)
    seen = 0
    for _ in range(40):
        before = rng.standard_normal((len(NAMES), 20))
        after = before + 0.3 * rng.standard_normal(before.shape)
        after[0] -= 0.4
        rows = {row.metric: row for row in check(made(before), made(after)).rows}
        seen += rows[NAMES[0]].worse
    assert seen >= 34


def test_reports_of_other_rates_are_not_compared() -> None:
    values = np.zeros((len(NAMES), 8))
    with pytest.raises(MelpactError, match="rate"):
        check(made(values), made(values, rate=22050))
