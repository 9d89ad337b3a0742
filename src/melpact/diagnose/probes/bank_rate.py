"""A filterbank that was built for another sample rate than the sound's: every band sits too low or too high."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.scan import nearest
from melpact.diagnose.units import remedy_to

_USUAL = (8000, 11025, 16000, 20000, 22050, 24000, 32000, 40000, 44100, 48000)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec

    def kept(rate: float) -> dict[str, Any]:
        return {"bank_sample_rate": round(rate)}

    def moved(rate: float) -> dict[str, Any]:
        return {"bank_sample_rate": round(rate), "f_max": spec.f_max * round(rate) / spec.bank_sample_rate}

    tried = {float(r) for r in _USUAL if 0.4 < r / spec.bank_sample_rate < 2.6}
    tried |= {spec.bank_sample_rate * float(r) for r in np.exp(np.arange(-0.6, 0.8, 0.06))}
    tried = {r for r in tried if abs(r / spec.bank_sample_rate - 1) > 0.004}
    rules = (kept, moved) if spec.f_max == spec.bank_sample_rate / 2 else (kept,)
    for rule in rules:
        found = nearest(evidence, tried, rule, refine=4, keep=2)
        changes = (
            (f"the bank was built for {r:.0f} Hz where {spec.bank_sample_rate} Hz is believed", rule(r)) for r in found
        )
        yield from specs("bank_rate", spec, changes, field="bank_sample_rate", remedy=remedy_to(spec))


PLUGIN = explained("bank_rate", _alternatives, needs="audio")
