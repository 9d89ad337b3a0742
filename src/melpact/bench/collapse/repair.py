"""Chapter 4: what repairs it: bridge, calibration, refiner, fine-tuned vocoder, and all of these one after the other.

Every repair of a damage is paired with the damage itself, clip by clip. A calibration is fitted to all other clips, so that
no clip has seen its own truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench import bootstrap
from melpact.bench.collapse.dose import code_digest
from melpact.bench.collapse.parts import ORIGINAL, Clip, Maker, Treatment
from melpact.bench.collapse.result import Repair
from melpact.bench.collapse.scoring import Outcome, Scorer
from melpact.bridges.ways import bridge
from melpact.contract.dialect import dialects
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.degradations.degradation import Degradation
from melpact.diagnose.faults import Fault
from melpact.features.analysis import extract
from melpact.normalise.calibration.base import Params, strategy

MEL_ERROR = "mel_nat"
"""The distance of the mels themselves, in nat, before any sound is made: a metric of this chapter beside the scorer's."""
NOTHING, BRIDGE, CALIBRATION, JOINT = "nothing", "bridge", "calibration", "joint"
_STRATEGY = "band_affine"
_FELT = 0.02
"""A damage that takes less than this share of a metric took nothing that could be given back."""


@dataclass(frozen=True, eq=False)
class Damage:
    """What went wrong.

    Attributes:
        key: what its mels depend on.
        make: clip and generator → the wrong mel, in the laboratory's description.
        mended: clip → the mel over the bridge that knowing the truth allows; None where no description was mistaken.
    """

    name: str
    words: str
    key: tuple[object, ...]
    make: Callable[[Clip, np.random.Generator], Mel]
    mended: Callable[[Clip], Mel] | None = None


def mismatches(spec: MelSpec, most: int = 3) -> list[Damage]:
    """Mels of other descriptions with as many bands, taken for the laboratory's own: another log first, then known dialects,
    those that share most fields first."""
    others: list[tuple[str, str, MelSpec]] = []
    if spec.log in ("ln", "log10"):
        log = "log10" if spec.log == "ln" else "ln"
        others.append((f"{log} for {spec.log}", f"the same mel in {log}", spec.replace_quietly(log=log)))
    near = []
    for name, known in dialects().items():
        if known.asks or known.alias_of is not None or known.spec.n_mels != spec.n_mels or known.spec.scaling.needs():
            continue
        if known.spec.analysis_fingerprint == spec.analysis_fingerprint or known.spec.sample_rate != spec.sample_rate:
            continue
        near.append((len(spec.diff(known.spec).changed), name, known.spec))
    near.sort(key=lambda one: one[:2])
    others += [(f"mel of {name}", f"a mel of {name}, taken as it is", other) for _, name, other in near]
    return [_mismatch(spec, *one) for one in others[:most]]


def _mismatch(spec: MelSpec, name: str, words: str, other: MelSpec) -> Damage:
    def wrong(clip: Clip, rng: np.random.Generator) -> Mel:
        return Mel(extract(clip.audio, other).values, spec)

    def mended(clip: Clip) -> Mel:
        return bridge(other, spec, allow_lossy=True).apply(extract(clip.audio, other))

    return Damage(name, words, ("mismatch", other.fingerprint, code_digest()), wrong, mended)


def planted(fault: Fault, dose: float) -> Damage:
    """A contract fault of one dose."""
    return Damage(
        fault.code, f"{fault.code}, {fault.name_of_dose(dose)}", ("fault", fault.code, dose, code_digest()),
        lambda clip, rng: fault.inject(clip.mel, dose, rng, clip.audio),
    )  # fmt: skip


def spoilt(kind: Degradation, dose: float) -> Damage:
    """A degradation of one dose."""
    return Damage(
        kind.name, f"{kind.name}, {kind.said(dose)}", ("degradation", kind.name, dose, code_digest()),
        lambda clip, rng: kind.apply(clip.mel, dose, rng),
    )  # fmt: skip


@dataclass
class _Case:
    """One damage on every clip: its mels, and those over the bridge, made when first asked for."""

    damage: Damage
    clips: Sequence[Clip]
    seed: int
    _mels: dict[int, Mel] = field(default_factory=dict)
    _mended: dict[int, Mel] = field(default_factory=dict)
    _fitted: dict[int, Params] = field(default_factory=dict)

    def mel(self, i: int) -> Mel:
        if i not in self._mels:
            self._mels[i] = self.damage.make(self.clips[i], np.random.default_rng([self.seed, i]))
        return self._mels[i]

    def bridged(self, i: int) -> Mel:
        if self.damage.mended is None:
            raise ContractError("no description was mistaken: there is nothing to bridge")
        if i not in self._mended:
            self._mended[i] = self.damage.mended(self.clips[i])
        return self._mended[i]

    def calibrated(self, i: int) -> Mel:
        if len(self.clips) < 2:
            raise ContractError("a calibration needs another clip to be fitted to")
        known = strategy(_STRATEGY)
        if i not in self._fitted:
            pairs = [(self._raw(k), self.clips[k].mel.raw().values) for k in range(len(self.clips)) if k != i]
            if any(a.shape != b.shape for a, b in pairs):
                raise ContractError("a calibration needs a frame for every frame; the damage changed their number")
            joined = [np.concatenate([pair[side] for pair in pairs], axis=1, dtype=np.float64) for side in (0, 1)]
            self._fitted[i] = known.fit(joined[0], joined[1])
        mel = self.mel(i)
        made = known.apply(self._fitted[i], self._raw(i).astype(np.float64))
        if mel.spec.floor_kind != "none":
            made = np.maximum(made, mel.spec.floor_value)
        return Mel(np.asarray(mel.spec.scaling.apply(made, mel.utterance), np.float32), mel.spec, mel.utterance)

    def _raw(self, i: int) -> NDArray[np.float32]:
        return self.mel(i).raw().values


