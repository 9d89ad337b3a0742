"""Validation: the sounds of the fixed list measured by the bench, every figure beside its null and its ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.audio import Audio
from melpact.bench.metric import metrics as known_metrics
from melpact.bench.run import Entry, Plan, bench
from melpact.bench.score import Score
from melpact.bench.suites import named
from melpact.core.errors import ContractError, TrainingError
from melpact.diagnose.teaching import Teaching
from melpact.train.monitor import Collapse
from melpact.train.settings import Training
from melpact.train.task import Example, Picture, Task

SYSTEM = "model"
_SILENT = 10 ** (-90 / 20)


@dataclass(frozen=True)
class Validated:
    """What was measured, group → metric → score; the examples that it was measured on, where they are sounds; what a task
    that can be examined has learnt, and pictures of it."""

    step: int
    scores: Mapping[str, Mapping[str, Score]]
    examples: Sequence[Example] = ()
    teaching: Teaching | None = None
    pictures: Sequence[Picture] = ()

    def value(self, metric: str) -> float | None:
        """A metric of the last group: of what is predicted, where there is such a group."""
        return list(self.scores.values())[-1][metric].value

    def facts(self) -> dict[str, Any]:
        """group → metric → value, null, ceiling, skill, interval and n, as plain JSON values."""
        names = ("value", "null", "ceiling", "skill", "low", "high", "n", "unit", "reason")
        return {
            group: {metric: {name: getattr(score, name) for name in names} for metric, score in table.items()}
            for group, table in self.scores.items()
        }


@dataclass(frozen=True)
class Judge:
    """How a run is validated.

    Attributes:
        metrics: that can be computed here. unavailable: the others, and why.
        best_by: the metric that checkpoints are scored by. higher: whether a higher value of it is better.
    """

    metrics: tuple[str, ...]
    unavailable: dict[str, str]
    best_by: str
    higher: bool

    @classmethod
    def of(cls, training: Training, own: Mapping[str, bool] | None = None) -> Judge:
        """The judge that a run's settings ask for; what cannot be computed here is replaced by the mel's error.

        Args:
            own: what the task measures by itself, beside the bench's metrics, and whether higher is better.

        Raises:
            MelpactError: no such metric.
        """
        if own and training.best_by in own:
            return cls(tuple(own), {}, training.best_by, own[training.best_by])
        known = known_metrics()
        wanted = named((*training.metrics, training.best_by))
        unavailable = {name: reason for name in wanted if (reason := known[name].missing())}
        usable = tuple(name for name in wanted if name not in unavailable) or ("mel_mae",)
        best_by = training.best_by if training.best_by in usable else "mel_mae"
        chosen = usable if best_by in usable else (*usable, best_by)
        return cls(chosen, unavailable, best_by, known[best_by].better == "higher")

    def validated(self, task: Task, step: int, cache: Path | None) -> Validated:
        """Make and measure the examples of a task.

        Raises:
            Collapse: the players give no sound any more. TrainingError: the task has no examples.
        """
        if task.measure is not None:
            scores = task.measure()
            seen = None if task.examine is None else task.examine()
            return Validated(step, scores) if seen is None else Validated(step, scores, (), seen.teaching, seen.pictures)
        if task.validate is None:
            raise TrainingError("the task has nothing to validate on")
        try:
            examples = task.validate()
        except ContractError as error:
            raise Collapse("no sound can be made any more", where=f"step {step}", got=str(error)) from error
        if examples and all(_silent(one.made) and not _silent(one.original) for one in examples):
            raise Collapse(f"all {len(examples)} sounds of the validation list are silent", where=f"step {step}")
        plan = Plan(suite="vocoder", metrics=self.metrics, laws=False, jobs=1, cache=cache)
        scores = {}
        for group in dict.fromkeys(one.group for one in examples):
            entries = [Entry(one.name, one.original, {SYSTEM: one.made}) for one in examples if one.group == group]
            scores[group] = bench(entries, (SYSTEM,), plan).scores[SYSTEM]
        return Validated(step, scores, examples)


def _silent(audio: Audio) -> bool:
    return bool(audio.peak < _SILENT)
