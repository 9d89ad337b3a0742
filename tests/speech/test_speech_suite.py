"""The table of speech: its rows, nulls and intervals, planted failures that are counted, resuming, the command."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.files import write
from melpact.audio.synthetic import speech_like
from melpact.bench.conversion.ears import Usual
from melpact.bench.sound import Sound
from melpact.bench.speech import columns as c
from melpact.bench.speech import detectors as d
from melpact.bench.speech import likeness as whose
from melpact.bench.speech.likeness import likeness
from melpact.bench.speech.pace import duration, fitted
from melpact.bench.speech.saying import NOISE, SHUFFLED, SPEECH, VOCODED, WRONG
from melpact.bench.speech.understood import AGAIN, NOT_UNDERSTOOD, SKIP, Understood
from melpact.bench.speech.variety import variety
from melpact.cli.main import main
from melpact.core.errors import CorpusError, MelpactError
from melpact.features.analysis import extract
from melpact.models.speech.settings import Speaking
from melpact.models.speech.spoken import Part
from melpact.text.sentence import Sentence
from melpact.verbs import speech_suite_making
from melpact.verbs.speech_suite import SpeechReport, speech_suite
from melpact.verbs.speech_suite_failures import REFUSED
from melpact.verbs.speech_suite_material import Sizes
from melpact.vocoders.griffin_lim.vocoder import invert
from speech.letters import LETTER_S, LetterSpeaker

RATE = 22050
SPEC = LetterSpeaker.spec
LETTERS = "abdegklmnoprstu"
FEW = Sizes(sentences=4, failures=4, heard=2, seeds=2, temperatures=(0.0, 0.5, 1.0), top_ps=(0.5, 1.0))
TEXTS = {
    "en": ["a red barn", "must open", "some bread", "ten gold ants", "a lost tent", "green apples"],
    "de": ["rotes gold", "ein alter baum", "sage mir das"],
    "fr": ["la porte bleue"],
}


def spoken(text: str, *, voice: str = "low", seed: int = 0) -> Audio:
    """A recording of a text, without chance."""
    speaker = LetterSpeaker()
    made = speaker(Sentence(text=text), speaker.named(voice), Speaking(temperature=0, seed=seed))
    return invert(made.mel, effort="fast")


@dataclass(frozen=True)
class Toy(Usual):
    """Ears without weights: they read the letters' bumps, and hear where the weight of the spectrum lies."""

    deaf: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list, compare=False)

    def version(self, sense: str) -> str:
        return "toy"

    def missing(self, sense: str) -> str | None:
        return "needs the package nothing: pip install nothing" if sense in self.deaf else None

    def who(self, sound: Sound) -> np.ndarray:
        self.heard.append("who")
        power = np.abs(np.fft.rfft(sound.wave)) ** 2
        parts = np.log(np.array([one.sum() for one in np.array_split(power, 24)]) + 1e-9)
        return np.asarray((parts - parts.mean()) / np.linalg.norm(parts - parts.mean()), np.float32)

    def who_else(self, sound: Sound) -> np.ndarray:
        return self.who(sound)

    def language(self, sound: Sound) -> str:
        return "en"

    def said(self, sound: Sound, language: str) -> str:
        self.heard.append("said")
        mel = extract(Audio.of(sound.at(RATE), RATE), SPEC).values
        size = round(LETTER_S * SPEC.frame_rate_hz)
        speaker, got = LetterSpeaker(), []
        known = {letter: speaker._letter(letter, size, 0.0).mean(axis=1) for letter in LETTERS}
        for at in range(0, mel.shape[1] - size // 2, size):
            mean = mel[:, at : at + size].mean(axis=1)
            got.append(" " if mean.max() < -8 else max(known, key=lambda one: float(np.corrcoef(known[one], mean)[0, 1])))
        return "".join(got)

    def quality(self, sound: Sound) -> float:
        return float(extract(Audio.of(sound.at(RATE), RATE), SPEC).values.std())


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """held/ (recordings with texts, by one or two people a language), voices/ (low, high: folders; alone: one recording)."""
    root = tmp_path_factory.mktemp("rooms")
    lines = ["file|speaker|language|text"]
    (root / "held").mkdir()
    for language, texts in TEXTS.items():
        for i, text in enumerate(texts):
            write(root / "held" / f"{language}{i}.wav", spoken(text), "FLOAT")
            lines.append(f"{language}{i}.wav|{'ann' if i % 2 else 'ben'}|{language}|{text}")
    (root / "held" / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, voice, count in (("low", "low", 3), ("high", "high", 3), ("alone", "high", 1)):
        (root / "voices" / name).mkdir(parents=True)
        for i in range(count):
            said = "bad dogs rest on red sand " + LETTERS[i:8]
            write(root / "voices" / name / f"{i}.wav", spoken(said, voice=voice), "FLOAT")
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.verbs.speech_suite.cache_folder", lambda: tmp_path / "cache")


def suite(rooms: Path, speaker: Any, **more: Any) -> SpeechReport:
    asked: dict[str, Any] = {"sizes": FEW, "jobs": 1, "ears": Toy(), **more}
    return speech_suite([rooms / "held"], [rooms / "voices"], speakers={"own": speaker}, **asked)


@pytest.fixture(scope="module")
def whole(rooms: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SpeechReport, Path]:
    """The whole table of a speaker that makes no mistake, in a folder."""
    root = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("melpact.verbs.speech_suite.cache_folder", lambda: root / "cache")
        return suite(rooms, LetterSpeaker(), out=root / "out"), root / "out"


def test_a_speaker_without_fault_is_understood_as_its_ceiling_is_and_the_nulls_are_far(whole: Any) -> None:
    table = whole[0].table
    own = table.speakers["own"].languages["en"]
    speech, ceiling = own.rows[SPEECH][c.CHARACTERS].value, own.rows[VOCODED][c.CHARACTERS].value
    assert speech is not None and ceiling is not None and speech < 25 and ceiling < 25
    for null in (SHUFFLED, WRONG):
        assert own.rows[null][c.CHARACTERS].value > 60
        assert own.rows[null][c.CHARACTERS].n == 4
    assert own.rows[NOISE][c.OPINION].value is not None


def test_a_language_that_is_not_spoken_is_named_and_costs_nothing_else(whole: Any) -> None:
    one = whole[0].table.speakers["own"]
    assert set(one.languages) == {"en", "de"} and "fr" in one.missing
    assert not any(kept.language == "fr" for kept in whole[0].table.sentences)


def test_the_reference_moves_the_voice(whole: Any) -> None:
    table = whole[0].table
    for alike in table.speakers["own"].likeness:
        rows = {row: score.value for row, score in alike.rows.items()}
        assert rows[whose.WITH] > rows[whose.ANOTHER] and rows[whose.SAME] > rows[whose.OTHERS]
        assert alike.gain is not None and alike.gain.value > 0
    assert set(table.references) >= {"low", "high"}


def test_variety_grows_with_temperature_and_is_nothing_at_zero(whole: Any) -> None:
    by = {one.setting: one for one in whole[0].table.speakers["own"].variety}
    points = {point.value: point for point in by["temperature"].points}
    assert points[0].apart.value == 0 and points[0].same == points[0].of == 4
    assert 0 < points[0.5].apart.value < points[1.0].apart.value
    assert by["temperature"].monotone is True and by["temperature"].rank.value == 1
    assert "same to the bit in 4 of 4" in by["temperature"].words
    # the letters do not read top_p: a setting without an effect must not look as if it had one
    assert {point.apart.value for point in by["top_p"].points} == {by["top_p"].points[0].apart.value}
    assert by["top_p"].rank.value is None and "changes nothing" in by["top_p"].words


def test_a_wrong_language_and_a_monotone_show(whole: Any) -> None:
    own = whole[0].table.speakers["own"].languages
    assert own["en"].rows[SPEECH][c.TONGUE].value == 100 and own["de"].rows[SPEECH][c.TONGUE].value == 0
    assert own["en"].rows[VOCODED][c.TONGUE].n == 4
    flat = d.Heard(Sound(speech_like(3.0, 16000, seed=3, f0_hz=120.0), 16000))
    tone = np.sin(2 * np.pi * 150 * np.arange(48000) / 16000).astype(np.float32)
    assert d.Heard(Sound(Audio.of(tone, 16000), 16000)).melody == pytest.approx(0, abs=0.1)
    assert flat.melody is not None and flat.melody > 0.5


def test_durations_follow_the_letters(whole: Any) -> None:
    own = next(one for one in whole[0].table.speakers["own"].duration if one.language == "en")
    assert own.speech.value is not None and own.speech.value < 20
    assert abs(own.pace.value) < 15


def test_the_files_hold_every_number_and_every_sentence(whole: Any) -> None:
    report, folder = whole
    names = {"speech.html", "speech.json", "speech.md", "scores.csv", "sentences.csv"}
    assert names <= {one.name for one in folder.iterdir()}
    kept = json.loads((folder / "speech.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(report.table.model_dump(mode="json")))
    rows = list(csv.DictReader((folder / "sentences.csv").open(encoding="utf-8")))
    assert len(rows) == len(report.table.sentences)
    assert {row["part"] for row in rows} == {"held out", "reference", "failures"}
    scores = list(csv.DictReader((folder / "scores.csv").open(encoding="utf-8")))
    assert {row["part"] for row in scores} == {"words", "voice", "variety", "duration", "speed", "failures"}
    page = (folder / "speech.html").read_text(encoding="utf-8")
    assert "audio/flac" in page and "What the failures mean" in page and "rank correlation" in page
    assert all((folder / one.file).is_file() for one in report.table.sentences if one.file)


def test_every_score_has_a_value_or_a_reason(whole: Any) -> None:
    one = whole[0].table.speakers["own"]
    for own in one.languages.values():
        for scores in own.rows.values():
            assert all(score.value is not None or score.reason for score in scores.values())


class Broken(LetterSpeaker):
    """Fails at what the guard does not see: every other sentence says its first letters again."""

    fingerprint = "00000000broken00"

    def _frames(self, sentence: Sentence, voice: Any, settings: Speaking, rng: np.random.Generator) -> Iterator[Part]:
        parts = list(super()._frames(sentence, voice, settings.model_copy(update={"temperature": 0.0}), rng))
        if settings.seed % 2:
            parts = parts[:12] + parts[2:]
        yield from parts


def test_planted_failures_are_counted(rooms: Path, tmp_path: Path) -> None:
    lines = ["some old bread turned", "make ten green maps", "a gold button rolled", "no tram runs", "bears eat", "a rug"]
    (tmp_path / "lines.txt").write_text("\n".join(f"en|{one} at dusk" for one in lines), encoding="utf-8")
    sizes = Sizes(sentences=2, failures=6, heard=0, seeds=2, temperatures=(), top_ps=())
    found = suite(rooms, Broken(), text=tmp_path / "lines.txt", sizes=sizes)
    counts = found.table.speakers["own"].failures
    assert counts is not None and counts.cheap[d.LOOP].found == 3 and counts.cheap[d.LOOP].n == 6
    assert counts.cheap[d.SILENT].found == 0 and counts.cheap[d.SILENT].high == pytest.approx(1000 * (1 - 0.05 ** (1 / 6)))
    assert counts.recordings[d.LOOP].found == 0
    assert len(counts.cheap[d.LOOP].examples) == 3


def test_what_a_speaker_refuses_is_a_failure_and_not_the_end(rooms: Path) -> None:
    found = suite(rooms, LetterSpeaker("noise"), sizes=Sizes(sentences=2, failures=3, heard=2, seeds=2))
    one = found.table.speakers["own"]
    assert one.failures is not None and one.failures.cheap[REFUSED].found == 3
    score = one.languages["en"].rows[SPEECH][c.CHARACTERS]
    assert score.value is None and score.reason is not None and "noise" in score.reason
    assert one.languages["en"].rows[VOCODED][c.CHARACTERS].value is not None
    assert found.table.failed


def test_a_second_run_speaks_and_hears_nothing_again(rooms: Path, tmp_path: Path) -> None:
    small = Sizes(sentences=2, failures=2, heard=1, seeds=2, temperatures=(0.0, 1.0), top_ps=())
    first, ears = LetterSpeaker(), Toy()
    one = suite(rooms, first, sizes=small, ears=ears)
    assert first.attempts > 0 and ears.heard
    second, again = LetterSpeaker(), Toy()
    other = suite(rooms, second, sizes=small, ears=again)
    assert second.attempts == 0 and again.heard == []
    assert one.table == other.table


def test_an_interrupted_run_goes_on(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Sizes(sentences=2, failures=2, heard=0, seeds=2, temperatures=(), top_ps=())
    made, calls = speech_suite_making.Studio._make, []

    def stopped(self: Any, asked: Any, *rest: Any) -> Any:
        calls.append(asked)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return made(self, asked, *rest)

    monkeypatch.setattr(speech_suite_making.Studio, "_make", stopped)
    with pytest.raises(KeyboardInterrupt):
        suite(rooms, LetterSpeaker(), sizes=small)
    suite(rooms, LetterSpeaker(), sizes=small)
    asked = {(one.text, one.language, one.reference, one.seed) for one in calls}
    assert len(calls) == 1 + len(asked)


def test_ears_that_are_missing_leave_their_columns_with_the_reason(rooms: Path) -> None:
    small = Sizes(sentences=2, failures=2, heard=2, seeds=2, temperatures=(), top_ps=())
    found = suite(rooms, LetterSpeaker(), sizes=small, ears=Toy(deaf=("said", "who_else")))
    one = found.table.speakers["own"]
    assert set(found.table.unavailable) == {c.CHARACTERS, c.WORDS, c.WHO_ELSE}  # the toy tells languages
    assert "pip install" in str(one.languages["en"].rows[SPEECH][c.CHARACTERS].reason)
    assert one.likeness[0].rows[whose.WITH].value is not None and one.likeness[1].rows[whose.WITH].value is None
    assert one.failures is not None and one.failures.any_understood.n == 0


class Deaf(LetterSpeaker):
    """Takes no reference and reads no setting."""

    reads = ()
    encoder = None  # type: ignore[assignment]
    voices = ()
    fingerprint = "00000000deaf0000"


def test_what_a_speaker_does_not_do_is_said(rooms: Path) -> None:
    found = suite(rooms, Deaf(), sizes=Sizes(sentences=2, failures=0, heard=0, seeds=2))
    one = found.table.speakers["own"]
    assert all("does not read it" in own.reason for own in one.variety)
    assert all("takes no reference" in str(own.rows[whose.WITH].reason) for own in one.likeness)
    assert all(own.rows[whose.SAME].value is not None for own in one.likeness)
    assert one.failures is None and "failures" in one.missing


@pytest.mark.parametrize(
    "sizes", [Sizes(sentences=0), Sizes(failures=-1), Sizes(temperatures=(-1.0,)), Sizes(top_ps=(0.0,)), Sizes(seeds=1)]
)
def test_sizes_that_are_none_are_refused(rooms: Path, sizes: Sizes) -> None:
    with pytest.raises(MelpactError):
        suite(rooms, LetterSpeaker(), sizes=sizes)


def test_nothing_to_speak_is_refused(rooms: Path, tmp_path: Path) -> None:
    with pytest.raises(MelpactError):
        speech_suite([], speakers=[LetterSpeaker()])
    with pytest.raises(CorpusError):
        speech_suite([tmp_path / "nowhere"], speakers=[LetterSpeaker()])
    with pytest.raises(MelpactError, match="no held-out sentence"):
        speech_suite([rooms / "voices"], speakers=[LetterSpeaker()])


def test_sentences_from_a_file(rooms: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("de|rot und gold\n\nsome old bread\n", encoding="utf-8")
    found = suite(rooms, LetterSpeaker(), text=file, sizes=Sizes(sentences=1, failures=9, heard=0, seeds=2, temperatures=()))
    counted = [one for one in found.table.sentences if one.part == "failures"]
    assert [(one.language, one.text) for one in counted] == [("de", "rot und gold"), ("en", "some old bread")]


# the arithmetic


def test_intervals_that_do_not_touch_are_said_and_so_are_those_that_do() -> None:
    rng = np.random.default_rng(0)

    def near(centre: np.ndarray, spread: float) -> np.ndarray:
        made = centre + spread * rng.normal(size=64)
        return np.asarray(made / np.linalg.norm(made), np.float32)

    centres = {f"v{i}": rng.normal(size=64) for i in range(8)}
    mean = sum(centres.values())
    back = {name: [near(one, 0.3) for _ in range(3)] for name, one in centres.items()}
    given = {name: [near(one, 0.3) for _ in range(2)] for name, one in centres.items()}
    right = {name: {str(i): near(one, 0.4) for i in range(3)} for name, one in centres.items()}
    plain = {name: {str(i): near(mean, 0.4) for i in range(3)} for name in centres}
    good = likeness(c.WHO, back, given, {}, right, plain, reasons={})
    assert good.apart == {whose.OTHERS: True, whose.ANOTHER: True, whose.WITHOUT: True} and "do not touch" in good.words
    assert good.gain is not None and good.gain.winner == whose.WITH
    nothing = likeness(c.WHO, back, given, {}, plain, plain, reasons={})
    assert not nothing.apart[whose.WITHOUT] and "touch" in nothing.words
    assert nothing.gain is not None and nothing.gain.winner is None


def test_a_line_through_recordings_beats_their_mean_and_a_slow_speaker_is_slow() -> None:
    rng = np.random.default_rng(1)
    units = {str(i): int(n) for i, n in enumerate(rng.integers(10, 80, 30))}
    recorded = {name: 0.3 + n / 12 * float(np.exp(rng.normal(0, 0.05))) for name, n in units.items()}
    found = duration("en", "letters", units, {name: 1.25 * one for name, one in recorded.items()}, recorded)
    assert found.units_per_s == pytest.approx(12, rel=0.05) and found.start_s == pytest.approx(0.3, abs=0.15)
    assert found.recordings.value < 7 < found.nothing.value
    assert found.pace.value == pytest.approx(-100 * np.log(1.25), abs=3)
    # too few for a line: their mean rate
    assert fitted([10, 20], [1.0, 2.0]).seconds(30) == pytest.approx(3.0)


def test_variety_that_does_not_grow_is_not_called_growing() -> None:
    flat = {value: {str(i): (3.0 + (value == 0.5) * 0.5, 1.0) for i in range(5)} for value in (0.0, 0.5, 1.0)}
    found = variety("temperature", flat, {}, seeds=3)
    assert found.monotone is False and found.rank.value == 0 and "does not grow" in found.words


def test_ratio_to_the_ceiling() -> None:
    four = [(4, 40, 2, 40), (6, 60, 3, 60), (2, 30, 1, 30), (8, 50, 4, 50)]
    score = c.times(four)
    assert score.value == pytest.approx(2.0) and score.low == pytest.approx(2.0) and score.high == pytest.approx(2.0)
    none = c.times([(4, 40, 0, 40), (6, 60, 0, 60)])
    assert none.value is None and "no error" in str(none.reason)
    rare = c.times([(4, 40, 0, 40)] * 9 + [(4, 40, 1, 40)])
    assert rare.value == pytest.approx(40.0) and rare.high is None and rare.low is not None


# the command


def test_the_command(rooms: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    import melpact.verbs.speech_suite as verb

    monkeypatch.setattr(verb, "_open", lambda given: LetterSpeaker())
    monkeypatch.setattr(verb, "Usual", Toy)
    code = main(
        ["evaluate", "--suite", "speech", "--sources", str(rooms / "held"), "--references", str(rooms / "voices"),
         "--with", "my.speech", "--temperatures", "0,1", "--top-ps", "1", "--sentences", "2", "--languages", "en",
         "--failures", "2", "--heard", "1", "-j", "1", "-o", str(tmp_path / "out")]
    )  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0 and "What is understood" in said and "Failures" in said and "my" in said
    assert (tmp_path / "out" / "speech.html").is_file()


@pytest.mark.parametrize(
    "more", [["--targets", "x"], ["--codecs", "opus"], ["--metrics", "stoi"], ["--temperatures", "warm"], ["--top-ps", "2"]]
)
def test_the_command_refuses_what_is_of_others(rooms: Path, more: list[str], capsys: Any) -> None:
    asked = ["evaluate", "--suite", "speech", "--sources", str(rooms / "held"), "--references", str(rooms / "voices")]
    assert main([*asked, *more]) == 2


@pytest.mark.heavy
def test_the_recogniser_and_both_encoders_hear_the_shipped_recordings(tmp_path: Path) -> None:
    from melpact.audio import samples

    ears, files = Usual(), {name: samples.path(name) for name in samples.names()}
    sounds = {name: Sound(samples.load(name), 16000) for name in files}
    if any(ears.missing(sense) for sense in ("said", "who", "who_else")):
        pytest.skip("needs a recogniser and two speaker encoders")
    assert "not in service" in ears.said(sounds["en_noservice"], "en").lower()
    for who in (ears.who, ears.who_else):
        one = {name: who(sound) for name, sound in sounds.items()}
        assert one["en_noservice"] @ one["en_unidentified"] > max(
            one["en_noservice"] @ one["it_noservice"], one["en_noservice"] @ one["ru_nocallback"]
        )


@pytest.mark.heavy
def test_words_that_are_cut_out_or_come_twice_are_told() -> None:
    from melpact.audio import samples

    ears = Usual()
    if ears.missing("said"):
        pytest.skip("needs a recogniser")
    text = "The number you have dialed is not in service. Please check the number and try again."
    wave = samples.load("en_noservice").samples[0]

    def told(made: np.ndarray) -> set[str]:
        said = ears.said(Sound(Audio.of(np.ascontiguousarray(made), 16000), 16000), "en")
        return set(Understood.of(text, said, "en").failures())

    first, last = round(0.5 * 16000), round(1.36 * 16000)  # "you have dialed"
    assert told(wave) == set()
    assert told(np.concatenate([wave[:first], wave[last:]])) == {SKIP}
    # what comes twice the recogniser may leave out: that is what the detector on the sound is for
    twice = np.ascontiguousarray(np.concatenate([wave[:last], wave[first:]]))
    assert AGAIN in told(twice) or d.LOOP in d.found_in(d.Heard(Sound(Audio.of(twice, 16000), 16000)))
    assert told(wave[::-1]) == {NOT_UNDERSTOOD}
