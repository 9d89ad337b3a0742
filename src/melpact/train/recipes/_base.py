"""A converter that a training begins from: its network, its statistics, and the styles of its voices, which are kept.

A fresh training measures statistics and draws weights. One that begins from a converter takes both from it, so that the same
settings and data still give the same task. Which settings suit few data is said by who asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from melpact.core.errors import TrainingError
from melpact.models.convert.content import Listener
from melpact.models.convert.gan import network_of
from melpact.models.convert.gan_facts import STYLES, Facts, read
from melpact.nn.converters.voice_changer import Converting
from melpact.nn.torch_runtime import seeded
from melpact.train.conversing import Conversing

Floats = NDArray[np.float32]
HEARD = 2000
"""Frames that the style of a voice which the converter does not know is made of, at most."""


@dataclass(frozen=True, eq=False)
class Base:
    """What a converter's file holds."""

    facts: Facts
    weights: Mapping[str, Floats]
    where: Path

    @classmethod
    def load(cls, path: str, heard: Listener) -> Base:
        """Read it.

        Raises:
            ArtifactError: no converter. TrainingError: one of another mel or another content encoder.
        """
        facts, weights = read(path)
        if facts.spec != heard.spec:
            raise TrainingError("makes another mel", where=path, got=facts.spec.diff(heard.spec).summary())
        if facts.content != heard.fingerprint:
            raise TrainingError(
                "was trained with another content encoder", where=path, got=heard.fingerprint, wanted=facts.content,
                next="Name its own: --set content=NAME.content",
            )  # fmt: skip
        return cls(facts, {name: np.array(value, np.float32) for name, value in weights.items()}, Path(path))

    def voices(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those that a training learns, and behind them those that only the converter knows."""
        return (*names, *(name for name in self.facts.voices if name not in set(names)))

    def network(self, batches: Conversing, heard: Listener) -> Converting:
        """Its network for the voices of some batches and its own; a style that it lacks is that of the voice's frames."""
        with seeded(0):
            own = network_of(self.facts, heard, self.weights, self.where)
        known = dict(zip(self.facts.voices, self.weights[STYLES], strict=True))
        names = self.voices(batches.names)
        rows = [
            torch.from_numpy(known[name]) if name in known else self._told(own, *batches.heard_of(number, HEARD))
            for number, name in enumerate(names)
        ]
        with seeded(0):
            made = Converting(own.config, len(names))
        made.load_state_dict({**own.state_dict(), STYLES: torch.stack(rows)})
        return made

    @torch.no_grad()
    def _told(self, own: Converting, mels: Floats, sounds: NDArray[np.bool_]) -> torch.Tensor:
        given = torch.from_numpy(self.facts.statistics.normalised(mels))[None]
        told: torch.Tensor = own.reference(given, torch.from_numpy(sounds)[None].float())[0]
        return told
