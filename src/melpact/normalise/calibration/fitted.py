"""`Calibration`: a fitted map from a model's predictions to true mels, bound to what it was fitted to; and its file.

Which strategy it takes is decided in `validation` and `report`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from pydantic import ValidationError

from melpact.contract.artifact import Artifact, read, write
from melpact.contract.diff import diff
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact, SpecMismatch
from melpact.core.records import canonical_json, digest
from melpact.normalise.calibration.base import Params, Strategy, strategy
from melpact.normalise.calibration.pairs import AnyPair, checked
from melpact.normalise.calibration.report import Report
from melpact.normalise.calibration.validation import FOLDS, RESAMPLES, compare, training
from melpact.normalise.fitting import apply as scaled


@dataclass(frozen=True, eq=False)
class Calibration:
    """One strategy with its parameters, and everything it is bound to.

    `spec` is the description of the mels it takes and gives, `model` the name that the user gave the model's state (any
    text; a checkpoint's hash does well), `report` the comparison that led to it.
    """

    spec: MelSpec
    strategy: str
    params: Params
    report: Report
    model: str | None = None

    def __post_init__(self) -> None:
        strategy(self.strategy)
        frozen = {}
        for name, value in self.params.items():
            frozen[name] = np.array(value, np.float64)
            frozen[name].flags.writeable = False
        object.__setattr__(self, "params", MappingProxyType(frozen))

    @classmethod
    def fit(
        cls,
        pairs: Iterable[AnyPair],
        *,
        model: str | None = None,
        only: Sequence[str] | None = None,
        folds: int = FOLDS,
        resamples: int = RESAMPLES,
        rng: np.random.Generator | None = None,
    ) -> Calibration:
        """Compare the strategies on held-out utterances, take the simplest good one and fit it to all pairs.

        Args:
            pairs: from `pair(name, prediction, target)`, of one description; see `compare` for one or two.
            model: names the state of the model that predicted; kept, and compared when the calibration is used.
            only: names of strategies; all by default.
            folds, resamples, rng: see `compare`.

        Raises:
            NoSkill: the best strategy does not beat the best null by more than the interval; its `report` says more.
            ContractError, SpecMismatch: too few pairs, or pairs that do not belong together.
        """
        found = checked(pairs)
        allowed: list[Strategy] | None = None if only is None else [strategy(name) for name in only]
        report = compare(found, only=allowed, folds=folds, resamples=resamples, rng=rng)
        report.check()
        taken = strategy(str(report.chosen))
        return cls(found[0].spec, taken.name, taken.fit(*training(found)), report, model)

    @property
    def data(self) -> str:
        """Fingerprint of the pairs: names, sizes and values."""
        return self.report.data

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over the map itself and what it is bound to."""
        params = {name: value.tolist() for name, value in self.params.items()}
        return digest([self.spec.fingerprint, self.strategy, params, self.model, self.data])

    def apply(self, mel: Mel, *, model: str | None = None) -> Mel:
        """The calibrated mel, in the same description and with the same axes.

        The map works on the mel before its scaling. What it puts below the log floor is raised to the floor (no true
        mel lies there, so that this only lowers an error); a strategy `none` changes nothing at all.

        Args:
            mel: a prediction in this calibration's description.
            model: which model made it; refused where it is not the one this was fitted to.

        Raises:
            SpecMismatch: a mel of another description.
            ContractError: another model's, or already calibrated, or NaN or infinity.
        """
        self._check(mel, model)
        if self.strategy == "none":
            return self._marked(mel)
        raw = mel.raw()
        values = np.moveaxis(raw.values, -2, 0)
        flat = values.reshape(values.shape[0], -1).astype(np.float64)
        made = strategy(self.strategy).apply(self.params, flat).reshape(values.shape)
        if self.spec.floor_kind != "none":
            made = np.maximum(made, self.spec.floor_value)
        lifted = replace(raw, values=np.moveaxis(made, 0, -2).astype(np.float32))
        return self._marked(scaled(lifted, self.spec.scaling)[0])

    def _marked(self, mel: Mel) -> Mel:
        said = {"strategy": self.strategy, "fingerprint": self.fingerprint, "data": self.data, "model": self.model}
        return replace(mel, provenance={**mel.provenance, "calibration": said})

    def _check(self, mel: Mel, model: str | None) -> None:
        if mel.spec != self.spec:
            raise SpecMismatch(
                "this calibration is for mels of another description",
                where="calibration",
                got=mel.dialect or mel.spec.fingerprint,
                wanted=self.spec.fingerprint,
                next=f"{diff(mel.spec, self.spec).summary()}. Fit one for it: melpact calibrate fit",
            )
        if model is not None and model != self.model:
            raise ContractError(
                "this calibration was fitted to another model",
                where="calibration",
                got=model,
                wanted=self.model or "no model was named when it was fitted",
                next="A model that was trained further needs its own: melpact calibrate fit --model",
            )
        if "calibration" in mel.provenance:
            raise ContractError(
                "this mel is calibrated already, and nothing is calibrated twice",
                got=mel.provenance["calibration"],
                next="Apply it to the model's own output",
            )
        bad = int(np.count_nonzero(~np.isfinite(mel.values)))
        if bad:
            raise ContractError("the mel holds NaN or infinity", got=f"{bad} of {mel.values.size} values")

    def save(self, path: str | Path) -> Path:
        """Write it as one artifact of kind "calibration", atomically; returns the path. Its header holds the report."""
        config = {"strategy": self.strategy, "model": self.model, "report": self.report.model_dump(mode="json")}
        return write(path, Artifact("calibration", dict(self.params), self.spec, config))

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is not a whole artifact of kind "calibration".
        """
        found = read(path, "calibration")
        try:
            if found.spec is None:
                raise ValueError("no spec")
            name, model = found.config["strategy"], found.config["model"]
            if not (model is None or isinstance(model, str)):
                raise ValueError(f"model {model!r}")
            strategy(name).check(found.tensors, found.spec.n_mels)
            report = Report.model_validate_json(canonical_json(found.config["report"]))
            return cls(found.spec, name, found.tensors, report, model)
        except (KeyError, TypeError, ValueError, AttributeError, ValidationError, MelpactError) as error:
            raise NotAnArtifact(
                "is not a complete calibration", where=path, got=repr(error), next="Fit it again: melpact calibrate fit"
            ) from error

    def __repr__(self) -> str:
        return f"Calibration({self.strategy}, spec {self.spec.fingerprint}, model {self.model}, data {self.data})"
