"""The laboratory from sounds to page: on two short recordings, with the inversion as vocoder."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.samples import resolve
from melpact.bench.collapse.crossing import crossing
from melpact.bench.collapse.lab import Participants, Plan, laboratory
from melpact.bench.collapse.page import page
from melpact.bench.collapse.parts import Clip, Maker, Treatment, average_pool, unchanged
from melpact.bench.collapse.result import LabReport
from melpact.bench.collapse.scoring import Scorer
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.degradations.kinds import degradations
from melpact.verbs.laboratory import spread
from melpact.vocoders.griffin_lim.vocoder import invert

pytest.importorskip("pystoi")
SPEC = dialect("hifigan_22k").spec
PLAN = Plan(
    metrics=("stoi", "mel_mae"), n_doses=3, faults=("log_base", "scale_offset"), degradations=("over_smoothed",),
    mismatches=1, damages=("over_smoothed",),
)  # fmt: skip


def invert_fast(mel: Mel) -> Audio:
    return invert(mel, effort="fast")


INVERSION = Maker("griffin_lim", "the inversion", "1", "signal processing", invert_fast)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    names = ("en_noservice", "it_noservice")
    return [Clip.of(name, read(resolve(f"sample:{name}"), duration_s=1.6), SPEC) for name in names]


@pytest.fixture(scope="module")
def made(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> tuple[LabReport, Path]:
    cache = tmp_path_factory.mktemp("cache")
    return laboratory(clips, participants(INVERSION), PLAN, cache=cache), cache


def participants(maker: Maker) -> Participants:
    same = Treatment("same", "another name for nothing", "", lambda mel: mel)
    return Participants([unchanged(), same, average_pool()], [maker, replace(maker, name="again")], maker)


def test_nothing_changes_nothing(made: tuple[LabReport, Path]) -> None:
    report, _ = made
    zero = [e for e in report.crossing.effects if e.b in ("same", "again")]
    assert len(zero) == 4 and all(e.change == e.low == e.high == 0.0 for e in zero)
    pool = next(e for e in report.crossing.effects if e.b == "average_pool" and e.metric == "mel_mae")
    assert pool.change is not None and pool.change > 0.2 and pool.settings == 2
    cells = {(c.refiner, c.vocoder): c.values["stoi"].value for c in report.crossing.cells}
    assert len(cells) == 6 and cells["original", "griffin_lim"] == cells["same", "again"]
    nulls = report.crossing.anchors
    assert nulls["silence"]["stoi"].value is None and "silent" in str(nulls["silence"]["stoi"].reason)
    ceiling, floor = nulls["true_phase"]["stoi"].value, nulls["constant_mel"]["stoi"].value
    assert ceiling is not None and floor is not None and ceiling > 0.9 > 0.6 > floor


def test_curves_fall_and_the_bar_lies_half_way(made: tuple[LabReport, Path]) -> None:
    report, _ = made
    curves = {(c.source, c.name): c for c in report.doses.curves}
    smooth = curves["degradation", "over_smoothed"]
    values = [p.values["stoi"].value for p in smooth.points]
    assert values == sorted(values, reverse=True) and [p.distance_nat for p in smooth.points] == sorted(
        p.distance_nat for p in smooth.points
    )
    null = report.doses.nulls[report.doses.null_of["stoi"]]["stoi"].value
    bar = smooth.threshold["stoi"].bar
    assert bar == pytest.approx((report.doses.ceiling["stoi"].value + null) / 2)
    log = curves["fault", "log_base"]
    assert log.kinds and log.threshold["stoi"].state == "kinds"


def test_a_bridge_and_a_calibration_give_back_what_they_must(made: tuple[LabReport, Path]) -> None:
    report, _ = made
    rows = {(r.damage, r.repair, r.metric): r for r in report.repairs}
    bridged = rows["log10 for ln", "bridge", "mel_nat"]
    assert bridged.after == pytest.approx(0.0, abs=1e-5) and bridged.back == pytest.approx(1.0, abs=1e-5)
    lost = rows["log10 for ln", "nothing", "mel_nat"]
    assert lost.gain is None and lost.before == bridged.before and lost.whole == 0.0
    # what was scaled and moved by the same numbers in every clip is undone by a line that was fitted to the other clip
    mended = rows["scale_offset", "calibration", "mel_nat"]
    assert mended.back == pytest.approx(1.0, abs=1e-4)
    assert rows["scale_offset", "calibration", "stoi"].after == pytest.approx(report.doses.ceiling["stoi"].value, abs=1e-3)
    assert not any(r.certain for r in report.repairs), "two clips are too few to be certain"


def test_a_calibration_has_not_seen_the_clip_that_it_mends(made: tuple[LabReport, Path], clips: list[Clip]) -> None:
    kind = degradations()["over_smoothed"]
    wrong = [kind.apply(clip.mel, kind.doses[1], np.random.default_rng([0, i])).values for i, clip in enumerate(clips)]
    apart = []
    for i, other in ((0, 1), (1, 0)):
        lines = [np.polyfit(x, y, 1) for x, y in zip(wrong[other], clips[other].mel.values)]
        mended = np.array([np.polyval(line, x) for line, x in zip(lines, wrong[i])])
        apart.append(np.abs(np.maximum(mended, np.log(1e-5)) - clips[i].mel.values).mean())
    row = next(r for r in made[0].repairs if (r.damage, r.repair, r.metric) == ("over_smoothed", "calibration", "mel_nat"))
    assert row.after == pytest.approx(np.mean(apart), rel=1e-4)


def test_what_was_measured_is_not_measured_again(made: tuple[LabReport, Path], clips: list[Clip]) -> None:
    report, cache = made

    def refuses(mel: Mel) -> Audio:
        raise AssertionError("asked again")

    silent = replace(INVERSION, sound=refuses)
    assert laboratory(clips, participants(silent), PLAN, cache=cache) == report
    with pytest.raises(AssertionError, match="asked again"):
        laboratory(clips, Participants([unchanged()], [replace(silent, key="2")], silent), PLAN, cache=cache)


def test_the_page_holds_everything_and_asks_for_nothing(made: tuple[LabReport, Path], clips: list[Clip]) -> None:
    report = LabReport.model_validate_json(json.dumps(made[0].to_json()))
    pool = average_pool().apply(clips[0].mel)
    text = page(report, [("the recording", clips[0].audio)], [("original", clips[0].mel), ("average_pool", pool)])
    for i in range(1, 5):
        assert f'<section id="c{i}">' in text
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert text.count("<audio") == 1 and text.count("data:image/png") >= 3
    assert "below 6 nothing is called better" in text
    share = next(r for r in report.distributions if r.refiner == "average_pool" and r.of == "natural").below_floor
    assert f"{100 * share:.2f} %" in text


def test_the_command_makes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--vocoder", "griffin_lim", "--quick", "--seconds", "1.2", "--clips", "1", "--doses", "2"]
    assert main(["laboratory", "sample:en_noservice", *words, "-o", str(tmp_path), "--no-cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["clips"] == ["en_noservice"] and Path(told["html"]).stat().st_size > 50_000
    html = Path(told["html"]).read_text()
    assert "One clip to hear" in html and "The same clip, broken" in html
    assert told["doses"]["vocoder"] == "griffin_lim" and "untrained" in told["crossing"]["vocoders"]
    assert any(row["reason"] and "another clip" in row["reason"] for row in told["repairs"])
    assert LabReport.model_validate_json((tmp_path / "laboratory.json").read_text()).clips == ("en_noservice",)
    for wrong in (["--clips", "0"], ["--doses", "0"], ["--seconds", "-1"]):
        assert main(["laboratory", "sample:en_noservice", *wrong, "-o", str(tmp_path / "out")]) == 2
        assert wrong[0] in capsys.readouterr().err
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    assert main(["laboratory", str(broken), "-o", str(tmp_path / "out")]) == 2
    with pytest.raises(MelpactError):
        laboratory([], Participants([unchanged()], [INVERSION], INVERSION), PLAN)
    assert np.isfinite(told["seconds"])


def test_every_input_has_its_share_of_the_clips() -> None:
    many, few = [Path(f"m{i}") for i in range(10)], [Path("f0"), Path("f1")]
    assert spread([many, few], 8) == [many[i * 10 // 6] for i in range(6)] + few
    assert spread([many, few], 3) == [many[0], many[5], few[0]]
    assert spread([few], 8) == few


def test_an_untrained_network_does_not_dilute_what_a_refiner_does(clips: list[Clip]) -> None:
    def hiss(mel: Mel) -> Audio:
        return Audio.of(np.random.default_rng(0).standard_normal(mel.n_samples).astype(np.float32) * 0.1, SPEC.sample_rate)

    makers = [INVERSION, Maker("hiss", "noise whatever the mel", "1", "untrained", hiss)]
    refiners = [unchanged(), average_pool()]
    scorer = Scorer(SPEC, ["mel_mae"])
    found = crossing(scorer, clips, refiners, makers, {}, {})
    cells = {(c.refiner, c.vocoder): c.values["mel_mae"].value for c in found.cells}
    effect = {(e.factor, e.b): e.change for e in found.effects}
    assert effect["refiner", "average_pool"] == pytest.approx(
        cells["average_pool", "griffin_lim"] - cells["original", "griffin_lim"]
    )
    assert effect["vocoder", "hiss"] == pytest.approx(
        np.mean([cells[r.name, "hiss"] - cells[r.name, "griffin_lim"] for r in refiners])
    )
    assert not found.interactions
