"""Pairs of a user's own: what his model predicts beside what it should have, mixed into the batches of a refiner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import share
from melpact.degradations.pairs import folder_pairs
from melpact.train.task import Source

_STREAM = 0x70616972


class Pairs:
    """A source in which a share of the items are crops of pairs: "mel" of the true one, "given" of the predicted one, before
    their scaling.

    What else a batch holds (its sound) stays that of the source and is not the pairs'.

    Args:
        source: of the other items.
        predicted, true: folders of NAME.mel; a name that only one of them has is passed over.
        spec: of all of them.
        frames: of a crop; shorter pairs are extended by their last frame.
        ratio: the share of items.

    Raises:
        MelpactError: no name in both, another description, or two mels that do not belong together.
    """

    def __init__(
        self, source: Source, predicted: str | Path, true: str | Path, spec: MelSpec, frames: int, ratio: float, seed: int
    ) -> None:
        self.source, self.ratio, self.seed, self.frames = source, ratio, seed, frames
        found = folder_pairs(predicted, true)
        found.check()
        if found.spec != spec:
            raise TrainingError("are in another description", where="pairs", got=found.spec.diff(spec).summary())
        self._pairs = [(one.prediction, one.target) for one in found.pairs]
        self._seen = found.fingerprint
        shares = np.array([given.shape[1] for given, _ in self._pairs], np.float64)
        self._bounds = np.cumsum(shares / shares.sum())

    @property
    def batch(self) -> int:
        """Items of a step."""
        return self.source.batch

    @property
    def fingerprint(self) -> str:
        """Of the source, and of the numbers of all pairs."""
        return digest({"source": self.source.fingerprint, "pairs": self._seen, "ratio": self.ratio, "seed": self.seed})

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """As `Source` says."""
        found = dict(self.source.batch_at(step, rank=rank, world=world))
        mel, given = np.array(found["mel"]), np.array(found["given"])
        for place, item in enumerate(share(self.batch, rank, world)):
            rng = np.random.default_rng([self.seed, _STREAM, step, item])
            if rng.random() >= self.ratio:
                continue
            index = min(int(np.searchsorted(self._bounds, rng.random(), "right")), len(self._pairs) - 1)
            predicted, true = self._pairs[index]
            first = int(rng.integers(0, max(1, predicted.shape[1] - self.frames + 1)))
            given[place], mel[place] = (_crop(values, first, self.frames) for values in (predicted, true))
        return {**found, "mel": mel, "given": given}


def _crop(values: NDArray[np.float32], first: int, frames: int) -> NDArray[np.float32]:
    part = values[:, first : first + frames]
    return np.pad(part, ((0, 0), (0, frames - part.shape[1])), "edge")
