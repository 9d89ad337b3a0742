"""`Autoencoder`: a mel VAE that computes, on torch or in a graph, over mels of any length.

Its file is in `facts`, graphs in `graph`, streams of bits in `codec`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from melpact.contract.mel import Mel, check_one
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import digest
from melpact.models.codec.vae.facts import SUFFIX, Facts, write
from melpact.models.codec.vae.prior import Prior
from melpact.nn.running import Network, Runtime
from melpact.nn.weights import check_weights

Floats = NDArray[np.float32]
WINDOW = 256
"""Latent frames that are computed together where every frame depends on all: the next ones know nothing of them."""
EDGE = 4
"""Latent frames that such a network is shown on either side of what is asked for, where there are some."""


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A network with its facts: mel → posterior mean [channels, positions, frames / stride] → mel.

    Attributes:
        encoding, decoding: compute frames [B, stride, n_mels, L] → latent [B, C, P, L], and back to [B, n_mels, L · stride].
        weights: every tensor by name ({} where the runtimes brought their own).
        exported: of a graph: {"n_weights", "fingerprint"} of what it was exported from.
    """

    facts: Facts
    encoding: Runtime
    decoding: Runtime
    weights: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    exported: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def build(
        cls, facts: Facts, weights: Mapping[str, NDArray[np.floating]], *, device: str = "cpu", where: object = None
    ) -> Autoencoder:
        """On torch.

        Raises:
            ContractError: the sizes contradict themselves or the description, a weight is missing, surplus or of another
                shape, or the device is not there.
            MelpactError: torch is not installed.
        """
        plain = {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
        network, fields = network_of(facts, where)
        check_weights("mel VAE", plain, network, where)
        if fields != facts.fields:
            raise ContractError(
                "its receptive fields are not those of its sizes", where=where, got=facts.fields, wanted=fields
            )
        from melpact.nn.autoencoders.in_order import Decoding, Encoding
        from melpact.nn.torch_runtime import TorchRuntime, available

        missing = available(device)
        if missing is not None:
            raise ContractError("there is no such device here", where="device", got=f"{device} ({missing})", wanted="cpu")
        prefixed = {f"network.{name}": value for name, value in plain.items()}
        encoding = TorchRuntime(Encoding(network), prefixed, device=device)
        return cls(facts, encoding, TorchRuntime(Decoding(network), device=device), plain)

    def save(self, path: str | Path, *, half: bool = False) -> Path:
        """Write facts and weights as one file; returns the path.

        Args:
            half: the weights as float16, in half the room; they are computed with in float32 all the same.

        Raises:
            ContractError: it runs from an exported graph and has no weights of its own.
        """
        if not self.weights:
            raise ContractError(
                "a graph has no weights to save", where=path, next=f"Save what it was exported from ({SUFFIX})"
            )
        return write(path, self.facts, self.weights, half=half)

    def with_prior(self, prior: Prior) -> Autoencoder:
        """The same with another prior."""
        return replace(self, facts=replace(self.facts, prior=prior))

    @property
    def spec(self) -> MelSpec:
        return self.facts.spec

    @property
    def n_weights(self) -> int:
        """Numbers in its weights."""
        return int(self.exported.get("n_weights", 0)) or sum(int(value.size) for value in self.weights.values())

    @property
    def title(self) -> str:
        """In a few words, for tables."""
        frames, bands = self.facts.stride
        channels, _ = self.facts.shape
        return f"mel VAE, {self.n_weights / 1e6:.2f} M weights, {channels} channels for {frames} x {bands}"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does, its prior included."""
        if "fingerprint" in self.exported:
            return str(self.exported["fingerprint"])
        sums = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.weights.items()}
        kept = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.facts.tensors().items()}
        return digest(["vae", self.facts.spec.facts(), dict(self.facts.sizes), sums, kept])

    def encode(self, mel: Mel) -> Floats:
        """The posterior's mean, float32 [channels, positions, L], L the mel's frames over the stride, rounded up.

        Raises:
            SpecMismatch: another description. ContractError: NaN or infinity among the values, no frames, a batch.
        """
        check_one(mel, self.spec, "VAE")
        return self.latent(mel.raw().values)

    def decode(self, latent: Floats, frames: int | None = None) -> Mel:
        """The mel of a latent, within floor and ceiling.

        Args:
            frames: of the mel; L times the stride by default.

        Raises:
            ContractError: another shape, or its own arithmetic gave values that are not numbers.
        """
        values = self.values(latent)[:, :frames]
        return Mel(self.spec.scaling.apply(values, {}), self.spec)

    def latent(self, values: Floats) -> Floats:
        """Values before scaling [n_mels, T] → posterior's mean; the last frame is held until a latent frame is full."""
        stride = self.facts.stride[0]
        given = self.facts.statistics.normalised(values)
        given = np.pad(given, ((0, 0), (0, -given.shape[1] % stride)), "edge")
        frames = given.reshape(given.shape[0], -1, stride).transpose(2, 0, 1)
        fields = None if self.facts.fields is None else self.facts.fields[0]
        return _whole(self.encoding, np.ascontiguousarray(frames[None]), 1, fields)

    def values(self, latent: Floats) -> Floats:
        """The mel of a latent [channels, positions, L] before scaling, [n_mels, L · stride], within floor and ceiling.

        Raises:
            ContractError: another shape, or its own arithmetic gave values that are not numbers.
        """
        if latent.shape[:2] != self.facts.shape or latent.ndim != 3 or not latent.shape[2]:
            raise ContractError("the latent is not this VAE's", got=f"shape {list(latent.shape)}",
                                wanted=f"{[*self.facts.shape]} and frames")  # fmt: skip
        fields = None if self.facts.fields is None else self.facts.fields[1]
        made = _whole(self.decoding, np.ascontiguousarray(latent[None], np.float32), self.facts.stride[0], fields)
        made = self.facts.statistics.restored(made)
        if not np.isfinite(made).all():
            raise ContractError("the VAE's own arithmetic gave values that are not numbers", next="Its weights are broken")
        lowest, highest = self.facts.limits()
        return np.clip(made, lowest[:, None], highest[:, None]).astype(np.float32, copy=False)

    def __repr__(self) -> str:
        return f"Autoencoder({self.n_weights:,} weights, {self.encoding.name}, spec {self.spec.fingerprint})"


def network_of(facts: Facts, where: object) -> tuple[Any, Any]:
    """(torch module with fresh weights, its receptive fields) of some sizes.

    Raises:
        ContractError: sizes that are none, or of other bands. MelpactError: torch is not installed.
    """
    try:
        from melpact.nn.autoencoders.mel_vae import MelVae, MelVaeConfig, receptive_fields
        from melpact.nn.torch_runtime import seeded
    except ImportError:
        raise MelpactError(
            "torch is not installed",
            where=where,
            next=f"pip install 'melpact[torch]', or take an .onnx in place of {SUFFIX}",
        ) from None
    try:
        config = MelVaeConfig(**facts.sizes)
    except (ValidationError, TypeError) as error:
        text = " ".join(str(error).split())[:200]
        raise ContractError("its sizes are not those of a mel VAE", where=where, got=text) from None
    if config.n_mels != facts.spec.n_mels:
        raise ContractError("it has another number of bands than its description", where=where, got=config.n_mels,
                            wanted=facts.spec.n_mels)  # fmt: skip
    with seeded(0):
        return MelVae(config), receptive_fields(config)


def _whole(runtime: Runtime, given: Floats, hop: int, fields: tuple[int, int] | None) -> Floats:
    """What a half makes of [1, …, L], pieces of it at a time where it is long."""
    length = given.shape[-1]
    if fields is not None:
        return Network(runtime, hop, fields).batch([[given]])[0]
    if length <= WINDOW:
        return np.asarray(runtime.run([given])[0])
    network = Network(runtime, hop, (EDGE, EDGE))
    return np.concatenate(
        [network.window([given], at, min(length, at + WINDOW)) for at in range(0, length, WINDOW)], axis=-1
    )
