"""A line per band: what a mere calibration does, and the null beside the identity that a network has to beat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import NotAnArtifact
from melpact.core.records import digest
from melpact.models.refine.base import Floats, Refiner
from melpact.models.refine.facts import Facts, Tensors, write
from melpact.models.refine.settings import Refining
from melpact.normalise.band_statistics import Statistics
from melpact.normalise.calibration import Pair, StoredPair, strategy
from melpact.normalise.calibration.pairs import checked, data_fingerprint
from melpact.normalise.calibration.validation import training

STRATEGY = "band_affine"


@dataclass(frozen=True, eq=False)
class Affine(Refiner):
    """y[m] = slope[m]·x[m] + offset[m] before the scaling; parameters as `normalise.calibration` knows its band_affine."""

    method = "affine"
    facts: Facts = field()
    params: dict[str, NDArray[np.float64]]

    @classmethod
    def fit(cls, pairs: Iterable[Pair | StoredPair]) -> Affine:
        """Least squares over all pairs, with the statistics of their targets. Whether it helps is not asked: it is a null.

        Args:
            pairs: from `melpact.normalise.calibration.pair`, the prediction what is given, the target what is wanted.

        Raises:
            ContractError, SpecMismatch: no pairs, or of several descriptions.
        """
        found = checked(pairs)
        params = {name: np.asarray(value) for name, value in strategy(STRATEGY).fit(*training(found)).items()}
        spec = found[0].spec
        statistics = Statistics.measure((one.values()[1] for one in found), spec)
        origin = {"fitted": {"pairs": len(found), "data": data_fingerprint(found)}}
        return cls(Facts(spec, cls.method, statistics, provenance=origin), params)

    @classmethod
    def build(cls, facts: Facts, tensors: Tensors, where: object = None) -> Affine:
        """Of what a file holds.

        Raises:
            NotAnArtifact: its parameters are not a line per band.
        """
        params = {name: np.array(value, np.float64) for name, value in tensors.items()}
        try:
            strategy(STRATEGY).check(params, facts.spec.n_mels)
        except ValueError as error:
            raise NotAnArtifact("is not a line per band", where=where, got=str(error)) from error
        return cls(facts, params)

    def save(self, path: str | Path, *, half: bool = False) -> Path:
        """Write it as one file; returns the path. Its parameters stay whole with `half`: they are few."""
        return write(path, self.facts, self.params)

    @property
    def title(self) -> str:
        return "affine: a line per band"

    @property
    def fingerprint(self) -> str:
        params = {name: value.tolist() for name, value in self.params.items()}
        return digest(["refiner", self.facts.spec.facts(), params])

    def _refine(
        self,
        given: Sequence[Floats],
        settings: Refining,
        f0_hz: Sequence[Floats | None],
        voice: Sequence[Floats | None],
        first_frame: int,
    ) -> list[Floats]:
        part = 1.0 if settings.strength is None else settings.strength
        made = []
        for values in given:
            x = values.astype(np.float64)
            made.append((x + part * (strategy(STRATEGY).apply(self.params, x) - x)).astype(np.float32))
        return made
