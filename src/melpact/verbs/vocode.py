"""`vocode`: mel files → sound files by a shipped vocoder or the inversion, with a count of what the mels left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.contract.dialect import Dialect
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.default_vocoder import WITHOUT_MODEL, default_sound
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources
from melpact.vocoders.griffin_lim.vocoder import Effort


@dataclass(frozen=True)
class Vocoded:
    """One sound that was written, what made it, and how many values of its mel were at a bound: what was beyond is gone."""

    source: Path
    path: Path
    dialect: str | None
    fingerprint: str
    duration_s: float
    sample_rate: int
    peak: float
    values: int
    floored: int
    clipped_below: int
    clipped_above: int
    samples_clipped: int
    by: str


@dataclass(frozen=True)
class VocodeReport:
    """What `vocode` did."""

    done: list[Vocoded]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        done = [{**vars(item), "source": str(item.source), "path": str(item.path)} for item in self.done]
        return {
            "done": done,
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def vocode(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    named: str | None = None,
    effort: Effort | None = None,
    seed: int = 0,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> VocodeReport:
    """Make the sound of every mel file.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .wav file of a single input.
        named: "griffin_lim" for the inversion; None: the shipped vocoder that a mel is for, and the inversion where there is
            none (`verbs.default_vocoder`).
        effort: of the inversion, "best", or "fast" for a fraction of the time; where it is given, the inversion is meant.
        seed: of the random numbers, where the method uses any.
        dialect, changes, axes, key: what a foreign file means; see `contract.foreign.load_foreign`.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, two inputs with one target; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    spec = None if dialect is None else described(dialect, changes)
    if spec is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES)
    planned = plan(sources(inputs, mel_files(suffixes)), out, ".wav")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Vocoded:
        tick(0)
        done = _one(job, spec, named, effort, seed, axes, key)
        tick(1)
        return done

    result = batch(work, planned, jobs=jobs, progress=progress)
    return VocodeReport(result.done, result.failed)


def _one(
    job: Job, spec: MelSpec | None, named: str | None, effort: Effort | None, seed: int, axes: Axes | None, key: str | None
) -> Vocoded:
    from melpact.audio.files import write

    mel = load(job.source, spec, axes=axes, key=key)
    audio, chosen = default_sound(mel, effort=effort, seed=seed, named=named)
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
    samples_clipped = write(job.target, audio)
    clipped = mel.clipped()
    return Vocoded(
        source=job.source,
        path=job.target,
        dialect=mel.dialect,
        fingerprint=mel.spec.fingerprint,
        duration_s=audio.duration_s,
        sample_rate=audio.sample_rate,
        peak=audio.peak,
        values=int(mel.values.size),
        floored=mel.at_floor(),
        clipped_below=clipped.below,
        clipped_above=clipped.above,
        samples_clipped=samples_clipped,
        by=WITHOUT_MODEL if chosen is None else chosen.name,
    )
