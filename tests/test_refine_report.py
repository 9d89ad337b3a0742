"""The table of refiners: its numbers, who beats whom by it, what is kept of it, and where the law holds."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio.synthetic import speech_like
from melpact.audio.writing import write
from melpact.bench.refine_null import lines, straightened
from melpact.bench.refine_table import RefineTable
from melpact.bench.refining import Arm, Condition, spoilt
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.degradations.kinds import degradation
from melpact.features.analysis import extract
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.identity import Identity
from melpact.models.refine.opening import refiner
from melpact.normalise.calibration import pair
from melpact.verbs.refine_report import RefineReport, _with_steps, conditions_of, refine_report

FAST: dict[str, Any] = {"metrics": ["global_variance", "modulation_spectrum"], "vocoder": "griffin_lim_fast", "jobs": 1}
CLIPS = 7


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for seed in range(CLIPS):
        write(folder / f"clip{seed}.wav", speech_like(0.9, 22050, seed=seed), "FLOAT")
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.verbs.refine_report.cache_folder", lambda: tmp_path / "cache")


def clean(sounds: Path) -> list[Mel]:
    return [extract(path, "hifigan_22k") for path in sorted(sounds.glob("*.wav"))]


@dataclass(eq=False)
class Toy(Refiner):
    """Knows the clean mels, and goes `part` of the way to the one that is nearest."""

    known: list[Mel]
    part: float
    method = "identity"
    calls: list[int] = field(default_factory=list)
    stop_at: int | None = None

    @property
    def title(self) -> str:
        return f"toy {self.part}"

    @property
    def fingerprint(self) -> str:
        return f"toy {self.part}"

    def _refine(self, given: Sequence[Any], settings: Any, f0_hz: Any, voice: Any, first_frame: int) -> list[Any]:
        self.calls.append(len(given))
        if self.stop_at is not None and len(self.calls) > self.stop_at:
            raise KeyboardInterrupt
        made = []
        for values in given:
            fitting = [one.values for one in self.known if one.values.shape == values.shape]
            near = min(fitting, key=lambda one: float(np.abs(one - values).mean()))
            made.append((values + self.part * (near - values)).astype(np.float32))
        return made


def report(sounds: Path, *toys: Toy, **more: Any) -> RefineReport:
    names = [toy.title for toy in toys]
    return refine_report(list(toys), [sounds], names=names, **{"spoil": ["low_rank:6"], **FAST, **more})


def test_who_knows_the_answer_wins_and_who_goes_the_wrong_way_loses(sounds: Path) -> None:
    mels = clean(sounds)
    table = report(sounds, Toy(mels, 0.9), Toy(mels, -0.5), Toy(mels, 0.0), spoil=["low_rank:6", "low_rank:3"]).table
    assert table.clips == CLIPS and table.conditions == ("low_rank:6", "low_rank:3") and not table.failed
    for label in table.conditions:
        values = {arm: {name: cell.value for name, cell in cells.items()} for arm, cells in table.cells[label].items()}
        assert values["toy 0.9"]["mel"] == pytest.approx(0.1 * values["bypass"]["mel"], rel=0.02)
        assert values["toy -0.5"]["mel"] > 1.2 * values["bypass"]["mel"]
        assert values["toy 0.0"] == values["bypass"]
        ceiling = {name: cell.value for name, cell in table.beside["clean"].items()}
        assert ceiling["mel"] == 0
        for metric in FAST["metrics"]:
            assert ceiling[metric] < values["bypass"][metric]
    six, three = (table.cells[label]["bypass"]["mel"].value for label in table.conditions)
    assert three > 1.2 * six
    rows = {arm: measured.rows[0] for arm, measured in table.measured.items()}
    assert rows["toy 0.9"].helps and not rows["toy -0.5"].helps and not rows["toy 0.0"].helps
    assert rows["toy 0.9"].dose == (3.0, 6.0) and rows["toy 0.9"].utterances == CLIPS
    mel = rows["toy 0.9"].figures[0]
    assert mel.metric == "mel_mae" and not mel.vocoded and mel.ahead and mel.low <= mel.gain <= mel.high
    both = [table.gain("low_rank", "toy 0.9", null, "mel") for null in ("bypass", "affine")]
    assert [one.doses for one in both if one] == [(3.0, 6.0)] * 2
    assert mel.gain == pytest.approx(min(one.gain for one in both if one))
    wrong = table.gain("low_rank", "toy -0.5", "bypass", "mel", [3.0])
    assert wrong is not None and wrong.sign == -1 and wrong.gain < 0
    assert RefineTable.model_validate(json.loads(json.dumps(table.model_dump(mode="json")))) == table


def test_doses_at_which_it_harms_are_left_out(sounds: Path) -> None:
    mels = clean(sounds)

    class Blunt(Toy):
        """Of use only where the mel is far off."""

        def _refine(self, given: Sequence[Any], *rest: Any) -> list[Any]:
            nearer = super()._refine(given, *rest)
            off = [float(np.abs(a - b).mean()) for a, b in zip(given, nearer, strict=True)]
            return [
                b if far > 0.25 else np.asarray(a + 0.2, np.float32) for a, b, far in zip(given, nearer, off, strict=True)
            ]

    found = report(sounds, Blunt(mels, 0.9), spoil=["low_rank:3", "low_rank:40", "low_rank:5"]).table
    row = found.measured["toy 0.9"].rows[0]
    assert row.helps and row.dose == (3.0, 5.0)
    alone = [found.gain("low_rank", "toy 0.9", "bypass", "mel", [dose]) for dose in (3.0, 5.0, 40.0)]
    assert [one.sign for one in alone if one] == [1, 1, -1]
    none = report(sounds, Blunt(mels, 0.9), spoil=["low_rank:40", "low_rank:60"]).table.measured["toy 0.9"].rows[0]
    assert not none.helps and none.dose == (40.0, 60.0)


def test_the_numbers_are_those_of_the_mels(sounds: Path) -> None:
    table = report(sounds, Toy(clean(sounds), 0.0), spoil=["wrong_gain:-6"]).table
    step = 6 / 20 * np.log(10)
    floor = np.log(1e-5)
    each = [np.abs(np.maximum(m.values - step, floor) - m.values).mean(dtype=np.float64) for m in clean(sounds)]
    cell = table.cells["wrong_gain:-6"]["bypass"]["mel"]
    assert cell.value == pytest.approx(np.mean(each), rel=1e-4) and cell.n == CLIPS
    assert cell.low is not None and cell.high is not None and cell.low < cell.value < cell.high
    # another level is what a line per band undoes but for the floor
    assert table.cells["wrong_gain:-6"]["affine"]["mel"].value < 0.2 * cell.value
    gain = table.gain("wrong_gain", "affine", "bypass", "mel")
    assert gain is not None and gain.sign == 1
    assert gain.gain == pytest.approx(cell.value - table.cells["wrong_gain:-6"]["affine"]["mel"].value, rel=1e-6)


def test_what_a_line_undoes_is_no_merit_of_a_refiner(sounds: Path) -> None:
    found = report(sounds, Toy(clean(sounds), 0.5), spoil=["wrong_gain:-6"]).table
    assert found.gain("wrong_gain", "toy 0.5", "bypass", "mel").sign == 1  # type: ignore[union-attr]
    assert found.gain("wrong_gain", "toy 0.5", "affine", "mel").sign == -1  # type: ignore[union-attr]
    assert not found.measured["toy 0.5"].rows[0].helps


def test_without_a_refiner_it_says_what_a_flaw_costs(sounds: Path) -> None:
    found = refine_report([], [sounds], spoil=["noise:15"], clips=2, **FAST).table
    assert found.arms == ("bypass", "affine") and found.measured == {} and len(found.gains) == 3


def test_few_clips_decide_nothing(sounds: Path) -> None:
    found = report(sounds, Toy(clean(sounds), 0.9), clips=4).table
    assert found.clips == 4 and not found.measured["toy 0.9"].rows[0].helps


def test_a_run_that_was_interrupted_goes_on(sounds: Path) -> None:
    mels = clean(sounds)
    broken = Toy(mels, 0.9, stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        report(sounds, broken)
    rest = Toy(mels, 0.9)
    first = report(sounds, rest).table
    assert len(rest.calls) == CLIPS - 3
    again = Toy(mels, 0.9)
    assert report(sounds, again).table == first and not again.calls
    other = Toy(mels, 0.9)
    report(sounds, other, seed=1, cache=False)
    assert len(other.calls) == CLIPS


def test_a_bad_clip_is_named_and_the_rest_measured(sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    found = refine_report(["identity"], [sounds, tmp_path / "bad.wav"], spoil=["noise:15"], clips=3, **FAST)
    assert found.table.clips + len(found.table.failed) == 3
    with pytest.raises(MelpactError, match="no clip"):
        refine_report(["identity"], [tmp_path / "bad.wav"], spoil=["noise:15"], **FAST)


def test_lines_are_fitted_on_other_clips() -> None:
    rng = np.random.default_rng(3)
    spec = extract(speech_like(0.5, 22050, seed=1), "hifigan_22k").spec
    mels = [Mel(rng.uniform(-9, 1, (80, 60)).astype(np.float32), spec) for _ in range(10)]
    slopes = [2.0 if index == 4 else 0.5 for index in range(10)]

    given = [Mel(((mel.values + 3) / slope).astype(np.float32), spec) for mel, slope in zip(mels, slopes, strict=True)]
    given[9] = Mel(given[9].values[:, :50], spec)
    found = lines(mels, given)
    # clips 4 and 9 are one fold: their lines know nothing of clip 4's own slope, all others do
    for index in (4, 9):
        np.testing.assert_allclose(found[index]["slope"], 0.5, rtol=1e-4)
        np.testing.assert_allclose(found[index]["offset"], -3.0, rtol=1e-4)
    assert np.abs(found[0]["slope"] - 0.5).min() > 0.001
    made = straightened(given[9], found[9])
    np.testing.assert_allclose(made.values, np.maximum(mels[9].values[:, :50], np.log(1e-5)), atol=1e-3)


def test_what_a_model_predicted_is_tried_too(sounds: Path, tmp_path: Path) -> None:
    mels = clean(sounds)
    for index, mel in enumerate(mels[:-1]):
        made = degradation("low_rank").apply(mel, 5, np.random.default_rng())
        values = made.values[:, :-1] if index == 0 else made.values
        Mel(values if index != 1 else np.roll(values, 4, axis=1), mel.spec).save(tmp_path / f"clip{index}.mel")
    found = report(sounds, Toy([Mel(m.values[:, :end], m.spec) for m in mels for end in (None, -1)], 0.9), spoil=["none"],
                   predicted=tmp_path).table  # fmt: skip
    assert found.conditions == ("predicted",) and found.cells["predicted"]["bypass"]["mel"].n == CLIPS - 2
    assert len(found.failed) == 2
    assert any("clip1: predicted bypass" in line and "4 frames late" in line for line in found.failed)
    assert any("clip6" in line and "no predicted mel" in line for line in found.failed)
    row = found.measured["toy 0.9"].rows[0]
    assert row.degradation == "predicted" and row.utterances == CLIPS - 2
    gain = found.gain("predicted", "toy 0.9", "bypass", "mel")
    assert gain is not None and gain.gain == pytest.approx(0.9 * found.cells["predicted"]["bypass"]["mel"].value, rel=0.02)


def test_doses_draw_alike_and_clips_apart() -> None:
    mel = extract(speech_like(0.5, 22050, seed=1), "hifigan_22k")
    small, large = (spoilt(mel, Condition("missing_bands", share), 0, "a").values for share in (0.1, 0.4))
    missing = [np.ptp(values, axis=1) == 0 for values in (small, large)]
    assert missing[0].sum() == 8 and not (missing[0] & ~missing[1]).any()
    assert any(
        not np.array_equal(spoilt(mel, Condition("missing_bands", 0.1), 0, other).values, small) for other in ("b", "c", "d")
    )


def test_what_cannot_be_is_refused_before_anything_is_measured(sounds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object, **named: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr("melpact.verbs.refine_report.run", never)
    for refiners, asked, words in (
        (["identity"], {"mark": True}, "--mark: what is measured is kept in the refiner's own file"),
        ([], {"spoil": ["nosuch"]}, "--spoil: no such degradation"),
        ([], {"spoil": ["noise:9999"]}, "--spoil: no dose of a degradation"),
    ):
        with pytest.raises(MelpactError, match=words):
            refine_report(refiners, [sounds], **{"spoil": ["noise:15"], **asked, **FAST})
    for count in (0, 33):
        with pytest.raises(MelpactError, match=f"--steps: no number of steps; got {count}; wanted 1 to 32"):
            _with_steps(Arm("a", Identity(), None), count)


def test_what_was_measured_goes_into_the_file(sounds: Path, tmp_path: Path) -> None:
    pairs = [pair(str(index), Mel(0.8 * mel.values - 1, mel.spec), mel) for index, mel in enumerate(clean(sounds))]
    path = Affine.fit(pairs).save(tmp_path / "line.refiner")
    before = refiner(path)
    found = refine_report([path], [sounds], spoil=["noise:15"], mark=True, out=tmp_path / "out", **FAST)
    after = refiner(path)
    assert found.marked == (path,) and after.fingerprint == before.fingerprint
    assert after.measured.rows == found.table.measured["line"].rows and len(after.measured.rows[0].figures) == 3
    refine_report([path], [sounds], spoil=["low_rank:6"], mark=True, clips=2, **FAST)
    kept = refiner(path).measured
    assert [row.degradation for row in kept.rows] == ["noise", "low_rank"] and kept.rows[0] == after.measured.rows[0]
    refine_report([path], [sounds], spoil=["noise:15"], mark=True, clips=2, **FAST)
    assert [row.utterances for row in refiner(path).measured.rows] == [2, 2]
    with pytest.raises(MelpactError, match=r"\.refiner"):
        refine_report(["identity"], [sounds], spoil=["noise:15"], mark=True, clips=1, **FAST)
    page = (tmp_path / "out" / "refine.html").read_text(encoding="utf-8")
    assert "line beats both nulls on nothing" in page and "noise:15" in page and "http" not in page
    rows = list(csv.DictReader((tmp_path / "out" / "gains.csv").open()))
    assert {row["null"] for row in rows} == {"bypass", "affine"} and len(rows) == 3 * 3
    cells = list(csv.DictReader((tmp_path / "out" / "cells.csv").open()))
    assert [row["arm"] for row in cells] == [
        "clean",
        "shaped_noise",
        "constant_mel",
        "true_phase",
        "bypass",
        "affine",
        "line",
    ]


@pytest.mark.heavy
def test_processes_find_what_one_finds(sounds: Path) -> None:
    ways = [
        refine_report(["identity"], [sounds], spoil=["noise:15"], clips=2, cache=False, **{**FAST, "jobs": jobs}).table
        for jobs in (1, 2)
    ]
    assert ways[0].cells == ways[1].cells and ways[0].beside == ways[1].beside


def test_conditions_from_words() -> None:
    assert conditions_of(["noise:12"]) == (Condition("noise", 12.0),)
    assert [one.dose for one in conditions_of(["noise", "noise:15"])] == [30.0, 15.0, 5.0]
    assert len(conditions_of([])) == 30 and conditions_of(["none"]) == ()
    with pytest.raises(MelpactError):
        conditions_of(["hiss"])


def test_what_cannot_be_compared_is_refused(sounds: Path) -> None:
    with pytest.raises(MelpactError, match="nothing"):
        refine_report([], [sounds], spoil=["none"])
    with pytest.raises(MelpactError, match="name"):
        refine_report(["identity", "identity"], [sounds], names=["a", "a"])
    with pytest.raises(MelpactError, match="name"):
        refine_report(["identity"], [sounds], names=["affine"])
    with pytest.raises(ContractError, match="vocoder"):
        refine_report(["identity"], [sounds], dialect="whisper_16k_80", vocoder="melpact_small")


def test_the_command(sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["refine-report", "identity", "--audio", str(sounds), "--spoil", "noise:15", "--clips", "2", "-j", "1"]
    words += ["--metrics", "global_variance", "--vocoder", "griffin_lim_fast", "-o", str(tmp_path / "out")]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "noise: no" in said and "noise:15" in said and (tmp_path / "out" / "refine.json").is_file()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 2
    assert main([*words, "--steps", "few"]) == 2
