"""`Voice`: what is known of a target, and `Blend`: several of them, weighted. Making one from sounds is in `learning`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.core.records import canonical_json, digest
from melpact.normalise.exponential import ExponentialStats
from melpact.normalise.stats import Stats

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PitchRange:
    """Where a voice lies: quantiles over its voiced frames, in Hz, and how many seconds of them there were."""

    low_hz: float
    median_hz: float
    high_hz: float
    voiced_s: float

    @classmethod
    def of(cls, f0_hz: Floats, hop_s: float) -> PitchRange | None:
        """Of Hz per frame, 0 where unvoiced: 5 %, 50 %, 95 %. None where nothing is voiced."""
        voiced = np.asarray(f0_hz, np.float64)
        voiced = voiced[voiced > 0]
        if voiced.size == 0:
            return None
        low, median, high = (float(hz) for hz in np.quantile(voiced, (0.05, 0.5, 0.95)))
        return cls(low, median, high, voiced.size * hop_s)


@dataclass(frozen=True, eq=False)
class Frames:
    """Utterances of a voice one behind the other, as they were analysed: what retrieval picks from and an encoder reads.

    Attributes:
        mels: float32 [n_mels, T], before scaling.
        f0_hz: float32 [T], 0 where unvoiced.
        active: bool [T]: it sounds; False in pauses.
        lengths: frames of each utterance, together T.
    """

    mels: Floats
    f0_hz: Floats
    active: NDArray[np.bool_]
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        frames = self.mels.shape[-1]
        if self.mels.ndim != 2 or self.f0_hz.shape != (frames,) or self.active.shape != (frames,):
            raise ContractError("a voice's frames are not of one length", got=f"{self.mels.shape}, {self.f0_hz.shape}")
        if sum(self.lengths) != frames:
            raise ContractError("a voice's utterances do not add up to its frames", got=f"{sum(self.lengths)} of {frames}")

    def utterances(self) -> list[tuple[Floats, Floats]]:
        """(mel [n_mels, t], f0_hz [t]) of each."""
        edges = np.cumsum((0, *self.lengths))
        return [(self.mels[:, a:b], self.f0_hz[a:b]) for a, b in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Content:
    """What an encoder made of every one of a voice's frames: float32 [D, T]; `encoder` is the fingerprint of the encoder."""

    values: Floats
    encoder: str


@dataclass(frozen=True, eq=False)
class Voice:
    """A target.

    Attributes:
        spec: the description of its mels, without scaling.
        stats: exact moments of its active frames.
        recent: the same with the latest frames weighing most.
        pitch: its range; None: nothing voiced.
        frames: its utterances, or the beginnings of them.
        seconds: of the references, pauses included.
        content: of a retrieval's encoder, where one has been asked.
        embedding: float32 [E] of a reference encoder with its fingerprint, where one has been asked.
        provenance: plain values: names of the references, warnings, what was found of them.
    """

    spec: MelSpec
    stats: Stats
    recent: ExponentialStats
    pitch: PitchRange | None
    frames: Frames
    seconds: float
    content: Content | None = None
    embedding: tuple[Floats, str] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what was heard: description, moments and frames; not over names."""
        made = hashlib.sha256(canonical_json(self.spec.facts()).encode())
        for part in (self.frames.mels, self.frames.f0_hz, self.frames.active, self.stats.band_mean(), self.stats.band_std()):
            made.update(np.ascontiguousarray(part).tobytes())
        return made.hexdigest()[:16]

    @property
    def title(self) -> str:
        """In a few words."""
        pitch = "no pitch" if self.pitch is None else f"{self.pitch.median_hz:.0f} Hz"
        return f"{self.seconds:.0f} s, {pitch}"

    def moments(self, which: str = "exact") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(mean, std) of each band before scaling, float64 [n_mels]: "exact" or "exponential"."""
        if which == "exponential":
            return self.recent.band_mean(), self.recent.band_std()
        return self.stats.band_mean(), self.stats.band_std()

    def with_content(self, content: Content) -> Voice:
        """The same voice, knowing what an encoder made of its frames."""
        if content.values.shape[-1] != self.frames.mels.shape[-1]:
            raise ContractError(
                "content of another number of frames", got=content.values.shape[-1], wanted=self.frames.mels.shape[-1]
            )
        return replace(self, content=content)

    def with_embedding(self, values: Floats, encoder: str) -> Voice:
        """The same voice, knowing what a reference encoder made of it."""
        return replace(self, embedding=(values, encoder))

    def save(self, path: str | Path) -> Path:
        """Write it as one file (kind "voice"), whole or not at all; returns the path."""
        from melpact.models.convert.voice_file import save

        return save(path, self)

    @classmethod
    def load(cls, path: str | Path) -> Voice:
        """Read what `save` wrote.

        Raises:
            ArtifactError: unreadable, truncated, or not a whole voice.
        """
        from melpact.models.convert.voice_file import load

        return load(path)

    @property
    def parts(self) -> tuple[tuple[Voice, float], ...]:
        """Itself with all the weight, so that one voice reads like a blend of one."""
        return ((self, 1.0),)


@dataclass(frozen=True, eq=False)
class Blend:
    """Several voices; the weights add up to 1."""

    parts: tuple[tuple[Voice, float], ...]

    @classmethod
    def of(cls, parts: Sequence[tuple[Voice, float]]) -> Blend:
        """Weights of any sum.

        Raises:
            ContractError: no voices, a weight that is negative or not finite, or all of them 0.
            SpecMismatch: voices of several descriptions.
        """
        if not parts:
            raise ContractError("a blend needs a voice", where="blend")
        weights = [float(weight) for _, weight in parts]
        if not all(math.isfinite(w) and w >= 0 for w in weights) or sum(weights) <= 0:
            raise ContractError("a blend's weights are shares", where="blend", got=weights, wanted="0 or more, not all 0")
        if len({voice.spec.fingerprint for voice, _ in parts}) > 1:
            raise SpecMismatch("voices of several descriptions cannot be blended", where="blend", next="Learn them alike")
        total = sum(weights)
        return cls(tuple((voice, weight / total) for (voice, _), weight in zip(parts, weights, strict=True)))

    @property
    def spec(self) -> MelSpec:
        """The one description of all of them."""
        return self.parts[0][0].spec

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over voices and weights."""
        return digest([[voice.fingerprint, weight] for voice, weight in self.parts])

    @property
    def title(self) -> str:
        """In a few words."""
        return " + ".join(f"{100 * weight:.0f} % of {voice.title}" for voice, weight in self.parts)

    @property
    def pitch(self) -> PitchRange | None:
        """The weighted mean along the logarithm of the ranges of the voices that have one."""
        known = [(voice.pitch, weight) for voice, weight in self.parts if voice.pitch is not None and weight > 0]
        total = sum(weight for _, weight in known)
        if not known:
            return None

        def mean(name: str) -> float:
            return math.exp(sum(weight * math.log(getattr(pitch, name)) for pitch, weight in known) / total)

        return PitchRange(mean("low_hz"), mean("median_hz"), mean("high_hz"), sum(pitch.voiced_s for pitch, _ in known))

    def moments(self, which: str = "exact") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weighted means of the voices' means and standard deviations, float64 [n_mels] each.

        Not the moments of the voices' frames thrown together: those would count the distance between two voices as spread,
        and no voice spreads like that.
        """
        found = [(voice.moments(which), weight) for voice, weight in self.parts]
        mean = np.sum([weight * one[0] for one, weight in found], axis=0)
        std = np.sum([weight * one[1] for one, weight in found], axis=0)
        return mean, std


Target = Voice | Blend
