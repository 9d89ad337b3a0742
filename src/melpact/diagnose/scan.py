"""Which value of one field of the description fits best: coarse to fine, on every fourth frame of the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence, scaled, shared
from melpact.diagnose.hypotheses import residual
from melpact.features.oracle import compress

_STRIDE = 4
Make = Callable[[float], dict[str, object]]


def nearest(evidence: Evidence, values: Iterable[float], make: Make, *, keep: int = 3, refine: int = 2) -> list[float]:
    """The values of a field whose description fits the mel best.

    Args:
        values: candidates.
        make: candidate → changes of the believed description.
        keep: how many are returned, best first.
        refine: rounds in which the neighbourhood of the best is tried at half the step.
    """
    tried: dict[float, float] = {}
    spec = evidence.spec
    wanted = sorted(set(values))
    step = float(np.median(np.diff(np.log(np.maximum(wanted, 1e-9))))) if len(wanted) > 2 else 0.02
    for value in wanted:
        _try(evidence, spec, value, make, tried)
    for _ in range(refine):
        step /= 2
        if not tried:
            break
        best = min(tried, key=lambda v: tried[v])
        for factor in (np.exp(-step), np.exp(step)):
            _try(evidence, spec, float(best * factor), make, tried)
    return sorted(tried, key=lambda v: tried[v])[:keep]


def _try(evidence: Evidence, spec: MelSpec, value: float, make: Make, tried: dict[float, float]) -> None:
    if value in tried:
        return
    try:
        other = spec.replace_quietly(**make(value))
    except MelpactError:
        return
    linear = evidence.linear(other, _STRIDE)
    if linear is None or linear.shape[0] != evidence.values.shape[0]:
        return
    predicted = scaled(compress(linear, other), other)
    a, b = shared(evidence.filled[:, ::_STRIDE], predicted)
    tried[value] = residual(a, b)
