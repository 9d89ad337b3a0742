"""Whatever is wrong with the input, one line says what, where, what was got, what was wanted and what to do next."""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import melpact
from melpact.audio import files, synthetic
from melpact.audio.audio import Audio
from melpact.cli.main import main
from melpact.contract import artifact
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.core.errors import AudioNotFinite, AudioTooShort, ContractError, NotAnArtifact, Truncated
from melpact.verbs.extract import extract as extract_all

Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process: (exit code, standard output, standard error)."""

    def call(*argv: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def _noise(seconds: float, rate: int = 22050) -> Audio:
    return synthetic.noise(np.random.default_rng(7), seconds, rate)


def _refused(run: Run, path: Path, *parts: str) -> None:
    """`extract` and, where it is no mel, `show` refuse the file in one line with these parts; nothing is written."""
    out = path.parent / "out"
    code, said, err = run("extract", path, "-o", out / "x.mel", "-d", "hifigan_22k")
    assert (code, said) == (2, "")
    assert err.startswith(f"melpact: {path}: ") and err.count("\n") == 1, err
    for part in parts:
        assert part in err, err
    assert not out.exists() or list(out.iterdir()) == []


# sounds that are none


def test_missing_file_suggests_the_nearest(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "speech.wav", _noise(0.5))
    _refused(run, tmp_path / "speach.wav", "no such file", "speech.wav")


def test_empty_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    _refused(run, tmp_path / "a.wav", "the file is empty", "got 0 bytes", "wanted a sound file", "write it again")
    code, _, err = run("show", tmp_path / "a.wav")
    assert code == 2 and "the file is empty" in err


def test_truncated_file(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", _noise(1.0))
    with open(tmp_path / "a.wav", "r+b") as file:
        file.truncate(30_000)
    _refused(run, tmp_path / "a.wav", "cut short", "got 29956 bytes", "wanted 44100 bytes", "ffmpeg -i")


def test_a_flac_damaged_in_the_middle_leaves_no_output(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    files.write(path, _noise(8.0))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    _refused(run, path, "sample")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"Dear listener,\nthis is a letter.\n", ["this is text, not sound", "'Dear listener,'", "WAV, FLAC"]),
        (bytes(range(256)) * 8, ["libsndfile cannot read this", "2048 bytes that start with 00 01 02", "ffmpeg -i"]),
    ],
)
def test_not_a_sound(run: Run, tmp_path: Path, content: bytes, parts: list[str]) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    _refused(run, tmp_path / "a.wav", *parts)


def test_a_folder_without_sound(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("x")
    code, _, err = run("extract", tmp_path / "in", "-o", tmp_path / "out", "-d", "hifigan_22k")
    assert code == 2 and "no sound files here" in err and ".flac" in err


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_samples_are_counted_and_placed(run: Run, tmp_path: Path, value: float) -> None:
    samples = _noise(1.0).samples.copy()
    samples[0, [1234, 5000]] = value
    soundfile.write(tmp_path / "a.wav", samples.T, 22050, subtype="FLOAT")
    _refused(run, tmp_path / "a.wav", "2 of 22050 values are not finite", f"{value} first in channel 0 at sample 1234")


def test_not_finite_late_in_a_stream_discards_the_file(tmp_path: Path) -> None:
    from melpact.features.extract_file import extract_file

    samples = _noise(2.0).samples.copy()
    samples[0, 40_000] = np.nan
    soundfile.write(tmp_path / "a.wav", samples.T, 22050, subtype="FLOAT")
    with pytest.raises(AudioNotFinite, match="sample 40000"):
        extract_file(tmp_path / "a.wav", "hifigan_22k", tmp_path / "out" / "a.mel", block_samples=3000)
    assert list((tmp_path / "out").iterdir()) == []


def test_silence_is_fine_and_reads_the_floor(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", synthetic.silence(1.0, 22050))
    assert run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", "-d", "hifigan_22k")[0] == 0
    values = Mel.load(tmp_path / "a.mel").values
    np.testing.assert_allclose(values, np.log(1e-5), atol=1e-5)
    facts = json.loads(run("show", tmp_path / "a.mel", "--json")[1])["facts"]
    assert facts["at_floor_share"] == 1.0
    code, out, _ = run("vocode", tmp_path / "a.mel", "-o", tmp_path / "b.wav", "--effort", "fast", "--json")
    done = json.loads(out)["done"][0]
    assert code == 0 and done["floored"] == done["values"]
    assert files.read(tmp_path / "b.wav").peak < 1e-3
    assert json.loads(run("show", tmp_path / "a.wav", "--json")[1])["facts"]["peak_db"] is None


# sounds that are short


@pytest.mark.parametrize("samples", [1, 100, 384])
def test_shorter_than_the_padding_mirrors(run: Run, tmp_path: Path, samples: int) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", 0.1 * rng.standard_normal(samples), 22050)
    _refused(run, tmp_path / "a.wav", "too short", f"got {samples} samples at 22050 Hz", "wanted at least 385", "Join short")


def test_just_long_enough(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(385, 0.1), 22050)
    assert run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", "-d", "hifigan_22k")[0] == 0
    assert Mel.load(tmp_path / "a.mel").n_frames == 1 + (385 + 768 - 1024) // 256


def test_shorter_than_a_window(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(399, 0.1), 16000)
    code, _, err = run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", "-d", "kaldi_fbank")
    assert code == 2 and "too short for one frame" in err and "got 399 samples" in err and "at least 400" in err


def test_one_sample_that_resampling_leaves_nothing_of(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", [0.1], 96000)
    _refused(run, tmp_path / "a.wav", "too short", "got 0 samples at 22050 Hz")


def test_one_sample_where_a_dialect_takes_it(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", [0.1], 24000, subtype="FLOAT")
    words = ["-d", "vocos_24k", "--set", "pad_mode=zero"]
    assert run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", *words)[0] == 0
    mel = Mel.load(tmp_path / "a.mel")
    # one sample in the middle of a Hann window of peak 1: every bin has magnitude |x|
    linear = np.float32(0.1) * filterbank(mel.spec).sum(axis=1)
    np.testing.assert_allclose(mel.values[:, 0], np.log(np.maximum(linear, 1e-7)), atol=1e-4)


def test_arrays_have_the_same_errors() -> None:
    with pytest.raises(AudioTooShort, match="at least 385"):
        melpact.extract(np.zeros(10, np.float32), "hifigan_22k", sample_rate=22050)
    with pytest.raises(AudioNotFinite, match="1 of 3"):
        melpact.extract(np.array([0.0, np.nan, 0.0]), "hifigan_22k", sample_rate=22050)
    with pytest.raises(melpact.MelpactError, match="does not know its sample rate"):
        melpact.extract(np.zeros(30000, np.float32), "hifigan_22k")


# mels that are none


@pytest.mark.parametrize(
    ("shape", "words", "parts"),
    [
        ((81, 50), [], ["no axis has the 80 bands of hifigan_22k", "got shape [81, 50]", "[80, frames]"]),
        ((80, 80), [], ["both axes are n_mels long", "--axes mel-time or --axes time-mel"]),
        ((50, 80), ["--axes", "mel-time"], ["no axis has the 80 bands", "read as mel-time"]),
        ((2, 80, 50), [], ["one mel has two axes", "got shape [2, 80, 50]"]),
        ((4000,), [], ["one mel has two axes", "got shape [4000]"]),
        ((80, 0), [], ["no frames"]),
    ],
)
def test_wrong_axes(run: Run, tmp_path: Path, shape: tuple[int, ...], words: list[str], parts: list[str]) -> None:
    np.save(tmp_path / "m.npy", np.zeros(shape, np.float32))
    code, _, err = run("vocode", tmp_path / "m.npy", "-o", tmp_path / "m.wav", "-d", "hifigan_22k", *words)
    assert code == 2 and err.startswith(f"melpact: {tmp_path / 'm.npy'}: ") and err.count("\n") == 1
    for part in parts:
        assert part in err
    assert not (tmp_path / "m.wav").exists()


def test_not_finite_mels(run: Run, tmp_path: Path) -> None:
    values = np.full((80, 50), -5, np.float32)
    values[3, 17] = np.nan
    Mel(values, dialect("hifigan_22k").spec).save(tmp_path / "m.mel")
    code, _, err = run("vocode", tmp_path / "m.mel", "-o", tmp_path / "m.wav")
    assert code == 2 and "1 NaN or infinite of 4000" in err and "band 3, frame 17" in err
    code, _, err = run("stats", tmp_path / "m.mel")
    assert code == 2 and "not finite" in err and "band 3, frame 17" in err and "m.mel" in err
    code, out, _ = run("show", tmp_path / "m.mel", "--json")
    assert code == 0 and json.loads(out)["facts"]["not_finite"] == 1


def test_unknown_dialect_suggests_the_nearest(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", _noise(0.5))
    code, _, err = run("extract", tmp_path / "a.wav", "-o", tmp_path / "o", "-d", "hifgan_22k")
    assert code == 2 and "there is no dialect 'hifgan_22k'" in err
    assert "Nearest: hifigan_22k" in err and "melpact dialects" in err


def test_impossible_fields_are_named(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", _noise(0.5))
    words = ["extract", tmp_path / "a.wav", "-o", tmp_path / "o", "-d", "hifigan_22k", "--set"]
    for change, parts in {
        "f_max=12000": ["f_max 12000 Hz lies beyond Nyquist, 11025 Hz"],
        "hop_length=2000": ["hop_length 2000 exceeds win_length 1024"],
        "n_mells=100": ["no field 'n_mells'", "n_mels"],
        "log=sqrt": ["log", "'sqrt'"],
        "n_mels": ["wanted field=value"],
    }.items():
        code, _, err = run(*words, change)
        assert code == 2 and err.count("\n") == 1, err
        for part in parts:
            assert part in err


def test_empty_bands_are_a_warning_in_one_line(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", _noise(0.5))
    words = ["-d", "hifigan_22k", "--set", "n_mels=400"]
    code, _, err = run("extract", tmp_path / "a.wav", "-o", tmp_path / "a.mel", *words)
    assert code == 0 and err.startswith("melpact: warning: ") and err.count("\n") == 1
    assert "mel bands hold no FFT bin" in err


@pytest.mark.parametrize("cut", [0, 4, 9, 200, 2000])
def test_a_cut_mel_is_never_taken_for_whole(run: Run, tmp_path: Path, cut: int) -> None:
    mel = Mel(np.zeros((80, 50), np.float32), dialect("hifigan_22k").spec)
    whole = mel.save(tmp_path / "m.mel").read_bytes()
    for size in {cut, len(whole) - 1}:
        (tmp_path / "m.mel").write_bytes(whole[:size])
        with pytest.raises((Truncated, NotAnArtifact)):
            melpact.load(tmp_path / "m.mel")
        for command in (["show"], ["vocode", "-o", tmp_path / "x.wav"], ["stats"]):
            code, out, err = run(command[0], tmp_path / "m.mel", *command[1:])
            assert (code, out) == (2, "") and "m.mel: " in err
            assert "cut short" in err or "empty" in err or "not a safetensors file" in err


def test_show_of_anything_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thing.xyz").write_bytes(bytes(range(1, 200)))
    code, _, err = run("show", tmp_path / "thing.xyz")
    assert code == 2 and "neither a mel, nor statistics, nor a sound" in err and "wanted .mel, .npy" in err
    code, _, err = run("show", tmp_path)
    assert code == 2 and "is a folder" in err
    np.save(tmp_path / "o.npy", np.array([{"a": 1}]), allow_pickle=True)
    code, _, err = run("show", tmp_path / "o.npy")
    assert code == 2 and "pickled Python objects" in err
    from safetensors.numpy import save_file

    save_file({"mel": np.zeros((80, 5), np.float32)}, tmp_path / "other.safetensors")
    code, _, err = run("show", tmp_path / "other.safetensors")
    assert code == 2 and "not one of melpact's" in err


def test_a_foreign_mel_is_never_guessed(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.zeros((80, 50), np.float32))
    with pytest.raises(ContractError, match="does not guess"):
        melpact.load(tmp_path / "m.npy")
    code, _, err = run("diff", tmp_path / "m.npy", "hifigan_22k")
    assert code == 2 and "does not say what its numbers mean" in err


# disks and processes that stop


class _FullDisk(io.FileIO):
    """A file that takes 1000 bytes and then no more."""

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def test_a_full_disk_keeps_the_old_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tmp_path / "a.wav", _noise(1.0))
    out = tmp_path / "out"
    words = ["extract", tmp_path / "a.wav", "-o", out / "a.mel", "-d", "hifigan_22k"]
    assert run(*words)[0] == 0
    before = (out / "a.mel").read_bytes()

    def full(path: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if str(path).endswith(".part"):
            return _FullDisk(path, "w")
        return builtins.open(path, mode, *rest, **named)

    monkeypatch.setattr(artifact, "open", full, raising=False)
    code, _, err = run(*words)
    assert code == 2 and "a.mel: cannot be written: No space left on device" in err and "Free some space" in err
    with pytest.raises(melpact.MelpactError, match="No space left"):
        melpact.save(melpact.extract(tmp_path / "a.wav", "hifigan_22k"), out / "b.mel")
    assert [path.name for path in out.iterdir()] == ["a.mel"]
    assert (out / "a.mel").read_bytes() == before


def test_an_output_folder_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", _noise(0.5))
    (tmp_path / "file").write_text("x")
    code, _, err = run("extract", tmp_path / "a.wav", "-o", tmp_path / "file" / "deep", "-d", "hifigan_22k")
    assert code == 2 and "folder cannot be made" in err and err.count("\n") == 1
    code, _, err = run("extract", tmp_path / "a.wav", "-o", tmp_path / "file", "-d", "hifigan_22k")
    assert code == 2 and "is a file, not a folder" in err


_SLOW = """
import sys, time
from melpact.features.extract_file import extract_file
def pause(frames):
    print(frames, flush=True)
    time.sleep(0.004)
