"""The waveform codec as a codec: packets, pieces, loss, another process, streams that nobody wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import codec_fuzz

from codec.random_codec import random_codec
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.models.codec import container
from melpact.models.codec.base import Codec
from melpact.models.codec.opening import SHIPPED, codec, shipped_file
from melpact.models.codec.rate import Rate
from melpact.models.codec.streaming import Decoder, Encoder

HERE = Path(__file__).parents[1]
THERE = shipped_file(next(iter(SHIPPED))).exists()


def speech(sample_rate: int, n: int) -> Audio:
    row = resample(samples.load("en_noservice"), sample_rate).samples[:, sample_rate // 2 :]
    return Audio.of(row[:, :n], sample_rate)


@pytest.fixture(params=["random", pytest.param("shipped", marks=pytest.mark.skipif(not THERE, reason="none ships yet"))])
def either(request: pytest.FixtureRequest) -> Codec:
    return random_codec() if request.param == "random" else codec()


@pytest.mark.parametrize("sample_rate", [16000, 24000])
@pytest.mark.parametrize("n", [1, 159, 320, 321, 16_000, 20_001])
def test_every_length_comes_back(either: Codec, sample_rate: int, n: int) -> None:
    one = either.at(sample_rate)
    audio = speech(sample_rate, n)
    stream = one.encode(audio, rate=Rate.quality(3), packet_ms=200)
    assert one.decode(stream).n_samples == n
    assert container.read(stream)[0].fingerprint == either.fingerprint


def test_in_pieces_as_in_the_whole(either: Codec) -> None:
    stream = either.encode(speech(16000, 20_000), packet_ms=100)
    header, payloads = container.read(stream)
    for lost in ([], [3, 4]):
        decoder = Decoder(either, header)
        blocks = [decoder.push(None if index in lost else payload) for index, payload in enumerate(payloads)]
        made = np.concatenate([*blocks, decoder.finish()], axis=1)
        assert np.array_equal(made, either.decode(stream, lost=lost).samples)
        assert sum(block.shape[1] for block in blocks) >= 20_000 - 160


def test_a_sound_that_still_comes(either: Codec) -> None:
    audio = speech(16000, 12_000)
    encoder, payloads = Encoder(either, rate=Rate.constant(12), packet_ms=40), []
    for at in range(0, audio.n_samples, 160):
        payloads += encoder.push(audio.samples[:, at : at + 160])
    payloads += encoder.finish()
    assert encoder.delay.samples == 640 + 160 and len(payloads) == 19
    decoder = Decoder(either, encoder.header)
    made = np.concatenate([*(decoder.push(one) for one in payloads), decoder.finish(12_000)], axis=1)
    assert made.shape[1] >= 12_000 and np.isfinite(made).all()


def test_a_lost_packet_is_no_hole_and_no_noise(either: Codec) -> None:
    """Its neighbours stay what they are; what is made up is no louder than twice the loudest before it."""
    audio = speech(16000, 24_000)
    stream = either.encode(audio, rate=Rate.quality(12), packet_ms=100)
    whole, less = either.decode(stream).samples[0], either.decode(stream, lost=[6]).samples[0]
    assert np.array_equal(whole[: 9600 - 160], less[: 9600 - 160])
    part = slice(9600, 11_200)
    assert np.abs(less[part]).max() <= 2 * np.abs(whole[:9600]).max()
    if THERE and either.name != "random":
        assert np.sqrt(np.mean(less[9600:10_000] ** 2)) > 0.2 * np.sqrt(np.mean(whole[9600:10_000] ** 2))


def test_every_packet_lost_is_silence_of_the_right_length(either: Codec) -> None:
    stream = either.encode(speech(16000, 9_000), packet_ms=100)
    assert either.decode(stream, lost=range(10)).n_samples == 9_000


@pytest.mark.skipif(not THERE, reason="none ships yet")
@pytest.mark.parametrize("packet_ms", [40, 1000])
def test_a_rate_on_average_is_met_however_long_packets_are(packet_ms: float) -> None:
    audio = samples.load("ru_nocallback")
    for kbit_s in (6, 12):
        stream = codec().encode(audio, rate=Rate.adaptive(kbit_s), packet_ms=packet_ms)
        assert 8 * len(stream) / audio.duration_s / 1000 == pytest.approx(kbit_s, rel=0.08)


def test_nothing_but_sounds_and_errors_of_a_stream() -> None:
    found = codec_fuzz.fuzz(random_codec(), 300, seed=3, seconds=0.08)
    assert not found.faults, found.faults[:3]
    assert found.outcomes["sound"] + found.outcomes["sound in pieces"] > 60


@pytest.mark.skipif(not THERE, reason="none ships yet")
@pytest.mark.parametrize("sample_rate", [16000, 24000])
def test_another_process_decodes_the_same_bits(tmp_path: Path, sample_rate: int) -> None:
    one = codec(sample_rate=sample_rate)
    stream = one.encode(speech(sample_rate, 2 * sample_rate))
    (tmp_path / "a.melc").write_bytes(stream)
    code = (
        "import pathlib, sys\n"
        "from melpact.models.codec import container; from melpact.models.codec.opening import codec_of\n"
        "data = pathlib.Path(sys.argv[1]).read_bytes(); made = codec_of(container.scan(data).header).decode(data)\n"
        "sys.stdout.buffer.write(made.samples.tobytes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.melc")], capture_output=True, check=True)
    assert done.stdout == one.decode(stream).samples.tobytes()


def test_another_process_writes_and_reads_the_same_bits(tmp_path: Path) -> None:
    """With random weights, which need no file of the package."""
    audio = speech(16000, 8_000)
    stream = random_codec().encode(audio, rate=Rate.quality(9), packet_ms=200)
    np.save(tmp_path / "a.npy", audio.samples)
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import numpy as np; from codec.random_codec import random_codec; from melpact.audio.audio import Audio\n"
        "from melpact.models.codec.rate import Rate\n"
        "one, audio = random_codec(), Audio.of(np.load(sys.argv[1]), 16000)\n"
        "stream = one.encode(audio, rate=Rate.quality(9), packet_ms=200)\n"
        "sys.stdout.buffer.write(len(stream).to_bytes(8, 'little') + stream + one.decode(stream).samples.tobytes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.npy")], capture_output=True, check=True)
    size = int.from_bytes(done.stdout[:8], "little")
    assert done.stdout[8 : 8 + size] == stream
    assert done.stdout[8 + size :] == random_codec().decode(stream).samples.tobytes()
