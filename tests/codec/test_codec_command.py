"""`melpact codec`: sounds to streams and back by files, folders and pipes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codec.pcm_codec import PcmCodec
from melpact.audio import files, samples
from melpact.audio.audio import Audio
from melpact.cli.main import main
from melpact.core.errors import ArtifactError, ContractError, MelpactError, OtherCodec
from melpact.models.codec import container, opening
from melpact.models.codec.header import read_header
from melpact.models.codec.rate import Rate
from melpact.verbs import codec_decode, codec_encode
from melpact.verbs.codec_encode import rate_of, snr_db
from melpact.verbs.codec_info import codec_info


class TwoRates(PcmCodec):
    """PCM at 8 or 16 kHz."""

    sample_rates = (8000, 16000)

    def at(self, sample_rate: int) -> PcmCodec:
        return TwoRates(sample_rate) if sample_rate in self.sample_rates else super().at(sample_rate)


@pytest.fixture(autouse=True)
def shipped(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the lossless codec came with the package."""
    place = tmp_path_factory.mktemp("shipped") / "pcm.pcmcodec"
    place.write_bytes(b"")
    monkeypatch.setattr(opening, "SHIPPED", {"pcm_test": place.name})
    monkeypatch.setattr(opening, "shipped_file", lambda name: place)
    monkeypatch.setattr(opening, "FILES", {".pcmcodec": lambda path: TwoRates()})


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    speech = samples.load("ru_nocallback")
    files.write(folder / "one.wav", Audio.of(speech.samples[:, :20_000], 16000))
    files.write(folder / "deep" / "two.flac", Audio.of(np.tile(speech.samples[:, :9_000], (2, 1)), 16000))
    files.write(folder / "high.wav", Audio.of(speech.samples[:, :30_000], 44100))
    return folder


