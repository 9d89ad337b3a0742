"""From what packets say to samples, packet by packet: what a codec's decoder of one channel is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Part = TypeVar("Part")
Contra = TypeVar("Contra", contravariant=True)


class Sounding(ABC, Generic[Contra]):
    """Takes packets in order and gives samples; all of them put together begin with the sound's first sample.

    Put together they are at least as many as the packets' frames hold but for the codec's `tail_samples`; what is beyond the
    sound's end is cut off by who asks.
    """

    @abstractmethod
    def push(self, part: Contra | None, frames: int) -> Floats:
        """One more packet → samples that are sure now, float32 [≥ 0].

        Args:
            part: what it says; None where it was lost: then its sound is made up of what came before.
            frames: that it has, or had.
        """

    @abstractmethod
    def finish(self) -> Floats:
        """The samples that are left, float32 [≥ 0]: no more packets come."""


class AtEnd(Sounding[Part]):
    """For codecs that make a sound of all packets at once: nothing is given before the end.

    Args:
        make: what packets say (None: lost) and how many frames each has → float32 samples.
    """

    def __init__(self, make: Callable[[Sequence[Part | None], Sequence[int]], Floats]) -> None:
        self._make = make
        self._parts: list[Part | None] = []
        self._frames: list[int] = []

    def push(self, part: Part | None, frames: int) -> Floats:
        """Keeps it."""
        self._parts.append(part)
        self._frames.append(frames)
        return np.zeros(0, np.float32)

    def finish(self) -> Floats:
        """All of it."""
        return self._make(self._parts, self._frames)
