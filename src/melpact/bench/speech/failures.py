"""How many of so many sentences failed: counts, and between which shares the true one lies. Which failures: `detectors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from melpact.core.records import Record

LEVEL = 0.95
EXAMPLES = 5


class Count(Record):
    """So many of n, per 1,000.

    Attributes:
        low, high: Clopper-Pearson 95 % interval; where none was found, `high` is the one-sided 95 % bound and `low` 0.
        examples: sentence → what was found, the first five.
    """

    n: int
    found: int
    per_1000: float
    low: float
    high: float
    examples: dict[str, str] = Field(default_factory=dict)

    @property
    def words(self) -> str:
        """As it is read."""
        if self.n == 0:
            return "–"
        if self.found == 0:
            return f"0 of {self.n}: below {self.high:.3g} per 1,000 (95 %)"
        return f"{self.found} of {self.n}: {self.per_1000:.3g} per 1,000 [{self.low:.3g}, {self.high:.3g}]"


def share(found: int, n: int) -> tuple[float, float]:
    """Ends of the share of a population of which `found` of `n` were seen.

    Source: Clopper & Pearson 1934, The use of confidence or fiducial limits; of none seen 1 - .05^(1/n).
    """
    from scipy.special import betaincinv

    if n == 0:
        return 0.0, 1.0
    if found == 0:
        return 0.0, float(1 - (1 - LEVEL) ** (1 / n))
    if found == n:
        return float((1 - LEVEL) ** (1 / n)), 1.0
    edge = (1 - LEVEL) / 2
    return float(betaincinv(found, n - found + 1, edge)), float(betaincinv(found + 1, n - found, 1 - edge))


def counted(seen: Mapping[str, Mapping[str, str]], kind: str) -> Count:
    """One failure over sentences: sentence → failure → what was found."""
    hits = {name: one[kind] for name, one in seen.items() if kind in one}
    n = len(seen)
    low, high = share(len(hits), n)
    per_1000 = 1000 * len(hits) / n if n else 0.0
    first = dict(list(hits.items())[:EXAMPLES])
    return Count(n=n, found=len(hits), per_1000=per_1000, low=1000 * low, high=1000 * high, examples=first)


def any_of(seen: Mapping[str, Mapping[str, str]], kinds: Sequence[str]) -> Count:
    """Sentences with one of these failures at least."""
    merged = {
        name: ({"": "; ".join(f"{kind}: {own[kind]}" for kind in kinds if kind in own)} if set(kinds) & set(own) else {})
        for name, own in seen.items()
    }
    return counted(merged, "")
