"""Who speaks: a vector for every utterance of a corpus, made once and kept beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, AudioError, TrainingError
from melpact.core.records import digest
from melpact.features.analysis import analyse
from melpact.models.speech.small import VOICE_SCALE
from melpact.train.spoken import Line, sounding

KIND = "speech voices"
MOMENTS = "moments"
_MOST = 40
"""Utterances of a speaker that are listened to, at most."""
_MEAN = 0.3
"""How often a voice is the mean of its vectors."""
Floats = NDArray[np.float32]


class Ear(Protocol):
    """What says whose voice a sound is.

    Attributes:
        fingerprint: of what says it. size: numbers of a vector.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def size(self) -> int: ...

    def embedded(self, sound: Audio) -> Floats:
        """float32 [size] of unit length, of a mono sound."""
        ...


@dataclass(frozen=True)
class Moments:
    """The null of an ear: mean and spread of 40 bands, which say what was recorded where as well as whose voice it is."""

    size: int = 80
    fingerprint: str = MOMENTS

    def embedded(self, sound: Audio) -> Floats:
        """As `Ear` says."""
        from melpact.audio.resample import resample
        from melpact.contract.dialect import dialect

        spec = dialect("rtvc_encoder_16k").spec
        values = np.log(np.maximum(analyse(resample(sound, spec.sample_rate).samples[0], spec)[0], 1e-8))
        told = np.concatenate([values.mean(1) - values.mean(), values.std(1)])
        return np.asarray(told / np.linalg.norm(told), np.float32)


@dataclass(frozen=True, eq=False)
class Heard:
    """A listener that comes with the package, or another graph of its kind."""

    listener: object
    size: int = 256

    @property
    def fingerprint(self) -> str:
        """Of the graph."""
        return str(self.listener.fingerprint)  # type: ignore[attr-defined]

    def embedded(self, sound: Audio) -> Floats:
        """As `Ear` says."""
        return np.asarray(self.listener.embedded(sound), np.float32)  # type: ignore[attr-defined]


def ear(name: str) -> Ear:
    """The ear of a setting: "moments", a graph's path, or "" for the one that comes with the package.

    Raises:
        ArtifactError: no such graph.
    """
    if name == MOMENTS:
        return Moments()
    from melpact.models.speech.listening import VoiceListener
    from melpact.models.speech.shipped import listener_file

    path = Path(name) if name else listener_file()
    if not path.is_file():
        raise ArtifactError("is no voice encoder", where=path, wanted=f"a graph, or {MOMENTS!r}")
    return Heard(VoiceListener(path))


@dataclass(frozen=True, eq=False)
class Voices:
    """Vectors of speakers.

    Attributes:
        vectors: speaker → float32 [n, size], each of unit length. An utterance without a speaker is one by its own name.
    """

    ear: str
    vectors: Mapping[str, Floats] = field(repr=False)

    def of(self, line: Line, rng: np.random.Generator | None) -> Floats:
        """A vector of the line's speaker as the network takes it: now and then the mean, else of one utterance; the mean
        where nothing is drawn."""
        found = self.vectors[line.speaker or line.name]
        if rng is None or rng.random() < _MEAN:
            return VOICE_SCALE * self.mean(line.speaker or line.name)
        return np.asarray(VOICE_SCALE * found[int(rng.integers(len(found)))], np.float32)

    def mean(self, speaker: str) -> Floats:
        """The mean of a speaker's vectors, of unit length."""
        mean = self.vectors[speaker].mean(0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)

    def knows(self, line: Line) -> bool:
        """Whether the line's speaker was heard."""
        return (line.speaker or line.name) in self.vectors

    @property
    def fingerprint(self) -> str:
        """Of the vectors."""
        return digest({"ear": self.ear, "voices": {name: len(one) for name, one in sorted(self.vectors.items())}})


def voices_of(
    lines: Sequence[Line], hears: Ear, spec: MelSpec, of: str, kept: Path | None,
    advance: Callable[[int], None] = lambda _: None,
) -> Voices:  # fmt: skip
    """The vectors of all speakers, from the file where it is of these sounds and this ear, else made and kept there.

    Args:
        spec: of the mels, at the sounds' rate. of: fingerprint of the sounds. kept: the file; None: kept nowhere.
        advance: told after every utterance that was listened to.

    Raises:
        TrainingError: nobody could be heard.
    """
    chosen: defaultdict[str, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: digest(line.name)):
        if len(chosen[line.speaker or line.name]) < _MOST:
            chosen[line.speaker or line.name].append(line)
    names = sorted(line.name for row in chosen.values() for line in row)
    key = digest({"voices": 1, "of": of, "ear": hears.fingerprint, "lines": names})
    if kept is not None and (found := _read(kept, key)) is not None:
        return found
    vectors: defaultdict[str, list[Floats]] = defaultdict(list)
    for who, row in sorted(chosen.items()):
        for line in row:
            try:
                vectors[who].append(hears.embedded(Audio.of(sounding(line.samples(), spec), spec.sample_rate)))
            except AudioError:
                continue
            finally:
                advance(1)
    if not vectors:
        raise TrainingError("no voice can be heard", got=f"{len(lines)} utterances", wanted="some of a second or more")
    made = Voices(hears.fingerprint, {who: np.stack(row) for who, row in vectors.items()})
    if kept is not None:
        _write(kept, key, made)
    return made


def _write(path: Path, key: str, voices: Voices) -> None:
    names = sorted(voices.vectors)
    tensors = {
        "vectors": np.concatenate([voices.vectors[name] for name in names]),
        "ends": np.cumsum([len(voices.vectors[name]) for name in names], dtype=np.int64),
    }
    artifact.write(path, artifact.Artifact(KIND, tensors, config={"key": key, "ear": voices.ear, "names": names}))


def _read(path: Path, key: str) -> Voices | None:
    try:
        found = artifact.read(path, KIND)
    except ArtifactError:
        return None
    if found.config.get("key") != key:
        return None
    parts = np.split(np.asarray(found.tensors["vectors"], np.float32), found.tensors["ends"][:-1])
    return Voices(found.config["ear"], dict(zip(found.config["names"], parts, strict=True)))
