"""What a sound would have gone on like: its last period again, where it has one. For packets that were lost.

Source of the idea: ITU-T G.711 Appendix I (1999), waveform substitution by repeated pitch periods; written anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HIGHEST_HZ, LOWEST_HZ = 400.0, 66.0
COMPARED_S = 0.02
"""Over which a period and the one before are held against each other."""
HISTORY_S = COMPARED_S + 1 / LOWEST_HZ
"""Of the sound so far that is looked at."""


def period(history: NDArray[np.floating], sample_rate: int) -> tuple[int, float]:
    """The period at the end of a sound in samples, and its correlation with itself a period before, 0 to 1.

    Args:
        history: [N], `HISTORY_S` or more; of a shorter one nothing is said (1, 0).
    """
    compared = round(COMPARED_S * sample_rate)
    least, most = round(sample_rate / HIGHEST_HZ), round(sample_rate / LOWEST_HZ)
    if len(history) < compared + most:
        return 1, 0.0
    sound = np.asarray(history[len(history) - compared - most :], np.float64)
    last = sound[most:]
    before = np.lib.stride_tricks.sliding_window_view(sound, compared)[: most - least + 1][::-1]
    products = before @ last
    energies = np.einsum("ij,ij->i", before, before) * float(last @ last)
    alike = products / np.sqrt(np.maximum(energies, 1e-12))
    best = int(np.argmax(alike))
    # the shortest period that is nearly as good: multiples of it are as much alike
    for lag in range(best):
        if alike[lag] > 0.9 * alike[best] and alike[lag] == alike[max(0, lag - 2) : lag + 3].max():
            best = lag
            break
    return least + best, float(np.clip(alike[best], 0, 1))


def continued(history: NDArray[np.floating], lag: int, count: int) -> Floats:
    """So many samples more, each what lay `lag` before, float64 [count]."""
    repeated: Floats = np.resize(np.asarray(history[len(history) - lag :], np.float64), count)
    return repeated
