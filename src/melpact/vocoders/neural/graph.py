"""An exported vocoder opened without torch: the graph's metadata say which mel it takes and what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, NotAnArtifact, WrongSchema
from melpact.nn.onnx_runtime import OnnxRuntime
from melpact.vocoders.neural.vocoder import NeuralVocoder

KEY = "melpact"
SCHEMA = 1


def load(path: str | Path, threads: int = 0) -> NeuralVocoder:
    """An exported vocoder, whole.

    Raises:
        ArtifactError: unreadable, or a graph that does not say which mel it takes. MelpactError: no onnxruntime.
    """
    path = Path(path)
    runtime = OnnxRuntime(path, threads)
    said = _facts(path, runtime.metadata)
    spec = MelSpec(**said["spec"])
    left, right = said["receptive_field"]
    return NeuralVocoder(
        spec, said["family"], said["sizes"], runtime, said["hop_length"], (left, right), tuple(said["inputs"]),
        layout=said["layout"], provenance=said["provenance"], exported_weights=said["n_weights"],
        noise_channels=said.get("noise_channels", 0),
    )  # fmt: skip


def _facts(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if KEY not in metadata:
        raise NotAnArtifact(
            "is a graph that does not say which mel it takes",
            where=path,
            next="Name it as a pipeline's vocoder, with its dialect: see melpact pipeline --help",
        )
    try:
        said: dict[str, Any] = json.loads(metadata[KEY])
        kind, schema = said["kind"], said["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnArtifact("its melpact metadata cannot be read", where=path, got=repr(error)) from None
    if schema != SCHEMA:
        raise WrongSchema("was written by another version of melpact", where=path, got=schema, wanted=SCHEMA)
    if kind == "refiner":
        mend = f"Run: melpact refiner show {path}"
        raise NotAnArtifact("holds something else", where=path, got=kind, wanted="vocoder", next=mend)
    missing = {"spec", "family", "sizes", "hop_length", "receptive_field", "inputs", "layout", "provenance", "n_weights"}
    missing -= set(said)
    if kind != "vocoder" or missing:
        raise ContractError(
            "is no whole vocoder", where=path, got=f"kind {kind}, without {', '.join(sorted(missing)) or 'nothing'}"
        )
    return said
