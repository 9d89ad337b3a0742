"""Teacher forcing: what a model in training has learnt, from predictions beside their targets. Numbers only, no model.

A falling loss does not say that anything is learnt: the mean of every band lowers it, and so does copying what was given.
Here every number stands beside what a prediction gets that knows nothing of its utterance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.diagnose.attention import Attention, attention
from melpact.diagnose.evidence import correlation, shared
from melpact.diagnose.warping import COLUMNS, thinned, warped

Floats = NDArray[np.float64]
Pair = tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]
Verdict = Literal["learning", "scale only", "no signal", "not yet aligned"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

SIGNAL = 0.02
"""Share of the target's movement that has to be explained beyond the null."""
SCALE, REST, FAR = 0.5, 0.5, 2.0
"""Share of the error that a line per band has to take away before scale is what is wrong; and what it has to explain then
(noise, too, is made smaller by a line), unless the error was so many times that of the mean."""
LATER = 0.8
"""What is left of 1 - r at the best lag, at most, before the lag is what is wrong."""
WARPED = 0.05
"""How much more than another utterance's a prediction has to gain by warping."""
BIAS = 0.05
"""Share of the mean's error that wrong means of bands may add before they are wrong."""
_REACH = 12
_FEWEST = 6
_OTHERS = 3
_TINY = 1e-9


@dataclass(frozen=True)
class Reading:
    """A number, its null, and its 95 % interval over utterances where it has one."""

    name: str
    value: float
    null: float | None
    meaning: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Teaching:
    """What was found.

    Attributes:
        verdict: *learning*; *scale only*: the movement is there and a line per band takes away most of the error;
            *no signal*: no better than each band's mean, another utterance's prediction, or what it was given;
            *not yet aligned*: it fits better elsewhere in time, or its alignment is not sharp and forward.
        sentence: why, with numbers. next: what to do.
        utterances: how many were looked at.
    """

    verdict: Verdict
    sentence: str
    next: str
    readings: tuple[Reading, ...]
    utterances: int

    def reading(self, name: str) -> Reading:
        """The reading of that name."""
        return next(one for one in self.readings if one.name == name)

    def facts(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"readings": [asdict(one) for one in self.readings]}


def teaching(pairs: Sequence[Pair], *, alignments: Sequence[NDArray[Any]] = (), seen_frames: int = 0) -> Teaching:
    """What predictions made in evaluation mode say of a model, beside their targets.

    Args:
        pairs: (prediction, target) of utterances, each [n_mels, frames], log mels in one unit, without padding.
        alignments: of the same utterances where there are any: how much of each frame belongs to each token,
            [tokens, frames].
        seen_frames: where the model was given its target up to so many frames before what it says, that many: repeating
            these is then another null. 0: it was given none of it.

    Raises:
        ContractError: no pairs, bands that differ, values that are not finite, or fewer than 6 frames.
    """
    material = _Material(_checked(pairs), seen_frames)
    found = material.readings
    seen = attention(alignments) if len(alignments) else None
    if seen is not None:
        found = (*found, *(Reading(*one) for one in seen.readings()))
    verdict, sentence, after = _judged(material, seen)
    return Teaching(verdict, sentence, after, found, len(pairs))


