"""Competing explanations of a mel against its reference: each says what the values would be, the smallest residual wins.

An `Alternative` comes from a probe's file. Here lives only the comparison: residuals, their null (no fault at all), fits
with free
numbers, and which explanation the others have to beat. A fit with free numbers must be clearly better than one without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.convert import change_compression
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence, best_lag, scaled, shared

Floats = NDArray[np.float64]
_FRAMING = ("n_fft", "win_length", "window_placement")
_SEEN = 0.002
RIGHT = 0.02
"""A residual below this share of the mel's own spread is a mel that fits."""


@dataclass(frozen=True)
class Alternative:
    """One way in which the mel may have come about.

    Attributes:
        code: what a finding of it is called.
        label: in words: "log10 where ln is believed".
        predict: the values that the mel would then have, or None where that cannot be said. [n_mels, frames].
        remedy: the command that mends it.
        field: the field of `MelSpec` that is wrong.
        free: numbers fitted to the mel: 0 for a plain alternative.
        shift: whether the prediction may be moved by a few frames.
        spec: the description it stands for, where it is one.
    """

    code: str
    label: str
    predict: Callable[[Evidence], Floats | None]
    remedy: str = ""
    field: str | None = None
    free: int = 0
    shift: bool = False
    spec: MelSpec | None = None


@dataclass(frozen=True, eq=False)
class Fit:
    """An alternative, what it predicts on the shared frames, the values there, and the residual as a share of the spread."""

    alternative: Alternative
    residual: float
    predicted: Floats
    values: Floats
    lag: int = 0
    score: float = 0.0


def residual(values: Floats, predicted: Floats) -> float:
    """Mean |values - predicted| over the mean deviation of the values from their mean (of what is predicted, if larger)."""
    spread = float(np.mean(np.abs(values - values.mean())))
    other = float(np.mean(np.abs(predicted - predicted.mean())))
    return float(np.mean(np.abs(values - predicted))) / max(spread, 0.3 * other, 1e-9)


def specs(
    code: str, spec: MelSpec, changes: Iterator[tuple[str, dict[str, Any]]], *, field: str, remedy: str
) -> Iterator[Alternative]:
    """An alternative for every change of the believed description; those that cannot exist are left out."""
    for label, change in changes:
        try:
            other = spec.replace_quietly(**change)
        except MelpactError:
            continue
        moved = any(getattr(other, name) != getattr(spec, name) for name in _FRAMING)
        yield Alternative(code, label, _of_spec(other), remedy, field, shift=moved, spec=other)


def of_reference(change: Callable[[Floats], Floats]) -> Callable[[Evidence], Floats | None]:
    """A prediction that changes the reference; none where there is no reference."""

    def predict(evidence: Evidence) -> Floats | None:
        return None if evidence.reference is None else change(evidence.reference)

    return predict


def _of_spec(other: MelSpec) -> Callable[[Evidence], Floats | None]:
    def predict(evidence: Evidence) -> Floats | None:
        believed = evidence.spec
        difference = believed.diff(other)
        values = {"log", "reference", "floor", "mel_norm"}
        if (
            all(f.name in values for f in difference.changed)
            and evidence.reference is not None
            and not believed.scaling.needs()
        ):
            raw = believed.scaling.undo(evidence.reference)
            return scaled(change_compression(raw, believed, other), other)
        there = evidence.extracted(other)
        if there is None or evidence.exact_sound:
            return there
        here, reference = evidence.extracted(believed), evidence.reference
        if here is None or reference is None or here.shape != there.shape:
            return there
        frames = min(here.shape[1], reference.shape[1])
        return there[:, :frames] + (reference[:, :frames] - here[:, :frames])

    return predict


