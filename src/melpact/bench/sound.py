"""`Sound` and `Pair`: what a metric sees. Everything that several metrics need is computed once, when first asked for.

Alignment itself is in `melpact.bench.align`; nothing here scores.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.features.analysis import to_rate

Wave = NDArray[np.float32]
Kept = TypeVar("Kept")

_DIALECTS = {
    16000: "speecht5_16k",
    22050: "hifigan_22k",
    24000: "bigvgan_24k",
    32000: "gptsovits_32k",
    44100: "bigvgan_v2_44k_512x",
}


@lru_cache(maxsize=32)
def dialect_for(rate: int) -> MelSpec:
    """The mel that a comparison at `rate` Hz uses unless told: a common one of the highest rate that is not above it
    (16 kHz at least)."""
    fitting = [known for known in _DIALECTS if known <= rate]
    return dialect(_DIALECTS[max(fitting, default=min(_DIALECTS))]).spec


class Sound:
    """Mono audio at the rate of the comparison, and what has been derived from it so far.

    Args:
        audio: any audio; channels are averaged.
        rate: Hz of the comparison; the audio is resampled (soxr) where it has another.
    """

    def __init__(self, audio: Audio, rate: int) -> None:
        self.source_rate = audio.sample_rate
        self.audio = to_rate(audio, rate)
        self.rate = rate
        self._kept: dict[Hashable, Any] = {}

    @property
    def wave(self) -> Wave:
        """float32 [time] at `rate`."""
        samples: Wave = self.audio.samples[0]
        return samples

    @property
    def seconds(self) -> float:
        return self.audio.duration_s

    @property
    def silent(self) -> bool:
        """Whether nothing in it exceeds -90 dB of full scale."""
        return self.audio.peak < 10 ** (-90 / 20)

    def at(self, rate_hz: int) -> Wave:
        """float32 [time] at another rate."""
        return self.keep(("at", rate_hz), lambda: to_rate(self.audio, rate_hz).samples[0])

    def keep(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The value for `key`, made the first time it is asked for (say F0, an STFT or a mel, for several metrics)."""
        if key not in self._kept:
            self._kept[key] = make()
        found: Kept = self._kept[key]
        return found


@dataclass
class Pair:
    """An original and a system's version of it.

    Attributes:
        name: of the utterance.
        original: the reference.
        made: the system's sound, moved by `lag_samples` to lie on the original and cut or zero-padded to its length.
        made_whole: the system's sound as it came (what metrics without time alignment look at).
        lag_samples: how much later the system's sound was, at the rate of the comparison.
        gain: the factor that brings `made` closest to the original in the least-squares sense; negative where polarity is
        flipped.
        text: what is said, where it is known.
        seed: for metrics that draw random numbers.
        spec: the mel of the comparison; None: what `dialect_for` has for the rate.
    """

    name: str
    original: Sound
    made: Sound
    made_whole: Sound
    lag_samples: int = 0
    gain: float = 1.0
    text: str | None = None
    seed: int = 0
    spec: MelSpec | None = None
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def rate(self) -> int:
        return self.original.rate

    @property
    def mel_spec(self) -> MelSpec:
        """The mel of the comparison."""
        return self.spec or dialect_for(self.rate)

    def unfit(self) -> str | None:
        """Why nothing can be measured on this pair, or None."""
        if self.original.silent:
            return "the original is silent"
        if self.original.seconds < 0.05:
            return f"the original lasts {self.original.seconds * 1000:.0f} ms; at least 50 ms are needed"
        return None

    def keep(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """As `Sound.keep`, for what belongs to both sides (a DTW path)."""
        if key not in self._kept:
            self._kept[key] = make()
        found: Kept = self._kept[key]
        return found
