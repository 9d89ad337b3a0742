"""Batches for a refiner: clean mels, and the same after what goes wrong with them, drawn by seed and step.

`Mixture` says what goes wrong and how often; how, is `melpact.degradations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import share
from melpact.degradations.degradation import Degradation
from melpact.degradations.kinds import degradation
from melpact.train.task import Source

Floats = NDArray[np.float32]
_STREAM = 0x64656772


@dataclass(frozen=True)
class Kind:
    """A degradation with doses between `low` and `high`, every one as likely; `chance` is relative to the other kinds'."""

    degradation: Degradation
    low: float
    high: float
    chance: float

    @property
    def name(self) -> str:
        """Of the degradation."""
        return self.degradation.name

    def dose(self, rng: np.random.Generator) -> float:
        """One at random."""
        return float(self.low + (self.high - self.low) * rng.random())

    def __call__(self, mel: Mel, rng: np.random.Generator) -> Mel:
        """The mel after it."""
        return self.degradation.apply(mel, self.dose(rng), rng)

    def facts(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "low": self.low, "high": self.high, "chance": self.chance}


@dataclass(frozen=True)
class Mixture:
    """Kinds of damage, one of which is drawn per item.

    Attributes:
        clean: the share of items that nothing is done to. twice: the share that a second, other kind is done to, too.
    """

    kinds: tuple[Kind, ...]
    clean: float
    twice: float

    @classmethod
    def of(cls, named: Iterable[Mapping[str, Any]], *, clean: float, twice: float) -> Mixture:
        """From plain dicts: "name", and where they are not the degradation's own "low", "high" and "chance".

        Raises:
            MelpactError: none at all, no such degradation, a dose it does not take, or an entry that is not known.
        """
        kinds = []
        for one in named:
            odd = one.keys() - {"name", "low", "high", "chance"}
            if odd or "name" not in one:
                wanted = '{"name": …, "low": …, "high": …, "chance": …}'
                raise TrainingError("says no kind of damage", where="degradations", got=str(dict(one)), wanted=wanted)
            found = degradation(str(one["name"]))
            low, high = float(one.get("low", min(found.doses))), float(one.get("high", max(found.doses)))
            chance = float(one.get("chance", 1.0))
            for dose in (low, high):
                found.is_neutral(dose)
            if low > high or chance <= 0:
                raise TrainingError("doses from low to high, and a chance above 0", where="degradations", got=str(dict(one)))
            kinds.append(Kind(found, low, high, chance))
        if not kinds:
            raise TrainingError("there is nothing to learn without any damage", where="degradations", got="an empty list")
        return cls(tuple(kinds), clean, twice)

    def drawn(self, rng: np.random.Generator) -> list[tuple[Kind, float]]:
        """What happens to an item, with its doses."""
        chances = np.array([kind.chance for kind in self.kinds])
        clean, twice = rng.random(2)
        number = 0 if clean < self.clean else 2 if twice < self.twice and len(self.kinds) > 1 else 1
        chosen = rng.choice(len(self.kinds), number, replace=False, p=chances / chances.sum())
        return [(self.kinds[i], self.kinds[i].dose(rng)) for i in chosen]

    def __call__(self, values: Floats, spec: MelSpec, rng: np.random.Generator) -> Floats:
        """Values [n_mels, frames] of a description, after what was drawn."""
        for kind, dose in self.drawn(rng):
            values = kind.degradation.on_values(values, spec, dose, rng)
        return values

    def facts(self) -> dict[str, Any]:
        """Plain values."""
        return {"kinds": [kind.facts() for kind in self.kinds], "clean": self.clean, "twice": self.twice}


class Degraded:
    """A source of clean mels with "given" beside them, float32 as "mel": what a refiner gets to see.

    Args:
        source: of "mel" [B, n_mels, frames].
        spec: their description.
        seed: of what goes wrong.
    """

    def __init__(self, source: Source, spec: MelSpec, mixture: Mixture, seed: int) -> None:
        self.source, self.spec, self.mixture, self.seed = source, spec, mixture, seed

    @property
    def batch(self) -> int:
        """Items of a step."""
        return self.source.batch

    @property
    def fingerprint(self) -> str:
        """Of the clean mels, of the kinds of damage and their shares."""
        return digest({"clean": self.source.fingerprint, "mixture": self.mixture.facts(), "seed": self.seed})

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """As `Source` says."""
        found = dict(self.source.batch_at(step, rank=rank, world=world))
        given = [
            self.mixture(values, self.spec, np.random.default_rng([self.seed, _STREAM, step, item]))
            for values, item in zip(found["mel"], share(self.batch, rank, world), strict=True)
        ]
        return {**found, "given": np.stack(given).astype(np.float32, copy=False)}
