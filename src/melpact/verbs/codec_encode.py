"""`codec encode`: sounds → streams of a codec. A sound that still comes is in `codec_live`."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import find, probe, read
from melpact.audio.resample import resample
from melpact.contract.artifact import replacing
from melpact.core.errors import ContractError, MelpactError
from melpact.models.codec.base import MOST_VALUES, PACKET_MS, Codec
from melpact.models.codec.container import SUFFIX
from melpact.models.codec.rate import Rate
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.codec_opening import codec as open_codec
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, plan, sources


@dataclass(frozen=True)
class EncodedFile:
    """One stream that was written.

    Attributes:
        kbit_s: real, of all channels, with header and checks.
        resampled_from: Hz of the source, where the codec takes another rate.
        snr_db: of the decoded stream against what the codec was given; None where it was not asked for, is infinite or of
            silence.
        exact: decoded and found the same, bit for bit.
    """

    source: Path
    path: Path
    seconds: float
    channels: int
    size_bytes: int
    kbit_s: float
    resampled_from: int | None
    spent_s: float
    snr_db: float | None = None
    exact: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "source": str(self.source), "path": str(self.path)}


@dataclass(frozen=True)
class EncodeReport:
    """What was encoded, by which codec and how."""

    codec: str
    fingerprint: str
    sample_rate: int
    rate: Rate
    done: list[EncodedFile]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "codec": self.codec, "fingerprint": self.fingerprint, "sample_rate": self.sample_rate, "rate": self.rate.facts(),
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }  # fmt: skip


def codec_encode(
    inputs: Sequence[str | Path],
    out: str | Path = ".",
    *,
    rate: Rate | None = None,
    codec: str | Path | Codec[Any] | None = None,
    sample_rate: int | None = None,
    packet_ms: float = PACKET_MS,
    check: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> EncodeReport:
    """Encode sound files.

    Args:
        inputs: sound files, folders and patterns; another sample rate is brought to the codec's.
        out: a folder, in which the structure of an input folder is kept; or the .melc file of a single input.
        rate: as `rate_of` makes it; the codec's own choice by default.
        codec: as `codec_opening.codec` takes it, or a codec. sample_rate: Hz, of those that it knows.
        packet_ms: length of the packets, each of which decodes on its own.
        check: decode every stream at once and compare.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        MelpactError: no such codec, a rate it does not know, nothing to do, two inputs with one target; or the only input
            failed.
    """
    progress = progress if progress is not None else Silent()
    made = at_rate(codec, sample_rate)
    asked = made.asked(rate)
    made.packet_frames(packet_ms)
    planned = plan(sources(inputs, find), out, SUFFIX)
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> EncodedFile:
        try:
            return _encoded(job, made, asked, packet_ms, check, tick)
        except MelpactError as error:
            error.where = job.source if error.where is None else error.where
            raise

    result = batch(work, planned, jobs=jobs, progress=progress)
    return EncodeReport(made.name, made.fingerprint, made.sample_rate, asked, result.done, result.failed)


def at_rate(codec: str | Path | Codec[Any] | None, sample_rate: int | None) -> Codec[Any]:
    """A codec, opened where it is named, at a sample rate that it knows.

    Raises:
        MelpactError: as `codec_opening.codec`.
    """
    if not isinstance(codec, Codec):
        return open_codec(codec, sample_rate)
    return codec if sample_rate is None else codec.at(sample_rate)


def rate_of(kbit_s: float | None = None, quality: int | None = None, adaptive: bool = False) -> Rate | None:
    """What is asked for; None where nothing is.

    Args:
        kbit_s: per channel; in every packet, or on average with `adaptive`. quality: a step, instead.

    Raises:
        ContractError: two of them at once, or a number that is none.
    """
    if quality is not None and (kbit_s is not None or adaptive):
        raise ContractError("quality sets the rate by itself", where="--quality", next="Leave out --kbit and --adaptive")
    if kbit_s is not None and not (math.isfinite(kbit_s) and kbit_s > 0):
        raise ContractError("no such rate", where="--kbit", got=kbit_s, wanted="kbit/s per channel, above 0")
    if adaptive:
        return Rate.adaptive(kbit_s)
    if quality is not None:
        return Rate.quality(quality)
    return None if kbit_s is None else Rate.constant(kbit_s)


def snr_db(given: Audio, made: Audio) -> float | None:
    """10·log10 of the energy of the sound over that of the error, all channels together; None where either is 0."""
    x, y = given.samples.astype(np.float64), made.samples.astype(np.float64)
    signal, error = float(np.sum(x * x)), float(np.sum((x - y) ** 2))
    return None if signal == 0.0 or error == 0.0 else 10.0 * math.log10(signal / error)


def _encoded(job: Job, codec: Codec[Any], rate: Rate, packet_ms: float, check: bool, tick: Tick) -> EncodedFile:
    began = time.perf_counter()
    info = probe(job.source)
    if info.duration_s * codec.sample_rate * info.channels > MOST_VALUES:
        raise ContractError(
            "is too long to be encoded in one piece", where=job.source, got=f"{info.duration_s / 3600:.1f} h",
            next="As a stream: ffmpeg -i FILE -f s16le -ac 1 -ar RATE - | melpact codec encode - -o OUT",
        )  # fmt: skip
    audio = resample(read(job.source), codec.sample_rate)
    stream = codec.encode(audio, rate=rate, packet_ms=packet_ms)
    spent = time.perf_counter() - began
    tick(0)
    found, exact = None, False
    if check:
        made = codec.decode(stream)
        found, exact = snr_db(audio, made), audio == made
    job.target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(job.target) as file:
        file.write(stream)
    tick(1)
    resampled = None if info.sample_rate == codec.sample_rate else info.sample_rate
    kbit_s = 8 * len(stream) / audio.duration_s / 1000
    return EncodedFile(
        job.source, job.target, audio.duration_s, audio.channels, len(stream), kbit_s, resampled, spent, found, exact
    )
