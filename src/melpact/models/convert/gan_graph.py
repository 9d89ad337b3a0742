"""An exported converter: one ONNX graph of generator and reference encoder that says what it is, opened without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.convert.content import Listener
from melpact.models.convert.gan import GanConverter, check_listener, network_of
from melpact.models.convert.gan_facts import KIND, Facts
from melpact.nn.onnx_runtime import OnnxRuntime, told

KEY = "melpact"
SCHEMA = 1
_FRAMES = 40
CHANGES, HEARS = ("content", "moved", "picked", "pitch", "energy", "style"), ("mels", "sounds")
MADE, TOLD = "mel", "told"


def export(maker: GanConverter, path: str | Path) -> Path:
    """Write it as a graph of any batch and any length, its weights as float16, with its facts in the metadata.

    It computes what a `.converter` file does, whose weights are rounded in the same way. Of the styles only those stay that
    can be asked for (`Facts.adapted`). Returns the path.

    Raises:
        ContractError: it runs from an exported graph already. MelpactError: a package is missing.
    """
    if not maker.weights:
        raise ContractError("only a converter on torch can be exported", where=path)
    try:
        import melpact.nn.onnx_export as exporter
        from melpact.nn.converters.both import Both
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    rounded = {name: value.astype(np.float16).astype(np.float32) for name, value in maker.weights.items()}
    network = network_of(maker.facts, maker.listener, rounded, path)
    bands, style = maker.facts.spec.n_mels, maker.styles.shape[1]
    frames, told = {0: "batch", 2: "frames"}, {0: "batch"}
    axes: dict[str, dict[int, str]] = {
        **dict.fromkeys(CHANGES[:-1], frames), CHANGES[-1]: told,
        "mels": {0: "voices", 2: "heard"}, "sounds": {0: "voices", 1: "heard"}, MADE: frames, TOLD: {0: "voices"},
    }  # fmt: skip
    shapes = [(2, n, _FRAMES) for n in (maker.listener.size, bands, bands, 2 + bands, 1)]
    given = exporter.examples([*shapes, (2, style), (3, bands, _FRAMES), (3, _FRAMES)])
    said = {KEY: canonical_json(_said(maker))}
    made = exporter.traced(Both(network), given, axes, said)
    with replacing(path) as file:
        file.write(exporter.described(exporter.in_half(made), said))
    return Path(path)


def load(path: str | Path, listener: Listener, threads: int = 0) -> GanConverter:
    """An exported converter, whole.

    Raises:
        ArtifactError: unreadable, or a graph that is no converter. ContractError: another content encoder.
        MelpactError: no onnxruntime.
    """
    runtime = OnnxRuntime(path, threads, what=KIND)
    said = told(runtime, KEY, KIND, SCHEMA, "which mel it converts")
    try:
        kept = {name: np.asarray(value, np.float32) for name, value in said["statistics"].items()}
        exported = {name: said[name] for name in ("n_weights", "fingerprint", "reference")}
        facts = Facts.of(MelSpec(**said["spec"]), said["config"], kept, said["provenance"], path)
        styles = np.asarray(said["styles"], np.float32).reshape(len(facts.voices), int(facts.sizes["style"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArtifact("is no whole converter", where=path, got=repr(error)) from None
    check_listener(facts, listener, path)
    changer, reference = runtime.part(CHANGES, MADE), runtime.part(HEARS, TOLD)
    return GanConverter(facts, listener, changer, reference, styles, exported=exported)


def _said(maker: GanConverter) -> dict[str, Any]:
    kept = maker.facts.adapted
    facts = replace(maker.facts, voices=tuple(maker.facts.voices[index] for index in kept))
    return {
        "kind": KIND, "schema": SCHEMA, "spec": facts.spec.facts(), "config": facts.config(),
        "statistics": {name: value.tolist() for name, value in facts.statistics.tensors().items()},
        "styles": [maker.styles[index].tolist() for index in kept], "provenance": dict(facts.provenance),
        "n_weights": maker.n_weights, "fingerprint": maker.fingerprint, "reference": maker.encoder,
    }  # fmt: skip
