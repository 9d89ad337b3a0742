"""A WAV file that can be heard while it is written: to a file, a pipe or a terminal's standard output.

Its header says that it goes on for ever until it is closed; what a killed program leaves is whole as far as it goes. Files
that appear whole or not at all are in `writing`.
"""

from __future__ import annotations

import io
import struct
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

_UNKNOWN = 0xFFFFFFFF
HEADER_BYTES = 44


class WavStream:
    """Mono, 16 bits.

    Args:
        file: open for writing; stays open. Where it can be sought in, `close` puts the true length into the header.
        raw: samples alone, little-endian, without a header.

    Attributes:
        n_samples: written so far. clipped: how many of them lay beyond full scale. peak: the largest magnitude.
    """

    def __init__(self, file: BinaryIO, sample_rate: int, *, raw: bool = False) -> None:
        self._file, self._raw, self._rate = file, raw, sample_rate
        self.n_samples = self.clipped = 0
        self.peak = 0.0
        if not raw:
            self._file.write(_header(sample_rate, None))
        self._file.flush()

    def write(self, samples: NDArray[np.float32]) -> None:
        """The next samples, float32 [n]; they are in the file, or on their way through the pipe, when this returns."""
        if not samples.size:
            return
        self.peak = max(self.peak, float(np.abs(samples).max()))
        self.clipped += int(np.count_nonzero(np.abs(samples) > 1.0))
        steps = np.clip(np.rint(samples.astype(np.float64) * 32768.0), -32768, 32767)
        self._file.write(steps.astype("<i2").tobytes())
        self._file.flush()
        self.n_samples += samples.size

    def close(self) -> None:
        """The header's length, where it can still be put there."""
        if not self._raw and self._file.seekable() and 2 * self.n_samples + HEADER_BYTES < _UNKNOWN:
            self._file.seek(0)
            self._file.write(_header(self._rate, 2 * self.n_samples))
            self._file.seek(0, io.SEEK_END)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not isinstance(error, OSError):
            self.close()


def _header(sample_rate: int, size: int | None) -> bytes:
    """RIFF of one "fmt " and one "data" chunk (Microsoft, Multimedia Programming Interface 1.0, 1991)."""
    data = _UNKNOWN if size is None else size
    whole = _UNKNOWN if size is None else size + HEADER_BYTES - 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", data)
