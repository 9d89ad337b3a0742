"""The log mel squeezed into a fixed interval ([0, 1], [-1, 1], [-4, 4] …) and read as a log mel."""

from collections.abc import Iterator

from melpact.diagnose.affine import lines, scale_only
from melpact.diagnose.blind_scaling import normalised
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference
from melpact.diagnose.normalised import INTERVALS, looks_windowed


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    interval = looks_windowed(evidence)
    if found is None or interval is None or interval not in INTERVALS:
        return
    low, high = interval
    slope = (found.slope, found.offset)
    at_floor = slope[0] * float(found.reference.min()) + slope[1]
    if slope[0] <= 0 or abs(slope[0] - 1) < 0.2 or at_floor < low - 0.15 * (high - low):
        return
    label = f"the values were mapped to [{low:g}, {high:g}] and this was not undone"
    remedy = (
        "melpact redescribe PRED --dialect DIALECT -o OUT, then melpact translate OUT --to DIALECT -o DIR  "
        "(--dialect: what it is, one with that window)"
    )
    yield Alternative(
        "window_not_undone", label, of_reference(lambda x: found.whole(x).clip(low, high)), remedy, "scaling", free=1
    )


PLUGIN = explained("window_not_undone", _alternatives, blind=normalised("window_not_undone"), more=scale_only)
