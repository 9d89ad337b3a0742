"""Laws that every recipe obeys, on its debug twin: it learns, it resumes bit for bit, its settings survive JSON, its export
is the sound that was validated."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.contract import artifact  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import MelpactError, TrainingError  # noqa: E402
from melpact.diagnose.teaching import VERDICTS  # noqa: E402
from melpact.features.analysis import extract  # noqa: E402
from melpact.models.codec.vae.codec import MelCodec  # noqa: E402
from melpact.models.codec.vae.facts import write as write_vae  # noqa: E402
from melpact.models.codec.vae.importing import imported  # noqa: E402
from melpact.models.codec.vae.opening import vae  # noqa: E402
from melpact.models.codec.vae.vae import Autoencoder  # noqa: E402
from melpact.models.codec.waveform.expected import coefficient_tensors  # noqa: E402
from melpact.models.codec.waveform.facts import read as read_codec  # noqa: E402
from melpact.models.codec.waveform.file import load as load_codec  # noqa: E402
from melpact.models.convert.content import listener  # noqa: E402
from melpact.models.convert.gan import GanConverter  # noqa: E402
from melpact.models.convert.opening import converter  # noqa: E402
from melpact.models.refine.methods import NEURAL  # noqa: E402
from melpact.models.refine.opening import refiner  # noqa: E402
from melpact.models.speech.facts import read as read_speaker  # noqa: E402
from melpact.models.speech.small import SmallSpeaker  # noqa: E402
from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig  # noqa: E402
from melpact.nn.codecs.parts import network  # noqa: E402
from melpact.train import checkpoint, journal  # noqa: E402
from melpact.train.alignment import Alignment  # noqa: E402
from melpact.train.beginning import put_vae, settings_of_codec  # noqa: E402
from melpact.train.coded import Checked  # noqa: E402
from melpact.train.degraded import Mixture  # noqa: E402
from melpact.train.export import content_of, converter_at, export, refiner_of, vocoder_of, weights_in  # noqa: E402
from melpact.train.export_speech import aligned  # noqa: E402
from melpact.train.export_vae import vae_of  # noqa: E402
from melpact.train.feed import Feed  # noqa: E402
from melpact.train.latents import prior_of  # noqa: E402
from melpact.train.loop import Trainer  # noqa: E402
from melpact.train.recipes import recipe, recipes  # noqa: E402
from melpact.train.recipes._refining import spoilt  # noqa: E402
from melpact.train.rehearsal import rehearse  # noqa: E402
from melpact.train.room import CHECKPOINTS, Run, Unwatched, go  # noqa: E402
from melpact.train.runtime import runtime  # noqa: E402
from melpact.train.settings import Training  # noqa: E402
from melpact.train.spoken import heard  # noqa: E402
from melpact.train.taught import Cepstra  # noqa: E402
from melpact.train.validation import Validated  # noqa: E402
from melpact.vocoders.neural import NeuralVocoder  # noqa: E402
from test_mel_vae import folder as foreign_folder  # noqa: E402
from train.material import Sayings, Tones  # noqa: E402

NAMES = sorted(recipes())
every = pytest.mark.parametrize("name", NAMES)
every_vocoder = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "vocoder"])
every_content = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "content"])
every_converter = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "converter"])
every_codec = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "codec"])
every_vae = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "vae"])
every_aligner = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "aligner"])
every_speech = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "speech"])
every_refiner = pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).trains == "refiner"])


@cache
def data(name: str = "hifigan") -> Any:
    """What a recipe is trained on here; a codec wants its own rate, and speech wants texts."""
    if recipe(name).trains in ("aligner", "speech"):
        return Sayings()
    return Tones(rate=24000) if recipe(name).trains == "codec" else Tones()


class Kept(Unwatched):
    """What was validated, and the sum of the last turn at every step."""

    def __init__(self) -> None:
        self.validated_: list[Validated] = []
        self.totals: list[float] = []

    def validated(self, found: Validated) -> None:
        self.validated_.append(found)

    def stepped(self, trainer: Trainer, values: dict[str, float], steps_per_s: float) -> None:
        taken = [turn.name for turn in trainer.task.turns if f"{turn.name}/total" in values]
        self.totals.append(values[f"{taken[-1]}/total"])


class Runs(dict[str, tuple[Path, Kept]]):
    """Debug twins that were trained to their end, each when it is first asked for."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.folders = folders

    def __missing__(self, name: str) -> tuple[Path, Kept]:
        kept, folder = Kept(), self.folders.mktemp(name)
        go(Run(name, recipe(name).debug, "tones"), folder, data(name), device="cpu", watch=kept)
        self[name] = folder, kept
        return self[name]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    torch.set_num_threads(1)
    return Runs(tmp_path_factory)


