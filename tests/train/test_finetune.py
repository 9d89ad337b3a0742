"""Fine-tuning on predicted mels: every published mistake of pairing is found by its name before the first step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.cli.main import main  # noqa: E402
from melpact.contract.dialect import dialect  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import TrainingError  # noqa: E402
from melpact.features.analysis import extract  # noqa: E402
from melpact.train import journal  # noqa: E402
from melpact.train.beginning import put, settings_of, vocoder_at  # noqa: E402
from melpact.train.data import CorpusData  # noqa: E402
from melpact.train.loop import Trainer  # noqa: E402
from melpact.train.predicted import PredictedData  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.runtime import runtime  # noqa: E402
from melpact.vocoders.neural import NeuralVocoder  # noqa: E402
from train.material import RATE  # noqa: E402
from train.test_command import packed  # noqa: E402

SPEC = dialect("hifigan_22k").spec
SIZES = {
    "n_mels": 80,
    "dim": 24,
    "intermediate_dim": 32,
    "num_layers": 2,
    "n_fft": 1024,
    "hop_length": 256,
    "padding": "center",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    names = {"a1": (1.0, "train"), "a2": (0.9, "train"), "b1": (1.1, "valid")}
    return packed(tmp_path_factory.mktemp("corpus"), names)


def smooth(values: np.ndarray) -> np.ndarray:
    """A prediction: neighbouring frames run into each other."""
    return (np.roll(values, 1, 1) + 2 * values + np.roll(values, -1, 1)) / 4


def predictions(
    corpus: Path, folder: Path, change: Callable[[np.ndarray], np.ndarray] = lambda v: v, spec: Any = SPEC
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = CorpusData(corpus)
    for index, entry in enumerate(data.packed.entries):
        mel = extract(Audio.of(data.packed.samples(index), RATE), spec)
        Mel(change(smooth(mel.values)).astype(np.float32), spec).save(folder / f"{entry.id}.mel")
    return folder


def verified(corpus: Path, folder: Path) -> PredictedData:
    return PredictedData(CorpusData(corpus), folder, SPEC, 0.5)


def test_what_fits_is_mixed_in_by_the_ratio(corpus: Path, tmp_path: Path) -> None:
    data = verified(corpus, predictions(corpus, tmp_path))
    assert "for 3 of 3 utterances" in data.notes[-1]
    mixed = data.crops(SPEC, frames=16, batch=4, seed=0)
    plain = CorpusData(corpus).crops(SPEC, frames=16, batch=4, seed=0)
    shares = []
    for step in range(40):
        one, own = mixed.batch_at(step, rank=0, world=1), plain.batch_at(step, rank=0, world=1)
        np.testing.assert_array_equal(one["audio"], own["audio"])
        for row, taken in enumerate(one["predicted"]):
            name = plain.packed.entries[int(own["utterance"][row])].id
            first = int(own["first"][row])
            mel = data.predicted(name)
            assert mel is not None
            want = mel.values[:, first : first + 16] if taken else own["mel"][row]
            np.testing.assert_array_equal(one["mel"][row], want)
        halves = [mixed.batch_at(step, rank=rank, world=2)["predicted"] for rank in (0, 1)]
        np.testing.assert_array_equal(np.concatenate(halves), one["predicted"])
        shares.append(one["predicted"].mean())
    assert 0.35 < np.mean(shares) < 0.65
    other = PredictedData(CorpusData(corpus), tmp_path, SPEC, 0.6).crops(SPEC, frames=16, batch=4, seed=0)
    assert len({mixed.fingerprint, other.fingerprint, plain.fingerprint}) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: np.concatenate([v[:, :1], v[:, :-1]], 1), r"3 × 1 frame late \(12 ms\)"),
        (lambda v: np.concatenate([v[:, 2:], v[:, -2:]], 1), r"3 × 2 frames early \(23 ms\)"),
        (lambda v: v[:, ::-1], "not the mel of its sound"),
        (lambda v: v[:, :-9], "another length than its sound"),
        (lambda v: v / np.log(10), "other values than its sound's"),
        (lambda v: np.full_like(v, -3.0), "not the mel of its sound"),
    ],
)
def test_a_mistake_is_found_by_its_name(corpus: Path, tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        verified(corpus, predictions(corpus, tmp_path, change))


def test_another_hop_is_named(corpus: Path, tmp_path: Path) -> None:
    predictions(corpus, tmp_path, spec=SPEC.replace_quietly(hop_length=300))
    for path in tmp_path.glob("*.mel"):
        np.save(path.with_suffix(".npy"), Mel.load(path).values)
        path.unlink()
    with pytest.raises(TrainingError, match="3 × the hop was 300 samples, not 256"):
        verified(corpus, tmp_path)


def test_another_description_is_named_by_its_fields(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"of another description: .*f_max"):
        verified(corpus, predictions(corpus, tmp_path, spec=SPEC.replace_quietly(f_max=7600.0)))


def test_swapped_names_are_found(corpus: Path, tmp_path: Path) -> None:
    predictions(corpus, tmp_path)
    cut = min(Mel.load(tmp_path / f"{name}.mel").n_frames for name in ("a1", "b1"))
    data = CorpusData(corpus)
    lengths = {entry.id: SPEC.frames(entry.n_samples) for entry in data.packed.entries}
    one, two = (Mel.load(tmp_path / f"{name}.mel").values for name in ("a1", "b1"))
    Mel(np.resize(two[:, :cut].T, (lengths["a1"], 80)).T.copy(), SPEC).save(tmp_path / "a1.mel")
    Mel(np.resize(one[:, :cut].T, (lengths["b1"], 80)).T.copy(), SPEC).save(tmp_path / "b1.mel")
    with pytest.raises(TrainingError, match="2 of 3 predicted mels do not lie on their sounds"):
        verified(corpus, tmp_path)


def test_one_frame_at_the_end_does_no_harm_and_is_said(corpus: Path, tmp_path: Path) -> None:
    data = verified(corpus, predictions(corpus, tmp_path, lambda v: v[:, :-1]))
    assert "one frame longer or shorter" in data.notes[-1]


def test_no_mel_for_any_sound(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no mel belongs to a sound"):
        verified(corpus, tmp_path)
    with pytest.raises(TrainingError, match="is no folder of mels"):
        verified(corpus, tmp_path / "nowhere")


@pytest.mark.parametrize("weight_norm", [False, True])
def test_training_begins_from_the_weights_of_the_checkpoint(corpus: Path, weight_norm: bool) -> None:
    maker = NeuralVocoder.fresh("vocos", SIZES, SPEC, seed=9)
    changes = {**settings_of(maker), "weight_norm": weight_norm}
    one = recipe("spectral_vocoder")
    settings = one.made(changes, base=one.debug)
    with runtime("cpu") as place:
        trainer = Trainer(one.build(settings, CorpusData(corpus)), settings, place)
        put(maker)(trainer)
    mel = np.array(extract(Audio.of(CorpusData(corpus).packed.samples(0), RATE), SPEC).values[None])
    want = maker.runtime.run([mel])
    player = trainer.task.players["generator"]
    with torch.no_grad():
        np.testing.assert_allclose(player(torch.from_numpy(mel)).numpy(), want, atol=1e-5)
        with trainer.average.applied():
            np.testing.assert_allclose(player(torch.from_numpy(mel)).numpy(), want, atol=1e-5)


def test_from_a_vocoder_and_predictions_to_a_better_one(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    NeuralVocoder.fresh("vocos", SIZES, SPEC, seed=9).save(tmp_path / "start.vocoder")
    mels = predictions(corpus, tmp_path / "mels")
    run = tmp_path / "run"
    words = ["train", "vocoder", "--recipe", "spectral_vocoder", "--data", str(corpus), "-o", str(run), "--debug", "--set",
             "steps=4", "--set", "validate_every=2", "--device", "cpu"]  # fmt: skip
    assert main([*words, "--finetune", str(tmp_path / "start.vocoder"), "--mels", str(mels)]) == 0
    said = capsys.readouterr()
    assert "predicted mels for 3 of 3 utterances, verified" in said.err and "predicted" in said.out
    scores = [entry["scores"] for entry in journal.read(run) if entry["kind"] == "validation"]
    assert [set(one) for one in scores] == [{"", "predicted"}] * 2
    assert scores[-1][""]["mel_mae"]["value"] != scores[-1]["predicted"]["mel_mae"]["value"]
    assert vocoder_at(run).family == "vocos"
    shutil.rmtree(run)
    predictions(corpus, mels, lambda v: np.concatenate([v[:, :1], v[:, :-1]], 1))
    assert main([*words, "--finetune", str(tmp_path / "start.vocoder"), "--mels", str(mels)]) == 2
    assert "1 frame late" in capsys.readouterr().err and not run.exists()
