"""`doctor` advises a refiner where it was measured to help, and says where it was measured not to; else it is as before."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import melpact
from laws.refiners import SPEC, network, refiner
from melpact.audio import samples
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.degradations.kinds import degradations
from melpact.diagnose.examine import examine
from melpact.diagnose.finding import Finding
from melpact.models.refine import shipped
from melpact.models.refine.affine import Affine
from melpact.models.refine.graph import export
from melpact.models.refine.measured import Figure, Measured, Row

GAIN = Figure(metric="mel_mae", unit="nat", refiner=0.31, bypass=0.52, affine=0.43, gain=0.12, low=0.1, high=0.14)
LOSS = Figure(metric="mel_mae", unit="nat", refiner=0.33, bypass=0.32, affine=0.29, gain=-0.04, low=-0.06, high=-0.02)
HELPS = Row(degradation="over_smoothed", dose=(0.9, 0.5), utterances=20, helps=True, figures=(GAIN,))
FAILS = Row(degradation="over_smoothed", dose=(0.9, 0.5), utterances=20, helps=False, figures=(LOSS,))
COARSE = Row(degradation="quantised", dose=(5, 2.5), utterances=20, helps=True, figures=(GAIN,))
NOISY = Row(degradation="noise", dose=(30, 5), utterances=20, helps=True, figures=(GAIN,))


class Shelf:
    """Refiners that come with the package, for the length of a test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        monkeypatch.setattr(shipped, "files", lambda package: folder)

    def put(self, name: str, *rows: Row) -> None:
        line = refiner("affine")
        assert isinstance(line, Affine)
        Affine(replace(line.facts, measured=Measured(how="a test", rows=rows)), line.params).save(
            self.folder / f"{name}.refiner"
        )
        self.named(name)

    def named(self, name: str) -> None:
        self._patch.setattr(shipped, "NAMES", (*shipped.NAMES, name))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(shipped, "NAMES", ())
    monkeypatch.setattr(shipped, "DEFAULTS", ())
    (tmp_path / "shelf").mkdir()
    return Shelf(tmp_path / "shelf", monkeypatch)


@pytest.fixture(scope="module")
def clean() -> Mel:
    return melpact.extract(samples.load("en_unidentified"), SPEC)


def spoilt(mel: Mel, name: str, dose: float) -> Mel:
    made = degradations()[name].apply(mel, dose, np.random.default_rng(0))
    return Mel(made.values, made.spec, made.utterance)


def found(mel: Mel, code: str, target: Mel | None = None) -> Finding:
    return {one.code: one for one in examine(mel, target=target)}[code]


def test_a_refiner_is_advised_where_it_was_measured_to_help(clean: Mel, shelf: Shelf) -> None:
    smooth = spoilt(clean, "over_smoothed", 0.5)
    before = found(smooth, "over_smoothed")
    shelf.put("better", HELPS)
    for target in (None, clean):
        said = found(smooth, "over_smoothed", target)
        assert said.remedy.startswith(
            "melpact refine PRED -o OUT --with better --degradation over_smoothed  (measured to help"
        )
        assert "at 0.5 to 0.9, mel_mae 0.31 nat where doing nothing has 0.52 and a line per band 0.43, 20" in said.remedy
    after = found(smooth, "over_smoothed")
    assert after.remedy.endswith(f"else: {before.remedy}") and after.sentence == before.sentence


def test_what_nobody_measured_is_not_advised(clean: Mel, shelf: Shelf) -> None:
    smooth, before = spoilt(clean, "over_smoothed", 0.5), None
    before = found(smooth, "over_smoothed")
    shelf.put("unmeasured")
    shelf.put("elsewhere", COARSE)
    (shelf.folder / "broken.refiner").write_bytes(b"\x08")
    shelf.named("broken")
    assert found(smooth, "over_smoothed") == before


def test_where_it_was_measured_not_to_help_the_finding_says_so(clean: Mel, shelf: Shelf) -> None:
    smooth = spoilt(clean, "over_smoothed", 0.5)
    before = found(smooth, "over_smoothed")
    shelf.put("worse", FAILS)
    after = found(smooth, "over_smoothed")
    assert after.remedy == before.remedy
    assert after.sentence.startswith(
        f"{before.sentence}; refining is no way out: worse was measured not to help on over_smo"
    )
    shelf.put("better", HELPS)
    assert "--with better" in found(smooth, "over_smoothed").remedy, "one that helps counts, whatever others do"


