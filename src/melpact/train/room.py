"""A run and its folder: begun from a recipe, resumed from its last whole checkpoint, watched and written down.

`run.json` says what the run is, `checkpoints/` holds its states, `journal.jsonl` what happened. The folder is all that a run
needs to go on, and the data.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from melpact.core.atomic import replaced
from melpact.core.errors import ArtifactError, MelpactError, TrainingError
from melpact.train import checkpoint, journal
from melpact.train.feed import Feed
from melpact.train.loop import Trainer, Values, train
from melpact.train.monitor import Collapse
from melpact.train.pictures import drawn
from melpact.train.recipes import recipe
from melpact.train.runtime import Runtime, runtime
from melpact.train.schedule import learning_rate
from melpact.train.settings import Training
from melpact.train.task import Data
from melpact.train.validation import Judge, Validated

RUN, CHECKPOINTS, BENCH, PICTURES = "run.json", "checkpoints", "bench", "pictures"
SCHEMA = 1
FIXED = ("seed", "batch_size", "segment_frames")
"""Settings that decide which data a step sees: a run keeps them."""


class Watch(Protocol):
    """Told what happens; draws, or does not."""

    def began(self, trainer: Trainer) -> None:
        """The trainer stands at its first step of this process."""

    def stepped(self, trainer: Trainer, values: Values, steps_per_s: float) -> None:
        """A step is done."""

    def validated(self, found: Validated) -> None:
        """The validation list was measured."""

    def said(self, text: str) -> None:
        """Something that a reader has to know."""

    def done(self) -> None:
        """The run ended, finished or not."""


class Unwatched:
    """Nobody looks."""

    def began(self, trainer: Trainer) -> None:
        """Nothing happens."""

    def stepped(self, trainer: Trainer, values: Values, steps_per_s: float) -> None:
        """Nothing happens."""

    def validated(self, found: Validated) -> None:
        """Nothing happens."""

    def said(self, text: str) -> None:
        """Nothing happens."""

    def done(self) -> None:
        """Nothing happens."""


@dataclass(frozen=True)
class Run:
    """What a run is: recipe, settings and where its data lies."""

    recipe: str
    settings: Training
    data: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write `run.json`, whole or not at all.

        Raises:
            TrainingError: the folder cannot be written.
        """
        said = {"schema": SCHEMA, "recipe": self.recipe, "settings": self.settings.model_dump(mode="json"),
                "data": self.data, "extra": dict(self.extra)}  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replaced(folder / RUN) as temporary:
                temporary.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise TrainingError(f"cannot be written: {error.strerror or error}", where=folder) from error

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read `run.json`.

        Raises:
            TrainingError: there is none, or it is not one of this version.
        """
        try:
            said = json.loads((folder / RUN).read_text(encoding="utf-8"))
            name = str(said["recipe"])
            if said["schema"] != SCHEMA:
                raise TrainingError("was begun by another version", where=folder / RUN, got=said["schema"], wanted=SCHEMA)
            return cls(name, recipe(name).read(said["settings"]), str(said["data"]), said["extra"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(
                "is not the folder of a training run",
                where=folder,
                got=repr(error),
                next="melpact train vocoder begins one",
            ) from error

    def changed(self, changes: Mapping[str, Any]) -> Run:
        """The same run with other settings.

        Raises:
            TrainingError: a setting that does not exist, or that a run keeps.
        """
        kept = [name for name in changes if name.split(".")[0] in FIXED]
        if kept:
            raise TrainingError(
                "decides which data a step sees, and a run keeps it",
                where=", ".join(kept),
                next="Begin another run: melpact train vocoder",
            )
        settings = recipe(self.recipe).made(changes, base=self.settings)
        return Run(self.recipe, settings, self.data, self.extra)


@dataclass(frozen=True)
class Ended:
    """What is left of a run: its last checkpoint and its best, the last validation, and how fast it went."""

    folder: Path
    step: int
    last: Path | None
    best: Path | None
    scores: dict[str, Any] | None
    steps_per_s: float


def go(
    run: Run,
    folder: Path,
    data: Data,
    *,
    device: str | None = None,
    watch: Watch | None = None,
    prepare: Callable[[Trainer], None] | None = None,
) -> Ended:
    """Begin the run in its folder, or go on from its last whole checkpoint, until its last step.

    Args:
        prepare: what is done to a trainer that begins (weights to start from).

    Raises:
        Collapse: the monitor ended it; the message names the last good state.
        TrainingError: the data is not that of the checkpoint, nothing can be written, no such device.
        KeyboardInterrupt: the process was asked to end (Ctrl-C, SIGTERM); the step was finished and saved.
    """
    watch = watch or Unwatched()
    settings = run.settings
    with runtime(device, settings.precision, deterministic=settings.deterministic) as place:
        task = recipe(run.recipe).build(settings, data)
        trainer = Trainer(task, settings, place)
        start = _resumed(trainer, folder, watch)
        if start is None and prepare is not None:
            prepare(trainer)
        feed = Feed(
            task.source, place.rank, place.world, settings.accumulate, trainer.step, settings.steps,
            threads=settings.fetch_threads, ahead=settings.fetch_ahead,
        )  # fmt: skip
        desk = _Desk(run, folder, trainer, Judge.of(settings, trainer.task.measures), watch)
        try:
            watch.began(trainer)
            with feed, _asked() as asked:
                train(trainer, feed, stepped=desk.stepped, validate=desk.validate, save=desk.save, stop=asked)
        except Collapse as error:
            good = checkpoint.kept(folder / CHECKPOINTS)
            where = f"the last good state is {good[-1].path} (step {good[-1].step})" if good else "nothing was saved before"
            hint = f" {error.next}." if error.next else ""
            raise Collapse(
                error.what, where=error.where, got=error.got, wanted=error.wanted,
                next=f"{where[0].upper()}{where[1:]}.{hint} Go on: melpact train resume {folder} --set …",
            ) from error  # fmt: skip
        finally:
            desk.close()
            watch.done()
        return desk.ended()


@contextmanager
def _asked() -> Iterator[Callable[[], bool]]:
    """Within the block the first SIGINT or SIGTERM is kept for the end of the step; the second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    got: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        if got:
            raise KeyboardInterrupt
        got.append(number)

    before = {number: signal.signal(number, keep) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(got)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _resumed(trainer: Trainer, folder: Path, watch: Watch) -> int | None:
    """Bring a trainer to the last whole checkpoint; None where there is none.

    Raises:
        TrainingError: it was made of other data.
    """
    there = checkpoint.kept(folder / CHECKPOINTS)
    for found in reversed(there):
        try:
            said = checkpoint.restore(found.path, trainer)
        except MelpactError as error:
            if isinstance(error, TrainingError):
                raise
            watch.said(f"passed over: {error}")
            continue
        mine = trainer.task.source.fingerprint
        if said["fingerprint"] != mine:
            raise TrainingError(
                "the data is not that of the checkpoint any more: other sounds, splits or settings of the crops",
                where=found.path,
                got=f"fingerprint {mine}",
                wanted=f"{said['fingerprint']}",
                next="Bring back the data, or begin another run with these weights (--finetune)",
            )
        return trainer.step
    return None


class _Desk:
    """Where a run is written down: every process has one, the first one writes."""

    def __init__(self, run: Run, folder: Path, trainer: Trainer, judge: Judge, watch: Watch) -> None:
        self.run, self.folder, self.trainer, self.judge, self.watch = run, folder, trainer, judge, watch
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._began, self._first, self._logged = time.perf_counter(), trainer.step, trainer.step
        self._spent = 0.0
        self._scores: dict[str, Any] | None = None
        self._journal: journal.Journal | None = None
        if not self.place.first:
            return
        for name, reason in judge.unavailable.items():
            watch.said(f"{name} is not measured: {reason}")
        self._same_world()
        run.save(folder)
        self._journal = journal.Journal(folder, trainer.step)
        self._journal.write(trainer.step, "process", world=self.place.world, where=str(self.place))

    @property
    def place(self) -> Runtime:
        return self.trainer.runtime

    @property
    def speed(self) -> float:
        """Steps per second of this process, validation and saving left out."""
        spent = time.perf_counter() - self._began - self._spent
        return (self.trainer.step - self._first) / max(spent, 1e-9)

    def stepped(self, values: Values) -> None:
        for name, value in values.items():
            self._sums[name] += value
            self._counts[name] += 1
        self.watch.stepped(self.trainer, values, self.speed)
        step, settings = self.trainer.step, self.run.settings
        if self._journal is not None and (step % settings.log_every == 0 or step == settings.steps):
            means = {name: self._sums[name] / self._counts[name] for name in self._sums}
            rates = {
                name: learning_rate(self.trainer.task.optimisers[name], step - 1, settings.steps)
                for name in self.trainer.optimisers
            }
            self._journal.losses(step, means, rates, self.speed)
            self._sums.clear()
            self._counts.clear()

    def validate(self) -> float | None:
        began = time.perf_counter()
        score = None
        task = self.trainer.task
        if self._journal is not None and (task.validate is not None or task.measure is not None):
            found = self.judge.validated(task, self.trainer.step, self.folder / BENCH)
            self._journal.validated(found)
            self.watch.validated(found)
            try:
                drawn(self.folder / PICTURES, found.step, found.pictures, task.spec)
            except ArtifactError as error:
                self.watch.said(f"no picture: {error}")
            self._scores, score = found.facts(), found.value(self.judge.best_by)
        self._spent += time.perf_counter() - began
        return score

    def save(self, score: float | None) -> None:
        if self._journal is None:
            return
        began = time.perf_counter()
        about = {"recipe": self.run.recipe, "extra": dict(self.run.extra), "best_by": self.judge.best_by}
        checkpoint.save(self.folder / CHECKPOINTS, self.trainer, about, score=score, higher=self.judge.higher)
        self._spent += time.perf_counter() - began

    def close(self) -> None:
        if self._journal is not None:
            self._journal.__exit__(None, None, None)

    def ended(self) -> Ended:
        there = checkpoint.kept(self.folder / CHECKPOINTS)
        top = checkpoint.best(there)
        last = there[-1].path if there else None
        return Ended(self.folder, self.trainer.step, last, top.path if top else None, self._scores, self.speed)

    def _same_world(self) -> None:
        """Say where the run went on with another number of processes."""
        if self.trainer.step == 0:
            return
        before = [entry["world"] for entry in journal.read(self.folder) if entry.get("kind") == "process"]
        if before and before[-1] != self.place.world:
            batch = self.run.settings.batch_size
            self.watch.said(
                f"begun by {before[-1]} process(es), goes on with {self.place.world}: a step is still {batch} items; from "
                "here on the run equals its undisturbed twin up to rounding, not to the bit"
            )
