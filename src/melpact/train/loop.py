"""The one loop: every training, whatever its players are called. It knows no model, no file and no screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from melpact.core.errors import ContractError
from melpact.train.ema import Average
from melpact.train.feed import Feed, Part
from melpact.train.monitor import Monitor
from melpact.train.runtime import Runtime
from melpact.train.schedule import learning_rate
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Step, Task

Values = dict[str, float]


class _Turn(nn.Module):
    """A turn as one module with the players that it updates inside, so that their gradients can be shared.

    Args:
        every: let the sum depend on every parameter (by 0), as processes that wait for each other's gradients need it.
    """

    def __init__(self, turn: Step, players: Mapping[str, nn.Module], *, every: bool) -> None:
        super().__init__()
        self.turn, self.every = turn, every
        self.players = nn.ModuleDict({name: players[name] for name in turn.players})

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        losses = {name: loss.reshape(()).float() for name, loss in self.turn.losses(batch, generator).items()}
        total = self.turn.weighed(losses)
        if not total.requires_grad:
            raise ContractError(f"the losses of the turn {self.turn.name!r} do not depend on its players")
        if self.every:
            total = total + 0.0 * torch.stack([p.sum() for p in self.parameters() if p.requires_grad]).sum()
        return {**{name: loss.detach() for name, loss in losses.items()}, "total": total}


class Trainer:
    """A task with its optimisers, averages and monitor, at a step. `state` of it is in `checkpoint`.

    Everything random within a step follows from (seed, step, turn, part), so that a resumed run draws the same numbers.

    Args:
        task: its players are moved to the runtime's device.
        training: settings.
        runtime: where it computes.
    """

    def __init__(self, task: Task, training: Training, runtime: Runtime) -> None:
        self.task, self.training, self.runtime = task, training, runtime
        self.step = 0
        """Steps that are done."""
        for player in task.players.values():
            player.to(runtime.device).train()
        self.trainable = {name: _trainable(player) for name, player in task.players.items()}
        updated = {name for turn in task.turns for name in turn.players}
        self.optimisers = {
            name: _optimiser(task.optimisers[name], self.trainable[name].values(), runtime)
            for name in task.players
            if name in updated
        }
        self.modules = {
            turn.name: runtime.wrapped(_Turn(turn, task.players, every=runtime.world > 1)) for turn in task.turns
        }
        self.average = Average({name: task.players[name] for name in task.averaged}, training.ema_decay)
        self.monitor = Monitor(task.limits, training.explosion)

    def advance(self, parts: Sequence[Part]) -> Values:
        """One step: every active turn over this process's parts of the batch; returns what is logged, means over all.

        Raises:
            Collapse: before the players of the turn are updated.
        """
        batches = [self.runtime.moved(part.arrays) for part in parts]
        values: Values = {}
        for index, turn in enumerate(self.task.turns):
            if turn.active(self.step):
                values |= self._turn(index, turn, parts, batches)
        self.average.update(self.step)
        self.step += 1
        return values

    def _turn(self, index: int, turn: Step, parts: Sequence[Part], batches: Sequence[Batch]) -> Values:
        self._only(turn.players)
        for name in turn.players:
            self.optimisers[name].zero_grad(set_to_none=True)
        said: dict[str, Tensor] = {}
        module = self.modules[turn.name]
        for number, (part, batch) in enumerate(zip(parts, batches, strict=True)):
            generator = self.runtime.generator(self.training.seed, self.step, index, part.number)
            share = part.share / len(parts)
            with self.runtime.held(module, hold=number < len(parts) - 1):
                with self.runtime.autocast():
                    losses = module(batch, generator)
                (losses["total"] * share).backward()
            for name, loss in losses.items():
                said[name] = said.get(name, 0) + share * loss.detach()
        norms = {f"norm {name}": self._clipped(name) for name in turn.players}
        means = self.runtime.mean(torch.stack(list(said.values())))
        numbers = torch.cat([means, torch.stack(list(norms.values()))]).tolist()
        values = {f"{turn.name}/{name}": value for name, value in zip([*said, *norms], numbers, strict=True)}
        self.monitor.look(self.step, values)
        for name in turn.players:
            optimiser = self.optimisers[name]
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(self.task.optimisers[name], self.step, self.training.steps)
            optimiser.step()
        return values

    def _clipped(self, name: str) -> Tensor:
        """The norm of a player's gradient, which is then no longer than allowed; what no loss reaches has the gradient 0."""
        gradients = []
        for parameter in self.trainable[name].values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.training.clip_norm is not None:
            torch.nn.utils.clip_grads_with_norm_(self.trainable[name].values(), self.training.clip_norm, norm)
        return norm.float()

    def _only(self, players: Sequence[str]) -> None:
        """Gradients for these players and no others."""
        for name, parameters in self.trainable.items():
            for parameter in parameters.values():
                parameter.requires_grad_(name in players)


def train(
    trainer: Trainer,
    feed: Feed,
    *,
    stepped: Callable[[Values], None] = lambda values: None,
    validate: Callable[[], float | None] = lambda: None,
    save: Callable[[float | None], None] = lambda score: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Until the last step.

    Args:
        trainer: at the step that the feed begins with.
        feed: of its batches.
        stepped: told of every step.
        validate: called under the averaged weights when it is due; gives the score.
        save: called when it is due, and after every validation, with that score; not while the monitor is alarmed.

        stop: asked after every step; where it says so, the state is saved and the run interrupted.

    Raises:
        Collapse: the monitor ended the run. KeyboardInterrupt: it was to stop.
    """
    training = trainer.training
    while trainer.step < training.steps:
        stepped(trainer.advance(feed.take()))
        last = trainer.step == training.steps
        look, keep = (last or trainer.step % every == 0 for every in (training.validate_every, training.save_every))
        score = None
        if look:
            with trainer.average.applied():
                score = validate()
            trainer.runtime.wait()
        stopped = not last and trainer.runtime.any(stop())
        if (look or keep or stopped) and trainer.monitor.calm:
            save(score)
        if stopped:
            raise KeyboardInterrupt


def _trainable(player: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in player.named_parameters() if parameter.requires_grad}


def _optimiser(settings: Optimiser, parameters: Iterable[nn.Parameter], runtime: Runtime) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        list(parameters),
        lr=settings.lr,
        betas=settings.betas,
        eps=settings.eps,
        weight_decay=settings.weight_decay,
        fused=runtime.device.type in ("cpu", "cuda"),
    )
