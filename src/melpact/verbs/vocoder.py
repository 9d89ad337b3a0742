"""`vocoder`: look at a vocoder's file, and bring a foreign checkpoint into one self-describing file.

Reading foreign layouts is in `melpact.vocoders.importers`, use in `vocode_with`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from melpact.contract.dialect import Dialect, name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError
from melpact.verbs.meaning import Changes, described
from melpact.verbs.vocoder_loss import Loss, loss, speed
from melpact.vocoders.families import family
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import SUFFIX, vocoder


@dataclass(frozen=True)
class VocoderSheet:
    """What is known of a vocoder, and where it was written (None: nowhere)."""

    path: Path
    family: str
    title: str
    paper: str
    layout: str
    runtime: str
    n_weights: int
    spec: MelSpec
    config: Mapping[str, Any]
    hop_length: int
    receptive_field: tuple[int, int]
    look_ahead_s: float
    inputs: tuple[str, ...]
    notes: tuple[str, ...]
    numbers: Mapping[str, Any]
    written: Path | None = None

    @property
    def lost(self) -> Loss | None:
        """What its numbers lose against float32, where that was measured."""
        said = {name: self.numbers[name] for name in ("snr_db", "mel_error_db", "times_as_fast") if name in self.numbers}
        return Loss(**said) if {"snr_db", "mel_error_db"} <= set(said) else None

    @property
    def dialect(self) -> str | None:
        """Name of the dialect that it takes, if there is one."""
        return name_of(self.spec)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        lists = {"receptive_field": list(self.receptive_field), "inputs": list(self.inputs), "notes": list(self.notes)}
        paths = {"path": str(self.path), "written": None if self.written is None else str(self.written)}
        return {
            **vars(self),
            **lists,
            **paths,
            "spec": self.spec.facts(),
            "dialect": self.dialect,
            "config": dict(self.config),
            "numbers": dict(self.numbers),
            "audible_loss": self.lost is not None and self.lost.audible,
        }


def show(path: str | Path, **named: Any) -> VocoderSheet:
    """What a vocoder's file or a foreign checkpoint holds; `named` as for `convert`.

    Raises:
        MelpactError: as `melpact.vocoders.opening.vocoder`.
    """
    return _sheet(Path(path), _opened(path, **named), None)


def convert(
    path: str | Path,
    out: str | Path,
    *,
    config: str | Path | None = None,
    stats: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    ignore: Sequence[str] = (),
    dtype: str = "float32",
) -> VocoderSheet:
    """A vocoder of any kind → one self-describing file: `.vocoder` (weights), or `.onnx` (a graph that runs without torch).

    Args:
        path: a `.vocoder` file, a foreign checkpoint or its folder.
        out: the file to write; its ending says which kind.
        config, stats, dialect, changes, ignore: what a foreign checkpoint's files do not say; see `opening.vocoder`.

        dtype: of a graph: "float32", "float16" or "int8"; what fewer bits lose is measured and kept in the file.

    Raises:
        MelpactError: as `melpact.vocoders.opening.vocoder`; or `out` has another ending.
    """
    target = Path(out)
    if target.suffix.lower() not in (SUFFIX, ".onnx"):
        raise ArtifactError("says no kind of vocoder file", where=target, wanted=f"NAME{SUFFIX} or NAME.onnx")
    if dtype != "float32" and target.suffix.lower() != ".onnx":
        raise ContractError("weights are kept in float32", where=target, got=f"--dtype {dtype}", wanted="NAME.onnx")
    if target.resolve() == Path(path).resolve():
        raise ContractError("the output would replace the input", where=target)
    maker = _opened(path, config=config, stats=stats, dialect=dialect, changes=changes, ignore=ignore)
    if target.suffix.lower() == ".onnx":
        from melpact.vocoders.neural.exporting import export

        export(maker, target, dtype, partial(_losses, maker))
        return _sheet(Path(path), vocoder(target), target)
    maker.save(target)
    return _sheet(Path(path), maker, target)


def _losses(maker: NeuralVocoder, narrow: NeuralVocoder) -> dict[str, float]:
    """What the exported graph of fewer bits loses and gains against one in float32."""
    from melpact.vocoders.neural.exporting import export

    with TemporaryDirectory(prefix="melpact-") as folder:
        wide = vocoder(export(maker, Path(folder) / "float32.onnx"))
        return replace(loss(wide, narrow), times_as_fast=speed(narrow) / speed(wide)).to_json()


def _opened(
    path: str | Path,
    *,
    config: str | Path | None = None,
    stats: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    ignore: Sequence[str] = (),
) -> NeuralVocoder:
    spec = None if dialect is None else described(dialect, changes)
    left = {} if dialect is not None else dict(changes or {})
    return vocoder(path, config=config, stats=stats, dialect=spec, changes=left, ignore=ignore)


def _sheet(path: Path, maker: NeuralVocoder, written: Path | None) -> VocoderSheet:
    kind = family(maker.family)
    return VocoderSheet(
        path=path,
        family=maker.family,
        title=kind.title,
        paper=kind.paper,
        layout=maker.layout,
        runtime=maker.runtime.name,
        n_weights=maker.n_weights,
        spec=maker.spec,
        config=maker.config,
        hop_length=maker.hop_length,
        receptive_field=maker.receptive_field,
        look_ahead_s=maker.look_ahead_s,
        inputs=maker.inputs,
        notes=(*kind.notes, *(str(note) for note in maker.provenance.get("notes", ()))),
        numbers=maker.provenance.get("numbers", {"dtype": "float32"}),
        written=written,
    )
