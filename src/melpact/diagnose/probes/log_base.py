"""Another base of the logarithm: ln, log10 and log2 taken for one another, or converted once too often."""

import math
from collections.abc import Iterator

from melpact.diagnose.blind import other_unit
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.units import unit_alternative

_DECADE = 1 / math.log(10)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    others = {
        "ln": (("log10", _DECADE), ("log2", 1 / math.log(2)), ("log10 of what was a log10 already converted", _DECADE**2)),
        "log10": (("ln", 1.0), ("log2", 1 / math.log(2)), ("ln times 2.303", 1 / _DECADE)),
    }
    for name, gain in others.get(spec.log, ()):
        yield unit_alternative("log_base", spec, name, gain)


PLUGIN = explained("log_base", _alternatives, blind=other_unit("log_base"))
