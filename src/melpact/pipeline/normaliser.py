"""The normaliser that a model was trained with: reading it from whatever people keep it in, and undoing it.

The most common fault of all is a mean and a deviation that nobody takes off again. So every model has to say what it was
trained with, and the pipeline undoes exactly that, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from melpact.bridges.ways import said
from melpact.contract.artifact import read_header
from melpact.contract.mel import Mel
from melpact.contract.scaling import Affine, BandAffine, NoScaling, Scaling, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.normalise.fitting import fit
from melpact.normalise.stats import Stats
from melpact.pipeline.ports import Context, Port, Predicted, Stage

Given = Scaling | Stats | Mapping[str, Any] | str | Path | None
_WANTED = (
    "none, a Scaling, Stats, the path of a statistics file or of a training mel, {mean, std}, {min, max} (onto -1 to 1 "
    "unless {low, high} say otherwise), or {stats, kind}"
)
_SCALING: TypeAdapter[Scaling] = TypeAdapter(Scaling)


def normaliser(given: Given, spec: MelSpec, folder: Path | None = None) -> Scaling:
    """What a model's output has on top of the values of `spec`.

    Args:
        given: None or "none"; a record of `contract.scaling`; `Stats` or their file (then mean and deviation over all bands,
            or `{"stats": path, "kind": "standardise_bands"}`); a training mel's file (its scaling); `{"mean": m, "std": s}`,
            `{"min": a, "max": b, "low": -1, "high": 1}` with numbers, lists per band or .npy files.
        spec: the description that the model's mel has once it is undone.
        folder: where relative paths start.

    Raises:
        SpecMismatch: statistics or a mel of another description.
        ContractError: nothing of these, another number of bands, or a scaling that takes each utterance's own statistics,
            which a prediction does not have.
    """
    found = _read(given, spec, folder or Path())
    if found.undo_needs():
        raise ContractError(
            "takes statistics of each utterance, which a prediction does not have, so that nothing can undo it",
            where="normaliser",
            got=found.kind,
            wanted="the statistics of the training corpus",
            next="Train against corpus statistics: melpact stats CORPUS -o train.stats",
        )
    if isinstance(found, BandAffine) and len(found.scale) != spec.n_mels:
        raise ContractError(
            "has another number of bands than the model's mel",
            where="normaliser",
            got=len(found.scale),
            wanted=f"{spec.n_mels} ({said(spec)})",
        )
    return found


def _read(given: Given, spec: MelSpec, folder: Path) -> Scaling:
    if given is None or (isinstance(given, str) and given.strip().lower() == "none"):
        return NoScaling()
    if isinstance(given, Stats):
        return _fitted(given, spec, "standardise", "the given statistics")
    if isinstance(given, str | Path):
        return _file(folder / given, spec, "standardise")
    if not isinstance(given, Mapping):
        if hasattr(given, "undo_needs"):
            return given
        raise ContractError("is no normaliser", where="normaliser", got=type(given).__name__, wanted=_WANTED)
    if "stats" in given and set(given) <= {"stats", "kind"}:
        return _file(folder / str(given["stats"]), spec, str(given.get("kind", "standardise")))
    if set(given) == {"mean", "std"}:
        return _standard(*(_numbers(given[name], folder) for name in ("mean", "std")))
    if {"min", "max"} <= set(given) <= {"min", "max", "low", "high"}:
        low, high = (_numbers(given[name], folder) for name in ("min", "max"))
        return _extrema(low, high, float(given.get("low", -1.0)), float(given.get("high", 1.0)))
    try:
        return _SCALING.validate_python(dict(given))
    except ValidationError as error:
        first = str(error.errors()[0]["msg"])
        raise ContractError("is no normaliser", where="normaliser", got=f"{dict(given)} ({first})", wanted=_WANTED) from None


def _file(path: Path, spec: MelSpec, kind: str) -> Scaling:
    header = read_header(path)
    if header.kind == "stats":
        return _fitted(Stats.load(path), spec, kind, path)
    if header.kind == "mel" and header.spec is not None:
        if header.spec.replace_quietly(scaling=NoScaling()) != spec:
            raise _foreign(path, header.spec.replace_quietly(scaling=NoScaling()), spec, "a mel")
        return header.spec.scaling
    raise ContractError("holds no normaliser", where=path, got=header.kind, wanted=_WANTED)


def _fitted(stats: Stats, spec: MelSpec, kind: str, where: object) -> Scaling:
    if stats.spec != spec:
        raise _foreign(where, stats.spec, spec, "statistics")
    return fit(stats, kind)


def _foreign(where: object, got: MelSpec, wanted: MelSpec, what: str) -> SpecMismatch:
    return SpecMismatch(
        f"these are {what} of another description than the model's mel",
        where=where,
        got=said(got),
        wanted=said(wanted),
        next=got.diff(wanted).summary(),
    )


def _numbers(value: Any, folder: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        loaded = np.load(folder / value, allow_pickle=False) if isinstance(value, str) else value
        array = np.asarray(loaded, np.float64).squeeze()
    except (OSError, ValueError, TypeError) as error:
        raise ContractError("cannot be read as numbers", where="normaliser", got=f"{value!r} ({error})") from error
    if array.ndim > 1 or not np.isfinite(array).all():
        raise ContractError("one finite number, or one per band", where="normaliser", got=f"shape {list(array.shape)}")
    return array


def _standard(mean: Any, std: Any) -> Scaling:
    if (np.asarray(std) <= 0).any():
        raise ContractError("a deviation must be above 0", where="normaliser.std", got=float(np.min(std)))
    if mean.ndim == std.ndim == 0:
        return Affine.standardise(float(mean), float(std))
    return BandAffine.standardise(*(a.tolist() for a in np.broadcast_arrays(mean, std)))


def _extrema(least: Any, most: Any, low: float, high: float) -> Scaling:
    if (least >= most).any() or low >= high:
        raise ContractError("min must lie below max, and low below high", where="normaliser", got=f"{least}, {most}")
    if least.ndim == most.ndim == 0:
        return Window(low=float(least), high=float(most), out_low=low, out_high=high)
    least, most = np.broadcast_arrays(least, most)
    scale = (high - low) / (most - least)
    return BandAffine(scale=tuple(scale.tolist()), shift=tuple((low - least * scale).tolist()))


def unlike(values: np.ndarray[Any, np.dtype[np.float32]], scaling: Scaling, spec: MelSpec) -> str:
    """In what a prediction is not like mels that went through this scaling; "" where nothing speaks against it.

    Standardised speech reaches beyond one deviation of its corpus; what a window of extremes made stays in it. Too short or
    constant values are not judged.
    """
    low, high = float(values.min()), float(values.max())
    if values.shape[-1] < _FEWEST_FRAMES or high - low < 1e-3:
        return ""
    if isinstance(scaling, Affine | BandAffine):
        deviation = float(np.median(1 / np.abs(np.asarray(scaling.scale)))) / abs(spec.log_gain or 1.0) / spec.power
        if spec.log_gain is not None and _DEVIATIONS[0] < deviation < _DEVIATIONS[1] and max(-low, high) <= _WITHIN:
            return (
                f"all values lie within {low:.2f} to {high:.2f} deviations of the mean, as those of a min-max window do; "
                "standardised speech reaches beyond 1"
            )
    if isinstance(scaling, Window):
        room = _ROOM * (scaling.out_high - scaling.out_low)
        share = float(((values < scaling.out_low - room) | (values > scaling.out_high + room)).mean())
        if share > _OUTSIDE:
            return (
                f"{share:.1%} of the values lie far outside {scaling.out_low:g} to {scaling.out_high:g}, where this "
                f"normaliser puts a corpus' mels ({low:.2f} to {high:.2f}), as standardised ones do"
            )
    return ""


_FEWEST_FRAMES = 20
_WITHIN = 1.05
_DEVIATIONS = (0.5, 6.0)
"""nat of amplitude: deviations of a corpus of log mels; anything else is no standardisation."""
_ROOM, _OUTSIDE = 0.25, 0.01


class Undo(Stage):
    """Takes a model's normaliser off: what it predicted → a mel of its description."""

    name = "undo normaliser"

    def __init__(self, spec: MelSpec, scaling: Scaling) -> None:
        self.spec, self.scaling = spec, scaling

    def takes(self) -> Port:
        return Port("mel", self.spec, self.scaling)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.spec)

    def run(self, value: Predicted, context: Context) -> Mel:
        before = value.values
        after = self.scaling.undo(before)
        odd = unlike(before, self.scaling, self.spec)
        if odd and context.strict:
            raise ContractError(
                f"the model's output was not normalised with what it is said to be: {odd}",
                got=f"mean {float(before.mean()):.3g}, deviation {float(before.std()):.3g}",
                next="Look up what its training mels went through. To go on all the same: findings = 'record'",
            )
        context.notes |= {"unlike_its_normaliser": odd} if odd else {}
        context.notes |= {"mean_before": float(before.mean()), "std_before": float(before.std())}
        context.notes |= {"mean_after": float(after.mean()), "std_after": float(after.std())}
        facts = {"denormalised": self.scaling.model_dump(mode="json")}
        return Mel(after, self.spec, provenance={**value.provenance, **facts})

    def facts(self) -> dict[str, Any]:
        return {"stage": "undo", "spec": self.spec.facts(), "normaliser": self.scaling.model_dump(mode="json")}

    def how(self) -> tuple[str, str]:
        s = self.scaling
        words = f"x · {1 / s.scale:.6g} + {-s.shift / s.scale:.6g}" if isinstance(s, Affine) else s.kind
        return f"normaliser undone: {words}", "exact (float32)"
