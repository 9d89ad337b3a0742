"""An exported speaker: an uncompressed zip of one ONNX graph per part and `speech.json`, which says what it is.

It is opened without torch; unzipped, its graphs run wherever ONNX does (`nn.speech.parts` says what they take).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, NotAnArtifact, WrongSchema
from melpact.core.records import canonical_json
from melpact.models.speech.facts import KIND, Facts
from melpact.models.speech.small import SmallSpeaker
from melpact.nn.onnx_runtime import Graphs

SUFFIX = ".onnx.zip"
ABOUT = "speech.json"
SCHEMA = 1
PARTS = ("text", "voice", "pace", "slots", "told", "codes", "frames", "heard")
_THEN = (1980, 1, 1, 0, 0, 0)


def export(speaker: SmallSpeaker, path: str | Path) -> Path:
    """Write it as graphs of any text, weights as float16; returns the path.

    Raises:
        ContractError: it runs from exported graphs already. MelpactError: a package is missing.
    """
    if not speaker.weights:
        raise ContractError("only a speaker on torch can be exported", where=path)
    try:
        import melpact.nn.speech.opening as opening
        import melpact.nn.speech.parts as parts
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    rounded = {name: value.astype(np.float16).astype(np.float32) for name, value in speaker.weights.items()}
    graphs = parts.graphs(opening.network(speaker.facts.sizes, rounded))
    with replacing(path) as file, zipfile.ZipFile(file, "w") as kept:
        kept.writestr(zipfile.ZipInfo(ABOUT, _THEN), canonical_json(_said(speaker)))
        for name, graph in graphs.items():
            kept.writestr(zipfile.ZipInfo(f"{name}.onnx", _THEN), graph)
    return Path(path)


def load(path: str | Path) -> SmallSpeaker:
    """An exported speaker, whole.

    Raises:
        ArtifactError: unreadable, or no speaker. MelpactError: no onnxruntime.
    """
    try:
        with zipfile.ZipFile(path) as kept:
            said: dict[str, Any] = json.loads(kept.read(ABOUT))
            graphs = {name: kept.read(f"{name}.onnx") for name in PARTS}
    except FileNotFoundError:
        raise ArtifactError("does not exist", where=path, wanted=f"an exported speaker ({SUFFIX})") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise NotAnArtifact("is no whole exported speaker", where=path, got=" ".join(str(error).split())[:160]) from None
    if said.get("kind") != KIND:
        raise NotAnArtifact("holds something else", where=path, got=said.get("kind"), wanted=KIND)
    if said.get("schema") != SCHEMA:
        raise WrongSchema("was written by another version of melpact", where=path, got=said.get("schema"), wanted=SCHEMA)
    try:
        tensors = {name: np.asarray(value, np.float32) for name, value in said["tensors"].items()}
        exported = {name: said[name] for name in ("n_weights", "fingerprint")}
        facts = Facts.of(MelSpec(**said["spec"]), said["config"], tensors, said["provenance"], path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArtifact("is no whole speaker", where=path, got=repr(error)[:160]) from None
    return SmallSpeaker(facts, Graphs(graphs, path), exported=exported)


def _said(speaker: SmallSpeaker) -> dict[str, Any]:
    facts = speaker.facts
    return {
        "kind": KIND, "schema": SCHEMA, "spec": facts.spec.facts(), "config": facts.config(),
        "tensors": {name: np.round(value, 7).tolist() for name, value in facts.tensors().items()},
        "provenance": dict(facts.provenance), "n_weights": speaker.n_weights, "fingerprint": speaker.fingerprint,
    }  # fmt: skip
