"""`pipeline`: features, texts, sounds or mels through the stages of a description, one output and one record each.

The stages are in `melpact.pipeline`; here lives what reads a description and runs it over files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio import files as audio_files
from melpact.audio.audio import Audio
from melpact.contract.foreign import SUFFIXES, describe, is_foreign, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError
from melpact.pipeline.building import rebuilt, stages
from melpact.pipeline.chain import Pipeline
from melpact.pipeline.engine import file_digest
from melpact.pipeline.ports import Port
from melpact.pipeline.record import SUFFIX, read_record
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import described
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import Find, Job, mel_files, plan, sources

_ORDER = ("mel", "extraction", "model", "calibration", "refine", "to", "vocoder")
_SETTINGS = ("allow", "findings", "seed")


@dataclass(frozen=True)
class Made:
    """One output. `files` are those written (output, and mel where it was kept); `reproduced` says whether it has the bits
    that the record it was made from promised (None: it was made from no record); `findings` counts what the doctor noted."""

    source: Path
    path: Path
    record: Path
    files: tuple[Path, ...]
    duration_s: float
    findings: int
    raised: int
    samples_clipped: int
    reproduced: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        paths = {name: str(getattr(self, name)) for name in ("source", "path", "record")}
        return {**vars(self), **paths, "files": [str(one) for one in self.files]}


@dataclass(frozen=True)
class PipelineReport:
    """The chain, and what became of every input; only the chain where nothing but the hand-overs was to be checked."""

    pipeline: Pipeline
    done: list[Made]
    skipped: list[Path]
    failed: list[Failure]

    @property
    def reproduced(self) -> bool:
        """Whether nothing came out otherwise than its record says."""
        return all(item.reproduced is not False for item in self.done)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fingerprint": self.pipeline.fingerprint,
            "takes": self.pipeline.takes.to_json(),
            "gives": self.pipeline.gives.to_json(),
            "chain": self.pipeline.table(),
            "done": [item.to_json() for item in self.done],
            "skipped": [str(path) for path in self.skipped],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def described_pipeline(path: str | Path, allow: str | None = None) -> Pipeline:
    """The pipeline that a .toml file describes, or that the record of a run (.json) used.

    Args:
        path: tables [mel], [extraction], [model], [calibration], [refine], [to] and [vocoder], those that are there, in this
            order; or a list of [[stage]] in any. Each has the arguments of its stage, with `dialect` and `set` for the
            description. Relative paths start beside the file. `allow`, `findings` and `seed` stand on top.
        allow: in place of the file's.

    Raises:
        MelpactError: what `Pipeline` and its stages raise, and for a file that says nothing usable.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        return rebuilt(path)
    return pipeline_of(read_description(path), path, allow)


