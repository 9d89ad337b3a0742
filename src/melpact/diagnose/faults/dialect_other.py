"""The mel was made in another published dialect with as many bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.dialect import dialects
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import sound
from melpact.features.analysis import extract

_KINDS = ("of the same rate and unit", "of another rate", "of another unit or scaling")


@lru_cache(maxsize=64)
def _candidates(spec: MelSpec) -> tuple[tuple[MelSpec, ...], ...]:
    """Descriptions of other dialects with as many bands and other numbers, by kind."""
    kinds: tuple[list[MelSpec], ...] = ([], [], [])
    for found in dialects().values():
        if found.asks or found.spec.n_mels != spec.n_mels or found.spec in (*kinds[0], *kinds[1], *kinds[2]):
            continue
        other = found.spec
        if other.analysis_fingerprint == spec.analysis_fingerprint and other.scaling == spec.scaling:
            continue
        unit = (other.log, other.scaling.kind, other.power) == (spec.log, spec.scaling.kind, spec.power)
        kinds[2 if not unit else 1 if other.sample_rate != spec.sample_rate else 0].append(other)
    return tuple(tuple(kind) for kind in kinds)


def _refuses(spec: MelSpec) -> str | None:
    return None if any(_candidates(spec)) else f"no other dialect has {spec.n_mels} bands"


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    candidates = _candidates(mel.spec)[int(dose)]
    if not candidates:
        raise ContractError(f"no dialect {_KINDS[int(dose)]} has {mel.n_mels} bands", wanted="another kind of this fault")
    for i in rng.permutation(len(candidates)):
        wrong = Mel(extract(sound(audio), candidates[i]).values, mel.spec, mel.utterance)
        if _differs(mel, wrong):
            return wrong
    raise ContractError(f"the dialects {_KINDS[int(dose)]} give these numbers too", wanted="another kind of this fault")


def _differs(mel: Mel, wrong: Mel) -> bool:
    """More than a tenth of the mel's spread, or another number of frames (beyond one at each end)."""
    if abs(wrong.n_frames - mel.n_frames) > 2:
        return True
    n = min(wrong.n_frames, mel.n_frames)
    difference = wrong.values[:, :n].astype(np.float64) - mel.values[:, :n]
    return float(np.sqrt(np.mean(difference**2))) > 0.1 * float(mel.values.std())


PLUGIN = Fault(
    code="dialect_other",
    note="Every number of the mel is another program's; only the count of bands agrees.",
    doses=(0, 1, 2),
    unit="kind",
    variants=_KINDS,
    plant=_plant,
    needs="audio",
    refuses=_refuses,
    keeps_frames=False,
)
