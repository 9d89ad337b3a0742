"""Levels of the mel of the comparison in dB, and what an utterance contributes to the distribution metrics.

Every dialect is brought to one unit (dB of magnitude re its own reference of 1), so that a distance reads the same whether
the comparison is in nats, decades or a scaled mel. Contributions are sums: any set of utterances is totalled by adding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.align import MAX_LAG_S
from melpact.bench.metrics._mel import mel
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.contract.spec import MelSpec

# Below the loudest value of the original by more than this, both sides are raised to the same floor: what no one hears
# (digital zeros against dither) must not decide a distance.
DEPTH_DB = 80.0
FEWEST_FRAMES = 8
BIN_DB = 0.5


def level_db(sound: Sound, spec: MelSpec) -> NDArray[np.float32]:
    """Mel in dB (20 log10 of magnitude, 10 log10 of power), float32 [n_mels, frames].

    Raises:
        NotMeasured: too short for a few frames.
    """
    return sound.keep(("mel level", spec), lambda: _level(sound, spec))


def _level(sound: Sound, spec: MelSpec) -> NDArray[np.float32]:
    values = mel(sound, spec)
    if values.shape[1] < FEWEST_FRAMES:
        raise NotMeasured(f"{values.shape[1]} frames are too few for a distribution; {FEWEST_FRAMES} are needed")
    per_decade = 20.0 / spec.power
    gain = spec.log_gain
    if gain is None:
        found: NDArray[np.float32] = np.float32(per_decade) * np.log10(np.maximum(values, 1e-10))
    else:
        found = (values + np.float32(spec.reference)) * np.float32(per_decade / (gain * math.log(10)))
    return found


def both_db(pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Levels of original and system, each raised to 80 dB below the original's loudest value; float32 [n_mels, frames].

    The system's sound is taken as it came where its length is another one by more than a delay explains, else aligned.

    Raises:
        NotMeasured: silence, or too few frames.
    """

    def make() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        same_length = abs(pair.made_whole.seconds - pair.original.seconds) <= MAX_LAG_S
        sound = pair.made if same_length else pair.made_whole
        if sound.silent:
            raise NotMeasured("the system's sound is silent")
        original = level_db(pair.original, pair.mel_spec)
        made = level_db(sound, pair.mel_spec)
        floor = original.max() - np.float32(DEPTH_DB)
        return np.maximum(original, floor), np.maximum(made, floor)

    return pair.keep("mel levels", make)


def require_one_mel(shapes: Iterable[tuple[int, ...]]) -> None:
    """Refuse to add up observations of different mels.

    Raises:
        NotMeasured: the shapes differ.
    """
    different = sorted(set(shapes))
    if len(different) > 1:
        raise NotMeasured(f"the utterances were compared in different mels: {' and '.join(map(str, different))}")


# Moments: frames, sum [n_mels], sum of products [n_mels, n_mels], of original and system.
Moments = tuple[int, NDArray[np.float64], NDArray[np.float64], int, NDArray[np.float64], NDArray[np.float64]]


def moments(pair: Pair) -> Moments:
    """What the utterance adds to means and covariances of both sides."""
    sides: list[int | NDArray[np.float64]] = []
    for level in both_db(pair):
        values = level.astype(np.float64)
        sides += [values.shape[1], values.sum(axis=1), values @ values.T]
    return tuple(sides)  # type: ignore[return-value]


# Counts: index of the first bin, counts [n_mels, bins], of original and system.
Counts = tuple[int, NDArray[np.uint32], int, NDArray[np.uint32]]


def counts(pair: Pair) -> Counts:
    """Histogram of each band of both sides, in bins of 0.5 dB whose edges are multiples of 0.5 dB."""

    def make() -> Counts:
        original, made = both_db(pair)
        return (*_histogram(original), *_histogram(made))

    return pair.keep("mel counts", make)


def _histogram(level: NDArray[np.float32]) -> tuple[int, NDArray[np.uint32]]:
    index = np.floor(level / np.float32(BIN_DB)).astype(np.int64)
    first, width = int(index.min()), int(index.max()) - int(index.min()) + 1
    flat = (index - first) + width * np.arange(level.shape[0])[:, None]
    counted = np.bincount(flat.ravel(), minlength=width * level.shape[0])
    return first, counted.reshape(level.shape[0], width).astype(np.uint32)


def cumulated(observations: Sequence[Counts]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cumulative distribution of each band at the upper edge of each bin, original and system, float64 [n_mels, bins]."""
    require_one_mel(one[1].shape[:1] for one in observations)
    low = min(min(one[0], one[2]) for one in observations)
    high = max(max(one[0] + one[1].shape[1], one[2] + one[3].shape[1]) for one in observations)
    sums = np.zeros((2, observations[0][1].shape[0], high - low))
    for first, original, first_made, made in observations:
        sums[0, :, first - low : first - low + original.shape[1]] += original
        sums[1, :, first_made - low : first_made - low + made.shape[1]] += made
    np.cumsum(sums, axis=2, out=sums)
    sums /= sums[:, :, -1:]
    return sums[0], sums[1]
