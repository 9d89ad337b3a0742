"""Sound file → mel file of any length in flat memory: decoded, resampled, analysed and written in blocks.

The numbers are those of `analysis.extract` bit for bit. Many files at a time are not this module's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.files import AudioInfo, blocks, probe
from melpact.audio.resample import output_length, resampled_blocks
from melpact.contract.artifact import mel_header_bytes, replacing
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.scaling import UtteranceMeter
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.features.analysis import finish, provenance, stream
from melpact.features.framing import check_length

Float32 = NDArray[np.float32]
Format = Literal["mel", "npy"]
BLOCK_SAMPLES = 1 << 20
_IN_MEMORY_VALUES = 1 << 23
"""Mels of at most so many values (32 MiB) wait in memory where their scaling needs the whole utterance."""
_WRITE_VALUES = 1 << 20
"""Values that are collected before every band of a file is written to (4 MiB)."""


@dataclass(frozen=True)
class Extracted:
    """What was written: the file, its description and its size."""

    source: Path
    path: Path
    spec: MelSpec
    n_frames: int
    n_samples: int
    source_rate: int
    channels: int

    @property
    def duration_s(self) -> float:
        """Seconds of audio."""
        return self.n_samples / self.spec.sample_rate


class MelBlocks:
    """The mel of a sound file as blocks of frames, [n_mels, k], finished and scaled.

    Args:
        path: any file that libsndfile reads.
        spec: the description.
        block_samples: samples of the file per block; the numbers do not depend on it.

    Attributes:
        n_frames, n_samples: of the whole, known beforehand. `n_samples` is at the description's rate.
        utterance: statistics that a per-utterance scaling took out; filled once the first block was given.
        provenance: as `analysis.extract` writes it, and the size of the source in bytes.
        pulse: called with 0 for every block of a first pass that only measures; may raise to stop.

    Raises:
        AudioFileError, AudioTooShort: at construction.
        AudioFileError, AudioNotFinite: while the blocks are read.
    """

    def __init__(self, path: str | Path, spec: MelSpec | Dialect | str, *, block_samples: int = BLOCK_SAMPLES) -> None:
        self.path, self.spec, self._block_samples = Path(path), as_spec(spec), block_samples
        self.info: AudioInfo = probe(self.path)
        self.n_samples = output_length(self.info.n_samples, self.info.sample_rate, self.spec.sample_rate)
        check_length(self.spec, self.n_samples, self.path)
        self.n_frames = self.spec.frames(self.n_samples)
        self.utterance: dict[str, NDArray[np.float64]] = {}
        facts = provenance(self.path.name, self.info.sample_rate, self.info.channels, self.n_samples)
        self.provenance: dict[str, Any] = {**facts, "source_bytes": self.path.stat().st_size}
        self.pulse: Callable[[int], None] = lambda frames: None

    def __iter__(self) -> Iterator[Float32]:
        if not self.spec.scaling.needs():
            parts: Iterable[Float32] = self._raw()
        elif self.n_frames * self.spec.n_mels <= _IN_MEMORY_VALUES:
            parts = list(self._raw())
            self._measure(parts)
        else:
            self._measure(self._raw())
            parts = self._raw()
        for part in parts:
            yield finish(part, self.spec, self.utterance)

    def mels(self) -> Iterator[Mel]:
        """The blocks as mels of their own, each with the statistics of the whole utterance."""
        for block in self:
            yield Mel(block, self.spec, self.utterance, {"audio": self.path.name})

    def _raw(self) -> Iterator[Float32]:
        return stream(self._mono(), self.spec)

    def _mono(self) -> Iterator[Float32]:
        mixed = (_mix(block) for block in blocks(self.path, self._block_samples))
        for block in resampled_blocks(mixed, self.info.sample_rate, self.spec.sample_rate):
            yield block[0]

    def _measure(self, parts: Iterable[Float32]) -> None:
        meter = UtteranceMeter()
        for part in parts:
            meter.update(part)
            self.pulse(0)
        found = meter.result()
        self.utterance = {name: found[name] for name in self.spec.scaling.needs()}


def _mix(block: Float32) -> Float32:
    """[channels, n] → [1, n], the mean, as `Audio.mono` computes it."""
    if block.shape[0] == 1:
        return block
    return np.asarray(block.mean(axis=0, dtype=np.float64, keepdims=True), np.float32)


def extract_file(
    path: str | Path,
    spec: MelSpec | Dialect | str,
    out_path: str | Path,
    *,
    format: Format = "mel",
    block_samples: int = BLOCK_SAMPLES,
    on_start: Callable[[int], None] | None = None,
    on_frames: Callable[[int], None] | None = None,
) -> Extracted:
    """Write the mel of a sound file; memory does not grow with its length.

    Args:
        path: any file that libsndfile reads, any rate, channels and length.
        spec: a description, a dialect or a dialect's name.
        out_path: appears only when it is whole; an older file of that name stays until then. Its folder
            is made.
        format: "mel" (describes itself) or "npy" (the bare float32 values [n_mels, frames]).
        block_samples: samples of the file per block; the result does not depend on it.
        on_start: called once with the number of frames to come.
        on_frames: called after every block with its number of frames; an exception from it discards the file.

    Raises:
        AudioError: unreadable, too short, NaN or infinity. DialectError: no such dialect.
            ArtifactError: cannot be written.
    """
    mel, out_path = MelBlocks(path, spec, block_samples=block_samples), Path(out_path)
    if on_start is not None:
        on_start(mel.n_frames)
    if on_frames is not None:
        mel.pulse = on_frames
    try:
        out_path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=out_path.parent) from error
    with replacing(out_path) as file:
        start = at = 0
        for part in _gathered(mel, on_frames):
            if at == 0:
                start = _write_header(file, mel, format)
            _write_frames(file, start, part, at, mel.n_frames)
            at += part.shape[1]
        if at != mel.n_frames:
            raise AssertionError(f"{at} frames came out of {path}, {mel.n_frames} were expected")
    info = mel.info
    return Extracted(mel.path, out_path, mel.spec, mel.n_frames, mel.n_samples, info.sample_rate, info.channels)


def _gathered(parts: Iterable[Float32], on_frames: Callable[[int], None] | None) -> Iterator[Float32]:
    """Blocks of frames joined to ones worth a write to every band."""
    waiting: list[Float32] = []
    for part in parts:
        waiting.append(part)
        if on_frames is not None:
            on_frames(part.shape[1])
        if sum(block.size for block in waiting) >= _WRITE_VALUES:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(blocks: list[Float32]) -> Float32:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def _write_header(file: BinaryIO, mel: MelBlocks, format: Format) -> int:
    """Everything before the numbers; returns where they start."""
    if format == "npy":
        shape = (mel.spec.n_mels, mel.n_frames)
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return file.tell()
    return file.write(mel_header_bytes(mel.spec, mel.n_frames, mel.utterance, mel.provenance))


def _write_frames(file: BinaryIO, start: int, part: Float32, first: int, n_frames: int) -> None:
    """Frames `first` onwards of a band-major array [n_mels, n_frames] that starts at byte `start`."""
    rows = np.ascontiguousarray(part, "<f4")
    if rows.shape[1] == n_frames:
        file.write(rows.data)
        return
    for band, row in enumerate(rows):
        file.seek(start + 4 * (band * n_frames + first))
        file.write(row.data)
