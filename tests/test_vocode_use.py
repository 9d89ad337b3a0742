"""Vocoders at work: streams written to disk, pitch from files, sounds and mels, `run --with`, other numbers, folders."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact as mp
from melpact.audio.files import read
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.verbs.vocode_with import vocode_with
from melpact.verbs.vocoder_checks import RunningCheck, check
from melpact.vocoders.families import family
from melpact.vocoders.neural import NeuralVocoder

pytest.importorskip("torch")

SPEC = dialect("hifigan_22k").spec
STEP = 2.0**-15
"""One step of the 16 bits that are written."""


def small(name: str = "hifigan", **changes: Any) -> NeuralVocoder:
    return NeuralVocoder.fresh(name, {**family(name).small, **changes}, SPEC)


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    from melpact.cli.main import main

    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def speech_mel() -> Mel:
    return mp.extract("sample:en_noservice", SPEC)


# --- a stream on its way to the disk


@pytest.mark.parametrize("name", ["hifigan", "pwg", "nsf_hifigan"])
def test_a_streamed_file_is_the_whole_file(tmp_path: Path, speech_mel: Mel, name: str) -> None:
    """Samples, checks and peak; for a family with noise and one with a running phase, too."""
    maker = small(name)
    path = speech_mel.save(tmp_path / "a.mel")
    (whole,) = vocode_with([path], tmp_path / "whole.wav", maker).done
    (parts,) = vocode_with([path], tmp_path / "parts.wav", maker, stream=True, block_frames=37).done
    a, b = read(tmp_path / "whole.wav").samples, read(tmp_path / "parts.wav").samples
    assert a.shape == b.shape == (1, speech_mel.n_samples)
    assert np.abs(a - b).max() <= 2 * STEP
    assert parts.peak == pytest.approx(whole.peak, abs=2e-5)
    assert parts.checked.findings == whole.checked.findings and parts.duration_s == whole.duration_s
    for field in ("error_nat", "null_nat", "level_db", "speech_share"):
        assert getattr(parts.checked, field) == pytest.approx(getattr(whole.checked, field), abs=0.02), field


def test_checks_of_blocks_are_those_of_the_whole(speech_mel: Mel) -> None:
    made = mp.invert(speech_mel, effort="fast")
    whole = check(speech_mel, made)
    running = RunningCheck(speech_mel, made.sample_rate)
    for at in range(0, made.n_samples, 1000):
        running.push(made.samples[0, at : at + 1000])
    parts = running.finish()
    assert parts.findings == whole.findings == ()
    for field in ("error_nat", "null_nat", "level_db", "speech_share", "clipped_share"):
        assert getattr(parts, field) == pytest.approx(getattr(whole, field), rel=1e-6), field
    given = speech_mel.values.astype(np.float64)
    own = mp.extract(made, SPEC).values.astype(np.float64)
    assert whole.error_nat == pytest.approx(np.abs(own - given).mean(), rel=1e-6)
    assert whole.null_nat == pytest.approx(np.abs(given - given.mean(axis=1, keepdims=True)).mean(), rel=1e-6)
    assert whole.level_db == pytest.approx(20 / np.log(10) * (own - given).mean(), rel=1e-6)


class _BreaksOff:
    """A runtime that fails in the middle."""

    name, in_batches = "broken", False

    def __init__(self, good: int) -> None:
        self.left = good

    def run(self, inputs: Any) -> Any:
        self.left -= 1
        made = np.zeros((inputs[0].shape[0], inputs[0].shape[-1] * 256), np.float32)
        return made if self.left >= 0 else made * np.nan


def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path, speech_mel: Mel) -> None:
    maker = NeuralVocoder(SPEC, "hifigan", {}, _BreaksOff(3), 256, (5, 5))
    path = speech_mel.save(tmp_path / "a.mel")
    with pytest.raises(ContractError, match="not numbers"):
        vocode_with([path], tmp_path / "out.wav", maker, stream=True, block_frames=32)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mel"]


_PEAK = """
import resource, sys
from melpact.cli.main import main
code = main(["vocode", sys.argv[1], "-o", sys.argv[2], "--with", sys.argv[3], "--stream", "-q"])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_ten_minutes_stream_to_disk_in_the_memory_of_twenty_seconds(tmp_path: Path) -> None:
    """Peak memory: the mel (16 MB) and what tells speech grow; the sound (53 MB as float32, several times) is not held."""
    pytest.importorskip("onnxruntime")
    from melpact.vocoders.neural.exporting import export

    maker = export(small(upsample_initial_channel=8), tmp_path / "v.onnx")
    peaks = []
    for seconds in (20, 600):
        frames = round(seconds * SPEC.frame_rate_hz)
        values = np.random.default_rng(0).normal(-4, 2, (80, frames)).astype(np.float32)
        Mel(values, SPEC).save(tmp_path / "a.mel")
        words = [tmp_path / "a.mel", tmp_path / "a.wav", maker]
        done = subprocess.run([sys.executable, "-c", _PEAK, *map(str, words)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        code, peak = done.stdout.split()
        assert code in "01"
        peaks.append(int(peak) / 1024)
        assert read(tmp_path / "a.wav").n_samples == frames * 256
    assert peaks[1] - peaks[0] < 60, peaks


# --- pitch


def write_csv(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def test_the_pitch_of_a_file_drives_the_vocoder(tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel) -> None:
    maker = small("nsf_hifigan")
    voc, mel = maker.save(tmp_path / "v.vocoder"), speech_mel.save(tmp_path / "a.mel")
    f0 = np.where(np.arange(speech_mel.n_frames) % 50 < 30, 180.0, 0.0)
    wanted = maker(speech_mel, f0.astype(np.float32)).samples
    assert np.abs(wanted - maker(speech_mel, (f0 * 1.2).astype(np.float32)).samples).max() > 1e-3
    np.save(tmp_path / "f0.npy", np.where(f0 > 0, f0, np.nan))
    write_csv(tmp_path / "f0.csv", ["f0_hz", *(str(v) for v in f0)])
    times = (np.arange(f0.size) * 256 + 128) / 22050
    write_csv(tmp_path / "times.csv", ["time,f0", *(f"{t:.9f},{v}" for t, v in zip(times, f0, strict=True))])
    for file in ("f0.npy", "f0.csv", "times.csv"):
        args = ("vocode", mel, "-o", tmp_path / "a.wav", "--with", voc, "--f0", tmp_path / file)
        code, out, err = command(capsys, *args)
        assert code == 0 and file in out, err
        np.testing.assert_allclose(read(tmp_path / "a.wav").samples, wanted, rtol=0, atol=2 * STEP)


def test_the_pitch_of_the_sound_and_of_the_mel_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel
) -> None:
    voc = small("nsf_hifigan").save(tmp_path / "v.vocoder")
    mel = speech_mel.save(tmp_path / "a.mel")
    common = ("vocode", mel, "-o", tmp_path / "a.wav", "--with", voc)
    code, out, err = command(capsys, *common, "--audio", "sample:en_noservice")
    assert code == 0 and "pitch: en_noservice.flac" in out, err
    heard = mp.pitch("sample:en_noservice", SPEC)
    wanted = mp.vocoder(voc)(speech_mel, heard).samples
    np.testing.assert_allclose(read(tmp_path / "a.wav").samples, wanted, rtol=0, atol=2 * STEP)
    code, out, _ = command(capsys, *common)
    assert code == 0 and "estimated from the mel" in out


@pytest.mark.parametrize("name", ["en_noservice", "it_noservice"])
def test_the_error_of_a_pitch_that_is_estimated_from_the_mel(name: str) -> None:
    from melpact.verbs.pitches import estimated

    mel = mp.extract(f"sample:{name}", SPEC)
    truth, found = mp.pitch(f"sample:{name}", SPEC), estimated(mel)
    both = (truth > 0) & (found > 0)
    assert np.mean(np.abs(found[both] / truth[both] - 1) > 0.2) < 0.03
    assert np.mean((truth > 0) != (found > 0)) < 0.12


def test_pitches_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel) -> None:
    voc, plain = small("nsf_hifigan").save(tmp_path / "v.vocoder"), small().save(tmp_path / "p.vocoder")
    mel = speech_mel.save(tmp_path / "a.mel")
    np.save(tmp_path / "short.npy", np.zeros(3))
    np.save(tmp_path / "minus.npy", np.full(speech_mel.n_frames, -1.0))
    np.save(tmp_path / "table.npy", np.zeros((4, 5)))
    write_csv(tmp_path / "words.csv", ["a,b", "c,d"])
    write_csv(tmp_path / "back.csv", ["0,100", "0.2,100", "0.1,100"])
    (tmp_path / "empty").mkdir()
    for given, says in (
        (["--f0", tmp_path / "short.npy"], "two columns"),
        (["--f0", tmp_path / "minus.npy"], "below 0 Hz"),
        (["--f0", tmp_path / "table.npy"], "no list of pitches"),
        (["--f0", tmp_path / "words.csv"], "no table of pitch"),
        (["--f0", tmp_path / "back.csv"], "grow"),
        (["--f0", tmp_path / "none.npy"], "does not exist"),
        (["--f0", tmp_path / "empty"], "one named a"),
        (["--audio", "sample:en_unidentified"], "not of one length"),
        (["--f0", tmp_path / "short.npy", "--audio", "sample:en_noservice"], "one of them"),
    ):
        code, _, err = command(capsys, "vocode", mel, "-o", tmp_path / "o.wav", "--with", voc, *given)
        assert code == 2 and says in err, (given, err)
        assert not (tmp_path / "o.wav").exists()
    given = ["--with", plain, "--audio", "sample:en_noservice"]
    code, _, err = command(capsys, "vocode", mel, "-o", tmp_path / "o.wav", *given)
    assert code == 2 and "takes no pitch" in err
    with pytest.raises(ContractError, match=r"mp\.pitch"):
        mp.vocoder(voc)(speech_mel)


def test_a_folder_of_mels_takes_a_folder_of_pitches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speech_mel: Mel
) -> None:
    voc = small("nsf_hifigan").save(tmp_path / "v.vocoder")
    for folder in ("mels", "f0"):
        (tmp_path / folder).mkdir()
    for name, frames in (("a", 40), ("b", 60), ("c", 50)):
        Mel(speech_mel.values[:, :frames], SPEC).save(tmp_path / "mels" / f"{name}.mel")
        if name != "c":
            np.save(tmp_path / "f0" / f"{name}.npy", np.full(frames, 140.0))
    args = ("vocode", tmp_path / "mels", "-o", tmp_path / "out", "--with", voc, "--json")
    code, out, _ = command(capsys, *args, "--f0", tmp_path / "f0")
    said = json.loads(out)
    assert code == 1 and [item["pitch"] for item in said["done"]] == ["a.npy", "b.npy"]
    assert "one named c" in said["failed"][0]["message"]
    code, _, err = command(capsys, *args, "--f0", tmp_path / "f0" / "a.npy")
    assert code == 2 and "folder with one per mel" in err


