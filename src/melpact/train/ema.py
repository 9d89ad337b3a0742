"""Weights averaged over the steps: what is validated and exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average of the parameters of some players; buffers are those of the last step.

    The decay at step n (from 0) is min(decay, (1 + n) / (10 + n)), so that the first steps are forgotten (as in
    TensorFlow's ExponentialMovingAverage with num_updates).

    Args:
        players: by name.
        decay: of a long run.
    """

    def __init__(self, players: Mapping[str, nn.Module], decay: float) -> None:
        self.players, self.decay = players, decay
        self.values: dict[str, dict[str, Tensor]] = {
            name: {key: value.detach().clone() for key, value in player.named_parameters()}
            for name, player in players.items()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step."""
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, player in self.players.items():
            current = dict(player.named_parameters())
            kept = self.values[name]
            torch._foreach_lerp_([kept[key] for key in kept], [current[key].detach() for key in kept], 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the players have the averaged weights and are in evaluation mode."""
        modes = {name: player.training for name, player in self.players.items()}
        self._swap()
        for player in self.players.values():
            player.eval()
        try:
            yield
        finally:
            self._swap()
            for name, player in self.players.items():
                player.train(modes[name])

    @torch.no_grad()
    def _swap(self) -> None:
        for name, player in self.players.items():
            for key, parameter in player.named_parameters():
                mine = self.values[name][key]
                held = parameter.detach().clone()
                parameter.copy_(mine)
                mine.copy_(held)
