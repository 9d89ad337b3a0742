"""The collapse monitor: ends a run that cannot become good any more, and says why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from melpact.core.errors import TrainingError
from melpact.train.task import Limit

_FIRST = 50
"""Looks at a turn's sum that say what is usual; an untrained player is about the worst there is."""

_EXPLODED = 3
"""Looks in a row beyond it that end the run."""


class Collapse(TrainingError):
    """A run that was ended: what happened, at which step, and the last good state."""


class Monitor:
    """Looks at every step's values. What it remembers is plain and belongs to the checkpoint.

    Args:
        limits: of single values.
        explosion: the factor beyond the worst of the first looks at a turn's sum ("turn/total") that ends the run.
    """

    def __init__(self, limits: Sequence[Limit], explosion: float) -> None:
        self.limits, self.explosion = tuple(limits), explosion
        self.worst: dict[str, float] = {}
        self.looks: dict[str, int] = {}
        self.outside: dict[str, int] = {}

    @property
    def calm(self) -> bool:
        """Whether the state is good as far as one can see: nothing is outside its limits."""
        return not any(self.outside.values())

    def look(self, step: int, values: Mapping[str, float]) -> None:
        """Take in the values of a turn, before its players are updated.

        Raises:
            Collapse: a value is not a number, has exploded, or has been outside its limit for too long.
        """
        for name, value in values.items():
            if not math.isfinite(value):
                raise Collapse(
                    f"{name} is not a number any more",
                    where=f"step {step}",
                    got=value,
                    next="A lower learning rate or a clipped gradient (clip_norm) prevents it",
                )
            if name.endswith("/total"):
                self._explosion(step, name, abs(value))
        for limit in self.limits:
            if limit.name not in values:
                continue
            count = self.outside.get(limit.name, 0) + 1 if limit.left(values[limit.name]) else 0
            self.outside[limit.name] = count
            if count >= limit.patience:
                raise Collapse(
                    f"{limit.name} has been out of its limits for {count} steps: {limit.meaning}",
                    where=f"step {step}",
                    got=f"{values[limit.name]:.4g}",
                    wanted=_range(limit),
                )

    def _explosion(self, step: int, name: str, value: float) -> None:
        looks, worst = self.looks.get(name, 0), self.worst.get(name, 0.0)
        beyond = looks > 0 and value > self.explosion * worst
        if looks < _FIRST and not beyond:
            self.looks[name], self.worst[name] = looks + 1, max(worst, value)
        count = self.outside.get(name, 0) + 1 if beyond else 0
        self.outside[name] = count
        if count >= _EXPLODED:
            raise Collapse(
                f"{name} has exploded",
                where=f"step {step}",
                got=f"{value:.4g}",
                wanted=f"at most {self.explosion:g} times the {self.worst[name]:.4g} of the first steps",
                next="Try a lower learning rate, a longer warm-up (warmup_steps) or clip_norm",
            )

    def facts(self) -> dict[str, Any]:
        """What it remembers, as plain JSON values."""
        return {"worst": dict(self.worst), "looks": dict(self.looks), "outside": dict(self.outside)}

    def recall(self, facts: Mapping[str, Any]) -> None:
        """The inverse of `facts`."""
        self.worst = {str(k): float(v) for k, v in facts["worst"].items()}
        self.looks = {str(k): int(v) for k, v in facts["looks"].items()}
        self.outside = {str(k): int(v) for k, v in facts["outside"].items()}


def _range(limit: Limit) -> str:
    sides = {"at least": limit.low, "at most": limit.high}
    return " and ".join(f"{words} {value:g}" for words, value in sides.items() if value is not None)