# --- run --with


def test_run_with_a_vocoder_goes_through_its_own_mel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = SPEC.replace_quietly(log="log10")
    maker = NeuralVocoder.fresh("hifigan", family("hifigan").small, spec)
    voc = maker.save(tmp_path / "v.vocoder")
    args = ("run", "sample:en_noservice", "-o", tmp_path / "out", "--with", voc, "--effort", "fast")
    code, out, _ = command(capsys, *args, "--json")
    said = json.loads(out)
    assert code == 1 and said["fingerprint"] == spec.fingerprint
    assert said["vocoder"]["family"] == "hifigan" and said["vocoder"]["bridge"] is None
    (own,) = [one for one in said["checks"] if one["check"] == "the vocoder's sound"]
    assert not own["passed"] and "untrained" in own["detail"]
    wanted = maker(Mel.load(tmp_path / "out" / "en_noservice.mel")).samples
    np.testing.assert_allclose(read(tmp_path / "out" / "en_noservice.wav").samples, wanted, rtol=0, atol=2 * STEP)
    rows = {row["metric"]: row for row in said["kept"]}
    assert {"from the mel", "without a model", "null: silence", "true phase"} <= set(rows["mel error"])
    assert rows["mel error"]["without a model"] < 0.2 * rows["mel error"]["from the mel"]
    code, out, _ = command(capsys, *args)
    assert "sound by" in out and "without a model" in out


