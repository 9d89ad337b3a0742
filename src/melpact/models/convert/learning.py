"""A voice from mels of it and their pitch. Whether the sounds behind them are fit for it is asked in `references`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.core.errors import ContractError, SpecMismatch
from melpact.features.active import active
from melpact.models.convert.voice import Floats, Frames, PitchRange, Voice
from melpact.normalise.exponential import ExponentialStats
from melpact.normalise.stats import Stats

KEPT_S = 300.0
"""Of longer references the beginnings are kept, as much of each; moments and pitch are of all of them."""


def learn(
    mels: Sequence[Mel], f0_hz: Sequence[Floats], *, half_life_s: float = 30.0, provenance: Mapping[str, Any] | None = None
) -> Voice:
    """A voice of utterances, in their order.

    Args:
        mels: each [n_mels, frames], of one description.
        f0_hz: Hz per frame of each, 0 where unvoiced.
        half_life_s: of the moments in which the latest frames weigh most.

    Raises:
        ContractError: no utterances, none that sounds, pitch and mel of different lengths.
        SpecMismatch: several descriptions.
    """
    if not mels or len(mels) != len(f0_hz):
        raise ContractError("a voice is learnt from mels and as many pitches", got=f"{len(mels)} and {len(f0_hz)}")
    spec = mels[0].spec.replace_quietly(scaling=NoScaling())
    stats, recent = Stats(spec), ExponentialStats(spec, half_life_s)
    raws, sounding = list[Floats](), list[Any]()
    for mel, pitch in zip(mels, f0_hz, strict=True):
        raw = mel.raw()
        if raw.spec != spec:
            raise SpecMismatch("a voice is learnt from mels of one description", next=raw.spec.diff(spec).summary())
        if pitch.shape != (raw.n_frames,):
            raise ContractError("pitch and mel are not of one length", got=f"{pitch.shape}", wanted=f"({raw.n_frames},)")
        on = active(raw.values, spec)
        if on.any():
            heard = Mel(np.ascontiguousarray(raw.values[:, on]), spec)
            stats.update(heard)
            recent.update(heard)
        raws.append(raw.values)
        sounding.append(on)
    if stats.frames == 0:
        raise ContractError("nothing sounds in these references", wanted="a voice")
    hop_s = spec.hop_length / spec.sample_rate
    kept = _kept([raw.shape[1] for raw in raws], round(KEPT_S / hop_s))
    frames = Frames(
        np.concatenate([raw[:, :n] for raw, n in zip(raws, kept, strict=True)], axis=1),
        np.concatenate([pitch[:n] for pitch, n in zip(f0_hz, kept, strict=True)]).astype(np.float32),
        np.concatenate([on[:n] for on, n in zip(sounding, kept, strict=True)]),
        tuple(kept),
    )  # fmt: skip
    pitch_range = PitchRange.of(np.concatenate(list(f0_hz)), hop_s)
    seconds = sum(mel.n_frames for mel in mels) * hop_s
    return Voice(spec, stats, recent, pitch_range, frames, seconds, provenance=dict(provenance or {}))


def _kept(lengths: Sequence[int], most: int) -> list[int]:
    """Frames of each, at most `most` in all: the short ones whole, the rest of the room shared by the long ones."""
    kept, room = [0] * len(lengths), most
    waiting = sorted(range(len(lengths)), key=lambda i: lengths[i])
    for done, i in enumerate(waiting):
        kept[i] = min(lengths[i], room // (len(waiting) - done))
        room -= kept[i]
    return kept
