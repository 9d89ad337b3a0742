"""`refine-report`: refiners on spoilt mels of held-out clips: is it better than doing nothing, and than a mere calibration?

What is measured is in `bench.refining`, what it says together in `bench.refine_table`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from melpact.audio.files import find
from melpact.audio.samples import names as shipped_samples
from melpact.audio.samples import resolve
from melpact.bench.cache import sound_digest
from melpact.bench.metric import metrics
from melpact.bench.page.refined import refined
from melpact.bench.refine_null import Line, lines
from melpact.bench.refine_opening import INVERSIONS, check_vocoder, opened
from melpact.bench.refine_table import LAW, RefineTable, table
from melpact.bench.refining import (
    AFFINE,
    BESIDE,
    BYPASS,
    CLEAN,
    PREDICTED,
    Arm,
    Clip,
    Condition,
    Refinery,
    measure,
    sound_of,
    spoilt,
)
from melpact.bench.suites import named
from melpact.bench.workers import run
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.degradations.chain import parsed
from melpact.degradations.kinds import degradation, degradations
from melpact.features.analysis import extract
from melpact.features.lane_cache import cache_folder
from melpact.models.refine.base import Refiner
from melpact.models.refine.measured import Measured
from melpact.models.refine.settings import MOST_STEPS, Refining
from melpact.verbs.batch import jobs_for
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder

METRICS = (*LAW, "stoi", "mel_mae")
SECONDS = 4.0
RESERVED = (BYPASS, AFFINE, CLEAN, *BESIDE)
Domain = Literal["speech", "singing"]


@dataclass(frozen=True)
class RefineReport:
    """The table, the files that were written, and the refiners whose files now hold what was measured of them."""

    table: RefineTable
    files: Mapping[str, Path]
    marked: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **self.table.model_dump(mode="json"),
            "files": {name: str(path) for name, path in self.files.items()},
            "marked": [str(path) for path in self.marked],
        }


def refine_report(
    refiners: Sequence[str | Path | Refiner],
    audio: Sequence[str | Path] = (),
    *,
    names: Sequence[str] | None = None,
    spoil: Sequence[str] = (),
    predicted: str | Path | None = None,
    settings: Refining | None = None,
    steps: Sequence[int] = (),
    vocoder: str = INVERSIONS[0],
    metrics: Sequence[str] | None = None,
    domain: Domain = "speech",
    dialect: MelSpec | Dialect | str | None = None,
    clips: int | None = None,
    seconds: float | None = SECONDS,
    out: str | Path | None = None,
    mark: bool = False,
    jobs: int | None = None,
    cache: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> RefineReport:
    """Try refiners on every degradation at every dose, beside bypass and a line per band.

    Args:
        refiners: files, names of shipped ones, or refiners; all of one description. Without any: what every degradation
            costs, and what a line per band mends of it.
        audio: files and folders of clips that no refiner was trained on; the shipped recordings where none are given.
        names: of the refiners in the table; by default the method, or the file's name where two share it.
        spoil: "noise" (at its three usual doses), "noise:12" (at one), "none"; all degradations by default.
        predicted: folder of mels that a model predicted for the clips, NAME.mel; they are tried as the degradation
            "predicted". One that does not lie on its clip is refused, with the reason.
        settings: how they are asked to work; their own by default.
        steps: numbers of steps at which the diffusions among them are tried, on one clear dose per clip.
        vocoder: what makes the sounds: "griffin_lim" (best effort), "griffin_lim_fast", a file or a shipped vocoder.
        metrics: of the sounds; by default those of the law, STOI and the mel error after the vocoder.
        domain: "singing" leaves out what is made for speech only.
        dialect: where no refiner says which mel it takes.
        clips: so many of the clips, evenly over the list. seconds: of each, from its start; None: all of it.
        out: folder for refine.html, refine.json, cells.csv and gains.csv.
        mark: write what was measured into the refiners' own files.
        jobs: processes; all CPUs by default. cache: use what was measured before, and keep it. seed: of all chance.

    Raises:
        MelpactError: nothing to do, refiners of several descriptions, a vocoder for another mel, an unknown name.
    """
    progress = progress if progress is not None else Silent()
    arms, spec = _arms(refiners, names, settings, dialect)
    check_vocoder(vocoder, spec)
    conditions = conditions_of(spoil) + ((Condition(PREDICTED),) if predicted is not None else ())
    if not conditions:
        raise MelpactError(
            "nothing is to be done to the mels", where="refine-report", wanted="a degradation, or predicted mels"
        )
    diffusions = [arm for arm in arms if opened(arm.refiner).method == "diffusion"]
    files_to_mark = [_markable(arm) for arm in arms] if mark else []
    stepped = tuple(_with_steps(arm, count) for arm in diffusions for count in steps)
    refinery = Refinery(
        spec, conditions, arms, _metrics(metrics, domain), stepped, vocoder, seconds, seed,
        cache_folder() / "refine" if cache else None,
    )  # fmt: skip
    folder = None if out is None else output_folder(out)
    given = [str(one) for one in audio] or [f"sample:{name}" for name in shipped_samples()]
    files = find([resolve(one) for one in given])
    if clips is not None:
        files = files[:: max(1, len(files) // clips)][:clips]
    try:
        tasks = _clips(files, refinery, None if predicted is None else Path(predicted), progress)
        progress.start(len(tasks), "clips")
        workers = jobs_for(max(2, len(tasks)), jobs)
        outcomes = run(tasks, refinery, jobs=workers, advance=progress.advance, work=measure)
    finally:
        progress.done()
    found = table(outcomes, refinery, {task.name: task.stepped for task in tasks})
    if not found.clips:
        raise MelpactError("no clip could be measured", where="refine-report", got=found.failed[0] if found.failed else None)
    written = {} if folder is None else write(found, folder)
    marked = tuple(_marked(path, found.measured[arm.name]) for arm, path in zip(arms, files_to_mark, strict=False))
    return RefineReport(found, written, marked)


def conditions_of(spoil: Sequence[str]) -> tuple[Condition, ...]:
    """Names with or without a dose → conditions; all degradations at their usual doses where none are given.

    Raises:
        MelpactError: no such degradation or dose.
    """
    if list(spoil) == ["none"]:
        return ()
    found: list[Condition] = []
    for text in spoil or list(degradations()):
        try:
            doses = [parsed(text)] if ":" in text else [(text, dose) for dose in degradation(text).doses]
        except MelpactError as error:
            error.where = "--spoil"
            raise
        found += [Condition(*dose) for dose in doses]
    return tuple(dict.fromkeys(found))


def _arms(
    refiners: Sequence[str | Path | Refiner],
    names: Sequence[str] | None,
    settings: Refining | None,
    dialect: MelSpec | Dialect | str | None,
) -> tuple[tuple[Arm, ...], MelSpec]:
    found = [opened(one) for one in refiners]
    specs = {one.spec for one in found if one.spec is not None} | ({as_spec(dialect)} if dialect is not None else set())
    if len(specs) > 1:
        said = ", ".join(sorted(spec.fingerprint for spec in specs))
        raise ContractError("one table is for mels of one description", where="refine-report", got=said)
    called = list(names) if names is not None else _called(refiners, [one.method for one in found])
    if len(called) != len(found) or len({*called, *RESERVED}) != len(called) + len(RESERVED):
        taken = f"one name each, none of {', '.join(RESERVED)}"
        raise MelpactError("every refiner needs a name of its own", where="names", got=", ".join(called), wanted=taken)
    arms = tuple(Arm(name, one, settings) for name, one in zip(called, refiners, strict=True))
    return arms, next(iter(specs), as_spec("hifigan_22k"))


def _called(refiners: Sequence[str | Path | Refiner], methods: Sequence[str]) -> list[str]:
    called: list[str] = []
    for given, method in zip(refiners, methods, strict=True):
        alone = methods.count(method) == 1 and method not in RESERVED
        name = method if alone or isinstance(given, Refiner) else Path(given).stem
        called.append(name if name not in (*called, *RESERVED) else f"{name} {len(called) + 1}")
    return called


def _with_steps(arm: Arm, count: int) -> Arm:
    if not 1 <= count <= MOST_STEPS:
        raise ContractError("no number of steps", where="--steps", got=count, wanted=f"1 to {MOST_STEPS}")
    asked = opened(arm.refiner).asked(arm.settings).model_copy(update={"steps": count})
    return replace(arm, name=f"{arm.name}, {count} step{'s' * (count > 1)}", settings=asked)


def _metrics(asked: Sequence[str] | None, domain: Domain) -> tuple[str, ...]:
    if asked is not None:
        return named(asked)
    known = metrics()
    return tuple(name for name in METRICS if domain in known[name].domains)


def _clips(files: Sequence[Path], refinery: Refinery, predicted: Path | None, progress: Progress) -> list[Clip]:
    """Every clip with the lines of its affine null; what cannot be opened is left to the measuring, which says why."""
    names = _unique(files)
    guesses = {path: _guess(predicted, path) for path in files}
    progress.start(len(refinery.conditions), "calibrations")
    mels: dict[Path, tuple[Mel, str]] = {}
    for path in files:
        try:
            mels[path] = extract(sound_of(path, refinery), refinery.spec), sound_digest(path)
        except (MelpactError, OSError):
            continue
    fitted: dict[Path, dict[str, Line]] = {path: {} for path in files}
    for condition in refinery.conditions:
        given: dict[Path, Mel] = {}
        for path, (mel, content) in mels.items():
            try:
                given[path] = spoilt(mel, condition, refinery.seed, content, guesses[path])
            except (MelpactError, OSError):
                continue
        for path, line in zip(given, lines([mels[path][0] for path in given], list(given.values())), strict=True):
            fitted[path][condition.label] = line
        progress.advance(1)
    known = [c for c in refinery.conditions if c.dose is not None]
    clear = [c for c in known if c.dose == degradation(c.degradation).doses[1]] or list(refinery.conditions)
    return [
        Clip(name, path, fitted[path], clear[i % len(clear)] if refinery.stepped else None, guesses[path])
        for i, (name, path) in enumerate(zip(names, files, strict=True))
    ]


def _guess(folder: Path | None, sound: Path) -> Path | None:
    """The predicted mel of a sound, by its name."""
    path = None if folder is None else folder / f"{sound.stem}.mel"
    return path if path is not None and path.is_file() else None


def _unique(files: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for path in files:
        name, count = path.stem, 2
        while name in names:
            name, count = f"{path.stem}_{count}", count + 1
        names.append(name)
    return names


def _markable(arm: Arm) -> Path:
    """The file that keeps what is measured of a refiner.

    Raises:
        MelpactError: it came from no file that can hold it.
    """
    from melpact.models.refine.facts import SUFFIX

    path = None if isinstance(arm.refiner, Refiner) else Path(arm.refiner)
    if path is None or not path.is_file() or path.suffix.lower() != SUFFIX:
        raise MelpactError(
            "what is measured is kept in the refiner's own file", where="--mark", got=arm.name, wanted=f"a {SUFFIX} file",
            next="Mark the file that a graph (.onnx) was made of, and convert it again",
        )  # fmt: skip
    return path


def _marked(path: Path, measured: Measured) -> Path:
    """Put what was measured into a refiner's file, in place of what it says of the same degradations."""
    from melpact.models.refine.facts import read
    from melpact.models.refine.facts import write as write_refiner

    facts, weights = read(path)
    return write_refiner(path, replace(facts, measured=joined(facts.measured, measured)), weights)