@every
def test_settings_survive_json(name: str) -> None:
    one = recipe(name)
    for settings in (one.debug, one.settings()):
        assert isinstance(settings, Training)
        text = json.dumps(settings.model_dump(mode="json"))
        assert one.read(json.loads(text)) == settings
    assert one.made({"optimiser.lr": 0.5, "steps": 7}).steps == 7
    with pytest.raises(TrainingError):
        one.made({"optimiser.speed": 1})
    with pytest.raises(TrainingError, match="steps"):
        one.made({"steps": -1})
    assert one.title and one.source and one.settings.__doc__


@every
def test_the_debug_twin_learns(name: str, runs: dict[str, tuple[Path, Kept]]) -> None:
    totals = runs[name][1].totals
    assert len(totals) == recipe(name).debug.steps == 20
    assert np.mean(totals[-5:]) < 0.9 * np.mean(totals[:5])


@every
def test_it_resumes_bit_for_bit(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder = runs[name][0]
    middle, last = checkpoint.kept(folder / CHECKPOINTS)
    assert (middle.step, last.step) == (10, 20)
    (tmp_path / CHECKPOINTS).mkdir()
    (tmp_path / CHECKPOINTS / middle.path.name).write_bytes(middle.path.read_bytes())
    go(Run(name, recipe(name).debug, "tones"), tmp_path, data(name), device="cpu")
    assert (tmp_path / CHECKPOINTS / last.path.name).read_bytes() == last.path.read_bytes()


@every_vocoder
def test_what_is_exported_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.vocoder")
    assert found.step == 20 and found.score == kept.validated_[-1].value("mel_mae")
    maker = NeuralVocoder.load(tmp_path / "x.vocoder")
    assert maker.provenance["trained"]["recipe"] == name
    example = kept.validated_[-1].examples[0]
    assert example.mel is not None
    np.testing.assert_allclose(maker(example.mel).samples, example.made.samples, atol=2e-5)
    raw = vocoder_of(checkpoint.kept(folder / CHECKPOINTS)[0].path)
    assert np.abs(raw(example.mel).samples - example.made.samples).max() > 1e-4


@every_refiner
def test_an_exported_refiner_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.refiner")
    score = kept.validated_[-1].scores["wrong_gain"]["mel_mae"]
    assert found.step == 20 and found.score == kept.validated_[-1].value("mel_mae") == pytest.approx(score.value)
    maker = refiner(tmp_path / "x.refiner")
    assert maker.facts.provenance["trained"]["recipe"] == name and maker.facts.degradations[0]["name"] == "wrong_gain"
    clean = extract(data().validation(1)[0][1], maker.facts.spec)
    kind = Mixture.of(recipe(name).debug.degradations, clean=0, twice=0).kinds[0]
    better = maker(spoilt(kind, [clean])[0])
    assert np.abs(better.values - clean.values).mean() == pytest.approx(score.value, abs=1e-4)
    raw, weights = refiner_of(checkpoint.kept(folder / CHECKPOINTS)[0].path)
    other = NEURAL[raw.method].build(raw, weights)(spoilt(kind, [clean])[0])
    assert np.abs(other.values - better.values).max() > 1e-2
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.vocoder")


@every_converter
def test_an_exported_converter_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.converter")
    maker = converter(tmp_path / "x.converter")
    assert isinstance(maker, GanConverter) and found.trained == "converter"
    assert found.step == 20 and found.score == kept.validated_[-1].value("converted_mae")
    assert maker.fingerprint == converter_at(folder).fingerprint
    assert maker.facts.voices == ("a", "b") and maker.facts.provenance["trained"]["recipe"] == name
    task = recipe(name).build(recipe(name).debug, data(name))
    network = task.players["converter"]
    network.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in maker.weights.items()})
    assert task.measure is not None
    measured = task.measure()["brought back"]["converted_mae"].value
    assert measured == pytest.approx(found.score, abs=1e-2)
    last = checkpoint.kept(folder / CHECKPOINTS)[-1].path
    raw = artifact.read(last, checkpoint.KIND).tensors["player/converter/changer.out.weight"]
    assert np.abs(raw - maker.weights["changer.out.weight"]).max() > 1e-3
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.refiner")


