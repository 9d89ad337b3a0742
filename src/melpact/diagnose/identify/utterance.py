"""Dialects that scale every utterance by its own statistics, laid beside values.

The statistics hang on the quietest values, which the sound's level and its rounding to 16 bits move. So they are taken from
the values: these must have them as the scaling makes them, and one line (a line per band, where every band is scaled by
itself) is solved together with the level. What is scaled by fixed numbers is in `listen`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import NoScaling, UtteranceMinMax, UtteranceStandard
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort
from melpact.diagnose.identify.compare import fit_line, overlap_of, robust
from melpact.features.analysis import analyse

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]
_WIDEST_NAT = 1.75
_COARSE_NAT = 0.125
_FINE_NAT = 5e-4
_GOLDEN = 0.381966
_CLEARLY = 0.01
_REACH = 2e-4
_CENTRED = 1e-3
_SPREAD = 0.02
_ENDS = 1e-4
_FRAMES = 150
"""Frames, evenly spaced, on which the level is solved."""


def follows(values: Float64, scaling: object) -> bool:
    """Whether values have the statistics that such a scaling gives a whole utterance."""
    if isinstance(scaling, UtteranceMinMax):
        ends = (float(values.min()) - scaling.out_low, float(values.max()) - scaling.out_high)
        return max(abs(e) for e in ends) < _ENDS * abs(scaling.out_high - scaling.out_low)
    if isinstance(scaling, UtteranceStandard):
        spread = values.std(axis=1)
        if float(np.max(np.abs(values.mean(axis=1)))) > _CENTRED * max(1.0, float(spread.max())):
            return False
        moving = spread > 0.1
        return scaling.spread == "none" or bool(np.mean(np.abs(spread[moving] - 1) < _SPREAD) > 0.9)
    return False


def self_scaled(samples: Float32, values: Float64, spec: MelSpec, lag: int, scale: float) -> tuple[float, Float64] | None:
    """The gain in nat of amplitude and the residual in nat, [n_mels, frames that both have].

    None where the values lack those statistics or the description is of another kind.
    """
    if spec.log == "none" or spec.epsilon_kind != "none" or not follows(values, spec.scaling):
        return None
    bare = spec.replace_quietly(log="none", floor=0.0, floor_kind="none", reference=0.0, scaling=NoScaling())
    try:
        linear = np.asarray(analyse(samples, bare)[0], np.float64)
    except AudioTooShort:
        return None
    p, y = overlap_of(linear, values[:, : linear.shape[1] + 8], lag)

    def residual(gain: float, every: int = 1) -> Float64 | None:
        raised, shown = p[:, ::every] * np.exp(spec.power * gain), y[:, ::every]
        x = np.log(raised + spec.floor if spec.floor_kind == "add" else np.maximum(raised, max(spec.floor, 1e-30)))
        if isinstance(spec.scaling, UtteranceStandard) and spec.scaling.spread == "none":
            apart = shown / (spec.log_gain or 1.0) - x
            return np.asarray(apart - np.median(apart, axis=1, keepdims=True))
        line = fit_line(x, shown, 0, per_band=isinstance(spec.scaling, UtteranceStandard), reach_nat=_REACH)
        return None if line is None else np.asarray((shown - line.slope * x - line.offset) / np.abs(line.slope))

    def cost(gain: float) -> float:
        left = residual(gain, max(1, p.shape[1] // _FRAMES))
        return np.inf if left is None else robust(np.minimum(np.abs(left), 10.0), scale)

    gain = _least(cost)
    left = residual(gain)
    return None if left is None else (gain, left)


def _least(cost: Callable[[float], float]) -> float:
    """The gain of least cost; 0 where no other is clearly better."""
    grid = np.arange(-_WIDEST_NAT, _WIDEST_NAT + 1e-9, _COARSE_NAT)
    costs = [cost(g) for g in grid]
    k = int(np.argmin(costs))
    low, high = grid[k] - _COARSE_NAT, grid[k] + _COARSE_NAT
    a, b = low + _GOLDEN * (high - low), high - _GOLDEN * (high - low)
    ca, cb = cost(a), cost(b)
    while high - low > _FINE_NAT:
        if ca < cb:
            high, b, cb = b, a, ca
            a = low + _GOLDEN * (high - low)
            ca = cost(a)
        else:
            low, a, ca = a, b, cb
            b = high - _GOLDEN * (high - low)
            cb = cost(b)
    found = 0.5 * (low + high)
    return float(found) if cost(found) < cost(0.0) - _CLEARLY else 0.0
