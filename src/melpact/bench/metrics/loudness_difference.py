"""How far the momentary loudness is from the original's, block by block.

The programme loudness itself is in `melpact.audio.loudness`. Its difference is not used: noise of the original's level
has nearly the original's programme loudness, and a constant gain moves both differences alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0


def momentary_lufs(sound: Sound) -> NDArray[np.float64]:
    """Loudness of 400 ms blocks with 75 % overlap, at least -70 LUFS, the absolute gate; float64 [blocks].

    Raises:
        NotMeasured: shorter than a block, or a rate below 8 kHz.
    """
    return sound.keep("momentary loudness", lambda: _momentary(sound))


def _momentary(sound: Sound) -> NDArray[np.float64]:
    from scipy.signal import sosfilt

    from melpact.audio.loudness import k_weighting

    if sound.rate < 8000:
        raise NotMeasured(f"K-weighting needs 8000 Hz or more; the comparison is at {sound.rate} Hz")
    if sound.seconds < _BLOCK_S:
        raise NotMeasured(f"{sound.seconds:.2f} s are shorter than one block of loudness, {_BLOCK_S} s")
    sections = np.array([[*b, *a] for b, a in k_weighting(sound.rate)])
    weighted = sosfilt(sections, sound.wave.astype(np.float64))
    block, step = round(_BLOCK_S * sound.rate), _STEP_S * sound.rate
    starts = np.rint(np.arange(int((weighted.size - block) / step) + 1) * step).astype(np.int64)
    starts = starts[starts + block <= weighted.size]
    energy = np.concatenate([[0.0], np.cumsum(weighted * weighted)])
    power = (energy[starts + block] - energy[starts]) / block
    return np.asarray(np.maximum(-0.691 + 10 * np.log10(np.maximum(power, 1e-12)), _ABSOLUTE_GATE_LUFS))


def observe(pair: Pair) -> float:
    original, made = momentary_lufs(pair.original), momentary_lufs(pair.made)
    audible = original > _ABSOLUTE_GATE_LUFS
    if not audible.any():
        raise NotMeasured("nothing in the original is louder than -70 LUFS")
    programme = 10 * np.log10(np.mean(10 ** (original[audible] / 10)))
    counted = audible & (original > programme + _RELATIVE_GATE_LU)
    return float(np.abs(made - original)[counted].mean())


PLUGIN = Metric(
    title="Loudness difference",
    unit="LU",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="By how many loudness units the system is louder or softer than the original: mean absolute difference of "
    "the momentary loudness over the blocks that the original's gate keeps. A constant gain of 3 dB gives 3; 1 LU is "
    "about what is just heard.",
    source="ITU-R BS.1770-4, eq. 1 to 7 (K-weighting, 400 ms blocks, both gates)",
    ignores=("polarity", "delay"),
)
