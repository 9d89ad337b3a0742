"""What an aligner in training has learnt: from what its own texts cost beside others', and from its soft alignments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.diagnose.attention import attention
from melpact.diagnose.teaching import Reading, Teaching, interval

CHEAPER = 0.01
"""Share by which the own text has to be cheaper than another."""


def aligning(costs: Sequence[tuple[float, float]], alignments: Sequence[NDArray[Any]]) -> Teaching:
    """The verdict on an aligner; a scale is no matter of it.

    Args:
        costs: of utterances, nats per slot: with their own text, and with another's.
        alignments: soft ones of the same, [tokens, slots].

    Raises:
        ContractError: fewer than two utterances, or values that are no costs.
    """
    both = np.asarray(costs, np.float64)
    if both.ndim != 2 or len(both) < 2 or both.shape[1] != 2 or not np.isfinite(both).all():
        raise ContractError("are no costs of two utterances or more", got=f"shape {both.shape}")
    own, other = both.mean(axis=0)
    gain, low, high = interval(both[:, 1] - both[:, 0])
    seen = attention(alignments)
    readings = (
        Reading("own text", float(own), float(other), "cost of all ways, nat per slot; null: another utterance's text"),
        Reading("gain", gain, 0.0, "what the own text costs less, nat per slot", low, high),
        *(Reading(*one) for one in seen.readings()),
    )
    said = f"the own text costs {own:.3f} nat per slot, another {other:.3f}"
    if not (low > 0 and gain > CHEAPER * other):
        return Teaching("no signal", said, "Look at the texts and their languages, or go on", readings, len(both))
    if not seen.aligned:
        return Teaching("not yet aligned", f"{seen.sentence}; {said}", "Go on", readings, len(both))
    return Teaching("learning", said, "", readings, len(both))
