"""`degrade`: mels (or the mels of sounds) spoilt by chosen doses, one file each, by seed and name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.files import find as find_sounds
from melpact.audio.samples import resolve
from melpact.contract.dialect import Dialect
from melpact.contract.foreign import SUFFIXES, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, MelpactError
from melpact.core.records import digest
from melpact.degradations.chain import Chain, parsed
from melpact.degradations.kinds import degradations
from melpact.features.analysis import extract
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources

DEFAULT = "hifigan_22k"


@dataclass(frozen=True)
class Spoilt:
    """One mel that was written: how far it is from what it was, in the unit of its description before scaling."""

    source: Path
    path: Path
    frames: int
    moved: float
    unit: str


@dataclass(frozen=True)
class DegradeReport:
    """What was done, to which files, and which could not be spoilt."""

    doses: tuple[tuple[str, float], ...]
    done: list[Spoilt]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "degradations": [{"name": name, "dose": dose} for name, dose in self.doses],
            "done": [{**vars(one), "source": str(one.source), "path": str(one.path)} for one in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def degrade(
    inputs: Sequence[str | Path],
    out: str | Path,
    doses: Sequence[str | tuple[str, float]],
    *,
    dialect: MelSpec | Dialect | str | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> DegradeReport:
    """Spoil every mel in the same way.

    Args:
        inputs: .mel files, sounds (their mels are taken in `dialect` first), folders and patterns; with `dialect` also
            .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .mel file of a single input.
        doses: what is done, in this order: "noise:15" or ("noise", 15.0); `melpact.degradations.kinds` names them.
        dialect: of sounds ("hifigan_22k" if left out) and of foreign files.
        seed: of everything drawn; with it and a file's place below its folder the result is fixed.
        jobs: threads; all CPUs by default. progress: told in files.

    Raises:
        MelpactError: nothing to do, no such degradation or dose, two inputs with one target; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    if not doses:
        raise MelpactError("says nothing of what is to be done", where="degrade", wanted=", ".join(degradations()))
    chosen = tuple(parsed(one) if isinstance(one, str) else one for one in doses)
    chain = Chain.fixed(chosen)
    spec = None if dialect is None else described(dialect, None)
    found = sources([resolve(one) for one in inputs], _either(spec is not None))
    places = {source.path: source.place.as_posix() for source in found}
    planned = plan(found, out, ".mel")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> Spoilt:
        tick(0)
        mel = _mel(job.source, spec)
        rng = np.random.default_rng([seed, int(digest(places[job.source], 8), 16)])
        made = chain(mel, rng)
        note = {**made.provenance, "degraded_by": {"seed": seed, "place": places[job.source]}}
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
        Mel(made.values, made.spec, made.utterance, note).save(job.target)
        tick(1)
        moved = float(np.abs(made.raw().values - mel.raw().values).mean(dtype=np.float64))
        return Spoilt(job.source, job.target, made.n_frames, moved, mel.spec.unit)

    result = batch(work, planned, jobs=jobs, progress=progress)
    return DegradeReport(chosen, result.done, result.failed)


def _mel(path: Path, spec: MelSpec | None) -> Mel:
    if path.suffix.lower() in (".mel", *SUFFIXES):
        return load(path, spec)
    return extract(path, spec if spec is not None else DEFAULT)


def _either(foreign: bool) -> Any:
    """Finds mels, and sounds where a folder or pattern holds no mel."""
    mels = mel_files((".mel", *SUFFIXES) if foreign else (".mel",))

    def find(given: Sequence[str | Path]) -> list[Path]:
        try:
            return mels(given)
        except MelpactError as none:
            try:
                return find_sounds(given)
            except MelpactError as error:
                error.wanted = f"{none.wanted}, or {error.wanted}" if error.wanted else none.wanted
                raise

    return find
