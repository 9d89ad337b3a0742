"""A voice as one file: an artifact of kind "voice". What a voice is, is in `voice`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.artifact import Artifact
from melpact.core.errors import MelpactError, NotAnArtifact
from melpact.models.convert.voice import Content, Frames, PitchRange, Voice
from melpact.normalise.exponential import ExponentialStats
from melpact.normalise.stats import Stats

KIND = "voice"
SUFFIX = ".voice"
_EXACT, _RECENT = "stats.", "recent."


def save(path: str | Path, voice: Voice) -> Path:
    """Write a voice, whole or not at all; returns the path. The same voice gives the same bytes.

    Raises:
        ArtifactError: the file cannot be written.
    """
    exact = voice.stats.artifact()
    recent, running = voice.recent.state()
    frames = voice.frames
    tensors: dict[str, NDArray[Any]] = {
        **{_EXACT + name: value for name, value in exact.tensors.items()},
        **{_RECENT + name: value for name, value in recent.items()},
        "mels": frames.mels,
        "f0_hz": frames.f0_hz,
        "active": frames.active.astype(np.uint8),
        "lengths": np.array(frames.lengths, np.int64),
    }
    config: dict[str, Any] = {
        "stats": dict(exact.config),
        "recent": running,
        "pitch": None if voice.pitch is None else vars(voice.pitch),
        "seconds": voice.seconds,
    }
    if voice.content is not None:
        tensors["content"] = voice.content.values
        config["content"] = voice.content.encoder
    if voice.embedding is not None:
        tensors["embedding"], config["embedding"] = voice.embedding
    return artifact.write(path, Artifact(KIND, tensors, voice.spec, config, dict(voice.provenance)))


def load(path: str | Path) -> Voice:
    """Read what `save` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole voice.
    """
    found = artifact.read(path, KIND)
    try:
        return _voice(found)
    except (KeyError, TypeError, ValueError, IndexError, MelpactError) as error:
        text = " ".join(str(error).split())[:160]
        raise NotAnArtifact(
            "is not a complete voice", where=path, got=text, next="Learn it again: melpact voice learn REF -o FILE"
        ) from error


def _voice(found: Artifact) -> Voice:
    if found.spec is None:
        raise ValueError("no description")
    spec, config, tensors = found.spec, found.config, found.tensors
    stats = Stats.of_artifact(Artifact("stats", _below(tensors, _EXACT), spec, config["stats"]))
    recent = ExponentialStats.of(spec, _below(tensors, _RECENT), config["recent"])
    mels = np.asarray(tensors["mels"], np.float32)
    if mels.ndim != 2 or mels.shape[0] != spec.n_mels or not np.isfinite(mels).all():
        raise ValueError(f"mels of shape {list(mels.shape)}")
    frames = Frames(
        mels, np.asarray(tensors["f0_hz"], np.float32), tensors["active"].astype(np.bool_),
        tuple(int(n) for n in tensors["lengths"]),
    )  # fmt: skip
    pitch = None if config["pitch"] is None else PitchRange(**config["pitch"])
    made = Voice(spec, stats, recent, pitch, frames, float(config["seconds"]), provenance=dict(found.provenance))
    if "content" in tensors:
        made = made.with_content(Content(np.asarray(tensors["content"], np.float32), str(config["content"])))
    if "embedding" in tensors:
        made = made.with_embedding(np.asarray(tensors["embedding"], np.float32), str(config["embedding"]))
    return made


def _below(tensors: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
