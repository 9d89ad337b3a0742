"""`Listener`: a content encoder with its file: values of an utterance in, features that say what is spoken, out.

Runs on torch from a file of kind "content", or on onnxruntime from a graph that holds the same facts. How one is trained is
no part of this; what is made of the features is in `retrieval`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json, digest
from melpact.models.convert.hearing import Hears
from melpact.nn.running import Network, Runtime
from melpact.nn.weights import check_weights
from melpact.normalise.centring import centred

Floats = NDArray[np.float32]
KIND, SUFFIX, SCHEMA = "content", ".content", 1
KEY = "melpact"
SCALE = "input.scale"
_FRAMES = 40


@dataclass(frozen=True, eq=False)
class Listener:
    """What is spoken, as numbers.

    Attributes:
        spec: the description of what it takes, without scaling.
        scale: by which centred values are divided, float32 [n_mels].
        sizes: of its network, plain values. receptive_field: frames that it sees to the left and right.
        runtime: computes [B, n_mels, T] → [B, D, T].
        weights: every tensor by name ({} where the runtime brought its own).
        provenance: where it came from, plain values.
        exported: of a graph: the fingerprint of what it was exported from.
    """

    spec: MelSpec
    scale: Floats
    sizes: Mapping[str, Any]
    receptive_field: tuple[int, int]
    runtime: Runtime
    weights: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    exported: str = ""
    hears: ClassVar[Hears] = "mel"

    @property
    def size(self) -> int:
        """D, features of a frame."""
        return int(self.sizes["size"])

    @property
    def n_weights(self) -> int:
        """Numbers in its weights; 0 for a graph."""
        return sum(int(value.size) for value in self.weights.values())

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over description, scale and weights; that of a graph is that of its weights."""
        if self.exported:
            return self.exported
        sums = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.weights.items()}
        return digest(["content", self.spec.facts(), dict(self.sizes), self.scale.tolist(), sums])

    def __call__(self, values: Floats) -> Floats:
        """Features [D, T] of one utterance's values before scaling [n_mels, T], each with mean 0 over it.

        Raises:
            ContractError: another number of bands, or no frames.
        """
        made = self.uncentred(values)
        return np.asarray(made - made.mean(1, keepdims=True), np.float32)

    def uncentred(self, values: Floats) -> Floats:
        """The same as the network gives them: what is the same throughout an utterance is left in.

        Raises:
            ContractError: as a call.
        """
        if values.ndim != 2 or values.shape[0] != self.spec.n_mels or values.shape[1] == 0:
            raise ContractError(
                "not what this encoder takes", got=f"shape {list(values.shape)}", wanted=f"[{self.spec.n_mels}, frames]"
            )
        given = centred(values, self.spec) / self.scale[:, None]
        return Network(self.runtime, 1, self.receptive_field).batch([[given[None]]])[0]

    @classmethod
    def build(
        cls,
        spec: MelSpec,
        scale: Floats,
        sizes: Mapping[str, Any],
        weights: Mapping[str, NDArray[np.floating]],
        *,
        provenance: Mapping[str, Any] | None = None,
        where: object = None,
    ) -> Listener:
        """One on torch.

        Raises:
            ContractError: sizes, description and weights that contradict each other. MelpactError: torch is not installed.
        """
        try:
            from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig, receptive_field
            from melpact.nn.torch_runtime import TorchRuntime
        except ImportError:
            raise MelpactError(
                "this encoder runs on torch, and torch is not installed", where=where,
                next="pip install 'melpact[torch]', or take its exported form (.onnx)",
            ) from None  # fmt: skip
        try:
            config = ContentEncoderConfig(**sizes)
        except ValidationError as error:
            raise ContractError(f"no encoder has these sizes: {error.errors()[0]['msg']}", where=where) from None
        if config.n_mels != spec.n_mels or scale.shape != (spec.n_mels,) or not (scale > 0).all():
            raise ContractError("the encoder takes another number of bands", where=where, got=config.n_mels)
        network = ContentEncoder(config)
        plain = {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
        check_weights("content encoder", plain, network, where)
        made = TorchRuntime(network, plain)
        return cls(
            spec, np.asarray(scale, np.float32), dict(sizes), receptive_field(config), made, plain, dict(provenance or {})
        )

    def save(self, path: str | Path) -> Path:
        """Write it as one file, its weights as float16, whole or not at all; returns the path.

        Raises:
            ContractError: it runs from a graph and has no weights of its own.
        """
        if not self.weights:
            raise ContractError("a graph has no weights to save", where=path, next="Save what it was exported from")
        tensors = {name: value.astype(np.float16) for name, value in sorted(self.weights.items())} | {SCALE: self.scale}
        made = artifact.Artifact(KIND, tensors, self.spec, {"sizes": dict(self.sizes)}, dict(self.provenance))
        return artifact.write(path, made)

    def export(self, path: str | Path) -> Path:
        """Write it as a graph of any batch and length, its weights as float16, its facts in the metadata; returns the path.

        Raises:
            ContractError: it runs from a graph already. MelpactError: a package is missing.
        """
        from melpact.nn.torch_runtime import TorchRuntime

        if not isinstance(self.runtime, TorchRuntime):
            raise ContractError("only an encoder on torch can be exported", where=path)
        try:
            import melpact.nn.onnx_export as exporter
        except ImportError:
            raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
        frames = {0: "batch", 2: "frames"}
        said = {KEY: canonical_json({
            "kind": KIND, "schema": SCHEMA, "spec": self.spec.facts(), "scale": self.scale.tolist(),
            "sizes": dict(self.sizes), "receptive_field": list(self.receptive_field),
            "provenance": dict(self.provenance), "fingerprint": self.fingerprint,
        })}  # fmt: skip
        given = exporter.examples([(2, self.spec.n_mels, _FRAMES)])
        made = exporter.traced(self.runtime.network, given, {"mel": frames, "content": frames}, said)
        with artifact.replacing(path) as file:
            file.write(exporter.described(exporter.in_half(made), said))
        return Path(path)


def listener(path: str | Path, threads: int = 0) -> Listener:
    """Open an encoder's file: NAME.content (torch) or NAME.onnx (onnxruntime).

    Raises:
        ArtifactError: missing, unreadable, or no encoder. ContractError: it contradicts itself. MelpactError: a package is
            missing.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ArtifactError("does not exist", where=path, wanted=f"a content encoder ({SUFFIX} or .onnx)")
    if path.suffix.lower() == ".onnx":
        return _graph(path, threads)
    found = artifact.read(path, KIND)
    weights = dict(found.tensors)
    scale = weights.pop(SCALE, None)
    if found.spec is None or scale is None or "sizes" not in found.config:
        raise NotAnArtifact("is not a whole content encoder", where=path)
    sizes = found.config["sizes"]
    return Listener.build(found.spec, scale, sizes, weights, provenance=found.provenance, where=path)


def _graph(path: Path, threads: int) -> Listener:
    from melpact.nn.onnx_runtime import OnnxRuntime, told

    runtime = OnnxRuntime(path, threads, what=KIND)
    said = told(runtime, KEY, KIND, SCHEMA, "which mel it hears")
    try:
        left, right = (int(n) for n in said["receptive_field"])
        return Listener(
            MelSpec(**said["spec"]), np.asarray(said["scale"], np.float32), said["sizes"], (left, right), runtime,
            provenance=said["provenance"], exported=str(said["fingerprint"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise NotAnArtifact("is a graph that is no content encoder", where=path, got=repr(error)) from None
