"""The corpus from its files to its parts: manifests, layouts, splits, packing and the command line."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import synthetic
from melpact.audio.files import read, write
from melpact.cli.main import main
from melpact.core.errors import CorpusError
from melpact.corpus.manifest import Manifest, Utterance, file_hash
from melpact.corpus.packed import Packed
from melpact.corpus.splitting import split, words_of
from melpact.verbs.corpus import pack, parse_put, show
from melpact.verbs.corpus_import import import_corpus, layouts

RATE = 16000


def utterance(id: str, seconds: float = 1.0, **facts: object) -> Utterance:
    return Utterance(id=id, audio=f"{id}.wav", sample_rate=RATE, n_samples=round(seconds * RATE), **facts)  # type: ignore[arg-type]


def sounds(folder: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, synthetic.speech_like(0.5 + 0.1 * i, RATE, seed=i), "PCM_16")
    return folder


# manifests


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    line_ends = "one\u2028two \u0085 three"
    made = Manifest([utterance("b", text=line_ends, speaker="s", split="train"), utterance("a", offset_samples=5)], tmp_path)
    path = made.save(tmp_path / "corpus.jsonl")
    again = Manifest.load(path)
    assert again.utterances == made.utterances and again.fingerprint == made.fingerprint
    assert [u.id for u in again] == ["a", "b"]
    assert json.loads(path.read_text().split("\n")[0]) == {"kind": "melpact corpus", "schema": 1}
    before = path.read_bytes()
    Manifest(reversed(again.utterances), tmp_path).save(path)
    assert path.read_bytes() == before


def test_a_manifest_that_moves_still_finds_its_sounds(tmp_path: Path) -> None:
    sounds(tmp_path, "x/a.wav")
    made = Manifest([utterance("a").replace(audio="x/a.wav")], tmp_path)
    moved = Manifest.load(made.save(tmp_path / "deep" / "er" / "corpus.jsonl"))
    assert moved.utterances[0].audio == "../../x/a.wav"
    assert read(moved.path_of(moved.utterances[0])).n_samples == 8000
    assert moved.fingerprint == made.fingerprint


def test_the_fingerprint_knows_every_fact_but_the_place() -> None:
    plain = Manifest([utterance("a")]).fingerprint
    assert Manifest([utterance("a").replace(audio="elsewhere.wav")]).fingerprint == plain
    for change in ({"text": "x"}, {"split": "test"}, {"n_samples": 7}, {"sha256": "0" * 64}, {"speaker": "s"}):
        assert Manifest([utterance("a").replace(**change)]).fingerprint != plain


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "b", "audio": "b.wav", "sample_rate": 16000', "is not JSON"),
        ('{"id": "b", "audio": "b.wav", "sample_rate": 16000}', "n_samples"),
        ('{"id": "b", "audio": "b.wav", "sample_rate": 16000, "n_samples": 0}', "n_samples"),
        ('{"id": "b", "audio": "b.wav", "sample_rate": 16000, "n_samples": 9, "speaker_name": "x"}', "speaker_name"),
        ('{"id": "a", "audio": "b.wav", "sample_rate": 16000, "n_samples": 9}', "two utterances have one id"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = Manifest([utterance("a")], tmp_path).save(tmp_path / "corpus.jsonl")
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CorpusError) as error:
        Manifest.load(path)
    assert said in str(error.value) and str(path) in str(error.value)
    assert "line 3" in str(error.value) or "one id" in said


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file|text\n")
    with pytest.raises(CorpusError, match="melpact corpus import"):
        Manifest.load(tmp_path / "a.csv")
    (tmp_path / "b.jsonl").write_text('{"kind":"melpact corpus","schema":99}\n')
    with pytest.raises(CorpusError, match="schema 99"):
        Manifest.load(tmp_path / "b.jsonl")
    with pytest.raises(CorpusError, match="not a corpus manifest"):
        Manifest.load(tmp_path / "nowhere.jsonl")
    with pytest.raises(CorpusError, match="no utterances"):
        Manifest([utterance("a")]).only(lambda u: False).save(tmp_path / "c.jsonl")
        Manifest.load(tmp_path / "c.jsonl")


# layouts


def test_a_folder(tmp_path: Path) -> None:
    sounds(tmp_path, "ann/one.wav", "ann/two.flac", "bob/one.wav")
    (tmp_path / "ann" / "one.txt").write_text("Hello\nthere.\n")
    report = import_corpus([tmp_path], tmp_path / "c.jsonl", speaker="folder", language="en", split="train")
    assert report.layouts == {str(tmp_path): "folder"}
    assert [(u.id, u.speaker, u.text, u.audio) for u in report.manifest] == [
        ("ann/one", "ann", "Hello there.", "ann/one.wav"), ("ann/two", "ann", "", "ann/two.flac"),
        ("bob/one", "bob", "", "bob/one.wav"),
    ]  # fmt: skip
    first = report.manifest.utterances[0]
    assert (first.n_samples, first.sample_rate, first.split, first.language) == (8000, RATE, "train", "en")
    assert first.sha256 == file_hash(tmp_path / "ann" / "one.wav")
    pattern = import_corpus([tmp_path], tmp_path / "c.jsonl", speaker="^(a|b)")
    assert [u.speaker for u in pattern.manifest] == ["a", "a", "b"]
    with pytest.raises(CorpusError, match="one group"):
        import_corpus([tmp_path], tmp_path / "c.jsonl", speaker="(a)(b)")


def test_ljspeech(tmp_path: Path) -> None:
    sounds(tmp_path, "wavs/LJ-1.wav", "wavs/LJ-2.wav")
    (tmp_path / "metadata.csv").write_text('LJ-1|It cost $5, he "said.|It cost five dollars, he "said.\nLJ-2|Two|Two\n')
    report = import_corpus([tmp_path], tmp_path / "c.jsonl", speaker="lj")
    assert report.layouts == {str(tmp_path): "ljspeech"}
    assert [(u.id, u.text, u.speaker) for u in report.manifest] == [
        ("LJ-1", 'It cost five dollars, he "said.', "lj"), ("LJ-2", "Two", "lj"),
    ]  # fmt: skip


def test_tables_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        sounds(tmp_path, f"{name}/one.wav")
        (tmp_path / name / "metadata.csv").write_text("file|text\none.wav|Hello\n")
    tables = [tmp_path / name / "metadata.csv" for name in ("ann", "bob")]
    report = import_corpus(tables, tmp_path / "c.jsonl")
    assert [(u.id, u.audio) for u in report.manifest] == [("ann/one", "ann/one.wav"), ("bob/one", "bob/one.wav")]


def test_hifigan_lists_name_their_split_and_vits_lists_a_speaker(tmp_path: Path) -> None:
    sounds(tmp_path, "data/wavs/a.wav", "data/wavs/b.wav", "data/wavs/c.wav")
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "training.txt").write_text("a|Alpha|alpha\nb|Beta|beta\n")
    (lists / "validation.txt").write_text("c|Gamma|gamma\n")
    report = import_corpus([lists], tmp_path / "c.jsonl", audio=tmp_path / "data")
    assert report.layouts == {str(lists): "file_list"}
    assert [(u.id, u.text, u.split) for u in report.manifest] == [
        ("a", "alpha", "train"), ("b", "beta", "train"), ("c", "gamma", "valid"),
    ]  # fmt: skip
    (tmp_path / "vctk_test_filelist.txt").write_text("data/wavs/a.wav|7|Hello.\ndata/wavs/b.wav|12|There.\n")
    report = import_corpus([tmp_path / "vctk_test_filelist.txt"], tmp_path / "d.jsonl")
    assert [(u.id, u.speaker, u.text, u.split) for u in report.manifest] == [
        ("data/wavs/a", "7", "Hello.", "test"), ("data/wavs/b", "12", "There.", "test"),
    ]  # fmt: skip


def test_tables_in_sub_folders(tmp_path: Path) -> None:
    for name, speaker in (("one_de", "anna"), ("two_en", "ben")):
        sounds(tmp_path / name, "a.flac", "b.flac")
        (tmp_path / name / "metadata.csv").write_text(
            f'file|speaker|language|text|seconds\na.flac|{speaker}|{name[-2:]}|Say "a.|0.50\nb.flac|{speaker}|-||2.20\n'
        )
    report = import_corpus([tmp_path], tmp_path / "c.jsonl")
    assert report.layouts == {str(tmp_path): "table"}
    assert [(u.id, u.speaker, u.language, u.text) for u in report.manifest] == [
        ("one_de/a", "anna", "de", 'Say "a.'), ("one_de/b", "anna", "", ""),
        ("two_en/a", "ben", "en", 'Say "a.'), ("two_en/b", "ben", "", ""),
    ]  # fmt: skip
    # 0.6 s of sound that is listed with 2.2
    assert report.notes == [f"{name}/b: listed with 2.2 s, has 0.60 s" for name in ("one_de", "two_en")]


def test_a_comma_table_may_quote_and_a_row_too_long_is_named(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav")
    (tmp_path / "t.csv").write_text('path,transcript,speaker_id\na.wav,"Yes, it is.",s1\n')
    report = import_corpus([tmp_path / "t.csv"], tmp_path / "c.jsonl")
    assert [(u.text, u.speaker) for u in report.manifest] == [("Yes, it is.", "s1")]
    (tmp_path / "t.csv").write_text("path,transcript,speaker_id\na.wav,Yes, it is.,s1\n")
    with pytest.raises(CorpusError, match="row 2"):
        import_corpus([tmp_path / "t.csv"], tmp_path / "c.jsonl")


def test_broken_sounds_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav", "b.wav", "c.wav")
    whole = (tmp_path / "b.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.wav").write_bytes(b"")
    report = import_corpus([tmp_path], tmp_path / "c.jsonl")
    assert [u.id for u in report.manifest] == ["a", "c"]
    assert sorted(Path(f.message.split(":")[0]).name for f in report.failed) == ["b.wav", "empty.wav"]
    assert main(["corpus", "import", str(tmp_path), "-o", str(tmp_path / "c.jsonl"), "-q"]) == 1


def test_names_that_meet_keep_apart(tmp_path: Path) -> None:
    sounds(tmp_path / "p", "a.wav", "a.flac")
    sounds(tmp_path / "q", "a.wav")
    assert [u.id for u in import_corpus([tmp_path / "p"], tmp_path / "c.jsonl").manifest] == ["a.flac", "a.wav"]
    both = import_corpus([tmp_path / "p", tmp_path / "q"], tmp_path / "c.jsonl")
    assert [u.id for u in both.manifest] == ["p/a.flac", "p/a.wav", "q/a"]


def test_manifests_are_joined_as_they_are(tmp_path: Path) -> None:
    sounds(tmp_path / "p", "a.wav", "b.wav")
    sounds(tmp_path / "q", "a.wav")
    old = import_corpus([tmp_path / "p"], tmp_path / "old" / "c.jsonl", speaker="ann", split="test").manifest
    part = Manifest([u.replace(offset_samples=100, n_samples=2000) if u.id == "a" else u for u in old], old.root)
    part.save(tmp_path / "old" / "c.jsonl")
    both = import_corpus([tmp_path / "old" / "c.jsonl", tmp_path / "q"], tmp_path / "new.jsonl").manifest
    assert both.utterances[:2] == tuple(u.replace(audio=f"p/{u.id}.wav") for u in part)
    assert [(u.id, u.split) for u in both] == [("a", "test"), ("b", "test"), ("q/a", "")]


def test_every_layout_has_a_name_for_the_command_line(tmp_path: Path) -> None:
    assert list(layouts()) == ["manifest", "table", "ljspeech", "file_list", "folder"]
    with pytest.raises(CorpusError, match="no such layout"):
        import_corpus([tmp_path], tmp_path / "c.jsonl", layout="libri")
    with pytest.raises(CorpusError, match="no such file or folder"):
        import_corpus([tmp_path / "nothing"], tmp_path / "c.jsonl")
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(CorpusError, match="no layout recognises"):
        import_corpus([tmp_path / "notes.md"], tmp_path / "c.jsonl")


# splits


def corpus(speakers: int = 60, per_speaker: int = 8) -> Manifest:
    rng = np.random.default_rng(1)
    found = []
    for s in range(speakers):
        for i in range(per_speaker):
            language = "en" if s % 3 else "de"
            found.append(
                utterance(f"s{s:02}-{i}", float(rng.uniform(1, 9)), speaker=f"s{s:02}", language=language, text=f"t {s} {i}")
            )
    return Manifest(found)


def seconds(manifest: Manifest, language: str | None = None) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for u in manifest:
        if language in (None, u.language):
            total[u.split] += u.duration_s
    whole = sum(total.values())
    return {name: value / whole for name, value in total.items()}


def by_speaker(manifest: Manifest) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for u in manifest:
        found[u.speaker].add(u.split)
    return found


def test_a_split_keeps_speakers_apart_and_seconds_in_every_language() -> None:
    made = split(corpus(), valid=0.1, test=0.1, seed=3)
    assert all(len(splits) == 1 for splits in by_speaker(made).values())
    for language in ("en", "de"):
        shares = seconds(made, language)
        # one speaker is 5 % of the German and 2.5 % of the English: no split is further off than half of one
        assert shares["test"] == pytest.approx(0.1, abs=0.03) and shares["valid"] == pytest.approx(0.1, abs=0.03)


def test_a_split_is_always_the_same_and_another_for_another_seed() -> None:
    once = split(corpus(), seed=3)
    assert split(Manifest(reversed(corpus().utterances)), seed=3) == once
    assert split(corpus(), seed=4) != once


def test_most_speakers_stay_where_they_were_when_others_join() -> None:
    made = split(corpus(60), valid=0.1, test=0.1)
    before, joined = by_speaker(made), corpus(66)
    after = by_speaker(split(joined, valid=0.1, test=0.1))
    assert sum(before[s] != after[s] for s in before) <= 6
    grown = Manifest([*made, *(u for u in joined if u.speaker >= "s60")])
    filled = by_speaker(split(grown, valid=0.1, test=0.1, again=False))
    assert all(before[s] == filled[s] for s in before) and len(filled) == 66


def test_a_language_of_one_speaker_is_for_training() -> None:
    alone = [utterance(f"x-{i}", 5, speaker="x", language="fr") for i in range(9)]
    made = split(Manifest([*corpus(), *alone]), valid=0.1, test=0.1)
    assert {u.split for u in made if u.language == "fr"} == {"train"}
    assert {u.split for u in split(Manifest(alone), valid=0.1, test=0.1)} == {"train"}
    assert {u.split for u in split(Manifest(alone), valid=0.2, test=0.2, keep=["utterance"])} == {"train", "valid", "test"}


def test_what_is_most_of_a_language_is_never_held_out() -> None:
    two = [utterance(f"{s}-{i}", 5, speaker=s, language="fr") for s, n in (("x", 6), ("y", 4)) for i in range(n)]
    for seed in range(12):
        assert by_speaker(split(Manifest(two), valid=0, test=0.4, seed=seed)) == {"x": {"train"}, "y": {"test"}}


def test_speakers_can_be_put() -> None:
    made = split(corpus(), put={"s07": "test", "s08": "valid"})
    assert by_speaker(made)["s07"] == {"test"} and by_speaker(made)["s08"] == {"valid"}
    with pytest.raises(CorpusError, match="no such speaker"):
        split(corpus(), put={"nobody": "test"})
    assert parse_put(["a=b=test"]) == {"a=b": "test"}
    with pytest.raises(CorpusError, match="SPEAKER=SPLIT"):
        parse_put(["test"])


def test_texts_and_copies_stay_together() -> None:
    same = [utterance(f"c{i}", speaker=f"s{i:02}", text="Please, hold the LINE!", language="en") for i in range(6)]
    made = split(Manifest([*corpus(12), *same]), valid=0.2, test=0.2, keep=["speaker", "text"])
    assert len({u.split for u in made if u.id.startswith("c")}) == 1
    assert len({u.split for u in made if u.speaker in {f"s{i:02}" for i in range(6)}}) == 1
    copies = [utterance(f"d{i}", sha256="a" * 64, speaker=f"s{i:02}") for i in range(12)]
    made = split(Manifest(copies), valid=0.3, test=0.3, keep=["utterance"])
    assert len({u.split for u in made}) == 1
    assert words_of(" Please,  hold the LINE!") == "please hold the line"


def test_splits_that_cannot_be_made_say_why() -> None:
    with pytest.raises(CorpusError, match="nothing to train on"):
        split(corpus(), valid=0.5, test=0.5)
    with pytest.raises(CorpusError, match="--speaker"):
        split(Manifest([utterance("a"), utterance("b", speaker="s")]))
    with pytest.raises(CorpusError, match="kept together"):
        split(corpus(), keep=["colour"])  # type: ignore[list-item]
    mixed = Manifest([utterance("a", speaker="s", split="train"), utterance("b", speaker="s", split="test")])
    with pytest.raises(CorpusError, match="two splits"):
        split(mixed, again=False)


# packing and the command line


def test_the_whole_way_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sounds(tmp_path, "ann/1.wav", "ann/2.wav", "bob/1.wav", "bob/2.wav", "cid/1.wav")
    path, out = str(tmp_path / "corpus.jsonl"), str(tmp_path / "packed")
    assert main(["corpus", "import", str(tmp_path), "-o", path, "--speaker", "folder"]) == 0
    assert main(["corpus", "split", path, "--test", "0.3", "--valid", "0", "--put", "ann=train"]) == 0
    assert main(["corpus", "pack", path, "--rate", "22050", "-o", out, "-j", "1"]) == 0
    capsys.readouterr()
    assert main(["corpus", "show", out, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["utterances"] == 5 and said["packed"] and said["damaged"] == []
    assert said["seconds"] == pytest.approx(0.5 + 0.6 + 0.7 + 0.8 + 0.9)
    assert [part["name"] for part in said["splits"]] == ["test", "train"]
    assert main(["corpus", "pack", path, "--rate", "22050", "-o", out]) == 0
    assert "holds it already" in capsys.readouterr().out
    assert main(["corpus", "show", path]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "a", "--rate", "3"], "show takes no --rate"),
        (["import", "a"], "needs a place to write to"),
        (["pack", "a", "-o", "b"], "--rate HZ"),
        (["split", "a", "b"], "takes one corpus"),
        (["lint", "a", "--seed", "3"], "lint takes no --seed"),
    ],
)
def test_a_wrong_command_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", *words]) == 2
    assert said in capsys.readouterr().err


def test_one_bad_file_does_not_end_the_packing(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav", "b.wav", "c.wav")
    path = import_corpus([tmp_path], tmp_path / "c.jsonl").path
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    report = pack(path, tmp_path / "packed", RATE)
    assert [entry.id for entry in report.packed.entries] == ["a", "c"] and len(report.failed) == 1
    np.testing.assert_array_equal(report.packed.samples(1), read(tmp_path / "c.wav").samples[0])
    assert main(["corpus", "pack", str(path), "--rate", str(RATE), "-o", str(tmp_path / "packed"), "-q"]) == 1


def test_packing_again_leaves_the_old_one_whole_until_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds(tmp_path, "a.wav", "b.wav")
    path = import_corpus([tmp_path], tmp_path / "c.jsonl").path
    before = pack(path, tmp_path / "packed", RATE).packed

    def full(handle: int, data: bytes, at: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(CorpusError, match="No space left"):
            pack(path, tmp_path / "packed", 8000)
    assert Packed.load(tmp_path / "packed").fingerprint == before.fingerprint
    assert not list((tmp_path / "packed").glob(".*.part"))
    after = pack(path, tmp_path / "packed", 8000).packed
    assert after.sample_rate == 8000 and len(list((tmp_path / "packed").iterdir())) == 2
    assert not after.damaged()


def test_a_damaged_pack_is_a_finding(tmp_path: Path) -> None:
    sounds(tmp_path, "a.wav", "b.wav")
    path = import_corpus([tmp_path], tmp_path / "c.jsonl").path
    packed = pack(path, tmp_path / "packed", RATE).packed
    with open(packed.path, "r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"\x12\x34")
    assert show(tmp_path / "packed").damaged == ("b",)
    assert main(["corpus", "show", str(tmp_path / "packed"), "-q"]) == 1
    shutil.rmtree(tmp_path / "packed")
    assert main(["corpus", "show", str(tmp_path / "packed"), "-q"]) == 2
