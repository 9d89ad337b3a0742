"""`refine`: mel files → refined mel files of the same description and length. One of them is in `refining`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.samples import resolve
from melpact.bridges.ways import Bridge
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError
from melpact.degradations.kinds import degradations
from melpact.models.refine.base import Refiner
from melpact.models.refine.law import happened, judged
from melpact.models.refine.settings import Refining
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.pitches import Pitches
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.refining import DEFAULT, Chosen, chosen, refined
from melpact.verbs.targets import Job, mel_files, plan, sources


@dataclass(frozen=True)
class RefinedFile:
    """One mel that was written.

    Attributes:
        bridge: the exact bridge that it went over, there and back; None where it was the refiner's own.
        pitch: where the pitch came from; None where the refiner takes none.
        changed: mean |change| per value before scaling, in `unit`.
        real_time: seconds of mel per second of computing.
    """

    source: Path
    path: Path
    dialect: str | None
    frames: int
    duration_s: float
    bridge: Bridge | None
    pitch: str | None
    changed: float
    unit: str
    degradations: tuple[str, ...]
    note: str
    real_time: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        own = {"source": str(self.source), "path": str(self.path), "degradations": list(self.degradations)}
        return {**vars(self), **own, "bridge": None if self.bridge is None else self.bridge.to_json()}


@dataclass(frozen=True)
class RefineReport:
    """What `refine` did, and with what; `notes` are what the law says, each once."""

    name: str
    refiner: Refiner
    settings: Refining
    notes: tuple[str, ...]
    done: list[RefinedFile]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        maker = self.refiner
        about = {
            "name": self.name, "method": maker.method, "title": maker.title, "fingerprint": maker.fingerprint,
            "dialect": None if maker.spec is None else name_of(maker.spec),
            "measured": maker.measured.model_dump(mode="json"),
        }  # fmt: skip
        return {
            "refiner": about,
            "settings": self.settings.model_dump(mode="json"),
            "notes": list(self.notes),
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def refine(
    inputs: Sequence[str | Path],
    out: str | Path,
    refiner: str | Path | Refiner | None = None,
    *,
    settings: Refining | dict[str, Any] | None = None,
    degradation: str | None = None,
    force: bool = False,
    stream: bool = False,
    f0: str | Path | None = None,
    audio: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    progress: Progress | None = None,
) -> RefineReport:
    """Refine mel files.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        out: a folder, in which the structure of an input folder is kept; or the .mel file of a single input.
        refiner: a refiner, or what `melpact.models.refine.refiner` opens; by default the shipped one for the first mel.
        settings: all of them, or those that differ from the refiner's own, by name.
        degradation: what happened to the mels; by default what each one's provenance says.
        force: go on where the law says no, or where a mel is refined already.
        stream: block by block; beyond the mel, memory does not grow with the length.
        f0, audio: for a refiner that takes a pitch: where it comes from (see `pitches.Pitches`).
        dialect, changes, axes, key: what a foreign file means; see `contract.foreign.load_foreign`.
        progress: told in files.

    Raises:
        NoSkill: `degradation` was named, and the refiner was not measured to help there.
        MelpactError: nothing to do, two inputs with one target, a refiner that cannot be opened; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    spec = None if dialect is None else described(dialect, changes)
    if spec is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES)
    planned = plan(sources(inputs, mel_files(suffixes)), out, ".mel")
    taken = _chosen(refiner, planned, spec, axes, key)
    asked = _asked(taken, settings)
    if degradation is not None:
        _known(degradation, taken)
        judged(taken.maker, taken.name, (degradation,), force=force)
    if (f0 or audio) and not (taken.maker.facts is not None and taken.maker.facts.takes_f0):
        raise ContractError(
            "this refiner takes no pitch", where="--f0" if f0 else "--audio", got=taken.name, next="Leave it out"
        )
    pitches = Pitches(None if f0 is None else Path(f0), None if audio is None else resolve(audio), len(planned) > 1)
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> RefinedFile:
        tick(0)
        mel = load(job.source, spec, axes=axes, key=key)
        try:
            made = refined(
                mel, taken, asked, degradation=degradation, force=force, stream=stream, pitches=pitches, source=job.source
            )
        except MelpactError as error:
            error.where = job.source if error.where is None else error.where
            raise
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
        made.mel.save(job.target)
        tick(1)
        return RefinedFile(
            source=job.source, path=job.target, dialect=mel.dialect, frames=mel.n_frames, duration_s=mel.duration_s,
            bridge=made.bridge, pitch=made.pitch, changed=made.changed,
            unit=mel.spec.unit if taken.maker.spec is None else taken.maker.spec.unit,
            degradations=happened(mel, degradation), note=made.note,
            real_time=mel.duration_s / max(made.spent_s, 1e-9),
        )  # fmt: skip

    result = batch(work, planned, jobs=1, progress=progress)
    notes = tuple(dict.fromkeys(item.note for item in result.done if item.note))
    return RefineReport(taken.name, taken.maker, asked, notes, result.done, result.failed)


def _chosen(
    named: str | Path | Refiner | None, planned: Sequence[Job], spec: MelSpec | None, axes: Axes | None, key: str | None
) -> Chosen:
    """The refiner that is meant; where none is named, the one for the first mel that can be read."""
    if named is not None and named != DEFAULT:
        return chosen(named)
    for job in planned:
        try:
            found = load(job.source, spec, axes=axes, key=key).spec
        except (MelpactError, OSError):
            continue
        return chosen(None, found)
    return chosen(None)


def _known(degradation: str, taken: Chosen) -> None:
    """Refuse a name that nobody knows: a slip of the pen is no degradation that was never measured."""
    name, known = degradation.replace("-", "_"), [*degradations(), *(row.degradation for row in taken.maker.measured.rows)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=2)
        raise ContractError(
            "no such degradation", where="--degradation", got=degradation, wanted=", ".join(dict.fromkeys(near or known)),
            next="They are said by: melpact degrade list",
        )  # fmt: skip


def _asked(taken: Chosen, settings: Refining | dict[str, Any] | None) -> Refining:
    """The refiner's own settings with what was asked for."""
    from pydantic import ValidationError

    if settings is None or isinstance(settings, Refining):
        return taken.maker.asked(settings)
    try:
        return Refining(**{**taken.maker.asked(None).model_dump(), **settings})
    except ValidationError as error:
        first = error.errors()[0]
        where = "--" + ".".join(str(part) for part in first["loc"])
        raise ContractError(str(first["msg"]), where=where, got=first["input"]) from None
