"""Lossless 16-bit samples, differences deflated: a codec whose every answer is known, for tests of what holds codecs."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import BrokenPacket
from melpact.models.codec.base import Codec
from melpact.models.codec.rate import Rate
from melpact.models.codec.sounding import Sounding

Floats = NDArray[np.float32]
FULL = 32768.0


class PcmCodec(Codec[Floats]):
    """Quality step s leaves out the 3 - s lowest bits; step 3 is lossless for 16-bit sound."""

    kind = 0
    steps = 4
    rates = ("quality",)
    name = "pcm_test"
    fingerprint = "7465737470636d31"
    frame_samples = 160

    def __init__(self, sample_rate: int = 16000) -> None:
        self._sample_rate = sample_rate

    @property
    def sample_rate(self) -> int:
        return self._sample_rate

    def _packet(self, samples: Floats, frames: int, rate: Rate, known: Any) -> bytes:
        assert samples.shape == (frames * self.frame_samples,) and rate.step is not None
        drop = self.steps - 1 - rate.step
        whole = np.clip(np.rint(samples.astype(np.float64) * FULL), -FULL, FULL - 1).astype(np.int32) >> drop
        return bytes([drop]) + zlib.compress(np.diff(whole, prepend=0).astype("<i4").tobytes(), 6)

    def _read(self, payload: bytes, frames: int, settings: bytes) -> Floats:
        size = 4 * frames * self.frame_samples
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(payload[1:], size + 1)
        except zlib.error as error:
            raise BrokenPacket("its differences cannot be inflated", got=str(error)) from error
        if len(data) != size or not inflate.eof or inflate.unused_data or payload[0] >= self.steps:
            raise BrokenPacket("not as many differences as samples", got=len(data), wanted=size)
        drop = payload[0]
        whole = np.cumsum(np.frombuffer(data, "<i4").astype(np.int64)) << drop
        if np.abs(whole).max() > FULL:
            raise BrokenPacket("samples beyond full scale", got=int(np.abs(whole).max()))
        return (whole / FULL).astype(np.float32)

    def _sounding(self, settings: bytes) -> Sounding[Floats]:
        return _Pcm(self.frame_samples)


class _Pcm(Sounding[Floats]):
    """A lost packet is the last sample of the one before, fading out over its length."""

    def __init__(self, frame_samples: int) -> None:
        self._frame, self._last = frame_samples, np.float32(0)

    def push(self, part: Floats | None, frames: int) -> Floats:
        if part is None:
            count = frames * self._frame
            part = (self._last * (1 - np.arange(1, count + 1) / count)).astype(np.float32)
        self._last = part[-1]
        return part

    def finish(self) -> Floats:
        return np.zeros(0, np.float32)