def test_there_and_back(sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codec", "encode", str(sounds), "-o", str(tmp_path / "s"), "--check", "--packet-ms", "200"]) == 0
    said = capsys.readouterr().out
    assert "exact" in said and "44100 Hz to 16000 Hz" in said and "quality 3" in said
    assert {p.relative_to(tmp_path / "s").as_posix() for p in (tmp_path / "s").rglob("*.melc")} == {
        "one.melc", "deep/two.melc", "high.melc",
    }  # fmt: skip
    assert main(["codec", "decode", str(tmp_path / "s"), "-o", str(tmp_path / "w")]) == 0
    for name in ("one.wav", "deep/two.wav"):
        source = next(sounds.glob(name[:-4] + ".*"))
        assert files.read(tmp_path / "w" / name) == files.read(source)
    high = files.read(tmp_path / "w" / "high.wav")
    assert high.sample_rate == 16000 and high.n_samples == round(30_000 * 16000 / 44100)


def test_json_says_real_rates(sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "one.melc"
    assert main(["codec", "encode", str(sounds / "one.wav"), "-o", str(out), "--quality", "0", "--check", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    item = said["done"][0]
    assert item["size_bytes"] == out.stat().st_size
    assert item["kbit_s"] == pytest.approx(8 * out.stat().st_size / 1.25 / 1000)
    made, given = PcmCodec().decode(out.read_bytes()), files.read(sounds / "one.wav")
    error = given.samples - made.samples
    assert item["snr_db"] == pytest.approx(10 * np.log10(np.sum(given.samples**2) / np.sum(error**2)), abs=1e-3)
    assert not item["exact"] and said["rate"] == {"kind": "quality", "step": 0}


def test_snr_by_hand() -> None:
    one, two = Audio.of([1.0, -1.0] * 50, 8000), Audio.of([0.9, -0.9] * 50, 8000)
    assert snr_db(one, two) == pytest.approx(20)
    assert snr_db(one, one) is None and snr_db(Audio.of([0.0] * 100, 8000), two) is None


@pytest.mark.parametrize("verbose", [True, False])
def test_one_bad_file_does_not_end_a_batch(
    sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    (sounds / "bad.wav").write_bytes(b"RIFF nothing")
    flags = [] if verbose else ["-q"]
    assert main(["codec", "encode", str(sounds), "-o", str(tmp_path / "s"), *flags]) == 1
    assert "bad.wav" in capsys.readouterr().err and len(list((tmp_path / "s").rglob("*.melc"))) == 3
    stream = (tmp_path / "s" / "one.melc").read_bytes()
    (tmp_path / "s" / "cut.melc").write_bytes(stream[:-5])
    (tmp_path / "s" / "other.melc").write_bytes(b"OggS")
    assert main(["codec", "decode", str(tmp_path / "s"), "-o", str(tmp_path / "w"), *flags]) == 1
    said = capsys.readouterr().err
    assert "cut.melc, byte" in said and "other.melc, byte 0: is not a stream" in said
    assert len(list((tmp_path / "w").rglob("*.wav"))) == 3


def test_concealing_is_a_finding(sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "one.melc"
    assert main(["codec", "encode", str(sounds / "one.wav"), "-o", str(out), "--packet-ms", "100", "-q"]) == 0
    data = bytearray(out.read_bytes())
    data[container.scan(bytes(data)).packets[3].offset + 9] ^= 1
    out.write_bytes(data)
    assert main(["codec", "decode", str(out), "-o", str(tmp_path / "a.wav")]) == 2
    assert "packet 3" in capsys.readouterr().err and not (tmp_path / "a.wav").exists()
    assert main(["codec", "decode", str(out), "-o", str(tmp_path / "a.wav"), "--conceal"]) == 1
    assert "1 of 13" in capsys.readouterr().out
    assert files.read(tmp_path / "a.wav").n_samples == 20_000
    assert main(["codec", "info", str(out)]) == 1
    said = capsys.readouterr().out
    assert "broken" in said and "packet 3" in said and "20000 samples" in said and "pcm_test" in said
    found = codec_info(out)
    sizes = [None if one.payload is None else len(one.payload) for one in container.scan(bytes(data)).packets]
    assert found.broken == (3,) and list(found.packet_bytes) == sizes
    assert found.kbit_s == pytest.approx(8 * len(data) / 1.25 / 1000)
    assert main(["codec", "info", str(out), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["packet_bytes"] == sizes


def test_the_stream_names_its_codec(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    low = tmp_path / "low.melc"
    assert main(["codec", "encode", str(sounds / "one.wav"), "-o", str(low), "--hz", "8000", "-q"]) == 0
    header, _ = read_header(low.read_bytes())
    assert header.sample_rate == 8000 and header.n_samples == 10_000
    assert opening.codec_of(header).sample_rate == 8000
    assert main(["codec", "decode", str(low), "-o", str(tmp_path / "low.wav"), "-q"]) == 0
    assert files.probe(tmp_path / "low.wav").sample_rate == 8000
    with pytest.raises(ContractError, match="8000 Hz or 16000 Hz"):
        codec_encode.codec_encode([sounds / "one.wav"], tmp_path / "b.melc", sample_rate=44100)

    class Other(PcmCodec):
        fingerprint = "00" * 8

    with pytest.raises(OtherCodec) as caught:
        codec_decode.codec_decode([low], tmp_path / "b.wav", codec=Other())
    assert caught.value.where == low and caught.value.next == "Name its codec: --with FILE"
    monkeypatch.setattr(opening, "SHIPPED", {})
    with pytest.raises(OtherCodec, match="does not come with"):
        codec_decode.codec_decode([low], tmp_path / "b.wav")
    assert codec_info(low).codec is None


def test_codecs_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractError, match="pcm_test"):
        opening.codec("nothing")
    with pytest.raises(ArtifactError, match="does not exist"):
        opening.codec(tmp_path / "no.pcmcodec")
    monkeypatch.setattr(opening, "shipped_file", lambda name: tmp_path / "absent.pcmcodec")
    with pytest.raises(ArtifactError, match="no codec comes with"):
        opening.codec()


def test_what_is_asked_for() -> None:
    assert rate_of() is None and rate_of(8.0) == Rate.constant(8) and rate_of(quality=0) == Rate.quality(0)
    assert rate_of(adaptive=True) == Rate.adaptive() and rate_of(6.0, adaptive=True) == Rate.adaptive(6)
    for wrong in (
        {"kbit_s": 8.0, "quality": 1},
        {"quality": 1, "adaptive": True},
        {"kbit_s": 0.0},
        {"kbit_s": float("nan")},
    ):
        with pytest.raises(ContractError):
            rate_of(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        ["encode", "sample:en_noservice", "--conceal"],
        ["decode", "a.melc", "-o", "out", "--quality", "0"],
        ["decode", "a.melc"],
        ["info", "a.melc", "-o", "b"],
        ["info", "a.melc", "b.melc"],
        ["encode", "-", "a.wav", "-o", "out"],
        ["encode", "a.wav", "b.wav", "-o", "-"],
        ["info", "missing.melc"],
        ["encode", "sample:en_noservice", "--kbit", "8"],
        ["encode", "sample:en_noservice", "--quality", "9"],
        ["encode", "sample:en_noservice", "--packet-ms", "0"],
        ["encode", "-", "-o", "-", "--json"],
    ],
)
def test_mistakes_are_said_in_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["codec", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("melpact: ") and said.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


class _Pipe(io.BytesIO):
    """Gives a few bytes at a time, odd numbers of them too."""

    def read1(self, size: int | None = -1) -> bytes:
        return super().read(min(777, size or 777))


def piped(monkeypatch: pytest.MonkeyPatch, words: list[str], data: bytes) -> tuple[int, bytes]:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=_Pipe(data)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out, flush=lambda: None, isatty=lambda: False))
    code = main(["codec", *words])
    monkeypatch.undo()
    return code, out.getvalue()


def test_pipes(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: None) -> None:
    whole = (files.read(sounds / "one.wav").samples[0] * 32768).astype("<i2")
    live = opening.SHIPPED, opening.FILES, opening.shipped_file

    def again(words: list[str], data: bytes) -> tuple[int, bytes]:
        for name, value in zip(("SHIPPED", "FILES", "shipped_file"), live):
            monkeypatch.setattr(opening, name, value)
        return piped(monkeypatch, words, data)

    code, stream = again(["encode", "-", "-o", "-", "--packet-ms", "50"], whole.tobytes())
    found = container.scan(stream)
    assert code == 0 and not found.problems and found.n_samples == 20_000 and found.header.n_packets is None
    assert len(found.packets) == 25
    code, made = again(["decode", "-", "-o", "-"], stream)
    assert code == 0 and made == whole.tobytes()
    code, made = again(["decode", "-", "-o", str(tmp_path / "p.wav")], stream)
    assert code == 0 and made == b"" and files.read(tmp_path / "p.wav") == files.read(sounds / "one.wav")
    broken = bytearray(stream)
    broken[found.packets[7].offset + 20] ^= 1
    code, made = again(["decode", "-", "-o", "-"], bytes(broken))
    assert code == 2 and made == whole[: 7 * 800].tobytes()
    code, made = again(["decode", "-", "-o", "-", "--conceal"], bytes(broken))
    assert code == 1 and len(made) == 40_000 and made[: 7 * 1600] == whole[: 7 * 800].tobytes()
    code, one = again(["encode", str(sounds / "one.wav"), "-o", "-"], b"")
    assert code == 0 and container.scan(one).n_samples == 20_000
    for wrong in (b"", whole.tobytes() + b"x"):
        code, _ = again(["encode", "-", "-o", str(tmp_path / "no.melc")], wrong)
        assert code == 2 and not (tmp_path / "no.melc").exists()


def test_too_long_for_one_piece(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_encode, "MOST_VALUES", 19_999)
    with pytest.raises(MelpactError, match="As a stream"):
        codec_encode.codec_encode([sounds / "one.wav"], tmp_path / "a.melc")
    monkeypatch.setattr(codec_decode, "MOST_BYTES", 3)
    (tmp_path / "b.melc").write_bytes(b"12345")
    with pytest.raises(ArtifactError, match="too large"):
        codec_info(tmp_path / "b.melc")
