"""`extract`: sound files → mel files, one each, in several threads.

The work on one file is `features.extract_file`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.files import find
from melpact.contract.artifact import read_header
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, SpecError
from melpact.diagnose.description import lint
from melpact.diagnose.finding import Finding
from melpact.features.extract_file import Extracted, Format, extract_file
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, plan, sources


@dataclass(frozen=True)
class ExtractReport:
    """What `extract` did: files written, finished before and therefore skipped, and failed; and what is wrong with the
    description, where it came from a file."""

    spec: MelSpec
    done: list[Extracted]
    skipped: list[Path]
    failed: list[Failure]
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "dialect": name_of(self.spec),
            "fingerprint": self.spec.fingerprint,
            "done": [
                {
                    "source": str(item.source),
                    "path": str(item.path),
                    "n_mels": item.spec.n_mels,
                    "frames": item.n_frames,
                    "duration_s": item.duration_s,
                    "source_rate": item.source_rate,
                    "channels": item.channels,
                }
                for item in self.done
            ],
            "skipped": [str(path) for path in self.skipped],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
            "findings": [f.to_json() for f in self.findings],
        }


def extract(
    inputs: Sequence[str | Path],
    out: str | Path,
    dialect: MelSpec | Dialect | str,
    *,
    changes: Changes | None = None,
    format: Format = "mel",
    jobs: int | None = None,
    skip_existing: bool = False,
    progress: Progress | None = None,
) -> ExtractReport:
    """Make the mel of every sound file.

    Args:
        inputs: sound files of any rate, channels and length, folders (searched to the bottom) and glob
            patterns.
        out: a folder, in which the structure of an input folder is kept; or, for a single input, the
            file itself.
        dialect: a dialect's name, a spec, or a JSON file of one.
        changes: fields of the description to change, and facts that the dialect asks for.
        format: "mel", or "npy" for the bare values, which do not say what they mean.
        jobs: threads; all CPUs by default.
        skip_existing: leave finished outputs alone: whole files of this description made from a source
            of the same size.
        progress: told in files, or in frames when there is one file.

    Raises:
        MelpactError: nothing to do, two inputs with one target, a bad description; or the only input failed.
        KeyboardInterrupt: nothing half-written is left.
    """
    if format not in ("mel", "npy"):
        raise SpecError("no such format", where="format", got=repr(format), wanted="mel or npy")
    if skip_existing and format == "npy":
        raise ArtifactError(
            "a .npy file does not say what it was made from, so no one can tell whether it is finished",
            where="skip_existing",
            wanted="format mel",
        )
    progress = progress if progress is not None else Silent()
    spec = described(dialect, changes)
    findings = lint(spec, Path(dialect).name) if isinstance(dialect, str) and dialect.lower().endswith(".json") else ()
    planned = plan(sources(inputs, find), out, f".{format}")
    todo, skipped = planned, []
    if skip_existing:
        skipped = [job.target for job in planned if finished(job, spec)]
        todo = [job for job in planned if job.target not in set(skipped)]
    if not todo:
        return ExtractReport(spec, [], skipped, [], findings)
    alone = len(todo) == 1

    def start(frames: int) -> None:
        if alone:
            progress.start(frames, "frames")

    def work(job: Job, tick: Tick) -> Extracted:
        return extract_file(job.source, spec, job.target, format=format, on_start=start, on_frames=tick)

    result = batch(work, todo, jobs=jobs, progress=progress)
    return ExtractReport(spec, result.done, skipped, result.failed, findings)


def finished(job: Job, spec: MelSpec) -> bool:
    """Whether the target is a whole mel of this description, from a source of the size it has now."""
    if not job.target.is_file():
        return False
    try:
        header = read_header(job.target)
    except ArtifactError:
        return False
    same = header.kind == "mel" and header.spec is not None and header.spec.fingerprint == spec.fingerprint
    return same and header.provenance.get("source_bytes") == job.source.stat().st_size
