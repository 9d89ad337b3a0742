"""The hypotheses: every distinct description that the published dialects can have, with the names that share it.

The bounds of a description's values are here too. What the numbers of a mel say about them is in `traits` and `scorer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import Dialect, dialect, dialects
from melpact.contract.spec import MelSpec
from melpact.core.errors import MissingFact
from melpact.features.analysis import analyse


@dataclass(frozen=True)
class Hypothesis:
    """One distinct description.

    Attributes:
        name: the first dialect that has it (`name:form` for another form of its mel).
        names: all of them, `name` first.
        reference_id: the published record of `name`.
        spec: the description; where a fact was never published, the published example is used.
        asked: the fields that were filled in that way.
    """

    name: str
    names: tuple[str, ...]
    reference_id: str
    spec: MelSpec
    asked: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def hypotheses() -> tuple[Hypothesis, ...]:
    """All of them, in the order of `dialects()`; forms whose statistics belong to a data set are left out."""
    found: dict[str, list[tuple[str, Dialect, MelSpec, tuple[str, ...]]]] = {}
    for name, plain in dialects().items():
        for form in ("", *plain.member.forms):
            full = f"{name}:{form}" if form else name
            asked = dialect(full).asks
            if any(not a.known for a in asked):
                continue
            chosen = dialect(full, **{a.field: float(a.known) for a in asked})
            try:
                spec = chosen.spec
            except MissingFact:
                continue
            entry = (full, chosen, spec, tuple(a.field for a in asked))
            found.setdefault(spec.fingerprint, []).append(entry)
    return tuple(
        Hypothesis(same[0][0], tuple(s[0] for s in same), same[0][1].reference_id, same[0][2], same[0][3])
        for same in found.values()
    )


@lru_cache(maxsize=1)
def by_bands() -> Mapping[int, tuple[Hypothesis, ...]]:
    """The hypotheses by number of bands."""
    grouped: dict[int, list[Hypothesis]] = {}
    for h in hypotheses():
        grouped.setdefault(h.spec.n_mels, []).append(h)
    return MappingProxyType({n: tuple(hs) for n, hs in sorted(grouped.items())})


@lru_cache(maxsize=512)
def silence(spec: MelSpec) -> NDArray[np.float64] | None:
    """What digital silence reads in each band, [n_mels]: no sound reads less (or more, where the scaling turns values over).

    None where the scaling follows the utterance, so that there is no fixed bound.
    """
    if spec.scaling.needs():
        return None
    nothing = np.zeros(max(spec.min_samples(), 8 * spec.hop_length + spec.frame_length), np.float32)
    values = np.asarray(analyse(nothing, spec)[0].min(axis=1), np.float64)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=512)
def turned_over(spec: MelSpec) -> bool:
    """Whether louder sound reads lower (per-band divisors that are negative)."""
    scale = getattr(spec.scaling, "scale", 1.0)
    return bool(np.min(scale) < 0)


def highest_value(spec: MelSpec) -> float:
    """The highest value that the scaling lets through (infinite where it does not clip)."""
    return float(spec.scaling.bounds()[1])
