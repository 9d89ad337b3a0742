"""What the networks are shown: how a mel's traits differ from the claim's, the claim itself, and what bank it leans to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.claim.bank import leanings
from melpact.diagnose.claim.expected import expected
from melpact.diagnose.claim.traits import cells, facts, traits
from melpact.diagnose.evidence import Evidence


def compared(evidence: Evidence) -> NDArray[np.float64] | None:
    """[traits + facts + leanings]; nan where a trait does not show, None for a mel that cannot be compared."""
    found = cells(evidence)
    usual = expected(evidence.spec) if found is not None else None
    vector = traits(evidence, found) if usual is not None else None
    if found is None or usual is None or vector is None:
        return None
    leaning = leanings(found.level, found.live, evidence.spec)
    return np.concatenate([vector - usual, facts(evidence.spec, evidence.values.shape[1]), leaning])