def _judged(one: _Material, seen: Attention | None) -> tuple[Verdict, str, str]:
    if seen is not None and not seen.aligned:
        return "not yet aligned", seen.sentence, "Go on; where it stays so, look at the pictures and at the texts"
    lag = one.later
    if lag is not None:
        way = f"{abs(lag)} frame{'s' * (abs(lag) > 1)} {'late' if lag > 0 else 'early'}"
        copied = ": it may repeat what it was given" if one.seen and lag == one.seen else ""
        said = f"{way}{copied}: r is {one.r_at(lag):.2f} there and {one.r_at(0):.2f} in place"
        return "not yet aligned", said, "Look at how frames and tokens are counted"
    gain, low, _ = one.warping
    if low > 0 and gain > WARPED:
        said = (
            f"stretched in time it fits better: r {one.r_warped:.2f}, in place {one.r_at(0):.2f}, which is {gain:.2f} more "
            "than another utterance's gains"
        )
        return "not yet aligned", said, "Go on; durations and alignment are not learnt yet"
    skill, low, _ = one.skill
    null, named = one.null
    if not (low > null and skill > null + SIGNAL):
        level = "its bands have the right means" if one.bias < BIAS else "not even its bands' means are right"
        said = f"explains {100 * skill:.1f} % of the movement where {named} explains {100 * null:.1f} %; {level}"
        return "no signal", said, "No rescaling can help; look at inputs and texts, or go on"
    if one.by_line > SCALE and (skill > REST or one.raw > FAR):
        said = (
            f"a line per band takes away {100 * one.by_line:.0f} % of the error, and then {100 * skill:.0f} % of the "
            f"movement is explained ({named}: {100 * null:.0f} %)"
        )
        return "scale only", said, "Look at the statistics of the targets, or: melpact calibrate PREDICTED TRUE"
    said = f"explains {100 * skill:.0f} % of the movement where {named} explains {100 * null:.0f} %"
    return "learning", said, ""


def _checked(pairs: Sequence[Pair]) -> list[tuple[Floats, Floats]]:
    if not pairs:
        raise ContractError("there are no pairs of predictions and targets")
    made = [(np.asarray(p, np.float64), np.asarray(t, np.float64)) for p, t in pairs]
    bands = made[0][1].shape[0]
    for number, (p, t) in enumerate(made):
        where = f"pair {number}"
        if p.ndim != 2 or t.ndim != 2 or p.shape[0] != bands or t.shape[0] != bands:
            raise ContractError("are not [n_mels, frames] of one description", where=where, got=f"{p.shape} and {t.shape}")
        if min(p.shape[1], t.shape[1]) < _FEWEST:
            raise ContractError("too short", where=where, got=f"{p.shape[1]} and {t.shape[1]} frames", wanted=f"{_FEWEST}")
        if not (np.isfinite(p).all() and np.isfinite(t).all()):
            raise ContractError("holds values that are not finite", where=where)
    return made