def read_description(path: Path) -> dict[str, Any]:
    """The tables of a .toml file.

    Raises:
        ArtifactError: unreadable, or not TOML.
    """
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ArtifactError("cannot be read", where=path, got=error.strerror, wanted="a .toml file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArtifactError("is not TOML", where=path, got=str(error)) from error


def pipeline_of(tables: Mapping[str, Any], path: Path, allow: str | None = None) -> Pipeline:
    """The pipeline of the tables that stand in a file, beside which relative paths start; see `described_pipeline`."""
    found = dict(tables)
    listed = found.pop("stage", None)
    settings = {name: found.pop(name) for name in _SETTINGS if name in found}
    surplus = sorted(set(found) - set(_ORDER))
    if surplus or (listed is not None and found):
        where = ", ".join(surplus or found)
        wanted = f"{', '.join(_SETTINGS)}, then the tables {', '.join(f'[{name}]' for name in _ORDER)}, or only [[stage]]"
        raise ContractError("has no place in a description", where=path, got=where, wanted=wanted)
    rows = listed if listed is not None else [{"stage": name, **found[name]} for name in _ORDER if name in found]
    if allow is not None:
        settings["allow"] = allow
    seed = settings.get("seed", 0)
    made = stages([_resolved(table, path.parent, seed) for table in rows], path.parent)
    return Pipeline(made, **settings)


def _resolved(table: Mapping[str, Any], folder: Path, seed: int) -> dict[str, Any]:
    """A table with its dialects as descriptions, and the seed where melpact's own vocoder takes it."""
    given = dict(table)
    if given.get("stage") == "vocoder" and not given.keys() & {"file", "call"}:
        given.setdefault("seed", seed)
    dialect, changes = given.pop("dialect", None), given.pop("set", None)
    if dialect is not None:
        given["spec"] = _spec(dialect, changes, folder)
    elif changes:
        raise ContractError("set changes a dialect, and none is given", where=given.get("stage"), wanted="dialect")
    takes = given.get("takes")
    if isinstance(takes, str) and takes not in ("features", "text"):
        given["takes"] = _spec(takes, None, folder).facts()
    return given


def _spec(dialect: str, changes: Mapping[str, Any] | None, folder: Path) -> MelSpec:
    beside = folder / dialect
    return described(str(beside) if dialect.lower().endswith(".json") and beside.exists() else dialect, changes)


def pipeline(
    description: str | Path | Pipeline,
    inputs: Sequence[str | Path] = (),
    out: str | Path | None = None,
    *,
    check: bool = False,
    allow: str | None = None,
    keep_mel: bool = False,
    key: str | None = None,
    jobs: int | None = None,
    skip_existing: bool = False,
    progress: Progress | None = None,
) -> PipelineReport:
    """Run files through a pipeline; beside every output stands its record, NAME.run.json.

    Args:
        description: a .toml file, the record of a run (its input is taken again where none is given, and the output compared
            with what the record says), or a `Pipeline`.
        inputs: files, folders and patterns of what the first stage takes: .npy and .npz of features, .txt, sounds, or mels.
        out: a folder, in which the structure of an input folder is kept; or the file of a single input.
        check: check the hand-overs and run nothing.
        allow: "fitted" or "lossy" bridges, in place of what the description says.
        keep_mel: write the mel that the vocoder was given, too.
        key: the array's name where a file of features holds several and the model takes one.
        jobs: threads; all CPUs by default. One where the pipeline runs torch or a user's own code.
        skip_existing: leave outputs alone that this very pipeline made from an input of the same bytes.
        progress: told in files.

    Raises:
        MelpactError: the stages do not fit, nothing to do, two inputs with one target; or the only input failed.
        KeyboardInterrupt: nothing half-written is left; `skip_existing` goes on from there.
    """
    progress = progress if progress is not None else Silent()
    promised = None
    if isinstance(description, Pipeline):
        chain = description
    else:
        chain = described_pipeline(description, allow)
        promised = read_record(description) if Path(description).suffix.lower() == ".json" else None
    if check:
        return PipelineReport(chain, [], [], [])
    if promised is not None and not inputs:
        inputs = [_recorded_input(promised, Path(str(description)))]
    if not inputs or out is None:
        raise MelpactError(
            "inputs and a place for the output are needed",
            where="pipeline",
            wanted="INPUTS -o PATH, or --check for the chain alone",
        )
    ending = ".wav" if chain.gives.kind == "audio" else ".mel"
    planned = plan(sources(inputs, _finder(chain.takes)), out, ending)
    _refuse_record_clashes(planned)
    todo, skipped = planned, []
    if skip_existing:
        skipped = [job.target for job in planned if _finished(job, chain, keep_mel)]
        todo = [job for job in planned if job.target not in set(skipped)]
    if not todo:
        return PipelineReport(chain, [], skipped, [])
    if len(todo) == 1:
        progress.start(1, "files")
    work = partial(_one, chain=chain, keep_mel=keep_mel, key=key, promised=promised)
    result = batch(work, todo, jobs=jobs if chain.parallel else 1, progress=progress)
    return PipelineReport(chain, result.done, skipped, result.failed)


def _one(
    job: Job, tick: Tick, *, chain: Pipeline, keep_mel: bool, key: str | None, promised: Mapping[str, Any] | None
) -> Made:
    tick(0)
    value = _read(job.source, chain.takes, key)
    origin = {"path": str(job.source.resolve()), "file_sha256": file_digest(job.source)}
    origin |= {"key": key} if key is not None else {}
    try:
        run = chain.run(value, origin=origin)
    except MelpactError as error:
        error.where = job.source if error.where is None else f"{job.source}: {error.where}"
        raise
    tick(0)
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=job.target.parent) from error
    clipped, files = 0, [job.target]
    if isinstance(run.output, Audio):
        clipped = audio_files.write(job.target, run.output)
        if keep_mel and run.mel is not None:
            files.append(run.mel.save(job.target.with_suffix(".mel")))
    else:
        run.output.save(job.target)
    record = _record_path(job.target)
    run.save_record(record, [{"path": one.name, "sha256": file_digest(one)} for one in files])
    tick(1)
    raised = sum(int(one.get("raised_to_floor", 0)) for one in run.record["measured"]["stages"])
    return Made(
        source=job.source,
        path=job.target,
        record=record,
        files=tuple(files),
        duration_s=run.output.duration_s,
        findings=len(run.record["findings"]),
        raised=raised,
        samples_clipped=clipped,
        reproduced=_same(promised, run.record),
    )


