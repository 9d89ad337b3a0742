"""`NeuralRefiner`: what the one-pass refiner and the diffusion share: a network, on torch or in a graph, over any lengths.

What is asked of the network, and with which noise, is in `cnn` and `diffusion`; the file is in `facts`.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import digest
from melpact.models.refine.base import Floats, Refiner
from melpact.models.refine.facts import SUFFIX, Facts, write
from melpact.models.refine.noise import noise
from melpact.models.refine.settings import Refining
from melpact.nn.running import Network, Runtime
from melpact.nn.weights import check_weights

F0_REFERENCE_HZ = 200.0
"""The pitch that a network takes for 0, in nats above or below it."""

Ask = Callable[[Floats, Floats, float], Floats]
"""(x, cond, level) → residual: normalised values of all mels one behind the other, [n_mels, frames of all]."""


@dataclass(frozen=True, eq=False)
class NeuralRefiner(Refiner):
    """A network with its facts.

    Attributes:
        runtime: computes (x, cond, level[, f0][, voice]) → residual, [B, n_mels, T].
        weights: every tensor by name ({} where the runtime brought its own).
        exported: of a graph: {"n_weights", "fingerprint"} of what it was exported from.
    """

    facts: Facts = field()
    runtime: Runtime
    weights: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    exported: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def build(
        cls, facts: Facts, weights: Mapping[str, NDArray[np.floating]], *, device: str = "cpu", where: object = None
    ) -> Self:
        """A refiner on torch.

        Raises:
            ContractError: the sizes contradict themselves or the description, a weight is missing, surplus or of another
                shape, or the device is not there.
            MelpactError: torch is not installed.
        """
        network, receptive_field = _network(facts, where)
        plain = {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
        check_weights("refiner", plain, network, where)
        if receptive_field != facts.receptive_field:
            raise ContractError(
                "its receptive field is not that of its sizes",
                where=where,
                got=facts.receptive_field,
                wanted=receptive_field,
            )
        from melpact.nn.refiners.in_order import InOrder
        from melpact.nn.torch_runtime import TorchRuntime, available

        missing = available(device)
        if missing is not None:
            raise ContractError("there is no such device here", where="device", got=f"{device} ({missing})", wanted="cpu")
        prefixed = {f"network.{name}": value for name, value in plain.items()}
        return cls(facts, TorchRuntime(InOrder(network), prefixed, device=device), plain)

    def save(self, path: str | Path, *, half: bool = False) -> Path:
        """Write facts, statistics and weights as one file; returns the path.

        Args:
            half: write the weights as float16, in half the room; they are computed with in float32 all the same.

        Raises:
            ContractError: it runs from an exported graph and has no weights of its own.
        """
        if not self.weights:
            raise ContractError(
                "a graph has no weights to save", where=path, next=f"Save what it was exported from ({SUFFIX})"
            )
        return write(path, self.facts, self.weights, half=half)

    @property
    def n_weights(self) -> int:
        """Numbers in its weights."""
        return int(self.exported.get("n_weights", 0)) or sum(int(value.size) for value in self.weights.values())

    @property
    def title(self) -> str:
        return f"{self.method}, {self.n_weights / 1e6:.2f} M weights"

    @property
    def fingerprint(self) -> str:
        if "fingerprint" in self.exported:
            return str(self.exported["fingerprint"])
        sums = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in self.weights.items()}
        kept = {name: value.tolist() for name, value in self.facts.statistics.tensors().items()}
        return digest(["refiner", self.method, self.facts.spec.facts(), dict(self.facts.sizes), sums, kept])

    def sees(self, settings: Refining) -> tuple[int, int]:
        passes, (left, right) = self.passes(settings), self.facts.receptive_field
        return passes * left, passes * right

    @abstractmethod
    def passes(self, settings: Refining) -> int:
        """How often the network is asked one after the other."""

    @abstractmethod
    def _path(self, given: Floats, draw: Callable[[], Floats], settings: Refining, ask: Ask) -> Floats:
        """Normalised values [n_mels, T] → refined ones; `draw` gives noise of the same shape."""

    def _refine(
        self,
        given: Sequence[Floats],
        settings: Refining,
        f0_hz: Sequence[Floats | None],
        voice: Sequence[Floats | None],
        first_frame: int,
    ) -> list[Floats]:
        kept = self.facts.statistics
        lengths = [values.shape[1] for values in given]
        beside = [self._beside(*one) for one in zip(f0_hz, voice, lengths, strict=True)]

        def ask(x: Floats, cond: Floats, level: float) -> Floats:
            network = Network(_AtLevel(self.runtime, level, bool(self.facts.voice_size)), 1, self.facts.receptive_field)
            columns = zip(_split(x, lengths), _split(cond, lengths), beside, strict=True)
            return np.concatenate(network.batch([[a[None], b[None], *more] for a, b, more in columns]), axis=1)

        def draw() -> Floats:
            return np.concatenate([noise(settings.seed, first_frame, n, len(kept.mean)) for n in lengths], axis=1)

        normalised = kept.normalised(np.concatenate(given, axis=1))
        made = kept.restored(self._path(normalised, draw, settings, ask))
        return _split(np.asarray(made, np.float32), lengths)

    def _beside(self, f0_hz: Floats | None, voice: Floats | None, frames: int) -> list[Floats]:
        """What the network takes beside the mel, each [1, channels, T]."""
        made = []
        if f0_hz is not None:
            voiced = np.asarray(f0_hz, np.float32) > 0
            nats = np.log(np.where(voiced, f0_hz, F0_REFERENCE_HZ) / np.float32(F0_REFERENCE_HZ))
            made.append(np.stack([nats, voiced]).astype(np.float32)[None])
        if voice is not None:
            made.append(np.repeat(np.asarray(voice, np.float32)[None, :, None], frames, axis=2))
        return made

    def _check_conditions(self, mel: Mel, f0_hz: Floats | None, voice: Floats | None) -> None:
        takes = {"pitch": (self.facts.takes_f0, f0_hz), "voice": (self.facts.voice_size > 0, voice)}
        for what, (asked, got) in takes.items():
            if asked != (got is not None):
                raise ContractError(
                    f"this refiner takes a {what}" if asked else f"this refiner takes no {what}", got=self.title,
                    next="Give one" if asked else "Leave it out",
                )  # fmt: skip
        if f0_hz is not None and (f0_hz.shape != (mel.n_frames,) or not np.isfinite(f0_hz).all() or (f0_hz < 0).any()):
            wanted = f"{mel.n_frames} finite values of Hz, 0 where unvoiced"
            raise ContractError("the pitch does not fit the mel", got=f"shape {list(f0_hz.shape)}", wanted=wanted)
        if voice is not None and (voice.shape != (self.facts.voice_size,) or not np.isfinite(voice).all()):
            wanted = f"{self.facts.voice_size} finite numbers"
            raise ContractError("the voice is not one this refiner knows", got=f"shape {list(voice.shape)}", wanted=wanted)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_weights:,} weights, {self.runtime.name}, spec {self.facts.spec.fingerprint})"


class _AtLevel:
    """The runtime at one level: inputs (x, cond[, f0][, voice over frames]), each with frames; the level is put in."""

    def __init__(self, runtime: Runtime, level: float, voice: bool) -> None:
        self.name, self.in_batches = runtime.name, runtime.in_batches
        self._runtime, self._level, self._voice = runtime, level, voice

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """[B, …, T] each → [B, n_mels, T]."""
        x, cond, *more = inputs
        if self._voice:
            more[-1] = more[-1][..., 0]
        return self._runtime.run([x, cond, np.full(len(x), self._level, np.float32), *more])


def _split(values: Floats, lengths: Sequence[int]) -> list[Floats]:
    return np.split(values, np.cumsum(lengths)[:-1], axis=1)


def _network(facts: Facts, where: object) -> tuple[Any, tuple[int, int]]:
    """The network, checked against the description, and what it sees."""
    try:
        from melpact.nn.refiners.mel_refiner import MelRefiner, MelRefinerConfig, receptive_field
    except ImportError:
        raise MelpactError(
            "this refiner runs on torch, and torch is not installed",
            where=where,
            next="pip install 'melpact[torch]', or take its exported form (.onnx)",
        ) from None
    try:
        sizes = MelRefinerConfig(**facts.sizes)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "sizes"
        raise ContractError(f"no refiner has these sizes: {at}: {first['msg']}", where=where) from None
    if sizes.n_mels != facts.spec.n_mels:
        raise ContractError(
            "the network takes another number of bands", where=where, got=sizes.n_mels, wanted=facts.spec.n_mels
        )
    return MelRefiner(sizes), receptive_field(sizes)
