"""`melpact train`: from a packed corpus to a vocoder's file on the command line, and what it says to mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.audio.files import probe, read, write  # noqa: E402
from melpact.cli.main import main  # noqa: E402
from melpact.core.errors import CorpusError, TrainingError  # noqa: E402
from melpact.corpus.manifest import Manifest, Utterance, file_hash  # noqa: E402
from melpact.corpus.packing import PackWriter  # noqa: E402
from melpact.models.refine.facts import read as read_refiner  # noqa: E402
from melpact.train import journal  # noqa: E402
from melpact.train.data import CorpusData  # noqa: E402
from train.material import RATE, tone  # noqa: E402


def packed(folder: Path, sounds: dict[str, tuple[float, str]], rate: int = RATE) -> Path:
    """A packed corpus of tones: name → (seconds, split)."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for seed, (name, (seconds, split)) in enumerate(sounds.items()):
        path = folder / f"{name}.wav"
        write(path, Audio.of(tone(seed, seconds), RATE), "PCM_16")
        info = probe(path)
        entries.append(
            Utterance(id=name, audio=path.name, sample_rate=info.sample_rate, n_samples=info.n_samples, split=split,
                      speaker=name[0], language="en" if seed % 2 else "de", sha256=file_hash(path))
        )  # fmt: skip
    manifest = Manifest(entries, folder)
    writer = PackWriter(folder / "packed", manifest, rate)
    for utterance in manifest:
        writer.put(utterance)
    writer.finish()
    return folder / "packed"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    sounds = {"a1": (1.0, "train"), "a2": (0.1, "train"), "b1": (1.2, "valid"), "c1": (0.8, "valid"), "d1": (1.0, "test")}
    return packed(tmp_path_factory.mktemp("corpus"), sounds)


SHORT = ["--debug", "--set", "steps=4", "--set", "save_every=2", "--set", "validate_every=4", "--device", "cpu"]


