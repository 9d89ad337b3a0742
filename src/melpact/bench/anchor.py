"""`Anchor`: a system that everybody knows the worth of. Nulls keep nothing (or nothing new) of the original; ceilings keep
all that can be kept. The registry is the folder `melpact.bench.anchors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.plugins import plugins


@dataclass(frozen=True)
class Scene:
    """What an anchor may look at.

    Attributes:
        original: the original at the rate of the comparison, mono.
        other: another utterance's original (for the shuffled pairing), or None where there is only one.
        input: what the systems were given (conversion, enhancement), or None.
        spec: the mel of the comparison.
        rng: seeded by the utterance's content.
    """

    original: Audio
    other: Audio | None
    input: Audio | None
    spec: MelSpec
    rng: np.random.Generator


@dataclass(frozen=True)
class Anchor:
    """One anchor.

    Args:
        title: as it is printed.
        kind: "null" or "ceiling".
        make: scene → its sound, at the rate of the original. Raises `NotMeasured` with the reason where it cannot.
        meaning: one sentence.
    """

    title: str
    kind: Literal["null", "ceiling"]
    make: Callable[[Scene], Audio]
    meaning: str


def anchors() -> Mapping[str, Anchor]:
    """Every anchor by the name of its module, read-only, sorted."""
    return MappingProxyType(plugins("melpact.bench.anchors"))
