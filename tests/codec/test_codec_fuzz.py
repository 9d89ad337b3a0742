"""Two thousand streams that nobody wrote; `benchmarks.codec_fuzz` does a hundred thousand."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import codec_fuzz

from codec.pcm_codec import PcmCodec
from melpact.models.codec import container


def test_nothing_but_sounds_and_errors_of_a_stream() -> None:
    found = codec_fuzz.fuzz(PcmCodec(), 2000, seed=1, seconds=0.06, limit_s=5.0)
    assert not found.faults, found.faults[:3]
    said = found.to_json()
    assert said["streams"] == 2000 and said["peak_share_of_allowed"] < 1
    outcomes = found.outcomes
    every = {"NotAStream", "StreamVersion", "StreamTruncated", "BrokenHeader", "BrokenPacket", "OtherCodec", "TrailingBytes",
             "ImpossibleNumber", "sound", "sound in pieces"}  # fmt: skip
    assert set(outcomes) == every
    assert outcomes["sound"] + outcomes["sound in pieces"] > 300, "too few reach the decoder"


class _Crashing(PcmCodec):
    """Believes what a payload says."""

    def _read(self, payload: bytes, frames: int, settings: bytes) -> np.ndarray:
        return super()._read(payload, frames + payload[0] // 200, settings)


class _Greedy(PcmCodec):
    """Reserves what a payload says."""

    def _read(self, payload: bytes, frames: int, settings: bytes) -> np.ndarray:
        np.zeros(1 + 2**8 * int.from_bytes(payload[:2], "little"))
        return super()._read(payload, frames, settings)


class _Slow(PcmCodec):
    """Never ends where a payload begins so."""

    def _read(self, payload: bytes, frames: int, settings: bytes) -> np.ndarray:
        while payload[:1] > b"\x80":
            pass
        return super()._read(payload, frames, settings)


@pytest.mark.parametrize(("codec", "word"), [(_Crashing, "Error"), (_Greedy, "bytes of"), (_Slow, "hang")])
def test_what_it_is_there_to_find_is_found(codec: type[PcmCodec], word: str) -> None:
    found = codec_fuzz.fuzz(codec(), 80, seed=2, seconds=0.06, limit_s=0.05)
    assert any(word in fault for fault in found.faults)


def test_assembled_streams_have_checks_that_fit() -> None:
    for stream in codec_fuzz.seeds(PcmCodec(), 0.06):
        assert codec_fuzz.assembled(*codec_fuzz._parts(stream)) == stream
        assert not container.scan(stream).problems