def test_from_a_corpus_to_a_sound(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path / "run")
    command = ["train", "vocoder", "--recipe", "spectral_vocoder", "--data", str(corpus), *SHORT]
    assert main([*command, "--dry-run", "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert sheet["batch"]["audio"] == [4, 4096] and sheet["steps"] == 4 and sheet["total_bytes"] > 0
    assert not Path(run).exists()
    assert main([*command, "--dry-run"]) == 0
    assert "parameters of generator" in capsys.readouterr().out
    assert main([*command, "-o", run]) == 0
    out = capsys.readouterr().out
    assert "null" in out and "ceiling" in out and "mel_mae" in out
    assert main([*command, "-o", run]) == 2
    assert "there is a run already" in capsys.readouterr().err
    assert main(["train", "resume", run, "--set", "steps=6", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["step"] == 6 and Path(report["last"]).is_file()
    assert set(report["scores"][""]["mel_mae"]) >= {"value", "null", "ceiling", "skill"}
    kinds = [(entry["step"], entry["kind"]) for entry in journal.read(Path(run))]
    assert [kind for kind in kinds if kind[1] != "losses"] == [
        (0, "process"),
        (4, "validation"),
        (4, "process"),
        (6, "validation"),
    ]
    made = str(tmp_path / "x.vocoder")
    assert main(["train", "export", run, "-o", made, "--which", "last", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 6
    assert main(["extract", str(corpus.parent / "b1.wav"), "-o", str(tmp_path / "b1.mel"), "-d", "hifigan_22k"]) == 0
    assert main(["vocode", str(tmp_path / "b1.mel"), "-o", str(tmp_path / "b1.wav"), "--with", made]) == 0
    sound = read(tmp_path / "b1.wav")
    assert sound.sample_rate == RATE and abs(sound.duration_s - 1.2) < 0.02 and sound.peak > 0


def test_from_a_corpus_to_a_refined_mel(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, many, made = (str(tmp_path / name) for name in ("one", "many", "x.refiner"))
    assert main(["train", "refiner", "--recipe", "refiner_cnn", "--data", str(corpus), *SHORT, "-o", one]) == 0
    out = capsys.readouterr().out
    assert "clean" in out and "wrong_gain" in out and "null" in out and "one.refiner" in out
    command = ["train", "refiner", "--recipe", "refiner_diffusion", "--data", str(corpus), *SHORT]
    assert main([*command, "--finetune", one, "--set", "optimiser.lr=1e-9", "-o", many, "-q"]) == 0
    assert main(["train", "export", many, "-o", made]) == 0
    assert "melpact refine" in capsys.readouterr().out
    assert main(["train", "export", one, "-o", str(tmp_path / "one.refiner"), "-q"]) == 0
    before, after = (read_refiner(tmp_path / name)[1] for name in ("one.refiner", "x.refiner"))
    np.testing.assert_allclose(after["out.weight"], before["out.weight"], atol=1e-6)
    assert np.abs(after["stem.weight"][:, 0]).max() < 1e-6 < np.abs(before["stem.weight"][:, 0]).max()
    np.testing.assert_allclose(after["stem.weight"][:, 1], before["stem.weight"][:, 1], atol=1e-6)


def test_recipes_are_listed_with_their_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "recipes", "--json"]) == 0
    assert [sheet["name"] for sheet in json.loads(capsys.readouterr().out)] == [
        "aligner",
        "codec",
        "content",
        "converter",
        "hifigan",
        "mel_vae",
        "melpact_small",
        "refiner_cnn",
        "refiner_diffusion",
        "spectral_vocoder",
        "speech",
    ]
    assert main(["train", "recipes", "hifigan"]) == 0
    out = capsys.readouterr().out
    assert "discriminator_optimiser.lr" in out and "matching_weight" in out and "ema_decay: of the averaged" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vocoder", "--data", "x"], "vocoder needs --recipe NAME"),
        (["vocoder", "--recipe", "hifigan"], "vocoder needs --data DIR"),
        (["vocoder", "--recipe", "hifigan", "--data", "nowhere"], "vocoder needs -o DIR"),
        (
            ["vocoder", "--recipe", "wavenet", "--data", "nowhere", "-o", "y"],
            "there is no recipe 'wavenet'; wanted one of aligner, codec, content, converter, hifigan",
        ),
        (["vocoder", "--recipe", "hifigan", "--data", "nowhere", "-o", "y"], "is not a packed corpus"),
        (["vocoder", "--recipe", "hifigan", "--data", "x", "-o", "y", "--set", "step=3"], "Nearest: steps"),
        (["resume"], "resume needs DIR"),
        (["resume", "nowhere"], "not the folder of a training run"),
        (["export", "nowhere", "-o", "x.vocoder"], "holds no whole checkpoint"),
        (["export", "nowhere", "-o", "x.wav"], "says no kind of file"),
        (["recipes", "wavenet"], "there is no recipe"),
        (["refiner", "--recipe", "hifigan", "--data", "x", "-o", "y"], "is a recipe of a vocoder"),
        (["vocoder", "--recipe", "refiner_cnn", "--data", "x", "-o", "y"], "is a recipe of a refiner"),
        (["refiner", "--recipe", "refiner_cnn", "--data", "x", "-o", "y", "--mels", "z"], "--mels is for vocoders"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_there(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "vocoder", "--recipe", "spectral_vocoder", "--data", str(corpus), "-o", str(tmp_path / "r"), "--debug"]
    assert main([*words, "--device", "cuda:77"]) == 2
    assert "there is no such device here" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


# the data


def test_test_utterances_are_never_seen_and_validation_is_fixed(corpus: Path) -> None:
    from melpact.contract.dialect import dialect

    data = CorpusData(corpus)
    assert [name for name, _ in data.validation(9)] == [name for name, _ in CorpusData(corpus).validation(9)]
    assert {name for name, _ in data.validation(9)} == {"b1", "c1"} and len(data.validation(1)) == 1
    crops = data.crops(dialect("hifigan_22k").spec, frames=16, batch=4, seed=0)
    assert {entry.id for entry in crops.packed.entries} == {"a1", "a2"}
    assert data.notes == ()


def test_without_a_split_some_are_held_out(tmp_path: Path) -> None:
    data = CorpusData(packed(tmp_path, {name: (0.5, "") for name in ("a", "b", "c")}))
    assert len(data.validation(9)) == 1 and "1 of 3 are held out" in data.notes[0]
    (held, audio), = data.validation(9)  # fmt: skip
    np.testing.assert_allclose(audio.samples[0], tone("abc".index(held), 0.5), atol=1 / 32768)


def test_of_eight_and_more_two_are_held_out_so_that_they_can_be_held_against_each_other(tmp_path: Path) -> None:
    eight = CorpusData(packed(tmp_path / "eight", {name: (0.5, "") for name in "abcdefgh"}))
    seven = CorpusData(packed(tmp_path / "seven", {name: (0.5, "") for name in "abcdefg"}))
    assert (len(eight.validation(9)), len(seven.validation(9))) == (2, 1)


def test_corpora_that_cannot_be_trained_on(tmp_path: Path) -> None:
    from melpact.contract.dialect import dialect

    spec = dialect("hifigan_22k").spec
    with pytest.raises(TrainingError, match="nothing to train on"):
        CorpusData(packed(tmp_path / "one", {"a": (0.5, "")}))
    short = CorpusData(packed(tmp_path / "short", {"a": (0.3, "train"), "b": (0.2, "valid")}))
    with pytest.raises(TrainingError, match=r"no utterance is as long.*0\.30 s at most.*--set segment_frames=25"):
        short.crops(spec, frames=32, batch=2, seed=0)
    with pytest.raises(CorpusError, match="two rates"):
        short.crops(dialect("vocos_24k").spec, frames=4, batch=2, seed=0)
    with pytest.raises(CorpusError):
        CorpusData(tmp_path)


def test_changed_sounds_are_noticed(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = packed(tmp_path, {"a": (0.5, "train"), "b": (0.4, "valid")})
    run = str(tmp_path / "run")
    words = ["train", "vocoder", "--recipe", "spectral_vocoder", "--data", str(data), "-o", run, *SHORT, "-q"]
    assert main(words) == 0
    packed(tmp_path, {"a": (0.6, "train"), "b": (0.4, "valid")})
    assert main(["train", "resume", run, "--set", "steps=6", "-q"]) == 2
    assert "the data is not that of the checkpoint any more" in capsys.readouterr().err


def test_a_content_encoder_from_a_corpus_and_what_was_heard_in_it(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from melpact.models.convert.content import listener
    from melpact.train.taught import Teacher

    sounds = CorpusData(corpus).packed
    rng = np.random.default_rng(0)
    heard = {
        entry.id: rng.normal(size=(int(50 * entry.n_samples / RATE) + 1, 6)).astype(np.float16)
        for entry in sounds.entries
        if entry.id in ("a1", "b1")
    }
    teacher = Teacher(sounds.fingerprint, 50.0, np.eye(9, 6, dtype=np.float32), heard).save(tmp_path / "x.teacher")
    run = str(tmp_path / "run")
    command = ["train", "content", "--recipe", "content", "--data", str(corpus), *SHORT, "--set", f"teacher={teacher}"]
    assert main([*command, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["batch"]["wanted"] == [4, 6, 16]
    assert main([*command, "-o", run, "--mels", "x"]) == 2
    assert main([*command, "-o", run, "-q"]) == 0
    assert main(["train", "export", run, "-o", str(tmp_path / "x.content"), "-q"]) == 0
    made = listener(tmp_path / "x.content")
    assert made.size == 6 and str(tmp_path) not in json.dumps(dict(made.provenance))
    assert main(["train", "refiner", "--recipe", "content", "--data", str(corpus), "-o", str(tmp_path / "other")]) == 2
    assert "recipe of a content" in capsys.readouterr().err
