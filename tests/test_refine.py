"""Refiners in use: samplers against a flow that is known, statistics, the law, files, pipelines, the command."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact
from laws.refiners import RECEPTIVE_FIELD, SPEC, network, refiner, speechlike
from melpact.audio import samples
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, NoSkill, NotAnArtifact, SpecMismatch
from melpact.models.refine.affine import Affine
from melpact.models.refine.facts import METHODS, Facts
from melpact.models.refine.graph import export
from melpact.models.refine.law import judged
from melpact.models.refine.measured import Figure, Measured, Row
from melpact.models.refine.neural import NeuralRefiner
from melpact.models.refine.noise import noise
from melpact.models.refine.opening import refiner as opened
from melpact.models.refine.samplers import Clean, euler, evaluations, guided, heun, schedule, start
from melpact.models.refine.settings import Refining
from melpact.normalise.band_statistics import HEADROOM_DB, Statistics
from melpact.normalise.calibration import pair
from melpact.pipeline import MelInput, Pipeline, Refined, To, rebuilt
from melpact.verbs.pipeline import pipeline
from melpact.verbs.refine import refine
from melpact.verbs.run import UNREFINED, run

torch = pytest.importorskip("torch")

MEAN, SPREAD = 1.5, 0.4
GOOD = Figure(metric="mel_mae", unit="nat", refiner=0.3, bypass=0.5, affine=0.4, gain=0.1, low=0.08, high=0.12)
BAD = Figure(metric="mel_mae", unit="nat", refiner=0.52, bypass=0.48, affine=0.5, gain=-0.04, low=-0.05, high=-0.03)
MEASURED = Measured(
    how="20 clips nobody trained on",
    rows=(
        Row(degradation="over_smoothed", dose=(0.3, 0.8), utterances=20, helps=True, figures=(GOOD,)),
        Row(degradation="wrong_gain", dose=(-6, 6), unit="dB", utterances=20, helps=False, figures=(BAD,)),
    ),
)


# --- samplers


def posterior(x: np.ndarray, t: float) -> np.ndarray:
    """The mean of normal values (MEAN, SPREAD) given x = (1 - t)·noise + t·value: a line in x, from the joint covariance."""
    slope = t * SPREAD**2 / ((1 - t) ** 2 + t**2 * SPREAD**2)
    return MEAN + slope * (x - t * MEAN)


@pytest.mark.parametrize(("solve", "order"), [(euler, 1), (heun, 2)])
def test_the_samplers_follow_a_flow_that_is_known_with_their_order(solve: Any, order: int) -> None:
    """Between normal distributions the flow is known: noise z ends at MEAN + SPREAD·z. Halving the step divides the error by
    2 to the order."""
    z = np.linspace(-2, 2, 9)
    errors = [np.abs(solve(posterior, z, schedule(1.0, n)) - (MEAN + SPREAD * z)).max() for n in (16, 32, 64)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2**order, rel=0.25)
    assert errors[-1] < (0.03 if order == 1 else 0.003)


def test_whoever_is_told_the_truth_gives_it_with_any_steps() -> None:
    truth = np.array([3.0, -1.0])

    def told(x: np.ndarray, t: float) -> np.ndarray:
        return truth

    for solve in (euler, heun):
        for steps in (1, 2, 7, 32):
            for strength in (0.01, 0.5, 1.0):
                got = solve(told, start(np.zeros(2), np.ones(2), strength), schedule(strength, steps))
                np.testing.assert_allclose(got, truth, rtol=0, atol=1e-12)


def test_a_path_begins_where_strength_says_and_asks_as_often_as_it_says() -> None:
    assert start(np.array([2.0]), np.array([10.0]), 0.25) == pytest.approx(0.25 * 10 + 0.75 * 2)
    np.testing.assert_allclose(schedule(0.5, 4), [0.5, 0.625, 0.75, 0.875, 1.0])
    assert guided(3.0, 1.0, 1.0) == 3.0 and guided(3.0, 1.0, 0.0) == 1.0 and guided(3.0, 1.0, 2.0) == 5.0
    for name, solve in (("euler", euler), ("heun", heun)):
        for steps in (1, 3, 8):
            asked: list[float] = []
            clean: Clean = lambda x, t, asked=asked: asked.append(t) or x  # noqa: E731
            solve(clean, np.zeros(1), schedule(0.6, steps))
            assert len(asked) == evaluations(name, steps) and max(asked) < 1.0 and min(asked) == pytest.approx(0.4)


def test_noise_belongs_to_its_frame() -> None:
    whole = noise(5, 0, 900, 7)
    assert whole.shape == (7, 900) and whole.dtype == np.float32
    for first, n in ((0, 1), (255, 2), (256, 300), (13, 700), (899, 1)):
        assert np.array_equal(noise(5, first, n, 7), whole[:, first : first + n])
    assert abs(whole.mean()) < 0.05 and abs(whole.std() - 1) < 0.05
    assert abs(np.corrcoef(whole.ravel(), noise(6, 0, 900, 7).ravel())[0, 1]) < 0.06
    assert abs(np.corrcoef(whole[:, :256].ravel(), whole[:, 256:512].ravel())[0, 1]) < 0.1
    assert noise(5, 3, 0, 7).shape == (7, 0)


# --- statistics, and the line per band


def test_statistics_are_those_of_the_frames_however_they_are_cut() -> None:
    mel = speechlike(300, 1).values
    found = Statistics.measure([mel[:, :100], mel[:, 100:]], SPEC)
    np.testing.assert_allclose(found.mean, mel.mean(1), atol=1e-5)
    np.testing.assert_allclose(found.std, mel.std(1), rtol=1e-5)
    np.testing.assert_allclose(found.ceiling, mel.max(1) + HEADROOM_DB / 20 * np.log(10), atol=1e-5)
    assert (found.floor == np.float32(SPEC.floor_value)).all()
    np.testing.assert_allclose(found.restored(found.normalised(mel)), mel, atol=1e-5)
    np.testing.assert_allclose(found.normalised(mel).std(1), 1.0, rtol=1e-4)
    still = Statistics.measure([np.full((80, 9), SPEC.floor_value, np.float32)], SPEC)
    assert (still.std == 1).all() and (still.ceiling > still.floor).all()
    with pytest.raises(ContractError, match="no frames"):
        Statistics.measure([], SPEC)


def test_statistics_that_cannot_be_are_refused() -> None:
    good = dict(refiner("cnn").facts.statistics.tensors())  # type: ignore[union-attr]
    for name, value in (
        ("stats.std", np.zeros(80)), ("stats.mean", np.full(80, np.nan)), ("stats.mean", np.zeros(79)),
        ("stats.ceiling", np.full(80, -100.0)), ("stats.floor", None),
    ):  # fmt: skip
        bad = {key: one for key, one in good.items() if key != name}
        if value is not None:
            bad[name] = value
        with pytest.raises(ContractError):
            Statistics.of(bad, SPEC)


def test_a_line_per_band_is_found_and_undone() -> None:
    """y = (x - b)/a per band was done; least squares gives a and b back."""
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0.5, 2.0, 80), rng.uniform(-1, 1, 80)
    pairs = []
    for i in range(3):
        target = speechlike(200, i)
        given = ((target.values - b[:, None]) / a[:, None]).astype(np.float32)
        pairs.append(pair(f"{i}", Mel(given, SPEC), target))
    found = Affine.fit(pairs)
    np.testing.assert_allclose(found.params["slope"], a, rtol=1e-4)
    np.testing.assert_allclose(found.params["offset"], b, atol=1e-3)
    target = speechlike(50, 9)
    given = Mel(((target.values - b[:, None]) / a[:, None]).astype(np.float32), SPEC)
    wanted = np.minimum(target.values, found.facts.statistics.ceiling[:, None])
    np.testing.assert_allclose(found(given).values, wanted, atol=2e-3)
    half = found(given, Refining(strength=0.5)).values
    between = (target.values + given.values) / 2
    between = np.clip(between, np.float32(SPEC.floor_value), found.facts.statistics.ceiling[:, None])
    np.testing.assert_allclose(half, between, atol=2e-3)


# --- the law


def test_the_law_lets_pass_what_helps_and_nothing_else() -> None:
    one = network("cnn", MEASURED)
    assert judged(one, "it", ("over-smoothed",)) == ""
    with pytest.raises(
        NoSkill, match=r"not to help on wrong_gain.*0\.52 nat refined, 0\.48 left alone, 0\.5 calibrated"
    ) as told:
        judged(one, "it", ("over_smoothed", "wrong_gain"), where="a.mel")
    assert "-0.05 to -0.03" in str(told.value) and "20 utterances" in str(told.value) and "--force" in str(told.value)
    with pytest.raises(NoSkill, match="never measured on noise"):
        judged(one, "it", ("noise",))
    assert "as asked" in judged(one, "it", ("wrong_gain",), force=True)
    note = judged(one, "it", ())
    assert "to help on over_smoothed, not on wrong_gain" in note and "not known" in note
    assert "nobody measured" in judged(network("cnn"), "it", ())
    assert judged(refiner("identity"), "identity", ("noise",)) == ""


# --- files


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    return network("cnn", MEASURED).save(tmp_path / "tool.refiner")


def spoilt(name: str, mel: Mel) -> Mel:
    return replace(mel, provenance={"degraded": [{"name": name, "dose": 0.5}], "n_samples": 1})


def test_a_folder_is_refined_and_a_bad_file_does_not_end_it(tmp_path: Path, tool: Path) -> None:
    folder = tmp_path / "mels"
    (folder / "deep").mkdir(parents=True)
    mel = speechlike(60)
    spoilt("over_smoothed", mel).save(folder / "a.mel")
    spoilt("wrong_gain", mel).save(folder / "b.mel")
    mel.save(folder / "deep" / "c.mel")
    (folder / "d.mel").write_bytes(b"nothing")
    Mel(np.full_like(mel.values, np.nan), SPEC).save(folder / "e.mel")
    report = refine([folder], tmp_path / "out", tool)
    assert [item.path.relative_to(tmp_path / "out").as_posix() for item in report.done] == ["a.mel", "deep/c.mel"]
    assert [(Path(f.item).name, f.error) for f in report.failed] == [
        ("b.mel", "NoSkill"), ("d.mel", "NotAnArtifact"), ("e.mel", "ContractError"),
    ]  # fmt: skip
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == ["a.mel", "c.mel"]
    made, wanted = Mel.load(tmp_path / "out" / "a.mel"), network("cnn")(mel)
    assert np.array_equal(made.values, wanted.values) and made.spec == SPEC
    assert made.provenance["refined"]["method"] == "cnn" and made.provenance["refined"]["settings"]["strength"] == 0.5
    assert made.provenance["degraded"] and made.provenance["n_samples"] == 1
    assert report.done[0].changed == pytest.approx(float(np.abs(wanted.values - mel.values).mean()), rel=1e-5)
    assert [item.note != "" for item in report.done] == [False, True] and len(report.notes) == 1
    json.dumps(report.to_json(), allow_nan=False)


def test_streamed_files_are_the_whole_ones_and_settings_are_the_refiners_own(tmp_path: Path) -> None:
    maker = network("diffusion", MEASURED)
    maker = replace(maker, facts=replace(maker.facts, settings=Refining(strength=0.3, steps=2, seed=4)))
    tool = maker.save(tmp_path / "tool.refiner")
    mel = speechlike(2500, 3)
    mel.save(tmp_path / "a.mel")
    made = {}
    for name, more in (("whole", {}), ("stream", {"stream": True}), ("other", {"settings": {"seed": 5}})):
        report = refine([tmp_path / "a.mel"], tmp_path / f"{name}.mel", tool, **more)
        made[name] = Mel.load(tmp_path / f"{name}.mel").values
    assert report.settings == Refining(strength=0.3, steps=2, seed=5)
    np.testing.assert_allclose(made["stream"], made["whole"], rtol=0, atol=2e-4)
    assert np.array_equal(made["whole"], maker(mel, Refining(strength=0.3, steps=2, seed=4)).values)
    assert np.abs(made["other"] - made["whole"]).mean() > 0.01


def test_a_dose_that_was_not_measured_is_said(tmp_path: Path, tool: Path) -> None:
    mel = speechlike(20)
    for dose, said in ((0.5, ""), (0.1, "over_smoothed: it helps at 0.3 to 0.8, not at 0.1")):
        replace(mel, provenance={"degraded": [{"name": "over_smoothed", "dose": dose}]}).save(tmp_path / "a.mel")
        assert refine([tmp_path / "a.mel"], tmp_path / "b.mel", tool).done[0].note == said


def test_what_is_refined_already_is_refused(tmp_path: Path, tool: Path) -> None:
    speechlike(20).save(tmp_path / "a.mel")
    refine([tmp_path / "a.mel"], tmp_path / "b.mel", tool)
    with pytest.raises(ContractError, match="refined already"):
        refine([tmp_path / "b.mel"], tmp_path / "c.mel", tool)
    assert not (tmp_path / "c.mel").exists()
    refine([tmp_path / "b.mel"], tmp_path / "c.mel", tool, force=True)
    with pytest.raises(NoSkill, match="wrong_gain"):
        refine([tmp_path / "a.mel"], tmp_path / "c.mel", tool, degradation="wrong_gain")


def test_the_null_refines_nothing_that_another_may_not_refine(tmp_path: Path, tool: Path) -> None:
    """What identity gave back is refined as what it was given; a refined mel stays so behind it."""
    speechlike(20).save(tmp_path / "a.mel")
    refine([tmp_path / "a.mel"], tmp_path / "same.mel", "identity")
    refine([tmp_path / "same.mel"], tmp_path / "b.mel", tool)
    refine([tmp_path / "b.mel"], tmp_path / "c.mel", "identity")
    with pytest.raises(ContractError, match=r"refined already; got one that tool\.refiner made"):
        refine([tmp_path / "c.mel"], tmp_path / "d.mel", tool)


def test_a_pipeline_says_that_it_refined_and_does_not_refine_twice(tool: Path) -> None:
    once = Pipeline([MelInput(SPEC), Refined(tool), To(SPEC)])
    made = once.run(speechlike(20)).output
    assert made.provenance["refined"]["refiner"] == "tool.refiner" and made.provenance["refined"]["settings"]["steps"] == 4
    with pytest.raises(ContractError, match="refined already"):
        once.run(made)
    Pipeline([MelInput(SPEC), Refined(tool, force=True), To(SPEC)]).run(made)


def test_what_is_given_in_place_of_mels_is_told_what_to_do(tmp_path: Path, tool: Path) -> None:
    """A sound, a folder of sounds, a folder of another program's arrays, a text in place of a refiner."""
    sound = tmp_path / "sounds" / "a.flac"
    sound.parent.mkdir()
    sound.write_bytes(samples.path("en_noservice").read_bytes())
    for given, what in ((sound, "is a sound"), (sound.parent, "no such files here")):
        with pytest.raises(melpact.MelpactError, match=f"{what}.*melpact extract {given}"):
            refine([given], tmp_path / "b", tool)
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "a.npy", speechlike(20).values)
    with pytest.raises(melpact.MelpactError, match=r"There are \.npy files: say what they mean with --dialect"):
        refine([tmp_path / "arrays"], tmp_path / "b", tool)
    (tmp_path / "text.refiner").write_text("no refiner" * 9)
    with pytest.raises(NotAnArtifact, match="A refiner is a file that melpact wrote"):
        opened(tmp_path / "text.refiner")
    assert not (tmp_path / "b").exists()


