"""From scores to an `Identification`: probabilities, what is alike, and the evidence in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.diff import diff
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.diagnose.identify.alike import Low, why_alike
from melpact.diagnose.identify.catalogue import Hypothesis, by_bands, silence
from melpact.diagnose.identify.listen import Analysed, Heard, Sound, analyses, hear
from melpact.diagnose.identify.result import Candidate, Identification
from melpact.diagnose.identify.rounding import like_rounding
from melpact.diagnose.identify.scorer import Scored, score
from melpact.diagnose.identify.search import Unlisted, search

Float64 = NDArray[np.float64]
Ways = list[tuple[str, Float64]]

_SHARPNESS = 60.0
"""Values that count as independent when dialects are compared by their robust residual; calibrated on held-out cuts."""
_UNEXPLAINED_NAT = 4e-3
_UNEXPLAINED_UTTERANCE_NAT = 0.08
"""Statistics of the utterance hang on its quietest values, which rounding of the sound to 16 bits moves."""
_OFF_NAT = 1e-2
_OFF = 2e-3
"""Share of values so far off that a dialect which explains the rest is still looked beyond (a floor, a padding)."""
_FOUND_NAT = 0.05
_FARTHEST = 3.0
_TURNED = 1.6
"""How much more like a mel the transposed array must look to be read that way where both axes could be the bands."""


def judge_seen(ways: Ways, n_best: int) -> Identification:
    """From the values alone; where both axes could be the bands, the way round that looks more like a mel."""
    scored = [(axes, values, score(values)) for axes, values in ways]
    axes, values, s = scored[0]
    if len(scored) > 1 and s.distance > _TURNED * max(1.0, scored[1][2].distance):
        axes, values, s = scored[1]
    order = np.argsort(-s.probability)
    best = s.hypotheses[order[0]]
    same, words = _alike(best, s.hypotheses, Low.of(values))
    candidates = tuple(
        Candidate(s.hypotheses[i].name, s.hypotheses[i].reference_id, float(s.probability[i])) for i in order[:n_best]
    )
    evidence = [*_said_of_axes(axes, values, len(ways)), *_seen(values, s, order)]
    return Identification(candidates, same, words, best.spec, (), tuple(evidence), False, axes)


def judge_heard(ways: Ways, audio: Audio, n_best: int) -> Identification:
    """With the sound: every dialect computed and, where none explains the values, the search outwards."""
    sound = Sound(audio)
    tried = [(axes, v, *_listened(sound, v)) for axes, v in ways]
    heard_ways = [t for t in tried if t[3]]
    if not heard_ways:
        axes, values, found, _ = tried[0]
        return _unheard(sound, axes, values, found, len(ways))
    axes, values, found, heard = min(heard_ways, key=lambda t: t[3][0].cost)
    cost = np.array([h.cost for h in heard])
    p = np.exp(-_SHARPNESS / 2 * (cost - cost.min()))
    p /= p.sum()
    best = heard[0]
    off = float(np.mean(np.abs(best.residual) > _OFF_NAT))
    unexplained = _UNEXPLAINED_UTTERANCE_NAT if best.hypothesis.spec.scaling.needs() else _UNEXPLAINED_NAT
    unlisted = None
    unlike = (best.typical > unexplained or off > _OFF) and not like_rounding(sound, values, best)
    if unlike or (best.lag == 0 and values.shape[1] != sound.frames(best.hypothesis.spec)):
        unlisted = search(sound, values, found)
        if not _better(unlisted, best, off):
            unlisted = None
    candidates = tuple(
        Candidate(h.hypothesis.name, h.hypothesis.reference_id, float(q))
        for h, q in list(zip(heard, p, strict=True))[:n_best]
    )
    evidence = [*_said_of_axes(axes, values, len(ways)), *_heard(sound, values, heard)]
    if unlisted is not None:
        return _unlisted(unlisted, best, candidates, evidence, axes, values)
    ties = [h.hypothesis for h in heard if h.cost - best.cost < 2e-3 and abs(h.gain_nat - best.gain_nat) < 0.01]
    same, words = _alike(best.hypothesis, tuple(ties), Low.of(values), given=True)
    if best.typical > 0.05:
        evidence.append(
            f"No description makes these values from this sound: {best.typical:.3f} nat are left at best, as for a "
            "predicted mel or another recording; the order of the candidates still holds, their probabilities less so"
        )
    return Identification(
        candidates, same, words, best.hypothesis.spec, (), tuple(evidence), True, axes,
        20 / np.log(10) * best.gain_nat, best.lag, best.typical,
    )  # fmt: skip


def _better(unlisted: Unlisted, best: Heard, off: float) -> bool:
    """Whether what was found by search explains clearly more than the best dialect."""
    closer = unlisted.typical <= min(0.5 * best.typical, best.typical - 1e-3)
    fewer = unlisted.wide < 0.25 * off and unlisted.typical <= best.typical + 2e-4
    return closer or fewer


def _unheard(sound: Sound, axes: str, values: Float64, found: list[Analysed], n_ways: int) -> Identification:
    """No dialect could be laid beside the values at all: the search alone decides."""
    unlisted = search(sound, values, found)
    if not unlisted.typical < _FOUND_NAT:
        raise ContractError(
            "this sound and this mel cannot be laid beside each other",
            got=f"{sound.duration_s:.2f} s of sound, mel of shape {list(values.shape)}",
            wanted="the sound that the mel was made from, with at least 4 frames in common",
            next="Leave the sound out to identify by the values alone",
        )
    return _unlisted(unlisted, None, (), _said_of_axes(axes, values, n_ways), axes, values)


def _listened(sound: Sound, values: Float64) -> tuple[list[Analysed], list[Heard]]:
    these = by_bands()[values.shape[0]]
    found = analyses(sound, values, these)
    return found, hear(sound, values, these, found)


def _unlisted(
    u: Unlisted, best: Heard | None, candidates: tuple[Candidate, ...], evidence: list[str], axes: str, values: Float64
) -> Identification:
    nearest = min(by_bands()[u.spec.n_mels], key=lambda h: (_changes(h.spec, u), best is None or h is not best.hypothesis))
    spec = u.spec
    if not u.floor_seen:
        spec = (
            spec.replace_quietly(floor=nearest.spec.floor, floor_kind=nearest.spec.floor_kind)
            if nearest.spec.floor
            else spec
        )
    difference = diff(nearest.spec, spec)
    differs = tuple(f.change for f in difference.changed if u.floor_seen or f.name != "floor")
    left = f" (the best, {best.hypothesis.name}, leaves {best.typical:.3g} nat)" if best else ""
    evidence.append(
        f"No dialect explains the values{left}; {u.evaluated} other descriptions were tried, and one leaves "
        f"{u.typical:.2g} nat"
    )
    evidence.append(f"Against {nearest.name} it changes: " + ("; ".join(differs) or "nothing but the level"))
    ordered = sorted(candidates, key=lambda c: c.dialect != nearest.name)
    if not ordered or ordered[0].dialect != nearest.name:
        ordered.insert(0, Candidate(nearest.name, nearest.reference_id, 0.0))
    return Identification(
        tuple(ordered), (), (), spec, differs, tuple(evidence), True, axes,
        20 / np.log(10) * u.gain_nat, u.lag, u.typical,
    )  # fmt: skip


def _changes(spec: MelSpec, u: Unlisted) -> int:
    return sum(1 for f in diff(spec, u.spec).changed if u.floor_seen or f.name != "floor")


def _alike(
    best: Hypothesis, others: tuple[Hypothesis, ...], low: Low, given: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = list(best.names[1:])
    words = []
    if names:
        words.append(
            f"cannot tell these apart from the values alone: {', '.join(best.names)} (they are the same description)"
        )
    by_reason: dict[str, list[str]] = {}
    for h in others:
        if h is best:
            continue
        reason = why_alike(best.spec, h.spec, low)
        if reason is None and given:
            reason = "something that does not show in these values"
        if reason is not None:
            names += h.names
            by_reason.setdefault(reason, []).extend(h.names)
    for reason, alike in by_reason.items():
        words.append(
            f"cannot tell these apart from the values alone: {best.name}, {', '.join(alike)} (they differ only in {reason})"
        )
    return tuple(names), tuple(words)


def _said_of_axes(axes: str, values: Float64, n_ways: int) -> list[str]:
    bands, frames = values.shape
    if axes == "time-mel":
        return [f"The array lies [frames={frames}, n_mels={bands}] and was read transposed"]
    return [f"Both axes could be the bands; read as [n_mels={bands}, frames={frames}]"] if n_ways > 1 else []


def _seen(values: Float64, s: Scored, order: NDArray[np.intp]) -> list[str]:
    best = order[0]
    h = s.hypotheses[best]
    low, high = float(values.min()), float(values.max())
    said = [f"The values run from {low:.5g} to {high:.5g}, median {float(np.median(values)):.4g}"]
    if len(s.hypotheses) == 1:
        said.append(f"{h.name} is the only dialect with {values.shape[0]} bands; nothing else was compared")
    quiet = silence(h.spec)
    if s.on_floor[best] > 0 and quiet is not None:
        said.append(
            f"{100 * s.on_floor[best]:.2g} % of the values lie exactly on what {h.name} gives digital silence "
            f"({quiet.min():.5g})"
        )
    out = [o.name for o, f in zip(s.hypotheses, s.forbidden, strict=True) if f > 0]
    if out:
        named = ", ".join(out[:4]) + (f" and {len(out) - 4} more" if len(out) > 4 else "")
        said.append(
            f"{len(out)} of {len(s.hypotheses)} dialects with {values.shape[0]} bands cannot hold these values: {named}"
        )
    if s.forbidden[best] > 0:
        said.append(f"{100 * s.forbidden[best]:.2g} % of the values are ones that {h.name} can give no sound")
    if len(s.resynthesis_nat) > 1:
        ranked = sorted(s.resynthesis_nat.items(), key=lambda e: e[1])
        said.append(
            "A sound made from the values gives them back to within "
            + ", ".join(f"{e:.3f} nat as {n}" for n, e in ranked[:4])
        )
    if s.distance > _FARTHEST:
        said.append(
            f"They look like no simulated mel of any dialect (distance {s.distance:.1f}, at most about {_FARTHEST:.0f} for "
            "those): statistics of a data set may have been taken out, or it is none of them"
        )
    return said


def _heard(sound: Sound, values: Float64, heard: list[Heard]) -> list[str]:
    best, spec = heard[0], heard[0].hypothesis.spec
    said = [
        f"{values.shape[1]} frames in {sound.duration_s:.3f} s; {best.hypothesis.name} gives {sound.frames(spec)}",
        f"{best.hypothesis.name} computed from the sound lies {best.typical:.2g} nat from the values (median)",
    ]
    other = next((h for h in heard[1:] if h.cost - best.cost >= 2e-3), None)
    if other is not None:
        said.append(f"the next, {other.hypothesis.name}, {other.typical:.2g} nat")
    if abs(best.gain_nat) > 1e-3:
        said.append(f"the mel was made from the sound at {20 / np.log(10) * best.gain_nat:+.2f} dB")
    if best.lag:
        said.append(
            f"the mel begins {best.lag} frames after the sound" if best.lag > 0 else f"{-best.lag} frames stand before it"
        )
    return said
