"""F0 of both sides, by WORLD (DIO, then StoneMask), once per sound for every metric that needs it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

Floats = NDArray[np.float64]

FRAME_S = 0.005
F0_MIN_HZ, F0_MAX_HZ = 71.0, 800.0
FEWEST_FRAMES = 20
"""Voiced frames on both sides (100 ms) below which nothing is said."""
EDGE_FRAMES = 2
"""Next to where the voice starts or stops the F0 is a guess: on speech with noise at 30 dB these two frames alone raise the
error from 5 to 30 cents, and it no longer grows with the noise."""
PACKAGES = ("pyworld", "pkg_resources")
INSTALL = "pip install 'melpact[evaluate]'"
SOURCE = "F0 by WORLD (Morise et al. 2016: DIO and StoneMask, 71 to 800 Hz, every 5 ms, at 16 kHz) through pyworld"
_RATE_HZ = 16000


def world() -> Any:
    """The module pyworld, without the warning that its import of pkg_resources gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld

    return pyworld


def f0(sound: Sound) -> Floats:
    """F0 in Hz every `FRAME_S` from time 0, float64 [frames]; 0 where unvoiced."""

    def make() -> Floats:
        rate = min(_RATE_HZ, sound.rate)
        wave: Floats = sound.at(rate).astype(np.float64)
        tools, period = world(), FRAME_S * 1000
        rough, times = tools.dio(wave, rate, f0_floor=F0_MIN_HZ, f0_ceil=F0_MAX_HZ, frame_period=period)
        track: Floats = tools.stonemask(wave, rough, times, rate)
        return track

    return sound.keep(("f0",), make)


def times_s(track: NDArray[Any]) -> Floats:
    """The time of every frame."""
    return np.arange(len(track), dtype=np.float64) * np.float64(FRAME_S)


def tracks(pair: Pair) -> tuple[Floats, Floats]:
    """F0 in Hz of the original and of what was made of it, of one length."""
    x, y = f0(pair.original), f0(pair.made)
    count = min(len(x), len(y))
    return x[:count], y[:count]


def _inside(voiced: NDArray[np.bool_], edge: int) -> NDArray[np.bool_]:
    """Voiced frames with at least `edge` voiced ones on either side."""
    padded = np.pad(voiced, edge)
    inside: NDArray[np.bool_] = np.all([padded[i : i + len(voiced)] for i in range(2 * edge + 1)], axis=0)
    return inside


def voiced_tracks(pair: Pair, edge: int = 0) -> tuple[Floats, Floats]:
    """F0 in Hz on the frames that are voiced on both sides.

    Args:
        edge: frames next to where the voice starts or stops on either side that are left out as well.

    Raises:
        NotMeasured: there are fewer than `FEWEST_FRAMES`, and how many there are.
    """
    x, y = tracks(pair)
    both = _inside(x > 0, edge) & _inside(y > 0, edge)
    if both.sum() < FEWEST_FRAMES:
        counts = f"{int((x > 0).sum())} in the original, {int((y > 0).sum())} in the system's"
        raise NotMeasured(
            f"{int(both.sum())} frames of {FRAME_S * 1000:.0f} ms are voiced on both sides ({counts}); "
            f"at least {FEWEST_FRAMES} are needed"
        )
    return x[both], y[both]


def cents(x: Floats, y: Floats) -> Floats:
    """How far y lies above x, in hundredths of a semitone."""
    return 1200 * np.log2(y / x)
