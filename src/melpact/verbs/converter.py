"""`converter`: look at a trained converter's file, and make a graph of it that runs without torch. Its use is in `voice`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError
from melpact.models.convert.gan import GanConverter
from melpact.models.convert.gan_facts import SUFFIX
from melpact.models.convert.opening import METHODS
from melpact.models.convert.settings import Converting
from melpact.models.convert.shipped import CONVERTER, converter_file
from melpact.verbs.converters import opened


@dataclass(frozen=True)
class ConverterSheet:
    """What is known of a trained converter, and where it was written (None: nowhere).

    Attributes:
        sees: frames to the left and right of a frame; look_ahead_s: those to the right, in seconds.
        content: fingerprint of its content encoder.
        voices: how many styles it holds. adapted: fingerprints of the voices that it was adapted to.
        trained: what its file says of the training.
    """

    path: Path
    method: str
    title: str
    fingerprint: str
    runtime: str
    n_weights: int
    spec: MelSpec
    sees: tuple[int, int]
    look_ahead_s: float
    content: str
    voices: int
    adapted: tuple[str, ...]
    trained: Mapping[str, Any]
    written: Path | None = None

    @property
    def dialect(self) -> str | None:
        """Name of the dialect that it takes, if there is one."""
        return name_of(self.spec)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self), "path": str(self.path), "written": None if self.written is None else str(self.written),
            "spec": self.spec.facts(), "dialect": self.dialect, "sees": list(self.sees), "adapted": list(self.adapted),
            "trained": dict(self.trained),
        }  # fmt: skip


def show(path: str | Path) -> ConverterSheet:
    """What a trained converter is.

    Args:
        path: a file, a training's folder or checkpoint, or the name of the one that comes with the package.

    Raises:
        MelpactError: as `verbs.converters.opened`; or a method that is not trained.
    """
    return _sheet(Path(path), _opened(path), None)


def convert(path: str | Path, out: str | Path) -> ConverterSheet:
    """A trained converter → a graph that runs without torch (.onnx), or its file again (.converter).

    Raises:
        MelpactError: as `show`; another ending, an input that would be replaced, or a graph, which cannot be turned back.
    """
    target = Path(out)
    if target.suffix.lower() not in (SUFFIX, ".onnx"):
        raise ArtifactError("says no kind of converter's file", where=target, wanted=f"NAME{SUFFIX} or NAME.onnx")
    if target.resolve() == Path(path).resolve():
        raise ContractError("the output would replace the input", where=target)
    made = _opened(converter_file(SUFFIX) if str(path) == CONVERTER else path)
    if target.suffix.lower() == SUFFIX:
        made.save(target)
        return _sheet(Path(path), made, target)
    from melpact.models.convert.gan_graph import export, load

    return _sheet(Path(path), load(export(made, target), made.listener), target)


def _opened(path: str | Path) -> GanConverter:
    kinds = (SUFFIX, ".onnx", ".checkpoint")
    if str(path) not in (CONVERTER, *METHODS) and Path(path).suffix.lower() not in kinds and not Path(path).is_dir():
        raise ArtifactError(
            "is no trained converter", where=path, wanted=f"a file ({', '.join(kinds)}), a training's folder, or {CONVERTER}"
        )
    made = opened(path)
    if not isinstance(made, GanConverter):
        raise ContractError("is a method that is not trained", where=path, got=made.title)
    return made


def _sheet(path: Path, made: GanConverter, written: Path | None) -> ConverterSheet:
    facts, sees = made.facts, made.sees(Converting())
    return ConverterSheet(
        path=path,
        method=made.method,
        title=made.title,
        fingerprint=made.fingerprint,
        runtime=made.changer.name,
        n_weights=made.n_weights,
        spec=made.spec,
        sees=sees,
        look_ahead_s=sees[1] * made.spec.hop_length / made.spec.sample_rate,
        content=facts.content,
        voices=len(facts.voices),
        adapted=tuple(facts.voices[index] for index in facts.adapted),
        trained=dict(facts.provenance.get("trained", {})),
        written=written,
    )