@every_aligner
def test_an_alignment_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    score = kept.validated_[-1].scores["held out"]["alignment_cost"]
    last = checkpoint.kept(folder / CHECKPOINTS)[-1].path
    made = aligned(last, data(name))
    held = [line.name for line in data(name).validation_lines(9)]
    assert np.mean([made.costs[one] for one in held]) == pytest.approx(score.value, rel=1e-6)
    for line in (*data(name).lines(), *data(name).validation_lines(9)):
        lasts = made.durations[line.name]
        assert lasts.min() >= 1 and lasts.size == line.tokens.shape[1]
        assert lasts.sum() == heard(line, made.spec).shape[1] // 2
    again = Alignment.load(made.save(tmp_path / "x.alignment"))
    assert again.fingerprint == made.fingerprint and again.costs == made.costs and again.spec == made.spec
    assert again.provenance["trained"]["recipe"] == name
    again.check(data(name).read_fingerprint)
    with pytest.raises(TrainingError, match="of other sounds or texts"):
        again.check("another")
    young = aligned(checkpoint.kept(folder / CHECKPOINTS)[0].path, data(name))
    assert abs(young.costs[held[0]] - made.costs[held[0]]) > 1e-3
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.speech")


@every_speech
def test_an_exported_speaker_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.speech")
    scores = kept.validated_[-1].scores["held out"]
    assert found.trained == "speech" and found.step == 20 and found.score == scores["taught_mae"].value
    facts, weights = read_speaker(tmp_path / "x.speech")
    task = recipe(name).build(recipe(name).debug, data(name))
    task.players["speech"].load_state_dict(
        {key: torch.from_numpy(np.array(value, np.float32)) for key, value in weights.items()}
    )
    assert task.measure is not None
    for metric, score in task.measure()["held out"].items():
        assert score.value == pytest.approx(scores[metric].value, rel=2e-2)  # weights of float16
    for key, value in task.statistics.items():
        if key.startswith("stats."):
            np.testing.assert_array_equal(facts.statistics.tensors()[key], value)
    assert set(facts.voices) == {"a", "b"} and dict(facts.languages) == {"en": "en-us"}
    assert facts.usual["en"] in facts.voices and facts.encoder == "moments"
    assert facts.provenance["trained"]["recipe"] == name
    maker = SmallSpeaker.build(facts, weights)
    assert maker.n_weights == found.n_weights and maker.languages == ("en",) and set(maker.voices) == {"a", "b"}
    raw = artifact.read(checkpoint.kept(folder / CHECKPOINTS)[-1].path, checkpoint.KIND).tensors["player/speech/prior.bias"]
    assert np.abs(raw - weights["prior.bias"]).max() > 1e-4
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.alignment")


@pytest.mark.parametrize("name", ["aligner", "speech"])
def test_what_is_learnt_is_said_and_drawn(name: str, runs: dict[str, tuple[Path, Kept]]) -> None:
    folder, kept = runs[name]
    found = kept.validated_[-1].teaching
    assert found is not None and found.verdict in VERDICTS
    written = [entry for entry in journal.read(folder) if entry["kind"] == "teaching"]
    assert [entry["step"] for entry in written] == [20] and written[0]["verdict"] == found.verdict
    assert {reading["name"] for reading in written[0]["readings"]} >= (
        {"movement"} if name == "speech" else {"own text", "pieces"}
    )
    pictures = sorted((folder / "pictures").glob("step_000000020_*.png"))
    assert len(pictures) == 2 and all(path.read_bytes()[:4] == b"\x89PNG" for path in pictures)


