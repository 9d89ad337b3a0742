"""The highest band ends at another frequency."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.scan import nearest
from melpact.diagnose.units import remedy_to

_USUAL = (
    4000.0, 5500.0, 6000.0, 7000.0, 7600.0, 8000.0, 9000.0, 10000.0, 11025.0, 12000.0, 14000.0, 15000.0, 16000.0, 18000.0,
    20000.0,
    22050.0, 24000.0,
)  # fmt: skip


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    nyquist = spec.bank_sample_rate / 2
    tried = (
        {f for f in _USUAL if 0.5 < f / spec.f_max < 2.1}
        | {spec.f_max * r for r in np.exp(np.arange(-0.5, 0.7, 0.05))}
        | {nyquist}
    )
    tried = {f for f in tried if f <= nyquist and abs(f / spec.f_max - 1) > 0.004}
    found = nearest(evidence, tried, lambda f: {"f_max": f}, refine=3)
    changes = ((f"the bank ends at {f:.0f} Hz where {spec.f_max:g} Hz is believed", {"f_max": f}) for f in found)
    yield from specs("f_max", spec, changes, field="f_max", remedy=remedy_to(spec))


PLUGIN = explained("f_max", _alternatives, needs="audio")
