"""`ablate`: a grid of mels, normalisers and vocoders over the same sounds, scored as one factorial table.

How a grid is written is in `melpact.bench.grid`, the table's arithmetic in `factorial`; the metrics are the bench's.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from melpact.audio.files import find
from melpact.bench.factorial import Effect, Interaction, Setting, Shares, effects, interactions, shares
from melpact.bench.grid import Grid, normaliser_key, read_grid, scalings_of, sound_of, specs_of
from melpact.bench.metric import Metric, metrics
from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError, SpecError
from melpact.features.analysis import to_rate
from melpact.verbs.batch import Tick, batch, jobs_for
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder


@dataclass(frozen=True)
class Cell:
    """One setting: the value of every metric (or the reason), and how many utterances it was measured on."""

    setting: Setting
    values: Mapping[str, float]
    reasons: Mapping[str, str]
    n: int


@dataclass(frozen=True)
class Ablation:
    """The factorial table."""

    grid: Grid
    cells: tuple[Cell, ...]
    impossible: Mapping[Setting, str]
    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    shares: tuple[Shares, ...]
    anchors: Mapping[str, Mapping[str, float]]
    failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        factors = list(self.grid.factors)
        return {
            "base": self.grid.base.fingerprint,
            "factors": {name: list(levels) for name, levels in self.grid.factors.items()},
            "units": {name: known.unit for name, known in _measured(self.grid).items()},
            "cells": [
                {"setting": dict(zip(factors, c.setting)), "values": dict(c.values), "reasons": dict(c.reasons), "n": c.n}
                for c in self.cells
            ],
            "impossible": [{"setting": dict(zip(factors, s)), "reason": why} for s, why in self.impossible.items()],
            "effects": [one.model_dump(mode="json") for one in self.effects],
            "interactions": [one.model_dump(mode="json") for one in self.interactions],
            "shares": [one.model_dump(mode="json") for one in self.shares],
            "anchors": {name: dict(values) for name, values in self.anchors.items()},
            "failed": list(self.failed),
        }


def ablate(
    grid: str | Path | Mapping[str, Any],
    *,
    audio: Sequence[str | Path] = (),
    out: str | Path | None = None,
    jobs: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
) -> Ablation:
    """Score every setting of a grid on the same sounds, and say what each factor does.

    Args:
        grid: see `read_grid`.
        audio: files and folders; those of the grid, else the shipped recordings, where none are given.
        out: folder for ablation.json, cells.csv, effects.csv and the sounds; without it the sounds are not kept.
        jobs: threads and processes; all CPUs by default.
        cache: whether scores that are known are used, and kept.

    Raises:
        MelpactError: a grid or sound that cannot be used; no setting that can exist.
    """
    from melpact.audio.samples import names as shipped
    from melpact.audio.samples import resolve

    plan = read_grid(grid)
    progress = progress if progress is not None else Silent()
    given = [str(one) for one in audio] or list(plan.audio) or [f"sample:{name}" for name in shipped()]
    files = find([resolve(one) for one in given])
    if plan.clips is not None:
        files = files[:: max(1, len(files) // plan.clips)][: plan.clips]
    specs, impossible = specs_of(plan)
    if not specs:
        raise SpecError("no setting of this grid can exist", where="ablate", got=next(iter(impossible.values())))
    folder = None if out is None else output_folder(out)
    with tempfile.TemporaryDirectory(prefix="melpact-ablate-") as scratch:
        sounds = (folder or Path(scratch)) / "sounds"
        try:
            made, failed = _make(plan, files, specs, sounds, jobs, progress)
            found = _score(plan, specs, impossible, made, failed, jobs, cache, progress)
        finally:
            progress.done()
    if folder is not None:
        write(found, folder)
    return found


@dataclass(frozen=True)
class _Made:
    name: str
    original: Path
    sounds: Mapping[Setting, Path]


def _make(
    grid: Grid, files: Sequence[Path], specs: Mapping[Setting, MelSpec], sounds: Path, jobs: int | None, progress: Progress
) -> tuple[list[_Made], list[str]]:
    """Every sound of every setting as a float WAV, and the originals at the base's rate."""
    from melpact.audio.files import read
    from melpact.audio.writing import write as write_audio

    names = _unique(files)
    scalings = scalings_of(grid, files, specs)

    def one(item: tuple[str, Path], tick: Tick) -> _Made:
        name, path = item
        audio = to_rate(read(path, duration_s=grid.seconds), grid.base.sample_rate)
        original = sounds / "original" / f"{name}.wav"
        original.parent.mkdir(parents=True, exist_ok=True)
        write_audio(original, audio, "FLOAT")
        made = {}
        for index, (setting, spec) in enumerate(specs.items()):
            meaning = grid.meaning(setting)
            place = sounds / f"{index:03d}" / f"{name}.wav"
            place.parent.mkdir(parents=True, exist_ok=True)
            made_audio = sound_of(audio, spec, scalings.get(normaliser_key(setting, grid)), meaning, grid.seed)
            write_audio(place, made_audio, "FLOAT")
            made[setting] = place
            tick(1)
        return _Made(name, original, made)

    if len(files) > 1:
        progress.start(len(files), "sounds")
    else:
        progress.start(len(specs), "settings")
    done = batch(one, list(zip(names, files)), jobs=jobs, progress=progress)
    return done.done, [f"{f.item}: {f.message}" for f in done.failed]


