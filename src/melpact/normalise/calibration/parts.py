"""What is left out in turn: whole utterances, or blocks of time where there are only one or two; and one look at all values.

Frames of one utterance resemble each other, so whole utterances are the honest unit. One recording has none to leave out:
it is cut into blocks of time, neighbours together, and what is then found is said to hold for that recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.normalise.calibration.base import Values
from melpact.normalise.calibration.pairs import AnyPair

ENOUGH = 3
"""From so many utterances on, whole utterances are left out."""
MOST_FRAMES = 65536
"""Strategies are fitted to at most so many frames, every k-th of each utterance; errors are counted on all of them."""
_BLOCKS, _SHORTEST = 10, 20
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Parts:
    """What is left out in turn.

    Attributes:
        pairs: in the order of their names.
        places: of each item its pair and its frames.
        folds: the items that are left out together.
        blocks: whether items are blocks of time rather than utterances.
    """

    pairs: tuple[AnyPair, ...]
    places: tuple[tuple[int, slice], ...]
    folds: tuple[NDArray[np.int64], ...]
    blocks: bool

    def __len__(self) -> int:
        return len(self.places)

    def values(self, item: int) -> tuple[Array, Array]:
        """Prediction and target of one item, [n_mels, frames] each."""
        which, frames = self.places[item]
        x, t = self.pairs[which].values()
        return x[:, frames], t[:, frames]

    @property
    def stride(self) -> int:
        """Every so many frames are used for fitting."""
        return -(-sum(p.frames for p in self.pairs) // MOST_FRAMES)

    @property
    def caution(self) -> str:
        """What few recordings leave open ("" where there are enough)."""
        if not self.blocks:
            return ""
        many = "one recording" if len(self.pairs) == 1 else f"{len(self.pairs)} recordings"
        return (
            f"{many}, cut into {len(self)} blocks of time: n = {len(self.pairs)}, so the intervals say nothing of other "
            "recordings"
        )


def parts(pairs: Sequence[AnyPair], folds: int, rng: np.random.Generator) -> Parts:
    """Whole utterances in random parts; blocks of time in order where there are fewer than three.

    Raises:
        ContractError: one or two pairs that are too short to be cut.
    """
    if len(pairs) >= ENOUGH:
        whole = tuple((i, slice(0, p.frames)) for i, p in enumerate(pairs))
        split = np.array_split(rng.permutation(len(pairs)), min(folds, len(pairs)))
        return Parts(tuple(pairs), whole, tuple(np.sort(part) for part in split), False)
    places = []
    for i, one in enumerate(pairs):
        count = min(_BLOCKS // len(pairs), one.frames // _SHORTEST)
        edges = np.linspace(0, one.frames, count + 1).astype(int).tolist()
        places += [(i, slice(a, b)) for a, b in pairwise(edges)]
    if len(places) < ENOUGH:
        raise ContractError(
            "cross-validation leaves out utterances, or blocks of time of a long one, and there is too little of both",
            where="calibration",
            got=f"{len(pairs)} pair(s), {sum(p.frames for p in pairs)} frames",
            wanted=f"at least {ENOUGH} utterances, or {ENOUGH * _SHORTEST} frames of one",
            next="Give more utterances",
        )
    split = np.array_split(np.arange(len(places)), min(folds, len(places)))
    return Parts(tuple(pairs), tuple(places), tuple(split), True)


class Moments:
    """Sums of both sides per band, from one look at every value: what deviation and correlation need."""

    def __init__(self) -> None:
        self.frames = 0
        self._shift: tuple[Values, Values] | None = None
        self._sums: NDArray[np.float64] = np.zeros(0)

    def add(self, x: Array, t: Array) -> None:
        """Count one item, [n_mels, frames] each."""
        if self._shift is None:
            self._shift = x.mean(axis=1, dtype=np.float64)[:, None], t.mean(axis=1, dtype=np.float64)[:, None]
            self._sums = np.zeros((5, x.shape[0]))
        a, b = x - self._shift[0], t - self._shift[1]
        self._sums += [a.sum(axis=1), b.sum(axis=1), (a * a).sum(axis=1), (b * b).sum(axis=1), (a * b).sum(axis=1)]
        self.frames += x.shape[1]

    def _within(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Squared distances from each band's mean summed over frames, of both [2, n_mels], and their products [n_mels]."""
        a, b, aa, bb, ab = self._sums
        squares = np.stack([aa - a * a / self.frames, bb - b * b / self.frames])
        # what rounding leaves of a band that does not move is no movement
        squares[squares <= 1e-12 * np.stack([aa, bb])] = 0.0
        return squares, ab - a * b / self.frames

    def spread(self) -> tuple[float, float, float]:
        """Variance of prediction and target over all values, and their covariance."""
        assert self._shift is not None
        squares, shared = self._within()
        means = [s[:, 0] + total / self.frames for s, total in zip(self._shift, self._sums[:2], strict=True)]
        apart = [m - m.mean() for m in means]
        every = [float((q / self.frames + m * m).mean()) for q, m in zip(squares, apart, strict=True)]
        return every[0], every[1], float((shared / self.frames + apart[0] * apart[1]).mean())

    def correlation(self, *, bands: bool = True) -> float:
        """Pearson's r of all values; with `bands`, after each band's mean was taken out. 0 where one does not vary."""
        if bands:
            squares, shared = self._within()
            one, other, both = float(squares[0].sum()), float(squares[1].sum()), float(shared.sum())
        else:
            one, other, both = self.spread()
        size = float(np.sqrt(one * other))
        return both / size if size > 0 else 0.0
