"""`vocode --with`: mel files → sound files by a trained vocoder; bridges, latency and checks are said per file.

Opening vocoders is in `melpact.vocoders.opening`, the checks in `vocoder_checks`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bridges.ways import Bridge, bridge, said, would_invent
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, SpecMismatch
from melpact.pipeline.bridging import ALLOWED, Allow, class_of, cost
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources
from melpact.verbs.vocoder_checks import Checked, check
from melpact.vocoders.neural.vocoder import BLOCK_FRAMES, NeuralVocoder
from melpact.vocoders.opening import vocoder as open_vocoder


@dataclass(frozen=True)
class Sounded:
    """One sound that was written.

    Attributes:
        bridge: the bridge that its mel came over; None where it was the vocoder's own.
        first_s: wall-clock seconds until the first samples; the whole time where it was not streamed.
        real_time: seconds of sound per second of computing.
    """

    source: Path
    path: Path
    duration_s: float
    sample_rate: int
    peak: float
    bridge: Bridge | None
    checked: Checked
    first_s: float
    real_time: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        own = {"source": str(self.source), "path": str(self.path), "checked": self.checked.to_json()}
        return {**vars(self), **own, "bridge": None if self.bridge is None else self.bridge.to_json()}


@dataclass(frozen=True)
class SoundedReport:
    """What `vocode_with` did, and with what."""

    vocoder: NeuralVocoder
    streamed: bool
    done: list[Sounded]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        maker = self.vocoder
        about = {
            "family": maker.family, "layout": maker.layout, "dialect": name_of(maker.spec), "runtime": maker.runtime.name,
            "fingerprint": maker.spec.fingerprint, "look_ahead_s": maker.look_ahead_s,
            "receptive_field": list(maker.receptive_field),
        }  # fmt: skip
        return {
            "vocoder": about,
            "streamed": self.streamed,
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def vocode_with(
    inputs: Sequence[str | Path],
    out: str | Path,
    checkpoint: str | Path | NeuralVocoder,
    *,
    stream: bool = False,
    block_frames: int = BLOCK_FRAMES,
    device: str = "cpu",
    dtype: str = "float32",
    allow: Allow = "exact",
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    progress: Progress | None = None,
) -> SoundedReport:
    """Make the sound of every mel file with a trained vocoder.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .wav file of a single input.
        checkpoint: anything that `melpact.vocoders.opening.vocoder` opens, or a vocoder.
        stream: in blocks of `block_frames` frames; the network needs memory for one, the sound is held whole until written.
        device, dtype: where and in which numbers it computes.
        allow: "exact": only bridges that are algebra; "fitted": estimates, too; "lossy": also where bands are invented.
        dialect, changes, axes, key: what a foreign file means; see `contract.foreign.load_foreign`.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target, a vocoder that cannot be opened; or the only input failed,
            as where its mel is in another dialect (`SpecMismatch`, which names the fields, the cost and the next command).
    """
    progress = progress if progress is not None else Silent()
    spec = None if dialect is None else described(dialect, changes)
    if spec is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    if allow not in ALLOWED:
        raise SpecMismatch("no such permission", where="allow", got=allow, wanted=", ".join(ALLOWED))
    maker = checkpoint if isinstance(checkpoint, NeuralVocoder) else open_vocoder(checkpoint, device=device, dtype=dtype)
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES)
    planned = plan(sources(inputs, mel_files(suffixes)), out, ".wav")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Sounded:
        tick(0)
        mel, way = _ready(load(job.source, spec, axes=axes, key=key), maker, allow, job.source)
        done = _one(job, mel, way, maker, block_frames if stream else 0)
        tick(1)
        return done

    result = batch(work, planned, jobs=1, progress=progress)
    return SoundedReport(maker, stream, result.done, result.failed)


def _ready(mel: Mel, maker: NeuralVocoder, allow: Allow, source: Path) -> tuple[Mel, Bridge | None]:
    """The mel as the vocoder takes it, and the bridge it came over."""
    if mel.spec == maker.spec:
        return mel, None
    way = bridge(mel.spec, maker.spec, allow_lossy=True)
    needed = class_of(way)
    if ALLOWED.index(allow) < ALLOWED.index("lossy" if needed == "lossy" else "fitted" if needed == "fitted" else "exact"):
        invented = f"; {would_invent(mel.spec, maker.spec)}" if needed == "lossy" else ""
        raise SpecMismatch(
            f"this vocoder takes another mel: {way.difference.summary()}",
            where=source,
            got=said(mel.spec),
            wanted=said(maker.spec),
            next=f"An estimate would cost {cost(way)}{invented}. Allow it with --allow {needed}, or take a vocoder for "
            f"{said(mel.spec)}",
        )
    return way.apply(mel), way


def _one(job: Job, mel: Mel, way: Bridge | None, maker: NeuralVocoder, block_frames: int) -> Sounded:
    from melpact.audio.files import write

    began = time.perf_counter()
    first = None
    if block_frames:
        parts = []
        for part in maker.stream(mel, block_frames=block_frames):
            first = time.perf_counter() - began if first is None else first
            parts.append(part)
        audio = Audio.of(np.concatenate(parts), mel.spec.sample_rate)
    else:
        audio = maker(mel)
    spent = time.perf_counter() - began
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
    write(job.target, audio)
    return Sounded(
        source=job.source,
        path=job.target,
        duration_s=audio.duration_s,
        sample_rate=audio.sample_rate,
        peak=audio.peak,
        bridge=way,
        checked=check(mel, audio),
        first_s=spent if first is None else first,
        real_time=audio.duration_s / max(spent, 1e-9),
    )
