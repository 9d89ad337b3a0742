"""The trained converter: what is spoken, at which pitch and how loud, and how the target sounds there → the target's mel.

The network corrects the source with the target's moments. It is told what is spoken, as the content encoder hears it that
it was trained with; how the target says that, by a linear map; pitch and loudness; and a style of the target, which a
reference encoder takes from its frames, or which was learnt when the converter was adapted to it. (Where it is given the
map, it learnt from the mean of the nearest frames: what it makes of the map is understood better.) Of several voices all of
this is averaged by their weights, and the network is asked once. Loudness and harmonics of every frame are the source's.

The file is in `gan_facts`, the network in `nn.converters.voice_changer`, and what it is given in `gan_inputs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import digest
from melpact.features.active import active, level_db, levelled, loudness_db, per_db
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.content import Listener
from melpact.models.convert.envelope import without_harmonics
from melpact.models.convert.gan_facts import METHOD, REFERENCE, STYLES, SUFFIX, Facts, Tensors, write
from melpact.models.convert.gan_inputs import energy_given, pitch_given
from melpact.models.convert.lines import Kinds, Lines, voicedness
from melpact.models.convert.retrieval import contents
from melpact.models.convert.settings import Converting
from melpact.models.convert.speaking import Speaking
from melpact.models.convert.voice import Blend, Target, Voice
from melpact.nn.running import Network, Runtime
from melpact.nn.weights import check_weights

_STRIDE = 2
"""Frames that the network takes at once: every window begins at a multiple of it."""


@dataclass(frozen=True)
class Known:
    """Of a whole mel: its level, what is spoken [D, T], how the target says it [n_mels, T], where it sounds and how voiced
    it is [T], what moves the moments of its bands at level 0, and then of what was made; the target's style [style]."""

    level: float
    heard: Floats
    picked: Floats
    sounds: NDArray[np.bool_]
    share: Floats | None
    first: Lines
    last: Lines | None
    style: Floats

    def voiced(self, first_frame: int, frames: int) -> Floats | None:
        """How voiced so many frames are; None: nobody knows."""
        return None if self.share is None else self.share[first_frame : first_frame + frames]


