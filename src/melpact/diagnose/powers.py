"""Alternatives in which the bank summed the other power of the spectrum: through the sound, or the log doubled or halved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import MissingUtterance
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.units import remedy_to

Floats = NDArray[np.float64]
_WORDS = {1: "the magnitude |X|", 2: "the power |X|²"}


def power_alternatives(code: str, spec: MelSpec, power: int) -> Iterator[Alternative]:
    """The other power with the floor as it is, squared (or its root), and the plain log doubled (or halved)."""
    times = 2.0 if power == 2 else 0.5
    label = f"the bank summed {_WORDS[power]} where {_WORDS[spec.power]} is believed"

    def direct(evidence: Evidence) -> Floats | None:
        nats = evidence.reference_nats
        return None if nats is None else evidence.in_values(times * nats)

    def through_sound(floor: float) -> Alternative:
        kind = spec.epsilon_kind
        if kind == "outside":
            kind = "inside"
        other = spec.replace_quietly(power=power, epsilon_kind=kind, floor=floor)

        def predict(evidence: Evidence) -> Floats | None:
            there = evidence.extracted(other)
            if there is None or evidence.exact_sound:
                return there
            # the sound was made from the target: keep only what it says about the change of power
            here, nats = evidence.extracted(spec), evidence.reference_nats
            if here is None or nats is None or here.shape[1] < nats.shape[1] - 2:
                return there
            frames = min(here.shape[1], nats.shape[1])
            undo = spec.scaling.undo
            try:
                step = evidence.log_linear(undo(there)) - times * evidence.log_linear(undo(here))
            except MissingUtterance:
                return there
            return evidence.in_values(times * nats[:, :frames] + step[:, :frames])

        return Alternative(code, label, predict, remedy_to(spec), "power", spec=other)

    yield Alternative(
        code, f"{label} (the log was {'doubled' if power == 2 else 'halved'})", direct, remedy_to(spec), "power"
    )
    for floor in sorted({spec.floor, spec.floor**times}):
        yield through_sound(floor)
