"""What the values alone tell: units, powers, normalisations, order and texture, judged against the ranges of clean mels.

A finding here needs a mel that no clean recording in any dialect gives; then the explanation that makes it an ordinary one
wins.
Each function makes the `look` of a probe that has no reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Affine, BandAffine, NoScaling
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import LEVELS, measure, named, outside, ranges, unlikely
from melpact.diagnose.normalised import looks_normalised, looks_windowed
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
        twice = gain * (1 / _DECADE) if spec.log == "log10" else _DECADE**2
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


def _pile(evidence: Evidence, raw: Floats) -> float | None:
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
    pile = _pile(evidence, evidence.raw)
    lifted = pile is not None and pile > float(evidence.floor.min()) + 0.3 * gain and np.ptp(evidence.floor) < 0.1 * gain
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
        if pile is not None:
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
    if _normal(evidence) is not None:
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


def _normal(evidence: Evidence) -> str | None:
    """The code of a normalisation that the values look like and that the believed description does not have."""
    spec, values = evidence.spec, evidence.filled
    if values.shape[1] < 20 or values.std() == 0 or float(values.std(axis=1).max()) < 1e-6:
        return None
    kind, interval = looks_normalised(evidence), looks_windowed(evidence)
    if kind is not None and kind.own:
        return "one_utterance_statistics"
    numbers = measure(evidence)
    odd = 1.0 if numbers is None else sum(outside(name, numbers[name], spec) for name in LEVELS if name in numbers)
    odd += 20 * float((evidence.raw > evidence.ceiling[:, None] + 0.1 * abs(evidence.gain)).mean())
    if interval is not None and _windowed(evidence, interval, odd):
        return "window_not_undone"
    centred = kind is not None and odd > 0.05
    return "not_denormalised" if centred else None


def _windowed(evidence: Evidence, interval: tuple[float, float], odd: float) -> bool:
    """Whether the values start at the lower end of the interval, or fill the lower half of a small one, as an odd mel
    does."""
    values = evidence.filled
    low, width = float(values.min()), interval[1] - interval[0]
    starts = abs(low - interval[0]) < 1e-4 * width and np.count_nonzero(values <= low + 1e-6) > 3
    mean = float(values.mean())
    one_sided = interval[0] == 0 or mean < interval[0] + 0.45 * width
    return bool(starts) or (odd > 0.05 and width <= 2 and low < interval[0] + 0.4 * width and one_sided)


def normalised(code: str) -> Look:
    """Values that are still normalised, by a corpus, by themselves, or to an interval."""

    def look(evidence: Evidence) -> Finding | None:
        found = _normal(evidence)
        if found != code:
            return None
        values = evidence.filled
        mean, spread = float(values.mean()), float(values.std())
        low, high = float(values.min()), float(values.max())
        gain = evidence.gain
        kind = looks_normalised(evidence)
        own = f" ({kind.words})" if kind is not None and kind.own else ""
        words = {
            "not_denormalised": f"the values look normalised: mean {mean:.2f} and spread {spread:.2f}",
            "one_utterance_statistics": f"the values were normalised with this utterance's own statistics{own}: "
            f"mean {mean:.3f}, "
            f"spread {spread:.3f}",
            "window_not_undone": f"the values lie in a fixed interval, {low:.2f} to {high:.2f}",
        }[code]
        remedies = {
            "not_denormalised": "undo with the statistics of training: values · std + mean (melpact stats "
            "CORPUS, shows them)",
            "one_utterance_statistics": "melpact stats CORPUS -o STATS, then normalise with those; nobody can "
            "undo an utterance's own",
            "window_not_undone": "melpact redescribe PRED --dialect DIALECT -o OUT, then melpact translate OUT --to "
            "DIALECT -o DIR  (redescribe: the dialect with that window)",
        }
        typical = -5.5 * gain * evidence.spec.power
        return Finding(
            code=code,
            severity=severity(code),
            certainty=0.95 if code != "not_denormalised" else 0.75,
            measured=mean,
            null=typical,
            unit=evidence.spec.unit,
            sentence=f"{words}; a log mel in {evidence.spec.unit} has a mean of about {typical:.1f} and a spread of about "
            f"{2.1 * gain * evidence.spec.power:.1f}",
            remedy=remedies[code],
            field="scaling",
        )

    return look


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


def other_order(code: str) -> Look:
    """Bands in another order: neighbours that do not go together, or a spectrum that falls the wrong way."""

    def look(evidence: Evidence) -> Finding | None:
        if not evidence.has_level or evidence.values.shape[1] < 20 or not evidence.finite.all():
            return None
        numbers = measure(evidence)
        if numbers is None or _normal(evidence) is not None:
            return None
        level = evidence.raw
        n = level.shape[0]
        bands = np.arange(n)
        joint = _roughness(level, bands)
        orders = {
            "even before odd": np.argsort(np.concatenate([bands[::2], bands[1::2]])),
            "upper half before lower half": np.roll(bands, n - n // 2),
        }
        for words, order in orders.items():
            if words.startswith("even"):
                better = joint / max(_roughness(level, order), 1e-9)
                odd = better > 1.35
            else:
                steps = np.abs(np.diff(level - level.mean(), axis=0)).mean(axis=1)
                seam = float(steps[n // 2 - 1]) if n % 2 == 0 else float(max(steps[n // 2 - 1 : n // 2 + 1]))
                ends = float(np.abs(level[0] - level[-1]).mean())
                better = seam / max(float(np.median(steps)), 1e-9)
                odd = better > 4.5 and ends < 0.6 * seam and seam >= 0.999 * float(steps.max())
            if odd:
                return _order_finding(
                    code, f"the bands are in another order ({words})", better, 1.0, "times as rough as in order"
                )
        tilt = numbers["tilt"]
        low = ranges()["tilt"].least
        if tilt < low - 0.15:
            return _order_finding(
                code, "the bands run from high to low: the upper third is louder", tilt, ranges()["tilt"].middle, "tilt"
            )
        return None

    return look


def _order_finding(code: str, words: str, measured: float, null: float, unit: str) -> Finding:
    return Finding(
        code=code,
        severity=severity(code),
        certainty=0.75,
        measured=measured,
        null=null,
        unit=unit,
        sentence=f"{words} ({measured:.2f}; clean mels: {null:.2f})",
        remedy="put the bands in order from low to high (values[::-1] where they are reversed), then melpact doctor PRED",
    )


def _roughness(level: Floats, order: NDArray[np.intp]) -> float:
    return float(np.abs(np.diff(level[order], axis=0)).mean())


def other_axes(code: str) -> Look:
    """Time and band exchanged: time runs rough and the bands smooth, or both in blocks."""

    def look(evidence: Evidence) -> Finding | None:
        if not evidence.has_level or evidence.values.shape[1] < 20 or not evidence.finite.all():
            return None
        level = evidence.raw
        n, frames = level.shape
        centred = level - level.mean()
        spread = float(centred.std())
        if spread == 0:
            return None
        # a transposed square: the level of a column does not move, the level of a row does; a seam every n frames
        between_rows = float(level.mean(axis=1).var()) / spread**2
        between_columns = float(level.mean(axis=0).var()) / spread**2
        steps = np.abs(np.diff(level, axis=1)).mean(axis=0)
        seams = steps[n - 1 :: n]
        if seams.size and frames % n == 0:
            ratio = float(np.median(seams) / max(np.median(steps), 1e-9))
            if ratio > 4 and float(seams.min()) > np.quantile(np.delete(steps, np.arange(n - 1, steps.size, n)), 0.97):
                return _axes_finding(code, f"a seam stands every {n} frames, as many as there are bands", ratio, 1.0)
        square = frames == n and between_columns > 0.1
        falling = np.polyfit(np.arange(frames), level.mean(axis=0), 1)[0] * frames / spread
        if square and falling < -1.0 and between_columns > between_rows:
            return _axes_finding(code, "the level falls along time as it should over the bands", -falling, 0.0)
        # a reshape: the columns repeat with the period in which a row of the true array holds n_mels values
        if frames > n:
            rows = np.ascontiguousarray(level).reshape(frames, n)
            back = float(np.abs(np.diff(rows, axis=0)).mean() + np.abs(np.diff(rows, axis=1)).mean())
            here = float(np.abs(np.diff(level, axis=0)).mean() + np.abs(np.diff(level, axis=1)).mean())
            if here > 1.35 * back:
                return _axes_finding(
                    code, "reshaped to [frames, n_mels] the array is smooth, as it is it is not", here / back, 1.0
                )
        return None

    return look


def _axes_finding(code: str, words: str, measured: float, null: float) -> Finding:
    return Finding(
        code=code,
        severity=severity(code),
        certainty=0.85,
        measured=measured,
        null=null,
        sentence=f"time and band were taken for one another: {words} ({measured:.2f}; clean: {null:.2f})",
        remedy="transpose the array (values.T, not reshape) then melpact doctor PRED --axes mel-time",
    )


def other_floor(code: str) -> Look:
    """A lowest value that many cells share and that is not the believed floor."""

    def look(evidence: Evidence) -> Finding | None:
        spec = evidence.spec
        if not evidence.has_level or spec.log_gain is None or not isinstance(spec.scaling, NoScaling | Affine | BandAffine):
            return None
        pile = _pile(evidence, evidence.raw)
        floor = float(evidence.floor.min())
        gain = abs(spec.log_gain)
        if (
            pile is None
            or evidence.filled.std() < 1e-6
            or np.ptp(evidence.floor) > 0.1 * gain
            or _normal(evidence) is not None
        ):
            return None
        off = (pile - floor) / gain
        share = float((evidence.raw <= pile + 1e-4 * max(1.0, abs(pile))).mean())
        if abs(off) < 0.2 or share > 0.95:
            return None
        verdict = judge(evidence)
        if verdict is not None and abs(float(verdict.best.raw.min()) - floor) < 0.1 * gain:
            return None
        return Finding(
            code=code,
            severity=severity(code),
            certainty=0.8,
            measured=pile,
            null=floor,
            unit=spec.unit,
            sentence=f"{share:.0%} of the values share the lowest one, {pile:.2f}, which is {off:+.2f} nat from "
            f"the believed floor "
            f"({floor:.2f}): another floor was used, exp({off:+.2f}) times this one",
            remedy=remedy_to(spec),
            field="floor",
        )

    return look


def texture(code: str) -> Look:
    """Steps between neighbours that are too small (detail lost) or turn back at once (noise)."""

    def look(evidence: Evidence) -> Finding | None:
        if (
            not evidence.has_level
            or evidence.spec.log_gain is None
            or not evidence.finite.all()
            or _normal(evidence) is not None
        ):
            return None
        numbers = measure(evidence)
        if numbers is None:
            return None
        if code == "noise_added":
            r = ranges()[named("turn_t", evidence.spec)]
            odd = numbers["turn_t"] < r.least - 0.03 and numbers["turn_f"] < ranges()["turn_f"].low - 0.05
            value, null = numbers["turn_t"], r.middle
            words = "every value jitters: steps from frame to frame turn back at once (correlation "
            words += f"{value:.2f}; clean mels of this "
            words += f"overlap: {r.least:.2f} to {r.most:.2f}; noise alone: -0.50)"
            remedy = "let the sampler run to its end (more steps), or lower its temperature; then melpact doctor PRED"
            sure = certainty(r.middle - value, 0.0, r.middle - r.least)
        else:
            r = ranges()[named("turn_t", evidence.spec)]
            rt, rf = ranges()[named("step_t", evidence.spec)], ranges()["turn_f"]
            odd = numbers["turn_t"] > r.most + 0.02 and (numbers["turn_f"] > rf.high or numbers["turn_t"] > r.most + 0.1)
            value, null = numbers["step_t"], rt.middle
            words = f"detail is lost: from frame to frame the values move by {value:.2f} of their "
            words += f"spread (clean mels: {rt.low:.2f} to "
            words += f"{rt.high:.2f}), and smoothly (correlation of steps {numbers['turn_t']:.2f}; at most {r.most:.2f})"
            remedy = (
                "train on: add a loss on variance or an adversarial one; no calibration brings detail back; "
                "then melpact doctor PRED"
            )
            sure = certainty(numbers["turn_t"] - r.middle, 0.0, r.most - r.middle)
        if not odd:
            return None
        return Finding(
            code=code,
            severity=severity(code),
            certainty=sure,
            measured=value,
            null=null,
            unit="",
            sentence=words,
            remedy=remedy,
        )

    return look
