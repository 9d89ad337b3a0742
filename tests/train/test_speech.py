"""From a corpus with texts to a model that speaks: texts, lines, alignments, the one command, and mels for a vocoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("espeakng_loader")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.audio.files import probe, write  # noqa: E402
from melpact.cli.main import main  # noqa: E402
from melpact.contract.dialect import dialect  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import CorpusError, TrainingError  # noqa: E402
from melpact.corpus.manifest import Manifest, Utterance  # noqa: E402
from melpact.corpus.packed import Packed  # noqa: E402
from melpact.corpus.packing import PackWriter  # noqa: E402
from melpact.corpus.texts import FILE, Texts, texts_of, tokenised  # noqa: E402
from melpact.features.analysis import analyse  # noqa: E402
from melpact.models.speech.facts import read as read_speaker  # noqa: E402
from melpact.normalise.band_statistics import Statistics  # noqa: E402
from melpact.text.tokens import SYMBOLS, spoken  # noqa: E402
from melpact.train import checkpoint, journal  # noqa: E402
from melpact.train.alignment import Aligning, Alignment, alignment_of, even  # noqa: E402
from melpact.train.data import CorpusData  # noqa: E402
from melpact.train.export_speech import aligner_of  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.room import CHECKPOINTS, Run, go  # noqa: E402
from melpact.train.spoken import Line, Spoken, cut, fitting, heard, sounding  # noqa: E402
from melpact.train.voiced import Moments, voices_of  # noqa: E402
from train.material import RATE, SLOT, Sayings  # noqa: E402

SPEC = dialect("hifigan_22k").spec
WORDS = ("ma", "ne", "so", "mi", "nu", "se")


def sound(text: str, seed: int) -> np.ndarray:
    """A chord for every token of an Italian text, silence for the others, four to six slots each."""
    rng = np.random.default_rng([seed, 5])
    parts = []
    for symbol in spoken(text, "it").symbol:
        t = np.arange(int(rng.integers(4, 7)) * SLOT) / RATE
        tone = 0.0005 * rng.standard_normal(t.size)
        if SYMBOLS[symbol].isalpha():
            tone += 0.2 * np.sin(2 * np.pi * (200 + 47 * (symbol % 50)) * t)
        parts.append(tone)
    return np.concatenate(parts).astype(np.float32)


def manifest(folder: Path, texts: dict[str, tuple[str, str, str]]) -> Path:
    """A manifest of sounds: name → (text, language, split)."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for seed, (name, (text, language, split)) in enumerate(texts.items()):
        path = folder / f"{name}.wav"
        write(path, Audio.of(sound(text or "ma", seed), RATE), "PCM_16")
        info = probe(path)
        entries.append(
            Utterance(id=name, audio=path.name, sample_rate=RATE, n_samples=info.n_samples, split=split, text=text,
                      speaker="ab"[seed % 2], language=language)
        )  # fmt: skip
    return Manifest(entries, folder).save(folder / "corpus.jsonl")


def sayings(n: int) -> dict[str, tuple[str, str, str]]:
    rng = np.random.default_rng(0)
    made = {}
    for index in range(n):
        text = " ".join("".join(rng.choice(WORDS, 2)) for _ in range(2))
        made[f"s{index}"] = (text, "it", "valid" if index < 3 else "train")
    return made


def packed(folder: Path, texts: dict[str, tuple[str, str, str]]) -> Path:
    known = Manifest.load(manifest(folder, texts))
    writer = PackWriter(folder / "packed", known, RATE)
    for utterance in known:
        writer.put(utterance)
    writer.finish()
    return folder / "packed"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return packed(tmp_path_factory.mktemp("sayings"), sayings(10))


# texts


def test_texts_are_made_once_and_kept_beside_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = packed(tmp_path, {**sayings(4), "q": ("", "it", ""), "x": ("hello", "qqq", ""), "y": ("hello", "", "")})
    corpus = Packed.load(folder)
    made = texts_of(corpus)
    assert (folder / FILE).is_file() and set(made.tokens) == {"s0", "s1", "s2", "s3"}
    np.testing.assert_array_equal(made.tokens["s1"], spoken(sayings(4)["s1"][0], "it").stacked())
    assert "1 of 7 utterances are left out, without a text: q" in made.notes
    assert any("'qqq'" in note and note.endswith(": x") for note in made.notes)
    assert any("without a language: y" in note for note in made.notes)
    monkeypatch.setattr("melpact.corpus.texts.tokenised", lambda *_: pytest.fail("made again"))
    again = texts_of(corpus)
    assert again.fingerprint == made.fingerprint and again.left_out == made.left_out and again.languages == made.languages
    monkeypatch.undo()
    named = texts_of(corpus, "en")
    assert set(named.tokens) - set(made.tokens) == {"y"} and named.languages["y"] == "en"
    assert named.fingerprint != made.fingerprint
    (folder / FILE).write_bytes(b"torn")
    assert texts_of(corpus).fingerprint == made.fingerprint and Texts.load(folder / FILE).said == made.said


