"""What the values alone tell of a normalisation that was not undone: a corpus', the utterance's own, or a fixed interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.natural import LEVELS, measure, outside
from melpact.diagnose.normalised import looks_normalised, looks_windowed
from melpact.diagnose.severity import severity

Look = Callable[[Evidence], Finding | None]


def normal(evidence: Evidence) -> str | None:
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
        found = normal(evidence)
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
