"""What every codec gets from its base: packets, channels, lengths, concealment, and the same in pieces as in the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codec.pcm_codec import PcmCodec
from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.core import errors
from melpact.core.errors import ContractError
from melpact.models.codec import container
from melpact.models.codec.header import Header
from melpact.models.codec.rate import Rate
from melpact.models.codec.sounding import AtEnd
from melpact.models.codec.streaming import Decoder, Encoder

PCM = PcmCodec()
SPEECH = samples.load("it_noservice")


def stereo(n: int = 20_000) -> Audio:
    row = SPEECH.samples[0, 3000 : 3000 + n]
    return Audio.of(np.stack([row, row[::-1]]), 16000)


@pytest.mark.parametrize("n", [1, 159, 160, 161, 15_999, 16_000, 16_001, 40_000])
@pytest.mark.parametrize("packet_ms", [10, 25, 1000])
def test_every_length_comes_back(n: int, packet_ms: float) -> None:
    audio = Audio.of(SPEECH.samples[:, :n], 16000)
    stream = PCM.encode(audio, packet_ms=packet_ms)
    assert PCM.decode(stream) == audio
    header, payloads = container.read(stream)
    packet = {10: 160, 25: 320, 1000: 16000}[int(packet_ms)]  # 2.5 frames are rounded to 2
    assert header.packet_samples == packet and len(payloads) == -(-n // packet) and header.n_samples == n


def test_channels_are_coded_apart() -> None:
    audio = stereo()
    found = PCM.decoded(PCM.encode(audio, packet_ms=100))
    assert found.audio == audio and found.header.channels == 2 and found.lost == () and found.n_packets == 13
    one = PCM.encode(Audio.of(audio.samples[1], 16000), packet_ms=100)
    assert PCM.decode(one).samples[0].tobytes() == found.audio.samples[1].tobytes()


def test_quality_costs_bits_and_is_heard() -> None:
    sizes, noise = [], []
    for step in range(4):
        stream = PCM.encode(SPEECH, rate=Rate.quality(step))
        sizes.append(len(stream))
        noise.append(float(np.abs(PCM.decode(stream).samples - SPEECH.samples).max()))
    assert sizes == sorted(sizes) and sizes[0] < 0.8 * sizes[3]
    assert noise == [7 / 32768, 3 / 32768, 1 / 32768, 0]


@pytest.mark.parametrize("lost", [[0], [3], [2, 3], [12], range(13)])
def test_a_lost_packet_costs_its_own_sound(lost: list[int]) -> None:
    audio = stereo()
    found = PCM.decoded(PCM.encode(audio, packet_ms=100), lost=lost)
    assert found.audio.n_samples == audio.n_samples and found.lost == tuple(lost)
    for index in range(13):
        part = slice(1600 * index, min(1600 * (index + 1), audio.n_samples))
        same = np.array_equal(found.audio.samples[:, part], audio.samples[:, part])
        assert same == (index not in lost)


def test_what_is_made_up_is_the_final_class_s() -> None:
    """PCM holds its last sample and fades: by hand, for the packet behind the first."""
    audio = Audio.of(SPEECH.samples[:, 4000:7200], 16000)
    made = PCM.decode(PCM.encode(audio, packet_ms=100), lost=[1]).samples[0, 1600:]
    last = audio.samples[0, 1599]
    want = last * (1 - np.arange(1, 1601) / 1600)
    assert last != 0 and np.allclose(made, want, atol=1e-7)


def test_broken_and_missing_packets() -> None:
    audio = stereo()
    stream = PCM.encode(audio, packet_ms=100)
    packets = container.scan(stream).packets
    broken = bytearray(stream)
    broken[packets[4].offset + 30] ^= 16
    with pytest.raises(errors.BrokenPacket) as caught:
        PCM.decode(bytes(broken))
    assert (caught.value.packet, caught.value.offset) == (4, packets[4].offset)
    found = PCM.decoded(bytes(broken), conceal=True)
    assert found.lost == (4,) and found.audio.n_samples == audio.n_samples
    assert found.audio == PCM.decode(stream, lost=[4])
    # cut off: what is there is given, what is missing is not made up
    short = stream[: packets[9].offset + 5]
    with pytest.raises(errors.StreamTruncated):
        PCM.decode(short)
    found = PCM.decoded(short, conceal=True)
    assert found.audio.n_samples == 9 * 1600 and found.lost == ()
    assert np.array_equal(found.audio.samples, audio.samples[:, : 9 * 1600])
    with pytest.raises(errors.StreamTruncated):
        PCM.decode(stream[: packets[0].offset + 5], conceal=True)


def test_a_payload_that_says_nothing_is_a_broken_packet() -> None:
    audio = Audio.of(SPEECH.samples[:, 4000:7200], 16000)
    header, payloads = container.read(PCM.encode(audio, packet_ms=100))
    stream = container.write(header, [payloads[0], b"\x00nonsense"])
    with pytest.raises(errors.BrokenPacket, match="inflated") as caught:
        PCM.decode(stream)
    assert caught.value.packet == 1 and caught.value.offset == container.scan(stream).packets[1].offset
    assert PCM.decoded(stream, conceal=True).lost == (1,)


def test_a_stream_of_another_codec() -> None:
    stream = PCM.encode(stereo())
    assert (PCM.kind, PCM.fingerprint) == (0, "7465737470636d31")

    class Other(PcmCodec):
        fingerprint = "7465737470636d32"

    with pytest.raises(errors.OtherCodec, match="7465737470636d31") as caught:
        Other().decode(stream)
    assert caught.value.offset == 5


@pytest.mark.parametrize(
    ("change", "offset"),
    [({"packet_samples": 161}, 27), ({"sample_rate": 24000}, 14), ({"settings": b"x"}, 36), ({"n_packets": 3}, 31)],
)
def test_numbers_that_this_codec_cannot_have(change: dict[str, int], offset: int) -> None:
    facts = {"kind": 0, "fingerprint": PCM.fingerprint, "sample_rate": 16000, "channels": 1, "n_samples": 320,
             "packet_samples": 160, "n_packets": 2, "settings": b""}  # fmt: skip
    header = Header(**{**facts, **change})  # type: ignore[arg-type]
    stream = container.write(header, [b""] * (header.n_packets or 0))
    with pytest.raises(errors.ImpossibleNumber) as caught:
        PCM.decode(stream)
    assert caught.value.offset == offset


def test_more_than_one_piece_of_memory_takes() -> None:
    """20 000 packets of 131 040 samples in 200 000 bytes: refused before anything is reserved."""
    header = Header(0, PCM.fingerprint, 16000, 1, 20_000 * 131_040, 131_040, 20_000)
    stream = container.write(header, [b"\x03zzzz"] * 20_000)
    with pytest.raises(errors.ImpossibleNumber, match="in one piece"):
        PCM.decode(stream)


@pytest.mark.parametrize(
    ("rate", "packet_ms"),
    [
        (Rate.constant(8), 1000),
        (Rate.adaptive(), 1000),
        (Rate.quality(4), 1000),
        (None, 0),
        (None, 60_000),
        (None, float("nan")),
    ],
)
def test_what_cannot_be_asked_for(rate: Rate | None, packet_ms: float) -> None:
    with pytest.raises(ContractError):
        PCM.encode(SPEECH, rate=rate, packet_ms=packet_ms)
    with pytest.raises(ContractError, match="16000 Hz"):
        PCM.encode(Audio.of(SPEECH.samples, 22050))


@pytest.mark.parametrize("facts", [{"kind": "constant"}, {"kind": "quality"}, {"kind": "adaptive", "step": 1}])
def test_a_rate_is_one_of_three(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="constant takes"):
        Rate(**facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("block", [1, 160, 777, 50_000])
def test_a_sound_that_still_comes_gives_the_same_payloads(block: int) -> None:
    audio = stereo(4000 if block == 1 else 20_000)
    encoder, payloads = Encoder(PCM, channels=2, packet_ms=50), []
    for at in range(0, audio.n_samples, block):
        payloads += encoder.push(audio.samples[:, at : at + block])
    payloads += encoder.finish()
    whole = container.read(PCM.encode(audio, packet_ms=50))[1]
    assert payloads == whole and encoder.n_samples == audio.n_samples  # both are whole packets here
    decoder = Decoder(PCM, encoder.header)
    made = np.concatenate([*(decoder.push(payload) for payload in payloads), decoder.finish(audio.n_samples)], axis=1)
    assert np.array_equal(made[:, : audio.n_samples], audio.samples)
    assert encoder.delay.samples == 800


def test_a_stream_that_still_comes() -> None:
    audio = stereo(20_001)
    header, payloads = container.read(PCM.encode(audio, packet_ms=100))
    decoder = Decoder(PCM, header, conceal=True)
    blocks = [
        decoder.push(None if index == 2 else b"\x09" if index == 5 else payload) for index, payload in enumerate(payloads)
    ]
    made = np.concatenate([*blocks, decoder.finish()], axis=1)
    assert made.shape == (2, 20_001) and decoder.lost == [2, 5]
    assert np.array_equal(made, PCM.decode(container.write(header, payloads), lost=[2, 5]).samples)
    with pytest.raises(errors.BrokenPacket, match="more packets"):
        decoder.push(payloads[0])
    with pytest.raises(errors.BrokenPacket):
        Decoder(PCM, header).push(b"\x09")
    with pytest.raises(ContractError):
        Encoder(PCM).push(audio.samples)


def test_sound_that_is_made_of_all_packets_at_once() -> None:
    seen: list[object] = []

    def make(parts: object, frames: object) -> np.ndarray:
        seen.append((list(parts), list(frames)))  # type: ignore[call-overload]
        return np.ones(3, np.float32)

    sounding = AtEnd(make)
    assert sounding.push("a", 2).size == 0 and sounding.push(None, 1).size == 0
    assert sounding.finish().tolist() == [1, 1, 1] and seen == [(["a", None], [2, 1])]


def test_values_that_are_no_numbers_are_no_sound() -> None:
    class Broken(PcmCodec):
        def _read(self, payload: bytes, frames: int, settings: bytes) -> np.ndarray:
            return np.full(frames * self.frame_samples, np.nan, np.float32)

    stream = PCM.encode(stereo())
    with pytest.raises(errors.BrokenPacket, match="not numbers"):
        Broken().decode(stream)


def test_another_process_decodes_the_same_bits(tmp_path: Path) -> None:
    stream = PCM.encode(stereo(), packet_ms=100)
    (tmp_path / "a.melc").write_bytes(stream)
    code = (
        "import sys, pathlib; from codec.pcm_codec import PcmCodec\n"
        "made = PcmCodec().decode(pathlib.Path(sys.argv[1]).read_bytes(), lost=[3])\n"
        "sys.stdout.buffer.write(made.samples.tobytes())\n"
    )
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{code}", str(tmp_path / "a.melc")],
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == PCM.decode(stream, lost=[3]).samples.tobytes()
