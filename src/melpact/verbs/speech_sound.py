"""What makes the sound of a mel that is being spoken: in whole sentences, or while their frames come.

Both go by the same names: a vocoder's, or "griffin_lim", the inversion. In a stream a vocoder gives the samples that it
gives of the whole; the inversion sees less ahead and iterates less.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.ways import Bridge
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.models.refine.base import Refiner
from melpact.pipeline.bridging import Allow, between
from melpact.verbs.default_vocoder import WITHOUT_MODEL, default_vocoder
from melpact.verbs.refining import Chosen, chosen, refined
from melpact.vocoders.griffin_lim.estimate import Estimate
from melpact.vocoders.griffin_lim.online import OnlineInversion
from melpact.vocoders.griffin_lim.vocoder import GriffinLim
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import vocoder

Floats = NDArray[np.float32]

BLOCK_FRAMES, AHEAD_FRAMES = 32, 12
"""Of the inversion in a stream: inverted at once, and seen beyond."""


class Flow(ABC):
    """One sentence: frames in, samples out."""

    @abstractmethod
    def push(self, values: Floats) -> Floats:
        """More frames before scaling [n_mels, n] → samples that became sure, float32 [≥ 0]."""

    @abstractmethod
    def finish(self) -> Floats:
        """The rest."""


@dataclass(frozen=True)
class Sounder:
    """What makes the sound, of one description without scaling.

    Attributes:
        name: for tables. fingerprint: of its weights; None of the inversion.
        bridge: from the speaker's mels to its own; None where they are the same.
        note: what is to be said of it; "" nothing. refiner: of the mels before they become sound; it needs whole sentences.
    """

    name: str
    maker: NeuralVocoder | GriffinLim
    spec: MelSpec
    bridge: Bridge | None = None
    note: str = ""
    refiner: Chosen | None = None

    @property
    def fingerprint(self) -> str | None:
        """16 hexadecimal digits; None of the inversion."""
        return self.maker.fingerprint if isinstance(self.maker, NeuralVocoder) else None

    @property
    def sample_rate(self) -> int:
        """Of the sound, Hz."""
        return self.spec.sample_rate if self.bridge is None else self.bridge.b.sample_rate

    def whole(self, mel: Mel) -> Audio:
        """The sound of one sentence."""
        better = mel if self.refiner is None else refined(mel, self.refiner).mel
        own = better if self.bridge is None else self.bridge.apply(better)
        if isinstance(self.maker, NeuralVocoder) and self.maker.takes.driven_by_pitch:
            from melpact.verbs.pitches import estimated

            return self.maker(own, estimated(own))
        return self.maker(own)

    def warm(self, stream: bool) -> None:
        """Whatever is loaded and compiled at first use, in a thread beside what else begins."""

        def work() -> None:
            least = np.float32(0 if self.spec.floor_kind == "none" else self.spec.floor_value)
            few = np.full((self.spec.n_mels, BLOCK_FRAMES + AHEAD_FRAMES), least, np.float32)
            if not stream:
                replace(self, refiner=None).whole(Mel(few, self.spec))
                return
            flow = self.flow()
            flow.push(few)

        if self.refiner is None or not stream:
            threading.Thread(target=work, daemon=True).start()

    def flow(self) -> Flow:
        """For one sentence whose frames still come."""
        if self.refiner is not None:
            return _Waiting(self)
        if isinstance(self.maker, GriffinLim):
            return _Inverting(self.spec, self.maker.seed)
        if self.maker.takes.driven_by_pitch or (self.bridge is not None and self.bridge.kind != "exact"):
            return _Waiting(self)
        return _Sounding(self.maker, self.spec, self.bridge)


def sounder(
    spec: MelSpec,
    name: str | NeuralVocoder | None = None,
    *,
    refiner: str | Path | Refiner | None = None,
    allow: Allow = "exact",
    device: str = "cpu",
    seed: int = 0,
) -> Sounder:
    """What makes the sound of mels of a description.

    Args:
        spec: without scaling.
        name: a vocoder's name, file or folder, or "griffin_lim"; by default a shipped one whose mel it is, or the inversion.
        refiner: of the mels before that, by name or file; none by default.

    Raises:
        SpecMismatch: it takes another mel, and the bridge there is not allowed. MelpactError: it cannot be opened.
    """
    if refiner is not None:
        return replace(sounder(spec, name, allow=allow, device=device, seed=seed), refiner=chosen(refiner, spec))
    if name == WITHOUT_MODEL:
        return Sounder(WITHOUT_MODEL, GriffinLim("best", seed), spec)
    if name is None:
        usual = default_vocoder(spec)
        if usual is None:
            return Sounder(WITHOUT_MODEL, GriffinLim("best", seed), spec)
        return Sounder(usual.name, usual.maker, spec, usual.bridge)
    maker = name if isinstance(name, NeuralVocoder) else vocoder(name, device=device)
    label = str(name) if isinstance(name, str) else maker.family
    note = "its pitch is estimated from the mel" if maker.takes.driven_by_pitch else ""
    if maker.spec == spec:
        return Sounder(label, maker, spec, note=note)
    bridging = between(spec, maker.spec, allow, f"--vocoder {label}")
    return Sounder(label, maker, spec, bridging.way, note)


class _Waiting(Flow):
    """What needs the whole sentence gets it."""

    def __init__(self, sounds: Sounder) -> None:
        self._sounder, self._kept = sounds, list[Floats]()

    def push(self, values: Floats) -> Floats:
        self._kept.append(values)
        return np.zeros(0, np.float32)

    def finish(self) -> Floats:
        whole = self._sounder.whole(Mel(np.concatenate(self._kept, axis=1), self._sounder.spec))
        return np.asarray(whole.samples[0], np.float32)


class _Inverting(Flow):
    def __init__(self, spec: MelSpec, seed: int) -> None:
        self._spec, self._seed = spec, seed
        self._online = OnlineInversion(spec, block_frames=BLOCK_FRAMES, ahead_frames=AHEAD_FRAMES, seed=seed)
        self._frames = self._given = 0

    def push(self, values: Floats) -> Floats:
        self._frames += values.shape[1]
        made = self._online.push(values)
        self._given += made.size
        return made

    def finish(self) -> Floats:
        left = self._spec.samples(self._frames) - self._given
        made = self._online.finish()[: max(0, left)]
        return np.pad(made, (0, max(0, left - made.size)))


class _Sounding(Flow):
    """A network over the frames and, where it takes that, their inversion on its own grid: the bits of the whole."""

    def __init__(self, maker: NeuralVocoder, spec: MelSpec, bridge: Bridge | None) -> None:
        self._maker, self._spec, self._bridge = maker, spec, bridge
        if not set(maker.inputs) <= {"mel", "start", "noise"}:
            raise ContractError("this vocoder does not work in a stream", where="--vocoder", got=", ".join(maker.inputs))
        self._stream = maker.open_stream(BLOCK_FRAMES)
        iterations = maker.takes.start_iterations
        self._estimate = Estimate(maker.spec, iterations=iterations) if "start" in maker.inputs else None
        self._rng = np.random.default_rng(maker.noise_seed)
        self._mels, self._starts = deque[Floats](), deque[Floats]()
        self._last = np.zeros((maker.spec.n_mels, 0), np.float32)
        self._frames = self._given = 0

    def push(self, values: Floats) -> Floats:
        mel = Mel(values, self._spec)
        own = (mel if self._bridge is None else self._bridge.apply(mel)).values
        self._frames += own.shape[1]
        self._last = own[:, -1:]
        return self._counted(self._pushed(own))

    def finish(self) -> Floats:
        spec = self._maker.spec
        more = [np.zeros(0, np.float32)]
        if spec.samples(self._frames) > self._frames * spec.hop_length:
            more.append(self._pushed(self._last))
        if self._estimate is not None:
            self._starts.append(self._estimate.finish())
            more.append(self._ready())
        more.append(self._stream.finish())
        left = spec.samples(self._frames) - self._given
        made = np.clip(np.concatenate(more), -1.0, 1.0)[: max(0, left)]
        return np.pad(made, (0, max(0, left - made.size)))

    def _pushed(self, own: Floats) -> Floats:
        self._mels.append(own)
        if self._estimate is not None:
            self._starts.append(self._estimate.push(own))
        return self._ready()

    def _ready(self) -> Floats:
        """Through the network what all inputs are there of."""
        mel = np.concatenate(self._mels, axis=1)
        frames = mel.shape[1]
        known = {"mel": mel}
        if self._estimate is not None:
            start = np.concatenate(self._starts, axis=1)
            frames = min(frames, start.shape[1])
            known["start"], self._starts = start[:, :frames], deque([start[:, frames:]])
        known["mel"], self._mels = mel[:, :frames], deque([mel[:, frames:]])
        if not frames:
            return np.zeros(0, np.float32)
        if "noise" in self._maker.inputs:
            known["noise"] = self._rng.standard_normal((frames, self._maker.noise_channels), np.float32).T
        made: Floats = self._stream.push([known[name][None] for name in self._maker.inputs])
        return made

    def _counted(self, made: Floats) -> Floats:
        self._given += made.size
        return np.clip(made, -1.0, 1.0)
