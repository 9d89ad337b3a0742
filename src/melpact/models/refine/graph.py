"""An exported refiner: written as an ONNX graph that says what it is, and opened without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.refine.facts import KIND, Facts
from melpact.models.refine.methods import NEURAL
from melpact.models.refine.neural import NeuralRefiner
from melpact.nn.onnx_runtime import OnnxRuntime, told

KEY = "melpact"
SCHEMA = 1
_FRAMES = 40


def export(maker: NeuralRefiner, path: str | Path, *, half: bool = False) -> Path:
    """Write the network as a graph of any batch and any length, with the refiner's facts in the metadata; returns the path.

    Args:
        half: keep the weights as float16, in half the room, and compute in float32.

    Raises:
        ContractError: it runs from an exported graph already, or not on the cpu. MelpactError: a package is missing.
    """
    from melpact.nn.torch_runtime import TorchRuntime

    runtime = maker.runtime
    if not isinstance(runtime, TorchRuntime) or runtime.device != "cpu":
        raise ContractError("only a refiner on torch, on the cpu, can be exported", where=path)
    try:
        import melpact.nn.onnx_export as exporter
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    frames = {0: "batch", 2: "frames"}
    axes: dict[str, dict[int, str]] = {"x": frames, "cond": frames, "level": {0: "batch"}}
    bands = maker.facts.spec.n_mels
    shapes: list[tuple[int, ...]] = [(2, bands, _FRAMES), (2, bands, _FRAMES), (2,)]
    if maker.facts.takes_f0:
        axes["f0"], shapes = frames, [*shapes, (2, 2, _FRAMES)]
    if maker.facts.voice_size:
        axes["voice"], shapes = {0: "batch"}, [*shapes, (2, maker.facts.voice_size)]
    said = {KEY: canonical_json(_said(maker))}
    made = exporter.traced(runtime.network, exporter.examples(shapes), {**axes, "residual": frames}, said)
    if half:
        made = exporter.described(exporter.in_half(made), said)
    with replacing(path) as file:
        file.write(made)
    return Path(path)


def load(path: str | Path, threads: int = 0) -> NeuralRefiner:
    """An exported refiner, whole.

    Raises:
        ArtifactError: unreadable, or a graph that is no refiner. MelpactError: no onnxruntime.
    """
    runtime = OnnxRuntime(path, threads, what="refiner")
    said = told(runtime, KEY, KIND, SCHEMA, "which mel it refines")
    try:
        kept = {name: np.asarray(value, np.float32) for name, value in said["statistics"].items()}
        exported = {name: said[name] for name in ("n_weights", "fingerprint")}
        facts = Facts.of(MelSpec(**said["spec"]), said["config"], kept, said["provenance"], path)
        method = NEURAL[facts.method]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArtifact("is no whole refiner", where=path, got=repr(error)) from None
    return method(facts, runtime, exported=exported)


def _said(maker: NeuralRefiner) -> dict[str, Any]:
    return {
        "kind": KIND, "schema": SCHEMA, "spec": maker.facts.spec.facts(), "config": maker.facts.config(),
        "statistics": {name: value.tolist() for name, value in maker.facts.statistics.tensors().items()},
        "provenance": dict(maker.facts.provenance), "n_weights": maker.n_weights, "fingerprint": maker.fingerprint,
    }  # fmt: skip