@dataclass(frozen=True, eq=False, repr=False)
class GanConverter(Converter):
    """A network with its facts and its content encoder.

    Attributes:
        changer: computes (content, moved, picked, pitch, energy, style) → [B, n_mels, T].
        reference: computes (mels, sounds) → [B, style].
        styles: of the voices that the facts name, float32 [voices, style], each of length √style.
        weights: every tensor by name ({} where the runtimes brought their own).
        exported: of a graph: {"n_weights", "fingerprint", "reference"} of what it was exported from.
    """

    facts: Facts
    listener: Listener
    changer: Runtime
    reference: Runtime
    styles: Floats
    weights: Mapping[str, Floats] = field(default_factory=dict)
    exported: Mapping[str, Any] = field(default_factory=dict)
    method = METHOD
    takes_f0 = True

    @classmethod
    def build(cls, facts: Facts, weights: Tensors, listener: Listener, *, where: object = None) -> GanConverter:
        """A converter on torch.

        Raises:
            ContractError: sizes, weights, description and content encoder that contradict each other.
            MelpactError: torch is not installed.
        """
        check_listener(facts, listener, where)
        plain = {name: np.array(value, np.float32) for name, value in weights.items()}
        network = network_of(facts, listener, plain, where)
        from melpact.nn.torch_runtime import TorchRuntime

        changer, reference = TorchRuntime(network.changer), TorchRuntime(network.reference)
        return cls(facts, listener, changer, reference, _unit(plain[STYLES]), plain)

    def save(self, path: str | Path) -> Path:
        """Write facts and weights as one file, the weights as float16; returns the path.

        Raises:
            ContractError: it runs from an exported graph and has no weights of its own.
        """
        if not self.weights:
            raise ContractError(
                "a graph has no weights to save", where=path, next=f"Save what it was exported from ({SUFFIX})"
            )
        return write(path, self.facts, self.weights)

    @property
    def spec(self) -> MelSpec:
        return self.facts.spec

    @property
    def n_weights(self) -> int:
        """Numbers in its weights."""
        return int(self.exported.get("n_weights", 0)) or sum(int(value.size) for value in self.weights.values())

    @property
    def title(self) -> str:
        return f"gan: a network of {self.n_weights / 1e6:.1f} M weights, and frames of the target"

    @property
    def fingerprint(self) -> str:
        return str(self.exported.get("fingerprint")) if self.exported else self._digest("")

    @property
    def encoder(self) -> str:
        """Fingerprint of the reference encoder: 16 hexadecimal digits over its weights and what it takes for 0 and 1."""
        return str(self.exported.get("reference")) if self.exported else self._digest(REFERENCE)

    def sees(self, settings: Converting) -> tuple[int, int]:
        left, right = self.facts.receptive_field
        return left + left % _STRIDE, right

    def knowing(self, target: Target) -> Target:
        if isinstance(target, Voice):
            return self._knowing(target)
        return Blend(tuple((self._knowing(voice), weight) for voice, weight in target.parts))

    def style(self, voice: Voice) -> Floats:
        """How a voice sounds, float32 [style]: as it was learnt, or as the reference encoder takes it from its frames.

        Raises:
            ContractError: it has no frames that sound.
        """
        own = self._own(voice)
        if own is not None:
            return own
        if voice.embedding is not None and voice.embedding[1] == self.encoder:
            return voice.embedding[0]
        sounds = _sounding(voice)
        mels = self.facts.statistics.normalised(_level(voice))
        told: Floats = self.reference.run([mels[None], sounds[None].astype(np.float32)])[0]
        return told

    def _knowing(self, voice: Voice) -> Voice:
        known = contents(self.listener, voice)
        return known if self._own(voice) is not None else known.with_embedding(self.style(known), self.encoder)

    def _own(self, voice: Voice) -> Floats | None:
        """The style that was learnt for a voice; None where the converter was not adapted to it."""
        name = _fingerprint(voice) if self.facts.adapted else ""
        learnt: Floats | None = self.styles[self.facts.voices.index(name)] if name in self.facts.voices else None
        return learnt

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> Known:
        heard, picked, wanted, styles = self.listener(whole), np.zeros_like(whole), [], []
        for voice, weight in target.parts:
            if weight <= 0:
                continue
            saying, kinds = _saying(contents(self.listener, voice))
            picked += np.float32(weight) * saying(heard)
            wanted.append((kinds, weight))
            styles.append(np.float32(weight) * self.style(voice))
        style = _unit(np.sum(styles, 0)[None])[0]
        level, sounds = level_db(whole, spec), active(whole, spec)
        share = None if f0_hz is None else voicedness(np.where(sounds, f0_hz, np.float32(0)))
        first = Lines.of(Kinds.of(levelled(whole, spec, level), sounds, share), wanted)
        known = Known(level, heard, picked, sounds, share, first, None, style)
        if f0_hz is None:
            return known
        made = self._made(whole, f0_hz, loudness_db(whole, spec), known, 0)
        return replace(known, last=Lines.of(Kinds.of(made, sounds, share), wanted))

    def _convert(
        self,
        given: Floats,
        target: Target,
        settings: Converting,
        f0_hz: Floats | None,
        energy: Floats,
        known: object,
        first_frame: int,
    ) -> Floats:
        if not isinstance(known, Known) or f0_hz is None:
            raise TypeError("what is spoken is heard by _about, and a pitch is given")
        spec = self.facts.spec
        made = self._made(given, f0_hz, energy, known, first_frame)
        if known.last is not None:
            made = known.last(made, known.voiced(first_frame, given.shape[1]))
        made = without_harmonics(levelled(given, spec, known.level), made)
        made = made + np.float32(per_db(spec)) * (energy - loudness_db(made, spec))
        return np.asarray(given + np.float32(settings.ratio) * (made - given), np.float32)

    def _made(self, given: Floats, f0_hz: Floats, energy: Floats, known: Known, first_frame: int) -> Floats:
        """What the network makes of values before scaling [n_mels, T], at level 0."""
        spec, part = self.facts.spec, slice(first_frame, first_frame + given.shape[1])
        heard = np.ascontiguousarray(known.heard[:, part])
        near = known.first(levelled(given, spec, known.level), known.voiced(first_frame, given.shape[1]))
        picked = known.picked[:, part]
        kept = self.facts.statistics
        pitch = pitch_given(np.where(known.sounds[part], f0_hz, np.float32(0)), spec)
        inputs = [heard, kept.normalised(near), kept.normalised(picked), pitch, energy_given(energy, known.level)]
        return kept.restored(self._changed(inputs, known.style, first_frame))

    def _changed(self, inputs: Sequence[Floats], style: Floats, first_frame: int) -> Floats:
        """What the network makes, [n_mels, T]. Before a window that begins between two strides its first frame is held."""
        left, right = self.facts.receptive_field
        late = first_frame % _STRIDE
        network = Network(_Styled(self.changer, style), 1, (left + left % _STRIDE, right))
        made: Floats = network.batch([[np.pad(one, ((0, 0), (late, 0)), "edge")[None] for one in inputs]])[0]
        return made[:, late:]

    def _digest(self, prefix: str) -> str:
        """Over facts, and the weights below a prefix as a file keeps them."""
        sums = {
            name: hashlib.sha256(value.astype(np.float16).tobytes()).hexdigest()
            for name, value in sorted(self.weights.items())
            if name.startswith(prefix)
        }
        kept = {name: value.tolist() for name, value in self.facts.statistics.tensors().items()}
        facts = [self.facts.spec.facts(), dict(self.facts.sizes), self.facts.content]
        known = [] if prefix else [self.facts.voices[index] for index in self.facts.adapted]
        return digest(["converter", self.method, prefix, *facts, sums, kept, known])

    def __repr__(self) -> str:
        return f"GanConverter({self.n_weights:,} weights, {self.changer.name}, spec {self.facts.spec.fingerprint})"


