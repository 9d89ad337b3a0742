"""What one bridge costs on one clip: translated against natively extracted, where both sides can say something.

Not here: the loop over pairs, clips and files, and the table (`melpact.verbs.bridges`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.grids import Floats, audible, moved, nats, reaches
from melpact.bridges.table import REGIONS_HZ
from melpact.contract.dialect import dialect, dialect_for, dialects
from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec

_BAND_LIMIT = 0.95
"""Share of half the sample rate up to which a recording is taken to hold sound."""


@lru_cache(maxsize=1)
def published() -> Mapping[str, MelSpec]:
    """The description of the head of every family. Where a family asks for numbers, those it was checked with, else those
    of its last form."""
    found: dict[str, MelSpec] = {}
    for one in dialects().values():
        if one.name != one.family_name:
            continue
        checked = dialect_for(one.reference_id)
        if checked.asks:
            checked = dialect(f"{one.name}:{list(one.member.forms)[-1]}", **checked.facts)
        found[one.name] = checked.spec
    return MappingProxyType(found)


@dataclass(frozen=True, eq=False)
class Distances:
    """Sums over values that count, per region of `REGIONS_HZ`: |error|, |native - its band's mean|, and how many."""

    error: Floats
    null: Floats
    count: NDArray[np.int64]

    @classmethod
    def none(cls) -> Distances:
        """Nothing measured yet."""
        regions = len(REGIONS_HZ) - 1
        return cls(np.zeros(regions), np.zeros(regions), np.zeros(regions, np.int64))

    def __add__(self, other: Distances) -> Distances:
        return Distances(self.error + other.error, self.null + other.null, self.count + other.count)

    @property
    def mean_nat(self) -> float:
        """Mean |error| in nat (NaN where nothing counts)."""
        return float(self.error.sum() / self.count.sum()) if self.count.sum() else float("nan")

    @property
    def mean_null_nat(self) -> float:
        """The same for the null: each band's own mean."""
        return float(self.null.sum() / self.count.sum()) if self.count.sum() else float("nan")

    @property
    def regions_nat(self) -> tuple[float, ...]:
        """Mean |error| per region; NaN where nothing counts."""
        return tuple(float(e / n) if n else float("nan") for e, n in zip(self.error, self.count, strict=True))


def counts(native: Mel, source: Mel, sample_rate: int) -> NDArray[np.bool_]:
    """Which values of a natively extracted mel a translation can be held to, bool [n_mels, frames].

    Those above its own floor and inside its clips, where all values of the source around them are so too, in bands that the
    source holds and the recording (of that sample rate) reaches.
    """
    here = moved(audible(source).astype(np.float64), source.spec, native.spec, native.n_frames) > 1 - 1e-9
    bands = reaches(source.spec, native.spec) & (centres_hz(native.spec) < _BAND_LIMIT * sample_rate / 2)
    return np.asarray(audible(native) & here & bands[:, None])


def distances(made: Mel, native: Mel, source: Mel, sample_rate: int) -> Distances:
    """How far a translated mel is from the one extracted natively.

    Args:
        made, native: mels of one description; a frame more or less at the end is left out.
        source: the mel that `made` came from.
        sample_rate: of the recording behind all of them, Hz.
    """
    frames = min(made.n_frames, native.n_frames)
    wanted, got = nats(native)[:, :frames], nats(made)[:, :frames]
    use = counts(native, source, sample_rate)[:, :frames]
    size = np.maximum(use.sum(axis=1), 1)
    mean = np.where(use, wanted, 0.0).sum(axis=1) / size
    error = np.where(use, np.abs(got - wanted), 0.0).sum(axis=1)
    null = np.where(use, np.abs(wanted - mean[:, None]), 0.0).sum(axis=1)
    region = np.clip(np.searchsorted(REGIONS_HZ, centres_hz(native.spec), side="right") - 1, 0, len(REGIONS_HZ) - 2)
    sums: list[Floats] = [
        np.asarray(np.bincount(region, weights=x, minlength=len(REGIONS_HZ) - 1), np.float64)
        for x in (error, null, use.sum(axis=1))
    ]
    return Distances(sums[0], sums[1], sums[2].astype(np.int64))


def excerpt(audio: Audio, seconds: float) -> Audio:
    """The middle of a recording, mono."""
    mono = audio.mono()
    length = min(mono.n_samples, round(seconds * mono.sample_rate))
    start = (mono.n_samples - length) // 2
    return Audio.of(mono.samples[:, start : start + length], mono.sample_rate)
