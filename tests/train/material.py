"""Data for trainings in tests: a synthetic corpus of harmonic tones, in memory, with the interface of a packed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.features.analysis import analyse
from melpact.text.tokens import BEGIN, END, SYMBOLS
from melpact.train.spoken import Line

RATE = 22050


def tone(seed: int, seconds: float = 1.0, rate: int = RATE) -> NDArray[np.float32]:
    """A gliding harmonic tone with a little noise, about -20 dB."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    f0 = rng.uniform(100, 250) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * t))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    y = sum(np.sin(k * phase) / k for k in range(1, 16)) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * t))
    return (0.1 * y + 0.003 * rng.standard_normal(t.size)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tone:
    """`melpact.train.task.Utterance`."""

    name: str
    speaker: str
    sound: NDArray[np.float32]
    rate: int = RATE

    @property
    def seconds(self) -> float:
        return self.sound.size / self.rate

    def samples(self) -> NDArray[np.float32]:
        return self.sound


class Tones:
    """`melpact.train.task.Data` of `n` tones; the last one is the validation part."""

    def __init__(self, n: int = 6, version: int = 0, rate: int = RATE) -> None:
        self.sounds = [tone(1000 * version + i, rate=rate) for i in range(n)]
        self.version, self.sample_rate = version, rate

    def crops(self, spec: MelSpec, *, frames: int, batch: int, seed: int, augment: Any = (), weigh: Any = "") -> Crops:
        return Crops(self, spec, frames, batch, seed)

    def utterances(self) -> Sequence[Tone]:
        return [Tone(f"tone{i}", "ab"[i % 2], sound, self.sample_rate) for i, sound in enumerate(self.sounds[:-1])]

    def predicted(self, name: str) -> None:
        return None

    def validation(self, n: int) -> Sequence[tuple[str, Audio]]:
        return [("tone", Audio.of(self.sounds[-1], self.sample_rate))][:n]


class Crops:
    """Random pieces; item i of step s is the same whatever the rank and world that ask for it."""

    def __init__(self, data: Tones, spec: MelSpec, frames: int, batch: int, seed: int) -> None:
        self.data, self.spec, self.frames, self.batch, self.seed = data, spec, frames, batch, seed
        self.mels = [analyse(sound, spec)[0] for sound in data.sounds[:-1]]
        self.fingerprint = f"tones-{data.version}-{len(data.sounds)}-{frames}-{batch}-{seed}"

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        each = self.batch // world
        audio, mel = [], []
        for item in range(rank * each, (rank + 1) * each):
            rng = np.random.default_rng([self.seed, step, item])
            which = int(rng.integers(len(self.mels)))
            at = int(rng.integers(self.mels[which].shape[1] - self.frames - 1))
            hop = self.spec.hop_length
            audio.append(self.data.sounds[which][at * hop : (at + self.frames) * hop])
            mel.append(self.mels[which][:, at : at + self.frames])
        return {"audio": np.stack(audio), "mel": np.stack(mel)}


LETTERS = tuple(SYMBOLS.index(letter) for letter in "aeioumns")
SLOT = 512


def saying(
    seed: int, letters: int = 6, rate: int = RATE
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """A text of letters, each a chord of its own for three to seven slots of 512 samples, between two silences: tokens
    [5, n], durations in slots [n] and the sound. Speakers are odd and even seeds, who differ in pitch."""
    rng = np.random.default_rng([seed, 77])
    chosen = rng.choice(len(LETTERS), letters)
    lasts = np.array([4, *rng.integers(3, 8, letters), 4])
    lasts[-1] += lasts.sum() % 2
    symbols = [BEGIN, *(LETTERS[one] for one in chosen), END]
    parts = []
    for symbol, n in zip(symbols, lasts, strict=True):
        t = np.arange(n * SLOT) / rate
        sound = 0.0005 * rng.standard_normal(t.size)
        if symbol in LETTERS:
            which = LETTERS.index(symbol)
            for partial in (1.0, 2.3):
                sound += 0.15 * np.sin(2 * np.pi * (300 + 330 * which) * partial * (1 + 0.1 * (seed % 2)) * t)
        parts.append(sound)
    tokens = np.zeros((5, len(symbols)), np.int64)
    tokens[0] = symbols
    return tokens, lasts, np.concatenate(parts).astype(np.float32)


class Sayings(Tones):
    """`Data` with texts: `n` sayings of two speakers, the last `held` of them the validation part."""

    def __init__(self, n: int = 16, held: int = 4, version: int = 0) -> None:
        super().__init__(2)
        self.made = [saying(100 * version + seed) for seed in range(n)]
        self.held, self.version = held, version

    def line(self, index: int) -> Line:
        tokens, _, sound = self.made[index]
        return Line(f"saying{index}", "ab"[index % 2], "en", tokens, sound.size, lambda: sound)

    def lines(self) -> Sequence[Line]:
        return [self.line(index) for index in range(len(self.made) - self.held)]

    def validation_lines(self, n: int) -> Sequence[Line]:
        return [self.line(index) for index in range(len(self.made) - self.held, len(self.made))][:n]

    def kept(self, name: str) -> Path | None:
        return None

    @property
    def read_fingerprint(self) -> str:
        return f"sayings-{self.version}-{len(self.made)}"
