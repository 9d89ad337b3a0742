"""Pipelines: what fits, what is put in between, what is refused and why, and that a record gives the same bits again."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact as mp
from melpact.audio import files, samples
from melpact.audio.audio import Audio
from melpact.bridges import bridge
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import Affine, BandAffine, UtteranceStandard, Window
from melpact.core.errors import ArtifactError, AxisError, ContractError, MelpactError, SpecMismatch
from melpact.normalise.calibration import Calibration, pair
from melpact.normalise.stats import Stats
from melpact.pipeline import AcousticModel, Calibrated, Extraction, MelInput, OwnVocoder, Pipeline, To, normaliser, rebuilt
from melpact.pipeline.axes import Axes
from melpact.pipeline.normaliser import Undo
from melpact.verbs.pipeline import pipeline
from melpact.vocoders.griffin_lim.vocoder import GriffinLim

DOCS = Path(__file__).parents[1] / "docs" / "pipeline.md"
HIFI = dialect("hifigan_22k").spec
MEAN, STD = -5.0, 2.2
GIVEN = {"mean": MEAN, "std": STD}


@pytest.fixture(scope="module")
def speech() -> Mel:
    """A second and a half of real speech."""
    whole = mp.extract(str(samples.path("en_noservice")), HIFI)
    return Mel(whole.values[:, 40:170], HIFI)


def normalise(features: np.ndarray) -> np.ndarray:
    """The acoustic model of these tests: it standardises log mels that are given as features [frames, bands]."""
    return ((features - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)


def write_onnx(path: Path, bands: int = 80, outputs: int = 1) -> Path:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Sub", ["features", "mean"], ["c"]), helper.make_node("Div", ["c", "std"], ["mel"])]
    made = [value("mel", TensorProto.FLOAT, ["batch", "frames", bands])]
    if outputs == 2:
        nodes.append(helper.make_node("Neg", ["mel"], ["gate"]))
        made.append(value("gate", TensorProto.FLOAT, ["batch", "frames", bands]))
    constants = [numpy_helper.from_array(np.float32(v), name) for name, v in (("mean", MEAN), ("std", STD))]
    given = [value("features", TensorProto.FLOAT, ["batch", "frames", bands])]
    graph = helper.make_graph(nodes, "acoustic", given, made, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def write_torch(path: Path, dropout: float = 0.0) -> Path:
    torch = pytest.importorskip("torch")

    class Acoustic(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, features):  # type: ignore[no-untyped-def]
            kept = torch.nn.functional.dropout(torch.ones_like(features), self.dropout, True)
            return (features * kept - self.mean) / self.std

    model = Acoustic()
    model.dropout, model.mean, model.std = dropout, MEAN, STD
    torch.jit.script(model).save(str(path))
    return path


def write_toml(folder: Path, model: str, vocoder: str = 'kind = "griffin_lim"\neffort = "fast"', top: str = "") -> Path:
    path = folder / "pipe.toml"
    lines = [top, "[model]", model, 'dialect = "hifigan_22k"', "", "[vocoder]", vocoder]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def own(spec: Any = HIFI, axes: str = "frames, bands", **more: Any) -> AcousticModel:
    return AcousticModel(normalise, spec, **{"axes": axes, "normaliser": GIVEN, **more})


# what comes out


def test_a_models_normaliser_is_undone_by_itself_and_once(speech: Mel) -> None:
    chain = Pipeline([own(), To(HIFI)])
    assert [link.stage.name for link in chain.links] == ["model", "undo normaliser", "to"]
    assert [link.stage.inserted for link in chain.links] == [False, True, False]
    made = chain.run(speech.values.T)
    assert isinstance(made.output, Mel) and made.output.spec == HIFI
    np.testing.assert_allclose(made.output.values, speech.values, atol=2e-5)
    # the arithmetic, told apart from the program's: z · std + mean in float64
    z = normalise(speech.values.T).T.astype(np.float64)
    np.testing.assert_array_max_ulp(made.output.values, (z * STD + MEAN).astype(np.float32), maxulp=1)


def test_onnx_torchscript_and_a_function_give_the_same_mel(speech: Mel, tmp_path: Path) -> None:
    features = speech.values.T
    models: dict[str, tuple[Any, str]] = {
        "function": (normalise, "frames, bands"),
        "onnx": (write_onnx(tmp_path / "a.onnx"), "batch, frames, bands"),
        "torch": (write_torch(tmp_path / "a.pt"), "batch, frames, bands"),
        "transposed": (lambda x: normalise(x).T[None], "batch, bands, frames"),
    }
    made = {}
    for name, (model, axes) in models.items():
        takes = features[None] if name == "transposed" else features
        function = (lambda x, m=model: m(x[0][0])) if name == "transposed" else model
        made[name] = Pipeline([AcousticModel(function, HIFI, axes=axes, normaliser=GIVEN)]).run(takes).output.values
    for name, values in made.items():
        np.testing.assert_allclose(values, speech.values, atol=2e-5, err_msg=name)
        np.testing.assert_array_equal(values, made["function"], err_msg=name)


def test_an_exact_bridge_is_put_in_and_equals_as_(speech: Mel) -> None:
    wanted = HIFI.replace(log="log10", scaling=Window(low=-5.0, high=1.0, out_low=-4.0, out_high=4.0))
    chain = Pipeline([own(), To(wanted)])
    assert [link.stage.name for link in chain.links] == ["model", "undo normaliser", "bridge", "to"]
    link = chain.table()[2]
    assert link["class"] == "exact" and link["inserted"] and link["expected_error_nat"] == 0.0
    assert any("log" in change for change in link["fields"])
    made = chain.run(speech.values.T)
    undone = Pipeline([own()]).run(speech.values.T).output
    np.testing.assert_array_equal(made.output.values, undone.as_(wanted).values)
    # ln → log10 → [-4, 4], by hand
    by_hand = (undone.values.astype(np.float64) / np.log(10) + 5) / 6 * 8 - 4
    np.testing.assert_allclose(made.output.values, by_hand, atol=2e-5)


def test_a_fitted_bridge_is_refused_with_its_cost_and_then_allowed(speech: Mel) -> None:
    with pytest.raises(SpecMismatch) as refused:
        Pipeline([own(), To("tacotron2_22k")])
    text = str(refused.value)
    expected = bridge(HIFI, "tacotron2_22k").expected
    assert expected is not None and f"{expected.error_nat:.3f} nat" in text and "PESQ" in text
    assert "allow='fitted'" in text and "padding" in text
    chain = Pipeline([own(), To("tacotron2_22k")], allow="fitted")
    made = chain.run(speech.values.T)
    undone = Pipeline([own()]).run(speech.values.T).output
    np.testing.assert_array_equal(made.output.values, mp.translate(undone, "tacotron2_22k").values)
    assert chain.table()[2]["class"] == "fitted"
    assert made.record["chain"][2]["expected_error_nat"] == expected.error_nat


def test_bands_are_not_invented_unless_that_is_allowed_by_its_own_word() -> None:
    for allow in ("exact", "fitted"):
        with pytest.raises(SpecMismatch, match=r"bands that the first does not hold.*8046 to 11641.*allow='lossy'"):
            Pipeline([own(), To("vocos_24k")], allow=allow)  # type: ignore[arg-type]
    chain = Pipeline([own(), To("vocos_24k")], allow="lossy")
    assert chain.table()[2]["class"] == "lossy" and "13 of 100 bands" in chain.table()[2]["invented"]


# the hand-overs


def test_stages_in_an_order_without_sense_are_refused() -> None:
    with pytest.raises(ContractError, match=r"do not follow each other.*audio 22050 Hz"):
        Pipeline([own(), GriffinLim("fast"), To(HIFI)])
    with pytest.raises(ContractError, match="takes any mel, and so checks none"):
        Pipeline([GriffinLim("fast")])
    with pytest.raises(ContractError, match="needs stages"):
        Pipeline([])
    with pytest.raises(ContractError, match="is no stage"):
        Pipeline(["griffin_lim"])  # type: ignore[list-item]
    with pytest.raises(ContractError, match="undo a normaliser that is not there"):
        Pipeline([own(normaliser=None), Undo(HIFI, Affine.standardise(MEAN, STD))])
    with pytest.raises(ContractError, match="undo another normaliser"):
        Pipeline([own(), Undo(HIFI, Affine.standardise(-4.0, STD))])
    assert len(Pipeline([own(), Undo(HIFI, Affine.standardise(MEAN, STD))]).links) == 2


def test_the_model_says_its_normaliser_and_nothing_else_will_do(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="normaliser"):
        AcousticModel(normalise, HIFI, axes="frames, bands")  # type: ignore[call-arg]
    toml = write_toml(tmp_path, f'call = "{__name__}:normalise"\naxes = "frames, bands"')
    with pytest.raises(ContractError, match="what was done to the mels it was trained on, and melpact does not guess"):
        pipeline(toml, check=True)
    with pytest.raises(ContractError, match=r"takes statistics of each utterance.*melpact stats"):
        own(normaliser=UtteranceStandard())
    with pytest.raises(ContractError, match="another number of bands"):
        own(normaliser={"mean": [0.0] * 100, "std": [1.0] * 100})


def test_normalisers_in_every_form_that_people_keep_them(speech: Mel, tmp_path: Path) -> None:
    two = [speech, Mel(mp.extract(str(samples.path("it_noservice")), HIFI).values, HIFI)]
    with pytest.warns(mp.core.errors.StatsWarning):
        stats = Stats.of(two)
        from_stats = normaliser(stats, HIFI)
    values = np.concatenate([one.values for one in two], axis=1, dtype=np.float64)
    assert isinstance(from_stats, Affine)
    assert 1 / from_stats.scale == pytest.approx(values.std(), rel=1e-9)
    assert -from_stats.shift / from_stats.scale == pytest.approx(values.mean(), rel=1e-9)
    stats.save(tmp_path / "train.stats")
    with pytest.warns(mp.core.errors.StatsWarning):
        assert normaliser("train.stats", HIFI, tmp_path) == from_stats
        bands = normaliser({"stats": "train.stats", "kind": "standardise_bands"}, HIFI, tmp_path)
    assert isinstance(bands, BandAffine)
    np.testing.assert_allclose(1 / np.array(bands.scale), values.std(axis=1), rtol=1e-9)
    with pytest.raises(SpecMismatch, match=r"statistics of another description.*f_max"):
        normaliser("train.stats", HIFI.replace(f_max=11025.0), tmp_path)
    np.save(tmp_path / "mean.npy", values.mean(axis=1))
    np.save(tmp_path / "std.npy", values.std(axis=1))
    kept = normaliser({"mean": "mean.npy", "std": "std.npy"}, HIFI, tmp_path)
    np.testing.assert_allclose(kept.undo(kept.apply(values)), values, atol=1e-9)
    extrema = normaliser({"min": -11.0, "max": 2.0}, HIFI)
    assert extrema.undo(np.array([[-1.0, 0.0, 1.0]] * 80))[0].tolist() == [-11.0, -4.5, 2.0]
    # a training mel carries its scaling; one of another description is refused
    scaled = HIFI.replace(scaling=Affine.standardise(MEAN, STD))
    speech.as_(scaled).save(tmp_path / "train.mel")
    assert normaliser(tmp_path / "train.mel", HIFI) == scaled.scaling
    with pytest.raises(SpecMismatch, match="a mel of another description"):
        normaliser(tmp_path / "train.mel", dialect("tacotron2_22k").spec)
    with pytest.raises(ContractError, match="is no normaliser"):
        normaliser({"average": 3}, HIFI)


def test_a_calibration_belongs_to_one_description_and_one_model(speech: Mel, tmp_path: Path) -> None:
    model = write_onnx(tmp_path / "a.onnx")
    sha = hashlib.sha256(model.read_bytes()).hexdigest()
    rng = np.random.default_rng(0)
    parts = [speech.values[:, i : i + 26] for i in range(0, 130, 26)]
    pairs = [pair(str(i), Mel(p * 0.5 + 2 + rng.normal(0, 0.1, p.shape), HIFI), Mel(p, HIFI)) for i, p in enumerate(parts)]

    def fitted(name: str | None) -> Calibration:
        return Calibration.fit(pairs, model=name, only=["global_affine"], rng=np.random.default_rng(0))

    def acoustic(**more: Any) -> AcousticModel:
        return AcousticModel(model, HIFI, axes="batch, frames, bands", normaliser=GIVEN, **more)

    for bound in (sha, sha[:16], None, "step 40000"):
        chain = Pipeline([acoustic(name="step 40000"), fitted(bound)])
        assert [link.stage.name for link in chain.links] == ["model", "undo normaliser", "calibration"]
    with pytest.raises(ContractError, match=rf"fitted to another model.*wanted another.*--model {sha[:16]}"):
        Pipeline([acoustic(), fitted("another")])
    with pytest.raises(ContractError, match="fitted to another model"):
        Pipeline([acoustic(), fitted(sha[:4])])
    # an exact bridge would join them, and still: what was fitted elsewhere is not applied here
    decades = AcousticModel(normalise, HIFI.replace(log="log10"), axes="frames, bands", normaliser=GIVEN)
    with pytest.raises(SpecMismatch, match=r"calibration was fitted to mels of another description.*log"):
        Pipeline([decades, fitted(None)], allow="lossy")
    with pytest.raises(ContractError, match="nothing is calibrated twice"):
        Pipeline([acoustic(), fitted(None), fitted(None)])
    half = speech.values * 0.5 + 2
    made = Pipeline([acoustic(), fitted(None)]).run(half.T)
    assert np.abs(made.output.values - speech.values).mean() < 0.1 < np.abs(half - speech.values).mean()
    fitted(sha).save(tmp_path / "my.cal")
    assert (
        Pipeline([acoustic(), Calibrated("my.cal", tmp_path)]).links[2].stage.facts()["fingerprint"]
        == fitted(sha).fingerprint
    )


# what a model may not give


def test_shapes_and_axes_are_refused_by_name(speech: Mel, tmp_path: Path) -> None:
    features = speech.values.T
    with pytest.raises(AxisError, match=r"Frames and bands look exchanged: say axes 'frames, bands'"):
        Pipeline([own(axes="bands, frames")]).run(features)
    with pytest.raises(AxisError, match=r"gives 2 axes, not 3.*Say axes 'frames, bands'"):
        Pipeline([AcousticModel(lambda x: normalise(x[0]), HIFI, axes="batch, frames, bands", normaliser=GIVEN)]).run(
            features
        )
    with pytest.raises(AxisError, match=r"No axis is 100 long"):
        Pipeline([own("vocos_24k")]).run(features)
    with pytest.raises(AxisError, match="batch of several"):
        function = lambda x: np.stack([normalise(x[0])] * 2)  # noqa: E731
        Pipeline([AcousticModel(function, HIFI, axes="batch, frames, bands", normaliser=GIVEN)]).run(features)
    with pytest.raises(AxisError, match="is not an order of axes"):
        own(axes="time, mel")
    # a graph that promises its shape is refused before anything runs
    with pytest.raises(AxisError, match=r"bands do not fit.*'\?', '\?', 80.*wanted.*100 bands.*n_mels=80"):
        AcousticModel(write_onnx(tmp_path / "a.onnx"), "vocos_24k", axes="batch, frames, bands", normaliser=GIVEN)
    with pytest.raises(AxisError, match="gives 3 axes, not 2"):
        AcousticModel(tmp_path / "a.onnx", HIFI, axes="frames, bands", normaliser=GIVEN)
    assert str(Axes.parse("[batch, frames, bands]").swapped()) == "batch, bands, frames"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_counted_and_placed(speech: Mel, bad: float) -> None:
    def spoilt(features: np.ndarray) -> np.ndarray:
        made = normalise(features)
        made[7, 3] = bad
        return made

    with pytest.raises(
        ContractError, match=r"model: gives values that are not numbers.*got 1 NaN or infinite.*band 3, frame 7"
    ):
        Pipeline([AcousticModel(spoilt, HIFI, axes="frames, bands", normaliser=GIVEN), GriffinLim("fast")]).run(
            speech.values.T
        )


def test_a_missing_denormalisation_is_caught(speech: Mel) -> None:
    with pytest.raises(ContractError, match=r"cannot be a hifigan_22k mel.*normalised.*No normaliser was undone") as caught:
        Pipeline([own(normaliser=None), GriffinLim("fast")]).run(speech.values.T)
    assert caught.value.findings[0].field == "scaling"  # type: ignore[attr-defined]
    noted = Pipeline([own(normaliser=None)], findings="record").run(speech.values.T).record["findings"]
    assert noted and noted[0]["code"] in ("not_denormalised", "one_utterance_statistics")


@pytest.mark.parametrize(
    ("made", "said", "words"),
    [
        pytest.param(lambda x: x, GIVEN, r"below the log floor.*-11\.51 is the least.*does the model not undo", id="twice"),
        pytest.param(
            lambda x: (x + 11.52) / 13.52 * 2 - 1,
            GIVEN,
            r"deviations of the mean, as those of a min-max window do",
            id="minmax",
        ),
        pytest.param(normalise, {"min": -11.52, "max": 2.0}, r"values lie far outside -1 to 1", id="standardised"),
        pytest.param(lambda x: 20 / np.log(10) * x, None, r"below the log floor.*nat", id="decibels"),
    ],
)
def test_a_wrong_normaliser_is_caught(speech: Mel, made: Any, said: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        Pipeline([AcousticModel(made, HIFI, axes="frames, bands", normaliser=said), GriffinLim("fast")]).run(speech.values.T)


def test_a_right_normaliser_is_not_doubted(speech: Mel) -> None:
    bands = {"mean": speech.values.mean(axis=1).tolist(), "std": speech.values.std(axis=1).tolist()}
    for given in (GIVEN, bands, {"min": -11.52, "max": 2.0}, {"min": -9.0, "max": 1.0, "low": -4.0, "high": 4.0}):
        scaling = normaliser(given, HIFI)
        model = AcousticModel(
            lambda x, s=scaling: s.apply(x.T).T, HIFI, axes="frames, bands", normaliser=given
        )  # fmt: skip
        run = Pipeline([model]).run(speech.values.T)
        np.testing.assert_allclose(run.output.values, speech.values, atol=2e-5)
        assert run.record["findings"] == []


def test_a_doubt_is_only_noted_where_that_was_asked(speech: Mel) -> None:
    model = AcousticModel(lambda x: (x + 11.52) / 13.52, HIFI, axes="frames, bands", normaliser=GIVEN)
    notes = Pipeline([model], findings="record").run(speech.values.T).record["measured"]["stages"][1]
    assert "deviations of the mean" in notes["unlike_its_normaliser"]
    assert notes["mean_before"] == pytest.approx(float((speech.values + 11.52).mean() / 13.52), abs=1e-4)


def test_a_wrong_description_of_as_many_bands_is_caught(speech: Mel) -> None:
    decades = HIFI.replace(log="db_amplitude")
    with pytest.raises(ContractError, match="cannot be a"):
        Pipeline([AcousticModel(lambda x: x, decades, axes="frames, bands", normaliser=None)]).run(speech.values.T)


def test_a_small_overshoot_below_the_floor_is_raised_and_counted(speech: Mel) -> None:
    low = speech.values.copy()
    low[70:, :5] = HIFI.floor_value - 0.25
    made = Pipeline([own(), To(HIFI)]).run(low.T)
    notes = made.record["measured"]["stages"][1]
    assert notes["raised_to_floor"] == 50 and notes["raised_by_nat"] == pytest.approx(0.25, abs=1e-3)
    assert made.output.values.min() == pytest.approx(HIFI.floor_value, abs=1e-6)
    np.testing.assert_allclose(made.output.values[:70], speech.values[:70], atol=2e-5)
    low[70:, :5] = HIFI.floor_value
    low[79, :3] = HIFI.floor_value - 3.0
    few = Pipeline([own(), To(HIFI)]).run(low.T).record["measured"]["stages"][1]
    assert few["raised_by_nat"] == pytest.approx(3.0, abs=1e-3)
    low[79, 0] = HIFI.floor_value - 4.5
    with pytest.raises(ContractError, match=r"the lowest at -16\.01"):
        Pipeline([own(), To(HIFI)], findings="record").run(low.T)
    low[70:, :5] = HIFI.floor_value - 1.25
    with pytest.raises(ContractError, match=r"0\.48% of the values lie far below the log floor, the lowest at -12\.76"):
        Pipeline([own(), To(HIFI)], findings="record").run(low.T)


def test_inputs_of_the_wrong_kind_are_refused(speech: Mel, tmp_path: Path) -> None:
    chain = Pipeline([own(), GriffinLim("fast")])
    for wrong in ("text", speech, Audio.of([0.1] * 100, 22050)):
        with pytest.raises(ContractError, match="takes something else"):
            chain.run(wrong)
    with pytest.raises(SpecMismatch, match="takes another mel"):
        Pipeline([MelInput("tacotron2_22k"), GriffinLim("fast")]).run(speech)
    with pytest.raises(ContractError, match="features hold NaN"):
        chain.run(np.full((20, 80), np.nan))
    graph = AcousticModel(write_onnx(tmp_path / "a.onnx"), HIFI, axes="batch, frames, bands", normaliser=GIVEN)
    with pytest.raises(ContractError, match=r"inputs go by name.*got ids.*wanted features.*numpy.savez"):
        Pipeline([graph]).run({"ids": speech.values.T})
    with pytest.raises(ContractError, match=r"wants 3 axes"):
        Pipeline([graph]).run(speech.values[0])
    by_name = Pipeline([graph]).run({"features": speech.values.T[None].astype(np.float64)})
    np.testing.assert_allclose(by_name.output.values, speech.values, atol=2e-5)


def test_weights_beside_a_graph_belong_to_its_fingerprint(speech: Mel, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(write_onnx(tmp_path / "a.onnx")))
    for tensor, value in zip(model.graph.initializer, (MEAN, STD), strict=True):
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.full(80, value, np.float32), tensor.name))
    onnx.save(model, str(tmp_path / "b.onnx"), save_as_external_data=True, location="b.bin", size_threshold=0)

    def acoustic() -> AcousticModel:
        return AcousticModel(tmp_path / "b.onnx", HIFI, axes="batch, frames, bands", normaliser=GIVEN)

    before = acoustic()
    np.testing.assert_allclose(Pipeline([before]).run(speech.values.T).output.values, speech.values, atol=2e-5)
    weights = bytearray((tmp_path / "b.bin").read_bytes())
    weights[3] ^= 1
    (tmp_path / "b.bin").write_bytes(weights)
    assert acoustic().engine.fingerprint != before.engine.fingerprint


def test_one_of_several_results_has_to_be_named(speech: Mel, tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "two.onnx", outputs=2)
    with pytest.raises(ContractError, match=r"gives several results; got 'mel', 'gate'"):
        Pipeline([AcousticModel(path, HIFI, axes="batch, frames, bands", normaliser=GIVEN)]).run(speech.values.T)
    named = AcousticModel(path, HIFI, axes="batch, frames, bands", normaliser=GIVEN, output="mel")
    np.testing.assert_allclose(Pipeline([named]).run(speech.values.T).output.values, speech.values, atol=2e-5)
    both = AcousticModel(lambda x: (x * 0, normalise(x)), HIFI, axes="frames, bands", normaliser=GIVEN, output=1)
    np.testing.assert_allclose(Pipeline([both]).run(speech.values.T).output.values, speech.values, atol=2e-5)


def test_an_error_of_the_model_is_told_with_its_name(speech: Mel) -> None:
    def broken(features: np.ndarray) -> np.ndarray:
        raise KeyError("speaker 7")

    with pytest.raises(ContractError, match=r"model: the model failed: KeyError: 'speaker 7'"):
        Pipeline([AcousticModel(broken, HIFI, axes="frames, bands", normaliser=None)]).run(speech.values.T)


@pytest.mark.parametrize(("package", "extra", "name"), [("onnxruntime", "onnx", "a.onnx"), ("torch", "torch", "a.pt")])
def test_a_missing_package_is_named_with_its_command(
    package: str, extra: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MelpactError, match=rf"needs {package}, which is not installed\. Run: pip install 'melpact\[{extra}\]'"
    ):
        AcousticModel(tmp_path / name, HIFI, axes="frames, bands", normaliser=None)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    for name, words in (("a.onnx", "not an ONNX model"), ("a.pt", "not a TorchScript file")):
        (tmp_path / name).write_bytes(b"not a model")
        with pytest.raises(ArtifactError, match=words):
            AcousticModel(tmp_path / name, HIFI, axes="frames, bands", normaliser=None)
    with pytest.raises(ArtifactError, match="does not exist"):
        AcousticModel(tmp_path / "none.onnx", HIFI, axes="frames, bands", normaliser=None)
    with pytest.raises(ArtifactError, match="no model that can be run"):
        AcousticModel(tmp_path / "weights.ckpt", HIFI, axes="frames, bands", normaliser=None)
    with pytest.raises(ArtifactError, match=r"cannot be imported: ModuleNotFoundError"):
        AcousticModel("no_such_module:f", HIFI, axes="frames, bands", normaliser=None)


# vocoders of one's own


def noise(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A vocoder of 256 samples per frame of [bands, frames]."""
    return rng.uniform(-0.5, 0.5, mel.shape[1] * 256).astype(np.float32)