class _Material:
    """Pairs, and what is computed of them once.

    Lines and means for an utterance come from all others. Of fewer than `_FEWEST` utterances each is cut into pieces, which
    then stand for utterances.
    """

    def __init__(self, pairs: list[tuple[Floats, Floats]], seen: int) -> None:
        self.seen = seen
        self.whole = _pieces(pairs)
        self.pairs = [shared(p, t) for p, t in self.whole]
        self.n = len(self.pairs)

    # in place: shares of the movement that are explained after a line per band, which the others were fitted to

    @cached_property
    def _lines(self) -> list[tuple[Floats, Floats, Floats]]:
        """For each: slopes, offsets and the targets' means of the others, [n_mels, 1]."""
        return _lines(self.pairs)

    @cached_property
    def _errors(self) -> Floats:
        """[n, 3]: squared errors of the prediction, of the prediction after the line, and of the others' mean."""
        rows = [
            (((p - t) ** 2).sum(), ((a * p + b - t) ** 2).sum(), ((mean - t) ** 2).sum())
            for (p, t), (a, b, mean) in zip(self.pairs, self._lines, strict=True)
        ]
        return np.maximum(np.array(rows), _TINY)

    @cached_property
    def skill(self) -> tuple[float, float, float]:
        """Share explained, with its interval."""
        return _share(self._errors[:, 1], self._errors[:, 2])

    @cached_property
    def null(self) -> tuple[float, str]:
        """The best that a prediction gets which knows nothing of its utterance, and its name."""
        found = [(0.0, "each band's mean")]
        wrong, base = [], []
        for i, ((_, target), (a, b, mean)) in enumerate(zip(self.pairs, self._lines, strict=True)):
            for step in range(1, min(_OTHERS, self.n - 1) + 1):
                p, t = shared(self.pairs[(i + step) % self.n][0], target)
                wrong.append(((a * p + b - t) ** 2).sum())
                base.append(((mean - t) ** 2).sum())
        found.append((_share(np.array(wrong), np.array(base))[0], "another utterance's prediction"))
        if self.seen:
            moved = [(t[:, : -self.seen], t[:, self.seen :]) for _, t in self.pairs if t.shape[1] > 2 * self.seen]
            if len(moved) > 1:
                lines = _lines(moved)
                errors = [((a * p + b - t) ** 2).sum() for (p, t), (a, b, _) in zip(moved, lines, strict=True)]
                means = [((m - t) ** 2).sum() for (_, t), (_, _, m) in zip(moved, lines, strict=True)]
                found.append((_share(np.array(errors), np.array(means))[0], "repeating what it was given"))
        return max(found)

    @property
    def raw(self) -> float:
        """The error as it is, as a share of the mean's: 1 for one that says each band's mean."""
        return float(self._errors[:, 0].sum() / self._errors[:, 2].sum())

    @property
    def bias(self) -> float:
        """What wrong means of bands add to the error, as a share of the mean's error."""
        p, t = (np.concatenate([pair[side] for pair in self.pairs], axis=1) for side in (0, 1))
        return float(((p.mean(1) - t.mean(1)) ** 2).sum() * t.shape[1] / self._errors[:, 2].sum())

    @property
    def by_line(self) -> float:
        """The share of the error that a line per band takes away."""
        return float(1 - self._errors[:, 1].sum() / self._errors[:, 0].sum())

    # in time

    @cached_property
    def _standard(self) -> list[tuple[Floats, Floats]]:
        """Each band with mean 0 and variance 1 over all utterances; a prediction that is upside down is turned."""
        made = []
        for side in (0, 1):
            values = np.concatenate([pair[side] for pair in self.whole], axis=1)
            spread = values.std(axis=1, keepdims=True)
            scale = np.where(spread > 1e-6, spread, np.inf)
            made.append([(pair[side] - values.mean(axis=1, keepdims=True)) / scale for pair in self.whole])
        upside_down = np.mean([correlation(*shared(p, t)) for p, t in zip(*made, strict=True)]) < -0.3
        return [(-p if upside_down else p, t) for p, t in zip(*made, strict=True)]

    @cached_property
    def _by_lag(self) -> Floats:
        """r of every utterance at every lag, [2 * reach + 1, n]."""
        reach = min(_REACH, min(t.shape[1] for _, t in self.pairs) // 3)
        rows = [[correlation(*shared(p, t, lag)) for p, t in self._standard] for lag in range(-reach, reach + 1)]
        return np.array(rows)

    def r_at(self, lag: int) -> float:
        """Mean r over utterances where the prediction is taken to be `lag` frames late."""
        return float(self._by_lag[len(self._by_lag) // 2 + lag].mean())

    @cached_property
    def later(self) -> int | None:
        """The lag of the prediction, where it clearly has one."""
        middle = len(self._by_lag) // 2
        lag = int(self._by_lag.mean(axis=1).argmax()) - middle
        gain = self._by_lag[middle + lag] - self._by_lag[middle]
        clear = 1 - self.r_at(lag) < LATER * (1 - self.r_at(0)) and self.r_at(lag) > self._strangers[0] + 0.1
        return lag if lag and clear and interval(gain)[1] > 0 else None

    @cached_property
    def _warped(self) -> tuple[Floats, Floats]:
        """r in place and warped, [n, 1 + others]: of its own target, then of others'."""
        each = int(np.ceil(max(max(p.shape[1], t.shape[1]) for p, t in self._standard) / COLUMNS))
        small = [(thinned(p, each), thinned(t, each)) for p, t in self._standard]
        place, after = [], []
        for i, (p, _) in enumerate(small):
            targets = [small[(i + step) % self.n][1] for step in range(min(_OTHERS, self.n - 1) + 1)]
            place.append([correlation(*shared(p, t)) for t in targets])
            after.append([correlation(warped(p, t), t) for t in targets])
        return np.array(place), np.array(after)

    @property
    def _strangers(self) -> tuple[float, float]:
        """Mean r of a prediction and another utterance's target, in place and warped."""
        place, after = self._warped
        return float(place[:, 1:].mean()), float(after[:, 1:].mean())

    @property
    def r_warped(self) -> float:
        """Mean r after warping."""
        return float(self._warped[1][:, 0].mean())

    @cached_property
    def warping(self) -> tuple[float, float, float]:
        """How much more r gains by warping than with other utterances' targets, with its interval."""
        place, after = self._warped
        gain = after - place
        return interval(gain[:, 0] - gain[:, 1:].mean(axis=1))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """All of it."""
        skill, low, high = self.skill
        gain, least, most = self.warping
        null, named = self.null
        place, after = self._strangers
        best = int(self._by_lag.mean(axis=1).argmax()) - len(self._by_lag) // 2
        return (
            Reading("movement", skill, null, f"share explained after a line per band; null: {named}", low, high),
            Reading("error", self.raw, 1.0, "squared error as it is; null: each band's mean"),
            Reading("bias", self.bias, 0.0, "what wrong means of bands add to it"),
            Reading("scale", self.by_line, 0.0, "share of the error that a line per band takes away"),
            Reading("r", self.r_at(0), place, "correlation in place; null: with another utterance's target"),
            Reading("lag", float(best), 0.0, "frames by which it is late, at the best correlation"),
            Reading("r warped", self.r_warped, after, "correlation after warping; null: with another utterance's target"),
            Reading("warping", gain, 0.0, "what r gains by warping, beyond what strangers gain", least, most),
        )


def _pieces(pairs: list[tuple[Floats, Floats]]) -> list[tuple[Floats, Floats]]:
    """At least `_FEWEST` pairs where their lengths allow it: each cut into as many consecutive pieces."""
    if len(pairs) >= _FEWEST:
        return pairs
    made = []
    for p, t in pairs:
        count = max(1, min(-(-_FEWEST // len(pairs)), min(p.shape[1], t.shape[1]) // _FEWEST))
        made += list(zip(np.array_split(p, count, axis=1), np.array_split(t, count, axis=1), strict=True))
    if len(made) == 1:
        raise ContractError("one short utterance has nothing to be held against", wanted="several, or a longer one")
    return made


def _lines(pairs: Sequence[tuple[Floats, Floats]]) -> list[tuple[Floats, Floats, Floats]]:
    """For each pair, per band, of the others: slope and offset from prediction to target, and the targets' mean."""
    sums = np.array([[p.sum(1), t.sum(1), (p * p).sum(1), (p * t).sum(1), np.full(len(p), p.shape[1])] for p, t in pairs])
    made = []
    for own in sums:
        sp, st, spp, spt, n = sums.sum(0) - own
        variance = spp / n - (sp / n) ** 2
        covariance = spt / n - sp * st / n**2
        slope = np.where(variance > 1e-12, covariance / np.maximum(variance, 1e-12), 0.0)
        made.append((slope[:, None], (st / n - slope * sp / n)[:, None], (st / n)[:, None]))
    return made


def _share(errors: Floats, base: Floats) -> tuple[float, float, float]:
    """1 - Σ errors / Σ base with its 95 % interval, the ratio linearised over utterances."""
    ratio = float(errors.sum() / base.sum())
    rest = (errors - ratio * base) / base.mean()
    half = _t(len(rest)) * float(rest.std(ddof=1)) / np.sqrt(len(rest))
    return 1 - ratio, float(1 - ratio - half), float(1 - ratio + half)


def interval(values: Floats) -> tuple[float, float, float]:
    """Mean with its 95 % interval."""
    half = _t(len(values)) * float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def _t(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))