def joined(before: Measured, now: Measured) -> Measured:
    """What is measured now, and what was known of degradations that were not tried again."""
    tried = {row.degradation for row in now.rows}
    kept = tuple(row for row in before.rows if row.degradation not in tried)
    if not kept:
        return now
    return Measured(how=f"{', '.join(sorted(tried))}: {now.how}. Others: {before.how}", rows=(*kept, *now.rows))


def cells_csv(found: RefineTable) -> str:
    """One line per condition and arm; the ceiling and the anchors stand first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["condition", "arm", "n", *(f"{name}{end}" for name in found.metrics for end in ("", "_low", "_high"))])
    rows = [("", name, cells) for name, cells in found.beside.items()]
    rows += [(label, arm, cells) for label, arms in found.cells.items() for arm, cells in arms.items()]
    for label, arm, cells in rows:
        n = max((cell.n for cell in cells.values()), default=0)
        values = [getattr(cells.get(name), end, None) for name in found.metrics for end in ("value", "low", "high")]
        writer.writerow([label, arm, n, *("" if value is None else value for value in values)])
    return text.getvalue()


def gains_csv(found: RefineTable) -> str:
    """One line per degradation, dose (or all doses), arm, null and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["degradation", "doses", "arm", "null", "metric", "gain", "low", "high", "n", "ahead"])
    for one in found.gains:
        row = [one.degradation, " ".join(f"{dose:g}" for dose in one.doses), one.arm, one.null, one.metric, one.gain]
        writer.writerow([*row, "" if one.low is None else one.low, "" if one.high is None else one.high, one.n, one.sign])
    return text.getvalue()


def write(found: RefineTable, folder: Path) -> dict[str, Path]:
    """The table as files of the folder; returns name → path."""
    texts = {
        "refine.json": json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "cells.csv": cells_csv(found),
        "gains.csv": gains_csv(found),
        "refine.html": refined(found),
    }
    for name, text in texts.items():
        with replacing(folder / name) as file:
            file.write(text.encode())
    return {name: folder / name for name in texts}
