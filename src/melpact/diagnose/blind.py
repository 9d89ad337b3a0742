"""What the values alone tell of their unit and power, judged against the ranges of clean mels.

A finding here needs a mel that no clean recording in any dialect gives; then the explanation that makes it an ordinary one
wins. Each function makes the `look` of a probe that has no reference. Normalisations, floors, order and texture are in the
`blind_*` beside this one; filterbank, framing and rate in `melpact.diagnose.claim`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Affine, BandAffine, NoScaling
from melpact.diagnose.blind_scaling import normal
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import LEVELS, measure, outside, ranges, unlikely
from melpact.diagnose.severity import certainty, severity
from melpact.diagnose.units import believed_unit, remedy_to

Floats = NDArray[np.float64]
Look = Callable[[Evidence], Finding | None]
_DECADE = 1 / math.log(10)


class Guess(NamedTuple):
    """One reading of the values: its code, words, the raw values it stands for, and a handicap against plainer ones."""

    code: str
    words: str
    raw: Floats
    handicap: float = 0.0
    field: str = "log"


class Verdict(NamedTuple):
    """How odd the mel is as believed, the best reading and how odd it leaves the mel; the second best code."""

    odd: float
    best: Guess
    left: float
    second: Guess | None


def _guesses(evidence: Evidence) -> list[Guess]:
    spec, raw = evidence.spec, evidence.raw
    if spec.log_gain is None:
        return []
    nats = raw + spec.reference
    gain = spec.log_gain
    here = believed_unit(spec)
    guesses = []
    units = {"ln": 1.0, "log10": _DECADE, "log2": 1 / math.log(2), "20 log10": 20 * _DECADE, "10 log10": 10 * _DECADE}
    for name, other in units.items():
        if abs(other - gain) < 1e-9:
            continue
        bare = name in ("ln", "log10", "log2") and spec.log in ("ln", "log10")
        code = "log_base" if bare else "log_unit_db"
        guesses.append(
            Guess(code, f"the values are {name} where {here} is believed", nats * (gain / other) - spec.reference)
        )
    if spec.log in ("ln", "log10"):
        # log10 of a log10 in either; a log10 can also have been turned into ln twice
        for twice in (_DECADE**2, 1 / _DECADE) if spec.log == "log10" else (_DECADE**2,):
            guesses.append(
                Guess("log_base", "the log was converted once too often", nats * (gain / twice) - spec.reference, 0.3)
            )
        guesses.append(
            Guess(
                "log_unit_db",
                f"the values are dB less 20 where {here} is believed",
                (nats + 20) * gain * math.log(10) / 20,
                0.1,
            )
        )
    words = (
        "the power |X|² where the magnitude is believed"
        if spec.power == 1
        else "the magnitude |X| where the power is believed"
    )
    code = "power_for_magnitude" if spec.power == 1 else "magnitude_for_power"
    guesses.append(
        Guess(code, f"the bank summed {words}", nats * (0.5 if spec.power == 1 else 2.0) - spec.reference, 0.05, "power")
    )
    return guesses


def pile(evidence: Evidence, raw: Floats) -> float | None:
    """The value on which at least a fiftieth of all cells lie, in many bands, if it is the lowest one; None without one."""
    lowest = float(raw.min())
    at = raw <= lowest + 1e-4 * max(1.0, abs(lowest))
    return lowest if at.mean() > 0.02 and at.any(axis=1).mean() > 0.6 else None


def judge(evidence: Evidence) -> Verdict | None:
    """The best reading of an odd mel; None for one that is like clean mels, or too short to tell."""
    if isinstance(evidence.judged, tuple):
        return evidence.judged[0]
    evidence.judged = (_judge(evidence),)
    return evidence.judged[0]


def _judge(evidence: Evidence) -> Verdict | None:
    if not evidence.has_level or not isinstance(evidence.spec.scaling, NoScaling | Affine | BandAffine):
        return None
    numbers = measure(evidence)
    gain = abs(evidence.gain)
    if numbers is None or evidence.finite.mean() < 0.9:
        return None
    odd = sum(outside(name, numbers[name], evidence.spec) for name in LEVELS if name in numbers)
    below = float((evidence.raw < evidence.floor[:, None] - 0.5 * gain).mean())
    above = float((evidence.raw > evidence.ceiling[:, None] + 0.3 * gain).mean())
    heap = pile(evidence, evidence.raw)
    lifted = heap is not None and heap > float(evidence.floor.min()) + 0.3 * gain and np.ptp(evidence.floor) < 0.1 * gain
    odd += 5 * max(0.0, below - 0.06) + 5 * max(0.0, above - 0.03) + (0.3 if lifted else 0.0)
    short = evidence.values.shape[1] / evidence.spec.frame_rate_hz < 1.3
    if odd < (0.6 if short else 0.12):
        return None
    scored = []
    for guess in _guesses(evidence):
        found = measure(evidence, guess.raw)
        if found is None:
            continue
        left = unlikely(found) + guess.handicap
        left += 8 * float((guess.raw < evidence.floor[:, None] - 0.5 * gain).mean())
        left += 8 * float((guess.raw > evidence.ceiling[:, None] + 0.1 * gain).mean())
        if heap is not None:
            off = abs(float(guess.raw.min()) - float(evidence.floor.min())) / gain
            left += -0.5 if off < 0.05 else min(2.0, 0.5 + off)
        scored.append((left, guess))
    if not scored:
        return None
    scored.sort(key=lambda s: s[0])
    left, best = scored[0]
    second = next((g for _, g in scored[1:] if g.code != best.code), None)
    now = unlikely(numbers) + 8 * (below + above) + (1.0 if lifted else 0.0)
    return Verdict(odd, best, left, second) if left < min(2.5, 0.6 * now) else None


def _said(evidence: Evidence, code: str) -> Finding | None:
    if normal(evidence) is not None:
        return None
    verdict = judge(evidence)
    if verdict is None:
        return None
    first = verdict.best.code == code
    if not first and (verdict.second is None or verdict.second.code != code):
        return None
    guess = verdict.best if first else verdict.second
    assert guess is not None
    sure = certainty(verdict.odd, 0.0, 0.3)
    numbers = measure(evidence)
    assert numbers is not None
    r = ranges()["span"]
    return Finding(
        code=code,
        severity=severity(code),
        certainty=max(0.35, sure) if first else 0.5 * max(0.65, sure),
        measured=numbers["span"],
        null=r.middle,
        unit="nat between the 5 % and 99 % quantiles",
        sentence=f"{guess.words}: as believed, the values span {numbers['span']:.1f} nat and reach "
        f"{-numbers['top']:.1f} nat below the "
        f"ceiling, which no clean recording does (span {r.least:.1f} to {r.most:.1f}); read that way they are ordinary"
        + ("" if first else f"; likelier: {verdict.best.words}"),
        remedy=remedy_to(evidence.spec),
        field=guess.field,
    )


def other_unit(code: str) -> Look:
    """Another log: its base or its unit."""
    return lambda evidence: _said(evidence, code)


def other_power(code: str) -> Look:
    """The other power of the spectrum."""
    return lambda evidence: _said(evidence, code)
