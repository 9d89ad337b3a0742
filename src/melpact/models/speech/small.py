"""Our own speaker: every token gets its time, every step its codes, drawn one after the other; then the frames are made.

The networks are in `nn.speech`; here is what is drawn, in which order, and what is put together. Where every token has its
time before the first frame is made, no word is skipped or said twice, and there is always an end.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, NotAnArtifact
from melpact.core.records import digest
from melpact.models.speech.base import Speaker
from melpact.models.speech.facts import SUFFIX, Facts, Tensors, write
from melpact.models.speech.listening import VoiceListener
from melpact.models.speech.settings import Speaking
from melpact.models.speech.shipped import listener_file
from melpact.models.speech.spoken import Part
from melpact.models.speech.voice import SpeechVoice
from melpact.text.languages import resolved
from melpact.text.sentence import Sentence
from melpact.text.tokens import spoken

Floats = NDArray[np.float32]
SLOT_FRAMES, STEP_SLOTS = 2, 2
VOICE_SCALE = 16.0
"""By which a voice's numbers, together of length 1, are multiplied on their way in."""
FIRST_SLOTS, BLOCK_SLOTS = 32, 96
"""Slots of the first block that is given out, and of the others."""
RECENT_STEPS = 8
"""Steps that a repetition penalty looks back."""
LONGEST_PAUSE_S = 0.9


class Engine(Protocol):
    """What computes the parts of the network (`nn.speech.parts`)."""

    name: str

    def run(self, part: str, inputs: Sequence[NDArray[Any]]) -> Floats: ...