@dataclass(frozen=True, eq=False)
class Solution:
    """All fits, best first, with the fit of "nothing is wrong" beside them."""

    right: Fit
    fits: tuple[Fit, ...]
    noise: float
    """Residual that the reference itself has: 0 for the target's numbers, what inversion leaves for a sound made from
    them."""

    @property
    def best(self) -> Fit | None:
        """The winning explanation, or None where the mel is right or none explains it clearly better."""
        if not self.fits:
            return None
        first = self.fits[0]
        if self.exact(first):
            return first
        gain = self.right.residual - first.residual
        if self.right.residual < RIGHT + self.noise or gain < max(0.12 * self.right.residual, 0.01 + 0.5 * self.noise):
            return None
        return first

    def exact(self, fit: Fit) -> bool:
        """Whether a fit without free numbers leaves next to nothing of a small but real difference."""
        plain = not fit.alternative.free and not fit.lag
        return plain and self.right.residual > _SEEN + self.noise and fit.residual < 0.1 * self.right.residual

    @property
    def settled(self) -> bool:
        """Whether nothing is left to explain: the mel is right, or the best explanation fits."""
        limit = RIGHT + 0.02 + 1.5 * self.noise
        if self.right.residual < limit:
            return True
        # one field of the analysis may be one of several in which a published dialect differs
        return self.best is not None and self.best.residual < limit and self.best.alternative.spec is None

    def joined(self, other: Solution | None) -> Solution:
        """With the fits of another solution of the same evidence."""
        if other is None:
            return self
        fits = sorted((*self.fits, *other.fits), key=lambda f: (f.score, f.alternative.code))
        return Solution(self.right, tuple(fits), self.noise)

    def of(self, code: str) -> Fit | None:
        """The best fit of one code."""
        return next((f for f in self.fits if f.alternative.code == code), None)

    def rank(self, code: str) -> int:
        """Place of a code among the distinct codes, from 0; a large number where it is not there."""
        seen: list[str] = []
        for f in self.fits:
            if f.alternative.code not in seen:
                seen.append(f.alternative.code)
        return seen.index(code) if code in seen else 10**6


def solve(evidence: Evidence, alternatives: Iterator[Alternative]) -> Solution | None:
    """Compare all alternatives with the mel; None where there is no reference."""
    reference = evidence.reference
    if reference is None or reference.shape[0] != evidence.values.shape[0]:
        return None
    nothing = Alternative("", "nothing is wrong", lambda e: reference)
    noise = 0.0
    if not evidence.exact_sound:
        there = evidence.extracted(evidence.spec)
        if there is not None:
            noise = residual(*shared(there, reference))
    right = _fit(nothing, evidence, reference, 0)
    fits = []
    for alternative in alternatives:
        predicted = alternative.predict(evidence)
        if predicted is None or predicted.shape[0] != evidence.values.shape[0] or not np.isfinite(predicted).all():
            continue
        fits.append(_fit(alternative, evidence, predicted, noise))
    fits.sort(key=lambda f: (f.score, f.alternative.code))
    return Solution(right, tuple(fits), noise)


def _fit(alternative: Alternative, evidence: Evidence, predicted: Floats, noise: float) -> Fit:
    candidates = [0]
    if alternative.shift:
        lag, r, at_zero = best_lag(evidence.filled, predicted, 3)
        if lag and r > at_zero + 0.02:
            candidates.append(lag)
    best: Fit | None = None
    for lag in candidates:
        values, there = shared(evidence.filled, predicted, lag)
        keep = max(1, there.shape[1] - 3) if evidence.values.shape[1] > predicted.shape[1] + 3 else there.shape[1]
        values, there = values[:, :keep], there[:, :keep]
        found = residual(values, there)
        if best is None or found < best.residual - 0.02:
            penalty = (0.004 + 0.3 * noise) * bool(alternative.free) + 0.0002 * alternative.free + 0.01 * bool(lag)
            best = Fit(alternative, found, there, values, lag, found * (1.08 if alternative.free else 1.0) + penalty)
    assert best is not None
    return best


def line(x: Floats, y: Floats, rounds: int = 6) -> tuple[float, float]:
    """Slope and offset of y over x with the absolute residual as measure (iteratively reweighted least squares)."""
    weights = np.ones(x.size)
    x, y = x.ravel(), y.ravel()
    slope, offset = 1.0, float(np.median(y - x))
    for _ in range(rounds):
        total = weights.sum()
        mx, my = float(weights @ x) / total, float(weights @ y) / total
        spread = float(weights @ ((x - mx) ** 2))
        if spread < 1e-12:
            return 0.0, my
        slope = float(weights @ ((x - mx) * (y - my))) / spread
        offset = my - slope * mx
        error = np.abs(y - slope * x - offset)
        weights = 1.0 / np.maximum(error, max(1e-6, 0.05 * float(error.mean())))
    return slope, offset
