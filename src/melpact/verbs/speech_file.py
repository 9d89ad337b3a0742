"""Where spoken samples go while they come: into memory, a sound file, or a stream that is heard meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.audio.wav_stream import HEADER_BYTES, WavStream
from melpact.audio.writing import OpenSound, written
from melpact.core.errors import AudioFileError, ContractError

Floats = NDArray[np.float32]
STDOUT = "-"


class Sink(Protocol):
    """Where the sound goes."""

    peak: float
    clipped: int
    n_samples: int

    def write(self, samples: Floats) -> None:
        """The next samples, float32 [n]."""


@dataclass
class Kept:
    """The sound in memory."""

    peak: float = 0.0
    clipped: int = 0
    n_samples: int = 0
    parts: list[Floats] = field(default_factory=list)

    def write(self, samples: Floats) -> None:
        self.parts.append(samples)
        self.n_samples += samples.size
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))


class _Whole:
    """A file that is there when it is finished."""

    def __init__(self, file: OpenSound) -> None:
        self._file = file

    def write(self, samples: Floats) -> None:
        if samples.size:
            self._file.write(samples[None])

    peak = property(lambda self: self._file.peak)
    clipped = property(lambda self: self._file.clipped)
    n_samples = property(lambda self: self._file.n_samples)


@contextmanager
def opened(out: str | Path | None, rate: int, *, stream: bool, raw: bool) -> Iterator[tuple[Any, Path | None]]:
    """Where a sound goes, and its path: memory (None), standard output ("-"), or a file.

    Args:
        stream: samples are there while they are made, in a .wav. raw: and without a header.

    Raises:
        ContractError: a terminal, or an ending that does not fit. AudioError, AudioFileError: it cannot be written.
    """
    if out is None:
        yield Kept(), None
    elif str(out) == STDOUT:
        if sys.stdout.isatty():
            raise ContractError("sound does not go to a terminal", where="-o -", next="Pipe it: … -o - | aplay")
        with WavStream(sys.stdout.buffer, rate, raw=raw) as sink:
            yield sink, None
    elif stream or raw:
        path = Path(out)
        if path.suffix.lower() not in ((".raw", ".pcm") if raw else (".wav",)):
            wanted = "a .raw or .pcm file, or -" if raw else "a .wav file, or -"
            raise ContractError("a stream has no such format", where=path, got=path.suffix or "no ending", wanted=wanted)
        try:
            with open(path, "wb") as file, WavStream(file, rate, raw=raw) as sink:
                yield sink, path
        except OSError as error:
            raise AudioFileError("cannot be written", where=path, got=error.strerror) from error
        finally:
            if path.is_file() and path.stat().st_size <= HEADER_BYTES:
                path.unlink()
    else:
        path = Path(out)
        with written(path, rate, 0) as whole:
            yield _Whole(whole), path
