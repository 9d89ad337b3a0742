"""Data for trainings in tests: a synthetic corpus of harmonic tones, in memory, with the interface of a packed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.features.analysis import analyse

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
