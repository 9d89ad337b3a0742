"""What can be mended on the spot, so that the page can let it be heard: the mel after its remedy, or why there is none.

A remedy that needs the true description, other software or new training is only named. Lines are fitted on the very pair
that is shown, so that what is heard is the most such a remedy can do, not what a calibration for other mels would reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.diagnose.evidence import Evidence, best_lag, correlation, shared
from melpact.diagnose.finding import Finding
from melpact.normalise.calibration.base import strategy

_ONE_LINE = (
    "log_base", "log_unit_db", "power_for_magnitude", "magnitude_for_power", "not_denormalised", "denormalised_twice",
    "window_not_undone", "scale_offset", "one_utterance_statistics",
)  # fmt: skip
_BAND_LINES = ("band_offset", "wrong_statistics", "mel_norm")
_NOTHING = {
    "no_signal": "nothing of the target is in it, and no rescaling brings it back",
    "constant": "it does not vary",
    "silent": "there is nothing in it",
    "over_smoothed": "what was smoothed away is not in it",
    "clipped": "what was cut off is not in it",
    "frames_dropped": "what was dropped is not in it",
    "leak": "the values are those of the target",
}


@dataclass(frozen=True)
class Repair:
    """A mended mel and the words for it; `mel` is None where `words` say why there is none."""

    words: str
    mel: Mel | None = None
    code: str = ""


def repaired(evidence: Evidence, findings: Sequence[Finding]) -> Repair | None:
    """The mel after the remedy of the first finding that has one on the spot; None where nothing was found."""
    if not findings:
        return None
    if findings[0].code in ("no_signal", "constant", "silent"):
        return Repair(f"No remedy can be heard: {_NOTHING[findings[0].code]}.")
    for finding in findings:
        try:
            made = _mended(evidence, finding.code)
        except MelpactError:
            made = None
        if made is not None:
            return made
    why = _NOTHING.get(findings[0].code, "the remedy needs what is not in these files")
    return Repair(f"No remedy can be heard: {why}.")


def _mended(evidence: Evidence, code: str) -> Repair | None:
    best = evidence.solution.of(code) if evidence.solution is not None else None
    spec = best.alternative.spec if best is not None else None
    if spec is not None and spec.n_mels == evidence.spec.n_mels and best is not None:
        facts = evidence.mel.utterance if spec.scaling == evidence.spec.scaling else {}
        return Repair(f"read as what it is ({best.alternative.label})", Mel(_values(evidence), spec, facts), code)
    if code == "bands_reversed":
        turned = evidence.filled[::-1]
        if evidence.reference is None or _fits(evidence, turned):
            return Repair("bands turned round", _like(evidence, turned), code)
    if code == "not_finite" and evidence.finite.mean() > 0.5:
        return Repair("holes filled with the median of their band", _like(evidence, evidence.filled), code)
    if code == "below_floor" and evidence.spec.scaling.kind == "none":
        return Repair("values below the floor raised to it", _like(evidence, _bounded(evidence, evidence.filled)), code)
    if evidence.reference is None or evidence.reference.shape[0] != evidence.values.shape[0]:
        return None
    if code == "frames_shifted":
        lag = evidence.lag
        moved = evidence.filled[:, max(lag, 0) :]
        return Repair(f"moved by {-lag:+d} frames", _like(evidence, moved), code) if lag > 0 else None
    if code in _ONE_LINE or code in _BAND_LINES:
        name = "global_affine" if code in _ONE_LINE else "band_affine"
        lag, r, at_zero = best_lag(evidence.filled, evidence.reference, 8)
        x, t = shared(evidence.filled, evidence.reference, lag if r > at_zero + 0.05 else 0)
        line = strategy(name)
        made = line.apply(line.fit(x, t), evidence.filled)
        words = "one scale and one offset" if name == "global_affine" else "a scale and an offset per band"
        return Repair(f"after {words}, fitted on this pair ({name})", _like(evidence, _bounded(evidence, made)), code)
    return None


def _values(evidence: Evidence) -> np.ndarray:
    return evidence.filled.astype(np.float32)


def _like(evidence: Evidence, values: np.ndarray) -> Mel:
    return Mel(values.astype(np.float32), evidence.spec, evidence.mel.utterance)


def _bounded(evidence: Evidence, values: np.ndarray) -> np.ndarray:
    """No value below the floor, where the values are the raw ones: a line may throw a floor far below it."""
    return np.maximum(values, evidence.floor[:, None]) if evidence.spec.scaling.kind == "none" else values


def _fits(evidence: Evidence, values: np.ndarray) -> bool:
    assert evidence.reference is not None
    turned, plain = (correlation(*shared(v, evidence.reference)) for v in (values, evidence.filled))
    return turned > max(0.5, plain)
