"""Weight normalisation folded into plain weights, in all of its published spellings. Arrays only, no torch.

Source: Salimans and Kingma 2016, "Weight Normalization", equation 2: w = g v / |v|, the norm over all axes but one. torch
writes `weight_g` and `weight_v` (torch.nn.utils.weight_norm) or `parametrizations.weight.original0` and `original1`
(torch.nn.utils.parametrizations.weight_norm).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def fold(weights: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float32]]:
    """The same weights with every normalised pair replaced by what it stands for; float32.

    Raises:
        KeyError: one half of a pair is missing (its name).
        ValueError: the two halves do not fit (the name and both shapes).
    """
    folded: dict[str, NDArray[np.float32]] = {}
    for name, value in weights.items():
        pair = _pair(name)
        if pair is None:
            folded[name] = np.asarray(value, np.float32)
            continue
        gain, direction, plain = pair
        for half in (gain, direction):
            if half not in weights:
                raise KeyError(half)
        if plain not in folded:
            folded[plain] = _product(plain, weights[gain], weights[direction])
    return folded


def _pair(name: str) -> tuple[str, str, str] | None:
    """(gain, direction, plain name) of a half; None for any other name."""
    old = re.fullmatch(r"(.*\b)weight_[gv]", name)
    if old:
        return f"{old[1]}weight_g", f"{old[1]}weight_v", f"{old[1]}weight"
    new = re.fullmatch(r"(.*\b)parametrizations\.(\w+)\.original[01]", name)
    if new:
        stem = f"{new[1]}parametrizations.{new[2]}"
        return f"{stem}.original0", f"{stem}.original1", f"{new[1]}{new[2]}"
    return None


def _product(name: str, gain: NDArray[np.floating], direction: NDArray[np.floating]) -> NDArray[np.float32]:
    g, v = np.asarray(gain, np.float64), np.asarray(direction, np.float64)
    kept = [axis for axis in range(v.ndim) if g.ndim == v.ndim and g.shape[axis] == v.shape[axis] and g.shape[axis] > 1]
    fits = g.ndim == v.ndim and all(g.shape[a] in (1, v.shape[a]) for a in range(v.ndim)) and len(kept) <= 1
    if not fits:
        raise ValueError(f"{name}: gain {list(g.shape)} and direction {list(v.shape)} do not belong together")
    axes = tuple(axis for axis in range(v.ndim) if axis != (kept[0] if kept else 0))
    norm = np.sqrt(np.sum(v * v, axis=axes, keepdims=True))
    return np.asarray(g * v / np.maximum(norm, np.finfo(np.float64).tiny), np.float32)
