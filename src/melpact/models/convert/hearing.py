"""What a content encoder is to those who ask it, whether it hears mels (`content.Listener`) or sounds (`SoundListener`).

An encoder that hears sounds is a folder of the user's own. A converter is given mels; so before each it is told the sound
(`Converter.hearing`), and keeps what was heard in it (`Heard`) in place of the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.features.analysis import to_rate
from melpact.features.pitch import frame_times_s

Floats = NDArray[np.float32]
Hears = Literal["mel", "sound"]


class Encoder(Protocol):
    """What is spoken, as numbers; `hears` says of what. Features of two fingerprints are never compared."""

    hears: ClassVar[Hears]

    @property
    def spec(self) -> MelSpec | None:
        """The one description of its mels; None: any."""

    @property
    def size(self) -> int:
        """D, features of a frame."""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does."""

    def __call__(self, values: Floats) -> Floats:
        """Features [D, T] of an utterance's values before scaling [n_mels, T], each with mean 0 over it."""


@dataclass(frozen=True, eq=False)
class SoundListener:
    """An encoder that hears sounds.

    Attributes:
        runs: mono samples at `rate_hz` → features [D, N]. title: which one.
        first_s, step_s: the middle of what frame 0 hears, and from a frame to the next.
    """

    runs: Callable[[Floats], Floats] = field(repr=False)
    rate_hz: int
    first_s: float
    step_s: float
    size: int
    fingerprint: str
    title: str
    hears: ClassVar[Hears] = "sound"
    spec: ClassVar[None] = None

    def __call__(self, values: Floats) -> Floats:
        raise ContractError(
            "this encoder hears sounds and was given a mel",
            got=self.title,
            next="Tell the converter the sound: hearing(sound, spec)",
        )

    def features(self, sound: Audio, spec: MelSpec) -> Floats:
        """Of a sound at the frames of its mel, float32 [D, frames], each of mean 0; between the encoder's own on a line."""
        mono = to_rate(sound, self.rate_hz)
        own = self.runs(mono.samples[0])
        count = spec.frames(to_rate(sound, spec.sample_rate).n_samples)
        at = np.clip((frame_times_s(spec, count) - self.first_s) / self.step_s, 0, own.shape[1] - 1)
        low = np.minimum(at.astype(np.int64), max(0, own.shape[1] - 2))
        share = (at - low).astype(np.float32)
        made = own[:, low] * (1 - share) + own[:, np.minimum(low + 1, own.shape[1] - 1)] * share
        return np.asarray(made - made.mean(1, keepdims=True), np.float32)

    def of(self, sound: Audio, spec: MelSpec) -> Heard:
        """What it hears in one sound, in place of itself."""
        return Heard(self.features(sound, spec), self.fingerprint)


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard in one sound, for the one mel of it."""

    values: Floats
    fingerprint: str
    hears: ClassVar[Hears] = "sound"
    spec: ClassVar[None] = None

    @property
    def size(self) -> int:
        """D."""
        return int(self.values.shape[0])

    def __call__(self, values: Floats) -> Floats:
        """The same, whatever the mel; of as many frames.

        Raises:
            ContractError: the mel is of another length than the sound.
        """
        if values.shape[-1] != self.values.shape[1]:
            raise ContractError(
                "this mel is not of the sound that was heard", got=values.shape[-1], wanted=self.values.shape[1]
            )
        return self.values


def sound_listener(folder: str | Path, layer: int | None = None) -> SoundListener:
    """Open a folder of HuBERT, ContentVec, WavLM or wav2vec 2.0.

    Args:
        layer: whose features; the last by default.

    Raises:
        ArtifactError, ContractError: see `nn.speech_encoder`. MelpactError: torch or transformers is not installed.
    """
    path = Path(folder).expanduser()
    try:
        from melpact.nn.speech_encoder import RATE_HZ, SpeechEncoder
    except ImportError as error:
        raise MelpactError(
            "a speech encoder's folder is run by transformers", where=path,
            got=f"{error.name or 'a package'} is not installed",
            next="pip install 'melpact[content]'",
        ) from None  # fmt: skip
    one = SpeechEncoder.open(path, layer)
    return SoundListener(
        one, RATE_HZ, (one.seen_samples - 1) / 2 / RATE_HZ, one.hop_samples / RATE_HZ, one.size, one.fingerprint,
        f"{path.name}, layer {one.layer}",
    )  # fmt: skip