def _same(promised: Mapping[str, Any] | None, record: Mapping[str, Any]) -> bool | None:
    """Whether the output has the promised bits; None where the input is another one, or nothing was promised."""
    if promised is None or promised["input"]["sha256"] != record["input"]["sha256"]:
        return None
    return bool(promised["output"]["sha256"] == record["output"]["sha256"])


def _record_path(target: Path) -> Path:
    return target.with_name(target.stem + SUFFIX)


def _recorded_input(promised: Mapping[str, Any], path: Path) -> str:
    given = promised["input"].get("path")
    if given is None:
        raise MelpactError("its input was no file", where=path, wanted="INPUTS")
    if Path(given).is_file() and file_digest(Path(given)) != promised["input"].get("file_sha256"):
        raise ContractError("the input is not what it was", where=given, next="Name the input that you mean")
    return str(given)


def _refuse_record_clashes(planned: Sequence[Job]) -> None:
    taken: dict[Path, Job] = {}
    for job in planned:
        first = taken.setdefault(_record_path(job.target), job)
        if first is not job:
            raise MelpactError(
                "two outputs would share one record", where=first.target, got=job.target, wanted="one name per output"
            )


def _finder(port: Port) -> Find:
    if port.kind == "audio":
        return audio_files.find
    if port.kind == "mel":
        return mel_files((".mel", *SUFFIXES))
    return mel_files((".txt",) if port.kind == "text" else (".npy", ".npz"))


def _read(path: Path, port: Port, key: str | None) -> Any:
    """One file as the first stage takes it."""
    if port.kind == "audio":
        return audio_files.read(path)
    if port.kind == "mel":
        mel: Mel = load(path, port.spec if is_foreign(path) else None, key=key)
        return mel
    if port.kind == "text":
        try:
            return path.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError as error:
            raise ArtifactError("is not UTF-8 text", where=path, got=str(error)) from error
    arrays = dict(describe(path).arrays)
    if not arrays:
        raise ArtifactError("holds no numeric array", where=path)
    if key is not None:
        if key not in arrays:
            raise ArtifactError(f"holds no array {key!r}", where=path, wanted=f"one of {', '.join(arrays)}")
        return arrays[key]
    return next(iter(arrays.values())) if len(arrays) == 1 else {name: np.asarray(a) for name, a in arrays.items()}


def _finished(job: Job, chain: Pipeline, keep_mel: bool) -> bool:
    """Whether the record beside the target is of this pipeline and this input, and its files have the bytes it says."""
    try:
        record = read_record(_record_path(job.target))
        said, given = record["pipeline"]["fingerprint"], record["input"].get("file_sha256")
        if said != chain.fingerprint or given != file_digest(job.source) or not record["files"]:
            return False
        if keep_mel and chain.gives.kind == "audio" and len(record["files"]) < 2:
            return False
        listed = [(job.target.parent / one["path"], one["sha256"]) for one in record["files"]]
        return listed[0][0] == job.target and all(file_digest(path) == sha for path, sha in listed)
    except (MelpactError, OSError, KeyError, TypeError):
        return False
