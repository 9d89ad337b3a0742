"""What survives a trip through a mel: distances between the original sound and one made from its mel, beside their nulls.

The distances are the bench's where it has them; perceptual scores are not computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.metric import metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.features.analysis import analyse

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """One distance: its name, unit, meaning, and its value (or the reason why there is none) per system."""

    name: str
    unit: str
    best: float
    meaning: str
    values: Mapping[str, float | str]


def _measured(name: str) -> Callable[[Pair], float]:
    metric = metrics()[name]
    return lambda found: metric.value([metric.measure(found)])


def _mel_correlation(found: Pair) -> float:
    waves = (found.original.wave, found.made.wave)
    a, b = (analyse(wave, found.mel_spec)[0].astype(np.float64) for wave in waves)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = math.sqrt(float((a * a).sum() * (b * b).sum()))
    if spread <= 1e-9 * a.size:
        raise NotMeasured("one of the two does not change over time")
    return float((a * b).sum()) / spread


def _level(found: Pair) -> float:
    rms = [float(np.sqrt(np.mean(np.square(s.wave, dtype=np.float64)))) for s in (found.original, found.made)]
    if min(rms) == 0:
        raise NotMeasured("no level: one of the two is silent")
    return 20 * math.log10(rms[1] / rms[0])


def kept(original: Wave, systems: Mapping[str, Wave], spec: MelSpec) -> tuple[Kept, ...]:
    """Compare waveforms of one length and rate with the original; nothing is aligned.

    Args:
        original: float32 [time] at the description's rate.
        systems: name → float32 [time]; put nulls (silence, noise, a constant mel) and ceilings among them.
        spec: the description whose mel is used; its scaling is left out.

    Returns:
        One `Kept` per distance. A value that cannot be computed is a sentence that says why, never a number.
    """
    plain = spec.replace_quietly(scaling=NoScaling())
    reference = Sound(Audio.of(original, spec.sample_rate), spec.sample_rate)
    pairs = {
        system: pair(reference, Audio.of(wave, spec.sample_rate), max_lag_s=0, spec=plain)
        for system, wave in systems.items()
    }
    rows: tuple[tuple[str, str, float, str, Callable[[Pair], float]], ...] = (
        ("mel error", spec.unit, 0.0, "mean |difference| of the two mels", _measured("mel_mae")),
        ("mel correlation", "r", 1.0, "movement of all bands over time", _mel_correlation),
        (
            "spectral convergence",
            "",
            0.0,
            "|STFT| error relative to the original; 1 is silence",
            _measured("spectral_convergence"),
        ),
        ("log-spectral distance", "dB", 0.0, "rms over bins, 80 dB range", _measured("log_spectral_distance")),
        ("level", "dB", 0.0, "loudness difference (rms)", _level),
    )
    return tuple(
        Kept(name, unit, best, meaning, {system: _said(value, found) for system, found in pairs.items()})
        for name, unit, best, meaning, value in rows
    )


def _said(value: Callable[[Pair], float], found: Pair) -> float | str:
    try:
        return value(found)
    except MelpactError as reason:
        return str(reason).rstrip(".")
