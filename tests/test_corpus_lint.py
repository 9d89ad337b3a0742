"""Lint: every kind of flaw is found where it was planted, with its number, and nowhere in clean speech; mending mends it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples, synthetic
from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.audio.resample import resample
from melpact.cli.main import main
from melpact.core.errors import CorpusError
from melpact.corpus.checks import checks
from melpact.corpus.fingerprints import twins, words_of_sound
from melpact.corpus.inspection import Inspected, bandwidth, clipped_share, edges, inspect
from melpact.corpus.manifest import Manifest, Utterance
from melpact.verbs.corpus_import import import_corpus
from melpact.verbs.corpus_lint import LintReport, lint

RATE = 24000


def voice(seed: int, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    """Speech-like sound with a noise of every frequency in it, as real recordings have."""
    sound = synthetic.speech_like(seconds, rate, seed=seed).samples[0].astype(np.float64)
    return 0.6 * sound / np.abs(sound).max() + 0.003 * np.random.default_rng(seed).standard_normal(sound.size)


def clean(folder: Path) -> Path:
    for i in range(4):
        write(folder / f"v{i}.wav", Audio.of(voice(i), RATE), "PCM_16")
    return folder


def planted(folder: Path, name: str, sound: np.ndarray, rate: int = RATE) -> Path:
    clean(folder)
    write(folder / name, Audio.of(sound, rate), "PCM_16" if name.endswith("wav") else None)
    return import_corpus([folder], folder / "c.jsonl").path


def codes(report: LintReport) -> list[str]:
    return [flaw.code for flaw in report.flaws]


def test_clean_speech_has_no_flaw(tmp_path: Path) -> None:
    path = import_corpus([clean(tmp_path)], tmp_path / "c.jsonl").path
    assert lint(path).flaws == []
    assert main(["corpus", "lint", str(path), "-q"]) == 0


def test_the_shipped_recordings_have_no_flaw(tmp_path: Path) -> None:
    sources = [str(samples.path(name)) for name in samples.names()]
    assert codes(lint(import_corpus(sources, tmp_path / "c.jsonl").path)) in ([], ["silence"])


def test_files_that_cannot_be_read_end_nothing(tmp_path: Path) -> None:
    path = planted(tmp_path, "x.wav", voice(9))
    (tmp_path / "v1.wav").write_bytes((tmp_path / "v1.wav").read_bytes()[:9000])
    (tmp_path / "v2.wav").unlink()
    report = lint(path, tmp_path / "m.jsonl", fix=["broken"])
    assert codes(report) == ["broken"] and report.flaws[0].ids == ("v1", "v2")
    assert "cut short" in report.flaws[0].sentence
    assert [u.id for u in Manifest.load(tmp_path / "m.jsonl")] == ["v0", "v3", "x"]
    assert lint(tmp_path / "m.jsonl").flaws == []


def test_what_nobody_foresaw_in_one_file_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from melpact.verbs import corpus_lint

    def odd(manifest: Manifest, utterance: Utterance) -> Inspected:
        if utterance.id == "v1":
            raise ZeroDivisionError("odd")
        return inspect(manifest, utterance)

    path = import_corpus([clean(tmp_path)], tmp_path / "c.jsonl").path
    monkeypatch.setattr(corpus_lint, "inspect", odd)
    report = lint(path)
    assert codes(report) == ["broken"] and report.flaws[0].ids == ("v1",) and "ZeroDivisionError" in report.flaws[0].sentence


def test_a_file_of_another_length_than_listed(tmp_path: Path) -> None:
    path = planted(tmp_path, "x.wav", voice(9))
    write(tmp_path / "x.wav", Audio.of(voice(9)[:30000], RATE), "PCM_16")
    report = lint(path, tmp_path / "m.jsonl", fix=["changed"])
    assert codes(report) == ["changed"] and report.flaws[0].ids == ("x",)
    assert "30000 samples" in report.flaws[0].sentence and "48000" in report.flaws[0].sentence
    assert Manifest.load(tmp_path / "m.jsonl").utterances[-1].n_samples == 30000
    assert lint(tmp_path / "m.jsonl").flaws == []


@pytest.mark.parametrize(
    ("code", "change", "measured", "tolerance"),
    [
        ("silent", lambda x: 1e-4 * x, -98.0, 9.0),
        ("dc", lambda x: 0.5 * x + 0.03, 0.03, 0.001),
        ("clipping", lambda x: np.clip(4 * x, -0.5, 0.5), None, None),
        ("short", lambda x: x[RATE : RATE + 2400], 0.1, 1e-9),
        ("silence", lambda x: np.concatenate([np.zeros(RATE), x]), 1.0, 0.25),
        ("silence", lambda x: np.concatenate([x, 1e-4 * x]), 2.0, 0.25),
    ],
)
def test_a_planted_flaw_is_found_and_mended(
    tmp_path: Path, code: str, change: object, measured: float, tolerance: float
) -> None:
    sound = change(voice(9))  # type: ignore[operator]
    path = planted(tmp_path, "x.wav", sound)
    report = lint(path, tmp_path / "m.jsonl", fix=[code])
    assert codes(report) == [code] and report.flaws[0].ids == ("x",)
    if measured is None:
        # as many samples as lie at the ceiling in the array itself, in whatever runs
        assert report.flaws[0].measured == pytest.approx(np.mean(np.abs(sound) >= 0.5), rel=0.1)
    else:
        assert report.flaws[0].measured == pytest.approx(measured, abs=tolerance)
    assert f"--fix {code}" in report.flaws[0].remedy and str(path) in report.flaws[0].remedy
    assert lint(tmp_path / "m.jsonl").flaws == []
    kept = [u.id for u in Manifest.load(tmp_path / "m.jsonl")]
    assert ("x" in kept) == (code == "silence")


def test_trimming_leaves_the_sound(tmp_path: Path) -> None:
    path = planted(tmp_path, "x.wav", np.concatenate([np.zeros(RATE), voice(9), np.zeros(2 * RATE)]))
    lint(path, tmp_path / "m.jsonl", fix=["silence"])
    x = Manifest.load(tmp_path / "m.jsonl").utterances[-1]
    assert 0.8 * RATE < x.offset_samples < 1.5 * RATE
    assert 2.5 * RATE < x.offset_samples + x.n_samples < 3.2 * RATE


def test_sound_of_a_lower_rate_is_found_at_its_edge(tmp_path: Path) -> None:
    low = resample(Audio.of(voice(9, rate=16000), 16000), RATE).samples[0]
    report = lint(planted(tmp_path, "x.wav", low))
    assert codes(report) == ["bandwidth"] and report.flaws[0].ids == ("x",)
    # what libsoxr's HQ lets through from 16 kHz ends between 7.3 and 8 kHz
    assert 7300 <= report.flaws[0].measured <= 8000
    assert "--rate" in report.flaws[0].remedy


def test_a_natural_slope_is_no_edge() -> None:
    white = np.random.default_rng(0).standard_normal(4 * RATE)
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(white.size, 1 / RATE)
    steep = np.fft.irfft(spectrum * (np.maximum(hz, 200) / 200) ** -3.0).astype(np.float32)
    assert bandwidth(steep, RATE) == (RATE / 2, 0.0)
    cut = np.fft.irfft(spectrum * (hz < 5000)).astype(np.float32)
    top, drop = bandwidth(cut, RATE)
    assert abs(top - 5000) < 200 and drop > 40


@pytest.mark.parametrize("name", ["copy.wav", "x.flac", "x.ogg"])
def test_a_copy_is_found_by_bytes_and_by_sound(tmp_path: Path, name: str) -> None:
    path = planted(tmp_path, name, read(clean(tmp_path) / "v2.wav").samples[0])
    report = lint(path, tmp_path / "m.jsonl", fix=["duplicates"])
    assert "duplicates" in codes(report)
    assert len(Manifest.load(tmp_path / "m.jsonl")) == 4


def test_a_copy_at_another_level_rate_and_cut_is_found_and_the_better_kept(tmp_path: Path) -> None:
    cut = Audio.of(0.3 * voice(2)[3000:45000], RATE)
    path = planted(tmp_path, "x.wav", resample(cut, 16000).samples[0], 16000)
    report = lint(path, tmp_path / "m.jsonl", fix=["duplicates", "rates"])
    assert codes(report) == ["duplicates", "rates"] and report.flaws[0].ids == ("x",)
    assert [u.id for u in Manifest.load(tmp_path / "m.jsonl")] == ["v0", "v1", "v2", "v3"]


def test_other_sound_is_no_copy() -> None:
    found = {str(seed): words_of_sound(voice(seed).astype(np.float32), RATE) for seed in range(12)}
    assert twins(found) == []
    noisy = voice(3) + 0.01 * np.random.default_rng(5).standard_normal(voice(3).size)
    found["again"] = words_of_sound(noisy.astype(np.float32), RATE)
    pair = twins(found)
    assert [(p.a, p.b) for p in pair] == [("3", "again")] and pair[0].errors < 0.3


def test_leaks_between_splits(tmp_path: Path) -> None:
    path = planted(tmp_path, "x.flac", read(clean(tmp_path) / "v2.wav").samples[0])
    facts = {"v0": ("ann", "train", "One two three four."), "v1": ("ann", "test", "Five."), "v2": ("bob", "train", "Six"),
             "v3": ("cid", "valid", "one, two, THREE four"), "x": ("dan", "test", "")}  # fmt: skip
    manifest = Manifest.load(path)
    changed = [u.replace(speaker=facts[u.id][0], split=facts[u.id][1], text=facts[u.id][2]) for u in manifest]
    Manifest(changed, tmp_path).save(path)
    report = lint(path, tmp_path / "m.jsonl", fix=["leak_copy"])
    flaws = {flaw.code: flaw for flaw in report.flaws}
    assert list(flaws)[:3] == ["leak_copy", "leak_speaker", "leak_text"]
    assert flaws["leak_copy"].ids == ("v2",) and flaws["leak_speaker"].ids == ("v0", "v1")
    assert set(flaws["leak_text"].ids) == {"v0", "v3"} and "--keep text" in flaws["leak_text"].remedy
    assert [u.id for u in Manifest.load(tmp_path / "m.jsonl")] == ["v0", "v1", "v3", "x"]
    assert "leak_speaker" not in codes(lint(path, keep=["file"]))
    assert main(["corpus", "split", str(path), "--keep", "speaker", "--keep", "text", "-q"]) == 0
    assert not {"leak_speaker", "leak_text", "leak_copy"} & set(codes(lint(path)))


def test_a_text_of_another_sound(tmp_path: Path) -> None:
    for i in range(24):
        write(tmp_path / f"{i:02}.wav", Audio.of(voice(i, 0.6 if i == 7 else 2.0), RATE), "PCM_16")
        (tmp_path / f"{i:02}.txt").write_text("A sentence of about thirty letters")
    report = lint(import_corpus([tmp_path], tmp_path / "c.jsonl").path)
    assert codes(report) == ["pace"] and report.flaws[0].ids == ("07",)


def test_json_names_every_finding_and_the_exit_code_says_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = planted(tmp_path, "x.wav", 0.5 * voice(9) + 0.03)
    assert main(["corpus", "lint", str(path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [(flaw["code"], flaw["ids"], flaw["mendable"]) for flaw in said["flaws"]] == [("dc", ["x"], True)]
    assert main(["corpus", "lint", str(path)]) == 1
    assert "highpass" in capsys.readouterr().out


def test_mending_that_cannot_be_done_says_so(tmp_path: Path) -> None:
    path = planted(tmp_path, "x.wav", voice(9))
    with pytest.raises(CorpusError, match="no such finding"):
        lint(path, tmp_path / "m.jsonl", fix=["everything"])
    with pytest.raises(CorpusError, match="--fix CODE -o FILE"):
        lint(path, fix=["dc"])
    assert all(check.note for check in checks().values()) and len(checks()) == 14


def test_the_measures() -> None:
    t = np.arange(RATE) / RATE
    assert clipped_share(np.sin(2 * np.pi * 300 * t)[None].astype(np.float32) * 0.9) == 0
    flat = np.zeros(1000, np.float32)
    flat[100:105] = 0.5
    flat[300:302] = 0.5
    assert clipped_share(flat[None]) == 5 / 1000
    lead, tail = edges(np.concatenate([np.zeros(2400), np.ones(4800) * 0.1, np.zeros(1200)]).astype(np.float32), RATE)
    assert (lead, tail) == (pytest.approx(0.1, abs=0.021), pytest.approx(0.05, abs=0.021))
