"""What is wrong with a claim, from the values alone: the two likeliest faults of a mel that is not what it says it is."""

from __future__ import annotations

import numpy as np

from melpact.contract.dialect import name_of
from melpact.diagnose.claim.bank import fitting
from melpact.diagnose.claim.compared import compared
from melpact.diagnose.claim.network import CODES, Answer, answer
from melpact.diagnose.claim.traits import BLOCKS
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.severity import severity

_WORDS = {
    "bank_rate": ("a filterbank that was built for another sample rate", "bank_sample_rate"),
    "dialect_other": ("another dialect altogether", None),
    "f_max": ("a bank that ends at another frequency", "f_max"),
    "f_min": ("a bank that begins at another frequency", "f_min"),
    "floor_kind": ("another floor under the log", "floor"),
    "hop": ("another hop", "hop_length"),
    "log_base": ("another base of the log", "log"),
    "log_unit_db": ("another unit of the log", "log"),
    "magnitude_for_power": ("the magnitude |X| where the power is believed", "power"),
    "power_for_magnitude": ("the power |X|² where the magnitude is believed", "power"),
    "mel_norm": ("filters of another height", "mel_norm"),
    "mel_scale": ("bands on another mel scale", "mel_scale"),
    "n_fft": ("another FFT size", "n_fft"),
    "sample_rate": ("sound of another sample rate", "sample_rate"),
    "window_length": ("another window", "win_length"),
    "window_not_undone": ("values still mapped to a fixed interval", "scaling"),
    "not_denormalised": ("values still normalised", "scaling"),
    "denormalised_twice": ("a normalisation undone twice", "scaling"),
    "dc_or_hum": ("a steady tone in the lowest bands", None),
    "edge_clicks": ("first and last frames averaged with zeros", None),
    "noise_added": ("noise on every value", None),
    "over_smoothed": ("a blur over time and bands", None),
    "clipped": ("values cut off at one level", None),
    "above_ceiling": ("a gain, or samples beyond [-1, 1]", "waveform_scale"),
    "below_floor": ("values pushed below the floor", "floor"),
    "bands_reversed": ("bands in another order", None),
    "axes_swapped": ("time and band taken for one another", None),
}
_FACTS = ("not_finite", "silent", "constant", "quantised", "one_utterance_statistics")
_BEHIND = 0.25
_REMEDY = "melpact doctor PRED --audio AUDIO  (with its sound this is settled), or melpact identify PRED"
_LEAST_SHARE = 0.04
_SECOND_SHARE = 0.2
_LEAST_SECONDS = 1.3


def asked(evidence: Evidence) -> Answer | None:
    """What the networks say of the mel, asked once; None where the values cannot be compared with the claim."""
    if evidence.claimed is None:
        evidence.claimed = (_asked(evidence),)
    return evidence.claimed[0]


def _asked(evidence: Evidence) -> Answer | None:
    if evidence.values.shape[1] / evidence.spec.frame_rate_hz < _LEAST_SECONDS:
        return None
    seen = compared(evidence)
    return None if seen is None else answer(seen)


def beside(evidence: Evidence, found: list[Finding]) -> list[Finding]:
    """The findings of the probes, with the two faults that the networks hold for likeliest where the claim cannot be right.

    Facts that the networks were not shown (`_FACTS`) stand alone. Where the networks speak, other explanations and what
    follows from one go behind the two; where they do not, or the mel is too short for them, noise is not said either
    (a sustained sung note can be as rough as a noisy mel of speech).
    """
    if any(f.code in _FACTS for f in found):
        return found
    said = asked(evidence)
    if said is None or said.odds_nat < said.threshold_nat:
        return [f for f in found if f.code != "noise_added"]
    order = np.argsort(-said.shares)[:2]
    codes = [CODES[1 + i] for i in order if said.shares[i] > _LEAST_SHARE or i == order[0]]
    other = max((f for f in found if f.code in CODES), key=lambda f: f.weight, default=None)
    if other is not None and other.code not in codes and said.shares[order[1]] < _SECOND_SHARE:
        # a probe that names something else knows more than the networks' second choice
        codes = [codes[0], other.code]
    kept = [f if f.code in codes else f.model_copy(update={"certainty": _BEHIND * f.certainty}) for f in found]
    known = {f.code for f in found}
    return [*kept, *(_finding(evidence, said, codes, code) for code in codes if code not in known)]


def _finding(evidence: Evidence, found: Answer, codes: list[str], code: str) -> Finding:
    words, field = _WORDS[code]
    share = float(found.shares[CODES.index(code) - 1])
    sizes = {name: float(np.sqrt(np.mean(found.differs[part] ** 2))) for name, part in BLOCKS.items()}
    where = max(sizes, key=lambda name: sizes[name])
    believed = name_of(evidence.spec) or "this description"
    beside = "".join(f" (or {_WORDS[other][0]})" for other in codes if other != code)
    where_to = fitting(found.leaning, evidence.spec, code)
    seen = f"they differ most in {where}, {sizes[where]:.1f} times as far as right mels do"
    if where_to is not None:
        seen = f"the narrow bands fit {where_to} better than the claim"
    sure = 1.0 if code == codes[0] else 0.8
    return Finding(
        code=code,
        severity=severity(code),
        certainty=sure * (0.35 + 0.6 * share),
        measured=found.odds_nat,
        null=found.threshold_nat,
        unit="nat (log odds against the claim)",
        sentence=f"the values are not what {believed} gives speech: {words} explains them with a probability of {share:.0%}"
        f"{beside}; {seen}",
        remedy=_REMEDY if field is not None or code == "dialect_other" else "melpact show PRED  (then look at what made it)",
        field=field,
    )