@pytest.mark.parametrize("name", ["aligner", "speech"])
def test_statistics_of_speech_are_frozen_in_the_checkpoint(name: str, runs: dict[str, tuple[Path, Kept]]) -> None:
    first, last = (artifact.read(one.path, checkpoint.KIND).tensors for one in checkpoint.kept(runs[name][0] / CHECKPOINTS))
    spec = recipe(name).debug.spec
    mels = np.concatenate([heard(line, spec) for line in data(name).lines()], axis=1)
    np.testing.assert_allclose(last["statistics/stats.mean"], mels.mean(1), atol=1e-4)
    np.testing.assert_allclose(last["statistics/stats.std"], mels.std(1), atol=1e-4)
    for key in (key for key in last if key.startswith("statistics/")):
        np.testing.assert_array_equal(first[key], last[key])
    with runtime("cpu") as place:
        trainer = Trainer(recipe(name).build(recipe(name).debug, Sayings(version=1)), recipe(name).debug, place)
        with pytest.raises(TrainingError, match="statistics that the checkpoint was trained with are others"):
            checkpoint.restore(checkpoint.kept(runs[name][0] / CHECKPOINTS)[-1].path, trainer)


@every_content
def test_an_exported_encoder_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.content")
    score = kept.validated_[-1].scores["held out"]["content_error"]
    assert found.step == 20 and found.score == score.value and score.null == 1 and score.value < 0.5
    encoder = listener(tmp_path / "x.content")
    assert encoder.provenance["trained"]["recipe"] == name and encoder.n_weights == found.n_weights
    values = extract(data().validation(1)[0][1], encoder.spec).values
    wanted, _ = Cepstra(encoder.spec, encoder.size).taught("", values, np.zeros(values.shape[1]))
    made = encoder.uncentred(values)
    angle = 1 - (made * wanted).sum(0) / np.linalg.norm(made, axis=0) / np.linalg.norm(wanted, axis=0)
    assert angle.mean() == pytest.approx(score.value, abs=2e-3)  # the file's weights are float16
    other = content_of(checkpoint.kept(folder / CHECKPOINTS)[0].path)
    assert np.abs(other(values) - encoder(values)).max() > 1e-2
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.refiner")


@every_codec
def test_an_exported_codec_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    found = export(folder, tmp_path / "x.codec")
    assert found.step == 20 and found.score == kept.validated_[-1].value("loudness")
    facts, tensors = read_codec(tmp_path / "x.codec")
    assert facts.name == "x" and facts.provenance["trained"]["recipe"] == name
    sound = network(facts.sizes, {key[8:]: value for key, value in tensors.items() if key.startswith("network/")})
    checkpoints = [artifact.read(one.path, checkpoint.KIND) for one in checkpoint.kept(folder / CHECKPOINTS)]
    prior = CoefficientPrior(PriorConfig(**facts.prior))
    weights = weights_in(checkpoints[-1], "prior")
    prior.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
    scores = Checked(prior, sound, data(name), 1)()
    for step, table in kept.validated_[-1].scores.items():
        for metric, score in table.items():
            assert scores[step][metric].value == pytest.approx(score.value, rel=2e-3, abs=2e-3), (step, metric)
    exact = coefficient_tensors(weights)
    assert all(np.array_equal(tensors[f"exact/coefficients/{key}"], value) for key, value in exact.items())
    young = weights_in(checkpoints[0], "sound")
    assert max(np.abs(young[key] - tensors[f"network/{key}"]).max() for key in young) > 1e-3
    begun = settings_of_codec(tmp_path / "x.codec")
    assert begun == {**settings_of_codec(folder), "begin": begun["begin"]}
    task = recipe(name).build(recipe(name).made(begun, base=recipe(name).debug), data(name))
    assert task.measure is not None
    assert task.measure()["all steps"]["loudness"].value == pytest.approx(found.score, rel=2e-3)
    np.testing.assert_array_equal(task.players["prior"].place.detach().numpy(), weights["place"])
    audio = data(name).validation(1)[0][1]
    graph, plain = (load_codec(tmp_path / "x.codec", 24000, torch=on_torch) for on_torch in (False, True))
    stream = graph.encode(audio)
    np.testing.assert_allclose(graph.decode(stream).samples, plain.decode(stream).samples, atol=2e-4)
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.vocoder")