def test_other_texts_have_another_fingerprint(tmp_path: Path) -> None:
    texts = sayings(5)
    one = CorpusData(packed(tmp_path / "one", texts)).read_fingerprint
    other = CorpusData(packed(tmp_path / "other", {**texts, "s4": ("ma ma", "it", "train")})).read_fingerprint
    assert one != other == CorpusData(tmp_path / "other" / "packed").read_fingerprint


def test_a_corpus_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no utterance can be read.*without a text: a, b.*wanted a text and a language"):
        tokenised(Packed.load(packed(tmp_path, {"a": ("", "it", ""), "b": (" ", "it", "")})))


# lines


def test_a_sound_is_cut_at_frames_where_it_is_quiet() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[8000:12000] = 0.1 * np.sin(np.arange(4000))
    found = cut(samples, SPEC)
    assert found.first % 256 == 0 and 8000 - 0.08 * RATE - 256 - 221 < found.first <= 8000 - 0.08 * RATE
    assert 12000 + 0.12 * RATE - 221 <= found.last <= 12000 + 0.12 * RATE + 221
    assert found.gain == pytest.approx(4.0) and np.abs(sounding(samples, SPEC)).max() == pytest.approx(0.4, abs=0.01)
    assert cut(3 * samples, SPEC).gain == pytest.approx(0.5 / 0.3, rel=0.01)
    assert cut(np.zeros(9, np.float32), SPEC).gain == 1


def test_batches_are_pure_functions_of_seed_and_step_and_come_in_parts() -> None:
    data = Sayings()
    made = [
        Spoken(data.lines(), SPEC, batch=4, seed=seed, most_frames=200, fingerprint="x",
               extra=lambda index, rng: {"drawn": rng.random(3)})
        for seed in (0, 0, 1)
    ]  # fmt: skip
    one, same, other = (source.batch_at(17) for source in made)
    assert made[0].fingerprint == made[1].fingerprint != made[2].fingerprint
    assert all(np.array_equal(one[key], same[key]) for key in one) and not np.array_equal(one["line"], other["line"])
    halves = [made[0].batch_at(17, rank=rank, world=2) for rank in (0, 1)]
    for key, value in one.items():
        np.testing.assert_array_equal(np.concatenate([half[key] for half in halves]), value)
    row = int(one["line"][1])
    line = made[0].lines[row]
    mel = heard(line, SPEC)
    np.testing.assert_array_equal(one["mel"][1, :, : mel.shape[1]], mel)
    assert one["frames"][1] == mel.shape[1] and mel.shape[1] % 4 == 0 and (one["step"] == 17).all()
    assert (one["mel"][1, :, mel.shape[1] :] == 0).all()
    np.testing.assert_array_equal(one["tokens"][1, :, : one["n_tokens"][1]], line.tokens)
    lengths = [np.ptp(made[0].batch_at(step)["frames"]) for step in range(16)]
    spread = np.ptp([heard(line, SPEC).shape[1] for line in made[0].lines])
    assert np.mean(lengths) < 0.5 * spread


def test_lines_that_cannot_be_are_left_out_by_name() -> None:
    line = Sayings().line(0)
    crowded = Line("crowded", "a", "en", np.zeros((5, 500), np.int64), line.n_samples, line.samples)
    kept, notes = fitting([line, crowded], SPEC, 400)
    assert [one.name for one in kept] == ["saying0"] and "shorter than their text can be: crowded" in notes[0]
    with pytest.raises(TrainingError, match=r"nothing to train on.*longer than 9 frames"):
        fitting([line], SPEC, 9)


def test_voices_are_heard_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, path = Sayings().lines(), tmp_path / "voices"
    made = voices_of(lines, Moments(), SPEC, "x", path)
    assert set(made.vectors) == {"a", "b"}
    assert all(np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5) for one in made.vectors.values())
    monkeypatch.setattr(Moments, "embedded", lambda *_: pytest.fail("heard again"))
    again = voices_of(lines, Moments(), SPEC, "x", path)
    assert np.array_equal(again.vectors["a"], made.vectors["a"]) and again.fingerprint == made.fingerprint
    assert np.linalg.norm(made.of(lines[0], None)) == pytest.approx(16, rel=1e-4)


# alignments


