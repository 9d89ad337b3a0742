"""One mel refined: the refiner, exact bridges there and back, the pitch it asks for, the law. Many files are in `refine`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from melpact.bridges.ways import Bridge, bridge, said, there_and_back
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.models.refine.base import Refiner
from melpact.models.refine.identity import Identity
from melpact.models.refine.law import beyond, happened, judged, refined_by, signed
from melpact.models.refine.opening import refiner as open_refiner
from melpact.models.refine.settings import Refining
from melpact.models.refine.shipped import DEFAULTS, NAMES
from melpact.pipeline.bridging import cost
from melpact.verbs.pitches import Pitches

DEFAULT = "default"
"""Asks for the shipped refiner that a mel is for."""


@dataclass(frozen=True)
class Chosen:
    """A refiner and what it is called."""

    name: str
    maker: Refiner


@dataclass(frozen=True)
class Refined:
    """A refined mel.

    Attributes:
        bridge: what brought the mel to the refiner's description (and, turned round, back); None where it was its own.
        pitch: where the pitch that it takes came from; None where it takes none.
        changed: mean |change| per value before scaling, in the description's unit.
        note: what the law says ("" for nothing).
    """

    mel: Mel
    bridge: Bridge | None
    pitch: str | None
    changed: float
    note: str
    spent_s: float


def chosen(named: str | Path | Refiner | None, spec: MelSpec | None = None) -> Chosen:
    """The refiner that is meant.

    Args:
        named: a refiner, or what `melpact.models.refine.refiner` opens; None or "default": the shipped one for `spec`.
        spec: of the mels, where it is known.

    Raises:
        ContractError: none is named, and none that comes with melpact takes this mel. MelpactError: it cannot be opened.
    """
    if isinstance(named, Refiner):
        return Chosen(named.title, named)
    if named is not None and named != DEFAULT:
        return Chosen(str(named), open_refiner(named))
    for name in DEFAULTS:
        maker = open_refiner(name)
        if spec is None or maker.spec is None or maker.spec == spec or there_and_back(spec, maker.spec) is not None:
            return Chosen(name, maker)
    raise ContractError(
        "no refiner that comes with melpact takes this mel", where="--with", got=None if spec is None else said(spec),
        wanted=f"a refiner's file (.refiner, .onnx){''.join(f', {name}' for name in (*NAMES, Identity.method))}",
        next="Train one: melpact train refiner --help",
    )  # fmt: skip


def refined(
    mel: Mel,
    taken: Chosen,
    settings: Refining | None = None,
    *,
    degradation: str | None = None,
    force: bool = False,
    stream: bool = False,
    pitches: Pitches | None = None,
    source: Path | None = None,
) -> Refined:
    """Refine one mel, in its own description.

    Args:
        degradation: what happened to it; by default what its provenance says.
        force: go on where the law says no, or where it is refined already.
        stream: in blocks: beyond the mel, memory does not grow with the length.
        pitches: where the pitch comes from; estimated from the mel by default.

    Raises:
        SpecMismatch: no exact bridge leads to the refiner's description and back; fields and next command are named.
        NoSkill: the law. ContractError: refined already, or values that no refiner takes.
    """
    name, maker = taken.name, taken.maker
    before = refined_by(mel)
    if before and not force and not isinstance(maker, Identity):
        raise ContractError(
            "this mel is refined already", where=source, got=f"one that {before} made",
            next="Refine the one it was made from, or again with --force",
        )  # fmt: skip
    notes = [judged(maker, name, happened(mel, degradation), force=force, where=source)]
    if degradation is None:
        notes.append(beyond(maker, mel))
    way, own = None, mel
    if maker.spec is not None and maker.spec != mel.spec:
        way = _way(mel.spec, maker.spec, source)
        own = way.apply(mel)
    f0_hz, pitch = None, None
    if maker.facts is not None and maker.facts.takes_f0:
        f0_hz, pitch = (pitches or Pitches()).of(own, source or Path())
    asked, began = maker.asked(settings), time.perf_counter()
    if stream:
        blocks = np.empty_like(own.values)
        at = 0
        for block in maker.stream(own, asked, f0_hz=f0_hz):
            blocks[:, at : at + block.shape[1]] = block
            at += block.shape[1]
        made = Mel(blocks, own.spec, own.utterance, own.provenance)
    else:
        made = maker(own, asked, f0_hz=f0_hz)
    spent_s = time.perf_counter() - began
    values = mel.values if asked.strength == 0 else made.values if way is None else _back(made, mel).values
    changed = float(np.mean(np.abs(made.raw().values - own.raw().values, dtype=np.float64)))
    again = Mel(values, mel.spec, mel.utterance, signed(mel, maker, name, asked))
    return Refined(again, way, pitch, changed, "; ".join(note for note in notes if note), spent_s)


def _way(own: MelSpec, wanted: MelSpec, source: Path | None) -> Bridge:
    way = there_and_back(own, wanted)
    if way is not None:
        return way
    needed = bridge(own, wanted, allow_lossy=True)
    raise SpecMismatch(
        f"this refiner takes another mel: {needed.difference.summary()}", where=source, got=said(own), wanted=said(wanted),
        next=f"Only an estimate would lead there, at {cost(needed)}, and back. Take a refiner for {said(own)}, or go there "
        f"yourself first: melpact translate MEL --to {said(wanted)}",
    )  # fmt: skip


def _back(made: Mel, mel: Mel) -> Mel:
    """In the description of `mel`, scaled by what was taken out of its own utterance."""
    raw = bridge(made.spec, mel.raw().spec).apply(made)
    return Mel(np.asarray(mel.spec.scaling.apply(raw.values, mel.utterance), np.float32), mel.spec, mel.utterance)
