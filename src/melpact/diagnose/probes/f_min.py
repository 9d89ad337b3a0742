"""The lowest band begins at another frequency."""

from collections.abc import Iterator

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.scan import nearest
from melpact.diagnose.units import remedy_to

_USUAL = (
    0.0,
    20.0,
    27.5,
    30.0,
    40.0,
    50.0,
    55.0,
    60.0,
    70.0,
    80.0,
    90.0,
    95.0,
    110.0,
    125.0,
    150.0,
    200.0,
    240.0,
    280.0,
    330.0,
)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    tried = {f for f in _USUAL if f != spec.f_min} | {spec.f_min + d for d in (20, 40, 60, 80, 120, 160, 200, 260)}
    found = nearest(evidence, tried, lambda f: {"f_min": f}, refine=1)
    changes = ((f"the bank begins at {f:.0f} Hz where {spec.f_min:g} Hz is believed", {"f_min": f}) for f in found)
    yield from specs("f_min", spec, changes, field="f_min", remedy=remedy_to(spec))


PLUGIN = explained("f_min", _alternatives, needs="audio")
