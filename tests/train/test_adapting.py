"""`melpact train converter --voice`: a converter adapted to one voice, and what it says to mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from laws.converters import pitch, speechlike, trained  # noqa: E402
from melpact.audio.audio import Audio  # noqa: E402
from melpact.audio.files import read, write  # noqa: E402
from melpact.audio.samples import names  # noqa: E402
from melpact.cli.main import main  # noqa: E402
from melpact.core.errors import AudioTooShort, MelpactError, TrainingError  # noqa: E402
from melpact.corpus.packed import Packed  # noqa: E402
from melpact.models.convert.voice import Voice  # noqa: E402
from melpact.train.export import converter_at  # noqa: E402
from melpact.verbs import train  # noqa: E402
from melpact.verbs.converters import opened  # noqa: E402
from melpact.verbs.train_converter import train_converter  # noqa: E402
from melpact.verbs.voice_corpus import PIECE_S, SEARCH_S, packed_voice  # noqa: E402
from melpact.verbs.voice_sounding import quiet_borders  # noqa: E402

SMALL = {
    "still_reference": True, "steps": 3, "adversarial_from": 1, "save_every": 2, "validate_every": 3,
    "learnt_styles": 1.0, "variants": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One long recording: every sample that ships, one behind the other."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("sounds")
    speech = [read(f"sample:{name}") for name in names()]
    rows = [one.samples[0] for one in speech if one.sample_rate == speech[0].sample_rate]
    write(folder / "anna.wav", Audio.of(np.concatenate(rows * 2)[: 30 * speech[0].sample_rate], speech[0].sample_rate))
    return folder


@pytest.fixture(scope="module")
def run(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapted")
    base = trained().save(folder / "base.converter")
    report = train_converter(voice=[sounds], out=folder / "run", finetune=base, changes=SMALL, debug=True, device="cpu")
    assert report.step == 3 and report.trains == "converter" and report.voice == folder / "run" / "target.voice"
    return folder / "run"


def test_the_base_is_kept_and_the_new_voice_begins_from_the_reference_encoder(run: Path) -> None:
    made, anna = converter_at(run, "last"), Voice.load(run / "target.voice")
    assert made.facts.voices == (anna.fingerprint, f"{anna.fingerprint}/1", "a", "a/1") and made.facts.adapted == (0,)
    np.testing.assert_array_equal(made.facts.statistics.mean, trained().facts.statistics.mean)
    np.testing.assert_allclose(made.styles[2:], trained().styles, atol=1e-3)
    assert made.encoder == trained().encoder
    before, after = trained().style(anna), made.style(anna)
    assert 0.8 < float(before @ after) / 8 < 0.99999
    moved = np.abs(made.weights["changer.out.weight"] - trained().weights["changer.out.weight"]).max()
    assert 0 < moved < 0.1


def test_what_was_adapted_is_used_for_that_voice(run: Path) -> None:
    made, anna = opened(run), Voice.load(run / "target.voice")
    mel, hz = speechlike(40), pitch(40)
    own = made(mel, anna, f0_hz=hz).values
    told = trained().style(anna)
    other = made(mel, anna.with_embedding(told, made.encoder), f0_hz=hz).values  # type: ignore[attr-defined]
    np.testing.assert_array_equal(own, other)
    assert made.fingerprint == opened(run / "checkpoints" / "step_000000003.checkpoint").fingerprint


def test_it_resumes_bit_for_bit(run: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("run.json", "checkpoints/step_000000002.checkpoint"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    train.resume(tmp_path, device="cpu")
    last = "checkpoints/step_000000003.checkpoint"
    assert (tmp_path / last).read_bytes() == (run / last).read_bytes()


def test_it_is_exported_and_adapted_again(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "export", str(run), "-o", str(tmp_path / "anna.converter")]) == 0
    assert "melpact voice SRC --to REF --method" in capsys.readouterr().out
    assert opened(tmp_path / "anna.converter").fingerprint == opened(run).fingerprint
    again = ["train", "converter", "--data", str(run / "packed"), "--finetune", str(tmp_path / "anna.converter"), "--debug"]
    sets = [word for name, value in {**SMALL, "steps": 1}.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    assert main([*again, "-o", str(tmp_path / "again"), *sets, "--device", "cpu", "--quiet"]) == 0
    assert converter_at(tmp_path / "again").facts.voices == converter_at(run).facts.voices


def test_a_long_recording_is_cut_where_it_is_quiet_and_packed(run: Path) -> None:
    packed = Packed.load(run / "packed")
    assert {entry.speaker for entry in packed.entries} == {Voice.load(run / "target.voice").fingerprint}
    assert [entry.split for entry in packed.entries].count("valid") == 1
    seconds = [entry.n_samples / packed.sample_rate for entry in packed.entries]
    assert len(seconds) > 3 and sum(seconds) == pytest.approx(30, abs=0.01) and max(seconds) < PIECE_S + 3
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 8000 * 20).astype(np.float32)
    for second in (6.2, 14.9):
        noise[int(8000 * second) : int(8000 * second) + 400] = 0
    assert [round(at / 8000, 1) for at in quiet_borders(noise, 8000, PIECE_S, SEARCH_S)] == [6.2, 14.9]


def test_mistakes_are_told(sounds: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = tmp_path / "short.wav"
    audio = read(sounds / "anna.wav", duration_s=9.0)
    write(short, audio)
    with pytest.raises(AudioTooShort, match="too little of this voice"):
        packed_voice([short], tmp_path / "a", None, tmp_path / "a.voice")
    with pytest.raises(TrainingError, match="a run already"):
        train_converter(voice=[sounds], out=run, finetune=run)
    for wrong in ({"voice": [sounds], "data": run / "packed"}, {}):
        with pytest.raises(TrainingError, match="adapts to a voice"):
            train_converter(out=tmp_path / "b", **wrong)
    graph = tmp_path / "x.onnx"
    graph.write_bytes(b"")
    with pytest.raises(MelpactError, match="no weights to train"):
        train_converter(voice=[sounds], out=tmp_path / "b", finetune=graph)
    with pytest.raises(TrainingError, match="keeps its sizes"):
        train_converter(
            data=run / "packed", out=tmp_path / "c", finetune=run, changes={**SMALL, "sizes": {"width": 48}}, debug=True
        )
    assert main(["train", "vocoder", "--recipe", "hifigan", "--voice", "x", "-o", str(tmp_path / "d")]) == 2
    assert "--voice is for converters" in capsys.readouterr().err
    assert main(["train", "converter", "-o", str(tmp_path / "d")]) == 2
    assert "--data DIR or --voice REF" in capsys.readouterr().err
