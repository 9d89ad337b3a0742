"""Redescribing: the values stay, the description changes, and what was said before is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import melpact as mp
from melpact.audio import samples
from melpact.cli.main import main
from melpact.contract.artifact import read_header
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.scaling import UtteranceMinMax
from melpact.contract.spec import MelSpec
from melpact.core.errors import AxisError, ContractError, MelpactError
from melpact.verbs.redescribe import described_as, redescribe

HIFI = dialect("hifigan_22k").spec
MATCHA = dialect("matcha_22k_ljspeech").spec


@pytest.fixture(scope="module")
def true() -> Mel:
    return mp.extract(str(samples.path("en_noservice")), MATCHA)


def test_a_file_that_says_wrong_of_itself_becomes_right(true: Mel, tmp_path: Path) -> None:
    wrong = Mel(true.values, HIFI, provenance={**true.provenance, "note": "kept"})
    wrong.save(tmp_path / "wrong.mel")
    before = (tmp_path / "wrong.mel").read_bytes()
    report = redescribe(
        [tmp_path / "wrong.mel"], tmp_path / "right.mel", "matcha_22k_ljspeech", by="the log of the training"
    )
    right = mp.load(tmp_path / "right.mel")
    assert right.spec == MATCHA and right.dialect == "matcha_22k_ljspeech"
    np.testing.assert_array_equal(right.values.view(np.uint32), true.values.view(np.uint32))
    np.testing.assert_array_equal(right.as_(HIFI).values, true.as_(HIFI).values)
    assert (tmp_path / "wrong.mel").read_bytes() == before
    (step,) = right.provenance["redescribed"]
    assert step["by"] == "the log of the training" and step["now"] == MATCHA.fingerprint
    assert step["was"]["dialect"] == "hifigan_22k" and MelSpec(**step["was"]["spec"]) == HIFI
    assert right.provenance["note"] == "kept" and right.n_samples == true.n_samples
    assert report.done[0].before == HIFI and report.done[0].now == MATCHA


def test_a_second_correction_keeps_the_first(true: Mel) -> None:
    first = described_as(Mel(true.values, HIFI), HIFI.replace(f_max=7600.0), "one")
    second = described_as(first, MATCHA, "two")
    assert [step["by"] for step in second.provenance["redescribed"]] == ["one", "two"]
    assert second.provenance["redescribed"][1]["was"]["fingerprint"] == HIFI.replace(f_max=7600.0).fingerprint


def test_what_followed_from_the_old_description_does_not_survive_as_a_fact(true: Mel) -> None:
    mel = Mel(true.values, HIFI, provenance={"n_samples": 108801, "bridge": "exact", "source": "a.wav"})
    slow = described_as(mel, HIFI.replace(sample_rate=16000, bank_sample_rate=16000, f_max=8000.0))
    assert "n_samples" not in slow.provenance and "bridge" not in slow.provenance and slow.provenance["source"] == "a.wav"
    assert slow.provenance["redescribed"][0]["of_the_old"] == {"n_samples": 108801, "bridge": "exact"}
    assert slow.duration_s == pytest.approx(true.n_frames * 256 / 16000, rel=0.01)
    scaled = HIFI.replace(scaling=UtteranceMinMax())
    taken = {"min": np.asarray(-11.0), "max": np.asarray(1.0)}
    other = described_as(Mel(true.values, scaled, taken), HIFI)
    assert other.utterance == {} and other.provenance["redescribed"][0]["was"]["utterance"] == {"min": -11.0, "max": 1.0}
    same = described_as(Mel(true.values, scaled, taken), scaled.replace(f_max=7600.0))
    assert set(same.utterance) == {"min", "max"}


def test_what_cannot_be_is_refused(true: Mel, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="says that of itself already"):
        described_as(true, MATCHA)
    with pytest.raises(AxisError, match=r"got 80 bands; wanted 100 \(vocos_24k\)"):
        described_as(true, dialect("vocos_24k").spec)
    true.save(tmp_path / "a.mel")
    with pytest.raises(MelpactError, match="would replace an input"):
        redescribe([tmp_path / "a.mel"], tmp_path / "a.mel", "hifigan_22k")
    with pytest.raises(MelpactError, match="no dialect"):
        redescribe([tmp_path / "a.mel"], tmp_path / "b.mel", "hifigan_23k")
    assert not (tmp_path / "b.mel").exists()


def test_a_folder_with_a_bad_file_and_a_foreign_one(true: Mel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Mel(true.values, HIFI).save(folder / "a.mel")
    true.save(folder / "already.mel")
    (folder / "broken.mel").write_bytes(b"x" * 40)
    np.save(folder / "foreign.npy", true.values.T)
    out = tmp_path / "out"
    assert main(["redescribe", str(folder), "-d", "matcha_22k_ljspeech", "-o", str(out), "--json", "--by", "me"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert sorted(Path(one["path"]).name for one in report["done"]) == ["a.mel", "foreign.mel"]
    assert sorted(Path(one["source"]).name for one in report["failed"]) == ["already.mel", "broken.mel"]
    changed = {Path(one["path"]).name: one["changed"] for one in report["done"]}
    assert any("scaling" in change for change in changed["a.mel"]) and changed["foreign.mel"] == []
    header = read_header(out / "foreign.mel")
    assert header.spec == MATCHA and header.provenance["described_by"] == "me"
    for name in ("a", "foreign"):
        np.testing.assert_array_equal(mp.load(out / f"{name}.mel").values, true.values)


def test_the_doctor_is_content_after_its_own_remedy(true: Mel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Mel(true.values, HIFI).save(tmp_path / "wrong.mel")
    wrong = mp.doctor(str(tmp_path / "wrong.mel"), audio=str(samples.path("en_noservice")))
    assert wrong.findings and wrong.findings[0].severity > 0.5
    command = [
        "redescribe",
        str(tmp_path / "wrong.mel"),
        "--dialect",
        "matcha_22k_ljspeech",
        "-o",
        str(tmp_path / "right.mel"),
    ]
    assert main(command) == 0
    assert "says matcha_22k_ljspeech where it said hifigan_22k; no value was touched" in capsys.readouterr().out
    assert mp.doctor(str(tmp_path / "right.mel"), audio=str(samples.path("en_noservice"))).findings == []
