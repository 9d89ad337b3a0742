"""What survives a trip through a mel: distances between the original sound and one made from its mel, beside their nulls.

Five plain distances that need nothing but the two waveforms; perceptual scores are not computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.features.analysis import analyse
from melpact.features.oracle import spectrum

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """One distance: its name, unit, meaning, and its value (or the reason why there is none) per system."""

    name: str
    unit: str
    best: float
    meaning: str
    values: Mapping[str, float | str]


def _decibels(ratio: float) -> float:
    return 20 * math.log10(ratio)


def _mel_error(x: Wave, y: Wave, spec: MelSpec) -> float:
    a, b = (analyse(wave, spec)[0] for wave in (x, y))
    return float(np.mean(np.abs(a - b)))


def _mel_correlation(x: Wave, y: Wave, spec: MelSpec) -> float | str:
    a, b = (analyse(wave, spec)[0].astype(np.float64) for wave in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / spread if spread > 1e-9 * a.size else "one of the two does not change over time"


def _spectral_convergence(x: Wave, y: Wave, spec: MelSpec) -> float | str:
    a, b = (spectrum(wave, spec.replace_quietly(power=1, epsilon=0.0, epsilon_kind="none")) for wave in (x, y))
    loud = float(np.sqrt((a * a).sum()))
    distance = float(np.sqrt(((a - b) ** 2).sum()))
    if loud == 0:
        return "the original is silent"
    return _decibels(max(distance / loud, 1e-10))


def _log_spectral_distance(x: Wave, y: Wave, spec: MelSpec) -> float | str:
    a, b = (spectrum(wave, spec.replace_quietly(power=1, epsilon=0.0, epsilon_kind="none")) for wave in (x, y))
    top = float(a.max())
    if top == 0:
        return "the original is silent"
    floor = top * 1e-4
    log_a, log_b = (20 * np.log10(np.maximum(s, floor)) for s in (a, b))
    return float(np.sqrt(((log_a - log_b) ** 2).mean(axis=0)).mean())


def _level(x: Wave, y: Wave, spec: MelSpec) -> float | str:
    rms = [float(np.sqrt(np.mean(np.square(w, dtype=np.float64)))) for w in (x, y)]
    if min(rms) == 0:
        return "no level: one of the two is silent"
    return _decibels(rms[1] / rms[0])


def kept(original: Wave, systems: Mapping[str, Wave], spec: MelSpec) -> tuple[Kept, ...]:
    """Compare waveforms of one length and rate with the original.

    Args:
        original: float32 [time] at the description's rate.
        systems: name → float32 [time]; put nulls (silence, noise, a constant mel) and ceilings among them.
        spec: the description whose mel and framing are used; its scaling is left out.

    Returns:
        One `Kept` per distance. A value that cannot be computed is a sentence that says why, never a number.
    """
    plain = spec.replace_quietly(scaling=NoScaling())
    rows: tuple[tuple[str, str, float, str, Callable[[Wave, Wave, MelSpec], float | str]], ...] = (
        ("mel error", spec.unit, 0.0, "mean |difference| of the two mels", _mel_error),
        ("mel correlation", "r", 1.0, "movement of all bands over time", _mel_correlation),
        (
            "spectral convergence",
            "dB",
            -math.inf,
            "|STFT| error relative to the original; 0 is silence",
            _spectral_convergence,
        ),
        ("log-spectral distance", "dB", 0.0, "rms over bins, 80 dB range", _log_spectral_distance),
        ("level", "dB", 0.0, "loudness difference (rms)", _level),
    )
    return tuple(
        Kept(name, unit, best, meaning, {system: f(original, wave, plain) for system, wave in systems.items()})
        for name, unit, best, meaning, f in rows
    )
