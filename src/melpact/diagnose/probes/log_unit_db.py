"""Decibels for a bare log, a bare log for decibels, 10 log10 for 20 log10, or no log at all."""

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
    if spec.log in ("ln", "log10"):
        for factor in (20, 10):
            for reference in (0.0, 20.0, -20.0):
                minus = f" less {reference:g} dB" if reference else ""
                yield unit_alternative("log_unit_db", spec, f"dB ({factor} log10{minus})", factor * _DECADE, reference)
    elif spec.log != "none":
        other = 10 if spec.log == "db_amplitude" else 20
        for name, gain in (("ln", 1.0), ("log10", _DECADE), (f"{other} log10", other * _DECADE)):
            for reference in {0.0, spec.reference}:
                yield unit_alternative("log_unit_db", spec, name, gain, reference)


PLUGIN = explained("log_unit_db", _alternatives, blind=other_unit("log_unit_db"))