def test_an_exact_bridge_is_taken_there_and_back_and_no_other(tmp_path: Path, tool: Path) -> None:
    """hifigan_22k in decades instead of nats: refined in nats, given back in decades."""
    mel, one = speechlike(40), network("cnn")
    other = SPEC.replace_quietly(log="log10")
    mel.as_(other).save(tmp_path / "a.mel")
    done = refine([tmp_path / "a.mel"], tmp_path / "b.mel", tool).done[0]
    made = Mel.load(tmp_path / "b.mel")
    assert made.spec == other and done.bridge is not None and done.bridge.kind == "exact" and done.unit == "nat"
    np.testing.assert_allclose(made.values * np.log(10), one(mel).values, rtol=0, atol=2e-4)
    speechlike(40, 0, SPEC.replace_quietly(f_max=7600.0)).save(tmp_path / "c.mel")
    with pytest.raises(SpecMismatch, match="f_max") as told:
        refine([tmp_path / "c.mel"], tmp_path / "d.mel", tool)
    assert "melpact translate" in str(told.value)


def test_no_refiner_is_guessed(tmp_path: Path) -> None:
    speechlike(20, 0, SPEC.replace_quietly(f_max=7600.0)).save(tmp_path / "a.mel")
    with pytest.raises(ContractError, match="no refiner that comes with melpact"):
        refine([tmp_path / "a.mel"], tmp_path / "b.mel")
    with pytest.raises(melpact.MelpactError, match="does not exist"):
        refine([tmp_path / "a.mel"], tmp_path / "b.mel", "nothing.refiner")
    with pytest.raises(ContractError, match="takes no pitch"):
        refine([tmp_path / "a.mel"], tmp_path / "b.mel", "identity", f0="a.npy")
    with pytest.raises(ContractError, match="--steps"):
        refine([tmp_path / "a.mel"], tmp_path / "b.mel", "identity", settings={"steps": 33})


