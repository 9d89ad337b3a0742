"""`Part` and `Spoken`: a piece of a sentence as a speaker makes it, and the whole with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """The next frames of a sentence.

    Attributes:
        values: before scaling, float32 [n_mels, n], n ≥ 0.
        tokens: sounds that became known with this part, in order. durations_s: seconds of each; as many, or none where the
            speaker does not know them.
        facts: plain values for the record.
    """

    values: Floats
    tokens: tuple[str, ...] = ()
    durations_s: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Spoken:
    """A sentence as a mel.

    Attributes:
        mel: [n_mels, frames] of the speaker's description.
        tokens, durations_s: every sound and its seconds; empty where the speaker does not know them.
        found: what the guard found in attempts that were thrown away, in words.
        facts: plain values that the speaker wants in the record.
    """

    mel: Mel
    tokens: tuple[str, ...] = ()
    durations_s: tuple[float, ...] = ()
    found: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
