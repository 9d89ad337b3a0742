"""Which fault explains how a mel differs from its claim: small networks over the traits. Tables in network.npz.

What a vector of traits is lives in `traits`; how the tables are fitted in `benchmarks/claim_fit.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CODES = (
    "clean", "above_ceiling", "axes_swapped", "bands_reversed", "bank_rate", "below_floor", "clipped", "dc_or_hum",
    "denormalised_twice", "dialect_other", "edge_clicks", "f_max", "f_min", "floor_kind", "hop", "log_base", "log_unit_db",
    "magnitude_for_power", "mel_norm", "mel_scale", "n_fft", "noise_added", "not_denormalised", "over_smoothed",
    "power_for_magnitude", "sample_rate", "window_length", "window_not_undone",
)  # fmt: skip
"""What the networks tell apart, in the order of their outputs."""
MOST = 6.0
"""Differences are cut off at so many spreads."""


class Answer(NamedTuple):
    """What the networks say of one mel.

    Attributes:
        odds_nat: log of the odds of some fault against none.
        threshold_nat: what these odds have to exceed; clean mels do in about one of 250 cases.
        shares: probability of each fault if there is one, in the order of `CODES[1:]`.
        differs: how many times further each trait lies from the claim's than clean mels' do, [traits].
    """

    odds_nat: float
    threshold_nat: float
    shares: Floats
    differs: Floats


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, NDArray[np.generic]]:
    with (files("melpact.diagnose.claim") / "network.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return MappingProxyType({name: archive[name] for name in archive})


@lru_cache(maxsize=1)
def _layers() -> tuple[tuple[tuple[Floats, Floats], ...], ...]:
    t = _tables()
    members = int(t["members"])
    return tuple(
        tuple((t[f"{m}_w{i}"].astype(np.float64), t[f"{m}_b{i}"].astype(np.float64)) for i in range(3))
        for m in range(members)
    )


def forward(z: Floats, layers: tuple[tuple[Floats, Floats], ...]) -> Floats:
    """Log probabilities [..., codes] of one member for standardised differences [..., inputs]."""
    for i, (weight, bias) in enumerate(layers):
        z = z @ weight + bias
        if i < len(layers) - 1:
            z = np.maximum(z, 0.0)
    z = z - z.max(axis=-1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=-1, keepdims=True)))


def standardised(differences: Floats, mean: Floats, scale: Floats) -> Floats:
    """Differences in spreads of those simulated, cut off; 0 where a trait does not show."""
    return np.clip(np.nan_to_num((differences - mean) * scale), -MOST, MOST)


def answer(differences: Floats) -> Answer:
    """What the networks say of [traits + facts] differences from the claim."""
    t = _tables()
    z = standardised(differences, t["mean"].astype(np.float64), t["scale"].astype(np.float64))
    logs = np.mean([forward(z, layers) for layers in _layers()], axis=0)
    fault = logs[1:] - logs[1:].max()
    total = float(logs[1:].max() + np.log(np.exp(fault).sum()))
    clean = t["clean_spread"].astype(np.float64)
    away = np.nan_to_num(differences[: clean.size] - t["clean_mean"].astype(np.float64)) / clean
    return Answer(total - float(logs[0]), float(t["threshold"]), np.exp(fault) / np.exp(fault).sum(), away)


def clean_factors() -> tuple[Floats, Floats, Floats]:
    """How the traits scatter over clean mels: their spreads [traits], and in these factors [traits, k] and own variances."""
    t = _tables()
    names = ("clean_spread", "factors", "own")
    spread, factors, own = (t[name].astype(np.float64) for name in names)
    return spread, factors, own
