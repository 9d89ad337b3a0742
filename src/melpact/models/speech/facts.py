"""`Facts`: everything that a trained speaker's file says beside its weights, and that file (artifact of kind "speech").

What speaks is in `small`; a graph that runs without torch is in `graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, NotAnArtifact
from melpact.normalise.band_statistics import PREFIX, Statistics

KIND, SUFFIX = "speech", ".speech"
VOICES = "voices"
METHOD = "codes"
Floats = NDArray[np.float32]
Tensors = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a trained speaker is.

    Attributes:
        spec: the description that it gives, without scaling.
        statistics: of the mels that it was trained on, frozen.
        sizes: of its network, as plain values.
        durations: slots that a class of duration stands for.
        reach_slots: that its decoder sees to either side.
        encoder: fingerprint of what makes its voices of recordings.
        languages: tag → espeak-ng's voice, in the order of their numbers.
        voices: name → its embedding, float32 [voice].
        usual: tag → the name of the voice that it is spoken with where none is given; the first of `voices` otherwise.
        settings: its own defaults of `Speaking`.
        provenance: where it came from, plain values.
    """

    spec: MelSpec
    statistics: Statistics
    sizes: Mapping[str, Any]
    durations: tuple[int, ...]
    reach_slots: int
    encoder: str
    languages: Mapping[str, str]
    voices: Mapping[str, Floats]
    usual: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def config(self) -> dict[str, Any]:
        """All but the description, the statistics, the voices' numbers and the provenance, as plain values."""
        return {
            "method": METHOD, "sizes": dict(self.sizes), "durations": list(self.durations), "reach_slots": self.reach_slots,
            "encoder": self.encoder, "languages": [list(pair) for pair in self.languages.items()],
            "voices": list(self.voices), "usual": dict(self.usual), "settings": dict(self.settings),
        }  # fmt: skip

    def tensors(self) -> dict[str, Floats]:
        """Statistics and voices, as a file holds them."""
        return {**self.statistics.tensors(), VOICES: np.stack(list(self.voices.values())).astype(np.float32)}

    @classmethod
    def of(
        cls,
        spec: MelSpec | None,
        config: Mapping[str, Any],
        tensors: Tensors,
        provenance: Mapping[str, Any],
        where: object,
    ) -> Facts:
        """What `config()` and `tensors()` gave, checked.

        Raises:
            ArtifactError, ContractError: something is missing or impossible.
        """
        if spec is None:
            raise ArtifactError("does not say which mel it makes", where=where)
        try:
            if config["method"] != METHOD:
                raise ValueError(f"method {config['method']}")
            sizes = dict(config["sizes"])
            durations = tuple(int(n) for n in config["durations"])
            languages = {str(tag): str(voice) for tag, voice in config["languages"]}
            names = [str(name) for name in config["voices"]]
            usual = {str(tag): str(name) for tag, name in config["usual"].items()}
            reach, settings, encoder = int(config["reach_slots"]), dict(config["settings"]), str(config["encoder"])
            table = np.asarray(tensors[VOICES], np.float32)
            if table.shape != (len(names), int(sizes["voice"])) or not np.isfinite(table).all():
                raise ValueError(f"voices of shape {list(table.shape)}")
            if not languages or not names or min(durations) < 1 or reach < 0 or not set(usual.values()) <= set(names):
                raise ValueError("no languages, no voices, or a duration of nothing")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = " ".join(str(error).split())[:160]
            raise NotAnArtifact("does not say what kind of speaker it is", where=where, got=text) from error
        kept = Statistics.of(tensors, spec, where)
        voices = dict(zip(names, table, strict=True))
        return cls(spec, kept, sizes, durations, reach, encoder, languages, voices, usual, settings, dict(provenance))


def write(path: str | Path, facts: Facts, weights: Tensors) -> Path:
    """Write a speaker as one file, whole or not at all, its weights as float16; returns the path."""
    narrow = {
        name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in sorted(weights.items())
    }
    tensors = {**narrow, **facts.tensors()}
    return artifact.write(path, artifact.Artifact(KIND, tensors, facts.spec, facts.config(), dict(facts.provenance)))


def read(path: str | Path) -> tuple[Facts, dict[str, NDArray[np.floating]]]:
    """Facts and weights of a file that `write` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole speaker. ContractError: its statistics are not usable.
    """
    found = artifact.read(path, KIND)
    facts = Facts.of(found.spec, found.config, found.tensors, found.provenance, path)
    weights = {name: value for name, value in found.tensors.items() if not name.startswith(PREFIX) and name != VOICES}
    return facts, weights
