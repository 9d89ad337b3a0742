"""Levels of a log mel before scaling: where its floor ends, and what some decibels less is in its unit."""

from __future__ import annotations

import math

import numpy as np

from melpact.contract.spec import MelSpec


def floor_edge(spec: MelSpec) -> np.float32:
    """What still counts as the floor: `Mel.at_floor`'s edge, and for a mel without a log a relative one."""
    edge = np.float32(spec.floor_value)
    return np.float32(edge + 1e-6 * (abs(float(edge)) if spec.log == "none" else max(1.0, abs(float(edge)))))


def lower_by(spec: MelSpec, value: float, decibels: float) -> float:
    """The raw mel value that stands for a sound `decibels` weaker than that of `value`."""
    ratio: float = 10.0 ** (-decibels / (20.0 if spec.power == 1 else 10.0))
    added = spec.floor if spec.floor_kind == "add" else 0.0
    gain = spec.log_gain
    if gain is None:
        return (value - added) * ratio + added
    level = (value + spec.reference) / gain
    if added == 0.0 or level > 300.0:
        return value + gain * math.log(ratio)
    linear = max(math.exp(level) - added, 0.0) * ratio + added
    return gain * math.log(linear) - spec.reference