def test_only_what_takes_the_mel_is_advised(clean: Mel, shelf: Shelf) -> None:
    """log10 leads to ln and back by algebra; another bank does not."""
    shelf.put("better", HELPS)
    ten = SPEC.model_copy(update={"log_base": 10})
    assert "--with better" in found(spoilt(clean.as_(ten), "over_smoothed", 0.5), "over_smoothed").remedy
    other = melpact.extract(samples.load("en_unidentified"), dialect("vocos_24k").spec)
    assert "melpact refine" not in found(spoilt(other, "over_smoothed", 0.5), "over_smoothed").remedy


def test_a_refined_mel_is_not_sent_back(clean: Mel, shelf: Shelf) -> None:
    shelf.put("better", HELPS)
    smooth = spoilt(clean, "over_smoothed", 0.5)
    again = Mel(smooth.values, smooth.spec, smooth.utterance, {"refined": {"refiner": "better", "method": "affine"}})
    said = found(again, "over_smoothed")
    assert "melpact refine" not in said.remedy and said.sentence.endswith("this mel is refined already, by better")


def test_noise_is_not_jitter(clean: Mel, shelf: Shelf) -> None:
    """Without a target the two look alike, and the command says for which it is; beside one the finding is jitter."""
    shelf.put("better", NOISY, COARSE)
    noisy = spoilt(clean, "noise", 15)
    assert found(noisy, "noise_added").remedy.startswith("if it is noise of the recording: melpact refine PRED")
    coarse = {one.code: one for one in examine(spoilt(clean, "quantised", 4), target=clean)}
    assert "--degradation quantised" in coarse["quantised"].remedy
    assert all("melpact refine" not in one.remedy for code, one in coarse.items() if code != "quantised")


def test_what_is_advised_can_be_run(clean: Mel, shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    made = network("cnn", Measured(how="a test", rows=(HELPS,)))
    made.save(shelf.folder / "small.refiner")
    export(made, shelf.folder / "small.onnx")
    shelf.named("small")
    mel, out = tmp_path / "smooth.mel", tmp_path / "better.mel"
    spoilt(clean, "over_smoothed", 0.5).save(mel)
    assert main(["doctor", str(mel)]) == 1
    said = next(line for line in capsys.readouterr().out.splitlines() if "melpact refine" in line)
    command = said.split("melpact ", 1)[1].split("  (")[0].replace("PRED", str(mel)).replace("OUT", str(out))
    assert main(shlex.split(command)) == 0
    assert melpact.load(out).provenance["refined"]["refiner"] == "small"


def test_looking_at_tables_runs_nothing(clean: Mel, tmp_path: Path) -> None:
    """With a table on the shelf neither torch nor onnxruntime is imported."""
    line = refiner("affine")
    assert isinstance(line, Affine)
    Affine(replace(line.facts, measured=Measured(rows=(HELPS,))), line.params).save(tmp_path / "better.refiner")
    spoilt(clean, "over_smoothed", 0.5).save(tmp_path / "smooth.mel")
    code = f"""
import sys
from pathlib import Path
from melpact.models.refine import shipped
from melpact.verbs.doctor import doctor
shipped.files, shipped.NAMES, shipped.DEFAULTS = (lambda package: Path({str(tmp_path)!r})), ("better",), ()
assert any("--with better" in one.remedy for one in doctor({str(tmp_path / "smooth.mel")!r}).findings)
assert not {{"torch", "onnxruntime", "onnx"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", shipped.NAMES)
def test_the_two_files_of_a_shipped_refiner_say_the_same(name: str) -> None:
    """The table is read from one of them and the law goes by the other."""
    pytest.importorskip("torch")
    weights, graph = (melpact.refiner(shipped.shipped(name, suffix)) for suffix in (".refiner", ".onnx"))
    assert weights.measured == graph.measured and weights.spec == graph.spec
