"""A mel's values as levels in nat and back, in any description: where every degradation does its arithmetic.

A level is the natural log of the linear mel value with its floor, whatever log and scaling the description takes. A power is
the linear value without an added floor, squared where the bank acted on magnitudes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.scaling import NoScaling, measure
from melpact.contract.spec import MelSpec
from melpact.features.window import window

Float32 = NDArray[np.float32]
_FAINTEST = 1e-10
_AT_FLOOR = 1 + 1e-5


def levels(values: Float32, spec: MelSpec, utterance: Mapping[str, Any]) -> Float32:
    """Values [n_mels, frames] of a description → levels in nat, float32."""
    raw = values if isinstance(spec.scaling, NoScaling) else spec.scaling.undo(values, dict(utterance))
    gain = spec.log_gain
    if gain is None:
        return np.log(np.maximum(raw, faintest(spec))).astype(np.float32)
    if gain == 1.0 and spec.reference == 0.0:
        return np.asarray(raw, np.float32)
    return np.asarray((raw + np.float32(spec.reference)) * np.float32(1 / gain), np.float32)


def valued(level: Float32, spec: MelSpec, utterance: Mapping[str, Any]) -> Float32:
    """Levels in nat → values of the description, float32; none below its floor.

    A scaling by statistics of the utterance takes those given; without any it measures the levels.
    """
    gain = spec.log_gain
    raw = np.exp(level) if gain is None else np.float32(gain) * level - np.float32(spec.reference)
    raw = np.maximum(raw, np.float32(spec.floor_value)).astype(np.float32, copy=False)
    if isinstance(spec.scaling, NoScaling):
        return raw
    known = set(spec.scaling.needs()) <= set(utterance)
    return spec.scaling.apply(raw, dict(utterance) if known else measure([raw])).astype(np.float32)


def faintest(spec: MelSpec) -> float:
    """The linear value that stands for silence."""
    return spec.floor if spec.floor > 0 else _FAINTEST


def floor_level(spec: MelSpec) -> float:
    """The level of silence, nat."""
    return math.log(faintest(spec))


def powers(level: Float32, spec: MelSpec) -> Float32:
    """Levels → powers ≥ 0; what lies on a clamped floor has none."""
    linear = np.exp(level)
    if spec.floor_kind == "add":
        linear = np.maximum(linear - np.float32(spec.floor), 0)
    elif spec.floor_kind == "clamp":
        linear[linear <= spec.floor * _AT_FLOOR] = 0
    return linear * linear if spec.power == 1 else linear


def of_powers(power: Float32, spec: MelSpec) -> Float32:
    """Powers → levels, none below the floor's."""
    linear = np.sqrt(power) if spec.power == 1 else power
    silence = np.float32(faintest(spec))
    linear = linear + silence if spec.floor_kind == "add" else np.maximum(linear, silence)
    return np.log(linear).astype(np.float32, copy=False)


class Bands(NamedTuple):
    """What the bands of a description are, in the frequencies of the sound; each [n_mels, 1] float32.

    Attributes:
        centre_hz, width_hz: middle of the band, and half of its base.
        density: what sound of power density 1 reads as a power in the band, pre-emphasis included.
        freedom: how many independent numbers a band of noise holds (at least 1).
        overlap: the correlation of noise in frames 0, 1, 2 … apart, by the window.
    """

    centre_hz: Float32
    width_hz: Float32
    density: Float32
    freedom: Float32
    overlap: tuple[float, ...]


@lru_cache(maxsize=64)
def bands(spec: MelSpec) -> Bands:
    """The bands of a description."""
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale) * (spec.sample_rate / spec.bank_sample_rate)
    bank = filterbank(spec)
    total, square = bank.sum(axis=1), (bank**2).sum(axis=1)
    w = window(spec)
    # a window of n samples spreads a bin's noise over its equivalent noise bandwidth (Harris 1978, "On the use of windows")
    spread = spec.n_fft * float((w**2).sum() / w.sum() ** 2)
    freedom = np.maximum(np.divide(total**2, square, out=np.ones_like(total), where=square > 0) / spread, 1.0)
    turn = 2 * np.pi * edges[1:-1] / spec.sample_rate
    emphasis = np.abs(1 - spec.preemphasis * np.exp(-1j * turn)) ** 2
    hops = range(0, w.size, spec.hop_length)
    overlap = tuple(float((w[h:] * w[: w.size - h]).sum() / (w**2).sum()) ** 2 for h in hops)
    return Bands(
        _column(edges[1:-1]), _column((edges[2:] - edges[:-2]) / 2),
        _column(total ** (2 / spec.power) * emphasis), _column(freedom), overlap,
    )  # fmt: skip


def _column(values: NDArray[np.float64]) -> Float32:
    column = values.astype(np.float32)[:, None]
    column.flags.writeable = False
    return column
