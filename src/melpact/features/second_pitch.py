"""Another program's pitch tracker beside ours: WORLD's DIO, refined by StoneMask, where pyworld is installed.

It finds the fundamental as a sine among filtered bands, where `pitch` correlates the sound with itself: they err in
different places. Sources: Morise, Kawahara and Nishiura 2010, "Rapid F0 estimation for high-SNR speech based on fundamental
component extraction"; Morise 2010 (StoneMask, in WORLD).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from melpact.features.octaves import Repairs, joined, repaired
from melpact.features.pitch import HIGHEST_HZ, LOWEST_HZ, STEP_S, track_pitch

Float32 = NDArray[np.float32]
SECOND = "WORLD's DIO and StoneMask"


def second_track(samples: Float32, sample_rate: int) -> Float32 | None:
    """Hz at the moments of `pitch.track_pitch`, 0 where unvoiced; None where pyworld is not installed."""
    if find_spec("pyworld") is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld

    frames = int(samples.size / sample_rate / STEP_S) + 1
    x = samples.astype(np.float64)
    if x.size < 64 or np.abs(x).max() < 1e-5:
        return np.zeros(frames, np.float32)
    ms = 1000 * STEP_S
    rough, times = pyworld.dio(x, sample_rate, f0_floor=LOWEST_HZ, f0_ceil=HIGHEST_HZ, frame_period=ms)
    made = pyworld.stonemask(x, rough, times, sample_rate)[:frames]
    return np.pad(made, (0, frames - made.size)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class SurePitch:
    """Hz every `pitch.STEP_S`, 0 where unvoiced: what is taken, what each tracker said, and what was put right."""

    taken: Float32
    first: Float32
    second: Float32 | None
    repairs: Repairs


def sure_pitch(samples: Float32, sample_rate: int) -> SurePitch:
    """Of mono samples: `pitch.track_pitch` put right by the second tracker, or by itself where there is none."""
    own = track_pitch(samples, sample_rate)
    other = second_track(samples, sample_rate)
    taken, repairs = repaired(own, STEP_S) if other is None else joined(own, other, STEP_S, SECOND)
    return SurePitch(taken, own, other, repairs)
