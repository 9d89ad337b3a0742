"""From statistics to a scaling, and the scaling onto a mel and off again. The arithmetic of each scaling is
the contract's.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from melpact.contract.mel import Mel
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    Clipped,
    NoScaling,
    Percentile,
    Scaling,
    Tanh,
    Window,
    measure,
)
from melpact.core.errors import ContractError, StatsWarning
from melpact.normalise.stats import Stats

_FEWEST_SECONDS = 30.0


def kinds() -> Mapping[str, Callable[..., Scaling]]:
    """What `fit` can fit, by name; the options of each are its keyword arguments."""
    return _KINDS


def fit(stats: Stats, kind: str, **options: Any) -> Scaling:
    """A scaling with the numbers of a corpus in it.

    Args:
        stats: of the mels before scaling (`Stats.of(mel.raw() for mel in mels)`).
        kind: "none", "standardise", "standardise_bands", "min_max", "percentile", "window" or "tanh" (hyphens
            are fine).
        options: see the function of that kind in this module.

    Returns:
        A record of `melpact.contract.scaling`; put it on with `apply`.

    Raises:
        ContractError: no such kind or option, a corpus without spread, or statistics of mels that are already
            scaled.

    Warns:
        StatsWarning: fewer than 30 s or fewer than two files were counted; a band never moves; a window
            misses the data.
    """
    name = kind.replace("-", "_")
    if name not in _KINDS:
        raise ContractError(
            "nothing of that kind can be fitted to a corpus",
            where="kind",
            got=repr(kind),
            wanted=", ".join(_KINDS),
            next="Per-utterance scalings (dynamic_range, utterance_min_max, utterance_standard) need no "
            "corpus: apply them as they are",
        )
    maker = _KINDS[name]
    allowed = list(inspect.signature(maker).parameters)[1:]
    surplus = sorted(set(options) - set(allowed))
    if surplus:
        raise ContractError(
            f"{name} has no option {', '.join(surplus)}",
            where="fit",
            wanted=", ".join(allowed) or "no options",
        )
    if not isinstance(stats.spec.scaling, NoScaling):
        raise ContractError(
            "these statistics are of mels that are already scaled",
            where="fit",
            got=f"scaling {stats.spec.scaling.kind!r}",
            wanted="statistics of raw log mels",
            next="Collect them again: Stats.of(mel.raw() for mel in mels)",
        )
    if name != "none" and (stats.files < 2 or stats.seconds < _FEWEST_SECONDS):
        warnings.warn(
            StatsWarning(
                f"{name} is fitted to {stats.files} file(s) of {stats.seconds:.1f} s in all: "
                f"too little to stand for a corpus (at least 2 files and {_FEWEST_SECONDS:g} s)"
            ),
            stacklevel=2,
        )
    fitted: Scaling = maker(stats, **options)
    return fitted


def none(stats: Stats) -> NoScaling:
    """The log mel as it is."""
    return NoScaling()


def standardise(stats: Stats, *, ddof: int = 0) -> Affine:
    """`(x - mean) / std`, one mean and one std for all bands; `ddof` 1 for the unbiased std."""
    return Affine.standardise(stats.mean(), _spread(stats.std(ddof), "std"))


def standardise_bands(stats: Stats, *, ddof: int = 0) -> BandAffine:
    """`(x[m] - mean[m]) / std[m]`; a band that never moves is only shifted, with a warning."""
    spread = stats.band_std(ddof)
    still = np.flatnonzero(spread == 0)
    if still.size:
        warnings.warn(
            StatsWarning(f"bands that never move get a spread of 1: {', '.join(map(str, still))}"),
            stacklevel=3,
        )
    return BandAffine.standardise(stats.band_mean(), np.where(spread == 0, 1.0, spread))


def min_max(stats: Stats, *, out_low: float = 0.0, out_high: float = 1.0, clip: bool = False) -> Window:
    """The corpus' extremes → [out_low, out_high]. Without clipping, a louder file goes beyond `out_high`,
    undamaged.
    """
    _spread(stats.max() - stats.min(), "range")
    return _window(stats.min(), stats.max(), out_low, out_high, clip)


def percentile(
    stats: Stats,
    *,
    p_low: float = 1.0,
    p_high: float = 99.0,
    out_low: float = 0.0,
    out_high: float = 1.0,
    clip: bool = True,
) -> Percentile:
    """Two percentiles (in percent) → [out_low, out_high]; what lies outside is clipped unless `clip` is
    False.
    """
    if not 0 <= p_low < p_high <= 100:
        raise ContractError(
            "percentiles out of order", got=f"{p_low} and {p_high}", wanted="0 ≤ p_low < p_high ≤ 100"
        )
    low, high = stats.quantile([p_low / 100, p_high / 100]).tolist()
    _spread(high - low, f"range from {p_low:g} % to {p_high:g} %")
    ends = {"low": low, "high": high, "low_percent": p_low, "high_percent": p_high}
    return Percentile(**ends, out_low=out_low, out_high=out_high, clip=clip)


def window(
    stats: Stats, *, low: float, high: float, out_low: float = 0.0, out_high: float = 1.0, clip: bool = True
) -> Window:
    """A given window, in the mel's own unit → [out_low, out_high]; Tacotron's is low=-100, high=0 in dB.

    The statistics only check it: a window that misses the data is refused, one that loses more than half of
    it warns.
    """
    if not low < high:
        raise ContractError("a window needs low < high", got=f"{low} and {high}")
    if stats.max() <= low or stats.min() >= high:
        raise ContractError(
            "the window does not touch the data at all",
            got=f"[{low:g}, {high:g}] {stats.spec.unit}",
            wanted=f"something around [{stats.min():.4g}, {stats.max():.4g}] {stats.spec.unit}",
            next="Give low and high in the unit of the description (melpact show DIALECT)",
        )
    inside = np.diff(np.interp([low, high], stats.quantile(_GRID), _GRID))[0]
    if clip and inside < 0.5:
        warnings.warn(
            StatsWarning(f"the window [{low:g}, {high:g}] holds only {100 * inside:.0f} % of the values"),
            stacklevel=3,
        )
    return _window(low, high, out_low, out_high, clip)


def tanh(stats: Stats, *, widths: float = 2.0, amplitude: float = 1.0) -> Tanh:
    """`amplitude · tanh((x - mean) / (widths · std))`: never clips, but the far ends share few float32
    numbers.
    """
    return Tanh(centre=stats.mean(), width=widths * _spread(stats.std(), "std"), amplitude=amplitude)


_GRID = np.linspace(0.0, 1.0, 1001)
_KINDS: Mapping[str, Callable[..., Scaling]] = MappingProxyType(
    {f.__name__: f for f in (none, standardise, standardise_bands, min_max, percentile, window, tanh)}
)


def apply(mel: Mel, scaling: Scaling) -> tuple[Mel, Clipped]:
    """The mel with this scaling and no other, and how many values it put on a bound.

    A scaling that the mel already has is taken off first: nothing is ever scaled twice. What a per-utterance
    scaling needs is measured and kept in the mel.

    Raises:
        MissingUtterance: the mel's own scaling cannot be undone.
        SpecError: a per-band scaling of another number of bands.
    """
    raw = mel.raw()
    spec = raw.spec.replace_quietly(scaling=scaling)
    facts = measure([raw.values]) if scaling.needs() else {}
    scaled = Mel(scaling.apply(raw.values, facts), spec, facts, mel.provenance)
    return scaled, scaled.clipped()


def undo(mel: Mel) -> Mel:
    """The raw log mel again; clipped values come back as the bound they were clipped to.

    Raises:
        MissingUtterance: a per-utterance scaling whose statistics were not kept.
    """
    return mel.raw()


def _window(low: float, high: float, out_low: float, out_high: float, clip: bool) -> Window:
    ends = {"low": low, "high": high, "out_low": out_low, "out_high": out_high}
    return Window.clipping(**ends) if clip else Window(**ends)


def _spread(value: float, what: str) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise ContractError(
            f"the corpus has no spread: its {what} is {value:g}",
            wanted="mels that differ",
            next="Look for silent or identical files: melpact stats",
        )
    return value
