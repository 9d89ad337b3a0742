"""Pairs of a user's own: what his model predicts beside what it should have, mixed into the batches of a refiner."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import share
from melpact.train.task import Source

SUFFIX = ".mel"
_STREAM = 0x70616972
_MOST_OFF = 1


class Pairs:
    """A source in which a share of the items are crops of pairs: "mel" of the true one, "given" of the predicted one.

    What else a batch holds (its sound) stays that of the source and is not the pairs'.

    Args:
        source: of the other items.
        predicted, true: folders of NAME.mel; a name that only one of them has is passed over.
        frames: of a crop; shorter pairs are extended by their last frame.
        ratio: the share of items.

    Raises:
        TrainingError: no name in both, another description, or two mels that are not of one length.
    """

    def __init__(
        self, source: Source, predicted: str | Path, true: str | Path, spec: MelSpec, frames: int, ratio: float, seed: int
    ) -> None:
        self.source, self.ratio, self.seed, self.frames = source, ratio, seed, frames
        sides = [Path(predicted), Path(true)]
        names = sorted(set.intersection(*({path.name for path in side.glob(f"*{SUFFIX}")} for side in sides)))
        if not names:
            raise TrainingError(
                "the two folders have no mel in common", where="pairs", got=f"{sides[0]}, {sides[1]}",
                wanted=f"NAME{SUFFIX} in both",
            )  # fmt: skip
        self._pairs = [_pair(sides[0] / name, sides[1] / name, spec) for name in names]
        shares = np.array([given.shape[1] for given, _ in self._pairs], np.float64)
        self._bounds = np.cumsum(shares / shares.sum())

    @property
    def batch(self) -> int:
        """Items of a step."""
        return self.source.batch

    @property
    def fingerprint(self) -> str:
        """Of the source, and of the numbers of all pairs."""
        seen = hashlib.sha256()
        for pair in self._pairs:
            for values in pair:
                seen.update(np.ascontiguousarray(values).tobytes())
        return digest({"source": self.source.fingerprint, "pairs": seen.hexdigest(), "ratio": self.ratio, "seed": self.seed})

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


def _pair(predicted: Path, true: Path, spec: MelSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    found = []
    for path in (predicted, true):
        mel = Mel.load(path)
        if mel.spec != spec:
            raise TrainingError("is in another description", where=path, got=mel.spec.diff(spec).summary())
        if mel.values.ndim != 2 or mel.n_frames == 0:
            raise TrainingError("is not one mel", where=path, got=f"shape {list(mel.values.shape)}")
        found.append(mel.values)
    lengths = [values.shape[1] for values in found]
    if abs(lengths[0] - lengths[1]) > _MOST_OFF:
        raise TrainingError(
            "the two mels of a pair are not of one length", where=predicted, got=f"{lengths[0]} frames beside {lengths[1]}",
            next="Predict with the durations of the recording (teacher forcing), or align them first",
        )  # fmt: skip
    shortest = min(lengths)
    return found[0][:, :shortest], found[1][:, :shortest]


def _crop(values: NDArray[np.float32], first: int, frames: int) -> NDArray[np.float32]:
    part = values[:, first : first + frames]
    return np.pad(part, ((0, 0), (0, frames - part.shape[1])), "edge")
