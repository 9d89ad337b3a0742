"""What every speaker promises: the public methods check sentence, voice, settings and what was spoken; a final class writes
only the frames."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioError, AudioTooShort, ContractError, SpeechFault
from melpact.models.speech.guard import Guard
from melpact.models.speech.settings import FASTEST, OF_SOME, SLOWEST, Speaking
from melpact.models.speech.spoken import Part, Spoken
from melpact.models.speech.voice import SpeechVoice
from melpact.text.sentence import Sentence

Floats = NDArray[np.float32]

HOLD_S = 0.5
"""Of a stream, heard by the guard before it is given out; what it finds there is spoken again with another seed."""
SHORTEST_REFERENCE_S = 1.0
SILENT = 10 ** (-66 / 20)
TRIES = 2


class Speaker(ABC):
    """A sentence and a voice → the mel of one description, without scaling.

    A final class writes `spec`, `title`, `fingerprint` and `_frames`; `_embedded` and `encoder` where it takes voices, and
    `_named` where some come with it.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    """Those of `settings.OF_SOME` that it reads. What it does not read is refused where it is given."""
    usual: ClassVar[Speaking] = Speaking()
    """Its own defaults."""
    takes_prompt: ClassVar[bool] = False
    """Whether it goes on from frames of the reference (`SpeechVoice.prompt`)."""
    drawn: ClassVar[bool] = True
    """Whether another seed gives another result, so that a second attempt makes sense."""

    @property
    @abstractmethod
    def spec(self) -> MelSpec:
        """The one description of its mels, without scaling."""

    @property
    @abstractmethod
    def title(self) -> str:
        """In a few words, for tables."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags that it speaks, the first where a sentence has none; () where it minds no language."""
        return ()

    def learnt(self, language: str) -> bool:
        """Whether it was trained on a language that it accepts; one it was not is spoken with the sounds of others."""
        return True

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of voices that come with it, the first where none is given; () where it has one, or needs a reference."""
        return ()

    def usual_voice(self, language: str) -> str:
        """The one of `voices` that a language is spoken with where none is given."""
        return self.voices[0]

    @property
    def encoder(self) -> str | None:
        """Fingerprint of what makes its voices of recordings; None: it takes no voices."""
        return None

    def __call__(
        self,
        sentence: Sentence,
        voice: SpeechVoice | None = None,
        settings: Speaking | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Spoken:
        """Speak one sentence.

        Args:
            voice: whose; by default the speaker's own.
            settings: what is asked for; what is not given is as the speaker usually has it.
            rng: in place of one of `settings.seed`.

        Returns:
            A mel with at least one frame, finite, within the description's floor and ceiling.

        Raises:
            ContractError: nothing to speak, a language or setting that this speaker does not know, a voice of another one.
            SpeechFault: noise, a loop, silence, endless or too short, twice.
        """
        flow = self.stream(sentence, voice, settings, rng=rng, hold_s=math.inf)
        while True:
            try:
                next(flow)
            except StopIteration as end:
                spoken: Spoken = end.value
                return spoken

    def stream(
        self,
        sentence: Sentence,
        voice: SpeechVoice | None = None,
        settings: Speaking | None = None,
        *,
        rng: np.random.Generator | None = None,
        hold_s: float = HOLD_S,
    ) -> Generator[Floats, None, Spoken]:
        """The same while it is made: blocks float32 [n_mels, n ≥ 1]; the generator returns the `Spoken` that they make up.

        Args:
            hold_s: seconds that the guard hears before the first block is given out.

        Raises:
            ContractError: as for the whole. SpeechFault: as for the whole, or after something was given out already.
        """
        asked = self.check(sentence, voice, settings)
        rate = min(max(asked.rate * sentence.rate, SLOWEST), FASTEST)
        asked = asked.model_copy(update={"rate": rate})
        whose = sentence.model_copy(update={"language": self.language(sentence.language)})
        heard = voice if voice is not None or not self.voices else self.named(self.usual_voice(whose.language))
        source = np.random.default_rng(asked.seed) if rng is None else rng
        found: list[str] = []
        for attempt, draws in enumerate(source.spawn(TRIES)):
            given = 0
            try:
                flow = self._attempt(whose, heard, asked, draws, hold_s, tuple(found))
                while True:
                    try:
                        block = next(flow)
                    except StopIteration as end:
                        spoken: Spoken = end.value
                        return spoken
                    given += block.shape[1]
                    yield block
            except SpeechFault as fault:
                fault.where = fault.where or self.title
                found.append(f"{fault.what} ({fault.got})" if fault.got else fault.what)
                if given or not self.drawn or attempt == TRIES - 1:
                    fault.next = fault.next or self._advice(sentence)
                    raise
        raise AssertionError("every attempt returns or raises")

    def voice(self, sounds: Sequence[Audio], *, name: str = "reference") -> SpeechVoice:
        """Whose voice recordings are of: what the speaker's own encoder hears, averaged with their seconds as weights.

        Args:
            sounds: of one voice, of any rate; channels are averaged.

        Raises:
            ContractError: it takes no voices, or no recordings. AudioError: one is silent. AudioTooShort: less than
                `SHORTEST_REFERENCE_S` in all.
        """
        encoder = self.encoder
        if encoder is None:
            raise ContractError("this speaker takes no reference voice", where="--voice", got=self.title)
        if not sounds:
            raise ContractError("no recordings of the voice were given", where="--voice")
        for sound in sounds:
            if sound.peak < SILENT:
                raise AudioError("this reference is silent", where="--voice", got=f"peak {sound.peak:.1e}", wanted="a voice")
        seconds = [sound.duration_s for sound in sounds]
        if sum(seconds) < SHORTEST_REFERENCE_S:
            raise AudioTooShort(
                "the reference is too short to know a voice by", where="--voice", got=f"{sum(seconds):.2f} s",
                wanted=f"{SHORTEST_REFERENCE_S:g} s at least, better ten",
            )  # fmt: skip
        made = [self._embedded(sound.mono()) for sound in sounds]
        mean = np.average(np.stack(made), axis=0, weights=seconds)
        length = float(np.linalg.norm(mean))
        if not math.isfinite(length) or length == 0:
            raise AudioError("no voice was heard in the reference", where="--voice", wanted="speech")
        return SpeechVoice(name, (mean / length).astype(np.float32), encoder, sum(seconds))

    def named(self, name: str) -> SpeechVoice:
        """One of `voices`.

        Raises:
            ContractError: there is none of that name.
        """
        if name not in self.voices:
            known = ", ".join(self.voices) or "a recording: this speaker has no voices by name"
            raise ContractError("no such voice", where="--voice", got=name, wanted=known)
        return self._named(name)

    def language(self, asked: str) -> str:
        """The one of `languages` that a tag means: itself, or without its last parts ("en-GB": "en"); "" the first.

        Raises:
            ContractError: it speaks no such language.
        """
        if not self.languages:
            return asked
        if not asked:
            return self.languages[0]
        known = {tag.lower(): tag for tag in self.languages}
        parts = asked.lower().replace("_", "-").split("-")
        for size in range(len(parts), 0, -1):
            if (tag := "-".join(parts[:size])) in known:
                return known[tag]
        raise ContractError(
            "this speaker does not speak that language", where="--language", got=asked, wanted=", ".join(self.languages)
        )

    def check(self, sentence: Sentence, voice: SpeechVoice | None = None, settings: Speaking | None = None) -> Speaking:
        """Refuse what cannot be spoken; the settings as they will be used.

        Raises:
            ContractError: as `__call__`.
        """
        if not any(letter.isalnum() for letter in sentence.text):
            raise ContractError("there is nothing to speak", got=repr(sentence.text[:40]), wanted="a letter or a digit")
        self.language(sentence.language)
        given = () if settings is None else settings.given
        strange = [name for name in given if name in OF_SOME and name not in self.reads]
        if sentence.rate != 1 and "rate" not in self.reads:
            strange.append("rate")
        if strange:
            flags = ", ".join("--" + name.replace("_", "-") for name in dict.fromkeys(strange))
            known = ", ".join("--" + name.replace("_", "-") for name in self.reads) or "none of the kind"
            raise ContractError("this speaker does not read that setting", where=flags, got=self.title, wanted=known)
        if voice is not None:
            if self.encoder is None:
                raise ContractError("this speaker takes no reference voice", where="--voice", got=self.title)
            if voice.prompt is not None and not self.takes_prompt:
                raise ContractError("this speaker does not go on from a recording", where="--prompt", got=self.title)
            if voice.encoder != self.encoder:
                raise ContractError(
                    "this voice was made for another speaker", where="--voice", got=f"{voice.name}, of {voice.encoder}",
                    wanted=self.encoder, next="Make it again of its recordings",
                )  # fmt: skip
        return self.usual if settings is None else settings.over(self.usual)

    @abstractmethod
    def _frames(
        self, sentence: Sentence, voice: SpeechVoice | None, settings: Speaking, rng: np.random.Generator
    ) -> Iterator[Part]:
        """The frames of a checked sentence before scaling, part by part, as soon as they are made.

        Its language is one of `languages`, `settings` are complete and `settings.rate` is the whole rate. What is drawn is
        drawn from `rng` alone. It may go on for ever: the guard ends it.
        """

    def _embedded(self, sound: Audio) -> Floats:
        """float32 [D] of unit length, of a mono recording of any rate."""
        raise NotImplementedError(f"{type(self).__name__} has an encoder and does not use it")

    def _named(self, name: str) -> SpeechVoice:
        """One of `voices`."""
        raise NotImplementedError(f"{type(self).__name__} names voices and does not have them")

    def _attempt(
        self,
        sentence: Sentence,
        voice: SpeechVoice | None,
        settings: Speaking,
        rng: np.random.Generator,
        hold_s: float,
        found: tuple[str, ...],
    ) -> Generator[Floats, None, Spoken]:
        spec = self.spec
        if not isinstance(spec.scaling, NoScaling):
            raise AssertionError(f"{type(self).__name__} speaks in a scaled mel")
        guard = Guard(spec, sentence.text, settings.rate, settings.longest_s)
        kept: list[Floats] = []
        given = 0
        tokens, durations, facts = list[str](), list[float](), dict[str, Any]()
        for part in self._frames(sentence, voice, settings, rng):
            tokens += part.tokens
            durations += part.durations_s
            facts |= part.facts
            block = guard.push(np.asarray(part.values, np.float32))
            if block.shape[1]:
                kept.append(block)
            if guard.n_frames >= hold_s * spec.frame_rate_hz:
                yield from kept[given:]
                given = len(kept)
        guard.finish()
        yield from kept[given:]
        whole = np.ascontiguousarray(np.concatenate(kept, axis=1))
        origin = {"speaker": self.fingerprint}
        return Spoken(Mel(whole, spec, provenance=origin), tuple(tokens), tuple(durations), found, facts)

    def _advice(self, sentence: Sentence) -> str:
        if "temperature" in self.reads:
            return "Try another --seed, or a lower --temperature"
        return "Say it in other words, or in shorter sentences"
