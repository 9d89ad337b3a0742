"""An exported mel VAE: one ONNX graph of encoder and decoder that says what it is, opened without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from melpact.contract.artifact import replacing
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.codec.vae.facts import KIND, Facts
from melpact.models.codec.vae.vae import Autoencoder, network_of
from melpact.nn.onnx_runtime import OnnxRuntime, told

KEY = "melpact"
SCHEMA = 1
_FRAMES = 12
GIVEN, CODED, LATENT, MADE = "mel", "mean", "latent", "rebuilt"


def export(maker: Autoencoder, path: str | Path, *, half: bool = False) -> Path:
    """Write both halves as a graph of any batch and any length, with the VAE's facts in the metadata; returns the path.

    Args:
        half: keep the weights as float16, in half the room, and compute in float32.

    Raises:
        ContractError: it runs from an exported graph already. MelpactError: a package is missing.
    """
    if not maker.weights:
        raise ContractError("only a VAE on torch can be exported", where=path)
    try:
        import melpact.nn.onnx_export as exporter
        from melpact.nn.autoencoders.in_order import Both
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    network, _ = network_of(maker.facts, path)
    from melpact.nn.torch_runtime import TorchRuntime

    network = TorchRuntime(network, maker.weights).network
    steps = {0: "batch", 3: "steps"}
    coded = {0: "others", 3: "frames"}
    axes: dict[str, dict[int, str]] = {GIVEN: steps, LATENT: coded, CODED: steps, MADE: {0: "others", 2: "long"}}
    stride, shape = maker.facts.stride[0], maker.facts.shape
    given = exporter.examples([(2, stride, maker.spec.n_mels, _FRAMES), (3, *shape, _FRAMES + 1)])
    said = {KEY: canonical_json(_said(maker))}
    made = exporter.traced(Both(network), given, axes, said)
    if half:
        made = exporter.described(exporter.in_half(made), said)
    with replacing(path) as file:
        file.write(made)
    return Path(path)


def load(path: str | Path, threads: int = 0) -> Autoencoder:
    """An exported VAE, whole.

    Raises:
        ArtifactError: unreadable, or a graph that is no VAE. MelpactError: no onnxruntime.
    """
    runtime = OnnxRuntime(path, threads, what=KIND)
    said = told(runtime, KEY, KIND, SCHEMA, "which mel it codes")
    try:
        kept = {name: np.asarray(value) for name, value in said["tensors"].items()}
        exported = {name: said[name] for name in ("n_weights", "fingerprint")}
        facts = Facts.of(MelSpec(**said["spec"]), said["config"], kept, said["provenance"], path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArtifact("is no whole VAE", where=path, got=repr(error)) from None
    return Autoencoder(facts, runtime.part((GIVEN,), CODED), runtime.part((LATENT,), MADE), exported=exported)


def _said(maker: Autoencoder) -> dict[str, Any]:
    return {
        "kind": KIND, "schema": SCHEMA, "spec": maker.spec.facts(), "config": maker.facts.config(),
        "tensors": {name: value.tolist() for name, value in maker.facts.tensors().items()},
        "provenance": dict(maker.facts.provenance), "n_weights": maker.n_weights, "fingerprint": maker.fingerprint,
    }  # fmt: skip
