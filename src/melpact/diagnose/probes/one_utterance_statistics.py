"""Normalised with the utterance's own mean and spread (or extremes): exact 0 and 1 where a corpus gives only about that."""

from collections.abc import Iterator

from melpact.diagnose.affine import lines
from melpact.diagnose.blind_scaling import normalised
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference
from melpact.diagnose.normalised import looks_normalised


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    kind = looks_normalised(evidence)
    if found is None or kind is None or not kind.own:
        return
    label = f"the values were normalised with this utterance's own statistics ({kind.words}), which nobody has at synthesis"
    remedy = (
        "melpact stats CORPUS -o STATS, then normalise with those; this file alone: "
        "melpact calibrate fit PRED TARGET -o FILE"
    )
    predictions = [found.whole] if "0 to 1" in kind.words else [found.banded, found.shifted, found.whole]
    for predict in predictions:
        yield Alternative("one_utterance_statistics", label, of_reference(predict), remedy, "scaling", free=1)


PLUGIN = explained("one_utterance_statistics", _alternatives, blind=normalised("one_utterance_statistics"))
