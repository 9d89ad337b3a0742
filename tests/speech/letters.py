"""A speaker whose every answer is known: a bump in the mel for each letter. For tests of what holds speakers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.dialect import as_spec
from melpact.contract.spec import MelSpec
from melpact.models.speech.base import Speaker
from melpact.models.speech.settings import Speaking
from melpact.models.speech.spoken import Part
from melpact.models.speech.voice import SpeechVoice
from melpact.text.sentence import Sentence

Floats = NDArray[np.float32]
LETTER_S = 0.09
FAULTS = ("noise", "still", "loop", "endless", "silent", "short", "nan", "loud")


class LetterSpeaker(Speaker):
    """Each letter takes `LETTER_S`: two bumps over the bands whose places its code point gives.

    Args:
        fault: what it does wrong. only_first: and only until a sentence of another seed is asked for.
        at: after so many letters.
    """

    reads = ("temperature", "top_p", "rate")
    usual = Speaking(temperature=0.5)
    encoder = "encoderofletters"

    def __init__(self, fault: str = "", *, only_first: bool = False, at: int = 0) -> None:
        self.fault, self.only_first, self.at = fault, only_first, at
        self.attempts = 0
        self.seen: list[tuple[Sentence, SpeechVoice | None, Speaking]] = []

    spec: MelSpec = as_spec("hifigan_22k")
    title = "letters"
    fingerprint = "00000000letters0"
    languages = ("en", "de", "pt-br")
    voices = ("low", "high")

    def _named(self, name: str) -> SpeechVoice:
        one = np.array([1, 0] if name == "low" else [0, 1], np.float32)
        return SpeechVoice(name, one, self.encoder)

    def _embedded(self, sound: Audio) -> Floats:
        """Which half of the spectrum is louder."""
        power = np.abs(np.fft.rfft(sound.samples[0])) ** 2
        edge = int(1000 / (sound.sample_rate / 2) * power.size)
        found = np.array([power[:edge].sum(), power[edge:].sum()])
        return (found / np.linalg.norm(found)).astype(np.float32)

    def _frames(
        self, sentence: Sentence, voice: SpeechVoice | None, settings: Speaking, rng: np.random.Generator
    ) -> Iterator[Part]:
        self.attempts += 1
        self.seen.append((sentence, voice, settings))
        fault = "" if self.only_first and self.attempts > 1 else self.fault
        shift = 0.0 if voice is None else 12.0 * float(voice.embedding[1])
        frames = max(1, round(LETTER_S / settings.rate * self.spec.frame_rate_hz))
        seconds = frames / self.spec.frame_rate_hz
        for index, letter in enumerate(sentence.text):
            if fault == "short" and index > 2:
                return
            made = self._letter(letter, frames, shift + settings.temperature * rng.normal(0, 2))
            if fault and index >= self.at:
                yield from self._wrong(fault, made, rng)
            yield Part(made, (letter,), (seconds,), {"letters": index + 1})

    def _letter(self, letter: str, frames: int, shift: float) -> Floats:
        bands, time = np.arange(80)[:, None], np.linspace(0, np.pi, frames)[None]
        floor = np.float32(np.log(1e-5))
        if not letter.isalnum():
            return np.full((80, frames), floor, np.float32)
        code = ord(letter)
        low, high = 5 + code * 7 % 25 + shift, 35 + code * 11 % 35 + shift
        glide = 4 * np.cos(time)
        bump = 7 * np.exp(-(((bands - low - glide) / 4) ** 2)) + 5 * np.exp(-(((bands - high + glide) / 6) ** 2))
        return np.maximum(floor, -9 + bump * (0.4 + 0.6 * np.sin(time))).astype(np.float32)

    def _wrong(self, fault: str, made: Floats, rng: np.random.Generator) -> Iterator[Part]:
        if fault == "noise":
            yield Part(rng.normal(-4, 2, (80, 120)).astype(np.float32))
        if fault == "still":
            yield Part(np.repeat(made[:, made.shape[1] // 2 :][:, :1], 150, axis=1))
        if fault == "silent":
            yield Part(np.full((80, 300), -11.6, np.float32))
        if fault == "nan":
            yield Part(np.full((80, 4), np.nan, np.float32))
        if fault == "loud":
            yield Part(np.full((80, 4), 40, np.float32))
        if fault == "loop":
            piece = np.concatenate([self._letter(one, made.shape[1], 0) for one in "lap"], axis=1)
            for _ in range(12):
                yield Part(piece)
        if fault == "endless":
            while True:
                yield Part(self._letter(str(rng.choice(list("aeioukst"))), made.shape[1], float(rng.normal(0, 3))))