class SmallSpeaker(Speaker):
    """A trained speaker.

    Args:
        facts: what it is. engine: what computes it. weights: its own, where it runs on torch. exported: what a graph says of
            the weights that it was made from.
    """

    reads: ClassVar[tuple[str, ...]] = ("temperature", "top_p", "top_k", "repetition_penalty", "rate")
    takes_prompt: ClassVar[bool] = True

    def __init__(
        self, facts: Facts, engine: Engine, weights: Tensors | None = None, exported: Mapping[str, Any] | None = None
    ) -> None:
        self.facts, self.engine, self.weights = facts, engine, dict(weights or {})
        self._exported = dict(exported or {})
        self.usual = Speaking(**facts.settings)  # type: ignore[misc]

    @classmethod
    def build(cls, facts: Facts, weights: Tensors, *, where: object = None, device: str = "cpu") -> SmallSpeaker:
        """On torch.

        Raises:
            ArtifactError: weights that are not the network's. MelpactError: no torch.
        """
        return cls(facts, torch_parts(facts, weights, where, device), weights)

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
        """The one description of its mels, without scaling."""
        return self.facts.spec

    @property
    def title(self) -> str:
        """In a few words, for tables."""
        name = self.facts.provenance.get("name", "codes from text")
        return f"{name}, {self.n_weights / 1e6:.1f} M weights, on {self.engine.name}"

    @property
    def n_weights(self) -> int:
        """Numbers that were learnt."""
        return int(self._exported.get("n_weights", 0)) or sum(value.size for value in self.weights.values())

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over facts and weights; the same for a file and the graph made of it."""
        if "fingerprint" in self._exported:
            return str(self._exported["fingerprint"])
        sums = {name: _digest(value.astype(np.float16)) for name, value in sorted(self.weights.items())}
        known = {name: _digest(value) for name, value in self.facts.tensors().items()}
        return digest(["speech", self.facts.spec.fingerprint, self.facts.config(), sums, known])

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags that it speaks."""
        return tuple(self.facts.languages)

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of voices that come with it."""
        return tuple(self.facts.voices)

    @property
    def encoder(self) -> str:
        """Fingerprint of what makes its voices of recordings."""
        return self.facts.encoder

    def language(self, asked: str) -> str:
        """A tag as espeak-ng has it: one of `languages` as that is pronounced there, or any other language of espeak-ng,
        which is then spoken with sounds that were learnt in others.

        Raises:
            UnknownLanguage: espeak-ng has none of that name.
        """
        return self.facts.languages[self.languages[0]] if not asked else resolved(asked)

    def usual_voice(self, language: str) -> str:
        """The name of the voice that a language is spoken with where none is given."""
        return self.facts.usual.get(self._learnt(language) or "", self.voices[0])

    def learnt(self, language: str) -> bool:
        """Whether a tag belongs to one of `languages`."""
        return self._learnt(language) is not None

    def _learnt(self, language: str) -> str | None:
        """The one of `languages` that a tag belongs to; None: it was never heard in training."""
        return next((tag for tag, own in self.facts.languages.items() if language in (tag, own)), None) or next(
            (tag for tag in self.languages if language.split("-")[0] == tag), None
        )

    @cached_property
    def _listener(self) -> VoiceListener:
        listener = VoiceListener(listener_file())
        if listener.fingerprint != self.facts.encoder:
            raise ContractError(
                "this speaker was trained with another voice encoder", where=self.facts.encoder, got=listener.fingerprint,
                next="Name one of its own voices with --voice, or train it again",
            )  # fmt: skip
        return listener

    def _embedded(self, sound: Audio) -> Floats:
        return self._listener.embedded(sound)

    def _named(self, name: str) -> SpeechVoice:
        return SpeechVoice(name, self.facts.voices[name], self.facts.encoder)

    def _frames(
        self, sentence: Sentence, voice: SpeechVoice | None, settings: Speaking, rng: np.random.Generator
    ) -> Iterator[Part]:
        heard = self.named(self.usual_voice(sentence.language)) if voice is None else voice
        tokens, learnt = spoken(sentence.text, sentence.language), self._learnt(sentence.language)
        whose = self.engine.run("voice", [heard.embedding[None] * VOICE_SCALE])
        number = self.languages.index(learnt or self.languages[0])
        text = self.engine.run("text", [tokens.stacked()[None], np.asarray([number])])
        asked = [np.asarray(one, np.float32) for one in (settings.temperature, settings.top_p, settings.top_k)]
        slots = self._paced(text, whose, asked, settings.rate, rng)
        owner, place = places(slots)
        known = self.engine.run("slots", [text, owner[None], place[None]])
        n_slots = int(slots.sum())
        steps = self._steps(known, whose, heard, settings, asked, rng)
        values = np.zeros((1, known.shape[2] // STEP_SLOTS, int(self.facts.sizes["numbers"])), np.float32)
        ready, begin, size = 0, 0, FIRST_SLOTS
        told = {"voice": heard.name, "n_tokens": len(tokens)} | ({} if learnt else {"never_heard": sentence.language})
        about = {"tokens": tokens.text, "durations_s": self._seconds(slots), "facts": told}
        while begin < n_slots:
            end = min(begin + size, n_slots)
            wanted = min(math.ceil((end + self.facts.reach_slots) / STEP_SLOTS), values.shape[1])
            while ready < wanted:
                values[0, ready] = next(steps)
                ready += 1
            yield Part(self._made(known, whose, values, begin, end), **about)  # type: ignore[arg-type]
            about, begin, size = {}, end, BLOCK_SLOTS

    def _paced(
        self, text: Floats, whose: Floats, asked: list[Floats], rate: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Slots of every token, drawn one after the other; what is lost in rounding is made up for by the next."""
        state = np.zeros((1, 1, int(self.facts.sizes["pace"])), np.float32)
        before, drawn = len(self.facts.durations), []
        for column in range(text.shape[2]):
            given = [text[:, :, column], whose, np.asarray([before]), state, rng.random(1, np.float32), *asked]
            out = self.engine.run("pace", given)
            before, state = round(float(out[0, 0])), out[None, :, 1:]
            drawn.append(self.facts.durations[before])
        frame_s = self.facts.spec.hop_length / self.facts.spec.sample_rate
        most = max(1, round(LONGEST_PAUSE_S / frame_s / SLOT_FRAMES))
        ends = np.round(np.cumsum(np.minimum(drawn, most)) / rate).astype(np.int64)
        return np.maximum(np.diff(ends, prepend=0), 1)

    def _steps(
        self, known: Floats, whose: Floats, voice: SpeechVoice, settings: Speaking, asked: list[Floats],
        rng: np.random.Generator,
    ) -> Iterator[Floats]:  # fmt: skip
        """Values of the codes of one step after the other, in [-1, 1]."""
        numbers, levels = int(self.facts.sizes["numbers"]), int(self.facts.sizes["levels"])
        told = self.engine.run("told", [known, np.zeros((1, known.shape[2]), np.float32)])[0]
        state = np.zeros((1, 1, int(self.facts.sizes["prior"])), np.float32)
        before = np.zeros((1, numbers * levels), np.float32)
        penalty, each = math.log(settings.repetition_penalty), np.arange(numbers)
        recent: list[NDArray[np.int64]] = []
        for codes, row in self._prompted(voice, whose):
            out = self._coded(row, whose, before, state, np.zeros((1, numbers, levels), np.float32), rng, asked)
            before, state = np.zeros_like(before), out[None, :, numbers:]
            before[0, each * levels + codes] = 1
        for row in told:
            worn = np.zeros((1, numbers, levels), np.float32)
            if penalty:
                for one in recent[-RECENT_STEPS:]:
                    worn[0, each, one] += np.float32(penalty)
            out = self._coded(row, whose, before, state, worn, rng, asked)
            codes, state = np.round(out[0, :numbers]).astype(np.int64), out[None, :, numbers:]
            before = np.zeros_like(before)
            before[0, each * levels + codes] = 1
            recent.append(codes)
            yield (codes / np.float32(levels - 1) * 2 - 1).astype(np.float32)

    def _coded(
        self, row: Floats, whose: Floats, before: Floats, state: Floats, worn: Floats, rng: np.random.Generator,
        asked: list[Floats],
    ) -> Floats:  # fmt: skip
        chances = rng.random((1, worn.shape[1]), np.float32)
        return self.engine.run("codes", [row[None], whose, before, state, worn, chances, *asked])

    def _prompted(self, voice: SpeechVoice, whose: Floats) -> Iterator[tuple[NDArray[np.int64], Floats]]:
        """Codes of what a voice is to go on from, and what the prior is told of a text that is not known."""
        if voice.prompt is None:
            return
        frames = voice.prompt.shape[1] // (SLOT_FRAMES * STEP_SLOTS) * SLOT_FRAMES * STEP_SLOTS
        if not frames:
            return
        kept = self.facts.statistics
        normalised = (voice.prompt[:, :frames] - kept.mean[:, None]) / kept.std[:, None]
        codes = np.round(self.engine.run("heard", [normalised[None], whose])[0]).astype(np.int64)
        n_slots = frames // SLOT_FRAMES
        blank = np.zeros((1, int(self.facts.sizes["width"]), n_slots), np.float32)
        told = self.engine.run("told", [blank, np.ones((1, n_slots), np.float32)])[0]
        yield from zip(codes, told, strict=True)

    def _made(self, known: Floats, whose: Floats, values: Floats, begin: int, end: int) -> Floats:
        """Frames of some slots, computed with all that they can see: the same whatever the blocks are."""
        reach = self.facts.reach_slots
        first = max(0, begin - reach) // STEP_SLOTS * STEP_SLOTS
        last = min(known.shape[2], -(-(end + reach) // STEP_SLOTS) * STEP_SLOTS)
        part = values[:, first // STEP_SLOTS : last // STEP_SLOTS]
        made = self.engine.run("frames", [known[:, :, first:last], whose, part])[0]
        made = made[:, (begin - first) * SLOT_FRAMES : (end - first) * SLOT_FRAMES]
        kept = self.facts.statistics
        restored = made * kept.std[:, None] + kept.mean[:, None]
        held: Floats = np.clip(restored, kept.floor[:, None], kept.ceiling[:, None]).astype(np.float32)
        return held

    def _seconds(self, slots: NDArray[np.int64]) -> tuple[float, ...]:
        one = SLOT_FRAMES * self.facts.spec.hop_length / self.facts.spec.sample_rate
        return tuple(float(count * one) for count in slots)

    def __repr__(self) -> str:
        return f"SmallSpeaker({self.title}, {', '.join(self.languages)}, {self.fingerprint})"


def places(slots: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Slots of every token → the token of every slot [S], and [S, 4] as `nn.speech.network.places`, S made even."""
    owner = np.repeat(np.arange(len(slots)), slots)
    length = slots[owner].astype(np.float64)
    come = (np.arange(len(owner)) - (np.cumsum(slots) - slots)[owner] + 0.5) / length
    place = np.stack([come, 1 - come, np.log(length), np.ones_like(come)], 1)
    if len(owner) % STEP_SLOTS:
        owner, place = np.append(owner, owner[-1]), np.append(place, np.zeros((1, 4)), 0)
    return owner, place.astype(np.float32)


def torch_parts(facts: Facts, weights: Tensors, where: object, device: str) -> Engine:
    """The network on torch.

    Raises:
        ArtifactError: weights that are not the network's. MelpactError: no torch.
    """
    from melpact.core.errors import MelpactError

    try:
        import melpact.nn.speech.opening as opening
    except ImportError:
        raise MelpactError("torch is not installed", where=where, next="pip install 'melpact[torch]'") from None
    try:
        return opening.parts(facts.sizes, weights, device)
    except (RuntimeError, ValueError, KeyError) as error:
        text = " ".join(str(error).split())[:160]
        raise NotAnArtifact("its weights are not those of its network", where=where, got=text) from None


def _digest(value: NDArray[np.floating]) -> str:
    return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
