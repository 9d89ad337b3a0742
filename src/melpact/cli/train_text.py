"""Trainings, for people and as JSON. Decides only looks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from melpact.cli.render import Wishes, _console, _out, _pairs, _table, print_json
from melpact.core.errors import TrainingError

if TYPE_CHECKING:
    from melpact.diagnose.teaching import Teaching
    from melpact.train.export import Exported
    from melpact.train.loop import Trainer
    from melpact.train.rehearsal import Rehearsed
    from melpact.train.room import Watch
    from melpact.train.validation import Validated
    from melpact.verbs.train import RecipeSheet, TrainReport


def recipes(sheets: Sequence[RecipeSheet], name: str | None, wishes: Wishes) -> None:
    """`train recipes`."""
    chosen = [sheet for sheet in sheets if name is None or sheet.name == name]
    if not chosen:
        raise TrainingError(f"there is no recipe {name!r}", wanted=f"one of {', '.join(sheet.name for sheet in sheets)}")
    if wishes.json:
        print_json([sheet.to_json() for sheet in chosen])
    elif not wishes.quiet and name is None:
        rows = [(s.trains, s.name, s.title, s.source) for s in chosen]
        _table(("for a", "recipe", "trains", "after"), rows, wrap=("trains", "after"))
        _out("melpact train recipes NAME lists the settings of one")
    elif not wishes.quiet:
        sheet = chosen[0]
        _out(f"{sheet.name}: {sheet.title}", "bold")
        _out(sheet.meaning)
        _pairs((key, json.dumps(value, ensure_ascii=False)) for key, value in _flat(sheet.settings))


def rehearsed(sheet: Rehearsed, wishes: Wishes) -> None:
    """`train vocoder --dry-run`."""
    if wishes.json:
        print_json(sheet.to_json())
        return
    if wishes.quiet:
        return
    rows = [
        (name, layer.name, layer.kind, f"{layer.parameters:,}", " × ".join(map(str, layer.shape)))
        for name, layers in sheet.layers.items()
        for layer in layers
    ]
    _table(("player", "part", "kind", "parameters", "gives"), rows, right=("parameters",))
    hours = sheet.step_s * sheet.steps / 3600
    sound = "" if sheet.sound_s is None else f", {sheet.sound_s / sheet.step_s:.1f} × real time"
    kinds = ("weights", "gradients", "optimiser", "average", "activations")
    memory = ", ".join(f"{kind} {_bytes(getattr(sheet, f'{kind}_bytes'))}" for kind in kinds)
    _pairs(
        [
            ("runs on", sheet.where),
            ("batch", ", ".join(f"{name} {list(shape)}" for name, shape in sheet.batch.items())),
            *((f"parameters of {name}", f"{count:,}") for name, count in sheet.players.items()),
            ("memory", f"{_bytes(sheet.total_bytes)} per process: {memory}"),
            ("one step", f"{1000 * sheet.step_s:.0f} ms{sound}; its batch {1000 * sheet.fetch_s:.0f} ms, made meanwhile"),
            ("the run", f"{sheet.steps:,} steps, {hours:.1f} h at this speed"),
            ("losses", ", ".join(f"{name} {value:.4g}" for name, value in sheet.values.items())),
        ]
    )


def trained(report: TrainReport, wishes: Wishes) -> None:
    """`train vocoder` and `train resume`."""
    if os.environ.get("RANK", "0") != "0":
        return
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    rows = [("steps", f"{report.step:,}"), ("last", str(report.last)), ("best", str(report.best or "none was scored"))]
    if report.voice is not None:
        rows.append(("use", f"melpact voice SRC --to {report.voice} --method {report.folder} -o OUT"))
    suffix = "alignment" if report.trains == "aligner" else report.trains
    _pairs([*rows, ("next", f"melpact train export {report.folder} -o {report.folder.name}.{suffix}")])


def scores(found: Mapping[str, Any]) -> None:
    """A validation as a table: every value beside its null and its ceiling."""
    rows = []
    for group, table in found.items():
        for metric, score in table.items():
            value = score["reason"] if score["value"] is None else f"{score['value']:.3f} {score['unit']}".rstrip()
            skill = "" if score["skill"] is None else f"{score['skill']:.2f}"
            rows.append((group, metric, _number(score["null"]), value, _number(score["ceiling"]), skill, str(score["n"])))
    columns = ("group", "metric", "null", "value", "ceiling", "skill", "n")
    drop = 0 if any(row[0] for row in rows) else 1
    _table(columns[drop:], [row[drop:] for row in rows], right=columns[2:])


def taught(found: Teaching) -> None:
    """What a model in training has learnt: the verdict, and every number beside its null."""
    after = f" {found.next}." if found.next else ""
    _out(f"{found.verdict}: {found.sentence}.{after}", "bold")
    rows = [
        (one.name, _number(one.null), f"{one.value:.3f}", _between(one.low, one.high), one.meaning) for one in found.readings
    ]
    _table(("reading", "null", "value", "95 %", "what it is"), rows, right=("null", "value"), wrap=("what it is",))


def exported(found: Exported, wishes: Wishes) -> None:
    """`train export`."""
    score = None if found.score is None else {"metric": found.best_by, "value": found.score}
    if wishes.json:
        paths = {"path": str(found.path), "checkpoint": str(found.checkpoint)}
        print_json({**paths, "step": found.step, "score": score, "n_weights": found.n_weights})
    elif not wishes.quiet:
        said = "" if score is None else f", {score['metric']} {found.score:.3f} at its validation"
        _out(f"{found.path}: {found.n_weights:,} weights of step {found.step:,}{said}")
        use = {"refiner": "refine MELS -o REFINED", "vocoder": "vocode MELS -o WAVS"}.get(found.trained)
        if use is not None:
            _out(f"next: melpact {use} --with {found.path}")
        elif found.trained == "converter":
            _out(f"next: melpact voice SRC --to REF --method {found.path} -o OUT")


@contextmanager
def watched(wishes: Wishes) -> Iterator[Watch | None]:
    """What shows a run while it goes: a bar where a person watches, notes and tables in any case; nothing when quiet."""
    if wishes.quiet or os.environ.get("RANK", "0") != "0":
        yield None
        return
    screen = _Screen(bar=sys.stderr.isatty(), tables=not wishes.json)
    try:
        yield screen
    finally:
        screen.done()


class _Screen:
    """A bar with losses, throughput and the time left on standard error."""

    def __init__(self, *, bar: bool, tables: bool) -> None:
        self._wanted, self._tables = bar, tables
        self._bar: Any = None
        self._task: Any = None

    def began(self, trainer: Trainer) -> None:
        if not self._wanted:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=_console(error=True), transient=True)
        self._task = self._bar.add_task("", total=trainer.training.steps, completed=trainer.step)
        self._bar.start()

    def stepped(self, trainer: Trainer, values: Mapping[str, float], steps_per_s: float) -> None:
        if self._bar is not None:
            totals = ", ".join(f"{k.split('/')[0]} {v:.3g}" for k, v in values.items() if k.endswith("/total"))
            self._bar.update(self._task, completed=trainer.step, description=f"{_speed(trainer, steps_per_s)}, {totals}")

    def validated(self, found: Validated) -> None:
        if self._tables:
            _out(f"step {found.step:,}")
            scores(found.facts())
            if found.teaching is not None:
                taught(found.teaching)

    def said(self, text: str) -> None:
        print(f"melpact: {text}", file=sys.stderr)

    def done(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _speed(trainer: Trainer, steps_per_s: float) -> str:
    """Steps per second, and seconds of sound per second where that is known."""
    spec, training = trainer.task.spec, trainer.training
    if spec is None:
        return f"{steps_per_s:.2f} steps/s"
    frames = trainer.task.item_frames or training.segment_frames
    sound = training.batch_size * frames * spec.hop_length / spec.sample_rate
    return f"{steps_per_s:.2f} steps/s, {steps_per_s * sound:.1f} × real time"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _bytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
