"""Sound of another rate analysed as if it had the believed one: another duration and every formant moved."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.duration import ratio
from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, residual

Floats = NDArray[np.float64]
_USUAL = (8000, 11025, 12000, 16000, 20000, 22050, 24000, 32000, 40000, 44100, 48000)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec, found = evidence.spec, ratio(evidence)
    if found is None or not found.off:
        return
    rate = spec.sample_rate * found.value
    near = [r for r in _USUAL if abs(r / rate - 1) <= found.error + 0.002]
    steps = [round(rate * (1 + found.error * k / 2)) for k in (-2, -1, 0, 1, 2)]
    scored = []
    for r in {*near, *steps}:
        predicted = _as_if(evidence, r)
        if predicted is not None:
            a, b = shared(evidence.filled, predicted)
            scored.append((residual(a, b), r))
    for _, r in sorted(scored)[:2]:
        label = f"sound of {r} Hz was analysed as if it had {spec.sample_rate} Hz (duration × {found.value:.3f})"
        remedy = "melpact extract AUDIO -o OUT --dialect NAME  "
        remedy += f"(it resamples to {spec.sample_rate} Hz; the mel cannot be repaired)"
        yield Alternative("sample_rate", label, _of_rate(r), remedy, "sample_rate")


def _of_rate(rate: int) -> Callable[[Evidence], Floats | None]:
    return lambda evidence: _as_if(evidence, rate)


def _as_if(evidence: Evidence, rate: int) -> Floats | None:
    from melpact.core.errors import AudioTooShort
    from melpact.features.oracle import oracle

    try:
        return oracle(evidence.sound(rate), evidence.spec)
    except AudioTooShort:
        return None


PLUGIN = explained("sample_rate", _alternatives, needs="audio")