def test_run_with_a_vocoder_and_another_dialect_bridges_or_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decade = NeuralVocoder.fresh("nsf_hifigan", family("nsf_hifigan").small, SPEC.replace_quietly(log="log10"))
    voc = decade.save(tmp_path / "v.vocoder")
    args = ("run", "sample:en_noservice", "-o", tmp_path / "out", "--with", voc, "--effort", "fast")
    code, out, err = command(capsys, *args, "-d", "hifigan_22k")
    assert code in (0, 1) and "bridge:" in out and "exact" in out and "pitch: en_noservice.flac" in out, err
    code, _, err = command(capsys, *args, "-d", "tacotron2_22k")
    assert code == 2 and "--allow fitted" in err
    code, _, err = command(capsys, *args, "--set", "f_max=7000")
    assert code == 2 and "--dialect" in err


# --- fewer bits


def test_convert_to_fewer_bits_says_and_keeps_what_that_loses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    maker = NeuralVocoder.fresh("vocos", family("vocos").small, dialect("vocos_24k").spec)
    voc = maker.save(tmp_path / "v.vocoder")
    sizes = {}
    for dtype in ("float32", "float16", "int8"):
        target = tmp_path / f"v.{dtype}.onnx"
        code, out, err = command(capsys, "vocoder", "convert", voc, "-o", target, "--dtype", dtype)
        assert code == 0 and ("float32's" in out) == (dtype != "float32"), err
        sizes[dtype] = target.stat().st_size
        code, out, _ = command(capsys, "vocoder", "show", target, "--json")
        said = json.loads(out)
        assert said["numbers"]["dtype"] == dtype and said["audible_loss"] is False
        if dtype != "float32":
            assert said["numbers"]["snr_db"] > 30 and 0 < said["numbers"]["mel_error_db"] < 0.2
            assert said["numbers"]["times_as_fast"] > 0
    assert sizes["float16"] < 0.7 * sizes["float32"]
    code, _, err = command(capsys, "vocoder", "convert", voc, "-o", tmp_path / "w.vocoder", "--dtype", "int8")
    assert code == 2 and "NAME.onnx" in err
    from melpact.vocoders.neural.exporting import export

    with pytest.raises(ContractError, match="no bfloat16 on the CPU"):
        export(maker, tmp_path / "b.onnx", "bfloat16")
    assert not (tmp_path / "b.onnx").exists()