@every_vae
def test_a_vae_of_a_checkpoint_is_what_was_validated(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    scores = kept.validated_[-1].scores["held out"]
    facts, weights = vae_of(checkpoint.kept(folder / CHECKPOINTS)[-1].path)
    assert facts.provenance["trained"]["score"] == kept.validated_[-1].value("rated_mae") == scores["rated_mae"].value
    assert scores["rated_mae"].value >= scores["mel_mae"].value > 0 and scores["mel_mae"].null > 0.5
    maker = Autoencoder.build(facts, weights)
    clean = extract(data().validation(1)[0][1], facts.spec)
    clean = Mel(clean.values[:, : clean.n_frames // 4 * 4].copy(), facts.spec)
    made = maker.decode(maker.encode(clean))
    assert np.abs(made.values - clean.values).mean() == pytest.approx(
        scores["mel_mae"].value, abs=2e-3
    )  # weights of float16
    prior = prior_of(facts, weights, data(), 16, 0.1)
    codec = MelCodec(maker.with_prior(prior), lambda mel: Audio.of(np.zeros(mel.n_frames * 256, np.float32), 22050))
    assert codec.decode(codec.encode(data().validation(1)[0][1])).n_samples == 22050
    write_vae(tmp_path / "x.vae", codec.vae.facts, weights, half=True)
    assert vae(tmp_path / "x.vae").fingerprint == codec.fingerprint
    again = export(tmp_path / "x.vae", tmp_path / "x.onnx")
    assert again.trained == "vae" and vae(again.path).fingerprint == codec.fingerprint
    with pytest.raises(TrainingError, match="suffix"):
        export(folder, tmp_path / "x.refiner")


@every_vae
def test_a_vae_goes_on_from_one_that_is_there(name: str, runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    folder, kept = runs[name]
    changes = put_vae(folder, None, tmp_path)
    settings = recipe(name).made(changes, base=recipe(name).debug)
    task = recipe(name).build(settings, data())
    assert task.measure is not None
    measured = task.measure()["held out"]["mel_mae"].value
    assert measured == pytest.approx(kept.validated_[-1].scores["held out"]["mel_mae"].value, abs=2e-3)
    with pytest.raises(TrainingError, match="another mel"):
        recipe(name).build(recipe(name).made({**changes, "dialect": "vits_22k"}, base=recipe(name).debug), data())
    with pytest.raises(TrainingError, match="keeps its sizes"):
        recipe(name).build(recipe(name).made({**changes, "sizes": {"latent_channels": 5}}, base=recipe(name).debug), data())


@every_vae
def test_a_vae_goes_on_from_a_folder_of_autoencoder_kl(name: str, tmp_path: Path) -> None:
    given = foreign_folder(tmp_path / "given")
    short = {"steps": 2, "save_every": 2, "validate_every": 2}
    changes = {**put_vae(given, "hifigan_22k", tmp_path), **short, "bits_per_s": None}
    settings = recipe(name).made(changes, base=recipe(name).debug)
    go(Run(name, settings, "tones"), tmp_path / "run", data(), device="cpu")
    facts, weights = vae_of(checkpoint.kept(tmp_path / "run" / CHECKPOINTS)[-1].path)
    before, _ = imported(given, dialect="hifigan_22k")
    assert facts.sizes == before.sizes and facts.fields is None and (facts.statistics.mean == 0).all()
    moved = np.abs(weights["encoder.conv_in.weight"] - imported(given, dialect="hifigan_22k")[1]["encoder.conv_in.weight"])
    assert 0 < moved.max() < 0.2


@every_vae
def test_the_weight_of_the_rate_follows_the_rate(name: str) -> None:
    """Above its target the weight rises, below it falls: the sign of its gradient, which is all that the optimiser keeps."""
    for target, sign in ((1.0, -1), (1e9, 1)):
        task = recipe(name).build(recipe(name).made({"bits_per_s": target}, base=recipe(name).debug), data())
        found = task.source.batch_at(0, rank=0, world=1)
        batch = {key: torch.from_numpy(np.asarray(value)) for key, value in found.items()}
        turn = task.turns[-1]
        turn.weighed(turn.losses(batch, torch.Generator())).backward()
        assert sign * float(task.players["vae"].price.grad) > 0


@every_refiner
def test_a_refiner_is_validated_beside_doing_nothing(name: str, runs: dict[str, tuple[Path, Kept]]) -> None:
    folder, kept = runs[name]
    scores = kept.validated_[-1].facts()
    assert list(scores) == ["clean", "wrong_gain", "all"]
    gain = scores["wrong_gain"]["mel_mae"]
    assert scores["clean"]["mel_mae"]["null"] == 0 and gain["n"] == 1
    assert 3 / 8.686 * 0.5 < gain["null"] < 12 / 8.686  # a gain of 3 to 12 dB, less where the floor stops it
    assert gain["skill"] == pytest.approx(1 - gain["value"] / gain["null"]) and gain["skill"] > 0.3
    written = [entry for entry in journal.read(folder) if entry["kind"] == "validation"]
    assert written[-1]["scores"] == scores


@every_vocoder
def test_a_validation_stands_between_null_and_ceiling(name: str, runs: dict[str, tuple[Path, Kept]]) -> None:
    folder, kept = runs[name]
    score = kept.validated_[-1].facts()[""]["mel_mae"]
    assert score["n"] == 1 and score["null"] > score["ceiling"] >= 0 and score["value"] > score["ceiling"]
    written = [entry for entry in journal.read(folder) if entry["kind"] == "validation"]
    assert written[-1]["scores"][""]["mel_mae"]["value"] == score["value"]
    assert checkpoint.kept(folder / CHECKPOINTS)[-1].score == score["value"]


@every
def test_the_same_settings_build_the_same_task(name: str) -> None:
    before = torch.random.get_rng_state()
    one, two = (recipe(name).build(recipe(name).debug, data(name)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for player in one.players:
        mine, other = one.players[player].state_dict(), two.players[player].state_dict()
        assert all(torch.equal(mine[key], other[key]) for key in mine)
    assert one.source.fingerprint == two.source.fingerprint


@every
def test_a_rehearsal_counts_what_is_there(name: str) -> None:
    settings = recipe(name).debug
    with runtime("cpu") as place:
        trainer = Trainer(recipe(name).build(settings, data(name)), settings, place)
        sheet = rehearse(trainer)
    n = sum(p.numel() for player in trainer.task.players.values() for p in player.parameters())
    assert sum(sheet.players.values()) == n
    assert sheet.weights_bytes == sheet.gradients_bytes == 4 * n and sheet.optimiser_bytes == 8 * n
    items = settings.batch_size
    bands = 100 if recipe(name).trains == "codec" else 80
    assert sheet.activations_bytes > 4 * 4 * 16 * 256 and sheet.step_s > 0
    if recipe(name).trains in ("aligner", "speech"):
        longest, shape = sheet.batch["mel"][2], sheet.batch["tokens"]
        assert sheet.batch["mel"] == (items, bands, longest) and 64 <= longest <= settings.segment_frames
        assert shape == (items, 5, 8) and sheet.batch["frames"] == (items,)
        return
    assert sheet.batch["mel"] == (items, bands, settings.segment_frames)
    if recipe(name).trains == "converter":
        assert sheet.sound_s is None and sheet.batch["voice"] == (items,)
    else:
        assert sheet.batch["audio"] == (items, settings.segment_frames * 256) and items == 4
        assert sheet.sound_s == (None if bands == 100 else pytest.approx(4 * 16 * 256 / 22050))
    json.dumps(sheet.to_json())


def test_activations_are_counted_to_the_byte() -> None:
    from melpact.train.rehearsal import _kept

    weight = torch.nn.Parameter(torch.ones(3, 5))
    x = torch.ones(7, 3, requires_grad=True)
    with _kept([weight]) as kept:
        y = x @ weight  # keeps x (7 × 3) and the parameter, which does not count
        z = y.exp()  # keeps its result (7 × 5)
        w = z.sum()
        w.backward()
        assert kept.most == 4 * (7 * 3 + 7 * 5)
        del w, y, z
        assert kept.now == 0


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("hifigan", {"preset": "v9"}, "has no such sizes"),
        ("hifigan", {"family": "nothing"}, "no family of vocoders"),
        ("hifigan", {"dialect": "vocos_24k"}, "another sample rate than the vocoder's"),
        ("hifigan", {"sizes.n_mels": 100}, "another number of bands"),
        ("spectral_vocoder", {"sizes.hop_length": 128}, "hop"),
        (
            "hifigan",
            {"family": "nsf_hifigan", "sizes": {"n_mels": 80, "sampling_rate": 22050}},
            "driven by more than the mel",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(name: str, changes: dict[str, object], words: str, tmp_path: Path) -> None:
    with pytest.raises(MelpactError, match=words):
        go(Run(name, recipe(name).made(changes, base=recipe(name).debug), "tones"), tmp_path, data(name), device="cpu")


@pytest.mark.parametrize("family", ["hifigan", "vocos", "istftnet", "univnet", "melgan", "pwg", "bigvgan"])
def test_every_family_takes_a_step(family: str) -> None:
    settings = recipe("spectral_vocoder").made(
        {"family": family, "preset": "small", "batch_size": 1}, base=recipe("spectral_vocoder").debug
    )
    with runtime("cpu") as place:
        trainer = Trainer(recipe("spectral_vocoder").build(settings, data()), settings, place)
        before = {key: value.clone() for key, value in trainer.task.players["generator"].state_dict().items()}
        with Feed(trainer.task.source, 0, 1, 1, 0, 1) as feed:
            trainer.advance(feed.take())
    after = trainer.task.players["generator"].state_dict()
    assert sum(not torch.equal(after[key], value) for key, value in before.items()) > len(before) / 2


def test_the_sound_of_a_validation_can_fall_silent(tmp_path: Path) -> None:
    from melpact.train.monitor import Collapse

    def muted(trainer: Trainer) -> None:
        with torch.no_grad():
            for value in trainer.task.players["generator"].parameters():
                value.zero_()
            for values in trainer.average.values.values():
                for value in values.values():
                    value.zero_()

    settings = recipe("hifigan").made({"steps": 1, "optimiser.lr": 1e-9, "weight_norm": False}, base=recipe("hifigan").debug)
    with pytest.raises(Collapse, match=r"all 1 sounds of the validation list are silent"):
        go(Run("hifigan", settings, "tones"), tmp_path, data(), device="cpu", prepare=muted)


def test_tensorboard_gets_figures_sounds_and_mels(runs: dict[str, tuple[Path, Kept]], tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = runs["hifigan"][1].validated_[-1]
    with journal.Journal(tmp_path, 0) as one:
        one.losses(5, {"generator/mel": 1.5}, {"generator": 1e-4}, 2.0)
        one.validated(found)
    events = EventAccumulator(str(tmp_path / journal.PICTURES))
    events.Reload()
    tags = events.Tags()
    assert {"generator/mel", "rate/generator", "validation/mel_mae/value", "validation/mel_mae/null"} <= set(tags["scalars"])
    assert tags["audio"] == ["tone/original", "tone/made"] and tags["images"] == ["tone/original mel", "tone/made mel"]
    assert events.Scalars("validation/mel_mae/ceiling")[0].value == pytest.approx(found.facts()[""]["mel_mae"]["ceiling"])


def test_the_journal_drops_what_was_not_kept_and_survives_a_torn_line(tmp_path: Path) -> None:
    with journal.Journal(tmp_path, 0) as one:
        for step in (1, 2, 3):
            one.write(step, "losses", values={})
    path = tmp_path / journal.NAME
    path.write_text(path.read_text() + '{"step":4,"ki')
    with journal.Journal(tmp_path, 2) as one:
        one.write(3, "losses", values={"again": 1.0})
    entries = journal.read(tmp_path)
    assert [entry["step"] for entry in entries] == [1, 2, 3] and entries[-1]["values"] == {"again": 1.0}
