"""A calibration as a stage: it follows the model it was fitted to, in the description it was fitted in, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.normalise.calibration import Calibration
from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.ports import Context, Port, Stage

_FEWEST_DIGITS = 12


class Calibrated(Stage):
    """Applies a `Calibration`."""

    name = "calibration"

    def __init__(self, calibration: Calibration | str | Path, folder: Path | None = None) -> None:
        self.path = None if isinstance(calibration, Calibration) else (folder or Path()) / calibration
        self.calibration = calibration if isinstance(calibration, Calibration) else Calibration.load(self.path or "")

    def check(self, model: AcousticModel | None) -> None:
        """Refuse a calibration that was fitted to another model than the one whose mels come in.

        Raises:
            ContractError: it names a model, and this one has neither that name nor a file of that SHA-256 (12 digits or
                more).
        """
        bound = self.calibration.model
        if bound is None or model is None:
            return
        begins = len(bound) >= _FEWEST_DIGITS and any(name.startswith(bound.lower()) for name in model.known_as)
        if bound not in model.known_as and not begins:
            raise ContractError(
                "this calibration was fitted to another model",
                where=self.path or "calibration",
                got=" or ".join(model.known_as) or "a model without name or fingerprint",
                wanted=bound,
                next="Fit one to this model: melpact calibrate fit PREDICTIONS TARGETS -o FILE --model "
                + (model.known_as[-1][:16] if model.known_as else "NAME"),
            )

    def takes(self) -> Port:
        return Port("mel", self.calibration.spec)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.calibration.spec)

    def run(self, value: Mel, context: Context) -> Mel:
        return self.calibration.apply(value)

    def facts(self) -> dict[str, Any]:
        found = self.calibration
        return {"stage": "calibration", "fingerprint": found.fingerprint, "strategy": found.strategy, "model": found.model}

    def place(self) -> dict[str, Any]:
        return {} if self.path is None else {"path": str(self.path.resolve())}

    def how(self) -> tuple[str, str]:
        bound = f"fitted to {self.calibration.model}" if self.calibration.model else "bound to no model"
        return f"calibration {self.calibration.strategy}, {bound}", ""
