"""The magnitude spectrum where the power is believed."""

from collections.abc import Iterator

from melpact.diagnose.blind import other_power
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.powers import power_alternatives


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    if evidence.spec.power == 2:
        yield from power_alternatives("magnitude_for_power", evidence.spec, 1)


PLUGIN = explained("magnitude_for_power", _alternatives, blind=other_power("magnitude_for_power"))
