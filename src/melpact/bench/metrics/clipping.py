"""How many more or fewer samples are clipped than in the original."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

_FULL_SCALE = 1 - 2.0**-15
_FLAT_TOP = 3


def clipped(wave: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which samples lie at or beyond full scale, or in a flat top: three or more equal ones in a row at the wave's
    maximum or minimum; bool [time]."""
    found = np.abs(wave) >= np.float32(_FULL_SCALE)
    for extreme in (wave.max(), wave.min()):
        if extreme == 0:
            continue
        places = np.flatnonzero(wave == extreme)
        if places.size < _FLAT_TOP:
            continue
        run = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        for one in run:
            if one.size >= _FLAT_TOP:
                found[one] = True
    return found


def share_percent(sound: Sound) -> float:
    """Clipped samples in per cent of all."""
    return sound.keep("clipped share", lambda: 100.0 * float(clipped(sound.wave).mean()))


def observe(pair: Pair) -> float:
    if pair.made_whole.silent:
        raise NotMeasured("the system's sound is silent")
    return abs(share_percent(pair.made_whole) - share_percent(pair.original))


PLUGIN = Metric(
    title="Clipping",
    unit="%",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Difference to the original, in percentage points, of the share of samples at or beyond full scale or in "
    "flat tops. A system that neither clips nor is given clipped sound has 0, however bad it is otherwise.",
    source="samples at full scale or in runs of three at the extreme; own definition",
    ignores=("polarity", "delay", "noise"),
)
