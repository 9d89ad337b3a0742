"""What goes into the laboratory: clips, ways to change a mel, ways to make sound of one. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.cache import sound_digest
from melpact.bench.sound import Sound
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.features.analysis import extract, to_rate

ORIGINAL = "original"
"""The treatment that changes nothing."""
NATS_FLOOR = 1e-10


@dataclass(frozen=True, eq=False)
class Clip:
    """One sound at the description's rate, mono, with its mel; `text` is what is said, where it is known."""

    name: str
    audio: Audio
    mel: Mel
    text: str | None = None

    @classmethod
    def of(cls, name: str, audio: Audio, spec: MelSpec, text: str | None = None) -> Clip:
        """From any sound."""
        heard = to_rate(audio, spec.sample_rate)
        return cls(name, heard, extract(heard, spec), text)

    @cached_property
    def digest(self) -> str:
        """Of the samples."""
        return sound_digest(self.audio)

    @cached_property
    def sound(self) -> Sound:
        """For the metrics; what they derive of it is kept."""
        return Sound(self.audio, self.audio.sample_rate)


@dataclass(frozen=True, eq=False)
class Treatment:
    """A way to change a mel: same description, same frames.

    Attributes:
        key: changes when what it does changes; what was measured is kept under it.
    """

    name: str
    title: str
    key: str
    apply: Callable[[Mel], Mel]


@dataclass(frozen=True, eq=False)
class Maker:
    """A way to make sound of a mel of the laboratory's description; `key` as in `Treatment`."""

    name: str
    title: str
    key: str
    kind: Literal["signal processing", "trained", "untrained", "fine-tuned"]
    sound: Callable[[Mel], Audio]


def unchanged() -> Treatment:
    """The mel as it is."""
    return Treatment(ORIGINAL, "the mel as it is", "", lambda mel: mel)


def average_pool() -> Treatment:
    """A smoothing with gains on the logarithm, which was published as a refiner: what a refiner must not be.

    0.7 of the values and 0.3 of their mean over five frames (zeros beyond the ends), times 1 + 0.25 sin(πp) - 0.15 p, p
    rising from 0 in the lowest to 1 in the highest band. Source: SimpleMelRefiner of Dw00k00/AIX-DL-Projects-2025-G19,
    hifi-gan/scripts/mel_refine.py at ab7336fa60.
    """
    return Treatment("average_pool", "five frames averaged, bands weighed", "1", _averaged)


def _averaged(mel: Mel) -> Mel:
    raw = mel.raw().values.astype(np.float64)
    padded = np.pad(raw, ((0, 0), (2, 2)))
    mean = sum(padded[:, i : i + raw.shape[1]] for i in range(5)) / 5
    place = np.linspace(0.0, 1.0, raw.shape[0])[:, None]
    weighed = (0.7 * raw + 0.3 * mean) * (1 + 0.25 * np.sin(np.pi * place) - 0.15 * place)
    return Mel(np.asarray(mel.spec.scaling.apply(weighed, mel.utterance), np.float32), mel.spec, mel.utterance)


def nats(mel: Mel) -> NDArray[np.float64]:
    """ln of the linear mel value, float64 [n_mels, frames], whatever the description's log and scaling."""
    raw = mel.raw().values.astype(np.float64)
    gain = mel.spec.log_gain
    if gain is None:
        return np.asarray(np.log(np.maximum(raw, max(mel.spec.floor, NATS_FLOOR))))
    return np.asarray((raw + mel.spec.reference) / gain)
