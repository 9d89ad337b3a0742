"""Alternatives in which the log has another unit: algebra on the reference, no sound needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.diagnose.evidence import Evidence, scaled
from melpact.diagnose.hypotheses import Alternative

Floats = NDArray[np.float64]
_WORDS = {"ln": "ln", "log10": "log10", "db_amplitude": "20 log10", "db_power": "10 log10", "none": "no log"}


def believed_unit(spec: MelSpec) -> str:
    """The unit that is believed, in words."""
    return _WORDS[spec.log]


def remedy_to(spec: MelSpec) -> str:
    """The command that turns a mel into the believed description."""
    believed = name_of(spec) or "DIALECT"
    return (
        f"melpact translate PRED --dialect DIALECT --to {believed} -o OUT  (--dialect: what it really is; PRED: the bare "
        "array. A .mel that says wrong of itself: melpact redescribe PRED --dialect DIALECT -o OUT)"
    )


def unit_alternative(code: str, spec: MelSpec, name: str, gain: float, reference: float | None = None) -> Alternative:
    """The reference with `gain` · ln in place of the believed log, minus a reference level."""

    def predict(evidence: Evidence) -> Floats | None:
        nats = evidence.reference_nats
        if nats is None:
            return None
        return scaled(gain * nats - (spec.reference if reference is None else reference), spec)

    return Alternative(
        code, f"the values are {name} where {believed_unit(spec)} is believed", predict, remedy_to(spec), "log"
    )
