"""`melpact degrade` writes what the degradations make, and pairs of folders are looked at before they are believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from melpact.audio.samples import load as sample
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.degradations.chain import Chain
from melpact.degradations.pairs import folder_pairs
from melpact.features.analysis import extract
from melpact.verbs.degrade import degrade


def mel(name: str = "en_unidentified", frames: int = 150) -> Mel:
    whole = extract(sample(name), "hifigan_22k")
    return Mel(whole.values[:, 20 : 20 + frames], whole.spec)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("en_unidentified", "it_noservice", "ru_nocallback"):
        (tmp_path / "in" / "a").mkdir(parents=True, exist_ok=True)
        mel(name).save(tmp_path / "in" / "a" / f"{name}.mel")
    return tmp_path / "in"


def test_a_folder_is_spoilt_by_seed_and_name(folder: Path, tmp_path: Path) -> None:
    first = degrade([folder], tmp_path / "one", ["noise:15", "time_blur:1"], seed=3)
    degrade([folder], tmp_path / "two", ["noise:15", ("time_blur", 1.0)], seed=3, jobs=1)
    degrade([folder / "a" / "it_noservice.mel"], tmp_path / "other", ["noise:15", "time_blur:1"], seed=4)
    assert [one.path.name for one in first.done] == ["en_unidentified.mel", "it_noservice.mel", "ru_nocallback.mel"]
    for one in first.done:
        again = tmp_path / "two" / "a" / one.path.name
        assert again.read_bytes() == one.path.read_bytes()
        made, right = Mel.load(one.path), Mel.load(one.source)
        assert made.spec == right.spec and made.n_frames == right.n_frames
        assert one.moved == pytest.approx(np.abs(made.values - right.values).mean(), rel=1e-4) and one.moved > 0.3
        assert [done["name"] for done in made.provenance["degraded"]] == ["noise", "time_blur"]
    assert not np.array_equal(Mel.load(tmp_path / "other" / "it_noservice.mel").values, Mel.load(first.done[1].path).values)


def test_sounds_and_their_mels_are_spoilt_alike(tmp_path: Path) -> None:
    made = degrade(["sample:en_noservice"], tmp_path / "x.mel", ["wrong_gain:-6"])
    expected = Chain.fixed([("wrong_gain", -6.0)])(extract(sample("en_noservice"), "hifigan_22k"), np.random.default_rng())
    np.testing.assert_array_equal(Mel.load(made.done[0].path).values, expected.values)


def test_a_bad_file_does_not_end_the_batch(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a" / "bad.mel").write_bytes(b"no mel")
    code = main(["degrade", str(folder), "-o", str(tmp_path / "out"), "--with", "low_rank:4", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (
        code == 1 and len(report["done"]) == 3 and len(report["failed"]) == 1 and "bad.mel" in report["failed"][0]["source"]
    )


def test_the_command_says_what_there_is_and_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["degrade", "list", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} >= {"noise", "over_smoothed", "griffin_lim"}
    assert main(["degrade", "list"]) == 0 and "dB SNR" in capsys.readouterr().out
    for words in (["--with", "hiss:3"], ["--with", "noise:loud"], []):
        assert main(["degrade", "sample:en_noservice", "-o", str(tmp_path / "x.mel"), *words]) == 2
    assert main(["degrade", "sample:en_noservice", "--with", "noise:10"]) == 2
    assert not (tmp_path / "x.mel").exists()
    with pytest.raises(MelpactError, match="noise"):
        degrade(["sample:en_noservice"], tmp_path / "x.mel", [])


def save(folder: Path, name: str, values: np.ndarray, spec: object = None) -> None:
    folder.mkdir(exist_ok=True)
    Mel(values, spec or mel().spec).save(folder / f"{name}.mel")


def test_pairs_are_verified(tmp_path: Path) -> None:
    true, guess = tmp_path / "true", tmp_path / "guess"
    right, other = mel().values, mel("it_noservice").values
    blurred = Chain.fixed([("over_smoothed", 0.6)])(mel(), np.random.default_rng(1)).values
    for name, values in {
        "good": blurred,
        "longer": np.concatenate([blurred, blurred[:, -1:]], axis=1),
        "late": np.concatenate([np.repeat(blurred[:, :1], 3, axis=1), blurred[:, :-3]], axis=1),
        "other": other,
        "short": blurred[:, :100],
    }.items():
        save(guess, name, values)
        save(true, name, right)
    save(guess, "alone", blurred)
    (guess / "broken.mel").write_bytes(b"")
    save(true, "broken", right)
    found = folder_pairs(guess, true)
    assert [one.name for one in found.pairs] == ["good", "longer"] and found.alone == ("alone",)
    np.testing.assert_array_equal(found.pairs[0].prediction, blurred)
    np.testing.assert_array_equal(found.pairs[1].target, right)
    assert set(found.faults) == {"late", "other", "short", "broken"}
    assert "3 frames late" in found.faults["late"] and "utterance" in found.faults["other"]
    with pytest.raises(ContractError, match="4 of 6"):
        found.check()
    save(true, "good", right + 0.1)
    assert folder_pairs(guess, true).fingerprint != found.fingerprint


def test_folders_without_pairs_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", "x", mel().values)
    save(tmp_path / "b", "y", mel().values)
    with pytest.raises(ContractError, match="none in both"):
        folder_pairs(tmp_path / "a", tmp_path / "b")
    with pytest.raises(ContractError, match="no folder"):
        folder_pairs(tmp_path / "a", tmp_path / "c")
    save(tmp_path / "b", "x", mel("it_noservice").values)
    with pytest.raises(ContractError, match="utterance"):
        folder_pairs(tmp_path / "a", tmp_path / "b")


def test_slips_of_the_pen_and_folders_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MelpactError, match="wanted over_smoothed"):
        degrade([folder], tmp_path / "out", ["over_smoothd:0.5"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MelpactError, match=r"files ending in \.mel, or .*\.wav"):
        degrade([tmp_path / "empty"], tmp_path / "out", ["noise:20"])
    (tmp_path / "file").write_text("")
    failed = degrade([folder], tmp_path / "file" / "out", ["noise:20"]).failed
    assert failed and all("the folder cannot be made" in one.message for one in failed)
