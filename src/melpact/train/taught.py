"""What a content encoder learns to say: a teacher's features of the utterances of a packed corpus, beside their crops.

`Teacher` is the file (artifact of kind "teacher"), `Taught` the source of batches. How features are made is no part of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.corpus.crops import Crops
from melpact.normalise.centring import centred
from melpact.train.task import Source

KIND = "teacher"
CEPSTRA = "cepstra"
Floats = NDArray[np.float32]


class Teaching(Protocol):
    """What says what there is to be heard.

    Attributes:
        size: D, numbers of a frame. basis: by which its own numbers were multiplied. facts: where they come from.
    """

    @property
    def size(self) -> int: ...

    @property
    def basis(self) -> Floats: ...

    @property
    def facts(self) -> Mapping[str, Any]: ...

    @property
    def fingerprint(self) -> str: ...

    def taught(self, name: str, mel: Floats, times_s: NDArray[np.float64]) -> tuple[Floats, NDArray[np.bool_]]:
        """Of a piece of an utterance: features [D, frames] at these times, and of which frames there are any [frames]."""


@dataclass(frozen=True)
class Teacher:
    """A teacher's features of whole utterances.

    Attributes:
        packed: fingerprint of the corpus that they are of.
        rate_hz: features per second; the first lies at the first sample.
        basis: by which the teacher's own numbers were multiplied, float32 [own, D].
        features: utterance → float16 [frames, D], with mean 0 and about variance 1.
        facts: where they come from, plain values.
    """

    packed: str
    rate_hz: float
    basis: Floats
    features: Mapping[str, NDArray[np.float16]] = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Numbers of a frame."""
        return int(self.basis.shape[1])

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over corpus, basis and names."""
        return digest([self.packed, self.rate_hz, self.basis.tolist(), sorted(self.features), dict(self.facts)])

    def save(self, path: str | Path) -> Path:
        """Write it as one file; returns the path."""
        names = sorted(self.features)
        ends = np.cumsum([len(self.features[name]) for name in names], dtype=np.int64)
        tensors = {"features": np.concatenate([self.features[name] for name in names]), "ends": ends, "basis": self.basis}
        config = {"packed": self.packed, "rate_hz": self.rate_hz, "names": names}
        return artifact.write(path, artifact.Artifact(KIND, tensors, config=config, provenance=self.facts))

    @classmethod
    def load(cls, path: str | Path) -> Teacher:
        """What `save` wrote.

        Raises:
            ArtifactError: missing, unreadable, or something else.
        """
        found = artifact.read(path, KIND)
        parts = np.split(found.tensors["features"], found.tensors["ends"][:-1])
        features = dict(zip(found.config["names"], parts, strict=True))
        basis = np.asarray(found.tensors["basis"], np.float32)
        return cls(found.config["packed"], float(found.config["rate_hz"]), basis, features, found.provenance)

    def only(self, crops: Crops) -> Crops:
        """Crops of those utterances that it has heard.

        Raises:
            CorpusError: it has heard nothing of this corpus.
        """
        packed = crops.packed.only(lambda entry: entry.id in self.features)
        return Crops(packed, crops.spec, crops.frames, crops.batch, crops.seed, crops.augment, weigh=crops.weigh)

    def taught(self, name: str, mel: Floats, times_s: NDArray[np.float64]) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Teaching` says; between its frames on a straight line."""
        values = self.features[name]
        where = times_s * self.rate_hz
        known = (where >= 0) & (where <= len(values) - 1)
        where = np.clip(where, 0, len(values) - 1)
        low = np.minimum(where.astype(np.int64), max(0, len(values) - 2))
        part = (where - low).astype(np.float32)[:, None]
        near = values[low].astype(np.float32)
        made = near + part * (values[np.minimum(low + 1, len(values) - 1)].astype(np.float32) - near)
        return np.ascontiguousarray(made.T), known


def times(spec: MelSpec, first: int, frames: int) -> NDArray[np.float64]:
    """Seconds of the middles of frames, in a description whose frame t goes with samples t · hop … (t + 1) · hop."""
    return (np.arange(first, first + frames) + 0.5) * spec.hop_length / spec.sample_rate


class Cepstra:
    """The null of a teacher: the first numbers of the centred mel's own cepstrum, which say who speaks as well as what.

    Args:
        size: how many, from the first after the level on.
    """

    def __init__(self, spec: MelSpec, size: int) -> None:
        self.spec, self.size, self.facts = spec, size, {"recogniser": CEPSTRA}
        place = (np.arange(spec.n_mels) + 0.5) / spec.n_mels
        rows = np.sqrt(2 / spec.n_mels) * np.cos(np.pi * np.arange(1, size + 1)[:, None] * place)
        self.basis: Floats = np.ascontiguousarray(rows.T, np.float32)
        self.fingerprint = digest({"cepstra": size, "spec": spec.fingerprint})

    def taught(self, name: str, mel: Floats, times_s: NDArray[np.float64]) -> tuple[Floats, NDArray[np.bool_]]:
        """As `Teaching` says; of all frames."""
        made = self.basis.T @ centred(mel, self.spec)
        return made / np.float32(max(1e-3, float(made.std()))), np.ones(mel.shape[1], np.bool_)


class Taught:
    """A source of crops with "wanted" [B, D, frames] and "known" [B, frames] beside them.

    Args:
        source: of "mel", and where a teacher's file is asked, crops of what it has heard.
    """

    def __init__(self, source: Source, teaching: Teaching) -> None:
        self.source, self.teaching = source, teaching

    @property
    def batch(self) -> int:
        """Items of a step."""
        return self.source.batch

    @property
    def fingerprint(self) -> str:
        """Of the crops and of the teacher."""
        return digest({"taught": self.source.fingerprint, "teacher": self.teaching.fingerprint})

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """As `Source` says."""
        found = dict(self.source.batch_at(step, rank=rank, world=world))
        mels = found["mel"]
        rows = []
        for item, mel in enumerate(mels):
            name, first, spec = "", 0, None
            if isinstance(self.source, Crops):
                name, first = self.source.packed.entries[int(found["utterance"][item])].id, int(found["first"][item])
                spec = self.source.spec
            where = np.arange(mel.shape[1], dtype=np.float64) if spec is None else times(spec, first, mel.shape[1])
            rows.append(self.teaching.taught(name, mel, where))
        known = np.stack([row[1] for row in rows]) & found.pop("mask", np.True_)
        return {**found, "wanted": np.stack([row[0] for row in rows]).astype(np.float32, copy=False), "known": known}
