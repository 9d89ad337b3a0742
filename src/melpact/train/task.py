"""`Task`: what is trained, as named players that take turns. Plain torch; nothing here knows what a vocoder is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from melpact.audio.audio import Audio
from melpact.bench.score import Score
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.corpus.crops import Augmentation, Weigh
from melpact.diagnose.teaching import Teaching
from melpact.train.settings import Optimiser

Batch = Mapping[str, Tensor]
Losses = Callable[[Batch, torch.Generator], Mapping[str, Tensor]]


class Source(Protocol):
    """Where batches come from: a pure function of its seed and the step, so that nothing has to be remembered to resume.

    Attributes:
        batch: items of a whole step.
        fingerprint: of the data and of everything that decides what is drawn from it.
    """

    @property
    def batch(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """The part `rank` of `world` of the batch of a step, items first; the parts of any `world` make up the same batch.

        Called by several threads at once.
        """
        ...


@dataclass(frozen=True)
class Step:
    """One turn: the players that it updates, and what it asks of them.

    Args:
        name: of the turn; losses are logged as "name/loss".
        players: names of the players that it updates; all others stand still.
        losses: batch and generator of random numbers → named scalars, each the mean over the items of the batch. Every
            parameter of the updated players should be reached by at least one of them.
        weights: by which they are summed, under exactly the same names. What weighs 0 is logged and watched only.
        begins, ends: the first step at which it is taken, and the first at which it is not any more.
    """

    name: str
    players: tuple[str, ...]
    losses: Losses
    weights: Mapping[str, float]
    begins: int = 0
    ends: int | None = None

    def active(self, step: int) -> bool:
        """Whether the turn is taken at a step."""
        return self.begins <= step and (self.ends is None or step < self.ends)

    def weighed(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Σ weight × loss.

        Raises:
            ContractError: losses and weights do not have the same names, or a loss is not one number.
        """
        if losses.keys() != self.weights.keys():
            lacking = [f"no weight for {name}" for name in losses if name not in self.weights]
            lacking += [f"no loss {name}" for name in self.weights if name not in losses]
            raise ContractError(
                f"the losses of the turn {self.name!r} and their weights do not have the same names",
                got=", ".join(lacking),
                wanted=f"losses {', '.join(self.weights)}",
            )
        for name, loss in losses.items():
            if loss.numel() != 1:
                raise ContractError(f"the loss {self.name}/{name} is not one number", got=f"shape {list(loss.shape)}")
        parts = [weight * losses[name].reshape(()) for name, weight in self.weights.items() if weight != 0]
        return torch.stack(parts).sum()


@dataclass(frozen=True)
class Limit:
    """What a logged value must not leave for long.

    Args:
        name: "turn/loss".
        low, high: the range.
        patience: steps in a row outside it that end the run.
        meaning: what it means to leave it, as the end of a sentence.
    """

    name: str
    meaning: str
    low: float | None = None
    high: float | None = None
    patience: int = 200

    def left(self, value: float) -> bool:
        """Whether a value is outside."""
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


class Utterance(Protocol):
    """One utterance of a corpus: its name, whose it is ("" where nobody says), how long it is, and its sound."""

    @property
    def name(self) -> str: ...

    @property
    def speaker(self) -> str: ...

    @property
    def seconds(self) -> float: ...

    def samples(self) -> NDArray[np.float32]:
        """All of it, float32 [time]."""
        ...


class Data(Protocol):
    """What a recipe builds its source of: a corpus, split."""

    @property
    def sample_rate(self) -> int:
        """Hz of all of it."""
        ...

    def crops(
        self,
        spec: MelSpec,
        *,
        frames: int,
        batch: int,
        seed: int,
        augment: Sequence[Augmentation] = (),
        weigh: Weigh = "duration",
    ) -> Source:
        """Batches of crops of the training part: "audio" float32 [B, frames × hop] and "mel" float32 [B, n_mels, frames]."""
        ...

    def utterances(self) -> Sequence[Utterance]:
        """All of the training part, whole."""
        ...

    def validation(self, n: int) -> Sequence[tuple[str, Audio]]:
        """At most `n` sounds with their names, always the same, none of the training part."""
        ...

    def predicted(self, name: str) -> Mel | None:
        """What another model predicts for a sound, where there is such a mel."""
        ...