def test_what_a_file_leaves_out_is_said(tmp_path: Path) -> None:
    from melpact.contract import artifact

    one = refiner("cnn")
    assert isinstance(one, NeuralRefiner)
    facts = one.facts

    def written(config: dict[str, Any], tensors: dict[str, Any]) -> Path:
        return artifact.write(tmp_path / "a.refiner", artifact.Artifact("refiner", tensors, SPEC, config))

    whole = {**one.weights, **facts.statistics.tensors()}
    for missing in ("method", "sizes", "receptive_field", "settings", "measured", "degradations"):
        config = {name: value for name, value in facts.config().items() if name != missing}
        with pytest.raises(NotAnArtifact, match=missing):
            opened(written(config, whole))
    with pytest.raises(NotAnArtifact, match="magic"):
        opened(written({**facts.config(), "method": "magic"}, whole))
    with pytest.raises(ContractError, match="1 missing"):
        opened(written(facts.config(), {name: value for name, value in whole.items() if name != "out.bias"}))
    with pytest.raises(ContractError, match="receptive field"):
        opened(written({**facts.config(), "receptive_field": [1, 1]}, whole))
    with pytest.raises(ContractError, match="number of bands"):
        opened(written({**facts.config(), "sizes": {**facts.sizes, "n_mels": 81}}, whole))
    with pytest.raises(ContractError, match="width"):
        opened(written({**facts.config(), "sizes": {**facts.sizes, "width": 0}}, whole))
    assert opened(written(facts.config(), whole)).fingerprint == one.fingerprint
    assert facts.receptive_field == RECEPTIVE_FIELD and set(METHODS) == {"affine", "cnn", "diffusion"}
    assert Facts.of(SPEC, facts.config(), whole, {}, None).config() == facts.config()


