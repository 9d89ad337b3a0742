"""How long a mel is against what it should be, and how far that can be told."""

from __future__ import annotations

from typing import NamedTuple

from melpact.diagnose.evidence import Evidence


class Ratio(NamedTuple):
    """Frames that are there over frames that should be, the relative error of it, and whether it is beyond one frame or
    two."""

    value: float
    error: float
    off: bool


def ratio(evidence: Evidence) -> Ratio | None:
    """The duration ratio from the whole target or the whole sound; None without either."""
    spec, frames = evidence.spec, evidence.values.shape[1]
    if evidence.audio is not None:
        n = round(evidence.audio.n_samples * spec.sample_rate / evidence.audio.sample_rate)
        wanted = spec.frames(n)
    elif evidence.target is not None:
        wanted = spec.frames(round(evidence.target.duration_s * spec.sample_rate))
    else:
        return None
    if wanted < 4 or frames < 4:
        return None
    slack = 2.0 + spec.n_fft / spec.hop_length / 2
    return Ratio(frames / wanted, slack / wanted, abs(frames - wanted) > slack)
