"""`Chain`: several degradations in a row, each by chance and with a drawn dose; made from plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import Record, digest
from melpact.degradations.degradation import check_mel
from melpact.degradations.kinds import degradation

Float32 = NDArray[np.float32]


class Step(Record):
    """One degradation of a chain.

    Attributes:
        name: which.
        low, high: the dose is drawn from here, every one as likely.
        chance: how often it happens, 0 to 1.
    """

    name: str
    low: float
    high: float
    chance: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = degradation(self.name)
        if self.low > self.high:
            raise ValueError("low must not lie above high")
        for dose in (self.low, self.high):
            kind.is_neutral(dose)
        return self


class Chain(Record):
    """Degradations one after the other.

    Attributes:
        steps: in the order of their doing.
        at_most: how many of those that happen are done, drawn from them; None: all.
    """

    steps: tuple[Step, ...]
    at_most: int | None = Field(default=None, ge=1)

    @classmethod
    def of(cls, recipe: Iterable[Mapping[str, Any]], at_most: int | None = None) -> Self:
        """A chain from plain dicts: `[{"name": "noise", "low": 5, "high": 30, "chance": 0.5}, …]`.

        Raises:
            MelpactError: no such degradation, a dose it does not take, or a field that a step does not have.
        """
        try:
            return cls(steps=tuple(Step(**entry) for entry in recipe), at_most=at_most)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "step"
            raise MelpactError(f"{where}: {first['msg']}", where="degradations", got=repr(first["input"])) from None

    @classmethod
    def fixed(cls, doses: Sequence[tuple[str, float]]) -> Self:
        """Every one of them, with exactly these doses.

        Raises:
            MelpactError: no such degradation, or a dose it does not take.
        """
        return cls.of([{"name": name, "low": dose, "high": dose} for name, dose in doses])

    def drawn(self, rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
        """What happens this time: names and doses, in order."""
        chances, places, order = rng.random(len(self.steps)), rng.random(len(self.steps)), rng.random(len(self.steps))
        happen = [i for i, step in enumerate(self.steps) if chances[i] < step.chance]
        if self.at_most is not None and len(happen) > self.at_most:
            happen = sorted(sorted(happen, key=lambda i: order[i])[: self.at_most])
        return tuple((self.steps[i].name, _between(self.steps[i], float(places[i]))) for i in happen)

    def __call__(self, mel: Mel, rng: np.random.Generator) -> Mel:
        """The spoilt mel; its provenance says what was done.

        Raises:
            ContractError: a mel that cannot be spoilt; see `Degradation.apply`.
        """
        check_mel(mel)
        for name, dose in self.drawn(rng):
            mel = degradation(name).apply(mel, dose, rng)
        return mel

    def on_values(
        self, values: Float32, spec: MelSpec, rng: np.random.Generator, utterance: Mapping[str, Any] | None = None
    ) -> Float32:
        """The same on bare arrays, for the inside of a training: float32 [n_mels, frames] in the description → the same."""
        for name, dose in self.drawn(rng):
            values = degradation(name).on_values(values, spec, dose, rng, utterance)
        return values

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of what the chain is."""
        return digest({"degradations": 1, **self.facts()})

    @property
    def quick(self) -> bool:
        """Whether none of it is too slow for a training's batches."""
        return all(degradation(step.name).quick for step in self.steps)


def parsed(text: str) -> tuple[str, float]:
    """A degradation and its dose as they are written on the command line: "noise:15".

    Raises:
        MelpactError: another form, no such degradation, or a dose it does not take.
    """
    name, _, dose = text.partition(":")
    kind = degradation(name)
    try:
        number = float(dose)
        kind.is_neutral(number)
    except (ValueError, ContractError) as error:
        wanted = f"{name}:{kind.doses[1]:g} ({kind.meaning}, {kind.limits[0]:g} to {kind.limits[1]:g} {kind.unit})"
        raise MelpactError("no dose of a degradation", where="--with", got=repr(text), wanted=wanted) from error
    return name, number


def _between(step: Step, place: float) -> float:
    return step.low if step.low == step.high else step.low + (step.high - step.low) * place
