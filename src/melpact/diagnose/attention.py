"""Soft alignments of frames to tokens: whether they are sharp, go forward and reach every token. Numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError

SHARP, FORWARD, REACHED = 0.5, 0.95, 0.9
"""From where on an alignment is one."""


@dataclass(frozen=True)
class Attention:
    """Means over utterances.

    Attributes:
        sharp: how much of a frame belongs to its first token, 0 (evenly spread over all) to 1.
        forward: share of the way of the mean token that goes forward; .5 for one that wanders.
        reached: share of the tokens that are some frame's first; its null is what as many frames drawn at random reach.
    """

    sharp: float
    forward: float
    reached: float
    reached_null: float

    @property
    def aligned(self) -> bool:
        """Whether all three are as they should be."""
        return self.sharp >= SHARP and self.forward >= FORWARD and self.reached >= REACHED

    @property
    def sentence(self) -> str:
        """What of it is not as it should be."""
        said = []
        if self.sharp < SHARP:
            said.append(f"it is not sharp ({self.sharp:.2f}, from {SHARP:g} on; evenly spread 0)")
        if self.forward < FORWARD:
            said.append(
                f"it goes back ({100 * self.forward:.0f} % of its way forward, from {100 * FORWARD:.0f} % on; wandering "
                "50 %)"
            )
        if self.reached < REACHED:
            said.append(
                f"it leaves tokens out ({100 * self.reached:.0f} % reached, from {100 * REACHED:.0f} % on; at random "
                f"{100 * self.reached_null:.0f} %)"
            )
        return "the alignment is none yet: " + ", ".join(said)

    def readings(self) -> tuple[tuple[str, float, float, str], ...]:
        """Name, value, null and meaning."""
        return (
            ("sharp", self.sharp, 0.0, "how much of a frame belongs to one token; null: evenly spread"),
            ("forward", self.forward, 0.5, "share of its way that goes forward; null: wandering"),
            ("reached", self.reached, self.reached_null, "share of the tokens with a frame of their own; null: at random"),
        )


def attention(alignments: Sequence[NDArray[Any]]) -> Attention:
    """Of alignments [tokens, frames] of 0 or more; each frame is scaled to a sum of 1.

    Raises:
        ContractError: none, another shape, or values that are no shares.
    """
    rows = []
    for number, given in enumerate(alignments):
        a = np.asarray(given, np.float64)
        if a.ndim != 2 or a.shape[0] < 2 or a.shape[1] < 2 or not np.isfinite(a).all() or (a < 0).any():
            raise ContractError("is no alignment [tokens, frames]", where=f"alignment {number}", got=f"shape {a.shape}")
        rows.append(_one(a / np.maximum(a.sum(axis=0), 1e-12)))
    if not rows:
        raise ContractError("there are no alignments")
    return Attention(*(float(value) for value in np.mean(rows, axis=0)))


def _one(a: NDArray[np.float64]) -> tuple[float, float, float, float]:
    tokens, frames = a.shape
    sharp = (a.max(axis=0).mean() - 1 / tokens) / (1 - 1 / tokens)
    way = np.diff(np.arange(tokens) @ a)
    moved = np.abs(way).sum()
    forward = way[way > 0].sum() / moved if moved > 1e-9 * tokens else 0.5
    reached = np.unique(a.argmax(axis=0)).size / tokens
    return float(sharp), float(forward), reached, 1 - (1 - 1 / tokens) ** frames
