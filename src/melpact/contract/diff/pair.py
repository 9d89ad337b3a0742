"""Two descriptions side by side: what the rules of `diff` need to know of both at once.

Levels are compared in the linear mel domain of the second, after gain and band constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from melpact.contract.diff.limits import (
    Bands,
    Limits,
    gain_factor,
    limits,
    linear_to_raw,
    norm_factor,
    same_function,
)
from melpact.contract.spec import MelSpec

Kind = Literal["same", "exact", "lossy", "impossible"]
KINDS: tuple[Kind, ...] = ("same", "exact", "lossy", "impossible")
Verdict = tuple[Kind, str]
SAME: Verdict = ("same", "")
TOLERANCE_NAT = 1e-5
"""Differences up to this, in nat, are float32 rounding."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two descriptions and what several rules need to know of them."""

    a: MelSpec
    b: MelSpec

    @cached_property
    def same_bands(self) -> bool:
        """Whether the band edges are the same in both."""
        return all(
            getattr(self.a, n) == getattr(self.b, n) for n in ("n_mels", "f_min", "f_max", "mel_scale", "bank_sample_rate")
        )

    @cached_property
    def factor(self) -> Bands:
        """Gain and band constant that take a linear mel value of `a` to `b`, per band of `a`."""
        return gain_factor(self.a, self.b) * norm_factor(self.a, self.b)

    @cached_property
    def limits(self) -> tuple[Limits, Limits]:
        return limits(self.a), limits(self.b)

    @cached_property
    def one_function(self) -> bool:
        return same_function(self.a, self.b)

    def moved(self, level: Bands | float) -> Bands:
        """A linear level of `a` in the linear domain of `b` (magnitudes become powers where the power
        differs)."""
        return np.asarray(self.factor * np.asarray(level) ** (self.b.power / self.a.power))

    def lost_below(self, level: float) -> float:
        """How far `b` shows below a level under which `a` shows nothing, in nat (0: it does not)."""
        if level == 0.0:
            return 0.0
        _, there = self.limits
        top, bottom = self.moved(level), self.moved(self.limits[0].least)
        above, below = there.reading(np.maximum(top, bottom)), there.reading(bottom)
        return float(np.where(above > below, above - below, 0.0).max())

    @cached_property
    def floor_loss(self) -> float:
        """nat that the clamped floor of `a` hides and `b` would show."""
        return self.lost_below(self.limits[0].floor)

    @cached_property
    def blur_loss(self) -> float:
        """nat by which float32 rounding at the additive floor of `a` moves what `b` shows."""
        here, there = self.limits
        seen = np.maximum(self.moved(here.least), max(there.floor, there.clip_low)) + there.added
        blur = self.factor * here.blur
        return float(np.divide(blur, seen, out=np.zeros_like(blur), where=seen > 0).max())

    @cached_property
    def floors_hold(self) -> bool:
        """Whether `b` shows nothing that the floor or a clip of `a` has hidden."""
        return max(self.floor_loss, self.blur_loss) <= TOLERANCE_NAT and not self.clip_loss

    @cached_property
    def clip_loss(self) -> str:
        """What the scaling of `a` cut off although `b` shows it; "" where that is nothing."""
        here, there = self.limits
        parts = []
        if self.lost_below(here.clip_low) > TOLERANCE_NAT:
            parts.append(f"everything below {self._level(here.clip_low)} reads the same")
        if math.isfinite(here.clip_high):
            top = float(self.moved(here.clip_high).min())
            if math.isinf(there.clip_high) or top < there.clip_high * (1 - 1e-9):
                parts.append(f"everything above {self._level(here.clip_high)} reads the same")
        even = np.ptp(self.factor) <= 1e-9 * self.factor.max() and self.a.power == self.b.power
        if math.isfinite(here.range_nat) and not (even and there.range_nat <= here.range_nat * (1 + 1e-9)):
            cut = figure(here.range_nat * (self.a.log_gain or 1.0))
            below = f"more than {cut} {unit(self.a)} below the utterance's loudest value"
            parts.append(f"everything {below} reads the same")
        return " and ".join(parts)

    def _level(self, linear: float) -> str:
        raw = float(linear_to_raw(self.a, np.array([linear]))[0])
        return f"{figure(raw)} {unit(self.a)} (linear {figure(linear)})"


def figure(x: float, digits: int = 4) -> str:
    """A number as people read it: `digits` significant ones, no trailing zeros."""
    text = f"{x:.{digits}g}"
    return f"{x:.0f}" if "e+" in text and abs(x) < 1e9 else text


def unit(spec: MelSpec) -> str:
    """Short unit of the values before scaling."""
    return {"nat": "nat", "decade": "decades", "linear": "linear"}.get(spec.unit, "dB")
