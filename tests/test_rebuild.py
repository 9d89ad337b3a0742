"""The staged rebuild: stages bypassed and replaced by what is true, the post-filter, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("constriction")

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.smoothing import median_smoothed, median_width
from melpact.audio.writing import write
from melpact.cli.main import main
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError, SpecMismatch
from melpact.models.codec.rate import Rate
from melpact.verbs.mel_codec import mel_codec, refining, speaker
from melpact.verbs.rebuild import MEANING, REBUILT, Chain, rebuild
from test_mel_vae import small
from train.material import tone

FAST = "griffin_lim_fast"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rebuild")
    small().save(folder / "x.vae")
    (folder / "in").mkdir()
    for index in range(2):
        write(folder / "in" / f"{index}.wav", Audio.of(tone(index, 1.2), 22050))
    (folder / "in" / "broken.wav").write_bytes(b"RIFF")
    return folder


def test_a_median_of_one_does_nothing_and_of_three_removes_a_click() -> None:
    audio = Audio.of(tone(0, 0.1), 22050)
    assert median_smoothed(audio, 1) is audio
    x = np.array([[0, 0, 1, 0, 0, 0.5, 0.6, 0.7]], np.float32)
    assert median_smoothed(Audio(x, 8000), 3).samples.tolist() == [[0, 0, 0, 0, 0, 0.5, np.float32(0.6), np.float32(0.7)]]
    assert (median_width(None), median_width("median:1"), median_width("median:7")) == (1, 1, 7)
    for wrong in ("mean:3", "median", "median:x"):
        with pytest.raises(ContractError, match="post-filter"):
            median_width(wrong)
    for width in (0, 2, 103):
        with pytest.raises(ContractError, match="width"):
            median_smoothed(audio, width)


def test_the_chain_is_the_codec_and_every_bypass_is_one(place: Path) -> None:
    codec = mel_codec(place / "x.vae", vocoder=FAST)
    audio, speak = Audio.of(tone(3, 1.2), 22050), speaker(FAST, codec.vae.spec)
    plain, size, errors = Chain(codec, 5, None, speak).variants(audio)
    stream = codec.encode(audio, rate=Rate.quality(5))
    assert size == len(stream) and set(plain) == set(Chain(codec, 5, None, speak).names)
    mel = codec.mel_of(stream)
    frames = audio.n_samples // 256
    own = speak(Mel(mel.values[:, :frames].copy(), mel.spec)).samples[0]
    assert np.array_equal(plain[REBUILT].samples[0, : frames * 256], own)
    same, _, _ = Chain(codec, 5, refining("identity", codec.vae.spec), speak, post=1).variants(audio)
    for name in plain:
        assert np.array_equal(same[name].samples, plain[name].samples)
    assert np.array_equal(same["without refiner"].samples, plain[REBUILT].samples) and "without post-filter" not in same
    smooth, _, _ = Chain(codec, 5, None, speak, post=3).variants(audio)
    assert np.array_equal(smooth["without post-filter"].samples, plain[REBUILT].samples)
    assert np.array_equal(smooth[REBUILT].samples, median_smoothed(plain[REBUILT], 3).samples)
    assert errors["latent as it was"] <= 1.1 * errors[REBUILT]


def test_the_decoder_sees_no_more_than_the_bytes(place: Path) -> None:
    """Whoever changes what the sound is behind the stream changes nothing of what is rebuilt."""
    codec = mel_codec(place / "x.vae", vocoder=FAST, refine="identity")
    one, other = (codec.encode(Audio.of(tone(seed, 1.0), 22050)) for seed in (1, 2))
    made = codec.decode(one)
    codec.decode(other)
    assert np.array_equal(mel_codec(place / "x.vae", vocoder=FAST).decode(one).samples, made.samples)


def test_stages_are_told_and_oracles_name_the_bottleneck(place: Path) -> None:
    asked = {"vae": place / "x.vae", "vocoder": FAST}
    found = rebuild([place / "in"], place / "out", post="median:3", metrics=("snr", "mel_mae"), **asked)
    assert [path.name for path in found.files] == ["0.wav", "1.wav"]
    assert [one.error for one in found.failed] == ["AudioFileError"]
    assert read(found.files[0]).n_samples == read(place / "in" / "0.wav").n_samples
    stages = found.stages
    assert set(stages.scores) == set(MEANING) - {"without refiner"} and stages.kbit_s > 0.2
    both = stages.scores["true mel, true phase"]["snr"].value
    assert both is not None and both > 12
    gain = stages.gain("true mel", "mel_mae")
    assert gain is not None and gain < -0.2 and stages.bottleneck["mel_mae"][1] > 0.2
    assert stages.mel_errors["null"] > 0.5
    told = json.loads((place / "out" / "stages.json").read_text())
    assert told["bottleneck"]["snr"] == list(stages.bottleneck["snr"])
    with pytest.raises(MelpactError, match="nothing could be rebuilt"):
        rebuild([place / "in" / "broken.wav"], place / "none", **asked)
    with pytest.raises(SpecMismatch, match="vocoder takes another mel"):
        mel_codec(place / "x.vae", vocoder="melpact_small_24k")


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["rebuild", str(place / "in" / "0.wav"), "-o", str(place / "c"), "--vae", str(place / "x.vae"), "--with", FAST]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "bottleneck by snr: rebuilt mel, true phase" in told and "1 sounds, 1.2 s" in told
    assert main([*asked, "--json", "--quality", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["true mel"]["pesq_wb"]["n"] == 1
    assert main([*asked, "--quality", "99"]) == 2 and main([*asked, "--post", "mean:3"]) == 2
    assert main([*asked[:1], str(place / "in"), *asked[2:]]) == 1


def test_a_vae_is_a_codec_of_the_codec_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream, sound = place / "s" / "0.melc", place / "d" / "0.wav"
    asked = ["--with", str(place / "x.vae")]
    assert main(["codec", "encode", str(place / "in" / "0.wav"), "-o", str(stream.parent), "--quality", "3", *asked]) == 0
    assert main(["codec", "decode", str(stream), "-o", str(sound.parent), *asked]) == 0
    made = mel_codec(place / "x.vae").decode(stream.read_bytes())
    assert np.abs(read(sound).samples - np.clip(made.samples, -1, 1)).max() < 2**-14
    capsys.readouterr()
    assert main(["codec", "info", str(stream), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert main(["codec", "decode", str(stream), "-o", str(place / "e")]) == 2  # nobody says whose it is
