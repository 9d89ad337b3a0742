"""From samples to coefficients, to steps, to whole numbers: everything of the encoder that is no network.

A step belongs to two frames; it lies so many octaves from the level of the whole sound, follows that of its own frames in
part, and is coarser towards the high end. The same rules hold in training (train.coded).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.mdct import mdct

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOGETHER = 2
"""Frames that share a step."""
STEPS_PER_OCTAVE, LOWEST_OCTAVES, STEPS = 4, -20, 128
FRAMES_S, REFERENCE_HZ = 100, 16000
TILT, KNEE_HZ = 0.6, 1000.0
ROUNDING = 0.4
"""Added before rounding down: coefficients below 0.6 of a step are not coded."""
FOLLOWING = 0.35
LOUDEST_OCTAVES, QUIETEST_OCTAVES = 2.0, -4.0
MOST_CHANGE = 6
LARGEST = 1000
"""Of a coefficient in steps; `packing` has bits for no more than 1088."""
AT_ONCE = 1000
"""Frames that are transformed at a time: a long sound takes little more memory than its coefficients."""
_SILENT = -20.0


def profile(bins: int) -> Floats:
    """How much coarser than at 0 Hz the step of each coefficient is, [bins]."""
    places = np.arange(bins, dtype=np.float64) * (FRAMES_S / 2) / KNEE_HZ
    return (1 + places) ** TILT


def scale(bins: int) -> float:
    """Coefficients of an orthonormal transform are divided by it, so that they are alike at every sample rate."""
    return float(np.sqrt(bins * FRAMES_S / REFERENCE_HZ))


@dataclass(frozen=True, eq=False)
class Frames:
    """A piece of sound before quantisation.

    Attributes:
        coefficients: [T, bins], whatever the sample rate. octaves: level of every two frames, base 2 logarithm [T / 2].
    """

    coefficients: NDArray[np.float32]
    octaves: Floats

    @classmethod
    def of(cls, samples: NDArray[np.floating], bins: int) -> Frames:
        """Of samples [(T + 1) * bins]."""
        count = len(samples) // bins - 1
        coefficients, levels = np.empty((count, bins), np.float32), np.empty(count)
        for begin in range(0, count, AT_ONCE):
            part = slice(begin, min(begin + AT_ONCE, count))
            made = mdct(samples[begin * bins : (part.stop + 1) * bins], bins) / scale(bins)
            coefficients[part] = made
            levels[part] = 0.5 * np.log2(((made / profile(bins)) ** 2).mean(1) + 2.0 ** (2 * _SILENT))
        wide = np.pad(levels, 1, mode="edge")
        around = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])
        return cls(coefficients, around.reshape(-1, TOGETHER).max(1))

    def piece(self, begin: int, end: int) -> Frames:
        """The pairs of frames from `begin` to `end`."""
        return Frames(self.coefficients[TOGETHER * begin : TOGETHER * end], self.octaves[begin:end])


def loudness(octaves: Floats) -> float:
    """The level of the louder half of a sound, in octaves."""
    louder = np.sort(octaves)[-((len(octaves) + 1) // 2) :]
    return float(0.5 * np.log2(np.mean(4.0**louder)))


def indices(octaves: Floats, loud: float, offset: float) -> Ints:
    """The step of every two frames, `offset` octaves from a sound's level `loud`; neighbours never differ by more than
    `MOST_CHANGE`."""
    away = np.clip(octaves - loud, QUIETEST_OCTAVES, LOUDEST_OCTAVES)
    wanted = np.rint(STEPS_PER_OCTAVE * (loud + offset + FOLLOWING * away - LOWEST_OCTAVES)).astype(np.int64)
    wanted = np.clip(wanted, 0, STEPS - 1)
    for index in range(1, len(wanted)):
        before = wanted[index - 1]
        wanted[index] = min(max(wanted[index], before - MOST_CHANGE), before + MOST_CHANGE)
    return wanted


def sizes(steps: Ints, bins: int) -> Floats:
    """The step of every coefficient, [T, bins]."""
    octaves = np.repeat(steps, TOGETHER) / STEPS_PER_OCTAVE + LOWEST_OCTAVES
    made: Floats = 2.0 ** octaves[:, None] * profile(bins)
    return made


def quantised(inside: Floats) -> Ints:
    """Coefficients in steps → whole numbers."""
    whole = np.minimum(np.floor(np.abs(inside) + ROUNDING), LARGEST)
    return (np.sign(inside) * whole).astype(np.int64)
