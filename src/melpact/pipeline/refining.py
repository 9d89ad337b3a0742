"""A refiner as a stage: between what predicts a mel and the vocoder, where it was measured to help, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.models.refine.base import Refiner
from melpact.models.refine.identity import Identity
from melpact.models.refine.law import happened, judged, refined_by, signed
from melpact.models.refine.opening import refiner as open_refiner
from melpact.models.refine.settings import Refining
from melpact.models.refine.shipped import is_shipped
from melpact.pipeline.ports import Context, Port, Stage


class Refined(Stage):
    """Refines the mel that comes in.

    Args:
        refiner: a refiner, or what `melpact.models.refine.refiner` opens.
        settings: what differs from the refiner's own, by name ("steps", "strength", "guidance", "seed", "solver").
        degradation: what is wrong with the mels that come in.
        force: go on where the law says no.
        folder: where relative paths start.

    Raises:
        NoSkill: it was not measured to help on that degradation.
        ContractError: impossible settings, or a refiner that takes a pitch. MelpactError: it cannot be opened.
    """

    name = "refine"

    def __init__(
        self,
        refiner: Refiner | str | Path,
        settings: dict[str, Any] | None = None,
        *,
        degradation: str | None = None,
        force: bool = False,
        folder: Path | None = None,
    ) -> None:
        self.path: Path | None = None
        self.named: str | None = None
        if isinstance(refiner, Refiner):
            self.refiner, called = refiner, refiner.title
        elif is_shipped(str(refiner)) or str(refiner) == Identity.method:
            self.named = called = str(refiner)
            self.refiner = open_refiner(called)
        else:
            self.path = (folder or Path()) / refiner
            self.refiner, called = open_refiner(self.path), self.path.name
        if self.refiner.facts is not None and self.refiner.facts.takes_f0:
            raise ContractError("takes a pitch, which no stage hands on", where=called, next="Run: melpact refine --f0")
        try:
            self.settings = Refining(**{**self.refiner.asked(None).model_dump(), **(settings or {})})
        except ValidationError as error:
            first = error.errors()[0]
            where = f"refine.{'.'.join(str(part) for part in first['loc'])}"
            raise ContractError(str(first["msg"]), where=where, got=first["input"]) from None
        self.degradation, self.force, self.called = degradation, force, called
        self.note = judged(self.refiner, called, () if degradation is None else (degradation,), force=force, where="refine")

    def takes(self) -> Port:
        return Port("mel", self.refiner.spec)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.refiner.spec or taken.spec)

    def run(self, value: Mel, context: Context) -> Mel:
        done = happened(value, self.degradation)
        if done:
            judged(self.refiner, self.called, done, force=self.force)
        before = refined_by(value)
        if before and not self.force and not isinstance(self.refiner, Identity):
            raise ContractError(
                "this mel is refined already", got=f"one that {before} made", next="Go on all the same: force = true"
            )
        made = self.refiner(value, self.settings)
        context.notes["changed"] = float(np.mean(np.abs(made.raw().values - value.raw().values, dtype=np.float64)))
        return Mel(made.values, made.spec, made.utterance, signed(value, self.refiner, self.called, self.settings))

    def facts(self) -> dict[str, Any]:
        own = {"stage": "refine", "fingerprint": self.refiner.fingerprint, "method": self.refiner.method}
        asked = self.settings.model_dump(mode="json")
        return {**own, "name": self.named, **asked, "degradation": self.degradation, "force": self.force}

    def place(self) -> dict[str, Any]:
        return {} if self.path is None else {"path": str(self.path.resolve())}

    def how(self) -> tuple[str, str]:
        steps = f", {self.settings.steps} {self.settings.solver} steps" if self.refiner.method == "diffusion" else ""
        return f"refiner {self.refiner.title}, strength {self.settings.strength:g}{steps}", self.note