def _unique(files: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for path in files:
        name, count = path.stem, 2
        while name in names:
            name, count = f"{path.stem}_{count}", count + 1
        names.append(name)
    return names


def _measured(grid: Grid) -> dict[str, Metric]:
    from melpact.bench.run import in_unit

    known = metrics()
    return {name: in_unit(known[name], grid.base) for name in grid.metrics if known[name].missing() is None}


def _score(
    grid: Grid,
    specs: Mapping[Setting, MelSpec],
    impossible: Mapping[Setting, str],
    made: Sequence[_Made],
    failed: Sequence[str],
    jobs: int | None,
    cache: bool,
    progress: Progress,
) -> Ablation:
    """The table from the sounds."""
    from melpact.bench.run import Entry, tasks
    from melpact.bench.task import Settings
    from melpact.bench.workers import run
    from melpact.features.lane_cache import cache_folder

    measured = _measured(grid)
    settings = list(specs)
    labels = {f"{index:03d}": setting for index, setting in enumerate(settings)}
    place = {setting: label for label, setting in labels.items()}
    entries = [Entry(one.name, one.original, {place[s]: path for s, path in one.sounds.items()}) for one in made]
    beside = ("silence", "shaped_noise", "constant_mel", "true_phase")
    kept = cache_folder() / "evaluate" if cache else None
    how = Settings(grid.base.sample_rate, grid.base, tuple(measured), beside, seed=grid.seed, cache=kept)
    progress.start(len(entries), "utterances")
    outcomes = run(tasks(entries), how, jobs=jobs_for(max(2, len(entries)), jobs), advance=progress.advance)

    def seen(side: str, metric: str) -> dict[str, Any]:
        found = {o.name: o.found[side][metric] for o in outcomes if side in o.found}
        return {name: one.observation for name, one in found.items() if one.reason is None}

    def total(side: str, name: str) -> float | str:
        try:
            return measured[name].value(list(seen(side, name).values()))
        except MelpactError as error:
            reasons = [o.found[side][name].reason for o in outcomes if side in o.found and o.found[side][name].reason]
            return str(reasons[0]) if reasons else str(error)

    cells, tables = [], {name: {s: seen(place[s], name) for s in settings} for name in measured}
    for setting in settings:
        found = {name: total(place[setting], name) for name in measured}
        values = {name: value for name, value in found.items() if isinstance(value, float)}
        reasons = {name: value for name, value in found.items() if isinstance(value, str)}
        n = max((len(tables[name][setting]) for name in measured), default=0)
        cells.append(Cell(setting, values, reasons, n))
    changed: list[Effect] = []
    crossed: list[Interaction] = []
    explained: list[Shares] = []
    for name, metric in measured.items():
        rows = {setting: values for setting, values in tables[name].items() if values}
        changed += effects(name, metric, grid.factors, rows, seed=grid.seed)
        crossed += interactions(name, metric, grid.factors, rows, seed=grid.seed)
        share = shares(name, grid.factors, {c.setting: c.values[name] for c in cells if name in c.values})
        explained += [share] if share is not None else []
    anchors = {side: {n: v for n in measured if isinstance(v := total(side, n), float)} for side in beside}
    broken = [f"{o.name}: {side or 'original'}: {why}" for o in outcomes for side, why in o.failed.items()]
    return Ablation(
        grid, tuple(cells), impossible, tuple(changed), tuple(crossed), tuple(explained), anchors, (*failed, *broken)
    )


def cells_csv(found: Ablation) -> str:
    """One line per setting."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(_measured(found.grid))
    writer.writerow([*found.grid.factors, "n", *names])
    for cell in found.cells:
        writer.writerow([*cell.setting, cell.n, *(cell.values.get(name, "") for name in names)])
    return text.getvalue()


def effects_csv(found: Ablation) -> str:
    """One line per factor, level and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(Effect.model_fields)
    writer.writerow(columns)
    for one in found.effects:
        row = one.model_dump()
        writer.writerow(["" if row[name] is None else row[name] for name in columns])
    return text.getvalue()


def write(found: Ablation, folder: Path) -> None:
    """The table as files of the folder."""
    writers: dict[str, Callable[[], str]] = {
        "ablation.json": lambda: json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "cells.csv": partial(cells_csv, found),
        "effects.csv": partial(effects_csv, found),
    }
    for name, text in writers.items():
        with replacing(folder / name) as file:
            file.write(text().encode())