def test_a_loss_that_is_heard_is_a_finding() -> None:
    """The measures against noise and gain of known size, added to the sound of a known vocoder."""
    from melpact.verbs.vocoder_loss import loss

    class Altered:
        name, in_batches = "altered", False

        def __init__(self, gain: float, noise: float) -> None:
            self.gain, self.noise = gain, noise

        def run(self, inputs: Any) -> Any:
            n = inputs[0].shape[-1] * 256
            tone = 0.1 * np.random.default_rng(3).standard_normal(n)
            added = np.random.default_rng(1).standard_normal(n)
            return (self.gain * tone + self.noise * 0.1 * added).astype(np.float32)[None]

    def made(gain: float, noise: float) -> NeuralVocoder:
        return NeuralVocoder(SPEC, "hifigan", {}, Altered(gain, noise), 256, (5, 5))

    quiet = loss(made(1, 0), made(1, 0.01))
    assert quiet.snr_db == pytest.approx(40, abs=0.2) and quiet.mel_error_db < 0.1 and not quiet.audible
    louder = loss(made(1, 0), made(10 ** (2 / 20), 0))
    assert louder.mel_error_db == pytest.approx(2.0, abs=0.01) and louder.audible


def test_pitch_and_phase_keep_their_bits_where_the_network_has_fewer() -> None:
    import torch

    from melpact.nn.generators.nsf_hifigan import NsfHifiGan
    from melpact.nn.torch_runtime import TorchRuntime

    class Second(torch.nn.Module):
        precise = (1,)

        def forward(self, first: Any, second: Any) -> Any:
            return torch.cat([first.to(torch.float32), second.to(torch.float32)], 1)

    x = np.array([[0.123456]], np.float32)
    first, second = TorchRuntime(Second(), dtype="bfloat16").run([x, x])[0]
    assert second == x[0, 0] and first != second and first == pytest.approx(second, rel=2**-8)
    assert {family("nsf_hifigan").inputs[i] for i in NsfHifiGan.precise} == {"f0", "phase", "noise"}


# --- folders


def test_a_folder_runs_in_batches_where_the_runtime_gains_by_it(tmp_path: Path, speech_mel: Mel) -> None:
    """Unequal mels and a broken one among them: the sounds and the order are those of one file after the other."""
    from melpact.verbs import sounding

    class Together:
        name, in_batches = "together", True

        def __init__(self, other: Any) -> None:
            self.other, self.sizes = other, list[int]()

        def run(self, inputs: Any) -> Any:
            self.sizes.append(len(inputs[0]))
            return self.other.run(inputs)

    alone = small()
    runtime = Together(alone.runtime)
    batched = replace(alone, runtime=runtime)
    (tmp_path / "mels").mkdir()
    for name, frames in (("a", 80), ("b", 20), ("c", 95), ("d", 100), ("e", 90)):
        Mel(speech_mel.values[:, :frames], SPEC).save(tmp_path / "mels" / f"{name}.mel")
    (tmp_path / "mels" / "bad.mel").write_bytes(b"nothing")
    one = vocode_with([tmp_path / "mels"], tmp_path / "one", alone)
    many = vocode_with([tmp_path / "mels"], tmp_path / "many", batched)
    assert max(runtime.sizes) == 4
    assert [item.path.name for item in many.done] == [item.path.name for item in one.done] == [f"{n}.wav" for n in "abcde"]
    assert [f.error for f in many.failed] == [f.error for f in one.failed] == ["NotAnArtifact"]
    for item in one.done:
        a, b = read(item.path).samples, read(tmp_path / "many" / item.path.name).samples
        assert a.shape == b.shape and np.abs(a - b).max() <= 2 * STEP
    assert sounding.GROUP_FRAMES * 80 * 4 < 2**24  # what waits together: 16 MB of mel
