"""What the values alone tell of their quiet end: a floor that is not the believed one, or depths that no sound reaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from melpact.contract.scaling import Affine, BandAffine, NoScaling
from melpact.diagnose.blind import judge, pile
from melpact.diagnose.blind_scaling import normal
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import measure
from melpact.diagnose.severity import certainty, severity
from melpact.diagnose.units import remedy_to

Look = Callable[[Evidence], Finding | None]


def undone_twice(code: str) -> Look:
    """The normalisation undone twice: far below the floor, and by about a corpus' mean and spread."""

    def look(evidence: Evidence) -> Finding | None:
        spec = evidence.spec
        if not evidence.has_level or spec.log_gain is None or evidence.values.shape[1] < 20 or not evidence.finite.all():
            return None
        gain = evidence.gain
        depth = (evidence.floor[:, None] - evidence.raw) / gain
        share, deepest = float((depth > 0.5).mean()), float(depth.max())
        numbers = measure(evidence)
        if share < 0.1 or numbers is None or evidence.filled.std(axis=1).max() < 1e-6:
            return None
        verdict = judge(evidence)
        if verdict is not None and verdict.left < 0.5 and verdict.best.code != "log_base":
            return None
        return Finding(
            code=code,
            severity=severity(code),
            certainty=certainty(share, 0.0, 0.12),
            measured=share,
            null=0.0,
            unit="of the values below the floor",
            sentence=f"{share:.0%} of the values lie below the log floor, by up to {deepest:.1f} nat, as where "
            f"a normalisation is undone "
            f"twice (the lowest is {float(evidence.raw.min()):.1f}; silence reads {float(evidence.floor.min()):.1f})",
            remedy="undo the normalisation once: in the model or in the loader, not in both; then melpact doctor PRED",
            field="scaling",
        )

    return look


def other_floor(code: str) -> Look:
    """A lowest value that many cells share and that is not the believed floor."""

    def look(evidence: Evidence) -> Finding | None:
        spec = evidence.spec
        if not evidence.has_level or spec.log_gain is None or not isinstance(spec.scaling, NoScaling | Affine | BandAffine):
            return None
        lowest = pile(evidence, evidence.raw)
        floor = float(evidence.floor.min())
        gain = abs(spec.log_gain)
        if (
            lowest is None
            or evidence.filled.std() < 1e-6
            or np.ptp(evidence.floor) > 0.1 * gain
            or normal(evidence) is not None
        ):
            return None
        off = (lowest - floor) / gain
        share = float((evidence.raw <= lowest + 1e-4 * max(1.0, abs(lowest))).mean())
        if abs(off) < 0.2 or share > 0.95:
            return None
        verdict = judge(evidence)
        if verdict is not None and abs(float(verdict.best.raw.min()) - floor) < 0.1 * gain:
            return None
        return Finding(
            code=code,
            severity=severity(code),
            certainty=0.8,
            measured=lowest,
            null=floor,
            unit=spec.unit,
            sentence=f"{share:.0%} of the values share the lowest one, {lowest:.2f}, which is {off:+.2f} nat from "
            f"the believed floor "
            f"({floor:.2f}): another floor was used, exp({off:+.2f}) times this one",
            remedy=remedy_to(spec),
            field="floor",
        )

    return look