def test_a_vocoder_of_ones_own_is_held_to_length_and_level(speech: Mel) -> None:
    def made(function: Any, **more: Any) -> Any:
        vocoder = OwnVocoder(function, HIFI, axes="bands, frames", **more)
        return Pipeline([MelInput(HIFI), vocoder], seed=7).run(speech)

    run = made(noise)
    expected = np.random.default_rng(7).uniform(-0.5, 0.5, 130 * 256).astype(np.float32)
    np.testing.assert_array_equal(run.output.samples[0], expected)
    assert run.output.sample_rate == 22050
    assert made(lambda m: np.zeros((1, 1, m.shape[1] * 256 + 300), np.float32)).output.n_samples == 130 * 256 + 300
    with pytest.raises(
        ContractError, match=r"33280 \(130 × hop 256 at 22050 Hz\).*300 samples of each frame: a vocoder for hop 300"
    ):
        made(lambda m: np.zeros(m.shape[1] * 300, np.float32))
    twice = made(lambda m: np.zeros(m.shape[1] * 512, np.float32), sample_rate=44100)
    assert twice.output.sample_rate == 44100 and twice.record["measured"]["stages"][1]["silent"]
    with pytest.raises(ContractError, match=r"not in \[-1, 1\].*16-bit integers"):
        made(lambda m: np.full(m.shape[1] * 256, 12000.0))
    assert made(lambda m: np.full(m.shape[1] * 256, 16384, np.int16)).output.peak == 0.5
    loud = made(lambda m: np.full(m.shape[1] * 256, 1.5, np.float32))
    assert loud.record["measured"]["stages"][1]["samples_beyond_full_scale"] == 130 * 256
    with pytest.raises(ContractError, match=r"samples that are not numbers.*got 1 of"):
        made(lambda m: np.concatenate([[np.nan], np.zeros(m.shape[1] * 256 - 1)]))
    with pytest.raises(ContractError, match="more than one row"):
        made(lambda m: np.zeros((2, m.shape[1] * 256)))


