"""`speak`: a text, sentence by sentence, in a voice → one sound, whole or while it is made.

Text becomes sentences in `melpact.text`, a sentence a mel in `melpact.models.speech`, a mel sound in `speech_sound`; who
speaks is opened in `speakers`, whose voice it is found in `speech_references`; where it goes is `speech_file`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.core.errors import BatchError, ContractError, MelpactError
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.spoken import Spoken
from melpact.models.speech.voice import SpeechVoice
from melpact.pipeline.bridging import Allow
from melpact.text.languages import named, resolved
from melpact.text.script import Script, script
from melpact.text.sentence import Sentence
from melpact.verbs.batch import Failure
from melpact.verbs.model_speakers import Contract
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.speakers import device_for, speaker
from melpact.verbs.speech_file import Kept, Sink, opened
from melpact.verbs.speech_references import Whose, whose
from melpact.verbs.speech_report import Said, SpeakReport
from melpact.verbs.speech_sound import Sounder, sounder
from melpact.vocoders.neural.vocoder import NeuralVocoder

Floats = NDArray[np.float32]

FADE_S = 0.005
"""At both ends of every sentence, so that it meets the pause without a click."""


def speak(
    text: str,
    out: str | Path | None = None,
    *,
    voice: Sequence[str | Path | Audio | SpeechVoice] = (),
    prompt: bool = False,
    language: str = "",
    settings: Speaking | dict[str, Any] | None = None,
    with_: str | Path | Speaker | None = None,
    vocoder: str | NeuralVocoder | None = None,
    contract: Contract | None = None,
    refiner: str | Path | None = None,
    allow: Allow = "exact",
    ssml: bool | None = None,
    stream: bool = False,
    raw: bool = False,
    device: str = "cpu",
    told: Callable[[Said | Failure, int], None] | None = None,
    progress: Progress | None = None,
    sink: Sink | None = None,
) -> SpeakReport:
    """Speak a text.

    Args:
        text: itself; `speech_text.read_text` reads files.
        out: a sound file, whose ending says its format, or "-": standard output, as WAV.
        voice: whose; see `speech_references.whose`. prompt: whether to go on from the end of its recording.
        language: of the text, such as "en"; by default what the text's script says, or the speaker's first.
        settings: see `Speaking`.
        with_: who speaks; see `speakers.speaker`. contract: of a user's own model.
        vocoder: a vocoder's name or file, or "griffin_lim"; by default what suits the speaker's mel.
        refiner: of the mels before they become sound, by name or file; none by default. In a stream it waits for a sentence.
        allow: bridges between the speaker's mel and the vocoder's.
        ssml: whether the text is SSML; by default where it begins with <speak.
        stream: write samples while they are made, to a .wav that can be heard meanwhile.
        raw: with `stream`: 16-bit samples without a header.
        device: "cpu", "cuda" or "auto".
        told: called with every sentence that was spoken or failed, and how many there are.
        progress: told in sentences.
        sink: in place of `out`.

    Raises:
        MelpactError: nothing to speak, a speaker, voice, language or setting that does not exist; or every sentence failed.
    """
    entered = time.perf_counter()
    asked = speaking(settings)
    spoken_by = speaker(with_, device=device, contract=contract)
    heard = whose(spoken_by, voice, prompt=prompt)
    whole = resolved(language) if language.strip() else ""
    spoken_by.check(Sentence(text="a", language=whole), heard.voice, asked)
    runs_on = device_for(device)
    sounds = sounder(spoken_by.spec, vocoder, refiner=refiner, allow=allow, device=runs_on, seed=asked.seed)
    sounds.warm(stream)
    begun = time.perf_counter()
    latin = next(iter(spoken_by.languages), "en")
    what = script(text, language=whole, ssml=ssml, default=latin)
    tell = told or (lambda one, total: None)
    room = _Room(spoken_by, heard, sounds, asked, what, stream, tell, progress or Silent(), begun, begun - entered)
    if sink is not None:
        return room.run(sink, None)
    with opened(out, sounds.sample_rate, stream=stream, raw=raw) as (place, path):
        return room.run(place, path)


def as_audio(text: str, *, voice: Any = None, settings: dict[str, Any] | None = None, **more: Any) -> Audio:
    """The sound of a text in memory; arguments as `speak`, a single voice without a list.

    Raises:
        MelpactError: as `speak`; also where one sentence of several failed (`BatchError`), and where text or voice are not
            of their type.
    """
    if not isinstance(text, str):
        raise ContractError("a text is a string", where="text", got=type(text).__name__, wanted="str")
    given = [] if voice is None else list(voice) if isinstance(voice, list | tuple) else [voice]
    for one in given:
        if not isinstance(one, str | Path | Audio | SpeechVoice):
            wanted = "a name, a file, an Audio or a SpeechVoice"
            raise ContractError("a voice is none of this", where="voice", got=type(one).__name__, wanted=wanted)
    kept = Kept()
    report = speak(text, voice=given, settings=settings, sink=kept, **more)
    if report.failed:
        first = report.failed[0].message
        raise BatchError(f"{len(report.failed)} of {report.sentences} sentences could not be spoken", got=first)
    return Audio.of(np.concatenate(kept.parts), report.sample_rate)


def speaking(settings: Speaking | dict[str, Any] | None) -> Speaking:
    """Settings from plain values.

    Raises:
        ContractError: one that does not exist, or lies outside its range.
    """
    from pydantic import ValidationError

    if isinstance(settings, Speaking):
        return settings
    try:
        return Speaking(**(settings or {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = "--" + ".".join(str(part) for part in first["loc"]).replace("_", "-")
        if first["type"] == "extra_forbidden":
            raise ContractError("no such setting", where=where, wanted=", ".join(Speaking.model_fields)) from None
        raise ContractError(str(first["msg"]), where=where, got=first["input"]) from None


@dataclass
class _Room:
    """One text being spoken."""

    speaker: Speaker
    heard: Whose
    sounder: Sounder
    asked: Speaking
    script: Script
    stream: bool
    told: Callable[[Said | Failure, int], None]
    progress: Progress
    begun: float
    opened_s: float
    done: list[Said] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    first_s: float = 0.0

    def run(self, sink: Sink, path: Path | None) -> SpeakReport:
        interrupted = False
        sentences = self.script.sentences
        self.progress.start(len(sentences), "sentences")
        try:
            for number, sentence in enumerate(sentences):
                try:
                    self._one(number, sentence, sink)
                except MelpactError as error:
                    self._missed(sentence, error, len(sentences))
                self.progress.advance(1)
        except KeyboardInterrupt:
            if path is None and isinstance(sink, Kept):
                raise
            interrupted = True
        finally:
            self.progress.done()
        if not self.done and interrupted:
            raise KeyboardInterrupt
        if not self.done:
            raise self._all_failed()
        return self._report(sink, path, interrupted)

    def _one(self, number: int, sentence: Sentence, sink: Sink) -> None:
        rate = self.sounder.sample_rate
        began, begin = time.perf_counter(), sink.n_samples
        first: float | None = None
        flow = self._samples(sentence, np.random.default_rng([self.asked.seed, number]))
        # frames that a fault in the midst of a stream leaves behind have been heard, and stay
        while True:
            try:
                samples = next(flow)
            except StopIteration as end:
                spoken: Spoken = end.value
                break
            if samples.size:
                sink.write(samples)
                first = time.perf_counter() - began if first is None else first
                self.first_s = self.first_s or time.perf_counter() - self.begun
        seconds = (sink.n_samples - begin) / rate
        for part in _silence(sentence.pause_s if number + 1 < len(self.script.sentences) else 0.0, rate):
            sink.write(part)
        said = Said(
            number + 1, sentence.text, self.speaker.language(sentence.language), begin / rate, seconds, sentence.pause_s,
            time.perf_counter() - began, first or 0.0, len(spoken.tokens), spoken.found, dict(spoken.facts),
        )  # fmt: skip
        self.done.append(said)
        self.told(said, len(self.script.sentences))

    def _samples(self, sentence: Sentence, rng: np.random.Generator) -> Generator[Floats, None, Spoken]:
        """The samples of one sentence, with its ends faded; returns what the speaker says of it."""
        size = round(FADE_S * self.sounder.sample_rate)
        if not self.stream:
            spoken = self.speaker(sentence, self.heard.voice, self.asked, rng=rng)
            yield from _faded(iter([self.sounder.whole(spoken.mel).samples[0]]), size)
            return spoken
        result: list[Spoken] = []
        yield from _faded(self._flowing(sentence, rng, result), size)
        return result[0]

    def _flowing(self, sentence: Sentence, rng: np.random.Generator, result: list[Spoken]) -> Iterator[Floats]:
        flow = self.sounder.flow()
        frames = self.speaker.stream(sentence, self.heard.voice, self.asked, rng=rng)
        while True:
            try:
                values = next(frames)
            except StopIteration as end:
                result.append(end.value)
                break
            yield flow.push(values)
        yield flow.finish()

    def _missed(self, sentence: Sentence, error: MelpactError, total: int) -> None:
        text = " ".join(sentence.text.split())
        named = text if len(text) <= 60 else text[:59] + "…"
        failure = Failure(named, f"“{named}”: {error}", type(error).__name__)
        self.failed.append(failure)
        self.told(failure, total)

    def _all_failed(self) -> MelpactError:
        if len(self.failed) == 1:
            return MelpactError(self.failed[0].message)
        return MelpactError(
            f"none of {len(self.failed)} sentences could be spoken", got=self.failed[0].message.rstrip("."), next=None
        )

    def _report(self, sink: Sink, path: Path | None, interrupted: bool) -> SpeakReport:
        rate = self.sounder.sample_rate
        said = (*self.script.notes, *self.heard.notes, *((self.sounder.note,) if self.sounder.note else ()))
        foreign = [tag for tag in dict.fromkeys(one.language for one in self.done) if not self.speaker.learnt(tag)]
        known = ", ".join(self.speaker.languages)
        said += tuple(f"{named(tag)}: the speaker was not trained on it, only on {known}; expect errors" for tag in foreign)
        used = self.asked.over(self.speaker.usual)
        return SpeakReport(
            path=path, speaker=self.speaker, voice=self.heard.voice, sounder=self.sounder, settings=used,
            asked=self.asked.given, sentences=len(self.script.sentences), done=self.done, failed=self.failed,
            notes=tuple(dict.fromkeys(said)), characters=sum(len(one.text) for one in self.script.sentences),
            seconds=sink.n_samples / rate, sample_rate=rate, peak=sink.peak, clipped=sink.clipped, opened_s=self.opened_s,
            first_s=self.first_s, spent_s=time.perf_counter() - self.begun, streamed=self.stream, interrupted=interrupted,
        )  # fmt: skip


def _silence(seconds: float, rate: int) -> Iterator[Floats]:
    left = round(seconds * rate)
    while left > 0:
        yield np.zeros(min(left, rate), np.float32)
        left -= rate


def _faded(blocks: Iterator[Floats], size: int) -> Iterator[Floats]:
    """The same with `size` samples faded in and out; as many samples are held back."""
    up = ((np.arange(size) + 0.5) / size).astype(np.float32)
    done, tail = 0, np.zeros(0, np.float32)
    try:
        for block in blocks:
            if done < size and block.size:
                part = up[done : done + block.size]
                block = np.concatenate([block[: part.size] * part, block[part.size :]])
                done += part.size
            waiting = np.concatenate([tail, block])
            yield waiting[: max(0, waiting.size - size)]
            tail = waiting[max(0, waiting.size - size) :]
    except MelpactError:
        yield tail * up[::-1][size - tail.size :]
        raise
    yield tail * up[::-1][size - tail.size :]
