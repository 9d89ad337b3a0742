"""A file in another voice as it would have come live: `voice_online` block by block, with its latency and times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.writing import written
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.features.analysis import to_rate
from melpact.models.convert.base import Converter
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target
from melpact.verbs.default_vocoder import WITHOUT_MODEL
from melpact.verbs.voice_online import Latency, OnlineNetwork, OnlineSound, OnlineVoice
from melpact.verbs.voice_sounding import Sung
from melpact.vocoders.opening import vocoder

Floats = NDArray[np.float32]
PIECE_S = 0.02


@dataclass(frozen=True)
class Live:
    """How a sound was converted as it came.

    Attributes:
        latency: what a sample waits for.
        block_p50_ms, block_p95_ms: of one thread's computing per block; None: the sound is shorter than a block.
        missing_share: by which the running moments of the source would be too small if they were not debiased.
    """

    latency: Latency
    block_p50_ms: float | None
    block_p95_ms: float | None
    missing_share: float


def online_sound(name: str | None, spec: MelSpec) -> tuple[str, Callable[[], OnlineSound | None]]:
    """What makes the sound, by name, and one of it for each channel; None: the inversion.

    Raises:
        ContractError: a vocoder that cannot work before the mel is whole. SpecMismatch: it takes another mel.
    """
    if name is None or name == WITHOUT_MODEL:
        return WITHOUT_MODEL, lambda: None
    made = vocoder(name)
    OnlineNetwork(made, spec)
    return name, lambda: OnlineNetwork(made, spec)


def sung_live(
    source: Path,
    target_path: Path,
    converter: Converter,
    target: Target,
    settings: Converting,
    sound: Callable[[], OnlineSound | None],
    *,
    look_ahead_ms: float,
    tick: Callable[[int], None] = lambda n: None,
) -> Sung:
    """Convert one file as if it were still coming, in pieces of 20 ms.

    Raises:
        AudioError: unreadable or too short. ContractError: several channels without one key, or too short a look-ahead.
    """
    began = time.perf_counter()
    spec, audio = target.spec, read(source)
    rows = [to_rate(Audio.of(row, audio.sample_rate), spec.sample_rate).samples[0] for row in audio.samples]
    if len(rows) > 1 and settings.key_semitones is None:
        raise ContractError(
            "channels that come piece by piece need one key", where="--key", got=f"{len(rows)} channels", wanted="semitones"
        )
    flows = [OnlineVoice(converter, target, settings, look_ahead_ms=look_ahead_ms, sound=sound()) for _ in rows]
    size, length = round(PIECE_S * spec.sample_rate), rows[0].size
    target_path.parent.mkdir(parents=True, exist_ok=True)
    with written(target_path, spec.sample_rate, length, channels=len(rows)) as file:
        for at in range(0, length, size):
            tick(0)
            made = np.stack([flow.push(row[at : at + size]) for flow, row in zip(flows, rows, strict=True)])
            if made.shape[1]:
                file.write(made)
        file.write(np.stack([flow.finish() for flow in flows]))
    spent = [ms for flow in flows for ms in flow.spent_ms]
    half, most = (float(np.quantile(spent, q)) if spent else None for q in (0.5, 0.95))
    first = flows[0]
    live = Live(first.latency, half, most, first.moments.missing_share)
    key, notes = first.key_semitones, list[str]()
    if key is None:
        notes.append(f"{source.name}: too little voice to choose a key by; its pitch is left alone")
    return Sung(
        len(rows), spec.sample_rate, length / spec.sample_rate, key or 0.0, None, None, file.peak, tuple(notes),
        time.perf_counter() - began, live,
    )  # fmt: skip