extract_file(sys.argv[1], "hifigan_22k", sys.argv[2], block_samples=20_000, on_frames=pause)
"""


@pytest.mark.parametrize("blocks", [1, 200])
def test_kill_9_in_the_middle_leaves_nothing_that_loads(run: Run, tmp_path: Path, blocks: int) -> None:
    files.write(tmp_path / "a.wav", _noise(200.0))
    out = tmp_path / "out"
    command = [sys.executable, "-c", _SLOW, str(tmp_path / "a.wav"), str(out / "a.mel")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(blocks):
            assert int(process.stdout.readline()) > 0
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    left = list(out.iterdir())
    assert len(left) == 1 and left[0].name.startswith(".a.mel.") and left[0].suffix == ".part"
    with pytest.raises((Truncated, NotAnArtifact)):
        artifact.read(left[0])
    code, _, err = run("stats", out)
    assert code == 2 and "no such files here" in err
    words = ["extract", tmp_path / "a.wav", "-o", out / "a.mel", "-d", "hifigan_22k", "--skip-existing", "--json"]
    code, said, _ = run(*words)
    assert code == 0 and json.loads(said)["skipped"] == []
    assert melpact.load(out / "a.mel").n_frames == 1 + (200 * 22050 + 768 - 1024) // 256


# many


def test_one_bad_file_among_a_thousand(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    files.write(source / "0000.wav", _noise(0.1, 16000))
    for i in range(1, 1000):
        os.link(source / "0000.wav", source / f"{i:04d}.wav")
    bad = source / "0517.wav"
    bad.unlink()
    bad.write_bytes(b"RIFF")
    began = time.monotonic()
    code, said, err = run("extract", source, "-o", out, "-d", "hifigan_22k", "--json")
    assert time.monotonic() - began < 20
    report = json.loads(said)
    assert code == 1 and len(report["done"]) == 999
    assert [failure["source"] for failure in report["failed"]] == [str(bad)]
    assert report["failed"][0]["error"] == "AudioFileError" and str(bad) in report["failed"][0]["message"]
    assert err.startswith(f"melpact: failed: {bad}: ") and err.count("\n") == 1
    assert len(list(out.glob("*.mel"))) == 999 and not (out / "0517.mel").exists()
    wanted = melpact.extract(source / "0000.wav", "hifigan_22k").values
    np.testing.assert_array_equal(Mel.load(out / "0999.mel").values, wanted)


def test_the_same_as_a_function_raises_nothing(tmp_path: Path) -> None:
    files.write(tmp_path / "good.wav", _noise(0.2))
    (tmp_path / "bad.wav").write_bytes(b"")
    report = extract_all([tmp_path], tmp_path / "out", "hifigan_22k", jobs=2)
    assert [item.path.name for item in report.done] == ["good.mel"]
    assert [(f.item, f.error) for f in report.failed] == [(str(tmp_path / "bad.wav"), "AudioFileError")]