class Known(torch.nn.Module):
    """An aligner that knows what every token sounds like: the mean of its slots in sayings whose durations are known."""

    def __init__(self, data: Sayings, statistics: Statistics) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))
        self.own = Aligning(self, SPEC, statistics)
        found: dict[int, list[torch.Tensor]] = {}
        for index, line in enumerate(data.lines()):
            owner = np.repeat(np.arange(line.tokens.shape[1]), data.made[index][1])
            seen = self.slots(line)
            for slot, token in enumerate(owner[cut(line.samples(), SPEC).first // SLOT :][: len(seen)]):
                found.setdefault(int(line.tokens[0, token]), []).append(seen[slot])
        self.sounds = {symbol: torch.stack(rows).mean(0) for symbol, rows in found.items()}

    def slots(self, line: Line) -> torch.Tensor:
        mel = torch.from_numpy(heard(line, SPEC))[None]
        return self.own.given(mel, torch.tensor([mel.shape[2]]))[0].unflatten(1, (-1, 2)).mean(2).T

    def forward(self, mel: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        frames = mel.unflatten(2, (-1, 2)).mean(3).transpose(1, 2)
        wanted = torch.stack([torch.stack([self.sounds[int(symbol)] for symbol in row[0]]) for row in tokens])
        return -0.05 * torch.cdist(frames, wanted) ** 2


def test_durations_are_those_that_were_put_in() -> None:
    """Where the aligner knows the sounds, tokens end where they were put, to a slot; evenly spread ones do not."""
    data = Sayings(12)
    statistics = Statistics.measure([heard(line, SPEC) for line in data.lines()], SPEC)
    made = alignment_of(Known(data, statistics).own, data.lines(), data.read_fingerprint, {})
    flat = even(data.lines(), SPEC, data.read_fingerprint)
    errors: dict[str, list[float]] = {"found": [], "even": []}
    for index, line in enumerate(data.lines()):
        true = np.cumsum(data.made[index][1])[:-1] - cut(line.samples(), SPEC).first // SLOT
        same = line.tokens[0, 1:] == line.tokens[0, :-1]
        for name, one in (("found", made), ("even", flat)):
            errors[name] += np.abs(np.cumsum(one.durations[line.name])[:-1] - true)[~same].tolist()
    assert np.mean(errors["found"]) < 0.8 and np.mean(errors["even"]) > 1
    assert all(flat.durations[name].sum() == lasts.sum() for name, lasts in made.durations.items())


def test_an_aligner_learns_which_text_is_said(tmp_path: Path) -> None:
    """150 steps on chords: held-out texts cost much less than others do, and that is said."""
    torch.set_num_threads(1)
    data = Sayings(24)
    changes = {"steps": 150, "optimiser.lr": 3e-3, "fade_steps": 75, "validate_every": 150, "save_every": 150}
    run = Run("aligner", recipe("aligner").made(changes, base=recipe("aligner").debug), "x")
    ended = go(run, tmp_path, data, device="cpu")
    assert ended.scores is not None
    assert ended.scores["held out"]["alignment_cost"]["skill"] > 0.3
    said = [entry for entry in journal.read(tmp_path) if entry["kind"] == "teaching"]
    assert said[-1]["verdict"] == "learning"
    own, _ = aligner_of(checkpoint.kept(tmp_path / CHECKPOINTS)[-1].path)
    line = data.lines()[0]
    mine, other = own.seen(line), own.seen(line, data.lines()[1].tokens)
    assert mine is not None and other is not None and mine.cost < 0.8 * other.cost


# the one command


def changed(steps: int) -> list[str]:
    names = ("steps", "aligner.steps", "save_every", "aligner.save_every", "validate_every", "aligner.validate_every")
    fixed = ("segment_frames=400", "aligner.segment_frames=400", "batch_size=2", "adversarial_from=1")
    settings = [*(f"{name}={steps}" for name in names), *fixed]
    return [word for setting in settings for word in ("--set", setting)]


def test_from_a_manifest_to_a_speaker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(tmp_path, {**sayings(9), "silent": ("", "it", ""), "odd": ("hello", "qqq", "")})
    with open(path, "a", encoding="utf-8") as file:
        file.write(
            '{"id": "torn", "audio": \n{"id":"gone","audio":"gone.wav","sample_rate":22050,"n_samples":9000,"text":"ma"}\n'
        )
    run = tmp_path / "run"
    command = ["train", "speech", "--data", str(path), "-o", str(run), "--debug", "--device", "cpu", *changed(2)]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert "line 13: is not JSON" in err and "silent" in err and "gone" in err and "'qqq'" in err
    assert "taught_mae" in out and "alignment_cost" in out and "explained after a line per band" in out
    assert (run / "packed" / "index.json").is_file() and (run / "corpus.alignment").is_file()
    assert len(list((run / "pictures").glob("*.png"))) == 2 and len(list((run / "aligner" / "pictures").glob("*.png"))) == 2
    alignment = Alignment.load(run / "corpus.alignment")
    assert set(alignment.durations) == set(sayings(9))
    before = (run / "corpus.alignment").stat().st_mtime_ns
    assert main([*command, "-q"]) == 0
    assert main(["train", "resume", str(run), "--set", "steps=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 3
    assert (run / "corpus.alignment").stat().st_mtime_ns == before
    assert main([*command, "--set", "seed=3"]) == 2
    assert "there is another run already" in capsys.readouterr().err
    assert main(["train", "export", str(run), "-o", str(tmp_path / "my.speech"), "-q"]) == 0
    facts, _ = read_speaker(tmp_path / "my.speech")
    assert dict(facts.languages) == {"it": "it"} and str(tmp_path) not in json.dumps(dict(facts.provenance))
    assert main(["train", "export", str(run / "aligner"), "-o", str(tmp_path / "x.alignment"), "-q"]) == 0
    assert Alignment.load(tmp_path / "x.alignment").durations.keys() == alignment.durations.keys()

    other = tmp_path / "tuned"
    words = ["train", "speech", "--data", str(run / "packed"), "-o", str(other), "--debug", "--device", "cpu", "-q"]
    assert main([*words, "--finetune", str(tmp_path / "my.speech"), *changed(1), "--set", "optimiser.lr=1e-9"]) == 0
    assert main(["train", "export", str(other), "-o", str(tmp_path / "tuned.speech"), "-q"]) == 0
    tuned, weights = read_speaker(tmp_path / "tuned.speech")
    begun = read_speaker(tmp_path / "my.speech")[1]
    np.testing.assert_allclose(weights["prior.out"], begun["prior.out"], atol=2e-3)
    np.testing.assert_array_equal(tuned.statistics.mean, facts.statistics.mean)

    voc = tmp_path / "voc"
    words = ["train", "vocoder", "--recipe", "spectral_vocoder", "--data", str(run / "packed"), "-o", str(voc), "--debug"]
    short = ["--set", "steps=2", "--set", "save_every=2", "--set", "validate_every=2", "--device", "cpu"]
    assert main([*words, *short, "--speech", str(run), "--set", "predicted_ratio=1.0", "--json"]) in (0, 2)
    mels = sorted((voc / "mels").glob("*.mel"))
    assert {mel.stem for mel in mels} == set(alignment.durations)
    corpus = CorpusData(run / "packed")
    for line in corpus.lines():
        true = analyse(line.samples(), SPEC)[0]
        assert Mel.load(voc / "mels" / f"{line.name}.mel").values.shape == true.shape


def test_forced_mels_lie_in_their_place(corpus: Path, tmp_path: Path) -> None:
    """A model that gives back what it was given: its mel is that of the whole sound, but for the edges of the cut."""
    from melpact.train.forced import laid

    class Facts:
        spec = SPEC
        statistics = Statistics(*(np.full(80, value, np.float32) for value in (0, 1, -11.6, 5)))

    line = CorpusData(corpus).lines()[0]
    samples = np.concatenate([np.zeros(5000, np.float32), 0.3 * line.samples(), np.zeros(4000, np.float32)])
    moved = Line("x", "", "it", line.tokens, samples.size, lambda: samples)
    assert cut(samples, SPEC).gain > 1.5 and cut(samples, SPEC).first > 2000
    made, true = laid(heard(moved, SPEC), moved, Facts()), analyse(samples, SPEC)[0]
    first = cut(samples, SPEC).first // 256
    inner = slice(first + 4, first + heard(moved, SPEC).shape[1] - 4)
    loud = true[:, inner] > -8
    assert made.shape == true.shape and np.abs(made - true)[:, inner][loud].max() < 0.02
    np.testing.assert_array_equal(made[:, : first - 4], true[:, : first - 4])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speech"], "speech needs --data MANIFEST or PACKED"),
        (["speech", "--data", "x"], "speech needs -o DIR"),
        (["speech", "--data", "nowhere.jsonl", "-o", "y"], "is not a corpus manifest"),
        (["speech", "--data", "x", "-o", "y", "--recipe", "aligner"], "is a recipe of a aligner"),
        (["speech", "--data", "x", "-o", "y", "--speech", "z"], "--speech is for vocoders"),
        (["speech", "--data", "x", "-o", "y", "--finetune", "nowhere.speech"], "nowhere.speech"),
        (["speech", "--data", "x", "-o", "y", "--set", "aligner.stepz=3"], "there is no setting 'stepz'"),
        (["aligner", "--data", "x", "-o", "y", "--finetune", "z"], "aligners begin afresh"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_manifest_without_texts_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(tmp_path, {"a": ("", "it", ""), "b": ("", "it", "")})
    assert main(["train", "speech", "--data", str(path), "-o", str(tmp_path / "run"), "--debug"]) == 2
    assert "no utterance says what is spoken; got 2 utterances, all with an empty text" in capsys.readouterr().err