# --- pipelines, run, the command


def test_a_stage_of_a_pipeline_and_its_record(tmp_path: Path, tool: Path) -> None:
    mel = speechlike(30)
    chain = Pipeline([MelInput(SPEC), Refined(tool, {"strength": 1.0}, degradation="over_smoothed"), To(SPEC)])
    done = chain.run(mel)
    assert np.array_equal(done.output.values, network("cnn")(mel, Refining(strength=1.0)).values)
    again = rebuilt(done.record)
    assert again.fingerprint == chain.fingerprint and np.array_equal(again.run(mel).output.values, done.output.values)
    assert Pipeline([MelInput(SPEC), refiner("affine"), To(SPEC)]).run(mel).output.spec == SPEC
    with pytest.raises(NoSkill, match="wrong_gain"):
        Refined(tool, degradation="wrong_gain")
    assert "as asked" in Refined(tool, degradation="wrong_gain", force=True).note
    with pytest.raises(ContractError, match=r"refine\.steps"):
        Refined(tool, {"steps": 0})
    unsaid = Pipeline([MelInput(SPEC), Refined(tool), To(SPEC)])
    unsaid.run(mel)
    with pytest.raises(NoSkill, match="wrong_gain"):
        unsaid.run(spoilt("wrong_gain", mel))
    (tmp_path / "p.toml").write_text(
        '[mel]\ndialect = "hifigan_22k"\n[refine]\nfile = "tool.refiner"\nstrength = 1.0\ndegradation = "over_smoothed"\n'
        '[to]\ndialect = "hifigan_22k"\n'
    )
    mel.save(tmp_path / "a.mel")
    report = pipeline(tmp_path / "p.toml", [tmp_path / "a.mel"], tmp_path / "b.mel")
    assert np.array_equal(Mel.load(tmp_path / "b.mel").values, done.output.values)
    assert [link["stage"] for link in report.pipeline.table()] == ["mel", "refine", "to"]
    network("cnn", MEASURED, width=8).save(tool)
    with pytest.raises(ContractError, match="refine is not what it was: fingerprint"):
        rebuilt(done.record)


