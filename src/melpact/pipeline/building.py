"""A pipeline from plain values: the stages of a description, or of the record of a run.

Reading the file that people write, with dialects by name, is the verb's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.models.refine.settings import Refining
from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.calibrated import Calibrated
from melpact.pipeline.chain import Pipeline
from melpact.pipeline.ports import Stage
from melpact.pipeline.record import read_record
from melpact.pipeline.refining import Refined
from melpact.pipeline.sources import Extraction, MelInput, To
from melpact.pipeline.vocoding import Melpact, OwnVocoder

_SETTINGS = tuple(Refining.model_fields)
_KEYS: Mapping[str, tuple[str, ...]] = {
    "mel": ("spec",),
    "extraction": ("spec",),
    "model": ("file", "call", "spec", "axes", "normaliser", "takes", "output", "name"),
    "calibration": ("file",),
    "refine": ("file", "name", *_SETTINGS, "degradation", "force"),
    "to": ("spec",),
    "vocoder": ("kind", "effort", "seed", "file", "call", "spec", "axes", "sample_rate", "output", "tolerance_frames"),
}


def stage(given: Mapping[str, Any], folder: Path | None = None, function: Callable[..., Any] | None = None) -> Stage:
    """One stage.

    Args:
        given: `stage` ("mel", "extraction", "model", "calibration", "refine", "to" or "vocoder") and its arguments; `spec`
            is a `MelSpec` or its fields.
        folder: where relative paths start.
        function: stands in for a model that was a Python object.

    Raises:
        ContractError: no such stage, or an argument that it does not have or lacks.
    """
    kind = str(given.get("stage"))
    if kind not in _KEYS:
        raise ContractError("there is no such stage", where="stage", got=repr(kind), wanted=", ".join(_KEYS))
    surplus = sorted(set(given) - {"stage", *_KEYS[kind]})
    if surplus:
        raise ContractError(f"has no {', '.join(surplus)}", where=kind, wanted=", ".join(_KEYS[kind]))
    if kind == "calibration":
        return Calibrated(_needed(given, "file"), folder)
    if kind == "refine":
        asked = {name: given[name] for name in _SETTINGS if given.get(name) is not None}
        source = given.get("file") or given.get("name")
        if source is None:
            raise ContractError("says no refiner", where=kind, wanted="file = 'my.refiner', or a shipped one's name")
        return Refined(
            source, asked, degradation=given.get("degradation"), force=bool(given.get("force", False)), folder=folder
        )
    if kind == "vocoder" and given.get("kind", "griffin_lim" if not _source(given, function) else None) is not None:
        if given.get("kind", "griffin_lim") != "griffin_lim":
            raise ContractError("there is no such vocoder", where="vocoder.kind", got=given["kind"], wanted="griffin_lim")
        return Melpact.griffin_lim(given.get("effort", "best"), int(given.get("seed", 0)))
    spec = _spec(_needed(given, "spec"))
    if kind == "mel":
        return MelInput(spec)
    if kind == "extraction":
        return Extraction(spec)
    if kind == "to":
        return To(spec)
    source = function or _source(given, None)
    if source is None:
        raise ContractError(
            "says no model", where=kind, wanted="file = 'model.onnx' (or TorchScript), or call = 'module:function'"
        )
    if kind == "vocoder":
        more = {name: given[name] for name in ("sample_rate", "output", "tolerance_frames") if given.get(name) is not None}
        return OwnVocoder(source, spec, axes=_needed(given, "axes"), folder=folder, **more)
    if "normaliser" not in given:
        raise ContractError(
            "does not say what was done to the mels it was trained on, and melpact does not guess",
            where="model",
            wanted="normaliser = 'none', {mean = …, std = …}, {min = …, max = …} or 'train.stats'",
        )
    takes = given.get("takes", "features")
    return AcousticModel(
        source,
        spec,
        axes=_needed(given, "axes"),
        normaliser=given["normaliser"],
        takes=_spec(takes) if isinstance(takes, Mapping) else takes,
        output=given.get("output"),
        name=given.get("name"),
        folder=folder,
    )


def _source(given: Mapping[str, Any], function: Callable[..., Any] | None) -> Any:
    return function or given.get("file") or given.get("call")


def _needed(given: Mapping[str, Any], name: str) -> Any:
    if given.get(name) is None:
        raise ContractError(f"needs {name}", where=given.get("stage"))
    return given[name]


def _spec(given: Any) -> MelSpec:
    if isinstance(given, MelSpec):
        return given
    return MelSpec(**given)


def rebuilt(record: Mapping[str, Any] | str | Path, functions: Mapping[str, Callable[..., Any]] | None = None) -> Pipeline:
    """The pipeline of a run, from its record.

    Args:
        record: the record or its file.
        functions: what stands for models that were Python objects without an importable name, by stage ("model",
            "vocoder").

    Raises:
        ArtifactError: a file is gone. ContractError: a model, calibration or description is not what it was; the message
            names the stage.
    """
    found = read_record(record) if isinstance(record, str | Path) else record
    said = found["pipeline"]
    stages = [
        _again(facts, place, (functions or {}).get(facts["stage"]))
        for facts, place in zip(said["stages"], said["places"], strict=True)
    ]
    for facts, made in zip(said["stages"], stages, strict=True):
        now = made.facts()
        differs = sorted(name for name in {*facts, *now} if facts.get(name) != now.get(name))
        if differs:
            name = differs[0]
            raise ContractError(
                f"the {facts['stage']} is not what it was: {', '.join(differs)}",
                where=made.place().get("path"),
                got=now.get(name),
                wanted=facts.get(name),
                next="Put the old file back, or run the description anew",
            )
    return Pipeline(stages, allow=said["allow"], findings=said["findings"], seed=said["seed"])


def _again(facts: Mapping[str, Any], place: Mapping[str, Any], function: Callable[..., Any] | None) -> Stage:
    kept = {name: value for name, value in facts.items() if name in ("stage", *_KEYS[facts["stage"]])}
    if "path" in place:
        kept["file"] = place["path"]
    elif "call" in facts and facts["call"] is None and function is None:
        raise ContractError(
            "was a Python object without an importable name",
            where=facts["stage"],
            next="Give it: rebuilt(record, {stage: function})",
        )
    if facts["stage"] in ("calibration", "refine") and "path" not in place and not facts.get("name"):
        raise ContractError("was never a file", where=facts["stage"], next="Save it, and build the pipeline from the file")
    return stage(kept, Path(place["folder"]) if "folder" in place else None, function)


def stages(given: Sequence[Mapping[str, Any]], folder: Path | None = None) -> list[Stage]:
    """Several, in order."""
    return [stage(one, folder) for one in given]
