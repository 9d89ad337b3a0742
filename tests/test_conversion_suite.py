"""The table of conversions: what is paired with what, its numbers, what a broken converter costs, resuming, the command."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.synthetic import speech_like
from melpact.bench.cache import Found
from melpact.bench.conversion import columns as c
from melpact.bench.conversion import ears as h
from melpact.bench.conversion import hearing
from melpact.bench.conversion.ears import Usual
from melpact.bench.conversion.material import Clip, Conversion, TargetVoice, chosen, split
from melpact.bench.conversion.observations import MOVED, OTHER, SAME, SOURCE, VOCODED, Heard, Made, observed, wanted
from melpact.bench.conversion.table import ConversionTable
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.core.errors import ContractError, CorpusError, MelpactError
from melpact.features.analysis import extract
from melpact.models.convert.base import Converter
from melpact.models.convert.opening import METHODS
from melpact.models.convert.statistics import StatisticsConverter
from melpact.verbs import conversion_making
from melpact.verbs.conversion_material import Seen, clips, convertible, ready
from melpact.verbs.conversion_methods import methods_of, parsed, usual
from melpact.verbs.conversion_suite import ConversionReport, conversion_suite

RATE = 22050
SPEC = dialect("hifigan_22k").spec
VOICES = {"ann": (190.0, 1), "ben": (110.0, 2), "cat": (230.0, 3), "dan": (130.0, 4), "twin": (190.0, 1)}
"""Speaker → pitch, Hz, and the number of a colour."""


def say(speaker: str, sentence: int, seconds: float = 1.7) -> Audio:
    """A sentence in a voice: the same sounds for everybody, at the speaker's pitch and with the speaker's colour."""
    f0_hz, colour = VOICES[speaker]
    wave = speech_like(seconds, RATE, seed=sentence, f0_hz=f0_hz).samples[0]
    place = np.linspace(0, 1, 1 + wave.size // 2) ** 0.5
    gain = sum(a * np.cos(np.pi * k * place) for k, a in enumerate(np.random.default_rng(colour).normal(0, 1.2, 9), 2))
    made = np.fft.irfft(np.fft.rfft(wave) * np.exp(gain), wave.size)
    return Audio.of((0.4 * made / np.abs(made).max()).astype(np.float32), RATE)


def mel_of(sound: Sound) -> np.ndarray:
    return extract(Audio.of(sound.at(RATE), RATE), SPEC).values.astype(np.float64)


@dataclass(frozen=True)
class Toy(Usual):
    """Ears without weights: the mean mel is the voice, where its weight lies the letters, its spread the quality."""

    deaf: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list, compare=False)

    def version(self, sense: str) -> str:
        return "toy"

    def missing(self, sense: str) -> str | None:
        return "needs the package nothing: pip install nothing" if sense in self.deaf else None

    def who(self, sound: Sound) -> np.ndarray:
        self.heard.append("who")
        mel = mel_of(sound)
        mean = mel[:, mel.mean(axis=0) > mel.mean()].mean(axis=1)
        return np.asarray((mean - mean.mean()) / np.linalg.norm(mean - mean.mean()), np.float32)

    def language(self, sound: Sound) -> str:
        self.heard.append("language")
        return "it"

    def said(self, sound: Sound, language: str) -> str:
        self.heard.append("said")
        mel = mel_of(sound)[:, ::8]
        loud = mel.mean(axis=0) > mel.mean()
        rough = np.exp(mel[:, loud] - mel[:, loud].mean(axis=1, keepdims=True))
        return "".join("abcdefgh"[band] for band in np.argmax(rough.reshape(8, 10, -1).mean(axis=1), axis=0)) or "x"

    def quality(self, sound: Sound) -> float:
        return float(mel_of(sound).std())


@dataclass(eq=False)
class Own(Converter):
    """Whatever a function makes of the raw mel; says how often it was asked."""

    work: Callable[[np.ndarray], np.ndarray]
    name: str = "own"
    calls: list[int] = field(default_factory=list)
    stop_at: int | None = None
    method = "own"

    @property
    def title(self) -> str:
        return self.name

    @property
    def fingerprint(self) -> str:
        return f"own {self.name}"

    def _convert(self, given: Any, *rest: Any) -> Any:
        self.calls.append(given.shape[1])
        if self.stop_at is not None and len(self.calls) > self.stop_at:
            raise KeyboardInterrupt
        return np.asarray(self.work(given), np.float32)


def same(given: np.ndarray) -> np.ndarray:
    return given


def broken(given: np.ndarray) -> np.ndarray:
    """Bands and frames in another order."""
    rng = np.random.default_rng(0)
    return given[rng.permutation(given.shape[0])][:, rng.permutation(given.shape[1])]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sources/ (ann with right texts, ben without), targets/ (cat, dan: folders), songs/ (ann)."""
    root = tmp_path_factory.mktemp("rooms")
    lines = {"ann": ["file|speaker|language|text"], "ben": ["file|speaker|language|text"]}
    for speaker, rows in lines.items():
        folder = root / "sources" / speaker
        folder.mkdir(parents=True)
        for sentence in (1, 2, 3):
            sound = say(speaker, sentence)
            write(folder / f"{speaker}{sentence}.wav", sound, "FLOAT")
            text = Toy().said(Sound(sound, RATE), "en") if speaker == "ann" else ""
            rows.append(f"{speaker}{sentence}.wav|{speaker}|{'en' if speaker == 'ann' else ''}|{text}")
        (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for speaker, first in (("cat", 20), ("dan", 40)):
        folder = root / "targets" / speaker
        folder.mkdir(parents=True)
        for sentence in range(first, first + 5):
            write(folder / f"{sentence}.wav", say(speaker, sentence), "FLOAT")
    (root / "songs" / "ann").mkdir(parents=True)
    write(root / "songs" / "ann" / "song.wav", say("ann", 60), "FLOAT")
    return root


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.verbs.conversion_suite.cache_folder", lambda: tmp_path / "cache")


def suite(rooms: Path, methods: Any, **more: Any) -> ConversionReport:
    asked: dict[str, Any] = {"pairs": 3, "songs": 0, "jobs": 1, "ears": Toy(), "baseline": next(iter(methods)), **more}
    return conversion_suite([rooms / "sources"], [rooms / "targets"], methods=methods, **asked)


def quiet(table: ConversionTable) -> dict[str, Any]:
    """All of it but what depends on the clock or on where it lies."""
    told = json.loads(json.dumps(table.model_dump(mode="json")))
    for group in told["groups"]:
        for scores in group["rows"].values():
            del scores["speed"]
        group["differences"] = [one for one in group["differences"] if one["metric"] != "speed"]
    for one in told["pairs"]:
        del one["files"]
        for values in one["values"].values():
            values.pop("speed", None)
    return dict(told)


# what is paired with what


def clip(name: str, speaker: str = "a", text: str = "", seconds: float = 3.0, seen: bool | None = None) -> Clip:
    return Clip(name, Path(f"{name}.wav"), speaker, "en", text, seconds, seen=seen)


@pytest.mark.parametrize("count", [2, 3, 5, 14, 40])
@pytest.mark.parametrize("reference_s", [1.0, 9.0, 120.0])
def test_what_converters_are_given_and_what_is_kept_back_never_overlap(count: int, reference_s: float) -> None:
    every = [clip(str(i), text="a" * (i + 1), seconds=1.0 + i % 5) for i in range(count)]
    found = split("a", every, reference_s, 6, frozenset({"a", "aaaaaaaa"}))
    assert isinstance(found, TargetVoice) and found.reference and found.others
    assert not set(found.reference) & set(found.others)
    assert found.reference_s <= reference_s or len(found.reference) == 1
    assert len(found.others) >= min(6, count // 2) - 1
    if count > 3:
        assert {"0", "7"} & {one.id for one in every} <= {one.id for one in found.others}


def test_one_recording_makes_no_target() -> None:
    found = split("a", [clip("x")], 120.0, 6)
    assert isinstance(found, str) and "1 recording" in found


def test_pairs_are_spread_over_targets_and_speakers_and_nobody_meets_himself() -> None:
    sources = {who: [clip(f"{who}{i}", who, f"text {i}") for i in range(3)] for who in ("a", "b", "c", "t1")}
    first = TargetVoice("t1", (clip("r", "t1"),), (clip("o", "t1", "Text, 2!"),))
    targets = [first, TargetVoice("t2", (clip("r2", "t2"),), ())]
    found = chosen(sources, targets, 12, "speech")
    assert len(found) == len({(one.source.id, one.target.name) for one in found}) == 12
    assert all(one.source.speaker != one.target.name for one in found)
    assert [sum(one.target.name == t for one in found) for t in ("t1", "t2")] == [6, 6]
    counts = [sum(one.source.speaker == who for one in found) for who in sources]
    assert max(counts) - min(counts) <= 2 and min(counts) >= 2
    parallel = [one for one in found if one.parallel]
    assert len(parallel) == 3 and all(one.source.id[1:] == "2" and one.target.name == "t1" for one in parallel)
    assert [one.name for one in chosen(sources, targets, 12, "speech")] == [one.name for one in found]
    assert len(chosen(sources, targets, 99, "speech")) == 3 * 3 * 2 + 3  # every one, once


def test_speakers_are_those_of_the_list_the_folder_or_a_manifest(rooms: Path, tmp_path: Path) -> None:
    found = clips([rooms / "sources", rooms / "targets"], Seen.of(["ann,cat"]))
    assert {who: len(own) for who, own in found.speakers.items()} == {"ann": 3, "ben": 3, "cat": 5, "dan": 5}
    assert [found.speakers[who][0].seen for who in ("ann", "ben", "cat", "dan")] == [True, False, True, False]
    assert found.speakers["ann"][0].language == "en" and found.speakers["ann"][0].text and not found.failed
    assert clips([rooms / "targets"], Seen()).speakers["cat"][0].seen is None
    manifest = tmp_path / "corpus.jsonl"
    assert main(["corpus", "import", str(rooms / "targets"), "--speaker", "folder", "-o", str(manifest), "-q"]) == 0
    assert {who: len(own) for who, own in clips([manifest], Seen()).speakers.items()} == {"cat": 5, "dan": 5}
    with pytest.raises(CorpusError, match="no speaker of its training"):
        Seen.of([str(manifest)])


def test_one_name_for_two_recordings_and_copies_among_them(rooms: Path, tmp_path: Path) -> None:
    for place in ("first", "second"):
        (tmp_path / place / "cat").mkdir(parents=True)
        for sentence in (20, 21, 22) if place == "first" else (21, 22, 23):
            write(tmp_path / place / "cat" / f"{sentence}.wav", say("cat", sentence), "FLOAT")
    found = clips([tmp_path / "first", tmp_path / "second"], Seen()).speakers["cat"]
    ids = [one.id for one in found]
    assert len(set(ids)) == 6 and ids[3:] == ["second/cat/21", "second/cat/22", "cat/23"]
    table = conversion_suite(
        [rooms / "sources"], [tmp_path / "first", tmp_path / "second"], methods=["statistics"], pairs=1, songs=0, jobs=1,
        ears=Toy(),
    ).table  # fmt: skip
    # three of six are kept back; what is given besides is no copy of these
    assert table.targets["cat"].kept_back == 3 and table.targets["cat"].given == 2 and not table.failed


def test_no_two_conversions_have_one_name(tmp_path: Path) -> None:
    target = TargetVoice("cat", (clip("r", "cat"),), (clip("o", "cat"),))
    every = [one for domain in ("speech", "singing") for one in chosen({"a": [clip("1")]}, [target], 1, domain)]
    assert len({one.name for one in every}) == 2
    rooms = [tmp_path / place / "voices" for place in "abc"]
    for place in rooms:
        (place / "ann").mkdir(parents=True)
        write(place / "ann" / "1.wav", Audio.of(np.zeros(800, np.float32), 8000))
    assert len({one.id for one in clips(rooms, Seen()).speakers["ann"]}) == 3


def test_a_file_that_changed_is_heard_again(tmp_path: Path) -> None:
    for level in (0.1, 0.3):
        write(tmp_path / "a.wav", Audio.of(np.full(800, level, np.float32), 8000), "FLOAT")
        assert hearing._sound(tmp_path / "a.wav", 8000).audio.peak == pytest.approx(level)


def test_what_the_sounds_depend_on_is_part_of_their_digest() -> None:
    root, needed = Path(conversion_making.__file__).parents[1], set()
    for file in (file for folder in ("models/convert", "nn/converters") for file in (root / folder).glob("*.py")):
        modules = [node.module for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
        paths = [root.joinpath(*str(name).split(".")[1:]) for name in modules if str(name).startswith("melpact.")]
        needed |= {(path if path.is_dir() else path.parent).relative_to(root).as_posix() for path in paths}
    assert {"normalise", "nn/blocks"} <= needed <= {*conversion_making._CODE, "core", "models/convert/shipped"}


def test_a_long_clip_is_cut_where_it_is_quiet_and_loses_its_text(tmp_path: Path) -> None:
    wave = say("ann", 5, 3.0).samples[0].copy()
    wave[round(1.8 * RATE) : round(1.9 * RATE)] = 0
    write(tmp_path / "long.wav", Audio.of(wave, RATE), "FLOAT")
    whole = Clip("long", tmp_path / "long.wav", "ann", "en", "some text", 3.0)
    (cut,) = convertible([whole, clip("short", seconds=1.0)], 2.2)
    made = ready(cut, tmp_path / "clips")
    assert made.text == "" and 1.8 <= made.seconds <= 1.9
    np.testing.assert_allclose(read(made.path).samples[0], wave[: round(made.seconds * RATE)], atol=1e-6)
    assert ready(cut, tmp_path / "clips") == made
    fits = convertible([whole], 3.0)
    assert fits == [whole] and ready(whole, tmp_path / "clips") is whole


# numbers


def test_identity_is_the_moved_source_and_a_broken_converter_is_worse(rooms: Path, tmp_path: Path) -> None:
    methods = {"identity": Own(same, "same"), "statistics": "statistics", "broken": Own(broken, "broken")}
    report = suite(rooms, methods, out=tmp_path / "out")
    table = report.table
    assert len(table.pairs) == 3 and not table.failed and table.rows == (SOURCE, VOCODED, MOVED, *methods)
    value = {row: {name: score.value for name, score in scores.items()} for row, scores in table.groups[0].rows.items()}
    for name in c.COLUMNS:
        if name != c.SPEED:
            assert value["identity"][name] == value[MOVED][name], name
    assert value[SOURCE][c.TO_SOURCE] == pytest.approx(1.0, abs=1e-6) and value[SOURCE][c.F0_CENTS] == 0
    assert value[SOURCE][c.CHARACTERS] == 0 and value[SOURCE][c.F0_CORRELATION] == pytest.approx(1.0)
    assert value[SOURCE][c.SPEED] is None and value[VOCODED][c.SPEED] > 0
    assert value[VOCODED][c.TO_SOURCE] > 0.98 and value[VOCODED][c.F0_CENTS] < 20
    assert value["statistics"][c.SIMILARITY] > value[MOVED][c.SIMILARITY] + 0.1
    assert value["statistics"][c.SHARE] > value[MOVED][c.SHARE] + 0.2 and value["statistics"][c.NEARER] == 1
    assert value["broken"][c.CHARACTERS] > 1.5 * value["identity"][c.CHARACTERS]
    assert value["broken"][c.SIMILARITY] < value["statistics"][c.SIMILARITY] - 0.2
    assert not value["broken"][c.F0_CORRELATION] or value["broken"][c.F0_CORRELATION] < 0.5
    # of every pair: the key is what brings one median to the other, and the moved sound's F0 lies there
    keys = {(one.speaker, one.target): one.keys["identity"] for one in table.pairs}
    for (speaker, target), key in keys.items():
        assert key == pytest.approx(12 * np.log2(VOICES[target][0] / VOICES[speaker][0]), abs=1.2)
    assert value[MOVED][c.F0_CENTS] < 25


def test_the_numbers_are_those_of_the_sounds_that_are_kept(rooms: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    table = suite(rooms, {"statistics": "statistics", "identity": Own(same)}, out=out, pairs=3).table
    ears, near, ways = Toy(), [], []
    voices = {who: [clip.path for clip in own] for who, own in clips([rooms / "targets"], Seen()).speakers.items()}
    backs = {who: split(who, [clip(str(p), who, seconds=1.7) for p in own], 120.0, 6) for who, own in voices.items()}
    kept = {who: [Path(other.id) for other in back.others] for who, back in backs.items() if isinstance(back, TargetVoice)}
    known = {who: [ears.who(Sound(read(path), RATE)) for path in own] for who, own in kept.items()}
    used = {one.speaker: one for one in table.pairs}
    others = {who: own[:3] for who, own in known.items()}
    for speaker in used:
        ids = dict.fromkeys(one.name.split(": ")[1].split(" ")[0] for one in table.pairs if one.speaker == speaker)
        files = [next((rooms / "sources").glob(f"**/{Path(one).name}.wav")) for one in ids]
        others[speaker] = [ears.who(Sound(read(path), RATE)) for path in files]
    for one in table.pairs:
        own = known[one.target]
        who = ears.who(Sound(read(out / one.files["statistics"]), RATE))
        similarity = float(np.mean([who @ other for other in own]))
        assert one.values["statistics"][c.SIMILARITY] == pytest.approx(similarity, abs=1e-4)
        ceiling = float(np.mean([a @ b for a, b in combinations(own, 2)]))
        strange = [each for name, each in others.items() if name != one.target]
        null = float(np.mean([np.mean([a @ b for a in own for b in each]) for each in strange]))
        assert one.values["statistics"][c.SHARE] == pytest.approx((similarity - null) / (ceiling - null), abs=1e-3)
        near.append(similarity)
        ways.append((similarity, null, ceiling))
        assert (out / one.files["target"]).is_file() and (out / one.files[SOURCE]).is_file()
    score = table.score("statistics", c.SIMILARITY)
    assert score.value == pytest.approx(np.mean(near), abs=1e-4) and score.n == 3
    assert score.low is not None and score.high is not None and score.low <= score.value <= score.high
    sums = np.sum(ways, axis=0)
    assert table.score("statistics", c.SHARE).value == pytest.approx((sums[0] - sums[1]) / (sums[2] - sums[1]), abs=1e-3)
    anchors = table.groups[0].anchors
    ceilings = {one.target: way[2] for one, way in zip(table.pairs, ways, strict=True)}
    assert anchors[SAME].value == pytest.approx(np.mean(list(ceilings.values())), abs=1e-4)
    assert anchors[OTHER].value < anchors[SAME].value and anchors[SAME].n == 2
    apart = next(one for one in table.groups[0].differences if (one.a, one.metric) == ("identity", c.SIMILARITY))
    assert apart.b == "statistics" and apart.winner is None  # three pairs are too few to tell
    assert apart.value == pytest.approx(table.score("identity", c.SIMILARITY).value - score.value, abs=1e-9)


def test_a_source_that_has_the_targets_voice_is_all_of_the_way_there_already(rooms: Path, tmp_path: Path) -> None:
    folder = tmp_path / "twins" / "twin"
    folder.mkdir(parents=True)
    for sentence in range(70, 76):
        write(folder / f"{sentence}.wav", say("twin", sentence), "FLOAT")
    found = conversion_suite(
        [rooms / "sources"], [tmp_path / "twins", rooms / "targets"], methods={"statistics": "statistics"}, pairs=6, songs=0,
        jobs=1, ears=Toy(),
    ).table  # fmt: skip
    ways = {(one.speaker, one.target): one.values[SOURCE][c.SHARE] for one in found.pairs}
    assert ways[("ann", "twin")] == pytest.approx(1.0, abs=0.3)
    assert max(way for pair, way in ways.items() if pair != ("ann", "twin")) < 0.7


def test_words_are_held_against_the_text_where_the_recogniser_reads_the_source_so() -> None:
    own = TargetVoice("t", (clip("r", "t"),), (clip("o", "t"),))

    def asked(text: str, read: str) -> tuple[str, str]:
        found = wanted(Conversion(clip("s", text=text), own, "speech"), {SOURCE: {h.SAID: Found(("en", read))}})
        return found.letters, found.by or str(found.reason)

    assert asked("One, two!", "one too") == ("onetwo", "text")
    assert asked("", "one too") == ("onetoo", "recogniser")
    letters, by = asked("wan tu", "completely different words")
    assert letters == "completelydifferentwords" and "otherwise than its text" in by
    assert asked("", "...")[1] == "recogniser"


def test_errors_are_counted_over_pairs_and_nothing_divides_by_none() -> None:
    assert c.share([(0.6, 0.5, 0.9), (0.8, 0.5, 0.9)]) == pytest.approx(0.5)
    assert c.ratio([(3, 10, 1, 10), (1, 30, 1, 30)]) == pytest.approx(2.0)
    assert c.speed([(10.0, 1.0), (2.0, 2.0)]) == pytest.approx(4.0)
    with pytest.raises(NotMeasured, match="nothing to divide"):
        c.ratio([(3, 10, 0, 10)])
    with pytest.raises(NotMeasured, match="no more alike"):
        c.share([(0.6, 0.9, 0.9)])


def test_what_could_not_be_made_or_heard_has_a_reason_and_no_number() -> None:
    one = Conversion(clip("s"), TargetVoice("t", (clip("r", "t"),), (clip("o", "t"),)), "speech")
    heard = Heard(made={one.name: {SOURCE: Made(Path("s.wav")), "gan": "its weights are broken"}})
    heard.sounds[one.name] = {SOURCE: {sense: Found(reason=f"no {sense}") for sense in hearing.ALL}}
    assert {found.reason for found in observed(one, "gan", heard).values()} == {"its weights are broken"}
    source = observed(one, SOURCE, heard)
    assert all(found.observation is None for found in source.values())
    assert source[c.F0_CENTS].reason == "no pitch" and source[c.SIMILARITY].reason == "no who"
    assert heard.same_speaker("t").reason and heard.other_speakers("t").reason


# resuming, failing


def test_a_run_that_was_killed_goes_on_and_says_the_same(rooms: Path, tmp_path: Path) -> None:
    whole = suite(rooms, {"mine": Own(broken, "mine")}, cache=False).table
    first, ears = Own(broken, "mine", stop_at=3), Toy()
    with pytest.raises(KeyboardInterrupt):
        suite(rooms, {"mine": first}, ears=ears)
    assert not list(tmp_path.rglob("*.part"))
    second = Own(broken, "mine")
    resumed = suite(rooms, {"mine": second}, ears=ears).table
    assert quiet(resumed) == quiet(whole)
    # two calls for the first sound: one to warm up
    assert len(first.calls) == 4 and len(second.calls) == 3 - 2 + 1
    third, deaf = Own(broken, "mine"), Toy()
    assert quiet(suite(rooms, {"mine": third}, ears=deaf).table) == quiet(whole)
    assert not third.calls and not deaf.heard
    other = Own(same, "other")
    both = suite(rooms, {"mine": third, "other": other}, ears=deaf).table
    assert not third.calls and len(other.calls) == 4 and both.groups[0].rows["mine"] == resumed.groups[0].rows["mine"]


def test_a_bad_file_and_a_converter_that_fails_are_named_and_end_nothing(rooms: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad" / "eve"
    bad.mkdir(parents=True)
    (bad / "noise.wav").write_bytes(b"no sound")
    (tmp_path / "bad" / "one").mkdir()
    write(tmp_path / "bad" / "one" / "a.wav", say("cat", 3), "FLOAT")

    def faulty(given: np.ndarray) -> np.ndarray:
        raise RuntimeError("no such layer")

    def nan(given: np.ndarray) -> np.ndarray:
        return given * np.nan

    table = conversion_suite(
        [rooms / "sources", bad], [rooms / "targets", tmp_path / "bad" / "one"], pairs=2, songs=0, jobs=1, ears=Toy(),
        methods={"faulty": Own(faulty, "faulty"), "nan": Own(nan, "nan"), "identity": Own(same)}, baseline="identity",
    ).table  # fmt: skip
    assert any("noise.wav" in line for line in table.failed) and table.left_out[0].startswith("one: 1 recording")
    for row, said in (("faulty", "unexpected RuntimeError: no such layer"), ("nan", "not numbers")):
        scores = table.groups[0].rows[row]
        assert all(score.value is None and score.n == 0 and said in str(score.reason) for score in scores.values())
        assert sum(said in line for line in table.failed) == 2
    assert table.score("identity", c.SIMILARITY).n == 2
    assert not [one for one in table.groups[0].differences if one.a in ("faulty", "nan")]


def test_without_weights_the_columns_say_what_to_install(rooms: Path) -> None:
    deaf = Toy(deaf=(h.WHO, h.SAID, h.QUALITY))
    table = suite(rooms, {"statistics": "statistics"}, ears=deaf, pairs=2).table
    assert set(table.unavailable) == set(c.COLUMNS) - {c.F0_CORRELATION, c.F0_CENTS, c.DISTANCE, c.SPEED}
    for name, score in table.groups[0].rows["statistics"].items():
        assert (score.value is None) == (name in table.unavailable or name == c.DISTANCE)
        assert score.value is not None or score.reason
    assert table.score("statistics", c.SIMILARITY).reason == "needs the package nothing: pip install nothing"


# singing, seen, parallel


def test_singing_stands_apart_and_seen_voices_are_told_from_unseen(rooms: Path) -> None:
    table = suite(rooms, {"statistics": "statistics"}, singing=[rooms / "songs"], pairs=4, songs=2, seen=["ben"]).table
    speech, unseen, seen, singing = table.groups
    assert [group.name for group in table.groups] == [
        "speech", "speech, voices unseen by training", "speech, a voice seen by training", "singing",
    ]  # fmt: skip
    assert set(unseen.pairs) | set(seen.pairs) == set(speech.pairs) and not set(unseen.pairs) & set(seen.pairs)
    assert all(name.startswith("ben") for name in seen.pairs) and len(singing.pairs) == 2
    scores = singing.rows["statistics"]
    assert scores[c.CHARACTERS].reason == scores[c.OPINION].reason == "made for speech, not for singing"
    assert scores[c.F0_CORRELATION].value is not None and scores[c.SIMILARITY].value is not None
    by = {one.speaker: one.words_from for one in table.pairs if one.domain == "speech"}
    assert by == {"ann": "text", "ben": "recogniser"}
    assert any("2 pairs against the text, 2 against what the recogniser understands" in note for note in table.notes)


def test_a_targets_own_recording_of_the_sentence_is_kept_back_and_compared_with(tmp_path: Path) -> None:
    for speaker, sentences in (("ann", (1,)), ("cat", (1, 2, 3, 4))):
        folder = tmp_path / ("sources" if speaker == "ann" else "targets") / speaker
        folder.mkdir(parents=True)
        rows = ["file|speaker|language|text"]
        for sentence in sentences:
            write(folder / f"{sentence}.wav", say(speaker, sentence), "FLOAT")
            rows.append(f"{sentence}.wav|{speaker}|en|Sentence number {sentence}.")
        (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def oracle(given: np.ndarray) -> np.ndarray:
        return extract(say("cat", 1), SPEC).values[:, : given.shape[1]]

    methods = {"oracle": Own(oracle, "oracle"), "identity": Own(same)}
    table = conversion_suite(
        [tmp_path / "sources"], [tmp_path / "targets"], methods=methods, baseline="identity", pairs=3, songs=0, jobs=1,
        ears=Toy(),
    ).table  # fmt: skip
    assert len(table.pairs) == 1
    assert table.score("oracle", c.DISTANCE).value < 0.6 * table.score("identity", c.DISTANCE).value
    assert table.score("oracle", c.SIMILARITY).value > table.score("identity", c.SIMILARITY).value
    assert table.targets["cat"].given + table.targets["cat"].kept_back == 4
    assert table.score("oracle", c.SHARE).low is None and table.score("oracle", c.SHARE).n == 1  # one pair, no interval


# methods and the command


def test_methods_by_name_with_settings_and_what_is_refused() -> None:
    ways, spec = methods_of(["statistics:moments=exponential:ratio=.5", "envelope"])
    assert list(ways) == ["statistics:moments=exponential:ratio=.5", "envelope"] and spec == SPEC
    first = next(iter(ways.values()))
    assert first.settings.ratio == 0.5 and first.settings.moments == "exponential"
    assert isinstance(first.converter, StatisticsConverter)
    found, absent = usual()
    assert {"envelope", "statistics"} <= set(found) and set(found) | {line.split(":")[0] for line in absent} == set(METHODS)
    refused = {"nothing": "no such method", "envelope:ratio=7": "less than or equal", "envelope:hue=3": "Extra inputs"}
    for bad, said in refused.items():
        with pytest.raises(ContractError, match=said):
            parsed(bad)
    for names in ([], ["envelope", "envelope"], {"vocoded": "envelope"}):
        with pytest.raises(MelpactError, match=r"named once|row of every table"):
            methods_of(names)


def test_the_command_writes_table_page_and_sounds(
    rooms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("melpact.verbs.conversion_suite.Usual", lambda: Toy(deaf=(h.QUALITY,)))
    out = tmp_path / "report"
    words = ["evaluate", "--suite", "conversion", "--sources", str(rooms / "sources"), "--targets", str(rooms / "targets"),
             "--methods", "statistics,envelope", "--pairs", "2", "-j", "1", "-o", str(out)]  # fmt: skip
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "speech: 2 pairs" in told and "share of the way" in told and "envelope" in told
    assert "DNSMOS overall: not measured: needs the package nothing: pip install nothing" in told
    table = ConversionTable.model_validate(json.loads((out / "conversion.json").read_text(encoding="utf-8")))
    rows = list(csv.DictReader((out / "scores.csv").open(encoding="utf-8")))
    assert len(rows) == 5 * len(c.COLUMNS) + 2
    one = next(row for row in rows if (row["row"], row["column"]) == ("envelope", "similarity"))
    assert float(one["value"]) == table.score("envelope", "similarity").value and one["n"] == "2"
    assert one["baseline"] == "statistics" and float(one["difference"]) == pytest.approx(
        float(one["value"]) - table.score("statistics", "similarity").value
    )
    pairs = list(csv.DictReader((out / "pairs.csv").open(encoding="utf-8")))
    assert len(pairs) == 2 * 5 and all((out / row["file"]).is_file() for row in pairs)
    page = (out / "conversion.html").read_text(encoding="utf-8")
    assert page.count("data:audio/flac") == 2 * 6 and "% of the way to the target" in page and table.pairs[0].name in page
    assert "| statistics |" in (out / "conversion.md").read_text(encoding="utf-8")
    assert main([*words, "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["baseline"] == "statistics"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--suite", "speech"], "--suite conversion"),
        (["--suite", "conversion", "--metrics", "snr"], "neither REF"),
        (["--suite", "conversion", "--methods", "nothing"], "no such method"),
        (["--suite", "conversion", "--baseline", "nothing"], "no row of this table"),
    ],
)
def test_what_the_command_refuses(words: list[str], said: str, rooms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["evaluate", "--sources", str(rooms / "sources"), "--targets", str(rooms / "targets"), *words]
    assert main(given) == 2
    assert said in capsys.readouterr().err
    assert main(["evaluate"]) == 2 and main(["evaluate", "--suite", "conversion", "--sources", str(rooms / "sources")]) == 2


@pytest.mark.heavy
def test_with_the_real_ears_the_vocoded_source_keeps_its_words_and_its_voice(tmp_path: Path) -> None:
    from melpact.audio.samples import load

    for name in ("en_noservice", "en_unidentified", "it_noservice"):
        folder = tmp_path / ("targets/allison" if name.startswith("en") else "sources/carlo")
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"{name}.wav", load(name))
    table = conversion_suite([tmp_path / "sources"], [tmp_path / "targets"], methods=["statistics"], pairs=1, jobs=1).table
    if table.unavailable:
        pytest.skip("; ".join(table.unavailable.values()))
    value = {row: {name: score.value for name, score in scores.items()} for row, scores in table.groups[0].rows.items()}
    assert value[SOURCE][c.CHARACTERS] == 0 and value[VOCODED][c.CHARACTERS] < 15
    assert value[VOCODED][c.TO_SOURCE] > 0.9 > value["statistics"][c.TO_SOURCE]
    assert value["statistics"][c.SIMILARITY] > value[SOURCE][c.SIMILARITY]
    assert value[MOVED][c.F0_CENTS] < 20 and value[SOURCE][c.OPINION] > 2
