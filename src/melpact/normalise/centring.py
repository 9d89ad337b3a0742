"""An utterance's mel without what stays the same throughout: microphone, room, and most of whose voice it is.

The mean of every band over the loud frames is taken out (cepstral mean subtraction, Atal 1974, "Effectiveness of linear
prediction characteristics of the speech wave for automatic speaker identification and verification"); over the loud ones,
because pauses would decide otherwise.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError

Floats = NDArray[np.float32]
RANGE_DB = 60.0
"""What lies further than this below the highest value counts as lying there: how deep silence is says nothing."""
QUIET, LOUD = 5.0, 95.0
"""Percentiles of the frames' levels; loud is what lies above their middle."""


def raised(values: Floats, spec: MelSpec) -> Floats:
    """Logarithmic values before scaling [n_mels, T], none further than `RANGE_DB` below the highest.

    Raises:
        ContractError: the description takes no logarithm.
    """
    gain = spec.log_gain
    if gain is None:
        raise ContractError("only a logarithmic mel has a band mean to take out", wanted="a description with a logarithm")
    made: Floats = np.maximum(values, values.max() - np.float32(gain * math.log(10 ** (RANGE_DB * spec.power / 20))))
    return made


def loud_mean(values: Floats) -> Floats:
    """The mean of every band over the loud frames, [n_mels] of [n_mels, T]."""
    level = values.mean(0)
    quiet, loud = np.percentile(level, [QUIET, LOUD])
    made: Floats = values[:, level >= (quiet + loud) / 2].mean(1)
    return made


def centred(values: Floats, spec: MelSpec) -> Floats:
    """Values before scaling [n_mels, T] of an utterance, raised and with the loud mean 0 in every band.

    Raises:
        ContractError: as `raised`.
    """
    made = raised(values, spec)
    return np.asarray(made - loud_mean(made)[:, None], np.float32)
