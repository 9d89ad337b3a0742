"""`AcousticModel`: a user's own model as the stage that makes the mel. What runs it is an `engine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from melpact.bridges.ways import said
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.pipeline.axes import Axes
from melpact.pipeline.engine import Engine, Inputs, Source, chosen, engine
from melpact.pipeline.normaliser import Given, normaliser
from melpact.pipeline.ports import Context, Kind, Port, Predicted, Stage

_UNUSABLE = 1e6


class AcousticModel(Stage):
    """Features, text or a mel → a mel.

    Args:
        model: a function, "module:function", or the path of an ONNX or TorchScript file.
        spec: the mel that it was trained to give, before its normaliser.
        axes: of its output: "frames, bands" or "bands, frames", with "batch" in front where it has that axis (then a lone
            input array gets one, too).
        normaliser: what was done to the training mels after that; see `normaliser`. There is no default: None says that
            nothing was done.
        takes: "features" (an array, or several by name), "text", or the description of a mel, handed over in `axes`.
        output: which result is the mel, by name or index, where the model gives several.
        name: what a calibration calls the model's state; its file's SHA-256 is always known as well.
        folder: where relative paths start.

    Raises:
        AxisError: the file promises a shape that cannot be this mel. ContractError, SpecMismatch: a normaliser that does not
            belong to it.
    """

    def __init__(
        self,
        model: Source | Engine,
        spec: MelSpec | Dialect | str,
        *,
        axes: str | Axes,
        normaliser: Given,
        takes: str | MelSpec | Dialect = "features",
        output: str | int | None = None,
        name: str | None = None,
        folder: Path | None = None,
    ) -> None:
        self.engine, self.spec = engine(model, folder), as_spec(spec)
        self.axes, self.output, self.model_name = Axes.parse(axes, "model.axes"), output, name
        self.normaliser = _normaliser(normaliser, self.spec, folder)
        self._kind: Kind = "features" if takes == "features" else "text" if takes == "text" else "mel"
        self._takes_spec = as_spec(takes) if self._kind == "mel" else None
        self.name, self.parallel = "model", self.engine.parallel
        self.where = self.engine.label
        promised = self.engine.output_shape(output)
        if promised is not None:
            self.axes.check(promised, self.spec, self.where)

    @property
    def known_as(self) -> tuple[str, ...]:
        """The names that a calibration may have been fitted under."""
        return tuple(name for name in (self.model_name, self.engine.fingerprint) if name)

    def takes(self) -> Port:
        return Port(self._kind, self._takes_spec)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.spec, self.normaliser)

    def run(self, value: Any, context: Context) -> Mel | Predicted:
        made = self.engine(self._inputs(value), batch=self.axes.batch, seed=context.seed)
        origin = {"model": self.model_name or self.engine.fingerprint or self.where}
        if isinstance(made, Mel):
            if made.spec != self.spec or not isinstance(self.normaliser, NoScaling):
                raise SpecMismatch(
                    "gives a mel of another description than it is said to",
                    where=self.where,
                    got=said(made.spec),
                    wanted=self.gives(self.takes()).words(),
                    next=made.spec.diff(self.spec).summary(),
                )
            made = replace(made, provenance={**made.provenance, **origin})
            self._check(made.values, context)
            return made
        array = chosen(made, self.output, self.where)
        values = self.axes.to_mel(array, self.spec, self.where)
        self._check(values, context)
        if isinstance(self.normaliser, NoScaling):
            return Mel(values, self.spec, provenance=origin)
        return Predicted(values, self.spec, self.normaliser, origin)

    def _check(self, values: np.ndarray[Any, np.dtype[np.float32]], context: Context) -> None:
        context.notes |= {"frames": int(values.shape[-1])}
        if values.shape[-1] == 0:
            raise ContractError("gives no frames", where=self.where)
        bad = ~np.isfinite(values)
        if bad.any():
            band, frame = (int(i) for i in np.argwhere(bad)[0])
            raise ContractError(
                "gives values that are not numbers",
                where=self.where,
                got=f"{int(bad.sum())} NaN or infinite of {values.size}, the first in band {band}, frame {frame}",
                wanted="finite values",
                next="No vocoder can repair that: look into the model",
            )
        most = float(np.abs(values).max())
        if most > _UNUSABLE:
            raise ContractError(
                "gives values beyond any mel", where=self.where, got=f"{most:.3g}", wanted="a model that is trained"
            )

    def _inputs(self, value: Any) -> Inputs:
        if self._kind == "text":
            if not isinstance(value, str) or not value.strip():
                raise ContractError("takes text", where=self.where, got=repr(value)[:60])
            return value
        if isinstance(value, Mel):
            return self.axes.from_mel(value.values)
        if isinstance(value, Mapping):
            return {str(name): _features(part, f"{self.where}: {name}") for name, part in value.items()}
        return _features(value, self.where)

    def facts(self) -> dict[str, Any]:
        takes = self._takes_spec.facts() if self._takes_spec is not None else self._kind
        return {
            "stage": "model",
            **self.engine.facts(),
            "spec": self.spec.facts(),
            "axes": str(self.axes),
            "normaliser": self.normaliser.model_dump(mode="json"),
            "takes": takes,
            "output": self.output,
            "name": self.model_name,
        }

    def place(self) -> dict[str, Any]:
        return self.engine.place()

    def runtime(self) -> dict[str, str]:
        return self.engine.runtime()

    def how(self) -> tuple[str, str]:
        return f"model {self.where}, [{self.axes}]", ""


_normaliser = normaliser
"""The function, where an argument has its name."""


def _features(value: Any, where: object) -> np.ndarray[Any, np.dtype[Any]]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.size == 0:
        got = f"dtype {array.dtype}, shape {list(array.shape)}"
        raise ContractError("takes numbers", where=where, got=got, wanted="an array of numbers, or several by name")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ContractError("the features hold NaN or infinity", where=where, got=f"{bad} of {array.size} values")
    return array
