"""`calibrate`: fit, compare and apply calibrations over folders of predicted and true mels that share their names.

What a calibration is, and when there is none, is in `normalise.calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.dialect import Dialect
from melpact.contract.foreign import SUFFIXES, Axes, load
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, NoSkill, SpecMismatch
from melpact.normalise.calibration import Calibration, Pair, Report, StoredPair, pair, stored, strategy
from melpact.normalise.calibration import compare as compared
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Job, mel_files, plan, sources

HELD_BYTES = 1 << 28
"""Pairs are kept in memory up to this size together (256 MiB); the values of the others are read again when needed."""


@dataclass(frozen=True)
class Missing:
    """A file without a partner of its name; `side` says which side it is on ("prediction" or "target")."""

    name: str
    path: Path
    side: str


@dataclass(frozen=True)
class Compared:
    """What was found out from the pairs that could be used; `calibration` and `path` only where one was fitted."""

    report: Report
    missing: list[Missing]
    failed: list[Failure]
    calibration: Calibration | None = None
    path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values: strategies and nulls with error, null, skill and interval, and every pair that was left out."""
        rows = self.report.model_dump(mode="json")
        told = rows.pop("rows")
        return {
            "path": None if self.path is None else str(self.path),
            "fingerprint": None if self.calibration is None else self.calibration.fingerprint,
            "model": None if self.calibration is None else self.calibration.model,
            "skill": self.report.skilled,
            **rows,
            "affine_r_squared": self.report.affine_r_squared,
            "measure": "rmse",
            "strategies": [self._row(row) for row in told if not row["null"]],
            "nulls": [self._row(row) for row in told if row["null"]],
            "missing": [{"name": m.name, "path": str(m.path), "side": m.side} for m in self.missing],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        """`error` in the unit of the report and the `null` it has to beat, both as `measure` says, then everything else."""
        null = self.report.row(self.report.best_null, null=True).rmse
        rest = {k: v for k, v in row.items() if k not in ("name", "null", "skill")}
        return {"name": row["name"], "error": row["rmse"], "null": null, "skill": row["skill"], **rest}


@dataclass(frozen=True)
class Applied:
    """The mels that were calibrated, as (source, result), and those that could not be."""

    calibration: Calibration
    done: list[tuple[Path, Path]]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "calibration": self.calibration.fingerprint,
            "strategy": self.calibration.strategy,
            "done": [{"source": str(source), "path": str(path)} for source, path in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


@dataclass(frozen=True)
class _Meaning:
    """What foreign files mean."""

    spec: MelSpec | None
    axes: Axes | None
    key: str | None

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".mel",) if self.spec is None else (".mel", *SUFFIXES)


@dataclass(frozen=True)
class _Couple:
    name: str
    prediction: Path
    target: Path

    def __str__(self) -> str:
        return self.name


@dataclass
class _Gathered:
    pairs: list[Pair | StoredPair] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


def fit(
    predictions: str | Path,
    targets: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    only: Sequence[str] | None = None,
    folds: int = 5,
    seed: int = 0,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Compare all strategies on held-out utterances and write the simplest good one.

    Args:
        predictions, targets: folders or patterns; files with one name below them belong together, whatever their suffix. Or
            one file each. Of one or two pairs blocks of time are held out, and the report's `caution` says what that means.
        out: the calibration file to write.
        model: names the state of the model that predicted (a checkpoint's hash, a version); kept in the file.
        only: names of strategies; all by default.
        folds: of the cross-validation over utterances. seed: of the folds, the shuffled pairs and the bootstrap.
        dialect, changes, axes, key: what foreign files mean; see `contract.foreign.load_foreign`.
        jobs: threads that read; all CPUs by default. progress: told in pairs.

    Raises:
        NoSkill: no strategy beats the best null; nothing is written. `outcome` is the `Compared` that shows it.
        MelpactError: no usable pair, or too little of them to hold anything out.
    """
    for name in only or ():
        strategy(name)
    found = _gather(predictions, targets, dialect, changes, axes, key, jobs, progress)
    rng = np.random.default_rng(seed)
    try:
        made = Calibration.fit(found.pairs, model=model, only=only, folds=folds, rng=rng)
    except NoSkill as error:
        assert isinstance(error.report, Report)
        error.outcome = Compared(error.report, found.missing, found.failed)
        raise
    return Compared(made.report, found.missing, found.failed, made, made.save(_with_folder(Path(out))))


def compare(
    predictions: str | Path,
    targets: str | Path,
    *,
    only: Sequence[str] | None = None,
    folds: int = 5,
    seed: int = 0,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Compared:
    """All strategies and nulls side by side; writes nothing and does not mind a prediction without skill.

    Arguments and errors as `fit`, without `NoSkill`.
    """
    chosen = None if only is None else [strategy(name) for name in only]
    found = _gather(predictions, targets, dialect, changes, axes, key, jobs, progress)
    report = compared(found.pairs, only=chosen, folds=folds, rng=np.random.default_rng(seed))
    return Compared(report, found.missing, found.failed)


def apply(
    inputs: Sequence[str | Path],
    calibration: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Calibrate mel files.

    Args:
        inputs: .mel files, folders and patterns; with `dialect` also .npy, .npz, .pt and .h5.
        calibration: the file that `fit` wrote.
        out: a folder, in which the structure of an input folder is kept; or the .mel file of a single input.
        model: which model made them; refused where the calibration was fitted to another.
        dialect, changes, axes, key, jobs, progress: as in `fit`.

    Raises:
        MelpactError: no such calibration, nothing to do, two inputs with one target; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    meaning, found = _meaning(dialect, changes, axes, key), Calibration.load(calibration)
    planned = plan(sources(inputs, mel_files(meaning.suffixes)), out, ".mel")
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> tuple[Path, Path]:
        tick(0)
        made = found.apply(load(job.source, meaning.spec, axes=axes, key=key), model=model)
        made.save(_with_folder(job.target))
        tick(1)
        return job.source, job.target

    result = batch(work, planned, jobs=jobs, progress=progress)
    return Applied(found, result.done, result.failed)


def _meaning(
    dialect: MelSpec | Dialect | str | None, changes: Changes | None, axes: Axes | None, key: str | None
) -> _Meaning:
    if dialect is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    return _Meaning(None if dialect is None else described(dialect, changes), axes, key)


def _gather(
    predictions: str | Path,
    targets: str | Path,
    dialect: MelSpec | Dialect | str | None,
    changes: Changes | None,
    axes: Axes | None,
    key: str | None,
    jobs: int | None,
    progress: Progress | None,
) -> _Gathered:
    """Every pair that can be used, and why the others cannot."""
    meaning = _meaning(dialect, changes, axes, key)
    couples, missing = _couples(predictions, targets, meaning.suffixes)
    if not couples:
        raise MelpactError(
            "no prediction has a target of its name",
            where=predictions,
            got=_listed([m.name for m in missing]),
            wanted=f"the same names below {targets}",
        )

    held = [0]

    def read(couple: _Couple) -> Pair:
        x, t = (load(path, meaning.spec, axes=axes, key=key) for path in (couple.prediction, couple.target))
        return pair(couple.name, x, t)

    def work(couple: _Couple, tick: Tick) -> Pair | StoredPair | Failure:
        tick(0)
        try:
            made = read(couple)
            held[0] += made.prediction.nbytes + made.target.nbytes
            return made if held[0] <= HELD_BYTES else stored(made, partial(read, couple))
        except (MelpactError, OSError) as error:
            return Failure(couple.name, str(error), type(error).__name__)

    result = batch(work, couples, jobs=jobs, progress=progress, what="pairs")
    found = _Gathered(missing=missing, failed=list(result.failed))
    for one in result.done:
        if isinstance(one, Failure):
            found.failed.append(one)
        elif found.pairs and one.spec != found.pairs[0].spec:
            error = SpecMismatch(
                f"is predicted in another description than {found.pairs[0].name}",
                where=one.name,
                got=one.spec.fingerprint,
                wanted=found.pairs[0].spec.fingerprint,
                next="Calibrate each description on its own",
            )
            found.failed.append(Failure(one.name, str(error), "SpecMismatch"))
        else:
            found.pairs.append(one)
    if not found.pairs:
        raise ContractError(
            "no pair can be used",
            where=predictions,
            got=f"0 of {len(couples) + len(missing)}; without a partner: "
            f"{_listed([m.name for m in missing])}; failed: {_listed([f.item for f in found.failed])}",
            wanted="at least one prediction with its target",
            next=f"The first failure: {found.failed[0].message}" if found.failed else None,
        )
    return found


def _couples(predictions: str | Path, targets: str | Path, suffixes: tuple[str, ...]) -> tuple[list[_Couple], list[Missing]]:
    """Files of one name on both sides, and the files that are alone, sorted by name."""
    one, other = _by_name(predictions, suffixes), _by_name(targets, suffixes)
    if set(one.values()) & set(other.values()):
        raise MelpactError("predictions and targets are the same files", where=predictions, wanted="two folders")
    if len(one) == len(other) == 1 and Path(predictions).is_file() and Path(targets).is_file():
        # two files that were named belong together, whatever they are called
        (name, x), (t,) = next(iter(one.items())), other.values()
        return [_Couple(name, x, t)], []
    couples = [_Couple(name, one[name], other[name]) for name in sorted(one.keys() & other.keys())]
    alone = [Missing(name, one[name], "prediction") for name in one.keys() - other.keys()]
    alone += [Missing(name, other[name], "target") for name in other.keys() - one.keys()]
    return couples, sorted(alone, key=lambda m: (m.name, m.side))


def _by_name(given: str | Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for source in sources([given], mel_files(suffixes)):
        name = source.place.with_suffix("").as_posix()
        if name in named:
            raise MelpactError(
                "two files have one name but for their suffix",
                where=source.path,
                got=named[name],
                wanted="one mel per utterance",
                next="Name one kind with a pattern: 'FOLDER/**/*.mel'",
            )
        named[name] = source.path
    return named


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") or "none"


def _with_folder(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=path.parent) from error
    return path
