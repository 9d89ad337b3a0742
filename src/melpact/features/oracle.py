"""The plain float64 definition of every mel: slow, short, and what the production engine is held to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import filterbank
from melpact.contract.scaling import Utterance, measure
from melpact.contract.spec import MelSpec
from melpact.features.framing import check_length, pad, preemphasise
from melpact.features.window import window


def oracle(samples: NDArray[Any], spec: MelSpec) -> NDArray[np.float64]:
    """Samples at the description's rate → mel.

    Args:
        samples: [time], in [-1, 1].
        spec: the description.

    Returns:
        float64 [n_mels, spec.frames(time)], in the description's unit and scaling.
    """
    raw = oracle_raw(samples, spec)
    utterance: Utterance = measure([raw]) if spec.scaling.needs() else {}
    return np.asarray(spec.scaling.apply(raw, utterance), np.float64)


def oracle_raw(samples: NDArray[Any], spec: MelSpec) -> NDArray[np.float64]:
    """The same before scaling."""
    return compress(filterbank(spec) @ spectrum(samples, spec), spec)


def spectrum(samples: NDArray[Any], spec: MelSpec) -> NDArray[np.float64]:
    """|STFT| or |STFT|², with the description's epsilon: float64 [n_bins, frames]."""
    x = np.asarray(samples, np.float64) * spec.waveform_scale
    check_length(spec, x.size)
    padded = pad(preemphasise(x, spec), spec)
    frames = np.lib.stride_tricks.sliding_window_view(padded, spec.frame_length)[:: spec.hop_length]
    frames = frames[: spec.frames(x.size)].copy()
    if spec.remove_dc:
        frames -= frames.mean(axis=1, keepdims=True)
    if spec.preemphasis_kind == "frame":
        frames -= spec.preemphasis * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    transform = np.fft.rfft(frames * window(spec), spec.n_fft, axis=1).T
    power = transform.real**2 + transform.imag**2
    if spec.epsilon_kind == "inside":
        power = power + spec.epsilon
    elif spec.epsilon_kind == "clamp":
        power = np.maximum(power, spec.epsilon)
    if spec.power == 2:
        return power
    return np.sqrt(power) + (spec.epsilon if spec.epsilon_kind == "outside" else 0.0)


def compress(mel: NDArray[np.float64], spec: MelSpec) -> NDArray[np.float64]:
    """Linear mel → floor, log and reference of the description."""
    if spec.floor_kind == "clamp":
        mel = np.maximum(mel, spec.floor)
    elif spec.floor_kind == "add":
        mel = mel + spec.floor
    gain = spec.log_gain
    return mel if gain is None else gain * np.log(mel) - spec.reference


def expand(raw: NDArray[Any], spec: MelSpec) -> NDArray[np.float64]:
    """The inverse of `compress`: raw log mel → linear mel, never below 0; a clamped floor stays where it was clamped."""
    values = np.asarray(raw, np.float64)
    gain = spec.log_gain
    linear = values if gain is None else np.exp((values + spec.reference) / gain)
    return np.maximum(linear - spec.floor, 0.0) if spec.floor_kind == "add" else np.maximum(linear, 0.0)
