"""Which dialects the values alone cannot tell apart, and why, in words.

Two descriptions are alike for given values when they differ only in how the frames stand on the sound, in things below what
rounding or another recording changes, or in a floor that these values do not come near.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.diagnose.identify.catalogue import silence
from melpact.diagnose.identify.compare import value_slope

_FRAMING = {"padding": "explicit", "pad_mode": "zero", "pad_value": 0.0, "pad_left": 0, "pad_right": 0, "drop_last": 0}
_CLEAR_NAT = 2.5


class Low(NamedTuple):
    """The quiet end of a mel: its lowest value, and the value that 2 % of it lie below, in its own unit."""

    lowest: float
    quiet: float

    @classmethod
    def of(cls, values: NDArray[np.floating[Any]]) -> Low:
        """That of an array [n_mels, frames]."""
        return cls(float(values.min()), float(np.quantile(values, 0.02)))


def why_alike(a: MelSpec, b: MelSpec, low: Low) -> str | None:
    """The reason why values with that quiet end cannot tell the two apart; None where they can."""
    if a.fingerprint == b.fingerprint:
        return "the same description"
    if a.n_mels != b.n_mels:
        return None
    reasons: list[str] = []
    plain = [s.replace_quietly(**_FRAMING) for s in (a, b)]
    if (a.padding, a.pad_mode, a.drop_last) != (b.padding, b.pad_mode, b.drop_last):
        reasons.append(f"how frames stand on the sound ({_framing(a)} or {_framing(b)})")
    if a.window_periodic != b.window_periodic:
        reasons.append("a periodic or symmetric window (under 0.002 nat)")
        plain = [s.replace_quietly(window_periodic=True) for s in plain]
    if _floors(plain[0]) != _floors(plain[1]):
        if not _clear(a, b, low):
            return None
        reasons.append(f"a floor or epsilon that these values (lowest {low.lowest:.4g}) do not show")
        bare = {"floor": 1e-12, "floor_kind": "clamp", "epsilon": 0.0, "epsilon_kind": "none"}
        plain = [
            s.replace_quietly(**bare) if s.log != "none" else s.replace_quietly(epsilon=0.0, epsilon_kind="none")
            for s in plain
        ]
    if plain[0].scaling != plain[1].scaling and _nearly_same_line(plain[0], plain[1]) and _clear(a, b, low):
        reasons.append("scale and offset, by less than the level of recordings differs")
        plain[1] = plain[1].replace_quietly(scaling=plain[0].scaling)
    return "; ".join(reasons) if plain[0].fingerprint == plain[1].fingerprint else None


def _framing(s: MelSpec) -> str:
    return s.padding if s.pad_mode == "none" else f"{s.padding} {s.pad_mode}"


def _floors(s: MelSpec) -> tuple[object, ...]:
    return s.floor, s.floor_kind, s.epsilon, s.epsilon_kind


def _clear(a: MelSpec, b: MelSpec, low: Low) -> bool:
    """Whether the values stay clear of what either gives silence: none on it, and under 2 % near it."""
    ends = [silence(s) for s in (a, b)]
    if ends[0] is None or ends[1] is None:
        return True
    first, second = float(np.max(ends[0])), float(np.max(ends[1]))
    slope = value_slope(a)
    unit = 1.0 if slope is None else float(np.median(np.abs(slope)))
    if a.floor_kind == b.floor_kind and np.allclose(ends[0], ends[1], rtol=1e-5, atol=1e-6):
        return True
    bound = max(first, second)
    return low.lowest > bound + 1e-3 * unit and low.quiet > bound + _CLEAR_NAT * unit


def _nearly_same_line(a: MelSpec, b: MelSpec) -> bool:
    one, two = value_slope(a), value_slope(b)
    if one is None or two is None or one.size != 1 or two.size != 1 or a.scaling.needs() or b.scaling.needs():
        return False
    ratio = float(one[0, 0]) / float(two[0, 0])
    zero = np.zeros((a.n_mels, 1))
    level = float(a.scaling.undo(zero)[0, 0]) - float(b.scaling.undo(zero)[0, 0])
    return abs(math.log(ratio)) < 0.05 and abs(level) < 1.0 if ratio > 0 else False
