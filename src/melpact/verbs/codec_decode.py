"""`codec decode`: streams of a codec → sounds. A stream that still comes is in `codec_live`."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.files import write
from melpact.core.errors import ArtifactError, MelpactError
from melpact.models.codec.base import Codec, Decoded
from melpact.models.codec.container import SUFFIX
from melpact.models.codec.header import read_header
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.codec_opening import codec_of
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources

MOST_BYTES = 2**31
"""Of a file that is read whole."""


@dataclass(frozen=True)
class DecodedFile:
    """One sound that was written.

    Attributes:
        lost: packets whose sound was made up, of so many packets. problems: of the stream, as they were found.
        clipped: samples beyond full scale.
    """

    source: Path
    path: Path
    codec: str
    seconds: float
    sample_rate: int
    channels: int
    packets: int
    lost: tuple[int, ...]
    problems: tuple[str, ...]
    clipped: int
    spent_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        own = {"source": str(self.source), "path": str(self.path), "lost": list(self.lost), "problems": list(self.problems)}
        return {**vars(self), **own}


@dataclass(frozen=True)
class DecodeReport:
    """What was decoded."""

    done: list[DecodedFile]
    failed: list[Failure]

    @property
    def concealed(self) -> bool:
        """Whether any of them was not whole."""
        return any(item.lost or item.problems for item in self.done)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def codec_decode(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    codec: str | Path | Codec[Any] | None = None,
    conceal: bool = False,
    lost: Collection[int] = (),
    jobs: int | None = None,
    progress: Progress | None = None,
) -> DecodeReport:
    """Decode streams to WAV files, from their bytes alone.

    Args:
        inputs: .melc files, folders and patterns.
        out: a folder, in which the structure of an input folder is kept; or the .wav file of a single input.
        codec: as `codec_opening.codec` takes it, or a codec; by default the one that the stream names, which has to
            come with the package.
        conceal: go on where packets are broken or missing.
        lost: packets to leave out, from 0.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    planned = plan(sources(inputs, mel_files((SUFFIX,))), out, ".wav")
    if len(planned) == 1:
        progress.start(1, "files")
    opened: dict[tuple[int, str, int], Codec[Any]] = {}

    def work(job: Job, tick: Tick) -> DecodedFile:
        began = time.perf_counter()
        try:
            stream = stream_of(job.source)
            header, _ = read_header(stream)
            key = header.kind, header.fingerprint, header.sample_rate
            made = opened.get(key)
            if made is None:
                made = opened.setdefault(key, codec_of(header, codec))
            found = made.decoded(stream, lost=lost, conceal=conceal)
        except MelpactError as error:
            error.where = job.source if error.where is None else error.where
            raise
        tick(0)
        job.target.parent.mkdir(parents=True, exist_ok=True)
        clipped = write(job.target, found.audio)
        tick(1)
        return _file(job, made.name, found, clipped, time.perf_counter() - began)

    result = batch(work, planned, jobs=jobs, progress=progress)
    return DecodeReport(result.done, result.failed)


def stream_of(path: Path) -> bytes:
    """The bytes of a stream's file.

    Raises:
        ArtifactError: no such file, a folder, or one too large to be read whole.
    """
    try:
        size = path.stat().st_size
        if path.is_file() and size > MOST_BYTES:
            raise ArtifactError(
                "is too large to be read whole", where=path, got=f"{size} bytes", wanted=f"at most {MOST_BYTES}",
                next=f"As a stream: melpact codec decode - -o - < {path}",
            )  # fmt: skip
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=path, wanted=f"a {SUFFIX} file") from error


def _file(job: Job, name: str, found: Decoded, clipped: int, spent_s: float) -> DecodedFile:
    audio = found.audio
    return DecodedFile(
        job.source, job.target, name, audio.duration_s, audio.sample_rate, audio.channels, found.n_packets, found.lost,
        tuple(str(problem) for problem in found.problems), clipped, spent_s,
    )  # fmt: skip
