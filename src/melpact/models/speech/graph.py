"""An exported speaker: one ONNX graph of all parts that says what it is, opened without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.speech.facts import KIND, Facts
from melpact.models.speech.small import SmallSpeaker
from melpact.nn.onnx_runtime import GraphParts, OnnxRuntime, told

KEY = "melpact"
SCHEMA = 1
Floats = NDArray[np.float32]


def export(speaker: SmallSpeaker, path: str | Path) -> Path:
    """Write it as a graph of any text, its weights as float16, with its facts in the metadata; returns the path.

    Raises:
        ContractError: it runs from an exported graph already. MelpactError: a package is missing.
    """
    if not speaker.weights:
        raise ContractError("only a speaker on torch can be exported", where=path)
    try:
        import melpact.nn.speech.opening as opening
        import melpact.nn.speech.parts as parts
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    rounded = {name: value.astype(np.float16).astype(np.float32) for name, value in speaker.weights.items()}
    network = opening.network(speaker.facts.sizes, rounded)
    with replacing(path) as file:
        file.write(parts.graph(network, {KEY: canonical_json(_said(speaker))}))
    return Path(path)


def load(path: str | Path) -> SmallSpeaker:
    """An exported speaker, whole.

    Raises:
        ArtifactError: unreadable, or a graph that is no speaker. MelpactError: no onnxruntime.
    """
    runtime = OnnxRuntime(path, 1, what=KIND)
    said = told(runtime, KEY, KIND, SCHEMA, "which mel it makes")
    try:
        tensors = {name: np.asarray(value, np.float32) for name, value in said["tensors"].items()}
        exported = {name: said[name] for name in ("n_weights", "fingerprint")}
        facts = Facts.of(MelSpec(**said["spec"]), said["config"], tensors, said["provenance"], path)
        parts = {str(name): (tuple(inputs), str(output)) for name, (inputs, output) in said["parts"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArtifact("is no whole speaker", where=path, got=repr(error)[:160]) from None
    return SmallSpeaker(facts, GraphParts(runtime, parts), exported=exported)


def _said(speaker: SmallSpeaker) -> dict[str, Any]:
    from melpact.nn.speech.parts import PARTS, made

    facts = speaker.facts
    parts: dict[str, Sequence[Any]] = {name: [list(inputs), made(output)] for name, (inputs, output) in PARTS.items()}
    return {
        "kind": KIND, "schema": SCHEMA, "spec": facts.spec.facts(), "config": facts.config(), "parts": parts,
        "tensors": {name: np.round(value, 7).tolist() for name, value in facts.tensors().items()},
        "provenance": dict(facts.provenance), "n_weights": speaker.n_weights, "fingerprint": speaker.fingerprint,
    }  # fmt: skip