def test_run_sets_the_refined_sound_beside_the_other(tmp_path: Path) -> None:
    report = run(samples.path("en_noservice"), tmp_path, refiner="identity", effort="fast")
    assert report.refiner is not None and report.refiner.changed == 0
    for row in report.rows:
        made, plain = row.values["from the mel"], row.values[UNREFINED]
        assert made == plain and isinstance(made, float)
    assert Mel.load(report.files["refined"]).provenance["refined"]["method"] == "identity"
    assert json.loads(report.files["report"].read_text())["refiner"]["name"] == "identity"


def test_the_command(
    tmp_path: Path, tool: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mel = speechlike(30)
    mel.save("a.mel")
    assert main(["refine", "a.mel", "-o", "b.mel", "--with", str(tool), "--degradation", "wrong_gain"]) == 2
    assert "0.52 nat refined, 0.48 left alone" in capsys.readouterr().err and not Path("b.mel").exists()
    assert main(["refine", "a.mel", "-o", "b.mel", "--with", str(tool), "--degradation", "over_smothed"]) == 2
    assert "wanted over_smoothed" in capsys.readouterr().err
    assert main(["show", str(tool)]) == 2 and "melpact refiner show" in capsys.readouterr().err
    assert main(["refine", "a.mel", "-o", "b.mel", "--with", str(tool)]) == 0
    said = capsys.readouterr().out
    assert "not known" in said and "over_smoothed" in said and "NO" in said and "--degradation" in said
    assert main(["refine", "a.mel", "-o", "c.mel", "--with", str(tool), "--degradation", "over-smoothed", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["notes"] == [] and found["refiner"]["measured"]["rows"][1]["helps"] is False
    assert main(["refine", "a.mel", "-o", "d.mel", "--with", str(tool), "--strength", "0", "--seed", "3"]) == 0
    assert np.array_equal(Mel.load("d.mel").values, mel.values)
    Path("x.mel").write_text("no")
    assert main(["refine", "a.mel", "x.mel", "-o", "out", "--with", str(tool), "-q"]) == 1
    assert "x.mel" in capsys.readouterr().err and Path("out/a.mel").exists()


def test_a_graph_runs_without_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    export(network("diffusion", MEASURED), tmp_path / "tool.onnx")
    speechlike(40).save(tmp_path / "a.mel")
    code = (
        "import sys\n"
        "from melpact.cli.main import main\n"
        "assert main(['refine', 'a.mel', '-o', 'b.mel', '--with', 'tool.onnx', '-q', '--stream']) == 0\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_a_refiners_sheet_and_its_graph(tmp_path: Path, tool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refiner", "show", str(tool)]) == 0
    said = capsys.readouterr().out
    assert "over_smoothed" in said and "0.52" in said and "hifigan_22k: 80 bands, nat" in said
    assert f"{RECEPTIVE_FIELD[0]} frames back, {RECEPTIVE_FIELD[1]} ahead: 116 ms" in said
    graph = tmp_path / "tool.onnx"
    assert main(["refiner", "convert", str(tool), "-o", str(graph), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == str(graph) and found["runtime"] == "onnxruntime"
    assert found["fingerprint"] == opened(tool).fingerprint and found["measured"] == MEASURED.model_dump(mode="json")
    assert main(["vocoder", "show", str(graph)]) == 2 and "melpact refiner show" in capsys.readouterr().err
    assert main(["refiner", "convert", str(graph), "-o", str(tmp_path / "b.onnx")]) == 2
    assert main(["refiner", "convert", str(tool), "-o", str(tool)]) == 2
    assert main(["refiner", "convert", "identity", "-o", str(tmp_path / "b.onnx")]) == 2
    assert main(["refiner", "show", str(tool), "-o", "x.onnx"]) == 2
    assert "writes nothing" in capsys.readouterr().err


def test_a_line_per_band_of_ones_own_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("given", "wanted"):
        (tmp_path / name).mkdir()
    for i in range(3):
        target = speechlike(60, i)
        target.save(tmp_path / "wanted" / f"{i}.mel")
        Mel(0.5 * target.values - 1.0, SPEC).save(tmp_path / "given" / f"{i}.mel")
    line = tmp_path / "line.refiner"
    asked = ["refiner", "fit", str(tmp_path / "given"), "--true", str(tmp_path / "wanted"), "-o", str(line)]
    assert main(asked) == 0
    found = opened(line)
    assert isinstance(found, Affine)
    np.testing.assert_allclose(found.params["slope"], 2.0, rtol=1e-5)
    np.testing.assert_allclose(found.params["offset"], 2.0, atol=1e-4)
    speechlike(60, 9).save(tmp_path / "given" / "alone.mel")
    speechlike(60, 8).save(tmp_path / "given" / "0.mel")
    assert main(asked) == 1
    said = capsys.readouterr().out
    assert "alone: has no partner" in said and "left out: 0: not the mel of this utterance" in said
    assert main(asked[:3]) == 2 and "--true" in capsys.readouterr().err
