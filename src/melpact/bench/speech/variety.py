"""How different several tries of one sentence are, and whether that grows with a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured, Score
from melpact.bench.speech import columns as c
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.core.records import Record
from melpact.features.active import active, per_db

Floats = NDArray[np.float64]
Apart = tuple[float, float]
"""dB between two mels, and per cent between their lengths."""
RADIUS_SHARE = 0.3
_DEPTH_DB = 60.0


class Point(Record):
    """One value of a setting: how far tries lie apart, over sentences.

    Attributes:
        same: sentences all of whose tries are the same to the bit; of: sentences.
    """

    value: float
    apart: Score
    tempo_apart: Score
    same: int
    of: int


class Variety(Record):
    """Distance of tries against one setting.

    Attributes:
        monotone: whether the means never fall as the setting grows; None: fewer than two points.
        rank: Spearman's correlation within sentences, over sentences.
        other: how far different sentences of the same speaker lie apart: what is as far is no longer the same sentence.
        reason: why nothing was measured.
    """

    setting: str
    points: tuple[Point, ...] = ()
    monotone: bool | None = None
    rank: Score = Score(reason="fewer than two points")
    other: Score = Score(reason="not measured")
    seeds: int = 0
    reason: str = ""

    @property
    def flat(self) -> bool:
        """Whether the setting changes nothing."""
        return len(self.points) > 1 and len({(point.apart.value, point.tempo_apart.value) for point in self.points}) == 1

    @property
    def words(self) -> str:
        """What it says, in a sentence."""
        if self.reason:
            return f"{self.setting}: {self.reason}"
        if self.monotone is None:
            return f"{self.setting}: one value says nothing of growth"
        if self.flat:
            return f"{self.setting}: it changes nothing: the tries lie as far apart at every value"
        grows = "never falls" if self.monotone else "does not grow throughout"
        rank = "" if self.rank.value is None else f", rank correlation {self.rank.value:.2f}"
        ends = "" if self.rank.low is None else f" [{self.rank.low:.2f}, {self.rank.high:.2f}]"
        zero = [point for point in self.points if point.value == 0]
        said = "".join(f"; at 0 the tries are the same to the bit in {one.same} of {one.of} sentences" for one in zero)
        return f"{self.setting}: the distance between tries {grows}{rank}{ends}{said}"


def levels(mel: Mel) -> Floats:
    """dB, float64 [frames, bands]; from the first frame that sounds to the last, no deeper than 60 dB below the loudest.

    Raises:
        NotMeasured: a mel without a logarithm, or without a sound.
    """
    raw = mel.raw().values
    try:
        values = raw.astype(np.float64) / per_db(mel.spec)
    except MelpactError as error:
        raise NotMeasured(str(error)) from None
    places = np.flatnonzero(active(raw, mel.spec))
    if places.size < 2:
        raise NotMeasured("nothing sounds in it")
    part = values[:, places[0] : places[-1] + 1].T
    return np.asarray(np.maximum(part, part.max() - _DEPTH_DB), np.float64)


def apart(a: Mel, b: Mel) -> Apart:
    """How far two mels of one description lie apart; (0, 0) where they are the same to the bit.

    Raises:
        NotMeasured: as `levels`.
    """
    from melpact.bench.metrics._dtw import mean_distance

    if a.values.shape == b.values.shape and np.array_equal(a.values, b.values):
        return 0.0, 0.0
    x, y = levels(a), levels(b)
    distance = mean_distance(x, y, max(8, int(RADIUS_SHARE * max(len(x), len(y))))) / np.sqrt(x.shape[1])
    longer = abs(len(x) - len(y)) / ((len(x) + len(y)) / 2)
    return float(distance), 100 * float(longer)


def among(tries: Sequence[Mel]) -> Apart:
    """The mean over pairs of tries of one sentence.

    Raises:
        NotMeasured: fewer than two.
    """
    pairs = [apart(a, b) for a, b in combinations(tries, 2)]
    if not pairs:
        raise NotMeasured("fewer than two tries")
    return float(np.mean([one[0] for one in pairs])), float(np.mean([one[1] for one in pairs]))


def variety(
    setting: str, found: Mapping[float, Mapping[str, Apart]], other: Mapping[str, float], *, seeds: int, seed: int = 0
) -> Variety:
    """The table of one setting.

    Args:
        found: value → sentence → distance of its tries. other: sentence → distance from another sentence, dB.
    """
    points, nothing = [], "no sentence was spoken twice"
    for value in sorted(found):
        own = found[value]
        points.append(
            Point(
                value=value, apart=c.over(c.APART, {k: one[0] for k, one in own.items()}, nothing, seed),
                tempo_apart=c.over(c.TEMPO_APART, {k: one[1] for k, one in own.items()}, nothing, seed),
                same=sum(one == (0.0, 0.0) for one in own.values()), of=len(own),
            )
        )  # fmt: skip
    means = [point.apart.value for point in points if point.apart.value is not None]
    monotone = None if len(means) < 2 else all(b >= a for a, b in pairwise(means))
    ranks = {}
    for name in set.intersection(*(set(own) for own in found.values())) if len(found) > 1 else set():
        rank = _rank([found[value][name][0] for value in sorted(found)])
        if rank is not None:
            ranks[name] = rank
    ranked = dict(sorted(ranks.items()))
    return Variety(
        setting=setting, points=tuple(points), monotone=monotone, seeds=seeds,
        rank=c.over(c.RANK, ranked, "the setting changes nothing at all", seed),
        other=c.over(c.APART, other, "only one sentence", seed),
    )  # fmt: skip


def _rank(values: Sequence[float]) -> float | None:
    """Spearman's correlation of values with their places; None where all are the same."""
    from scipy.stats import rankdata

    if len(set(values)) < 2:
        return None
    return float(np.corrcoef(np.arange(len(values)), rankdata(values))[0, 1])