def _refined(one: Treatment, case: _Case, i: int) -> Mel:
    return one.apply(case.mel(i))


@dataclass(frozen=True)
class _Way:
    """One repair: its name, what it depends on, clip's index → mel, and the vocoder."""

    name: str
    key: tuple[object, ...]
    mel: Callable[[int], Mel]
    maker: Maker


def repairs(
    scorer: Scorer,
    clips: Sequence[Clip],
    maker: Maker,
    refiners: Sequence[Treatment],
    finetuned: Maker | None,
    damages: Sequence[Damage],
    right: Sequence[Outcome],
) -> list[Repair]:
    """Every repair of every damage.

    Args:
        refiners: those that may help, the best first: that one is in the joint repair.
        finetuned: a vocoder that was trained on to such mels.
        right: what the vocoder makes of the right mels, clip by clip.
    """
    rows: list[Repair] = []
    for damage in damages:
        case = _Case(damage, clips, scorer.seed)
        before = [_tried(scorer, clip, i, (NOTHING,), case.mel, maker, damage) for i, clip in enumerate(clips)]
        rows += _compared(scorer, damage, NOTHING, before, before, right)
        for way in _ways(case, maker, refiners, finetuned):
            after = [_tried(scorer, clip, i, way.key, way.mel, way.maker, damage) for i, clip in enumerate(clips)]
            rows += _compared(scorer, damage, way.name, before, after, right)
    return rows


def _ways(case: _Case, maker: Maker, refiners: Sequence[Treatment], finetuned: Maker | None) -> list[_Way]:
    fitted = ("fitted to", *(clip.digest for clip in case.clips))
    ways = []
    if case.damage.mended is not None:
        ways.append(_Way(BRIDGE, (BRIDGE,), case.bridged, maker))
    ways.append(_Way(CALIBRATION, (CALIBRATION, *fitted), case.calibrated, maker))
    useful = [one for one in refiners if one.name not in (ORIGINAL, "identity")]
    for one in useful:
        ways.append(_Way(one.name, ("refined", one.name, one.key), partial(_refined, one, case), maker))
    if finetuned is not None:
        ways.append(_Way(finetuned.name, (NOTHING,), case.mel, finetuned))
    first, key = (case.bridged, (BRIDGE,)) if case.damage.mended is not None else (case.calibrated, (CALIBRATION, *fitted))
    then = useful[:1]
    if then or finetuned is not None:
        told = (JOINT, *key, *(part for one in then for part in (one.name, one.key)))
        ways.append(_Way(JOINT, told, lambda i: then[0].apply(first(i)) if then else first(i), finetuned or maker))
    return ways


def _tried(
    scorer: Scorer, clip: Clip, i: int, key: Sequence[object], mel: Callable[[int], Mel], maker: Maker, damage: Damage
) -> Outcome:
    def made() -> Mel:
        try:
            return mel(i)
        except MelpactError as error:
            raise ContractError(str(error).rstrip(".")) from error

    return scorer.of_mel(clip, ["repair", *damage.key, i, *key], made, maker)


def _compared(
    scorer: Scorer,
    damage: Damage,
    name: str,
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    right: Sequence[Outcome],
) -> list[Repair]:
    return [_row(scorer, damage, name, metric, before, after, right) for metric in (MEL_ERROR, *scorer.metrics)]


def _row(
    scorer: Scorer, damage: Damage, name: str, metric: str, before: Sequence[Outcome], after: Sequence[Outcome],
    right: Sequence[Outcome],
) -> Repair:  # fmt: skip
    about: dict[str, Any] = {"damage": damage.name, "words": damage.words, "repair": name, "metric": metric}
    triples = [[_of(one, metric) for one in clip] for clip in zip(before, after, right, strict=True)]
    known = np.array([one for one in triples if np.isfinite(one).all()])
    if not known.size:
        reasons = [one.refused or one.reasons.get(metric) for one in (*after, *before)]
        return Repair(**about, reason=next((one for one in reasons if one), "no clip has a value"))
    sign = 1.0 if metric != MEL_ERROR and scorer.metrics[metric].better == "higher" else -1.0
    lost, got, whole = known.mean(axis=0)
    gains = sign * (known[:, 1] - known[:, 0])
    averaged = scorer.averaged(next(iter(scorer.metrics)))
    ends = bootstrap.interval(averaged, gains.tolist(), seed=scorer.seed) if name != NOTHING else None
    losses = sign * (known[:, 2] - known[:, 0])
    taken = float(losses.mean())
    felt = bootstrap.interval(averaged, losses.tolist(), seed=scorer.seed)
    told = taken > _FELT * max(abs(whole), abs(lost)) and (felt is None or felt[0] > 0)
    return Repair(
        **about, before=float(lost), after=float(got), whole=float(whole), n=len(known),
        gain=None if name == NOTHING else float(gains.mean()), low=None if ends is None else ends[0],
        high=None if ends is None else ends[1],
        back=float(gains.mean() / taken) if name != NOTHING and told else None,
    )  # fmt: skip


def _of(one: Outcome, metric: str) -> float:
    return one.distance_nat if metric == MEL_ERROR else one.values.get(metric, np.nan)