@dataclass(frozen=True)
class Example:
    """One item of the validation list: what it should sound like, and what the players made of it.

    Args:
        group: validated apart from other groups ("ground truth", "predicted").
    """

    name: str
    original: Audio
    made: Audio
    mel: Mel | None = None
    group: str = ""


@dataclass(frozen=True, eq=False)
class Picture:
    """One utterance of the validation list, to be looked at.

    Attributes:
        true: its mel, [n_mels, frames]. made: what the players make of it, where they make a mel.
        soft: how much of each slot belongs to each token, [tokens, slots], where there is such an alignment.
        letters: of the tokens. durations: how long each lasts, frames.
    """

    name: str
    true: NDArray[np.float32]
    letters: tuple[str, ...] = ()
    durations: NDArray[np.int64] | None = None
    made: NDArray[np.float32] | None = None
    soft: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Examined:
    """What of a validation is no score: the verdict on what is learnt, and pictures."""

    teaching: Teaching
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Task:
    """Everything that the loop needs.

    Args:
        players: networks by name, in training mode, with fresh weights.
        turns: taken in this order at every step.
        source: of batches.
        optimisers: by player; every player that a turn updates has one.
        averaged: players whose weights are averaged over time.
        validate: makes the sounds of the fixed validation list, under the averaged weights.
        measure: measures the fixed validation list where it holds no sounds, under the averaged weights: group → metric →
            score. The last group is what checkpoints are scored by.
        measures: what of that is no metric of the bench, and whether higher is better.
        examine: called after `measure`, under the same weights: what is learnt, beside its nulls, and pictures of it.
        limits: what ends a run before its time.
        spec: the mel that the players take or give, where there is one.
        statistics: numbers of the data that the players were built with and that never change (float arrays).
        facts: what else a checkpoint has to say so that it can be used: plain JSON values.
        item_frames: mel frames of an item on average, where items are not of one length.

    Raises:
        ContractError: names that do not fit together.
    """

    players: Mapping[str, nn.Module]
    turns: tuple[Step, ...]
    source: Source
    optimisers: Mapping[str, Optimiser]
    averaged: tuple[str, ...] = ()
    validate: Callable[[], Sequence[Example]] | None = None
    measure: Callable[[], Mapping[str, Mapping[str, Score]]] | None = None
    measures: Mapping[str, bool] = field(default_factory=dict)
    examine: Callable[[], Examined] | None = None
    limits: tuple[Limit, ...] = ()
    spec: MelSpec | None = None
    statistics: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    item_frames: float | None = None

    def __post_init__(self) -> None:
        names = [turn.name for turn in self.turns]
        if not names or len(set(names)) != len(names):
            raise ContractError("a task has turns, each with a name of its own", got=", ".join(names) or "none")
        updated = {name for turn in self.turns for name in turn.players}
        for what, wanted in {"updates": updated, "averages": set(self.averaged), "optimises": set(self.optimisers)}.items():
            if wanted - self.players.keys():
                raise ContractError(f"the task {what} players that it does not have", got=", ".join(sorted(wanted)))
        if updated - self.optimisers.keys():
            raise ContractError("players without an optimiser", got=", ".join(sorted(updated - self.optimisers.keys())))
        for turn in self.turns:
            if not turn.players or not any(turn.weights.values()):
                raise ContractError(f"the turn {turn.name!r} updates nobody, or by nothing")
            if "total" in turn.weights:
                raise ContractError("a loss called total would hide their sum", where=f"the turn {turn.name!r}")
        known = {f"{turn.name}/{loss}" for turn in self.turns for loss in turn.weights}
        for limit in self.limits:
            if limit.name not in known:
                raise ContractError("a limit of a value that no turn has", got=limit.name, wanted=", ".join(sorted(known)))
