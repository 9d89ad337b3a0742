"""What a mel cannot be if it is what it is said to be: looked at once per run, before anything is made of it.

Values that no sound can give stop the run, as does what the doctor is sure of from the values alone: a normalisation that is
still on, or was undone twice, another log, exchanged axes. A model's small overshoot below the floor is raised and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from melpact.bridges.ways import said
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.examine import examine
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import LEVELS, measure, outside, ranges

Findings = Literal["stop", "record"]
OVERSHOOT_NAT, ABOVE_NAT = 1.0, 0.5
"""Below the floor, above the ceiling by up to this much is a model's overshoot."""
SHARE, WORST = 0.002, 4.0
"""Beyond that it is another mel where more than this share of the values lie there, or one by this many times as much."""
_SURE = 0.7
_UNLIKE = 1.0
"""How far outside the ranges of clean mels, summed over level, span and spread in widths of their 5 to 95 % ranges, stops a
run: min-max values read as standardised ones came to 1.04 to 3.1 (34 recordings, hifigan_22k), blurred speech of three
quarters of its contrast to .9 at most, clean speech to 0."""
STOPPING = frozenset(
    (
        "not_denormalised", "denormalised_twice", "window_not_undone", "one_utterance_statistics", "log_base", "log_unit_db",
        "axes_swapped", "bands_reversed",
    )
)  # fmt: skip
"""Findings that stop a run where the doctor is sure of them. The others are kept in the record."""


@dataclass(frozen=True)
class Looked:
    """A mel that may go on, what was found, and how many values were raised to the floor by at most `deepest_nat`."""

    mel: Mel
    findings: tuple[Finding, ...]
    raised: int
    deepest_nat: float


def look(mel: Mel, findings: Findings = "stop") -> Looked:
    """Refuse what cannot be a mel of its description.

    Args:
        mel: [n_mels, frames], finite.
        findings: "stop" where the doctor is sure of a finding of `STOPPING`, or only "record" it. Impossible values
            always stop.

    Raises:
        ContractError: values that no sound can give, or a finding that stops; its `findings` holds all of
            them, its `mel` the mel.
    """
    evidence = Evidence(mel)
    found = tuple(examine(mel))
    sure = [f for f in found if f.code in STOPPING and f.certainty >= _SURE]
    below, above = _beyond(evidence)
    if _too_far(below, OVERSHOOT_NAT) or _too_far(above, ABOVE_NAT):
        raise _refusal(mel, _sentence(evidence, below, above), found)
    if findings == "stop" and (sure or (unlike := _unlike(evidence))):
        raise _refusal(mel, sure[0].sentence if sure else unlike, found, may_go_on=True)
    raised = int(np.count_nonzero(below > 0))
    if raised:
        raw = mel.raw()
        lifted = np.maximum(raw.values, evidence.floor[:, None]).astype(np.float32)
        mel = replace(mel, values=mel.spec.scaling.apply(lifted, mel.utterance))
    return Looked(mel, found, raised, float(below.max(initial=0)))


def _too_far(distance: np.ndarray, allowed: float) -> bool:
    return distance.size > 0 and bool((distance > allowed).mean() > SHARE or distance.max() > WORST * allowed)


def _beyond(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """How far below the floor and above the ceiling every value lies, in nat (0: it does not); for a mel without a log, in
    hundredths of its ceiling."""
    if not evidence.has_level:
        return np.zeros(0), np.zeros(0)
    unit = abs(evidence.gain) if evidence.spec.log_gain is not None else max(float(evidence.ceiling.max()) / 100, 1e-12)
    ceiling = np.maximum(evidence.ceiling, evidence.floor)
    below = (evidence.floor[:, None] - evidence.raw) / unit
    above = (evidence.raw - ceiling[:, None]) / unit
    return np.where(below > 1e-5, below, 0.0), np.where(above > 1e-5, above, 0.0)


def _sentence(evidence: Evidence, below: np.ndarray, above: np.ndarray) -> str:
    unit = evidence.spec.unit
    if _too_far(below, OVERSHOOT_NAT):
        return (
            f"{float((below > OVERSHOOT_NAT).mean()):.2%} of the values lie far below the log floor, the lowest at "
            f"{float(evidence.raw.min()):.2f} {unit} where {float(evidence.floor.min()):.2f} is the least that any sound, "
            "silence included, can give"
        )
    return (
        f"{float((above > ABOVE_NAT).mean()):.2%} of the values lie above what samples in [-1, 1] can give, the highest at "
        f"{float(evidence.raw.max()):.2f} {unit} where {float(evidence.ceiling.max()):.2f} is the most"
    )


def _unlike(evidence: Evidence) -> str:
    """In what a mel is like no recording at all; "" where it is like some, or too short to tell."""
    numbers = measure(evidence)
    if numbers is None:
        return ""
    odd = {name: outside(name, numbers[name], evidence.spec) for name in LEVELS if name in numbers}
    if sum(odd.values()) < _UNLIKE:
        return ""
    name = max(odd, key=lambda one: odd[one])
    least, most = ranges()[name].least, ranges()[name].most
    words = {"top": "come to", "span": "span", "spread": "have a deviation of"}[name.removesuffix("_uncut")]
    below = " below the ceiling" if name == "top" else ""
    return (
        f"the values {words} {abs(numbers[name]):.2f} nat of amplitude{below}, and clean mels of any dialect have "
        f"{min(abs(least), abs(most)):.2f} to {max(abs(least), abs(most)):.2f}, as where another normaliser was undone "
        "than the one that was done"
    )


def _refusal(mel: Mel, sentence: str, found: tuple[Finding, ...], may_go_on: bool = False) -> ContractError:
    undone = "denormalised" in mel.provenance
    hint = (
        "Its normaliser was undone: were these the statistics it was trained with, and does the model not undo them itself?"
        if undone
        else "No normaliser was undone: was the model trained with one?"
    )
    anyway = " To go on all the same: findings = 'record'" if may_go_on else ""
    error = ContractError(
        f"cannot be a {said(mel.spec)} mel: {sentence}",
        got=f"mean {float(mel.values.mean()):.3g}, deviation {float(mel.values.std()):.3g}",
        next=f"{hint}{anyway}",
    )
    error.findings, error.mel = found, mel  # type: ignore[attr-defined]
    return error
