"""`translate`: mel files of any description → .mel files of one dialect, over bridges; what was estimated or invented is
said per file.

The bridges themselves are in `melpact.bridges`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.bridges.ways import Bridge, bridge, said, would_invent
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, MelpactError, SpecMismatch
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources


@dataclass(frozen=True)
class Translated:
    """One mel that was written, and the bridge it came over. `floored` of `values` values lay on a floor or a clip of the
    source: what was below is not in the result."""

    source: Path
    path: Path
    bridge: Bridge
    frames: int
    duration_s: float
    values: int
    floored: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rest = {"frames": self.frames, "duration_s": self.duration_s, "values": self.values, "floored": self.floored}
        return {"source": str(self.source), "path": str(self.path), **self.bridge.to_json(), **rest}


@dataclass(frozen=True)
class TranslateReport:
    """What `translate` did."""

    done: list[Translated]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def translate(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    to: MelSpec | Dialect | str,
    changes: Changes | None = None,
    allow_lossy: bool = False,
    dialect: MelSpec | Dialect | str | None = None,
    dialect_changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> TranslateReport:
    """Write every mel in another dialect.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .mel file of a single input.
        to, changes: the dialect that is wanted, and fields of it that differ.
        allow_lossy: where the target has bands that a mel does not hold, write them as silence instead of refusing.
        dialect, dialect_changes, axes, key: what a foreign file means; see `contract.foreign.load_foreign`.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target, an unknown dialect; or the only input failed, as where its
            bridge is refused (`SpecMismatch`, which names the field and the next command).
    """
    progress = progress if progress is not None else Silent()
    target = described(to, changes)
    spec = None if dialect is None else described(dialect, dialect_changes)
    if spec is None and dialect_changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES)
    planned = plan(sources(inputs, mel_files(suffixes)), out, ".mel")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Translated:
        tick(0)
        try:
            done = _one(job, spec, target, allow_lossy, axes, key)
        except MelpactError as error:
            if error.where is None:
                error.where = job.source
            raise
        tick(1)
        return done

    result = batch(work, planned, jobs=jobs, progress=progress)
    return TranslateReport(result.done, result.failed)


def _one(
    job: Job, spec: MelSpec | None, target: MelSpec, allow_lossy: bool, axes: Axes | None, key: str | None
) -> Translated:
    mel = load(job.source, spec, axes=axes, key=key)
    way = bridge(mel.spec, target, allow_lossy=allow_lossy)
    if way.kind == "refused":
        name = name_of(target)
        command = f"Run: melpact translate {job.source} --to {name} -o {job.target}" if name else "Run it again with"
        raise SpecMismatch(
            f"a {said(mel.spec)} mel cannot become {said(target)}: {way.reason}",
            where=job.source,
            next=f"{command} --allow-lossy ({would_invent(mel.spec, target)})",
        )
    made = way.apply(mel)
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
    made.save(job.target)
    clipped = mel.clipped()
    return Translated(
        source=job.source,
        path=job.target,
        bridge=way,
        frames=made.n_frames,
        duration_s=made.duration_s,
        values=int(mel.values.size),
        floored=mel.at_floor() + clipped.below + clipped.above,
    )
