"""`SpeechVoice`: whose voice a speaker speaks with, as its own encoder heard it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SpeechVoice:
    """A voice.

    Attributes:
        name: for tables.
        embedding: float32 [D].
        encoder: fingerprint of what made the embedding.
        seconds: of recordings that it was made from.
        prompt: float32 [n_mels, T], frames of the recordings to go on from, in the speaker's description; None: none.
        provenance: plain values: which recordings, and their digests.
    """

    name: str
    embedding: NDArray[np.float32]
    encoder: str
    seconds: float = 0.0
    prompt: NDArray[np.float32] | None = None
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
