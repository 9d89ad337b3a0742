"""`Habit`: a metric as it is often computed, without asking whether there is anything to measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.sound import Pair


@dataclass(frozen=True)
class Habit(Metric):
    """A metric that looks at the sounds as they came and always gives a number."""

    def measure(self, pair: Pair) -> Any:
        """What `observe` says, whatever the sounds are."""
        return self.observe(pair)


def as_they_came(pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Original and system, cut to the shorter, nothing aligned; float64 [time]."""
    x, y = pair.original.wave, pair.made_whole.wave
    length = min(x.size, y.size)
    return x[:length].astype(np.float64), y[:length].astype(np.float64)


def log_mels(pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both log mels without alignment, cut to the shorter; float64 [n_mels, frames]."""
    from melpact.contract.scaling import NoScaling
    from melpact.features.analysis import analyse

    spec = pair.mel_spec.replace_quietly(scaling=NoScaling())
    a, b = (analyse(sound.at(spec.sample_rate), spec)[0].astype(np.float64) for sound in (pair.original, pair.made_whole))
    frames = min(a.shape[1], b.shape[1])
    return a[:, :frames], b[:, :frames]