class _Styled:
    """The runtime of one style: inputs (content, moved, picked, pitch, energy), each with frames."""

    def __init__(self, runtime: Runtime, style: Floats) -> None:
        self.name, self.in_batches = runtime.name, runtime.in_batches
        self._runtime, self._style = runtime, style

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """[B, …, T] each → [B, n_mels, T]."""
        return self._runtime.run([*inputs, np.repeat(self._style[None], len(inputs[0]), axis=0)])


def check_listener(facts: Facts, listener: Listener, where: object) -> None:
    """Refuse another content encoder than that of the training.

    Raises:
        ContractError: it is another one, or takes another mel, or the mel takes no logarithm.
    """
    if listener.fingerprint != facts.content or listener.spec != facts.spec:
        raise ContractError(
            "this converter was trained with another content encoder", where=where, got=listener.fingerprint,
            wanted=facts.content, next="Lay its own beside it: NAME.content or NAME.content.onnx",
        )  # fmt: skip
    per_db(facts.spec)


def _sounding(voice: Voice) -> NDArray[np.bool_]:
    on = voice.frames.active
    if not on.any():
        raise ContractError("this voice has no frames that sound", next="Learn it from other references")
    return on


@lru_cache(maxsize=16)
def _fingerprint(voice: Voice) -> str:
    return voice.fingerprint


@lru_cache(maxsize=16)
def _saying(voice: Voice) -> tuple[Speaking, Kinds]:
    """How a voice that knows its content says things, and the moments of its bands, every utterance at level 0."""
    sounds, mels = _sounding(voice), _level(voice)
    share = voicedness(np.where(sounds, voice.frames.f0_hz, np.float32(0)))
    even = replace(voice, frames=replace(voice.frames, mels=mels))
    return Speaking.learnt(even), Kinds.of(mels, sounds, share)


def _level(voice: Voice) -> Floats:
    """All frames of a voice, each utterance at level 0."""
    rows = [mel for mel, _ in voice.frames.utterances() if mel.shape[1]]
    return np.concatenate([levelled(mel, voice.spec, level_db(mel, voice.spec)) for mel in rows], axis=1)


def _unit(styles: Floats) -> Floats:
    """Styles [voices, style], each of length √style."""
    length = np.linalg.norm(styles, axis=1, keepdims=True) / np.sqrt(max(1, styles.shape[1]))
    return np.asarray(styles / np.maximum(length, 1e-9), np.float32)


def network_of(facts: Facts, listener: Listener, weights: Mapping[str, Floats], where: object) -> Any:
    """The network with its weights, a `nn.converters.voice_changer.Converting`.

    Raises:
        ContractError: sizes, weights, description and content encoder contradict each other. MelpactError: no torch.
    """
    try:
        from melpact.nn.converters.voice_changer import Converting as Changing
        from melpact.nn.converters.voice_changer import VoiceChangerConfig, receptive_field
        from melpact.nn.torch_runtime import TorchRuntime
    except ImportError:
        raise MelpactError(
            "this converter runs on torch, and torch is not installed", where=where,
            next="pip install 'melpact[torch]', or take its exported form (.onnx)",
        ) from None  # fmt: skip
    try:
        sizes = VoiceChangerConfig(**facts.sizes)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "sizes"
        raise ContractError(f"no converter has these sizes: {at}: {first['msg']}", where=where) from None
    if (sizes.n_mels, sizes.content) != (facts.spec.n_mels, listener.size):
        raise ContractError(
            "the network takes another number of bands or of content features", where=where,
            got=f"{sizes.n_mels} and {sizes.content}", wanted=f"{facts.spec.n_mels} and {listener.size}",
        )  # fmt: skip
    if receptive_field(sizes) != facts.receptive_field:
        raise ContractError(
            "its receptive field is not that of its sizes", where=where, got=facts.receptive_field,
            wanted=receptive_field(sizes),
        )  # fmt: skip
    network = Changing(sizes, len(facts.voices))
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    plain = {name: value.reshape(shapes[name]) if shapes.get(name) == () else value for name, value in weights.items()}
    check_weights("converter", plain, network, where)
    return TorchRuntime(network, plain).network
