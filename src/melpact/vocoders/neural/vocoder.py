"""`NeuralVocoder`: a network, the one mel it was trained on, and its weights, as one file (artifact of kind "vocoder").

How a network runs over lengths is in `running`; foreign checkpoints are in `melpact.vocoders.importers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract import artifact
from melpact.contract.mel import Mel, check_one
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, MelpactError
from melpact.core.records import digest
from melpact.nn.running import Floats, Network, Runtime, Stream
from melpact.nn.weights import check_weights
from melpact.vocoders.base import Vocoder
from melpact.vocoders.families import Family, family
from melpact.vocoders.griffin_lim.blocks import LOOK_AHEAD, PIECE
from melpact.vocoders.neural.inputs import Inputs, ahead

KIND = "vocoder"
BLOCK_FRAMES = 128
STREAM_TOLERANCE = 1e-5
"""Largest difference between streamed and whole, of full scale: convolutions add in another order at other lengths."""


@dataclass(frozen=True, eq=False)
class NeuralVocoder(Vocoder):
    """Mel of exactly one description → audio.

    Attributes:
        spec: the description it was trained on; any other is refused by the names of the fields that differ.
        family: name of the family, as `melpact.vocoders.families` lists it.
        config: its sizes, as plain values.
        hop_length, receptive_field: samples per frame; frames seen to the left and right.
        inputs: what the network takes beside the mel, and the mel: ("mel",) or ("mel", "f0", …).
        weights: every tensor by name ({} where a runtime brought its own).
        layout: how it was published ("melpact" where it was never anything else).
        provenance: where it came from, plain values.
        exported_weights: how many numbers an exported graph holds in place of `weights`.
        noise_channels: standard normal numbers per frame that the network takes (0: none).
        noise_seed: what they are drawn with, frame after frame from the first one on.
    """

    spec: MelSpec = field()
    family: str
    config: Mapping[str, Any]
    runtime: Runtime
    hop_length: int
    receptive_field: tuple[int, int]
    inputs: tuple[str, ...] = ("mel",)
    weights: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    layout: str = "melpact"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    exported_weights: int = 0
    noise_channels: int = 0
    noise_seed: int = 0

    def __call__(self, mel: Mel, f0_hz: Floats | None = None) -> Audio:
        """Synthesise one mel, [n_mels, frames].

        Args:
            f0_hz: for a family that is driven by pitch: Hz per frame, 0 where unvoiced (see `melpact.pitch`).

        Raises:
            SpecMismatch, ContractError: see `Vocoder`; or a pitch that is missing or does not fit.
        """
        return super().__call__(mel) if f0_hz is None else self.batch([mel], [f0_hz])[0]

    @classmethod
    def build(
        cls,
        name: str,
        config: Mapping[str, Any],
        spec: MelSpec,
        weights: Mapping[str, NDArray[np.floating]],
        *,
        device: str = "cpu",
        dtype: str = "float32",
        layout: str = "melpact",
        provenance: Mapping[str, Any] | None = None,
        where: object = None,
    ) -> NeuralVocoder:
        """A vocoder on torch.

        Raises:
            ContractError: the sizes contradict themselves or the description, a weight is missing, surplus or of another
                shape, or the device is not there.
            MelpactError: torch is not installed.
        """
        kind = family(name)
        plain = {key: np.ascontiguousarray(value, np.float32) for key, value in weights.items()}
        network, sizes = _network(kind, config, spec, where)
        check_weights(kind.title, plain, network, where)
        from melpact.nn.torch_runtime import DTYPES, TorchRuntime, available

        if dtype not in DTYPES:
            raise ContractError("no vocoder runs in these numbers", where="dtype", got=dtype, wanted=", ".join(DTYPES))
        missing = available(device)
        if missing is not None:
            raise ContractError("there is no such device here", where="device", got=f"{device} ({missing})", wanted="cpu")
        return cls(
            spec,
            name,
            sizes.model_dump(mode="json"),
            TorchRuntime(network, plain, device=device, dtype=dtype),
            kind.hop(sizes),
            kind.receptive_field(sizes),
            kind.inputs,
            plain,
            layout,
            dict(provenance or {}),
            noise_channels=kind.noise_channels(sizes),
        )

    @classmethod
    def fresh(cls, name: str, config: Mapping[str, Any], spec: MelSpec, *, seed: int = 0) -> NeuralVocoder:
        """A vocoder with random weights: what training starts from, and what tests run on."""
        from melpact.nn.torch_runtime import seeded, weights_of

        with seeded(seed):
            network = _network(family(name), config, spec, None)[0]
        return cls.build(name, config, spec, weights_of(network), provenance={"fresh": {"seed": seed}})

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", dtype: str = "float32") -> NeuralVocoder:
        """Read what `save` wrote.

        Raises:
            ArtifactError: unreadable, truncated, or not a vocoder; and what `build` raises.
        """
        found = artifact.read(path, KIND)
        said = dict(found.config)
        try:
            name, config, layout = str(said["family"]), dict(said["sizes"]), str(said["layout"])
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError("does not say which network it is", where=path, got=repr(error)) from error
        if found.spec is None:
            raise ArtifactError("does not say which mel it takes", where=path)
        vocoder = cls.build(
            name, config, found.spec, found.tensors, device=device, dtype=dtype, layout=layout, where=path,
            provenance=found.provenance,
        )  # fmt: skip
        return vocoder

    def save(self, path: str | Path, *, half: bool = False) -> Path:
        """Write description, sizes, weights and provenance as one file, whole or not at all; returns the path.

        Args:
            half: write the weights as float16, in half the room; they are computed with in float32 all the same.

        Raises:
            ContractError: it runs from an exported graph and has no weights of its own.
        """
        if not self.weights:
            raise ContractError(
                "an exported graph has no weights to save", where=path, next="Save what it was exported from"
            )
        said = {
            "family": self.family,
            "sizes": dict(self.config),
            "layout": self.layout,
            "hop_length": self.hop_length,
            "receptive_field": list(self.receptive_field),
            "inputs": list(self.inputs),
        }
        tensors = {name: value.astype(np.float16) if half else value for name, value in sorted(self.weights.items())}
        return artifact.write(path, artifact.Artifact(KIND, tensors, self.spec, said, dict(self.provenance)))

    @property
    def n_weights(self) -> int:
        """Numbers in its weights."""
        return self.exported_weights or sum(int(value.size) for value in self.weights.values())

    @property
    def look_ahead_s(self) -> float:
        """Seconds of mel behind a frame that its sound depends on: the latency that no block size takes away."""
        frames = self.receptive_field[1] + (LOOK_AHEAD if "start" in self.inputs else 0)
        return frames * self.hop_length / self.spec.sample_rate

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over description, family, sizes and weights."""
        import hashlib

        sums = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.weights.items()}
        return digest({"spec": self.spec.facts(), "family": self.family, "config": dict(self.config), "weights": sums})

    def batch(self, mels: Sequence[Mel], f0_hz: Sequence[Floats] | None = None) -> list[Audio]:
        """Synthesise several mels of any lengths at once; each sounds as it does alone (within `STREAM_TOLERANCE`).

        Args:
            mels: each [n_mels, frames].
            f0_hz: for a family that is driven by pitch: Hz per frame of each mel, 0 where unvoiced.

        Raises:
            SpecMismatch, ContractError: as for one.
        """
        for mel in mels:
            check_one(mel, self.spec, "vocoder")
        pitches = [None] * len(mels) if f0_hz is None else list(f0_hz)
        items = [
            self.takes.whole(*self._to_the_end(mel, pitch)) for mel, pitch in zip(mels, pitches, strict=True)
        ]  # fmt: skip
        return [self._audio(made, mel) for made, mel in zip(self._net.batch(items), mels, strict=True)]

    def stream(self, mel: Mel, f0_hz: Floats | None = None, *, block_frames: int = BLOCK_FRAMES) -> Iterator[Floats]:
        """The same sound block by block: float32 arrays, `mel.n_samples` samples in all, within `STREAM_TOLERANCE`.

        Memory is that of one block with its context, whatever the length.
        """
        check_one(mel, self.spec, "vocoder")
        flow, left = self.open_stream(block_frames), mel.n_samples
        blocks = self.takes.blocks(*self._to_the_end(mel, f0_hz), block_frames)
        for block in ahead(blocks) if "start" in self.inputs else blocks:
            made = _finite(flow.push(block))[:left]
            left -= made.size
            if made.size:
                yield made
        made = _finite(flow.finish())[:left]
        yield np.concatenate([made, np.zeros(left - made.size, np.float32)])

    def open_stream(self, block_frames: int = BLOCK_FRAMES) -> Stream:
        """For frames that are not all there yet: `push` them, then `finish`. Values are the network's inputs, unchecked."""
        if block_frames < 1:
            raise ContractError("a block has at least one frame", where="block_frames", got=block_frames, wanted="1 or more")
        return Stream(self._net, block_frames)

    @property
    def takes(self) -> Inputs:
        """How its inputs are made of a mel and a pitch."""
        begun = int(self.config["start_iterations"]) if "start" in self.inputs else 0
        return Inputs(self.inputs, self.hop_length, self.spec.sample_rate, self.noise_channels, self.noise_seed, begun)

    @property
    def _net(self) -> Network:
        return Network(self.runtime, self.hop_length, self.receptive_field)

    def _to_the_end(self, mel: Mel, f0_hz: Floats | None) -> tuple[Mel, Floats | None]:
        """With the last frame once more where the sound goes on behind it: silence there would be a click."""
        if mel.n_samples <= mel.n_frames * self.hop_length:
            return mel, f0_hz
        pitch = None if f0_hz is None else np.pad(f0_hz, (0, 1), mode="edge")
        return Mel(np.pad(mel.values, ((0, 0), (0, 1)), mode="edge"), mel.spec, mel.utterance), pitch

    def _synthesise(self, mel: Mel) -> Floats:
        if "start" in self.inputs and mel.n_frames > 2 * PIECE:
            return np.concatenate(list(self.stream(mel, block_frames=PIECE)))
        made = self._net.batch([self.takes.whole(*self._to_the_end(mel, None))])[0]
        return _fitted(_finite(made), mel.n_samples)

    def _audio(self, made: Floats, mel: Mel) -> Audio:
        return Audio.of(_fitted(_finite(made), mel.n_samples), mel.spec.sample_rate)

    def __repr__(self) -> str:
        return f"NeuralVocoder({self.family}, {self.n_weights:,} weights, {self.runtime.name}, spec {self.spec.fingerprint})"


