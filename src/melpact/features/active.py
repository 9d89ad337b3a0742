"""How loud each frame of a mel is, which frames sound at all, and the level of a recording. Says nothing of whether it is a
voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError

Floats = NDArray[np.float32]
PAUSE_DB = 40.0
"""A frame this far below the loud ones (their `LOUD` quantile) is a pause."""
LOUD = 0.95
"""Quantile of the frames' loudness that counts as a recording's level."""


def loudness_db(raw: Floats, spec: MelSpec) -> Floats:
    """10·log10 of the sum over bands of each frame's power: values before scaling [n_mels, T] → float32 [T]."""
    values = raw.astype(np.float64)
    gain = spec.log_gain
    linear = np.maximum(values, 0.0) if gain is None else np.exp((values + spec.reference) / gain)
    power = np.maximum((linear ** (2 / spec.power)).sum(axis=0), 1e-30)
    return np.asarray(10 * np.log10(power), np.float32)


def active(raw: Floats, spec: MelSpec) -> NDArray[np.bool_]:
    """Which frames sound: within `PAUSE_DB` of the loud ones, and not on the description's floor."""
    level = loudness_db(raw, spec)
    found = level > np.quantile(level, LOUD) - PAUSE_DB
    if spec.floor_kind != "none":
        found &= (raw > spec.floor_value + 1e-6 * max(1.0, abs(spec.floor_value))).any(axis=0)
    return np.asarray(found, np.bool_)


def per_db(spec: MelSpec) -> float:
    """By how much values before scaling change per dB.

    Raises:
        ContractError: the description takes no logarithm.
    """
    gain = spec.log_gain
    if gain is None:
        raise ContractError("a conversion by network takes a logarithmic mel", got="a mel without a logarithm")
    return float(gain * np.log(10) / 20 * spec.power)


def level_db(raw: Floats, spec: MelSpec) -> float:
    """The level of a recording: how loud its loud frames are, dB."""
    return float(np.quantile(loudness_db(raw, spec), LOUD))


def levelled(raw: Floats, spec: MelSpec, level: float) -> Floats:
    """Values before scaling [n_mels, T] of a recording of this level, at level 0 dB."""
    return np.asarray(raw - np.float32(per_db(spec) * level), np.float32)
