"""The power spectrum where the magnitude is believed."""

from collections.abc import Iterator

from melpact.diagnose.blind import other_power
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.powers import power_alternatives


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    if evidence.spec.power == 1:
        yield from power_alternatives("power_for_magnitude", evidence.spec, 2)


PLUGIN = explained("power_for_magnitude", _alternatives, blind=other_power("power_for_magnitude"))
