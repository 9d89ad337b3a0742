"""`Metric`: one number that compares a system's sound with the original, and the facts that keep it honest.

The registry is the folder `melpact.bench.metrics`. What a metric must obey is in `melpact.bench.laws`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair
from melpact.core.plugins import plugins

Domain = Literal["speech", "singing", "music"]
Change = Literal["gain", "polarity", "delay", "noise", "pairing"]
Need = Literal["original", "text"]


def mean(observations: Sequence[Any]) -> float:
    """The mean of one number per utterance."""
    return float(np.mean(np.asarray(observations, dtype=np.float64)))


@dataclass(frozen=True)
class Metric:
    """One metric. A value is made in two steps, so that intervals over utterances can be drawn for every kind.

    Args:
        title: what the field calls it.
        unit: of the value ("" for a pure number).
        better: whether a higher or a lower value is better.
        perfect: the value of a sound against itself; None where there is none (no original is looked at, or infinite).
        observe: pair → what one utterance contributes: a finite float, or anything that `total` sums up (such as errors
            and words, or an array of features). Picklable: floats, ints, strings, numpy arrays, tuples of these. Raises
            `NotMeasured` with the reason where there is none.
        meaning: one sentence for a reader who has never met it.
        source: paper and equation, or the package that computes it.
        total: observations → the value over utterances; the mean unless said otherwise.
        domains: what kind of sound it is made for.
        rate_hz: the only rate it is defined at (sounds are resampled to it); None: the rate of the comparison.
        ignores: changes that do not move it (held by the laws). "noise": added noise, short of full scale; "pairing": which
            utterance it is (a distribution over the corpus), so that the shuffled pairing is no null for it.
        needs: "original": a sound to compare with, paired by name; "text": what was said.
        packages: importable modules that it needs; where one is missing the metric gives the reason.
        install: the command that installs them.
        waveform_exact: only meaningful for systems that restore the waveform, not for those that make a new phase.
        heavy: not part of a suite unless asked for (recognisers).
    """

    title: str
    unit: str
    better: Literal["higher", "lower"]
    perfect: float | None
    observe: Callable[[Pair], Any]
    meaning: str
    source: str
    total: Callable[[Sequence[Any]], float] = mean
    domains: tuple[Domain, ...] = ("speech", "singing", "music")
    rate_hz: int | None = None
    ignores: tuple[Change, ...] = ("delay",)
    needs: tuple[Need, ...] = ("original",)
    packages: tuple[str, ...] = ()
    install: str = ""
    waveform_exact: bool = False
    heavy: bool = False

    def missing(self) -> str | None:
        """Why it cannot be computed on this machine, or None."""
        absent = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if absent:
            return f"needs the package{'s' * (len(absent) > 1)} {', '.join(absent)}: {self.install}"
        return None

    def measure(self, pair: Pair) -> Any:
        """What the utterance contributes.

        Raises:
            NotMeasured: the metric has no value for this pair, and why.
        """
        reason = self.missing() or pair.unfit()
        if reason:
            raise NotMeasured(reason)
        if "text" in self.needs and not pair.text:
            raise NotMeasured("the text of this utterance is not known")
        found = self.observe(pair)
        if isinstance(found, int | float | np.floating) and not np.isfinite(found):
            raise NotMeasured(f"the value is {found}")
        return found

    def value(self, observations: Sequence[Any]) -> float:
        """The value over utterances.

        Raises:
            NotMeasured: no observations, or a value that is not finite.
        """
        if not observations:
            raise NotMeasured("no utterance could be measured")
        found = float(self.total(observations))
        if not np.isfinite(found):
            raise NotMeasured(f"the value over {len(observations)} utterances is {found}")
        return found


def metrics() -> Mapping[str, Metric]:
    """Every metric by the name of its module, read-only, sorted."""
    return MappingProxyType(plugins("melpact.bench.metrics"))
