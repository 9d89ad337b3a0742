"""The dry run: what a training would be, before it begins: shapes, parameters, memory and the time of one step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from melpact.train.feed import Feed
from melpact.train.loop import Trainer, Values

_STATE = 2
"""Numbers that AdamW remembers per parameter."""


@dataclass(frozen=True)
class Layer:
    """A part of a player: its class, its parameters, and the shape of what it gives ([] where it was not asked alone)."""

    name: str
    kind: str
    parameters: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Rehearsed:
    """What was found.

    Attributes:
        where: the device and the processes. batch: name → shape of one process's part of a step.
        players: name → parameters. layers: name → its parts.
        weights_bytes, gradients_bytes, optimiser_bytes, average_bytes: per process.
        activations_bytes: the most that was kept for gradients at one time.
        step_s: seconds of one step, the second one. fetch_s: of making its batch, alone.
        sound_s: seconds of sound in one step over all processes; None where the batch holds no audio.
        values: the losses of the second step.
    """

    where: str
    batch: dict[str, tuple[int, ...]]
    players: dict[str, int]
    layers: dict[str, tuple[Layer, ...]]
    weights_bytes: int
    gradients_bytes: int
    optimiser_bytes: int
    average_bytes: int
    activations_bytes: int
    step_s: float
    fetch_s: float
    steps: int
    sound_s: float | None
    values: Values

    @property
    def total_bytes(self) -> int:
        """Of one process, without torch itself."""
        return self.weights_bytes + self.gradients_bytes + self.optimiser_bytes + self.average_bytes + self.activations_bytes

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        layers = {name: [vars(layer) for layer in found] for name, found in self.layers.items()}
        return {**vars(self), "layers": layers, "total_bytes": self.total_bytes}


def rehearse(trainer: Trainer) -> Rehearsed:
    """Two steps of a fresh trainer, the second one timed; nothing is written.

    Raises:
        MelpactError: whatever the first steps of the run would raise.
    """
    training, place, task = trainer.training, trainer.runtime, trainer.task
    begin = trainer.step
    with Feed(task.source, place.rank, place.world, training.accumulate, begin, begin + 2, threads=1, ahead=0) as feed:
        parts = feed.take()
        with _shapes(task.players) as shapes, _kept(list(_parameters(trainer))) as kept:
            trainer.advance(parts)
        began = time.perf_counter()
        second = feed.take()
        fetched = time.perf_counter()
        values = trainer.advance(second)
        _wait(place.device)
        stepped = time.perf_counter()
    counts = {name: sum(p.numel() for p in player.parameters()) for name, player in task.players.items()}
    trained = sum(p.numel() for p in _parameters(trainer))
    audio = parts[0].arrays.get("audio")
    rate = None if task.spec is None else task.spec.sample_rate
    sound = None if audio is None or rate is None else audio.shape[-1] * training.batch_size / rate
    return Rehearsed(
        where=str(place),
        batch={name: (len(parts) * len(value), *value.shape[1:]) for name, value in parts[0].arrays.items()},
        players=counts,
        layers={name: _layers(player, shapes) for name, player in task.players.items()},
        weights_bytes=4 * sum(counts.values()),
        gradients_bytes=4 * trained,
        optimiser_bytes=4 * _STATE * trained,
        average_bytes=4 * sum(v.numel() for values in trainer.average.values.values() for v in values.values()),
        activations_bytes=kept.most,
        step_s=stepped - fetched,
        fetch_s=fetched - began,
        steps=training.steps,
        sound_s=sound,
        values=values,
    )


def _parameters(trainer: Trainer) -> Iterator[nn.Parameter]:
    for parameters in trainer.trainable.values():
        yield from parameters.values()


def _layers(player: nn.Module, shapes: dict[nn.Module, tuple[int, ...]]) -> tuple[Layer, ...]:
    return tuple(
        Layer(name, type(part).__name__, sum(p.numel() for p in part.parameters()), shapes.get(part, ()))
        for name, part in player.named_children()
    )


@contextmanager
def _shapes(players: Any) -> Iterator[dict[nn.Module, tuple[int, ...]]]:
    """The shape of what each child of each player gave last."""
    found: dict[nn.Module, tuple[int, ...]] = {}

    def seen(module: nn.Module, given: Any, made: Any) -> None:
        if isinstance(made, Tensor):
            found[module] = tuple(made.shape)

    hooks = [child.register_forward_hook(seen) for player in players.values() for child in player.children()]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


class _Meter:
    """Bytes of tensors that are kept for gradients: now, and the most at one time."""

    def __init__(self, without: list[nn.Parameter]) -> None:
        self.without = {parameter.untyped_storage().data_ptr() for parameter in without}
        self.users: dict[int, int] = {}
        self.now = self.most = 0

    def pack(self, tensor: Tensor) -> _Held:
        return _Held(self, tensor)


class _Held:
    """A tensor that is kept; counted once however many keep it."""

    def __init__(self, meter: _Meter, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self.meter, self.tensor, self.key, self.size = meter, tensor, storage.data_ptr(), storage.nbytes()
        if self.key in meter.without:
            self.size = 0
        meter.users[self.key] = meter.users.get(self.key, 0) + 1
        if meter.users[self.key] == 1:
            meter.now += self.size
            meter.most = max(meter.most, meter.now)

    def __del__(self) -> None:
        self.meter.users[self.key] -= 1
        if self.meter.users[self.key] == 0:
            self.meter.now -= self.size


@contextmanager
def _kept(parameters: list[nn.Parameter]) -> Iterator[_Meter]:
    meter = _Meter(parameters)
    with torch.autograd.graph.saved_tensors_hooks(meter.pack, lambda held: held.tensor):
        yield meter


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