def _finite(samples: Floats) -> Floats:
    """Checked, and held within [-1, 1]."""
    if not np.isfinite(samples).all():
        raise ContractError(
            "the vocoder's own arithmetic gave values that are not numbers",
            got=f"{int((~np.isfinite(samples)).sum())} of {samples.size} samples",
            next="Its weights are broken, or its numbers too narrow: try dtype float32",
        )
    return np.clip(samples, -1.0, 1.0)


def _fitted(samples: Floats, n_samples: int) -> Floats:
    """As many samples as the mel stands for: cut at the end, or zeros added there."""
    return np.pad(samples[:n_samples], (0, max(0, n_samples - samples.size)))


def _network(kind: Family, config: Mapping[str, Any], spec: MelSpec, where: object) -> tuple[Any, Any]:
    """The network and its sizes, checked against the description."""
    try:
        import melpact.nn.torch_runtime  # noqa: F401
    except ImportError:
        raise MelpactError(
            "this vocoder runs on torch, and torch is not installed",
            where=where,
            next="pip install 'melpact[torch]', or take its exported form (.onnx)",
        ) from None
    sizes = kind.sizes(config)
    if sizes.n_mels != spec.n_mels:
        raise ContractError("the network takes another number of bands", where=where, got=sizes.n_mels, wanted=spec.n_mels)
    if kind.hop(sizes) != spec.hop_length:
        raise ContractError(
            "the network makes another number of samples per frame than the mel's hop: speed and pitch would change",
            where=where,
            got=f"{kind.hop(sizes)} (the product of its upsampling rates)",
            wanted=f"{spec.hop_length} (hop_length)",
        )
    return kind.network(sizes), sizes