def test_a_torchscript_vocoder_gets_the_mel_it_was_trained_on(speech: Mel, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Vocoder(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, mel):  # type: ignore[no-untyped-def]
            return torch.tanh(mel.mean(dim=1, keepdim=True)).repeat_interleave(256, dim=2)

    torch.jit.script(Vocoder()).save(str(tmp_path / "v.pt"))
    wants = HIFI.replace(scaling=Affine.standardise(MEAN, STD))
    chain = Pipeline([own(), OwnVocoder(tmp_path / "v.pt", wants, axes="batch, bands, frames")])
    assert [link.stage.name for link in chain.links] == ["model", "undo normaliser", "bridge", "vocoder"]
    heard = chain.run(speech.values.T).output.samples[0]
    by_hand = np.tanh(((speech.values - MEAN) / STD).mean(axis=0)).repeat(256)
    np.testing.assert_allclose(heard, by_hand, atol=1e-5)


# texts, sounds, mels


def spoken(text: str, rng: np.random.Generator) -> np.ndarray:
    """A text model: as many times 12 frames of real speech as there are characters, with a little of its own."""
    mel = mp.extract(str(samples.path("en_noservice")), HIFI).values[:, 40 : 40 + 12 * len(text)]
    return normalise(mel.T + rng.normal(0, 0.05, mel.T.shape).astype(np.float32))


def test_text_goes_in_and_seeds_decide(tmp_path: Path) -> None:
    def run(seed: int) -> np.ndarray:
        model = AcousticModel(spoken, HIFI, axes="frames, bands", normaliser=GIVEN, takes="text")
        return Pipeline([model], seed=seed).run("hello there").output.values

    assert run(1).shape == (80, 132)
    np.testing.assert_array_equal(run(1), run(1))
    assert np.abs(run(1) - run(2)).max() > 0.01
    with pytest.raises(ContractError, match="takes text"):
        Pipeline([AcousticModel(spoken, HIFI, axes="frames, bands", normaliser=GIVEN, takes="text")]).run("  ")


def test_a_model_from_mel_to_mel_is_given_its_own_mel(speech: Mel) -> None:
    wants = HIFI.replace(log="log10")
    model = AcousticModel(
        lambda x: normalise(x * np.log(10)), HIFI, axes="frames, bands", normaliser=GIVEN, takes=wants
    )  # fmt: skip
    chain = Pipeline([Extraction(HIFI), model, To(HIFI)])
    assert [link.stage.name for link in chain.links] == ["extraction", "bridge", "model", "undo normaliser", "to"]
    audio = files.read(samples.path("en_noservice"))
    np.testing.assert_allclose(chain.run(audio).output.values, mp.extract(audio, HIFI).values, atol=5e-5)


# records and files


def test_a_record_gives_the_same_bits_again(speech: Mel, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    np.save(tmp_path / "x.npy", speech.values.T)
    model = 'file = "a.onnx"\naxes = "batch, frames, bands"\nnormaliser = { mean = -5.0, std = 2.2 }'
    toml = write_toml(tmp_path, model, top="seed = 3")
    first = pipeline(toml, [tmp_path / "x.npy"], tmp_path / "one", keep_mel=True).done[0]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["x.mel", "x.run.json", "x.wav"]
    record = json.loads(first.record.read_text())
    assert record["pipeline"]["seed"] == 3 and record["pipeline"]["stages"][1]["seed"] == 3
    assert record["pipeline"]["stages"][0]["sha256"] == hashlib.sha256((tmp_path / "a.onnx").read_bytes()).hexdigest()
    assert record["input"]["file_sha256"] == hashlib.sha256((tmp_path / "x.npy").read_bytes()).hexdigest()
    for file in record["files"]:
        assert file["sha256"] == hashlib.sha256((tmp_path / "one" / file["path"]).read_bytes()).hexdigest()
    assert {"melpact", "numpy", "onnxruntime", "python"} <= set(record["versions"])
    text = first.record.read_text().rstrip("\n")
    assert text == json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    toml.unlink()
    again = pipeline(first.record, (), tmp_path / "two").done[0]
    assert again.reproduced is True
    assert again.path.read_bytes() == first.path.read_bytes()
    # the record is believed only as far as its files are what they were
    record["output"]["sha256"] = "0" * 64
    first.record.write_text(json.dumps(record))
    report = pipeline(first.record, (), tmp_path / "three")
    assert report.done[0].reproduced is False and not report.reproduced
    changed = (tmp_path / "a.onnx").read_bytes()
    write_onnx(tmp_path / "a.onnx", outputs=2)
    with pytest.raises(ContractError, match="the model is not what it was: sha256"):
        rebuilt(record)
    (tmp_path / "a.onnx").write_bytes(changed)
    np.save(tmp_path / "x.npy", speech.values.T + 1)
    with pytest.raises(ContractError, match="the input is not what it was"):
        pipeline(first.record, (), tmp_path / "four")


def test_a_random_torchscript_model_is_seeded(speech: Mel, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = write_torch(tmp_path / "d.pt", dropout=0.05)

    def run(seed: int) -> Any:
        model = AcousticModel(path, HIFI, axes="batch, frames, bands", normaliser=GIVEN)
        return Pipeline([model], seed=seed, findings="record").run(speech.values.T)

    before = torch.random.get_rng_state()
    one, two, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(one.output.values, two.output.values)
    assert one.record["output"]["sha256"] == two.record["output"]["sha256"] != other.record["output"]["sha256"]
    assert torch.equal(torch.random.get_rng_state(), before)
    again = rebuilt(one.record).run(speech.values.T)
    np.testing.assert_array_equal(again.output.values, one.output.values)


def test_a_function_without_a_name_has_to_be_given_again(speech: Mel) -> None:
    def local(x: np.ndarray) -> np.ndarray:
        return normalise(x)

    first = Pipeline([AcousticModel(local, HIFI, axes="frames, bands", normaliser=GIVEN), GriffinLim("fast")]).run(
        speech.values.T
    )
    with pytest.raises(ContractError, match="Python object without an importable name"):
        rebuilt(first.record)
    again = rebuilt(first.record, {"model": local}).run(speech.values.T)
    np.testing.assert_array_equal(again.output.samples, first.output.samples)
    with pytest.raises(ContractError, match="the model is not what it was"):
        rebuilt(first.record, {"model": normalise})
    named = Pipeline([own(), GriffinLim("fast")]).run(speech.values.T)
    np.testing.assert_array_equal(rebuilt(named.record).run(speech.values.T).output.samples, first.output.samples)


def test_one_bad_file_does_not_end_the_batch(
    speech: Mel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    write_onnx(tmp_path / "a.onnx")
    inputs = tmp_path / "in"
    (inputs / "sub").mkdir(parents=True)
    np.save(inputs / "good.npy", speech.values.T)
    np.save(inputs / "sub" / "also.npy", speech.values.T[:100])
    np.save(inputs / "narrow.npy", speech.values.T[:, :40])
    (inputs / "broken.npy").write_bytes(b"nonsense")
    np.save(inputs / "twice.npy", speech.values.T * STD + MEAN)
    toml = write_toml(
        tmp_path, 'file = "a.onnx"\naxes = "batch, frames, bands"\nnormaliser = { mean = -5.0, std = 2.2 }'
    )  # fmt: skip
    assert main(["pipeline", str(toml), str(inputs), "-o", str(tmp_path / "out"), "--json"]) == 1
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert sorted(Path(one["path"]).name for one in report["done"]) == ["also.wav", "good.wav"]
    assert (tmp_path / "out" / "sub" / "also.run.json").exists()
    messages = {Path(one["source"]).name: one["message"] for one in report["failed"]}
    assert set(messages) == {"narrow.npy", "broken.npy", "twice.npy"}
    assert "below the log floor" in messages["twice.npy"] and "narrow.npy" in messages["narrow.npy"]
    assert said.err.count("melpact: failed:") == 3
    # alone, a bad file is a mistake of one line
    assert main(["pipeline", str(toml), str(inputs / "twice.npy"), "-o", str(tmp_path / "bad.wav")]) == 2
    assert not (tmp_path / "bad.wav").exists()
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


_CALLS: list[int] = []


def stops_at_the_third(features: np.ndarray) -> np.ndarray:
    """Interrupted as by Ctrl-C in its third call."""
    _CALLS.append(1)
    if len(_CALLS) == 3:
        raise KeyboardInterrupt
    return normalise(features)


def test_an_interrupted_batch_resumes_where_it_stopped(speech: Mel, tmp_path: Path) -> None:
    for i in range(4):
        np.save(tmp_path / f"{i}.npy", speech.values.T[: 60 + 10 * i])
    chain = Pipeline([AcousticModel(stops_at_the_third, HIFI, axes="frames, bands", normaliser=GIVEN), To(HIFI)])
    inputs, out = [tmp_path / f"{i}.npy" for i in range(4)], tmp_path / "out"
    _CALLS.clear()
    with pytest.raises(KeyboardInterrupt):
        pipeline(chain, inputs, out)
    assert sorted(path.name for path in out.iterdir()) == ["0.mel", "0.run.json", "1.mel", "1.run.json"]
    times = [path.stat().st_mtime_ns for path in sorted(out.iterdir())]
    report = pipeline(chain, inputs, out, skip_existing=True)
    assert [path.name for path in report.skipped] == ["0.mel", "1.mel"] and len(report.done) == 2 and len(_CALLS) == 5
    assert [path.stat().st_mtime_ns for path in sorted(out.iterdir())[:4]] == times
    # whatever is not exactly what the record says is made again
    (out / "0.mel").write_bytes((out / "1.mel").read_bytes())
    np.save(inputs[1], speech.values.T[:61])
    (out / "2.run.json").write_text("{")
    assert [path.name for path in pipeline(chain, inputs, out, skip_existing=True).skipped] == ["3.mel"]
    other = Pipeline([own(), To(HIFI)])
    assert pipeline(other, inputs, out, skip_existing=True).skipped == []


def test_check_prints_the_chain_and_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("def model(x):\n    raise SystemExit('must not run')\n", encoding="utf-8")
    model = 'call = "mine:model"\naxes = "frames, bands"\nnormaliser = "none"'
    toml = write_toml(tmp_path, model, 'call = "mine:model"\naxes = "bands, frames"\ndialect = "matcha_22k_ljspeech"')
    assert main(["pipeline", str(toml), "--check"]) == 0
    text = capsys.readouterr().out
    assert (
        "+ bridge" in text
        and "nothing (algebra, float32)" in text
        and "matcha_22k_ljspeech" in text
        and "audio 22050 Hz" in text
    )
    assert main(["pipeline", str(toml), "--check", "--json"]) == 0
    chain = json.loads(capsys.readouterr().out)["chain"]
    assert [link["stage"] for link in chain] == ["model", "bridge", "vocoder"]
    assert [link["inserted"] for link in chain] == [False, True, False] and chain[1]["class"] == "exact"
    toml = write_toml(tmp_path, model, 'call = "mine:model"\naxes = "bands, frames"\ndialect = "tacotron2_22k"')
    assert main(["pipeline", str(toml), "--check"]) == 2
    assert 'allow = "fitted"' in capsys.readouterr().err
    assert main(["pipeline", str(toml), "--check", "--allow", "fitted"]) == 0
    assert "fitted" in capsys.readouterr().out
    assert main(["pipeline", str(toml), "--allow", "lossy"]) == 2
    assert "INPUTS -o PATH" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[model", "is not TOML"),
        ("[acoustic]\nfile = 'a.onnx'", "has no place in a description.*acoustic"),
        ("[to]\ndialect = 'hifigan_22'", "no dialect"),
        ("[to]\ndialekt = 'hifigan_22k'", "has no dialekt"),
        ("[model]\naxes = 'frames, bands'\nnormaliser = 'none'\ndialect = 'hifigan_22k'", "says no model"),
        ("[model]\nfile = 'a.onnx'\nnormaliser = 'none'", "needs spec"),
        ("allow = 'everything'\n[to]\ndialect = 'hifigan_22k'", "no such allowance"),
        ("[[stage]]\nstage = 'train'", "there is no such stage"),
        ("", "needs stages"),
    ],
)
def test_a_description_that_says_nothing_usable(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "pipe.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MelpactError, match=words):
        pipeline(tmp_path / "pipe.toml", check=True)


def test_mels_and_texts_from_files(speech: Mel, tmp_path: Path) -> None:
    speech.save(tmp_path / "a.mel")
    np.save(tmp_path / "b.npy", speech.values)
    (tmp_path / "m.toml").write_text("[mel]\ndialect='hifigan_22k'\n[to]\ndialect='matcha_22k_ljspeech'", encoding="utf-8")
    report = pipeline(tmp_path / "m.toml", [tmp_path / "a.mel", tmp_path / "b.npy"], tmp_path / "out")
    wanted = speech.as_("matcha_22k_ljspeech").values
    assert len(report.done) == 2
    for name in ("a", "b"):
        np.testing.assert_array_equal(mp.load(tmp_path / "out" / f"{name}.mel").values, wanted)
    (tmp_path / "a.txt").write_text("hello there\n", encoding="utf-8")
    write_toml(
        tmp_path,
        f'call = "{__name__}:spoken"\naxes = "frames, bands"\nnormaliser = {{ mean = -5.0, std = 2.2 }}\ntakes = "text"',
    )
    one = pipeline(tmp_path / "pipe.toml", [tmp_path / "a.txt"], tmp_path / "a.wav").done[0]
    assert one.duration_s == pytest.approx(132 * 256 / 22050, abs=0.02)


def test_neither_torch_nor_onnxruntime_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, melpact as mp\n"
        "from melpact.pipeline import MelInput, To\n"
        "import melpact.verbs.pipeline\n"
        "mp.Pipeline([MelInput('hifigan_22k'), To('hifigan_22k')])\n"
        "print(sorted({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(not DOCS.is_file(), reason="the page is in the source tree")
def test_the_pages_example_runs_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx"), pytest.importorskip("torch")
    blocks = re.findall(r"```(python|bash)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "bash", "python", "bash"]
    program = f'melpact() {{ "{sys.executable}" -m melpact "$@"; }}\nset -e\n'
    said = ""
    python = "\n".join(text for kind, text in blocks if kind == "python" and "make_graph" in text)
    later = "import numpy as np\nimport melpact as mp\n" + blocks[2][1]
    for command in ([sys.executable, "-c", python], ["bash", "-c", program + blocks[1][1]], [sys.executable, "-c", later],
                    ["bash", "-c", program + blocks[3][1]]):  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    assert (tmp_path / "again" / "hello.wav").read_bytes() == (tmp_path / "out" / "hello.wav").read_bytes()
    assert not (tmp_path / "bad").exists() or not list((tmp_path / "bad").iterdir())
    assert "cannot be a hifigan_22k mel" in said and "values still normalised" in said
    assert "got mean -0.0105, deviation 1.04. No normaliser was undone: was the model trained with one?" in said
    one, other = (json.loads((tmp_path / name).read_text()) for name in ("out/hello.run.json", "hello.run.json"))
    assert one["output"]["sha256"] == other["output"]["sha256"]


def test_a_module_beside_the_description_is_that_one_and_no_other(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for i, folder in enumerate(folders):
        folder.mkdir()
        (folder / "beside_the_pipe.py").write_text(f"def model(x):\n    return x + {i}\n", encoding="utf-8")
        write_toml(folder, 'call = "beside_the_pipe:model"\naxes = "frames, bands"\nnormaliser = "none"')
    path = list(sys.path)
    chain = pipeline(folders[0] / "pipe.toml", check=True).pipeline
    assert sys.path == path
    assert chain.links[0].stage.place() == {"folder": str(folders[0].resolve())}
    with pytest.raises(ArtifactError, match="another module of that name is in use already"):
        pipeline(folders[1] / "pipe.toml", check=True)
    with pytest.raises(ArtifactError, match="cannot be imported: AttributeError"):
        AcousticModel("beside_the_pipe:modell", HIFI, axes="frames, bands", normaliser=None, folder=folders[0])
