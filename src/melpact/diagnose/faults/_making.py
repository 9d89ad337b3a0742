"""Mels from sound, from linear bands, from nats or from raw values, all in a description that is only claimed.

"Nats" are the natural log of the linear mel value, whatever log the description takes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling, measure
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.features.analysis import extract

Array = NDArray[np.float64]
_FAINTEST = 1e-10


def sound(audio: Audio | None) -> Audio:
    """The audio, which the public method of a fault has checked to be there."""
    if audio is None:
        raise ContractError("this fault is made from the sound", wanted="audio=…")
    return audio


def unscaled(spec: MelSpec) -> MelSpec:
    """The description without what happens after the log."""
    return spec.replace_quietly(scaling=NoScaling())


def of_raw(raw: Array, claim: MelSpec) -> Mel:
    """Raw values [n_mels, frames] (in whatever unit they are) → scaled as the claimed description's program does."""
    names = claim.scaling.needs()
    facts = measure([raw]) if names else {}
    utterance = {name: facts[name] for name in names}
    return Mel(claim.scaling.apply(np.asarray(raw, np.float64), utterance).astype(np.float32), claim, utterance)


def with_values(mel: Mel, values: Array) -> Mel:
    """Other values in the same description, with the same statistics of the utterance."""
    return Mel(np.asarray(values, np.float32), mel.spec, mel.utterance)


def extracted(audio: Audio | None, made: MelSpec, claim: MelSpec) -> Mel:
    """Sound analysed as `made` up to the log, then scaled as `claim`: what a program with one wrong number writes."""
    return of_raw(extract(sound(audio), unscaled(made)).values.astype(np.float64), claim)


def linear(audio: Audio | None, spec: MelSpec) -> Array:
    """The linear mel [n_mels, frames] of sound, before floor and log."""
    bare = {"log": "none", "floor": 0.0, "floor_kind": "none", "reference": 0.0}
    return extract(sound(audio), unscaled(spec).replace_quietly(**bare)).values.astype(np.float64)


def of_linear(bands: Array, claim: MelSpec, floor: float | None = None, floor_kind: str | None = None) -> Mel:
    """Linear bands → floor (the claimed one unless another is given) → claimed log and scaling."""
    floor, kind = claim.floor if floor is None else floor, floor_kind or claim.floor_kind
    if kind == "clamp":
        bands = np.maximum(bands, floor)
    elif kind == "add":
        bands = bands + floor
    if claim.log == "none":
        return of_raw(bands, claim)
    return of_nats(np.log(np.maximum(bands, 1e-30)), claim)


def nats(mel: Mel) -> Array:
    """ln of the linear mel value, [n_mels, frames]."""
    raw = mel.raw().values.astype(np.float64)
    gain = mel.spec.log_gain
    if gain is None:
        return np.log(np.maximum(raw, max(mel.spec.floor, _FAINTEST)))
    return (raw + mel.spec.reference) / gain


def of_nats(values: Array, claim: MelSpec) -> Mel:
    """ln of the linear mel value → claimed log, reference and scaling."""
    gain = claim.log_gain
    return of_raw(np.exp(values) if gain is None else gain * values - claim.reference, claim)


def floor_nats(spec: MelSpec) -> float:
    """ln of the floor; of 1e-10 where there is none."""
    return math.log(spec.floor if spec.floor > 0 else _FAINTEST)


def per_nat(mel: Mel) -> Array:
    """How far the values move when the linear mel doubles e-fold, per band [n_mels, 1], in the middle of the mel's range."""
    gain = mel.spec.log_gain or 1.0
    middle = np.full((mel.n_mels, 1), float(np.median(mel.raw().values)))
    step = 0.01 * gain
    scaling = mel.spec.scaling
    return (scaling.apply(middle + step, mel.utterance) - scaling.apply(middle, mel.utterance)) / 0.01


def floor_values(mel: Mel) -> Array:
    """What the log floor reads after the scaling, per band [n_mels, 1]."""
    floor = np.full((mel.n_mels, 1), mel.spec.floor_value)
    return np.maximum(mel.spec.scaling.apply(floor, mel.utterance), mel.spec.scaling.bounds()[0])


def has_log(spec: MelSpec) -> str | None:
    """A reason to refuse a linear mel."""
    return "its values are linear, there is no log" if spec.log == "none" else None


def has_plain_values(spec: MelSpec) -> str | None:
    """A reason to refuse a description whose program normalises already."""
    if not isinstance(spec.scaling, NoScaling):
        return f"its values are scaled already ({spec.scaling.kind})"
    return has_log(spec)
