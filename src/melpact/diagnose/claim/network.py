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

from melpact.diagnose.claim.bank import LEANINGS

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
_FAR = 12.0
_SOFT = 2.0


class Answer(NamedTuple):
    """What the networks say of one mel.

    Attributes:
        odds_nat: log of the odds of some fault against none.
        threshold_nat: what these odds have to exceed; at most one clean mel in 200 did, of any set left out of a fit.
        shares: probability of each fault if there is one, in the order of `CODES[1:]`.
        differs: how many times further each trait lies from the claim's than clean mels' do, [traits].
        leaning: to which other bank the values lean; see `claim.bank`.
    """

    odds_nat: float
    threshold_nat: float
    shares: Floats
    differs: Floats
    leaning: Floats


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


class Scales(NamedTuple):
    """What the networks' inputs are counted in.

    Attributes:
        clean_mean, clean_spread: of the differences over clean mels, [traits].
        factors: how they scatter together over clean mels, in spreads: orthogonal columns, [traits, k].
        own: variance that is left to each trait, [traits].
        mean, scale: of the facts and leanings, over all that was simulated.
    """

    clean_mean: Floats
    clean_spread: Floats
    factors: Floats
    own: Floats
    mean: Floats
    scale: Floats


def whitened(seen: Floats, scales: Scales) -> Floats:
    """What the networks are given: [..., traits + facts + leanings] → [..., k + traits + facts + leanings].

    Differences of the traits in deviations of clean mels: along the factors, and what the factors leave; large ones
    squeezed, 0 where a trait does not show. So a small difference counts where clean mels never have it.
    """
    n = scales.clean_mean.size
    u = np.clip(np.nan_to_num((seen[..., :n] - scales.clean_mean) / scales.clean_spread), -_FAR, _FAR)
    variances = (scales.factors**2).sum(axis=0)
    along = u @ scales.factors / variances
    left = (u - along @ scales.factors.T) / np.sqrt(scales.own)
    rest = np.clip(np.nan_to_num((seen[..., n:] - scales.mean) * scales.scale), -MOST, MOST)
    return np.concatenate([_SOFT * np.arcsinh(along / _SOFT), _SOFT * np.arcsinh(left / _SOFT), rest], axis=-1)


@lru_cache(maxsize=1)
def _scales() -> Scales:
    return Scales(*(_tables()[name].astype(np.float64) for name in Scales._fields))


def answer(seen: Floats) -> Answer:
    """What the networks say of [traits + facts + leanings], differences from the claim and the claim itself."""
    t, scales = _tables(), _scales()
    z = whitened(seen, scales)
    logs = np.mean([forward(z, layers) for layers in _layers()], axis=0)
    fault = logs[1:] - logs[1:].max()
    total = float(logs[1:].max() + np.log(np.exp(fault).sum()))
    away = np.nan_to_num(seen[: scales.clean_mean.size] - scales.clean_mean) / scales.clean_spread
    return Answer(total - float(logs[0]), float(t["threshold"]), np.exp(fault) / np.exp(fault).sum(), away, seen[-LEANINGS:])


def clean_factors() -> tuple[Floats, Floats, Floats]:
    """How the traits scatter over clean mels: their spreads [traits], and in these factors [traits, k] and own variances."""
    scales = _scales()
    return scales.clean_spread, scales.factors, scales.own
