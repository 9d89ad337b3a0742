"""The frames lie further apart, or closer, than believed: the sound would run at another speed."""

from collections.abc import Iterator

from melpact.diagnose.duration import ratio
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, specs
from melpact.diagnose.scan import nearest
from melpact.diagnose.units import remedy_to


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec, found = evidence.spec, ratio(evidence)
    if found is None or not found.off:
        return
    hop = spec.hop_length / found.value
    reach = max(1, round(hop * found.error))
    tried = {float(round(hop) + d) for d in range(-reach, reach + 1, max(1, reach // 4))} - {float(spec.hop_length)}
    best = nearest(evidence, tried, lambda h: {"hop_length": round(h)}, refine=2)
    changes = (
        (
            f"the hop is {h:.0f} samples where {spec.hop_length} is believed (duration × {found.value:.3f})",
            {"hop_length": round(h)},
        )
        for h in best
    )
    yield from specs("hop", spec, changes, field="hop_length", remedy=remedy_to(spec))


PLUGIN = explained("hop", _alternatives, needs="audio")
